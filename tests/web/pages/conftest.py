"""A real index of the bundled positions, with a tiny stance model, behind the pages."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from service.accounts.tables import JobRow
from service.comparison import Comparator
from service.jobs import worker
from service.settings import Settings
from service.web.app import create_app
from tests.serving import served
from tests.test_corrections import SAID, build


@pytest.fixture(scope="session")
def judging(bundled: Comparator, stance_folder: Path) -> Comparator:
    return Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))


@pytest.fixture
def client(judging: Comparator) -> FlaskClient:
    """A browser of its own: its cookies are forgotten with the test."""
    return create_app(comparator=judging, bound_host="127.0.0.1").test_client()


@pytest.fixture(scope="module")
def site(judging: Comparator) -> Iterator[httpx.Client]:
    with browsing(judging) as client:
        yield client


@pytest.fixture(scope="session")
def said(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Comparator:
    """Some statements that the tiny model can judge."""
    folder = tmp_path_factory.mktemp("said")
    made = Comparator(Settings(indexes=folder, stance_model=stance_folder, database_url=None,
                               max_upload_bytes=200_000))  # fmt: skip
    build(made, SAID)
    return made


@pytest.fixture
def app(said: Comparator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """On `said`, with a worker that looks often; its jobs are forgotten with the test."""
    monkeypatch.setattr(worker, "POLL_S", 0.02)
    made = create_app(comparator=said, bound_host="127.0.0.1")
    yield made
    made.extensions["work"].worker.close()
    with made.extensions["accounts"].database.write() as session:
        session.execute(delete(JobRow))
    made.extensions["accounts"].close()


@contextmanager
def browsing(comparator: Comparator) -> Iterator[httpx.Client]:
    """Over real HTTP."""
    app = create_app(comparator=comparator, bound_host="127.0.0.1")
    with served(app) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def page(site: httpx.Client, path: str, **asked: Any) -> BeautifulSoup:
    answer = site.get(path, params=asked)
    assert answer.status_code == 200, answer.text[:500]
    assert len(gzip.compress(answer.content)) < 150_000
    return BeautifulSoup(answer.text, "html.parser")


def words(element: Any) -> str:
    return " ".join(element.get_text().split())


def refused(site: httpx.Client, path: str, status: int) -> None:
    """As a page, and by its twin as a problem."""
    answer = site.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status, "text/html; charset=utf-8",
    )  # fmt: skip
    twin = site.get(path.replace("?", ".json?") if "?" in path else f"{path}.json")
    assert (twin.status_code, twin.headers["Content-Type"]) == (status, "application/problem+json")
