"""A state among all, against figures worked out claim by claim; intervals against a known truth."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from service.analysis.agreement import LEAST_POSITIONS
from service.analysis.likeness import LEAST_OTHERS, LEAST_SHARE, expected, likenesses
from service.analysis.matrix import comparable
from service.analysis.profile import LATEST, PROFILE_COLUMNS, ratios
from service.cli import main
from service.comparison import Comparator
from service.domain.issues import Issues
from service.domain.standing import Side
from service.domain.statements import Kind
from service.errors import InvalidInput, NotFound
from service.retrieval.build import Builder
from service.retrieval.generations import Generation, Generations
from service.retrieval.store import StatementStore
from tests.analysis.brute import STATES, filters, passes, records
from tests.conftest import BuildToy, Quiet, ToyEncoder, statement
from tests.peace import FILLING, FOR, PROPOSITION, add, peaceful


@settings(max_examples=15, deadline=None)
@given(state=st.sampled_from(STATES), asked=filters("period"))
def test_everything_is_as_counted_claim_by_claim(
    bundled: Comparator, state: str, asked: dict[str, Any]
) -> None:
    found = bundled.profile(state, **asked)
    rows: dict[str, list[int]] = defaultdict(list)
    topics: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for record in records(bundled):
        if passes(bundled, record, asked):
            rows[record.statement.state].append(record.row)
            topics[record.statement.state == state].update(set(record.claim.topics))
    mine, others = len(rows[state]), sum(len(r) for s, r in rows.items() if s != state)
    assert (found.positions, found.others) == (mine, others)
    _check_years(bundled, found.to_dict(), asked)
    assert {t.topic: t.positions for t in found.topics} == (
        {t: topics[True][t] for t in topics[True] | topics[False]} if mine else {}
    )
    for topic in found.topics:
        assert topic.share == pytest.approx(topic.positions / mine, abs=1e-6)
        if others:
            assert topic.others_share == pytest.approx(
                topics[False][topic.topic] / others, abs=1e-6
            )
        if topic.ratio is not None:
            assert topic.others_share
            assert topic.low is not None
            assert topic.high is not None
            assert topic.low <= topic.ratio <= topic.high
    _check_neighbours(bundled, state, rows, found.to_dict())


def _check_years(bundled: Comparator, found: dict[str, Any], asked: dict[str, Any]) -> None:
    spoken: dict[int, list[Any]] = defaultdict(list)
    for record in records(bundled):
        own = record.statement.state == found["state"]
        if own and passes(bundled, record, asked | {"kind": "any"}):
            spoken[record.statement.date.year].append(record)
    assert [year["year"] for year in found["years"]] == sorted(spoken)
    for year in found["years"]:
        of_year = spoken[year["year"]]
        assert sorted(year["statements"]) == sorted({r.statement.id for r in of_year})
        assert year["positions"] == sum(r.claim.kind is Kind.POSITION for r in of_year)


def _check_neighbours(
    bundled: Comparator, state: str, rows: dict[str, list[int]], found: dict[str, Any]
) -> None:
    least = max(LEAST_POSITIONS, LEAST_SHARE * len(rows[state]))
    enough = {s for s, own in rows.items() if s != state and len(own) >= least}
    spoke = {s for s, own in rows.items() if s != state and own}
    if len(rows[state]) < LEAST_POSITIONS:
        assert found["nearest"] == []
        assert found["unranked"] == (len(spoke) if rows[state] else 0)
        return
    assert {n["state"] for n in found["nearest"]} == enough
    assert found["unranked"] == len(spoke - enough)
    figures = [n["similarity"] - (n["expected"] or 0) for n in found["nearest"]]
    assert figures == sorted(figures, reverse=True)
    _check_expected(found["nearest"])
    vectors = bundled.generation.index.vectors
    for near in found["nearest"]:
        alike = vectors(np.array(rows[state])) @ vectors(np.array(rows[near["state"]])).T
        both = [*alike.max(axis=1), *alike.max(axis=0)]
        assert near["similarity"] == pytest.approx(np.mean(both), abs=1e-5)
        assert near["low"] <= near["similarity"] <= near["high"]
        assert near["positions"] == len(rows[near["state"]])
        assert (near["agreement"], near["same"], near["issues"]) == (None, 0, 0)


def _check_expected(nearest: list[dict[str, Any]]) -> None:
    counts = [n["positions"] for n in nearest]
    if len(nearest) < LEAST_OTHERS or len(set(counts)) == 1:
        assert {n["expected"] for n in nearest} <= {None}
        return
    line = stats.linregress(np.log(counts), [n["similarity"] for n in nearest])
    for n in nearest:
        usual = line.intercept + line.slope * np.log(n["positions"])
        assert n["expected"] == pytest.approx(usual, abs=1e-5)


def test_who_says_more_isnt_nearer_for_that() -> None:
    """Of one mind, but of different length: nearer in figures, and as near as expected."""
    rng = np.random.default_rng(5)
    counts = rng.integers(10, 300, 40)
    figures = 0.3 + 0.05 * np.log(counts) + rng.normal(0, 0.01, 40)
    usual = expected(counts, figures)
    assert usual is not None
    assert np.corrcoef(figures, np.log(counts))[0, 1] > 0.9
    assert abs(np.corrcoef(figures - usual, np.log(counts))[0, 1]) < 1e-6
    assert expected(counts[:9], figures[:9]) is None
    assert expected(np.full(40, 7), figures) is None


@pytest.mark.parametrize("year", [None, 2019])
def test_similarity_is_that_of_the_matrix(bundled: Comparator, year: int | None) -> None:
    found = bundled.matrix(least=2, **{"from": year, "to": year})
    cells = {(row["a"], row["b"]): row["similarity"] for row in found.rows()}
    compared = 0
    for state in bundled.generation.columns.states[:: 40 if year is None else 1]:
        for near in bundled.profile(state, **{"from": year, "to": year}).nearest:
            pair = (state, near.state)
            similarity = cells.get(pair) or cells[pair[::-1]]
            assert near.similarity == pytest.approx(similarity, abs=2e-6)
            compared += 1
    assert compared


@pytest.fixture(scope="module")
def minds(tmp_path_factory: pytest.TempPathFactory) -> tuple[Generation, int]:
    """States A0, A1... of one mind and B0, B1... of another: what each says is drawn at random."""
    folder, rng, pairs = tmp_path_factory.mktemp("minds"), np.random.default_rng(7), 150
    words = [f"w{n}" for n in range(24)]
    made = []
    for mind, count in (("A", 12), ("B", 20)):
        likely = rng.dirichlet(np.full(len(words), 0.4))
        for number in range(pairs):
            said = [" ".join(rng.choice(words, 3, p=likely)) for _ in range(count)]
            made.append(statement(f"{mind}{number}", "2020", *said))
    list(StatementStore(folder).put(made))
    Builder(folder, ToyEncoder(), ()).build(Quiet())
    return Generations(folder).current(), pairs


def test_intervals_hold_the_truth_as_often_as_they_say(minds: tuple[Generation, int]) -> None:
    """The truth is the mean over all pairs of draws; each interval comes from a single pair."""
    generation, pairs = minds
    columns = generation.columns
    rows = [np.flatnonzero(columns.state == number) for number in range(len(columns.states))]
    own = {name: rows[number] for number, name in enumerate(columns.states)}
    vectors = {name: generation.index.vectors(places) for name, places in own.items()}
    figures = []
    for a in range(pairs):
        for b in range(0, pairs, 10):
            alike = vectors[f"A{a}"] @ vectors[f"B{b}"].T
            figures.append((alike.max(axis=1).sum() + alike.max(axis=0).sum()) / sum(alike.shape))
    truth, spread = np.mean(figures), np.std(figures)
    held, widths = 0, []
    for n in range(pairs):
        both = np.sort(np.concatenate([own[f"A{n}"], own[f"B{n}"]]))
        ((near,), few) = likenesses(generation, both, columns.states.index(f"A{n}"))
        assert (near.state, near.claims, few) == (f"B{n}", 20, 0)
        held += near.low <= truth <= near.high
        widths.append(near.high - near.low)
    assert 0.91 <= held / pairs <= 0.995
    assert 0.8 < np.mean(widths) / (2 * 1.96 * spread) < 1.6


def test_an_interval_is_the_same_each_time_and_whoever_else_is_there(
    minds: tuple[Generation, int],
) -> None:
    generation, _ = minds
    everybody = np.arange(len(generation.columns))
    number = generation.columns.states.index("A3")
    first, again = (likenesses(generation, everybody, number)[0] for _ in range(2))
    assert first == again
    other = generation.columns.states.index("A4")
    of_all = next(near for near in first if near.state == "A4")
    some = np.flatnonzero(np.isin(generation.columns.state, [number, other]))
    ((alone,), _) = likenesses(generation, some, number)
    assert alone.similarity == pytest.approx(of_all.similarity, abs=1e-6)
    assert alone.high - alone.low == pytest.approx(of_all.high - of_all.low, rel=0.2)


def test_ratios_hold_the_truth_as_often_as_they_say() -> None:
    rng, draws = np.random.default_rng(3), 4_000
    k = rng.binomial(300, 0.05, draws).astype(float)
    others = rng.binomial(6_000, 0.02, draws).astype(float)
    ratio, low, high = ratios(k, 300, others, 6_000)
    assert np.median(ratio) == pytest.approx(2.5, rel=0.1)
    assert 0.935 <= np.mean((low <= 2.5) & (high >= 2.5)) <= 0.975


def test_ratios_at_their_limits() -> None:
    ratio, low, high = ratios(np.array([0.0, 3, 0, 5]), 10, np.array([4.0, 0, 0, 50]), 100)
    assert (ratio[0], low[0]) == (0, 0)
    assert 0 < high[0] < np.inf
    assert np.isnan([ratio[1], low[1], high[1], ratio[2], high[2]]).all()
    log = np.log(1.0) + 1.959964 * np.sqrt(1 / 5 - 1 / 10 + 1 / 50 - 1 / 100) * np.array([-1, 1])
    assert (ratio[3], low[3], high[3]) == pytest.approx((1.0, *np.exp(log)))


@pytest.fixture
def speaking(build_toy: BuildToy, tmp_path: Path) -> Generation:
    """Two positions a year of FRA and NOR, 2015 to 2020; NOR alone in 2021."""
    made = [
        statement(state, str(year), f"{state} {year}", f"{year} peace")
        for state in ("FRA", "NOR")
        for year in range(2015, 2022)
        if (state, year) != ("FRA", 2021)
    ]
    build_toy([*made, statement("CHN", "2020", "alone")])
    return Generations(tmp_path).current()


@pytest.mark.parametrize(
    ("most", "years", "whole"),
    [(100, (2015, 2021), True), (13, (2018, 2020), False), (5, (2020, 2020), False), (4, None, 0)],
)
def test_the_latest_years_that_fit_are_compared(
    speaking: Generation,
    most: int,
    years: tuple[int, int] | None,
    whole: bool,
) -> None:
    columns = speaking.columns
    rows = np.arange(len(columns))
    own = columns.state == columns.states.index("FRA")
    compared, chosen = comparable(speaking, rows, own, most)
    if years is None:
        assert compared is None
        assert not chosen.any()
        return
    assert compared is not None
    assert (compared.earliest, compared.latest, compared.whole) == (*years, whole)
    within = (columns.years(rows) >= years[0]) & (columns.years(rows) <= years[1])
    assert (chosen == within).all()
    assert (compared.positions, compared.of_all) == ((own & within).sum(), within.sum())
    assert compared.of_all <= most


def test_whom_nobody_heard(bundled: Comparator) -> None:
    found = bundled.profile("DDR")
    assert (found.positions, found.compared, found.nearest, found.topics) == (0, None, (), ())
    assert (found.unranked, found.years, found.latest) == (0, (), ())
    assert found.others == bundled.generation.manifest.positions


def test_the_latest_positions_come_first(bundled: Comparator) -> None:
    busy = Counter(r.statement.state for r in records(bundled)).most_common(1)[0][0]
    shown = bundled.profile(busy).to_dict()["latest"]
    dates = sorted(r.statement.date.last for r in records(bundled) if r.statement.state == busy)
    assert [date.fromisoformat(hit["date"][:4] + "-12-31") for hit in shown] == dates[::-1][:LATEST]
    for hit in shown:
        assert bundled.claim(hit["claim_id"]).to_dict() == hit


@pytest.fixture
def small(tmp_path: Path, stance_folder: Path) -> Comparator:
    """Two issues, of one wording, and one that nobody speaks of."""
    found = peaceful(tmp_path, stance_folder)
    peace, other = found.issues["peace"], found.issues["D01"]
    found.issues = Issues([peace, replace(peace, id="calm"), other])
    return found


def test_sides_are_those_of_issues_judged_before(small: Comparator) -> None:
    unjudged = small.profile("IND")
    assert (unjudged.judged, unjudged.issues) == (0, ())
    assert unjudged.left_out == ("peace", "calm", "D01")
    found = small.standings("peace").to_dict(small.state_name, evidence=True)
    row = next(row for row in found["states"] if row["state"] == "IND")
    (on,) = small.profile("India").to_dict()["issues"]
    assert (on["side"], on["since"], on["basis"]) == (row["side"], row["since"], row["basis"])
    assert (on["side"], on["since"], on["proposition"]) == ("reservations", "2009", PROPOSITION)
    assert on["current"]
    assert on["quotation"]["claim_id"] == row["evidence"][-1]["claim_id"]
    assert on["quotation"]["probability"] == row["evidence"][-1]["probability"]
    assert small.profile("IND").left_out == ("calm", "D01")
    assert small.profile("NOR").issues == ()


def test_only_what_was_said_within_the_period_counts(small: Comparator) -> None:
    small.standings("peace")
    (before,) = small.profile("IND", to=2005).issues
    assert (before.side, before.since) == (Side.FOR, "2004")
    assert small.profile("IND", **{"from": 2005, "to": 2008}).issues == ()


def test_an_issue_that_was_judged_before_the_corpus_changed_says_so(small: Comparator) -> None:
    small.standings("peace")
    add(small, [statement("FRA", "2010", FOR)])
    (on,) = small.profile("IND").issues
    assert not on.current


def test_agreement_stands_apart_from_similarity(small: Comparator) -> None:
    add(small, [statement(state, "2005", FOR, "more of it") for state in ("FRA", "GHA")])
    add(small, [statement(state, "2005", "more of it") for state in ("CUB", "NOR")])
    small.standings("peace")
    by_one = {near.state: near for near in small.profile("FRA").nearest}
    assert {(near.agreement, near.issues) for near in by_one.values()} <= {(None, 1), (None, 0)}
    found = small.profile("FRA", judge_all=True)
    assert (found.judged, found.left_out) == (3, ())
    by_two = {near.state: near for near in found.nearest}
    figures = {s: (near.agreement, near.same, near.issues) for s, near in by_two.items()}
    assert figures == {
        "GHA": (1.0, 2, 2), "CUB": (0.0, 0, 2), "IND": (0.0, 0, 2), "NOR": (None, 0, 0),
        "ISL": (None, 0, 0),
    }  # fmt: skip
    assert {s: near.similarity for s, near in by_one.items()} == {
        s: near.similarity for s, near in by_two.items()
    }


def test_a_deployment_without_judge_has_no_sides(bundled: Comparator) -> None:
    found = bundled.profile("FRA")
    assert (found.stance_model, found.judged) == (None, 0)
    assert len(found.left_out) == len(bundled.issues)


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"from": "x"}, "from"), ({"exclude": ["FRA"]}, "exclude"), ({"states": ["FRA"]}, "states"),
     ({"from": 2010, "to": 2000}, "to"), ({"text": "x"}, "text")],
)  # fmt: skip
def test_refusals_name_the_field(bundled: Comparator, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.profile("FRA", **asked)
    assert refused.value.field == field


def test_an_unknown_state_isnt_found(bundled: Comparator) -> None:
    with pytest.raises(NotFound, match=r"Frans.*France"):
        bundled.profile("Frans")


def test_who_speaks(small: Comparator) -> None:
    found = {one.state: one for one in small.speakers()}
    assert set(found) == {"FRA", "CUB", "NOR", "IND", *FILLING}
    india = found["IND"]
    assert (india.statements, india.positions, india.first, india.last) == (2, 2, 2004, 2009)
    assert found["GHA"].positions == 30


def test_the_command_line_says_the_same(
    bundled: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", str(bundled.settings.indexes))
    monkeypatch.setenv("CONCORD_STANCE_MODEL", "none")
    asked = ["profile", "France", "--from", "2005"]
    expected = bundled.profile("FRA", **{"from": 2005})
    found = json.loads(CliRunner().invoke(main, [*asked, "--format", "json"]).output)
    assert found == json.loads(json.dumps(expected.to_dict()))
    listed = csv.DictReader(
        io.StringIO(CliRunner().invoke(main, [*asked, "--format", "csv"]).output)
    )
    assert tuple(listed.fieldnames or ()) == PROFILE_COLUMNS
    parts = Counter(row["part"] for row in listed)
    assert parts == {"topic": len(expected.topics), "state": len(expected.nearest)}
    table = CliRunner().invoke(main, asked).output
    assert f"STATE ({len(expected.nearest)})" in table
    assert "ratio" in table
    assert "agreement" not in table.split("STATE (")[1].splitlines()[1]
    assert "never agreement" in table
    assert CliRunner().invoke(main, ["profile", "Atlantis"]).exit_code == 1
