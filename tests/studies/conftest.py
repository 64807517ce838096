"""A deployment of the bundled positions that judges, with packages written from it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from service.comparison import Comparator

TOPIC = "palestine"
ISSUE = "D10"  # one of its issues


@pytest.fixture(scope="session")
def judged(
    bundled: Comparator, stance_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Comparator:
    """With the tests' tiny model, which has judged the issues of one topic. Not to be changed."""
    folder = tmp_path_factory.mktemp("judged") / "indexes"
    comparator = _copied(bundled, folder, stance_model=stance_folder)
    # What tests that ran before have judged on the same index.
    for kept in folder.glob("verdicts.sqlite*"):
        kept.unlink()
    judge(comparator)
    return comparator


@pytest.fixture
def judging(judged: Comparator, tmp_path: Path) -> Comparator:
    """The same, to be changed."""
    return _copied(judged, tmp_path / "indexes")


def _copied(comparator: Comparator, folder: Path, **changed: Any) -> Comparator:
    shutil.copytree(comparator.settings.indexes, folder)
    changed |= {"indexes": folder, "issues": folder / "issues"}
    return Comparator(comparator.settings.model_copy(update=changed))


def judge(comparator: Comparator) -> None:
    """As a whole, so that other questions may count on them."""
    for issue in comparator.issues:
        if TOPIC in issue.topics:
            comparator.standings(issue.id)
