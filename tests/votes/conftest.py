"""The real roll calls, where they are, and small files of the same two formats."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from service.catalogue import load_states
from service.domain.states import States
from service.votes import early, late
from service.votes.reading import read_roll_calls
from service.votes.roll_calls import RollCalls
from tests.conftest import PROJECT, SHARED

FOLDER = SHARED / "votes"
EARLY = ("rcid", "session", "importantvote", "date", "unres", "amend", "para", "short", "descr")
LATE = ("symbol", "date", "title", "committee", "agenda_item", "adoption_type", "yes", "no",
        "abstain", "subjects", "sponsors")  # fmt: skip
Rows = Iterable[Sequence[object]]
Write = Callable[..., Path]


@pytest.fixture(scope="session")
def states() -> States:
    return load_states(PROJECT / "data")


@pytest.fixture(scope="session")
def votes_folder() -> Path:
    if not FOLDER.is_dir():
        pytest.skip(f"THE ROLL CALLS ARE NOT HERE: {FOLDER}; nothing about real votes was tested")
    return FOLDER


@pytest.fixture(scope="session")
def real(votes_folder: Path, states: States) -> RollCalls:
    return read_roll_calls(votes_folder, states)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Files of both formats, each table from its rows; empty ones where none are given."""

    def make(
        calls: Rows = (), votes: Rows = (), issues: Rows = (), resolutions: Rows = (),
        late_votes: Rows = (),
    ) -> Path:  # fmt: skip
        table(tmp_path / early.ROLL_CALLS, EARLY, calls)
        table(tmp_path / early.VOTES, ("rcid", "country", "country_code", "vote"), votes)
        table(tmp_path / early.ISSUES, ("rcid", "short_name", "issue"), issues)
        table(tmp_path / late.RESOLUTIONS, LATE, resolutions)
        table(tmp_path / late.VOTES, ("symbol", "ms_name", "vote", "iso3"), late_votes)
        return tmp_path

    return make


def table(path: Path, columns: Sequence[str], rows: Rows) -> None:
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
