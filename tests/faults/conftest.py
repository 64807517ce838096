"""A deployment whose files may be harmed: each test has its own copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.corpus.bundled import bundled_statements
from service.domain.access import Scope
from service.retrieval.build import Builder
from service.settings import Settings
from tests.conftest import Quiet
from tests.faults.places import QUERY, Place


@pytest.fixture(scope="session")
def template(bundled: Comparator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled positions and two statements, in two generations; a key, and a correction."""
    folder = tmp_path_factory.mktemp("template") / "indexes"
    folder.mkdir()
    shutil.copytree(bundled.settings.indexes / "vectors", folder / "vectors")
    comparator = Comparator(Settings(indexes=folder, stance_model=None))
    for number in range(2):
        row = {"id": f"own-{number}", "state": "FJI", "date": "2024", "text": "Nets must be wide."}
        comparator.ingest.put([row])
        Builder(
            folder, bundled.encoder, comparator.catalogue.topics.ids,
            bundled_statements(comparator.settings.data),
        ).build(Quiet())  # fmt: skip
    comparator.correct(QUERY, comparator.search(QUERY).results[0].hits[0].claim_id, "opposed",
                       "A. Reader", "It says so.")  # fmt: skip
    accounts = Accounts(comparator.settings)
    accounts.keys.create("first", [Scope.READ])
    accounts.close()
    return folder


@pytest.fixture
def place(template: Path, tmp_path: Path) -> Place:
    shutil.copytree(template, tmp_path / "indexes")
    return Place(tmp_path / "indexes")
