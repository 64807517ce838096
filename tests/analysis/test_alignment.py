"""Pairs against every permutation; the figures against their definitions; intervals against a
known truth."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from service.analysis.agreement import LEAST_POSITIONS
from service.analysis.alignment import (
    LEAST_SIDES,
    MOST_JUDGED,
    agreement_of,
    align,
    judged,
    paired,
    similarity_of,
)
from service.domain.stance import Stance, Verdict

TABLES = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.integers(1, 6)),
    elements=st.floats(-1, 1, width=32),
)
LEVELS = st.floats(-1, 1)


def _greatest(alike: np.ndarray, may: np.ndarray) -> float:
    """The total of the best pairing, by every way to give the rows columns, or none: as many empty
    columns as there are rows stand beside the others."""
    rows, columns = alike.shape
    worth = np.where(may & (alike > 0), alike, 0.0).astype(float)
    worth = np.hstack([worth, np.zeros((rows, rows))])
    chosen = np.array(list(permutations(range(columns + rows), rows)), int)
    return float(worth[np.arange(rows), chosen].sum(axis=1).max())


SMALL = arrays.arrays(
    np.float32,
    st.tuples(st.integers(0, 4), st.integers(0, 4)),
    elements=st.floats(-1, 1, width=32),
)


@settings(deadline=None)
@given(SMALL, st.randoms(use_true_random=False))
def test_no_other_pairing_has_a_greater_total(alike: np.ndarray, rng: object) -> None:
    may = np.array([[rng.random() < 0.6 for _ in row] for row in alike], bool)  # type: ignore
    may = may.reshape(alike.shape)
    found = paired(alike, may)
    assert len({i for i, _ in found}) == len({j for _, j in found}) == len(found)
    assert all(may[pair] and alike[pair] > 0 for pair in found)
    total = sum(float(alike[pair]) for pair in found)
    assert total == pytest.approx(_greatest(alike, may), abs=1e-6)


@settings(deadline=None)
@given(TABLES, LEVELS)
def test_no_pair_is_under_the_level_and_none_is_left_out(alike: np.ndarray, level: float) -> None:
    found = align(alike, level)
    n, m = alike.shape
    near = {(i, j) for i in range(n) for j in range(m)
            if alike[i, j] >= np.float32(level) and alike[i, j] > 0}  # fmt: skip
    assert set(found.counterparts()) == near
    assert set(found.pairs) <= near
    # A pair of which both are free would have been made: the pairing is never short for its total.
    taken_a, taken_b = {i for i, _ in found.pairs}, {j for _, j in found.pairs}
    assert all(i in taken_a or j in taken_b for i, j in near)


@settings(deadline=None)
@given(TABLES, LEVELS)
def test_every_position_is_shown_by_its_partner_or_its_nearest(
    alike: np.ndarray, level: float
) -> None:
    found = align(alike, level)
    partners = dict(found.pairs)
    for table, pairs, shown in (
        (alike, partners, found.shown()[0]),
        (alike.T, {j: i for i, j in partners.items()},
         {j: pair[::-1] for j, pair in found.shown()[1].items()}),
    ):  # fmt: skip
        for own, row in enumerate(table):
            reaching = np.flatnonzero((row >= np.float32(level)) & (row > 0))
            assert (own in shown) == bool(len(reaching))
            if own in pairs:
                assert shown[own] == (own, pairs[own])
            elif own in shown:
                assert row[shown[own][1]] == row.max()


@settings(deadline=None)
@given(TABLES, LEVELS)
def test_turned_it_is_the_same(alike: np.ndarray, level: float) -> None:
    one = align(alike, level)
    turned = one.turned
    assert {(j, i) for i, j in turned.pairs} == set(one.pairs)
    assert {(j, i) for i, j in turned.counterparts()} == set(one.counterparts())
    assert turned.shown()[0] == {j: pair[::-1] for j, pair in one.shown()[1].items()}
    assert turned.turned.pairs == one.pairs


def test_a_nearer_pair_gives_way_where_two_are_worth_more() -> None:
    alike = np.array([[0.9, 0.8], [0.8, 0.1]], np.float32)
    assert align(alike, 0.5).pairs == ((0, 1), (1, 0))  # not the 0.9, which leaves two alone
    assert align(alike, 0.85).pairs == ((0, 0),)
    assert align(alike, 0.95).pairs == ()


def test_so_many_pairs_are_judged_each_once() -> None:
    asked: list[tuple[str, str]] = []

    def judge(pairs):
        asked.extend(pairs)
        return [Verdict(Stance.ALIGNED, (1.0, 0.0, 0.0, 0.0))] * len(pairs)

    pairs = [(0, 1), (2, 3), (0, 1), *((9, n) for n in range(2 * MOST_JUDGED))]
    found = judged(pairs, lambda i, j: (f"a{i}", f"b{j}"), judge)
    assert len(asked) == len(set(asked)) == len(found) == MOST_JUDGED
    assert asked[:2] == [("a0", "b1"), ("a2", "b3")]
    assert (9, MOST_JUDGED) not in found


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 1_000))
def test_similarity_is_the_mean_of_the_best_matches_both_ways(n: int, m: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(0, 1, (n + m, 3))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    a, b = vectors[:n], vectors[n:]
    found = similarity_of(a, b)
    if min(n, m) < LEAST_POSITIONS:
        assert found is None
        return
    assert found is not None
    alike = a @ b.T
    best = [*(max(row) for row in alike.tolist()), *(max(row) for row in alike.T.tolist())]
    assert found.value == pytest.approx(np.mean(best), abs=1e-6)
    assert -1 <= found.low <= found.value + 1e-9
    assert found.value - 1e-9 <= found.high <= 1
    assert similarity_of(a, b) == found


def test_other_seeds_draw_otherwise() -> None:
    a, b = np.split(np.random.default_rng(1).normal(0, 0.5, (16, 4)).astype(np.float32), [9])
    found = [similarity_of(a, b, seed=seed) for seed in (0, 0, 7)]
    assert found[0] == found[1] != found[2]


def _spoken(rng: np.random.Generator, centres: np.ndarray, weights: np.ndarray, n: int):
    """n positions of one mind: each about one of some points, none of the same words."""
    said = centres[rng.choice(len(centres), n, p=weights)]
    said = said + rng.normal(0, 0.25, said.shape)
    return said / np.linalg.norm(said, axis=1, keepdims=True)


@pytest.mark.parametrize(("n", "m"), [(12, 12), (15, 60), (50, 40)])
def test_the_interval_of_similarity_covers_other_positions_of_the_same_mind(n: int, m: int) -> None:
    """The truth is the mean over thousands of pairs of statements of the two minds."""
    rng = np.random.default_rng(n * m)
    centres = rng.normal(0, 1, (8, 12))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    minds = rng.dirichlet(np.ones(8), 2)

    def drawn() -> tuple[np.ndarray, np.ndarray]:
        a, b = (_spoken(rng, centres, mind, k) for mind, k in zip(minds, (n, m), strict=True))
        return a.astype(np.float32), b.astype(np.float32)

    tables = (a @ b.T for a, b in (drawn() for _ in range(2_000)))
    truth = np.mean([(t.max(axis=1).sum() + t.max(axis=0).sum()) / (n + m) for t in tables])
    found = [similarity_of(*drawn(), seed=k) for k in range(300)]
    covered = np.mean([one is not None and one.low <= truth <= one.high for one in found])
    # Cautious by its method, whose spread is on average never too small.
    assert 0.91 <= covered <= 1.0


@pytest.mark.parametrize("aligned", [0, 1, 2, 5, 20, 100])
@pytest.mark.parametrize("opposed", [0, 1, 3, 40])
def test_agreement_is_a_share_with_the_interval_that_draws_tend_to(
    aligned: int, opposed: int
) -> None:
    found = agreement_of(aligned, opposed)
    if aligned + opposed < LEAST_SIDES:
        assert found is None
        return
    assert found is not None
    assert found.value == aligned / (aligned + opposed)
    low, high = stats.beta.ppf([0.025, 0.975], aligned + 0.5, opposed + 0.5)
    assert found.low == pytest.approx(low if aligned else 0, abs=0.012)
    assert found.high == pytest.approx(high if opposed else 1, abs=0.012)
    assert found.low <= found.value <= found.high
    assert found.low < found.high
    assert agreement_of(aligned, opposed) == found
    other = agreement_of(opposed, aligned)
    assert other is not None
    assert other.low == pytest.approx(1 - found.high, abs=0.02)


def test_the_interval_of_agreement_covers_the_truth() -> None:
    """In exact figures: how probable each number of aligned pairs is, and whether it covers."""
    for pairs in (3, 5, 10, 40):
        ends = [agreement_of(k, pairs - k) for k in range(pairs + 1)]
        truths = np.linspace(0.02, 0.98, 97)
        covered = [
            sum(
                stats.binom.pmf(k, pairs, p)
                for k, one in enumerate(ends)
                if one is not None and one.low <= p <= one.high
            )
            for p in truths
        ]
        assert 0.93 <= np.mean(covered) <= 0.98, (pairs, np.mean(covered))
