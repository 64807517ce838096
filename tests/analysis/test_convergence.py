"""Convergence of two states against figures worked out pair by pair, and planted ones."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from service.analysis.agreement import LEAST_ISSUES, LEAST_POSITIONS
from service.analysis.convergence import CONVERGENCE_COLUMNS, LEAST_PAIRS, PairYear
from service.analysis.likeness import of_two
from service.comparison import Comparator
from service.domain.standing import Side
from service.errors import InvalidInput, NotFound
from tests.analysis.brute import records
from tests.analysis.over_years import TOPIC, planted, spoken

YEARS = range(2000, 2014)
OTHERS = ("TCD", "MLI", "ISL", "PER", "KEN", "FJI")


def closer(state: str, year: int) -> str:
    """Norway and Cuba say more and more of the same; the others stay apart."""
    common = "common " * (year - 1999) if state in ("NOR", "CUB") else ""
    return f"{common}mind{state} mind{state} mind{state}"


@pytest.fixture(scope="module")
def converging(tmp_path_factory: pytest.TempPathFactory) -> Comparator:
    said = spoken(("NOR", "CUB", *OTHERS), YEARS, closer)
    return planted(tmp_path_factory.mktemp("converging"), said)


def test_two_that_come_closer_do_and_others_do_not(converging: Comparator) -> None:
    found = converging.convergence("Norway", "CUB")
    assert (found.state_a, found.name_a, found.state_b) == ("NOR", "Norway", "CUB")
    assert [year.year for year in found.years] == list(YEARS)
    for figure in ("similarity", "beyond"):
        rise = found.slopes[figure]
        assert rise.low is not None
        assert rise.low > 0.005
        assert rise.p is not None
        assert rise.p < 0.001
    still = converging.convergence("TCD", "MLI").slopes["similarity"]
    assert still.low is not None
    assert still.high is not None
    assert still.low < 0.005
    assert still.high > -0.005


def test_a_change_of_all_is_not_convergence_of_two(tmp_path: Path) -> None:
    """Everybody says more of the same: no two come closer than the others do."""
    comparator = planted(
        tmp_path,
        spoken(
            ("NOR", "CUB", *OTHERS),
            YEARS,
            lambda state, year: "common " * (year - 1999) + f"mind{state} " * 4,
        ),
    )
    found = [comparator.convergence(*two).slopes for two in combinations(OTHERS, 2)]
    rises = [slopes["similarity"].slope or 0.0 for slopes in found]
    beyond = [slopes["beyond"].slope or 0.0 for slopes in found]
    assert min(rises) > 0.01
    assert abs(np.mean(beyond)) < 0.2 * np.mean(rises)


def test_years_are_as_worked_out_pair_by_pair(bundled: Comparator, converging: Comparator) -> None:
    told = 0
    for comparator, pair, topic in (
        (bundled, ("FRA", "CUB"), None),
        (bundled, ("USA", "RUS"), None),
        (bundled, ("CUB", "USA"), "veto"),
        (converging, ("NOR", "PER"), TOPIC),
    ):
        found = comparator.convergence(*pair, topic=topic)
        by_year: dict[int, dict[str, list[int]]] = {}
        for record in records(comparator):
            on = topic is None or topic in record.claim.topics
            if on and record.claim.kind == "position":
                states = by_year.setdefault(record.statement.date.year, {})
                states.setdefault(record.statement.state, []).append(record.row)
        spoke = [year for year, states in by_year.items() if set(pair) & set(states)]
        span = range(min(spoke), max(spoke) + 1) if spoke else ()
        assert [year.year for year in found.years] == list(span)
        vectors = comparator.generation.index.vectors

        def similarity(states: dict[str, list[int]], a: str, b: str, vectors=vectors) -> float:
            alike = vectors(states[a]) @ vectors(states[b]).T
            return float(np.mean([*alike.max(axis=1), *alike.max(axis=0)]))

        for year in found.years:
            states = by_year.get(year.year, {})
            counts = [len(states.get(state, ())) for state in pair]
            assert [year.claims_a, year.claims_b] == counts
            if min(counts) < LEAST_POSITIONS:
                assert (year.similarity, year.low, year.high, year.others) == (None,) * 4
                assert (year.beyond, year.pairs) == (None, 0)
                continue
            told += 1
            assert year.similarity == pytest.approx(similarity(states, *pair), abs=1e-5)
            interval = of_two(*(vectors(states[state]) for state in pair))
            assert (year.low, year.high) == pytest.approx(interval[1:], abs=1e-5)
            enough = [s for s, own in states.items() if len(own) >= LEAST_POSITIONS]
            rest = [
                similarity(states, *two) for two in combinations(enough, 2) if set(two) != set(pair)
            ]
            assert year.pairs == len(rest)
            if len(rest) < LEAST_PAIRS:
                assert (year.others, year.beyond) == (None, None)
            else:
                assert year.others == pytest.approx(np.mean(rest), abs=1e-5)
                assert year.beyond == pytest.approx(
                    (year.similarity or 0) - np.mean(rest), abs=1e-5
                )
    assert told >= 10


def test_slopes_are_those_of_the_years(converging: Comparator) -> None:
    found = converging.convergence("NOR", "CUB")
    values = [year.similarity for year in found.years]
    expected = stats.theilslopes(values, list(YEARS))
    rise = found.slopes["similarity"]
    assert (rise.slope, rise.low, rise.high) == pytest.approx(expected[:1] + expected[2:], abs=1e-6)
    assert rise.tau == pytest.approx(stats.kendalltau(values, list(YEARS))[0], abs=1e-6)
    assert found.slopes["agreement"].slope is None


def test_agreement_is_of_the_sides_at_each_years_end(
    bundled: Comparator, stance_folder: Path, tmp_path: Path
) -> None:
    judging = Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))
    for issue in ("D01", "D10", "D20"):
        judging.standings(issue)
    found = judging.convergence("CUB", "USA", to=2015)
    assert found.stance_model == judging.stance_model.name
    assert found.judged >= 3
    ids = {issue.id for issue in judging.issues}
    assert found.judged + len(found.left_out) == len(ids)
    asked = sorted(ids - set(found.left_out))
    sides = [
        {s.state: s.standing for s in judging.standings(issue, to=2015).states} for issue in asked
    ]
    for year in found.years:
        pairs = [
            tuple(on[state].side_in(year.year) for state in ("CUB", "USA"))
            for on in sides
            if {"CUB", "USA"} <= on.keys()
        ]
        taken = [pair for pair in pairs if Side.SILENT not in pair]
        assert (year.issues, year.same) == (len(taken), sum(a is b for a, b in taken))
        if len(taken) < LEAST_ISSUES:
            assert year.agreement is None
        else:
            assert year.agreement == pytest.approx(year.same / year.issues, abs=1e-6)


def test_as_dictionary_and_as_tables(converging: Comparator) -> None:
    found = converging.convergence("NOR", "CUB", topic=TOPIC, **{"from": 2005})
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["query"] == {
        "a": "NOR", "b": "CUB", "topic": TOPIC, "from": "2005", "to": None, "seed": 0,
    }  # fmt: skip
    assert plain["years"] == [asdict(year) for year in found.years]
    assert [row["figure"] for row in plain["slopes"]] == ["similarity", "beyond", "agreement"]
    assert [column.name for column in CONVERGENCE_COLUMNS] == list(PairYear.__dataclass_fields__)
    assert found.to_frame()["agreement"].isna().all()
    assert found.to_frame("slopes")["years"].tolist() == [9, 9, 0]
    other = converging.convergence("NOR", "CUB", topic=TOPIC, seed=1, **{"from": 2005})
    assert [y.similarity for y in other.years] == [y.similarity for y in found.years]
    assert [y.low for y in other.years] != [y.low for y in found.years]


def test_refusals_name_the_field(converging: Comparator) -> None:
    with pytest.raises(NotFound, match="Atlantis"):
        converging.convergence("NOR", "Atlantis")
    for asked, field in (
        ({"b": "norway"}, "b"), ({"b": "CUB", "topic": "Atlantis"}, "topic"),
        ({"b": "CUB", "states": ["FRA"]}, "states"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput) as refused:
            converging.convergence("NOR", **asked)
        assert refused.value.field == field
