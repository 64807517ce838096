"""State against state on a subject, against pairs worked out one by one."""

from __future__ import annotations

import csv
import io
import json
import shutil
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from service.analysis.agreement import AGREEMENT_COLUMNS, LEAST_ISSUES, MOST_ISSUES, AgreementCell
from service.cli import main
from service.comparison import Comparator
from service.corpus.bundled import read_positions
from service.domain.standing import Side
from service.errors import InvalidInput, NotFound
from tests.analysis.brute import filters, passes, records
from tests.conftest import PROJECT

TOPIC = "palestine"


@pytest.fixture
def judging(bundled: Comparator, stance_folder: Path, tmp_path: Path) -> Comparator:
    """With the tests' tiny model, which has judged nothing yet."""
    folder = tmp_path / "indexes"
    shutil.copytree(
        bundled.settings.indexes, folder, ignore=shutil.ignore_patterns("verdicts.sqlite*")
    )
    changed = {"indexes": folder, "stance_model": stance_folder}
    return Comparator(bundled.settings.model_copy(update=changed))


@pytest.fixture
def speaking(judging: Comparator) -> list[str]:
    """States with a label on several of the topic's issues, and two that have none."""
    issues = {issue.id for issue in judging.issues if TOPIC in issue.topics}
    taken: dict[str, set[str]] = {}
    for position in read_positions(PROJECT / "data"):
        if position.issue in issues and position.stance is not None:
            taken.setdefault(position.state, set()).add(position.issue)
    several = sorted(state for state, mine in taken.items() if len(mine) > 1)
    assert len(several) > 3
    return [*several, *[s for s in ("FJI", "NPL", "PRY") if s not in taken][:2]]


def pairs(cells: tuple[AgreementCell, ...]) -> dict[tuple[str, str], AgreementCell]:
    return {(cell.state_a, cell.state_b): cell for cell in cells}


@settings(max_examples=15, deadline=None)
@given(
    topic=st.sampled_from([TOPIC, "development", "veto"]),
    asked=filters("states", "exclude", "blocs", "period"),
)
def test_similarity_is_the_mean_of_nearest_positions(
    bundled: Comparator, topic: str, asked: dict[str, Any]
) -> None:
    found = bundled.agreement(topic=topic, **asked)
    wanted = asked | {"topics": [topic]}
    rows: dict[str, list[int]] = {}
    for record in records(bundled):
        if passes(bundled, record, wanted):
            rows.setdefault(record.statement.state, []).append(record.row)
    named = set(asked.get("states", ())) - set(asked.get("exclude", ()))
    states = sorted(rows.keys() | named)
    assert [s.state for s in found.states] == states
    assert [s.claims for s in found.states] == [len(rows.get(state, ())) for state in states]
    assert list(pairs(found.cells)) == list(combinations(states, 2))
    for (a, b), cell in pairs(found.cells).items():
        mine, others = rows.get(a, []), rows.get(b, [])
        assert (cell.claims_a, cell.claims_b) == (len(mine), len(others))
        assert (cell.agreement, cell.same, cell.issues) == (None, 0, 0)
        if min(len(mine), len(others)) < 2:
            assert cell.similarity is None
            continue
        vectors = bundled.generation.index.vectors
        alike = vectors(np.array(mine)) @ vectors(np.array(others)).T
        both = [*alike.max(axis=1), *alike.max(axis=0)]
        assert cell.similarity == pytest.approx(np.mean(both), abs=1e-5)


def test_agreement_is_the_share_of_issues_with_the_same_side(
    judging: Comparator, speaking: list[str]
) -> None:
    found = judging.agreement(topic="Palestine", states=speaking, judge_all=True)
    expected = [issue.id for issue in judging.issues if TOPIC in issue.topics]
    assert sorted(found.issues) == sorted(expected)
    assert not found.left_out
    sides = {
        issue: {s.state: s.standing.side for s in judging.standings(issue, states=speaking).states}
        for issue in found.issues
    }
    for state in found.states:
        assert state.sides == {i: on[state.state] for i, on in sides.items() if state.state in on}
    shares = set()
    for (a, b), cell in pairs(found.cells).items():
        silent = Side.SILENT
        taken = [
            (on.get(a, silent), on.get(b, silent))
            for on in sides.values()
            if silent not in (on.get(a, silent), on.get(b, silent))
        ]
        same = sum(one is other for one, other in taken)
        assert (cell.issues, cell.same) == (len(taken), same)
        if len(taken) < 2:
            assert cell.agreement is None
        else:
            assert cell.agreement == pytest.approx(same / len(taken), abs=1e-6)
        shares.add(cell.agreement)
    assert None in shares
    assert 1.0 in shares


