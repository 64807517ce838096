"""Drift: planted moves are seen, noise isn't, and wording and stance stay apart."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from service.analysis.drift import DRIFT_COLUMNS, LEAST_JUDGED, DriftYear
from service.analysis.rarefied import LEAST_TO_HALVE, apart
from service.comparison import Comparator
from service.errors import InvalidInput, NotFound
from tests.analysis.brute import records
from tests.analysis.over_years import TOPIC, planted, spoken
from tests.conftest import statement
from tests.peace import AGAINST, FOR, peaceful

YEARS = range(2000, 2016)


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Comparator:
    """Norway says something else from 2008 on; Chad and Mali always say the same of each."""

    def mind(state: str, year: int) -> str:
        return "harbour" if state == "NOR" and year >= 2008 else f"mind{state}"

    said = spoken(("NOR", "TCD", "MLI"), YEARS, mind)
    # Peru speaks seldom, and too little.
    said += spoken(("PER",), (2003, 2009), mind, claims=LEAST_TO_HALVE - 1, seed=1)
    return planted(tmp_path_factory.mktemp("moving"), said)


def of(rows: tuple[DriftYear, ...], group: str) -> dict[int, DriftYear]:
    return {row.year: row for row in rows if row.group == group}


def test_a_planted_move_is_seen_when_it_happens(moving: Comparator) -> None:
    found = moving.drift(topic=TOPIC, before=3)
    own = of(found.rows, "NOR")
    assert list(own) == list(YEARS[1:])
    drifts = {year: row.drift for year, row in own.items()}
    assert max(drifts, key=lambda year: drifts[year] or 0) == 2008
    assert own[2008].low is not None
    assert own[2008].low > 0.1
    for year in (*range(2001, 2008), *range(2011, 2016)):  # nothing moved within three years
        assert (own[year].low or 0) < 0.02


def test_noise_is_no_drift(moving: Comparator) -> None:
    found = moving.drift(topic=TOPIC)
    still = [row for row in found.rows if row.group in ("TCD", "MLI")]
    assert all(row.drift is not None for row in still)
    assert abs(np.mean([row.drift for row in still if row.drift is not None])) < 0.01
    assert sum((row.low or 0) > 0 for row in still) <= 1
    # The distance itself is far from nothing.
    assert min(row.distance or 0 for row in still) > 0.02


def test_figures_are_of_the_positions_of_the_years(moving: Comparator) -> None:
    found = moving.drift(topic=TOPIC, states=["NOR", "PER"], before=2, **{"from": 2002})
    years: dict[tuple[str, int], list[int]] = {}
    for record in records(moving):
        years.setdefault((record.statement.state, record.statement.date.year), []).append(
            record.row
        )
    vectors = moving.generation.index.vectors
    assert {row.group for row in found.rows} == {"NOR", "PER"}
    for row in found.rows:
        own = years.get((row.group, row.year), [])
        earlier = [r for year in (row.year - 2, row.year - 1) if year >= 2002
                   for r in years.get((row.group, year), [])]  # fmt: skip
        assert (row.positions, row.positions_before) == (len(own), len(earlier))
        if min(len(own), len(earlier)) < LEAST_TO_HALVE:
            assert (row.distance, row.noise, row.drift, row.low, row.high) == (None,) * 5
            continue
        expected = apart(vectors(own), vectors(sorted(earlier)))
        assert row.drift == pytest.approx(expected.beyond, abs=1e-6)
        assert row.distance == pytest.approx(expected.between, abs=1e-6)
        assert row.noise == pytest.approx(expected.within, abs=1e-6)
    silent = [row for row in found.rows if row.group == "PER"]
    assert {row.drift for row in silent} == {None}
    assert {row.positions for row in silent} == {0, LEAST_TO_HALVE - 1}


def test_blocs_have_their_members_positions_of_the_time(moving: Comparator) -> None:
    found = moving.drift(topic=TOPIC, by="bloc", blocs=["african-union"])
    assert {row.group for row in found.rows} == {"african-union"}
    # The African Union began in 2002.
    assert {row.year: row.positions for row in found.rows} == {
        year: 12 if year >= 2003 else found.rows[year - 2001].positions for year in YEARS[1:]
    }
    later = [row for row in found.rows if row.year >= 2005]
    assert all(row.drift is not None and abs(row.drift) < 0.1 for row in later)


def test_more_positions_than_fit_are_drawn_by_the_seed(
    moving: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.analysis.drift.MOST_AT_ONCE", 8)
    some = moving.drift(topic=TOPIC, states=["TCD"], seed=1)
    assert some == moving.drift(topic=TOPIC, states=["TCD"], seed=1)
    assert some.rows != moving.drift(topic=TOPIC, states=["TCD"], seed=2).rows
    assert some.rows[-1].positions_before == 30


@pytest.fixture(scope="module")
def turning(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Comparator:
    """India is for peace until 2006 and against it from 2007 on, in the same words but one."""
    said = [
        statement("IND", f"{year}-09-2{day}", FOR if year < 2007 else AGAINST, number=day)
        for year in range(2003, 2011)
        for day in range(3)
    ]
    filling = [statement(s, "2003", *(f"{s}{n} {n}{s}" for n in range(60))) for s in ("ISL", "GHA")]
    return peaceful(tmp_path_factory.mktemp("turning"), stance_folder, [*said, *filling])


def test_stance_moves_where_the_words_hardly_do(turning: Comparator) -> None:
    found = turning.drift(issue="peace", states=["IND"], before=3)
    assert found.stance_model == turning.stance_model.name
    own = of(found.rows, "IND")
    assert (own[2006].score or 0) > 0.4
    assert (own[2007].score or 0) < -0.4
    assert own[2007].score_before == own[2006].score
    assert own[2007].score_drift == pytest.approx(
        (own[2007].score or 0) - (own[2006].score or 0), abs=2e-6
    )
    assert own[2006].score_drift == 0.0
    # One score each: how sure that is can't be told. Three claims are too few for halves.
    assert (own[2007].score_low, own[2007].score_high, own[2007].drift) == (None, None, None)
    assert (own[2007].judged, own[2007].judged_before) == (3, 9)
    assert own[2009].score_low is not None
    assert own[2009].score_low < (own[2009].score_drift or 0) < (own[2009].score_high or 0)


def test_the_interval_of_a_stance_is_welchs(turning: Comparator) -> None:
    own = of(turning.drift(issue="peace", states=["IND"], before=3).rows, "IND")[2008]
    yes, no = (own.score_before or 0) * 9 - (own.score or 0) * 3, own.score or 0
    # Before 2008 are six claims for (2005, 2006) and three against (2007); in 2008 three against.
    scores = [yes / 6] * 6 + [no] * 3
    result = stats.ttest_ind([no, no, no + 1e-9], scores, equal_var=False)
    interval = result.confidence_interval(0.95)
    assert (own.score_low, own.score_high) == pytest.approx((interval.low, interval.high), abs=1e-4)
    assert own.judged is not None
    assert own.judged >= LEAST_JUDGED


def test_without_an_issue_nothing_is_said_of_stance(moving: Comparator) -> None:
    found = moving.drift(topic=TOPIC)
    assert found.stance_model is None
    stances = {(r.judged, r.judged_before, r.score, r.score_before, r.score_drift, r.score_low)
               for r in found.rows}  # fmt: skip
    assert stances == {(None,) * 6}


def test_as_dictionary_and_as_table(moving: Comparator) -> None:
    found = moving.drift(topic=TOPIC, states=["NOR"], to=2010)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["query"] == {
        "topic": TOPIC, "issue": None, "text": None, "exclude": [], "states": ["NOR"], "blocs": [],
        "from": None, "to": "2010", "by": "state", "before": 5, "seed": 0,
    }  # fmt: skip
    assert plain["rows"] == [asdict(row) for row in found.rows]
    assert [column.name for column in DRIFT_COLUMNS] == list(DriftYear.__dataclass_fields__)
    frame = found.to_frame()
    assert frame["drift"].notna().all()
    assert frame["score"].isna().all()
    assert str(frame["judged"].dtype) == "Int64"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "topic"), ({"topic": "Atlantis"}, "topic"), ({"topic": TOPIC, "by": "x"}, "by"),
        ({"topic": TOPIC, "before": 0}, "before"), ({"topic": TOPIC, "before": "many"}, "before"),
        ({"topic": TOPIC, "mode": "dense"}, "mode"),
    ],
)  # fmt: skip
def test_refusals_name_the_field(moving: Comparator, asked: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        moving.drift(**asked)
    assert refused.value.field == field
    with pytest.raises(NotFound, match="X999"):
        moving.drift(issue="X999")
