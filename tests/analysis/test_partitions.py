"""Partitions beside each other, against scikit-learn, by hand and by all permutations."""

from __future__ import annotations

from datetime import date
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import adjusted_rand_score

from service.analysis.partitions import (
    LEAST_MEMBERS,
    REGIONAL_GROUPS,
    adjusted_rand,
    beside_blocs,
    likeness,
    regions,
)
from service.catalogue import Catalogue
from service.domain.blocs import Bloc, Blocs
from tests.conftest import PROJECT

DAY = date(2020, 12, 31)


def bloc(name: str, *members: str, until: date | None = None) -> Bloc:
    return Bloc(
        name, name.title(), "a test", {code: [(date(2000, 1, 1), until)] for code in members}
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=25))
def test_the_index_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    labels, known = np.array(pairs).T
    wanted = adjusted_rand_score(known, labels)
    assert adjusted_rand(labels[None], known)[0] == pytest.approx(wanted, abs=1e-9)


def test_the_index_by_hand() -> None:
    """Two of two pairs are together in both; by chance 2 x 2 / 6 would be, at most 2 could."""
    known = np.array([0, 0, 1, 1, 2])
    labels = np.array([[0, 0, 1, 1, 2], [0, 1, 0, 1, 1], [0, 0, 0, 1, 2]])
    # 2 pairs of 10 in `known`; 4 in the second of labels (none in both), 3 in the third (one).
    wanted = [1, (0 - 2 * 4 / 10) / (3 - 0.8), (1 - 2 * 3 / 10) / (2.5 - 0.6)]
    assert adjusted_rand(labels, known) == pytest.approx(wanted)


def test_p_is_the_share_of_permutations_that_come_as_near() -> None:
    labels, known = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1, 0])
    found = likeness(labels, known, 4_000, 0)
    every = [adjusted_rand_score(known, order) for order in permutations(labels.tolist())]
    assert found.p == pytest.approx(np.mean(np.array(every) >= found.ari - 1e-6), abs=0.03)
    assert found == likeness(labels, known, 4_000, 0)
    assert found.states == 7
    assert likeness(known, known, 999, 0).ari == 1


def test_the_cluster_that_holds_most_of_a_bloc() -> None:
    states = list("ABCDEFGHIJ")
    labels = np.array([1, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    found = beside_blocs(
        states, labels, [bloc("small", "A", "B"), bloc("some", "A", "B", "E", "X"),
                         bloc("gone", "A", "B", "C", until=date(2019, 1, 1)), bloc("all", *states),
                         bloc("third", "H", "I", "J"), bloc("torn", "D", "G", "J")], DAY, 99, 0,
    )  # fmt: skip
    assert [one.bloc for one in found] == ["third", "some", "torn"]
    third, some, torn = found
    assert (third.cluster, third.precision, third.recall, third.members) == (3, 1, 1, 3)
    assert (some.cluster, some.precision, some.members) == (1, 0.5, 3)
    assert some.recall == pytest.approx(2 / 3, abs=1e-6)
    assert torn.cluster == 2  # of three with one member each, the first of the smallest
    member = [state in "HIJ" for state in states]
    assert third.likeness.ari == pytest.approx(adjusted_rand_score(member, labels), abs=1e-6)


def test_regional_groups_are_those_of_the_day() -> None:
    blocs = Catalogue.load(PROJECT / "data").blocs
    groups = {name: sorted(blocs.members(name, DAY)) for name in REGIONAL_GROUPS}
    assert sum(map(len, groups.values())) == len({s for g in groups.values() for s in g})
    some = [state for group in groups.values() for state in group[:4]]
    region = np.repeat(np.arange(5), 4)
    # The Holy See belongs to none.
    found = regions([*some, "VAT"], np.append(region, 3), blocs, DAY, 99, 0)
    assert found is not None
    assert (found.states, found.ari, found.p) == (20, 1, 0.01)
    assert regions(["VAT", "EU"], np.array([1, 2]), blocs, DAY, 99, 0) is None
    assert regions(some[:LEAST_MEMBERS], np.array([1, 2, 1]), blocs, DAY, 99, 0) is None
    assert regions([], np.empty(0, np.int64), Blocs([]), DAY, 99, 0) is None
