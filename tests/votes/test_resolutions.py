"""The mapping from roll calls to issues."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from service.catalogue import load_issues
from service.domain.issues import Issues
from service.errors import CatalogueError
from service.votes.resolutions import VoteMapping, load_mapping, plain
from service.votes.roll_calls import Kind, RollCall, RollCalls, Vote
from tests.conftest import PROJECT


@pytest.fixture(scope="session")
def issues() -> Issues:
    return load_issues(PROJECT / "data")


@pytest.fixture(scope="session")
def mapping(issues: Issues) -> VoteMapping:
    return load_mapping(PROJECT / "data", issues)


def made(folder: Path, issues: Issues, text: str) -> VoteMapping:
    (folder / "votes.yaml").write_text(text, "utf-8")
    return load_mapping(folder, issues)


def roll_call(title: str, session: int = 60, symbol: str | None = None) -> RollCall:
    return RollCall(
        title, symbol, date(2005, 12, 1), session, title, (), Kind.RESOLUTION, {"FJI": Vote.YES}
    )


BOTH = """
sessions: {from: 55, to: 70}
issues:
- {issue: D01, aye: for, titles: ["^lakes and rivers"], symbols: [A/RES/60/9], reason: Because.}
- {issue: D01, aye: against, titles: [drained], reason: Because.}
- {issue: D08, aye: against, titles: [rivers], reason: Because.}
"""


def test_titles_and_symbols_decide(tmp_path: Path, issues: Issues) -> None:
    mapping = made(tmp_path, issues, BOTH)
    lakes = roll_call("Lakes, and RIVERS: their use")
    assert mapping.signs(lakes) == {"D01": 1, "D08": -1}
    assert mapping.signs(roll_call("Seas")) == {}
    assert mapping.signs(roll_call("Seas", symbol="A/RES/60/9")) == {"D01": 1}
    assert mapping.signs(roll_call("Lakes drained")) == {"D01": -1}
    assert mapping.signs(replace(lakes, session=71)) == {}
    assert mapping.signs(replace(lakes, session=54)) == {}
    for kind in (Kind.PARAGRAPH, Kind.AMENDMENT, Kind.PROCEDURE):
        assert mapping.signs(replace(lakes, kind=kind)) == {}
    assert mapping.by_issue([lakes, roll_call("Seas")]) == {
        "D01": [(lakes, 1)], "D08": [(lakes, -1)],
    }  # fmt: skip
    with pytest.raises(CatalogueError, match="both for and against D01"):
        mapping.signs(roll_call("Lakes and rivers drained"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("sessions: {from: 55, to: 70}", "", "must have `sessions`"),
        ("to: 70", "to: 79", "no sessions"),
        ("D08", "Z99", "no issue 'Z99'"),
        ("aye: for", "aye: maybe", "maybe"),
        ("aye: for", "aye: silent", "needs `aye`"),
        ('"^lakes and rivers"', '"("', "entry 1"),
        ("titles: [drained], ", "", "`titles` or `symbols`"),
        ("titles: [drained]", "title: [drained]", "nothing else"),
        ("reason: Because.", 'reason: ""', "a reason is missing"),
    ],
)
def test_bad_entries_are_refused(
    tmp_path: Path, issues: Issues, old: str, new: str, message: str
) -> None:
    with pytest.raises(CatalogueError, match=message):
        made(tmp_path, issues, BOTH.replace(old, new))


def test_titles_are_compared_plainly() -> None:
    assert plain("Nuclear-weapon-free  zone: “Côte”, 1925") == "nuclear weapon free zone côte 1925"


# -- the real mapping --------------------------------------------------------------------------


def test_the_mapping_has_many_issues(mapping: VoteMapping) -> None:
    assert len(mapping.issues) >= 25
    assert (mapping.first, mapping.last) == (55, 78)


def test_every_pattern_and_symbol_matches_a_real_roll_call(
    mapping: VoteMapping, real: RollCalls
) -> None:
    calls = real.resolutions(range(mapping.first, mapping.last + 1))
    titles = {plain(call.title) for call in calls}
    symbols = {call.symbol for call in calls}
    for rule in mapping.rules:
        for pattern in rule.titles:
            assert any(pattern.search(title) for title in titles), (rule.issue, pattern.pattern)
        assert rule.symbols <= symbols, rule.issue


def test_no_real_roll_call_is_both_for_and_against(mapping: VoteMapping, real: RollCalls) -> None:
    sessions = defaultdict(set)
    for issue, calls in mapping.by_issue(real.roll_calls).items():  # raises where one is
        sessions[issue] = {call.session for call, _ in calls}
    assert set(sessions) == set(mapping.issues)
    assert sum(len(found) >= 5 for found in sessions.values()) >= 24


@pytest.mark.parametrize(
    ("issue", "state", "sign"),
    [
        ("D01", "CUB", 1), ("D01", "USA", -1), ("X019", "USA", -1), ("T11", "ISR", -1),
        ("T12", "ISR", -1), ("T33", "ITA", 1), ("T33", "SAU", -1), ("X009", "CUB", -1),
        ("X009", "CAN", 1), ("D05", "RUS", -1), ("X219", "FRA", -1), ("X219", "AUT", 1),
        ("T36", "PAK", 1), ("T36", "FRA", -1), ("D08", "CUB", -1), ("D08", "USA", 1),
        ("X118", "CUB", -1), ("X118", "USA", 1), ("X207", "SRB", -1), ("X014", "UKR", -1),
        ("X014", "RUS", 1), ("U53", "USA", -1), ("T25", "GBR", -1), ("X010", "CUB", -1),
        ("U55", "CUB", 1), ("X015", "CUB", -1), ("X015", "USA", 1), ("U08", "RUS", 1),
        ("U08", "USA", -1), ("X018", "AZE", 1), ("T03", "GBR", 1), ("U02", "NOR", 1),
    ],
)  # fmt: skip
def test_directions_are_those_that_everybody_knows(
    mapping: VoteMapping, real: RollCalls, issue: str, state: str, sign: int
) -> None:
    scores = [
        call.votes[state].score * way
        for call, way in mapping.by_issue(real.roll_calls)[issue]
        if state in call.votes
    ]
    assert sum(scores) * sign > 0.5 * len(scores)
