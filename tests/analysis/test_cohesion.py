"""How united a bloc is, against figures worked out pair by pair; intervals against the truth."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from service.analysis.agreement import LEAST_POSITIONS
from service.analysis.cohesion import COHESION_COLUMNS, LEAST_MEMBERS, majority
from service.analysis.unity import LEAST_STATES, difference
from service.cli import main
from service.comparison import Comparator
from service.domain.issues import Issues
from service.domain.standing import Side
from service.errors import InvalidInput, NotFound
from tests.analysis.brute import BLOCS, blocs_of, filters, passes, records
from tests.conftest import statement
from tests.peace import AGAINST, FOR, RESERVATIONS, TOPIC, add, peaceful


@settings(max_examples=15, deadline=None)
@given(bloc=st.sampled_from(BLOCS), asked=filters("period"))
def test_wording_is_as_worked_out_pair_by_pair(
    bundled: Comparator, bloc: str, asked: dict[str, Any]
) -> None:
    found = bundled.cohesion(bloc, **asked)
    rows: dict[str, dict[tuple[str, bool], list[int]]] = defaultdict(lambda: defaultdict(list))
    members, positions = set(), 0
    for record in records(bundled):
        if passes(bundled, record, asked):
            inside = bloc in blocs_of(bundled, record)
            state = record.statement.state
            positions += inside
            members |= {state} if inside else set()
            for topic in set(record.claim.topics):
                rows[topic][state, inside].append(record.row)
    assert (found.members, found.positions) == (tuple(sorted(members)), positions)
    assert {t.topic for t in found.topics} == {
        topic for topic, groups in rows.items() if any(inside for _, inside in groups)
    }
    figures = [topic.difference for topic in found.topics]
    known = [figure for figure in figures if figure is not None]
    assert known == sorted(known, reverse=True)
    assert None not in figures[: len(known)]
    vectors = bundled.generation.index.vectors
    for topic in found.topics:
        enough = {who: own for who, own in rows[topic.topic].items() if len(own) >= LEAST_POSITIONS}
        inside, outside = ([who for who in enough if who[1] is side] for side in (True, False))
        assert (topic.members, topic.outsiders) == (len(inside), len(outside))
        assert topic.positions == sum(len(own) for who, own in rows[topic.topic].items() if who[1])
        if min(len(inside), len(outside)) < LEAST_STATES:
            assert (topic.within, topic.between, topic.difference) == (None, None, None)
            assert (topic.low, topic.high) == (None, None)
            continue

        def similarity(one: Any, other: Any, enough: Any = enough) -> float:
            alike = vectors(np.array(enough[one])) @ vectors(np.array(enough[other])).T
            return float(np.mean([*alike.max(axis=1), *alike.max(axis=0)]))

        within = np.mean([similarity(a, b) for a, b in combinations(inside, 2)])
        between = np.mean([similarity(a, b) for a in inside for b in outside if a[0] != b[0]])
        assert topic.within == pytest.approx(within, abs=1e-5)
        assert topic.between == pytest.approx(between, abs=1e-5)
        assert topic.difference == pytest.approx(within - between, abs=2e-5)
        assert topic.low is not None
        assert topic.high is not None
        assert topic.low < topic.difference < topic.high


def _draw(rng: np.random.Generator, members: int, outsiders: int) -> tuple[Any, Any]:
    """Likeness of states of a mind each: members' are nearer to each other by 0.1 on average."""
    minds = rng.standard_normal((members + outsiders, 6)) * 0.2
    minds[:members, 0] += np.sqrt(0.1)
    alike = minds @ minds.T + rng.standard_normal((len(minds), len(minds))) * 0.02
    alike = (alike + alike.T) / 2
    return alike[:members, :members], alike[:members, members:]


def test_the_interval_is_the_jackknife_over_states() -> None:
    rng = np.random.default_rng(2)
    among, beside = _draw(rng, 5, 7)
    different = np.ones_like(beside, np.bool_)
    different[1, 2] = False  # one that joined meanwhile is on both sides

    def by_hand(inside: list[int], outside: list[int]) -> float:
        within = np.mean([among[i, j] for i, j in combinations(inside, 2)])
        others = [beside[i, o] for i in inside for o in outside if different[i, o]]
        return float(within - np.mean(others))

    inside, outside = list(range(5)), list(range(7))
    own = [by_hand([i for i in inside if i != left], outside) for left in inside]
    theirs = [by_hand(inside, [o for o in outside if o != left]) for left in outside]
    variance = sum((len(v) - 1) / len(v) * np.sum((v - np.mean(v)) ** 2) for v in (own, theirs))
    half = stats.t.ppf(0.975, 4) * np.sqrt(variance)
    within, between, found, low, high = difference(among, beside, different)
    assert found == pytest.approx(within - between)
    assert found == pytest.approx(by_hand(inside, outside))
    assert (low, high) == pytest.approx((found - half, found + half))


