"""Who moved and when: planted movers among states that stay, with the claims behind each."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from service.analysis.change_points import LEVEL, change_points
from service.analysis.moves import STANCE, WORDING, Moves, Series
from service.comparison import Comparator
from service.domain.statements import Statement
from tests.analysis.brute import records
from tests.analysis.over_years import TOPIC, planted, spoken
from tests.conftest import statement
from tests.peace import AGAINST, FOR, peaceful

YEARS = range(2000, 2016)
STILL = ("TCD", "MLI", "ISL", "PER", "KEN", "FJI")


@pytest.fixture(scope="module")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Comparator:
    """Norway moves in 2008; six others never do. Cuba speaks in six years only."""

    def mind(state: str, year: int) -> str:
        return "harbour" if state == "NOR" and year >= 2008 else f"mind{state}"

    # 2004 is a year without a word of anybody.
    said = spoken(("NOR", *STILL), [year for year in YEARS if year != 2004], mind)
    said += spoken(("CUB",), YEARS[:6], mind, seed=1)
    return planted(tmp_path_factory.mktemp("moving"), said)


def by_group(found: Moves, series: str = WORDING) -> dict[str, Series]:
    return {one.group: one for one in found.series if one.series == series}


def test_who_moved_and_when(moving: Comparator) -> None:
    found = moving.moves(topic=TOPIC)
    assert found.stance_model is None
    assert {one.series for one in found.series} == {WORDING}
    series = by_group(found)
    assert set(series) == {"NOR", *STILL, "CUB"}
    assert [one.group for one in found.series if one.moved] == ["NOR"]
    assert found.series[0].group == "NOR"
    assert found.series[-1].group == "CUB"
    (change,) = series["NOR"].changes
    assert (change.until, change.since) == (2007, 2008)
    assert (change.years_before, change.years_after) == (7, 8)
    assert change.similarity is not None
    assert change.similarity < 0.5
    assert (change.score_before, change.score_after) == (None, None)
    assert (series["NOR"].years, series["NOR"].first, series["NOR"].last) == (15, 2000, 2015)
    assert all(series[state].changes == () and series[state].moved is False for state in STILL)


def test_too_few_years_tell_nothing(moving: Comparator) -> None:
    few = by_group(moving.moves(topic=TOPIC))["CUB"]
    assert (few.years, few.p, few.q, few.moved, few.changes) == (6, None, None, None, ())


def test_p_is_that_of_the_yearly_means_and_is_corrected(moving: Comparator) -> None:
    found = moving.moves(topic=TOPIC, seed=3)
    rows: dict[tuple[str, int], list[int]] = {}
    for record in records(moving):
        rows.setdefault((record.statement.state, record.statement.date.year), []).append(record.row)
    told = [one for one in found.series if one.p is not None]
    for one in told:
        means = [
            moving.generation.index.vectors(own).astype(float).mean(axis=0)
            for (state, _), own in sorted(rows.items())
            if state == one.group
        ]
        points = np.array([mean / np.linalg.norm(mean) for mean in means])
        alone = change_points(points, 3)
        assert alone is not None
        assert one.p == round(alone.p, 6)
    q = stats.false_discovery_control([one.p for one in told])
    assert [one.q for one in told] == pytest.approx(q, abs=1e-6)
    assert [one.moved for one in told] == [value <= LEVEL for value in q]


def test_the_claims_on_both_sides_are_cited(moving: Comparator) -> None:
    (change,) = by_group(moving.moves(topic=TOPIC))["NOR"].changes
    own = [r for r in records(moving) if r.statement.state == "NOR"]
    before = {r.claim.id for r in own if r.statement.date.year <= 2007}
    assert {cited.claim_id for cited in change.before} == before
    assert {cited.claim_id for cited in change.after} == {r.claim.id for r in own} - before
    years = [cited.year for cited in change.before]
    assert years == sorted(years)
    for cited in (*change.before, *change.after):
        assert moving.claim(cited.claim_id).statement.date.year == cited.year
        assert cited.score is None


def test_nobody_moved_where_all_is_noise(tmp_path: Path) -> None:
    states = (*STILL, "NOR", "CUB", "FRA", "GHA", "BRA", "JPN", "NPL", "OMN")
    comparator = planted(tmp_path, spoken(states, YEARS, lambda state, _: f"mind{state}"))
    found = comparator.moves(topic=TOPIC)
    assert len(found.series) == len(states)
    assert sum(bool(one.moved) for one in found.series) == 0


def test_a_bloc_moves_as_its_members_do(tmp_path: Path) -> None:
    def mind(state: str, year: int) -> str:
        return "together" if state != "BRA" and year >= 2009 else f"mind{state}"

    states = ("TCD", "MLI", "KEN", "BRA")
    comparator = planted(tmp_path, spoken(states, range(2003, 2016), mind))
    found = by_group(comparator.moves(topic=TOPIC, by="bloc", blocs=["african-union"]))
    (change,) = found["african-union"].changes
    assert change.since == 2009
    assert "BRA" not in {comparator.claim(c.claim_id).statement.state for c in change.after}


def _turned() -> list[Statement]:
    said = [
        statement("IND", f"{year}-09-20", FOR if year < 2009 else AGAINST)
        for year in range(2001, 2017)
    ]
    filling = [statement(s, "2003", *(f"{s}{n} {n}{s}" for n in range(60))) for s in ("ISL", "GHA")]
    return [*said, *filling]


def test_a_change_of_stance_is_told_apart_from_one_of_words(
    tmp_path: Path, stance_folder: Path
) -> None:
    comparator = peaceful(tmp_path, stance_folder, _turned())
    found = comparator.moves(issue="peace")
    assert found.stance_model == comparator.stance_model.name
    stance = by_group(found, STANCE)
    wording = by_group(found, WORDING)
    assert {one.p for one in wording.values()} == {None}  # a position a year is too little
    assert stance["IND"].moved
    (change,) = stance["IND"].changes
    assert (change.until, change.since) == (2008, 2009)
    assert (change.score_before or 0) > 0.2
    assert (change.score_after or 0) < -0.2
    assert change.similarity is None
    means = [np.mean([c.score for c in side if c.score is not None])
             for side in (change.before, change.after)]  # fmt: skip
    assert (change.score_before, change.score_after) == pytest.approx(tuple(means), abs=1e-5)
    assert [c.claim_id for c in change.after] == [
        f"IND_0_{year}-09-20:0-{len(AGAINST)}" for year in range(2009, 2017)
    ]


def test_as_dictionary_and_as_tables(moving: Comparator) -> None:
    found = moving.moves(topic=TOPIC)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["query"]["seed"] == 0
    assert [one["group"] for one in plain["series"]] == [one.group for one in found.series]
    first = plain["series"][0]["changes"][0]
    assert first["before"][0].keys() == {"year", "claim_id", "score"}
    series, changes, claims = (found.to_frame(name) for name in ("series", "changes", "claims"))
    assert len(series) == 8
    assert series["changes"].tolist() == [1, *[0] * 7]
    assert changes[["group", "until", "since"]].values.tolist() == [["NOR", 2007, 2008]]
    assert claims["side"].value_counts().to_dict() == {"before": 42, "after": 48}
    assert found == moving.moves(topic=TOPIC)
