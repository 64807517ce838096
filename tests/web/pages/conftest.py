"""A real index of the bundled positions, with a tiny stance model, behind the pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.web.app import create_app


@pytest.fixture(scope="session")
def judging(bundled: Comparator, stance_folder: Path) -> Comparator:
    return Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))


@pytest.fixture
def client(judging: Comparator) -> FlaskClient:
    """A browser of its own: its cookies are forgotten with the test."""
    return create_app(comparator=judging, bound_host="127.0.0.1").test_client()