@pytest.mark.parametrize(("members", "outsiders"), [(4, 12), (10, 40)])
def test_intervals_hold_the_truth_as_often_as_they_say(members: int, outsiders: int) -> None:
    rng, draws, held = np.random.default_rng(11), 800, 0
    for _ in range(draws):
        among, beside = _draw(rng, members, outsiders)
        _, _, _, low, high = difference(among, beside, np.ones_like(beside, np.bool_))
        held += low <= 0.1 <= high
    assert 0.93 <= held / draws <= 0.985


def test_membership_is_that_of_the_statements_time(tmp_path: Path, stance_folder: Path) -> None:
    """The United Kingdom left the Union in January 2020."""
    said = [
        statement(state, year, "yes to peace", f"peace {state}", topics=[(TOPIC,)] * 2)
        for state, year in (("FRA", "2021"), ("DEU", "2021"), ("GBR", "2019"), ("GBR", "2021"),
                            ("NOR", "2021"), ("CHE", "2021"))
    ]  # fmt: skip
    comparator = peaceful(tmp_path, stance_folder, said)
    found = comparator.cohesion("European Union")
    assert found.members == ("DEU", "FRA", "GBR")
    assert found.positions == 6
    (topic,) = found.topics
    assert (topic.members, topic.outsiders) == (3, 3)
    assert topic.difference is not None
    later = comparator.cohesion("eu", **{"from": 2020})
    assert later.members == ("DEU", "FRA")
    assert later.topics[0].difference is None


FILLING = ("ISL", "KOR")
# Members of the Non-Aligned Movement, and outsiders.
_SAID = (
    statement("IND", "2001", FOR), statement("CUB", "2002", FOR), statement("EGY", "2003", FOR),
    statement("GHA", "2004", FOR), statement("GHA", "2009", RESERVATIONS),
    statement("IDN", "2005", AGAINST), statement("ZAF", "2005", "the weather is fine"),
    statement("FRA", "2004", AGAINST),
    # So that the level from which a claim is near means something.
    *(statement(state, "2003", *(f"{state} {n} {n}" for n in range(60))) for state in FILLING),
)  # fmt: skip


@pytest.fixture
def small(tmp_path: Path, stance_folder: Path) -> Comparator:
    found = peaceful(tmp_path, stance_folder, _SAID)
    peace, other = found.issues["peace"], found.issues["D01"]
    found.issues = Issues(
        [replace(peace, examples=tuple(e for e in peace.examples if e.text)), other]
    )
    return found


def test_who_breaks_ranks(small: Comparator) -> None:
    assert small.cohesion("nam").issues == ()
    small.standings("peace")
    found = small.cohesion("nam")
    assert found.members == ("CUB", "EGY", "GHA", "IDN", "IND", "ZAF")
    assert (found.judged, found.left_out) == (1, ("D01",))
    (on,) = found.issues
    assert on.counts == {Side.FOR: 3, Side.AGAINST: 1, Side.RESERVATIONS: 1, Side.SILENT: 1}
    assert (on.side, on.unity, on.rice, on.members) == (Side.FOR, 0.6, 0.5, 6)
    assert (on.inferred, on.current) == (5, True)
    sides = [(b.state, b.side, b.since, b.opposed) for b in on.breakers]
    assert sides == [
        ("IDN", Side.AGAINST, "2005", True), ("GHA", Side.RESERVATIONS, "2009", False),
    ]  # fmt: skip
    quoted = [breaker.quotation for breaker in on.breakers]
    assert [q and (q["text"], q["basis"]) for q in quoted] == [
        (AGAINST, "inferred"), (RESERVATIONS, "inferred"),
    ]  # fmt: skip
    for q in quoted:
        assert q
        assert q["probability"] > 0.5
        assert small.claim(q["claim_id"]).claim.text == q["text"]
    ranks = [(r.state, r.issues, r.apart, r.opposed) for r in found.ranks]
    assert ranks == [
        ("IDN", 1, 1, 1), ("GHA", 1, 1, 0), ("CUB", 1, 0, 0), ("EGY", 1, 0, 0), ("IND", 1, 0, 0),
    ]  # fmt: skip


