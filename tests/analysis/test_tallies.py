"""What lists of issues show: where states stood when an issue was last judged as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.comparison import Comparator
from service.domain.standing import Side
from service.stance.kept import TooManyToJudge
from tests.conftest import statement
from tests.peace import FILLING, FOR, PROPOSITION, add, opened, peaceful


@pytest.fixture
def small(tmp_path: Path, stance_folder: Path) -> Comparator:
    return peaceful(tmp_path, stance_folder)


def test_an_issue_has_a_tally_once_it_was_judged_as_a_whole(small: Comparator) -> None:
    assert small.tallies() == {}
    with pytest.raises(TooManyToJudge):
        small.standings("peace", most=0)
    small.standings("peace", states=["FRA"])
    small.standings("peace", **{"from": 2001})
    assert small.tallies() == {}
    found = small.standings("peace")
    (tally,) = small.tallies().values()
    assert tally.current
    assert tally.counts() == found.counts()
    assert tally.sides == {s.state: s.standing.side for s in found.states}
    assert tally.sides == dict.fromkeys(("NOR", *FILLING), Side.SILENT) | {
        "FRA": Side.FOR, "CUB": Side.AGAINST, "IND": Side.RESERVATIONS,
    }  # fmt: skip
    assert opened(small.settings).tallies() == small.tallies()


def test_it_is_no_longer_current_after_an_import_or_a_correction(small: Comparator) -> None:
    small.standings("peace")
    add(small, [statement("BRA", "2010", FOR)])
    assert not small.tallies()["peace"].current
    assert "BRA" not in small.tallies()["peace"].sides
    small.standings("peace")
    assert small.tallies()["peace"].current
    claim = f"BRA_0_2010:0-{len(FOR)}"
    small.correct("the sea must rise", claim, "opposed", "A. Reader", "of another question")
    assert small.tallies()["peace"].current
    small.correct(PROPOSITION.upper(), claim, "opposed", "A. Reader", "it says the reverse")
    assert not small.tallies()["peace"].current
    assert small.tallies()["peace"].sides["BRA"] is Side.FOR
    small.standings("peace")
    assert small.tallies()["peace"].current
    assert small.tallies()["peace"].sides["BRA"] is Side.AGAINST


def test_what_is_remembered_gives_way_to_corrections_and_imports(small: Comparator) -> None:
    first = small.standings("peace")
    assert small.standings("peace") is first
    one = small.standings("peace", states=["FRA"])
    assert small.standings("peace", states=["FRA"]) is one
    assert [found.state for found in one.states] == ["FRA"]
    claim = f"FRA_0_2001-09-20:0-{len(FOR)}"
    small.correct(PROPOSITION, claim, "opposed", "A. Reader", "it says the reverse")
    (found,) = small.standings("peace", states=["FRA"]).states
    assert found.standing.side is Side.AGAINST
    add(small, [statement("BRA", "2010", FOR)])
    assert "BRA" in {found.state for found in small.standings("peace").states}
    before = small.standings("peace")
    for year in range(1990, 2000):  # more than are remembered
        small.standings("peace", **{"from": year})
    assert small.standings("peace") is not before
    assert small.standings("peace") == before


def test_one_of_another_wording_isnt_shown(small: Comparator) -> None:
    small.standings("peace")
    path = small.settings.issues / "peace.yaml"
    path.write_text(path.read_text().replace("May", "June"))
    assert opened(small.settings).tallies() == {}


def test_a_damaged_file_has_no_tallies(small: Comparator) -> None:
    small.standings("peace")
    for path in small.settings.indexes.glob("verdicts.sqlite*"):
        path.write_bytes(b"no database at all" * 100)
    assert small.tallies() == {}
