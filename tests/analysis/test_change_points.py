"""Change points against every segmentation there is, and how often noise raises an alarm."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
import ruptures
from hypothesis import given, settings
from hypothesis import strategies as st

from service.analysis.change_points import (
    LEAST_OF_SEGMENT,
    LEAST_YEARS,
    LEVEL,
    MOST_CHANGES,
    change_points,
    segmentations,
)

Draw = Any


def cost(points: np.ndarray, starts: tuple[int, ...]) -> float:
    edges = (0, *starts, len(points))
    segments = [points[a:b] for a, b in pairwise(edges)]
    return float(sum(((s - s.mean(axis=0)) ** 2).sum() for s in segments))


def all_segmentations(n: int, changes: int) -> list[tuple[int, ...]]:
    return [
        starts
        for starts in combinations(range(1, n), changes)
        if all(b - a >= LEAST_OF_SEGMENT for a, b in pairwise((0, *starts, n)))
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(LEAST_YEARS, 14), st.integers(1, 3), st.integers(0, 10_000))
def test_segmentations_are_the_best_of_all(n: int, dimension: int, seed: int) -> None:
    points = np.random.default_rng(seed).standard_normal((n, dimension))
    found = segmentations(points)
    assert len(found) == min(MOST_CHANGES, n // LEAST_OF_SEGMENT - 1)
    for changes, (starts, gain) in enumerate(found, start=1):
        best = min(all_segmentations(n, changes), key=lambda s: cost(points, s))
        assert starts == best
        assert gain == pytest.approx(n * np.log(cost(points, ()) / cost(points, best)))
        search = ruptures.Dynp(model="l2", min_size=LEAST_OF_SEGMENT, jump=1).fit(points)
        assert search.predict(n_bkps=changes) == [*starts, n]


def test_distances_of_unit_vectors_are_those_of_the_cosine_kernel() -> None:
    rng = np.random.default_rng(3)
    means = rng.standard_normal((20, 40)) + np.repeat([[0.0], [0.7]], [9, 11], axis=0)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    search = ruptures.KernelCPD(kernel="cosine", min_size=LEAST_OF_SEGMENT).fit(means)
    for changes, (starts, gain) in enumerate(segmentations(unit), start=1):
        assert search.predict(n_bkps=changes) == [*starts, 20]
        alike = unit @ unit.T
        # Sums of squared distances to the means, by the kernel alone.
        whole = 20 - alike.sum() / 20
        within = 20 - sum(alike[a:b, a:b].sum() / (b - a) for a, b in pairwise((0, *starts, 20)))
        assert gain == pytest.approx(20 * np.log(whole / within))
    found = change_points(unit, seed=0)
    assert found is not None
    assert found.starts == (9,)


def test_the_changes_found_are_those_that_pay_for_the_penalty() -> None:
    """Of all segmentations, whatever their number of changes."""
    rng = np.random.default_rng(8)
    series = np.repeat([0.0, 3.0, -1.0], 5) + rng.standard_normal(15) * 0.5
    found = change_points(series, seed=0)
    assert found is not None
    assert found.starts == (5, 10)
    points = series[:, None]
    every = [s for k in range(MOST_CHANGES + 1) for s in all_segmentations(15, k)]
    best = min(every, key=lambda s: 15 * np.log(cost(points, s)) + found.penalty * len(s))
    assert best == found.starts


NOISE: dict[str, Draw] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "heavy tails": lambda rng, n: rng.standard_t(2, n),
    "skew": lambda rng, n: rng.exponential(size=n),
    "two values": lambda rng, n: rng.choice([-1.0, 1.0], n, p=[0.2, 0.8]),
    "directions": lambda rng, n: _unit(rng.standard_normal((n, 16)) + 1.0),
}


def _unit(values: np.ndarray) -> np.ndarray:
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True))


@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("years", [12, 30])
def test_noise_raises_an_alarm_in_one_case_of_twenty_at_most(kind: str, years: int) -> None:
    rng, series, alarms = np.random.default_rng(years), 100, 0
    for seed in range(series):
        found = change_points(NOISE[kind](rng, years), seed)
        if found is not None:
            assert bool(found.starts) == (found.p <= LEVEL) or kind == "two values"
            alarms += bool(found.starts)
    print(f"{kind}, {years} years: {alarms} alarms in {series} series of noise")  # noqa: T201
    # 5% and what chance adds: more than 12 of 100 in one test of five hundred.
    assert alarms <= 12


def test_a_change_is_found_where_it_was_planted() -> None:
    rng, near = np.random.default_rng(4), 0
    for seed in range(15):
        series = np.repeat([0.0, 1.5], [12, 8]) + rng.standard_normal(20) * 0.5
        found = change_points(series, seed)
        assert found is not None
        near += len(found.starts) == 1 and abs(found.starts[0] - 12) <= 1
    assert near >= 14


def test_p_is_how_often_another_order_shows_as_much() -> None:
    """Against all orders of a series with one outlying end, by drawing them independently."""
    series = np.array([0.1, -0.2, 0.3, 0.0, 1.1, -0.3, 0.9, 0.8, 0.4])
    found = change_points(series, seed=1)
    assert found is not None

    def strength(values: np.ndarray) -> float:
        points = values[:, None]
        whole = cost(points, ())
        return max(
            9 * np.log(whole / cost(points, s)) / k for k in (1, 2) for s in all_segmentations(9, k)
        )

    rng = np.random.default_rng(99)
    own = strength(series)
    beaten = np.mean([strength(rng.permutation(series)) >= own - 1e-9 for _ in range(2_000)])
    spread = np.sqrt(beaten * (1 - beaten)) * (1 / np.sqrt(2_000) + 1 / np.sqrt(500))
    assert found.p == pytest.approx(beaten, abs=3 * spread)


def test_too_few_years_and_nothing_but_one_value_tell_nothing() -> None:
    assert change_points(np.arange(LEAST_YEARS - 1.0), seed=0) is None
    assert change_points(np.empty((0, 3)), seed=0) is None
    assert change_points(np.full(20, 0.3), seed=0) is None
    assert change_points(np.arange(LEAST_YEARS + 4.0), seed=0) is not None


def test_the_same_seed_gives_the_same() -> None:
    series = np.random.default_rng(2).standard_normal(15)
    assert change_points(series, 7) == change_points(series, 7)
    assert change_points(series, 7) != change_points(series, 8)
