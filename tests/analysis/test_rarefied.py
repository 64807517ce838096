"""Distances beyond noise, against counting every choice of halves."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from service.analysis.rarefied import LEAST_TO_HALVE, apart, best_of

DIMENSION = 24


def unit(values: Any) -> np.ndarray:
    values = np.asarray(values)
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32)


def draw(rng: np.random.Generator, count: int, moved: float = 0.0) -> np.ndarray:
    """About one direction, or about one that lies `moved` beside it."""
    middle = np.zeros(DIMENSION)
    middle[:2] = 1.0, moved
    return unit(middle + 0.25 * rng.standard_normal((count, DIMENSION)))


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """As `matrix.Alike` has it."""
    alike = one @ other.T
    return float(np.mean([*alike.max(axis=1), *alike.max(axis=0)]))


def by_hand(one: np.ndarray, other: np.ndarray, size: int) -> tuple[float, float]:
    """Distances between and within, over every choice of positions."""
    between = [
        similarity(one[list(a)], other[list(b)])
        for a in combinations(range(len(one)), size)
        for b in combinations(range(len(other)), size)
    ]
    within = []
    for all_ in (one, other):
        places = set(range(len(all_)))
        against = [
            (all_[[place]] @ all_[list(chosen)].T).max()
            for place in places
            for chosen in combinations(places - {place}, size)
        ]
        within.append(np.mean(against))
        if 2 * size <= len(all_):  # one less than a half is left of the smallest, without one
            halves = [
                similarity(all_[list(a)], all_[list(b)])
                for a in combinations(places, size)
                for b in combinations(places - set(a), size)
            ]
            assert np.mean(halves) == pytest.approx(within[-1], abs=1e-6)
    return 1 - float(np.mean(between)), 1 - float(np.mean(within))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(2, 7), st.data())
def test_the_best_of_a_choice_is_the_mean_over_all_choices(rows: int, n: int, data: Any) -> None:
    size = data.draw(st.integers(1, n - 1))
    figures = st.lists(st.integers(-5, 5), min_size=n, max_size=n)
    alike = np.array([data.draw(figures) for _ in range(rows)], np.float32)
    found, without = best_of(alike, size)
    for row in range(rows):
        chosen = combinations(range(n), size)
        assert found[row] == pytest.approx(np.mean([alike[row, list(c)].max() for c in chosen]))
        for left in range(n):
            rest = [c for c in range(n) if c != left]
            mean = np.mean([alike[row, list(c)].max() for c in combinations(rest, size)])
            assert without[row, left] == pytest.approx(mean)


@pytest.mark.parametrize(("m", "n"), [(4, 4), (4, 7), (6, 5)])
def test_distances_and_the_jackknife_are_as_counted_by_hand(m: int, n: int) -> None:
    rng = np.random.default_rng(m * n)
    one, other = draw(rng, m), draw(rng, n, 0.5)
    found = apart(one, other)
    assert found.size == min(m, n) // 2
    between, within = by_hand(one, other, found.size)
    assert found.between == pytest.approx(between, abs=1e-6)
    assert found.within == pytest.approx(within, abs=1e-6)
    assert found.beyond == pytest.approx(between - within, abs=1e-6)

    def beyond(one: np.ndarray, other: np.ndarray) -> float:
        between, within = by_hand(one, other, found.size)
        return between - within

    variance = 0.0
    for left in ([beyond(np.delete(one, i, 0), other) for i in range(m)],
                 [beyond(one, np.delete(other, i, 0)) for i in range(n)]):  # fmt: skip
        variance += (len(left) - 1) / len(left) * np.sum((left - np.mean(left)) ** 2)
    half = stats.t.ppf(0.975, min(m, n) - 1) * np.sqrt(variance)
    assert (found.low, found.high) == pytest.approx(
        (found.beyond - half, found.beyond + half), abs=1e-5
    )


def test_noise_is_no_drift_whatever_the_sizes() -> None:
    """Sets from one source differ by nothing on average, and rarely does an interval say more."""
    rng, draws = np.random.default_rng(5), 300
    for m, n in ((LEAST_TO_HALVE, 20), (8, 8), (10, 60)):
        found = [apart(draw(rng, m), draw(rng, n)) for _ in range(draws)]
        beyond = np.array([one.beyond for one in found])
        assert abs(beyond.mean()) < 4 * beyond.std() / np.sqrt(draws)
        false = sum(one.low > 0 for one in found)
        print(f"{m} against {n}: {false} of {draws} intervals above 0")  # noqa: T201
        assert false / draws <= 0.025
        # As they are, more positions would come nearer.
        plain = [1 - similarity(draw(rng, m), draw(rng, n)) for _ in range(draws)]
        few = [1 - similarity(draw(rng, m), draw(rng, m)) for _ in range(draws)]
        assert n == m or np.mean(plain) < np.mean(few)


def test_intervals_hold_a_true_move_as_often_as_they_say() -> None:
    rng, draws = np.random.default_rng(6), 400
    found = [apart(draw(rng, 15), draw(rng, 30, 0.8)) for _ in range(draws)]
    truth = np.mean([one.beyond for one in found])
    held = sum(one.low <= truth <= one.high for one in found) / draws
    seen = sum(one.low > 0 for one in found) / draws
    print(f"true move {truth:.4f} held by {held:.3f}, seen by {seen:.3f} of intervals")  # noqa: T201
    assert held >= 0.94
    assert seen >= 0.8
