"""A topic's figures against the claims' own records, counted one by one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.analysis.topic_profile import LATEST, LEAST_SPOKEN, MOST_PAIRS
from service.comparison import Comparator
from service.domain.standing import Side
from service.errors import InvalidInput
from service.retrieval.library import ClaimRecord
from tests.analysis.brute import blocs_of, filters, passes, records
from tests.conftest import statement
from tests.peace import AGAINST, FOR, RESERVATIONS, STATEMENTS, TOPIC, add, peaceful


def counted(comparator: Comparator, topic: str, asked: dict[str, Any]) -> list[ClaimRecord]:
    wanted = asked | {"topics": [topic]}
    return [record for record in records(comparator) if passes(comparator, record, wanted)]


@settings(max_examples=15, deadline=None)
@given(
    topic=st.sampled_from(["palestine", "development", "counter-terrorism"]),
    asked=filters("period"),
)
def test_shares_are_those_of_the_claims(
    bundled: Comparator, topic: str, asked: dict[str, Any]
) -> None:
    found = bundled.topic(topic, **asked)
    about = counted(bundled, topic, asked)
    within = [record for record in records(bundled) if passes(bundled, record, asked)]
    assert (found.positions, found.of) == (len(about), len(within))
    mine = Counter(record.statement.state for record in about)
    of = Counter(record.statement.state for record in within)
    assert {s.id: (s.positions, s.of) for s in found.states} == {c: (mine[c], of[c]) for c in of}
    mine = Counter(bloc for record in about for bloc in blocs_of(bundled, record))
    of = Counter(bloc for record in within for bloc in blocs_of(bundled, record))
    assert {b.id: (b.positions, b.of) for b in found.blocs} == {b: (mine[b], of[b]) for b in of}
    for one in (*found.states, *found.blocs):
        assert one.share == pytest.approx(one.positions / one.of, abs=1e-6)
        others, rest = len(about) - one.positions, len(within) - one.of
        if rest:
            assert one.others_share == pytest.approx(others / rest, abs=1e-6)
        if one.of < LEAST_SPOKEN or not others:
            assert (one.ratio, one.low, one.high) == (None, None, None)
        else:
            assert one.ratio == pytest.approx(one.share / (others / rest), rel=1e-4)
            assert one.low is not None
            assert one.high is not None
            assert one.low <= one.ratio <= one.high
    for shares in (found.states, found.blocs):
        assert [s.low for s in shares if s.low is not None] == sorted(
            (s.low for s in shares if s.low is not None), reverse=True
        )
    dates = [record.statement.date.last for record in about]
    assert [r.statement.date.last for r in found.latest] == sorted(dates, reverse=True)[:LATEST]
    assert json.loads(json.dumps(found.to_dict()))["positions"] == len(about)


def test_the_nearest_pairs_are_those_of_the_whole_matrix(bundled: Comparator) -> None:
    found = bundled.topic("counter-terrorism")
    cells = [
        cell
        for cell in bundled.agreement(topic="counter-terrorism").cells
        if cell.similarity is not None
    ]
    nearest = sorted(cells, key=lambda c: -(c.similarity or 0))[:MOST_PAIRS]
    assert [p.similarity for p in found.nearest] == pytest.approx(
        [c.similarity for c in nearest], abs=1e-6
    )
    known = {(c.state_a, c.state_b): c for c in cells}
    for pair in found.nearest:
        cell = known[pair.state_a, pair.state_b]
        assert (pair.claims_a, pair.claims_b) == (cell.claims_a, cell.claims_b)
    assert found.compared is not None
    assert found.compared.whole


def test_a_large_topic_is_compared_over_its_latest_years(
    bundled: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.analysis.topic_profile.MOST_ALIKE", 20)
    found = bundled.topic("counter-terrorism")
    assert found.compared is not None
    assert not found.compared.whole
    about = counted(bundled, "counter-terrorism", {"from": int(found.compared.earliest)})
    assert found.compared.positions == len(about) <= 20


@pytest.fixture
def small(tmp_path: Path, stance_folder: Path) -> Comparator:
    made = peaceful(
        tmp_path, stance_folder, [*STATEMENTS, statement("RUS", "2012", AGAINST, topics=[(TOPIC,)])]
    )
    path = made.settings.issues / "peace.yaml"
    (made.settings.issues / "again.yaml").write_text(path.read_text())
    return made


def test_states_are_divided_as_the_issues_standings_say(small: Comparator) -> None:
    before = small.topic(TOPIC)
    assert {issue.issue: issue.counts for issue in before.issues if issue.counts} == {}
    assert before.divided == ()
    standings = {name: small.standings(name) for name in ("peace", "again")}
    found = small.topic(TOPIC)
    counts = {issue.issue: issue.counts for issue in found.issues}
    for name, expected in standings.items():
        sides = expected.counts()
        sides.pop(Side.SILENT)
        assert counts[name] == sides
    sides = {s.state: s.standing.side for s in standings["peace"].states}
    assert {s for s, side in sides.items() if side is Side.AGAINST} == {"CUB", "RUS"}
    assert sides["FRA"] is Side.FOR
    pairs = {(p.state_a, p.state_b): (p.same, p.opposed, p.issues) for p in found.divided}
    assert pairs == {("CUB", "FRA"): (0, 2, 2), ("FRA", "RUS"): (0, 2, 2)}
    early = small.topic(TOPIC, to=2005)
    assert {p.state_b for p in early.divided} == {"FRA", "IND"}
    assert all(p.similarity is None for p in early.divided)


def test_what_was_judged_before_an_import_is_no_longer_current(small: Comparator) -> None:
    small.standings("peace")
    assert all(issue.current for issue in small.topic(TOPIC).issues)
    add(small, [statement("BRA", "2013", RESERVATIONS, FOR, topics=[(TOPIC,), (TOPIC,)])])
    found = {issue.issue: issue for issue in small.topic(TOPIC).issues}
    assert not found["peace"].current
    assert found["again"].current
    assert found["again"].counts is None


def test_bad_questions_are_refused(bundled: Comparator) -> None:
    with pytest.raises(InvalidInput, match="no topic"):
        bundled.topic("Atlantis")
    with pytest.raises(InvalidInput, match="no such parameter"):
        bundled.topic("veto", states=["FRA"])
    empty = bundled.topic("veto", **{"from": 2100})
    assert (empty.positions, empty.of, empty.states, empty.nearest) == (0, 0, (), ())
    assert empty.compared is None
    assert np.array(empty.years).size == 0
