"""Clusters of states in corpora whose groups are known, and in one of real positions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, leaves_list
from scipy.stats import spearmanr
from sklearn.metrics import adjusted_rand_score, silhouette_samples

from service.analysis.clustering import LEAST_STATES, MOST_AT_A_TIME, clusters
from service.analysis.clusters import Asked, Clusters, Structure, structure
from service.analysis.inquiry import inquire
from service.analysis.subject import Subject
from service.catalogue import Catalogue
from service.comparison import Comparator
from service.domain.questions import Part, Question
from service.errors import InvalidInput, NotFound
from service.retrieval.generations import Generation, Generations
from tests.conftest import PROJECT, BuildToy, statement

CATALOGUE = Catalogue.load(PROJECT / "data")
STATES = (
    "FRA", "DEU", "ITA", "ESP", "NLD", "BEL", "POL", "SWE", "DNK", "FIN",
    "BRA", "ARG", "CHL", "PER", "COL", "MEX", "CUB", "BOL", "ECU", "URY",
    "KEN", "GHA", "SEN", "MLI", "NGA", "ZAF", "AGO", "MOZ", "ZMB", "RWA",
)  # fmt: skip
SUBJECTS = ("veto", "debt", "sea", "mines", "grain", "ports")


def corpus(groups: int, counts: Sequence[int], seed: int = 0) -> list[Any]:
    """Each of STATES says so many things, of subjects and in words that all have, and words of its
    group where there are several: the first third of states is the first of three."""
    rng = np.random.default_rng(seed)
    made = []
    for number, (state, count) in enumerate(zip(STATES, counts, strict=True)):
        group = number * groups // len(STATES)
        texts = []
        for _ in range(count):
            subject = str(rng.choice(SUBJECTS))
            own = [f"group{group}{subject}"] * 2 if groups > 1 else []
            chance = [f"word{rng.integers(4_000)}" for _ in range(2)]
            texts.append(" ".join([subject, *own, *chance]))
        made.append(statement(state, f"{2010 + number % 3}", *texts))
    return made


def found_in(generation: Generation, asked: Asked | None = None, **filters: Any) -> Clusters:
    question = Question(text="all", parts=(Part("all", 0, 3),), **filters)
    inquiry = inquire(Subject(), question, generation, CATALOGUE, (), None)
    return clusters(replace(inquiry, about=inquiry.within), asked or Asked())


@pytest.fixture
def built(build_toy: BuildToy, tmp_path: Path) -> Any:
    def build(statements: Sequence[Any]) -> Generation:
        build_toy(statements)
        return Generations(tmp_path).current()

    return build


UNEVEN = [int(count) for count in np.geomspace(6, 60, len(STATES)).round()]
SHUFFLED = [int(count) for count in np.random.default_rng(3).permutation(UNEVEN)]


def test_planted_groups_are_found(built: Any) -> None:
    found = found_in(built(corpus(3, SHUFFLED)))
    by_state = {state.state: state.cluster for state in found.placed}
    assert adjusted_rand_score(np.arange(30) // 10, [by_state[s] for s in STATES]) == 1
    assert found.structure in (Structure.REASONABLE, Structure.STRONG)
    assert found.p == 1 / 200
    assert found.silhouette is not None
    assert found.silhouette > (found.usual or 0) + 0.2
    assert max(found.by_number, key=lambda number: found.by_number[number]) == 3
    assert found.at_a_time == min(SHUFFLED)
    assert all(cluster.stability > 0.9 for cluster in found.clusters)
    # Of Europe's, Latin America's and Africa's states but for Poland, which is of Eastern Europe.
    assert found.regions is not None
    assert 0.8 < found.regions.ari < 1
    assert found.regions.p == 0.001
    blocs = {one.bloc: one for one in found.blocs}
    assert (blocs["grulac"].precision, blocs["grulac"].recall) == (1, 1)
    assert blocs["african-group"].cluster == by_state["KEN"]
    eu = blocs["eu"]
    assert (eu.members, eu.precision, eu.recall) == (10, 1, 1)
    assert found.day == date(2012, 12, 31)
    for cluster in found.clusters:
        assert {by_state[state] for state in cluster.members} == {cluster.cluster}
        group = STATES.index(cluster.members[0]) // 10
        assert len({position.state for position in cluster.typical}) == 3
        assert all(f"group{group}" in position.text for position in cluster.typical)


def test_no_groups_are_none_however_much_each_says(built: Any) -> None:
    generation = built(corpus(1, UNEVEN))
    found = found_in(generation)
    assert found.structure is Structure.NONE
    assert found.p is not None
    assert found.p >= 0.05
    # Uncorrected, those who say much are a group.
    raw = found_in(generation, Asked(correct=False))
    assert raw.p is not None
    assert raw.p < 0.05
    assert raw.at_a_time is None
    order = [STATES.index(state.state) for state in raw.placed]
    counts = np.array(UNEVEN)[order]
    assert abs(spearmanr(raw.similarity.mean(axis=1), counts).statistic) > 0.8
    order = [STATES.index(state.state) for state in found.placed]
    counts = np.array(UNEVEN)[order]
    off = ~np.eye(len(STATES), dtype=bool)
    means = np.array([row[keep].mean() for row, keep in zip(found.similarity, off, strict=True)])
    assert np.abs(means).max() < 1e-9


def test_arrays_states_and_tree_stand_in_one_order(built: Any) -> None:
    found = found_in(built(corpus(3, SHUFFLED)), Asked(number=4))
    n = len(found.placed)
    assert found.similarity.shape == found.distances.shape == (n, n)
    assert leaves_list(found.tree).tolist() == list(range(n))
    labels = [state.cluster for state in found.placed]
    assert adjusted_rand_score(fcluster(found.tree, 4, "maxclust"), labels) == 1
    assert list(dict.fromkeys(labels)) == [1, 2, 3, 4]
    wanted = silhouette_samples(found.distances, labels, metric="precomputed")
    assert [state.silhouette for state in found.placed] == pytest.approx(wanted, abs=1e-6)
    assert list(found.by_number) == [4]


def test_who_says_too_little_is_not_placed(built: Any) -> None:
    generation = built(corpus(3, UNEVEN))
    found = found_in(generation, Asked(least=20))
    enough = {state for state, count in zip(STATES, UNEVEN, strict=True) if count >= 20}
    assert {state.state for state in found.placed} == enough
    assert found.at_a_time == MOST_AT_A_TIME
    others = found.states[len(enough) :]
    assert [state.state for state in others] == sorted(set(STATES) - enough)
    assert {(s.cluster, s.silhouette, s.x, s.y) for s in others} == {(None,) * 4}
    assert [state.positions for state in others] == [
        UNEVEN[STATES.index(state.state)] for state in others
    ]
    nobody = found_in(generation, states=STATES[: LEAST_STATES - 1])
    assert (nobody.structure, nobody.silhouette, nobody.p) == (None, None, None)
    assert not nobody.placed
    assert len(nobody.states) == LEAST_STATES - 1
    assert json.loads(json.dumps(nobody.to_dict()))["clusters"] == []
    assert nobody.to_frame()["cluster"].isna().all()
    with pytest.raises(InvalidInput, match="only 10 states") as refused:
        found_in(generation, Asked(number=10), states=STATES[:LEAST_STATES])
    assert refused.value.field == "number"


@pytest.mark.slow
def test_the_seed_decides_all(built: Any) -> None:
    generation = built(corpus(1, SHUFFLED))
    first, again, other = (
        found_in(generation, Asked(seed=seed), states=STATES[:12]) for seed in (4, 4, 5)
    )
    assert first == again
    assert first.similarity.tobytes() == again.similarity.tobytes()
    assert first != other


@pytest.mark.parametrize(
    ("silhouette", "p", "wanted"),
    [(0.9, 0.2, "none"), (0.2, 0.01, "faint"), (0.3, 0.01, "weak"), (0.5, 0.01, "reasonable"),
     (0.7, 0.049, "strong")],
)  # fmt: skip
def test_structures_have_names(silhouette: float, p: float, wanted: str) -> None:
    assert str(structure(silhouette, p)) == wanted


@pytest.mark.parametrize(
    ("asked", "field"),
    [({"number": 1}, "number"), ({"number": 21}, "number"), ({"most": 1}, "most"),
     ({"least": 1}, "least"), ({"seed": -1}, "seed"), ({"topic": "Atlantis"}, "topic"),
     ({"topic": "veto", "issue": "D20"}, "issue"), ({"from": "x"}, "from"),
     ({"limit": 3}, "limit")],
)  # fmt: skip
def test_refusals_name_the_field(bundled: Comparator, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        bundled.clusters(**asked)
    assert refused.value.field == field


def test_real_positions(bundled: Comparator) -> None:
    with pytest.raises(NotFound, match="X999"):
        bundled.clusters(issue="X999")
    found = bundled.clusters(to=2020, least=5)
    told = json.loads(json.dumps(found.to_dict()))
    assert told["query"] == {
        "topic": None, "issue": None, "text": None, "exclude": [], "states": [], "blocs": [],
        "from": None, "to": "2020", "number": None, "most": 10, "least": 5, "correct": True,
        "seed": 0,
    }  # fmt: skip
    assert told["day"] == "2020-12-31"
    assert (told["generation"], told["model"]) == (found.generation, found.model)
    placed = {state.state for state in found.placed}
    assert {s for one in found.clusters for s in one.members} == placed
    for table in found.tables():
        names = [column.name for column in table.columns]
        assert all(set(names) <= set(row) for row in table.rows)
    for table in found.tables():
        assert len(table.to_frame()) > 0
    claims = {position.claim_id for one in found.clusters for position in one.typical}
    assert all(bundled.claim(claim).statement.state in placed for claim in claims)
    on_topic = bundled.clusters(topic="development", least=3)
    on_issue = bundled.clusters(issue="D20", least=3)
    assert len(found.states) > len(on_topic.states) > 0 < len(on_issue.states)
