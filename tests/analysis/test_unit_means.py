"""Means by unit and their intervals, against sums by hand, scipy and known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from service.analysis.unit_means import DRAWS, Observed, UnitMeans


def observed(*rows: tuple[int, int, int, int, float]) -> Observed:
    """Unit, statement, row, column, value."""
    unit, statement, row, column, value = zip(*rows, strict=True)
    whole = (np.array(part, np.int64) for part in (unit, statement, row, column))
    return Observed(*whole, np.array(value, np.float64))


def interval(means: UnitMeans, names: list[str], seed: int = 0) -> list[list[float]]:
    cells, _ = means.cells()
    moved = np.array([drawn[:, 0] for drawn, _ in means.draws(names, seed)])
    return np.array(means.interval(cells[:, 0], moved)).T.tolist()


def test_claims_of_a_speech_are_drawn_together() -> None:
    said = [
        (3, 7, 1, 0, 1.0), (3, 7, 2, 0, 0.0), (3, 8, 3, 0, 0.5), (3, 9, 4, 0, 0.7),
        (1, 2, 5, 0, 0.1), (1, 2, 6, 0, 0.3), (1, 3, 7, 1, -1.0),
    ]  # fmt: skip
    means = UnitMeans.of(observed(*said), 2)
    assert means.units.tolist() == [1, 3]
    assert means.clusters().tolist() == [3, 3]  # two statements are too few: claim by claim
    cells, weights = means.cells()
    assert cells[:, 0] == pytest.approx([0.2, 0.55])
    assert cells[0, 1] == -1.0
    assert np.isnan(cells[1, 1])
    assert weights.tolist() == [[2, 1], [4, 0]]
    names = ["", "B", "", "D"]
    draws = list(means.draws(names, 0))
    assert len(draws) == DRAWS
    for drawn, counted in draws:
        assert counted[0].sum() == 3
        if counted[1, 0] == 6:  # the speech with two claims, three times
            assert drawn[1, 0] == pytest.approx(0.5)


def test_scipys_bootstrap_has_the_same_interval() -> None:
    random = np.random.default_rng(1)
    speeches = random.normal(0.2, 0.3, (12, 4))
    said = [(0, s, 4 * s + k, 0, speeches[s, k]) for s in range(12) for k in range(4)]
    ((low, high),) = interval(UnitMeans.of(observed(*said), 1), ["A"])
    sample = speeches.mean(axis=1)
    drawn = bootstrap(
        (sample,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    wider = np.sqrt(12 / 11)
    mean = sample.mean()
    assert low == pytest.approx(mean + (drawn.low - mean) * wider, abs=0.01)
    assert high == pytest.approx(mean + (drawn.high - mean) * wider, abs=0.01)


def test_a_units_interval_rests_on_nobody_else() -> None:
    random = np.random.default_rng(3)
    both = [(u, 10 * u + s, 100 * u + s, 0, random.random()) for u in (0, 1) for s in range(8)]
    names = ["A", "B"]
    first, second = interval(UnitMeans.of(observed(*both), 1), names)
    alone = interval(UnitMeans.of(observed(*both[8:]), 1), names)
    assert alone == [second]
    assert interval(UnitMeans.of(observed(*both), 1), names) == [first, second]
    assert interval(UnitMeans.of(observed(*both), 1), names, seed=1) != [first, second]


def test_intervals_cover_the_truth() -> None:
    """Claims of a speech are alike, so that drawing claims would be far too sure."""
    random, inside = np.random.default_rng(4), []
    for trial in range(120):
        speeches = random.normal(0.1, 0.4, 15)[:, None] + random.normal(0, 0.2, (15, 6))
        said = [(0, s, 6 * s + k, 0, speeches[s, k]) for s in range(15) for k in range(6)]
        ((low, high),) = interval(UnitMeans.of(observed(*said), 1), [str(trial)])
        inside.append(low < 0.1 < high)
    assert np.mean(inside) > 0.88