def test_what_isnt_judged_yet_is_left_out_and_named(
    judging: Comparator, speaking: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.comparison.positions.MOST_JUDGED", MOST_ISSUES)
    first = judging.agreement(topic=TOPIC, states=speaking)
    assert first.left_out
    assert not {*first.issues} & {*first.left_out}
    assert len(first.issues) < LEAST_ISSUES  # one may have nothing near it to be judged
    assert {cell.agreement for cell in first.cells} == {None}
    judged = judging.agreement(topic=TOPIC, states=speaking, judge_all=True)
    again = judging.agreement(topic=TOPIC, states=speaking)
    assert again == judged
    assert {*again.issues} == {*first.issues, *first.left_out}
    assert [c.similarity for c in again.cells] == [c.similarity for c in first.cells]


def test_one_issue_is_agreed_on_or_not_or_unknown(judging: Comparator) -> None:
    found = judging.agreement(issue="D01")
    standing = judging.standings("D01").states
    sides = {s.state: s.standing.side for s in standing}
    taken = {state: side for state, side in sides.items() if side is not Side.SILENT}
    assert {*taken.values()} >= {Side.FOR, Side.AGAINST}
    assert taken.keys() <= {s.state for s in found.states}
    for (a, b), cell in pairs(found.cells).items():
        known = a in taken and b in taken
        assert cell.issues == int(known)
        assert cell.agreement == (float(taken[a] is taken[b]) if known else None)
    assert {cell.agreement for cell in found.cells} == {0.0, 1.0, None}
    for row in found.as_rows():
        assert tuple(row) == AGREEMENT_COLUMNS
        assert (row["side_a"], row["side_b"]) == (sides[row["state_a"]], sides[row["state_b"]])
    assert json.loads(json.dumps(found.to_dict()))["query"]["issue"] == "D01"


def test_a_topic_has_at_most_ten_issues_its_own_first(bundled: Comparator) -> None:
    found = bundled.agreement(topic="human-rights", states=["FRA", "CHN"])
    assert found.issues == ()
    assert len(found.left_out) > MOST_ISSUES
    places = [bundled.issues[issue].topics.index("human-rights") for issue in found.left_out]
    assert places == sorted(places)
    assert places[0] == 0
    assert {*found.left_out} == {i.id for i in bundled.issues if "human-rights" in i.topics}


def test_issues_beyond_the_tenth_are_left_out(judging: Comparator) -> None:
    found = judging.agreement(topic="human-rights", states=["TUV", "NRU"], judge_all=True)
    assert len(found.issues) == MOST_ISSUES
    assert len(found.left_out) > 0
    assert not {*found.issues} & {*found.left_out}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "topic"), ({"topic": "Atlantis"}, "topic"), ({"topic": 3}, "topic"),
        ({"topic": TOPIC, "issue": "D01"}, "issue"), ({"topic": TOPIC, "limit": 3}, "limit"),
        ({"topic": TOPIC, "states": ["Atlantis"]}, "states"),
        ({"issue": "D01", "from": "x"}, "from"),
    ],
)  # fmt: skip
def test_refusals_name_the_field(bundled: Comparator, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.agreement(**asked)
    assert refused.value.field == field


def test_an_unknown_issue_isnt_found(bundled: Comparator) -> None:
    with pytest.raises(NotFound, match="X999"):
        bundled.agreement(issue="X999")


def test_too_many_positions_are_refused(
    bundled: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.analysis.matrix.MOST_POSITIONS", 3)
    with pytest.raises(InvalidInput, match="at most 3") as refused:
        bundled.agreement(topic=TOPIC)
    assert refused.value.field == "from"


def test_the_command_line_says_the_same(
    judging: Comparator, speaking: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", str(judging.settings.indexes))
    monkeypatch.setenv("CONCORD_STANCE_MODEL", str(judging.settings.stance_model))
    monkeypatch.setattr("service.comparison.positions.MOST_JUDGED", MOST_ISSUES)
    some = speaking[:3]
    asked = ["agreement", "--topic", TOPIC, *(f"--states={state}" for state in some)]
    shown = CliRunner().invoke(main, asked).output
    assert "--judge-all" in shown
    expected = judging.agreement(topic=TOPIC, states=some, judge_all=True)
    asked.append("--judge-all")
    found = json.loads(CliRunner().invoke(main, [*asked, "--format", "json"]).output)
    assert found == json.loads(json.dumps(expected.to_dict()))
    listed = csv.DictReader(
        io.StringIO(CliRunner().invoke(main, [*asked, "--format", "csv"]).output)
    )
    assert tuple(listed.fieldnames or ()) == AGREEMENT_COLUMNS
    assert [(r["state_a"], r["state_b"]) for r in listed] == list(pairs(expected.cells))
    table = CliRunner().invoke(main, asked).output
    assert "side_a" not in table
    assert all(issue in table for issue in expected.issues)
    assert CliRunner().invoke(main, ["agreement"]).exit_code == 1
