"""Cohesion year by year, against that of each year alone, and planted ones."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from service.analysis.agreement import LEAST_ISSUES
from service.analysis.cohesion import LEAST_MEMBERS
from service.analysis.cohesion_years import COHESION_YEAR_COLUMNS, CohesionYear
from service.comparison import Comparator
from service.domain.standing import Side
from service.errors import InvalidInput, NotFound
from tests.analysis.over_years import TOPIC, planted, spoken

YEARS = range(2003, 2016)
MEMBERS, OUTSIDERS = ("TCD", "MLI", "KEN", "GHA"), ("NOR", "PER", "FJI")


@pytest.fixture(scope="module")
def uniting(tmp_path_factory: pytest.TempPathFactory) -> Comparator:
    """Members of the African Union say more and more of the same. Morocco, a member from 2017 on
    only, never does."""

    def mind(state: str, year: int) -> str:
        common = "common " * (year - 2002) if state in MEMBERS else ""
        return f"{common}mind{state} mind{state} mind{state}"

    said = spoken((*MEMBERS, *OUTSIDERS, "MAR"), YEARS, mind)
    return planted(tmp_path_factory.mktemp("uniting"), said)


def test_a_bloc_that_draws_together_does(uniting: Comparator) -> None:
    found = uniting.cohesion_years("African Union")
    assert (found.bloc, found.stance_model) == ("african-union", None)
    assert [year.year for year in found.years] == list(YEARS)
    for figure in ("within", "difference"):
        rise = found.slopes[figure]
        assert rise.low is not None
        assert rise.low > 0.005
    assert found.slopes["unity"].slope is None
    assert {(year.members, year.outsiders) for year in found.years} == {(4, 4)}


def test_each_year_is_as_cohesion_has_it_alone(bundled: Comparator, uniting: Comparator) -> None:
    told = 0
    for comparator, bloc, topic in (
        (uniting, "african-union", TOPIC), (bundled, "g77", "palestine"), (bundled, "eu", "veto"),
    ):  # fmt: skip
        for year in comparator.cohesion_years(bloc, topic=topic).years:
            alone = comparator.cohesion(bloc, topic=topic, **{"from": year.year, "to": year.year})
            if not alone.topics:
                assert (year.positions, year.members, year.within) == (0, 0, None)
                continue
            (expected,) = alone.topics
            for name in ("positions", "members", "outsiders", "within", "between", "difference",
                         "low", "high"):  # fmt: skip
                assert getattr(year, name) == getattr(expected, name)
            told += year.difference is not None
    assert told >= 10


def test_unity_is_of_the_members_sides_at_each_years_end(
    bundled: Comparator, stance_folder: Path
) -> None:
    judging = Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))
    for issue in ("D01", "D10", "D20"):
        judging.standings(issue)
    found = judging.cohesion_years("g77")
    asked = [issue.id for issue in judging.issues if issue.id not in found.left_out]
    assert len(asked) == found.judged
    sides = [{s.state: s.standing for s in judging.standings(issue).states} for issue in asked]
    bloc = judging.catalogue.blocs.get("g77")
    assert bloc is not None
    told = 0
    for year in found.years:
        members = bloc.members(date(year.year, 12, 31))
        shares = []
        for on in sides:
            taken = [on[s].side_in(year.year) for s in members if s in on]
            counts = Counter(side for side in taken if side is not Side.SILENT)
            if counts.total() >= LEAST_MEMBERS:
                shares.append(max(counts.values()) / counts.total())
        assert year.issues == len(shares)
        if len(shares) < LEAST_ISSUES:
            assert year.unity is None
        else:
            told += 1
            assert year.unity == pytest.approx(sum(shares) / len(shares), abs=1e-6)
    assert told


def test_as_dictionary_and_as_tables(uniting: Comparator) -> None:
    found = uniting.cohesion_years("african-union", topic=TOPIC, to=2010)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["query"] == {"bloc": "african-union", "topic": TOPIC, "from": None, "to": "2010"}
    assert plain["years"] == [asdict(year) for year in found.years]
    fields = list(CohesionYear.__dataclass_fields__)
    assert [column.name for column in COHESION_YEAR_COLUMNS] == fields
    assert found.to_frame()["unity"].isna().all()
    assert found.to_frame("slopes")["figure"].tolist() == ["within", "difference", "unity"]


def test_refusals_name_the_field(uniting: Comparator) -> None:
    with pytest.raises(NotFound, match="no such bloc"):
        uniting.cohesion_years("the moon")
    for asked, field in (({"topic": "Atlantis"}, "topic"), ({"states": ["FRA"]}, "states")):
        with pytest.raises(InvalidInput) as refused:
            uniting.cohesion_years("eu", **asked)
        assert refused.value.field == field