def test_only_what_was_said_within_the_period_counts(small: Comparator) -> None:
    small.standings("peace")
    (on,) = small.cohesion("nam", to=2006).issues
    assert on.counts[Side.FOR] == 4
    assert [b.state for b in on.breakers] == ["IDN"]
    (few,) = small.cohesion("nam", to=2002).issues
    assert (few.counts[Side.FOR], few.members) == (2, 2)
    assert (few.side, few.unity, few.rice, few.breakers) == (None, None, None, ())


def test_a_quotation_that_has_left_the_corpus_is_missed(small: Comparator) -> None:
    small.standings("peace")
    small.ingest.remove(["IDN_0_2005"])
    add(small, [statement("IDN", "2006", "the weather is fine")])
    (on,) = small.cohesion("nam").issues
    assert not on.current
    assert [(b.state, b.quotation is None) for b in on.breakers] == [("IDN", True), ("GHA", False)]


def test_issues_of_a_topic_are_judged_where_that_takes_little(
    small: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.comparison.positions.MOST_JUDGED", 1)
    assert small.cohesion("nam", topic=TOPIC).left_out == ("peace",)
    monkeypatch.undo()
    found = small.cohesion("nam", topic="Disarmament")
    assert (found.query["topic"], found.judged, found.left_out) == (TOPIC, 1, ())
    assert found.issues == small.cohesion("nam").issues
    assert {topic.topic for topic in found.topics} <= {TOPIC}


@given(st.lists(st.sampled_from(list(Side)), max_size=12))
def test_a_majority_is_of_those_that_took_a_side(sides: list[Side]) -> None:
    taken = [side for side in sides if side is not Side.SILENT]
    found = majority(Counter(sides))
    most = [side for side in Side if taken.count(side) == max(map(taken.count, Side))]
    if len(taken) < LEAST_MEMBERS or len(most) > 1:
        assert found is None
    else:
        assert [found] == most


def test_a_bloc_that_nobody_spoke_for(bundled: Comparator) -> None:
    found = bundled.cohesion("eu", to=1950)
    assert (found.members, found.positions, found.compared) == ((), 0, None)
    assert (found.topics, found.issues, found.ranks) == ((), (), ())


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"from": "x"}, "from"), ({"exclude": ["FRA"]}, "exclude"), ({"blocs": ["eu"]}, "blocs"),
     ({"topic": "Atlantis"}, "topic"), ({"topic": 3}, "topic"), ({"from": 9, "to": 5}, "from")],
)  # fmt: skip
def test_refusals_name_the_field(bundled: Comparator, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.cohesion("eu", **asked)
    assert refused.value.field == field


def test_an_unknown_bloc_isnt_found(bundled: Comparator) -> None:
    with pytest.raises(NotFound, match="permanent-five"):
        bundled.cohesion("Atlantis")


def test_the_command_line_says_the_same(
    small: Comparator, bundled: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", str(bundled.settings.indexes))
    monkeypatch.setenv("CONCORD_STANCE_MODEL", "none")
    asked = ["cohesion", "G77", "--from", "2005"]
    expected = bundled.cohesion("g77", **{"from": 2005})
    found = json.loads(CliRunner().invoke(main, [*asked, "--format", "json"]).output)
    assert found == json.loads(json.dumps(expected.to_dict()))
    listed = csv.DictReader(
        io.StringIO(CliRunner().invoke(main, [*asked, "--format", "csv"]).output)
    )
    assert tuple(listed.fieldnames or ()) == COHESION_COLUMNS
    assert [row["id"] for row in listed] == [topic.topic for topic in expected.topics]
    table = CliRunner().invoke(main, asked).output
    assert f"TOPIC ({len(expected.topics)})" in table
    assert "0 of 184 issues are judged so far" in table
    assert CliRunner().invoke(main, ["cohesion", "Atlantis"]).exit_code == 1
    small.standings("peace")
    row = next(row for row in small.cohesion("nam").as_rows() if row["part"] == "issue")
    assert (row["for"], row["side"], row["breakers"]) == (3, "for", ["IDN", "GHA"])
    assert (
        json.loads(json.dumps(small.cohesion("nam").to_dict()))["issues"][0]["counts"]["for"] == 3
    )
