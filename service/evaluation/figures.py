"""Figures and their intervals: what all evaluations reckon with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

SEED = 20_261_126
DRAWS = 1_000
Numbers = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]
Reckon = Callable[[Numbers], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]"


def bootstrap(figure: Reckon, subjects: npt.NDArray[Any], draws: int = DRAWS) -> Figure:
    """`figure` of all rows, and of rows of subjects drawn with replacement: rows on one subject
    aren't independent. NaN where there is nothing to reckon with."""
    rng = np.random.default_rng(SEED)
    names, numbers = np.unique(subjects, return_inverse=True)
    rows = [np.flatnonzero(numbers == i) for i in range(len(names))]
    drawn = [
        figure(np.concatenate([rows[i] for i in rng.integers(len(names), size=len(names))]))
        for _ in range(draws)
    ]
    known = [value for value in drawn if not np.isnan(value)] or [float("nan")]
    low, high = np.quantile(known, [0.025, 0.975])
    return Figure(figure(np.arange(len(subjects))), float(low), float(high))


def share(of: npt.NDArray[np.bool_], are: npt.NDArray[np.bool_]) -> Reckon:
    """Of the rows that are `of`, how many are `are`."""
    return lambda rows: float(are[rows][of[rows]].mean()) if of[rows].any() else float("nan")


def macro_f1(truth: Numbers, guess: Numbers) -> float:
    """The mean F1 of the classes that occur in either; classes are numbered from 0."""
    classes = int(max(truth.max(), guess.max())) + 1
    table = np.bincount(truth * classes + guess, minlength=classes**2).reshape(classes, classes)
    size = table.sum(axis=0) + table.sum(axis=1)
    return float((2 * table.diagonal()[size > 0] / size[size > 0]).mean())


def kappa(first: Numbers, second: Numbers) -> float:
    """Cohen's: how much of what chance left two readers agree on; classes are numbered from 0.
    NaN where both give everything the same class."""
    classes = int(max(first.max(), second.max())) + 1
    rates = [np.bincount(given, minlength=classes) / len(given) for given in (first, second)]
    chance = float(rates[0] @ rates[1])
    return (float((first == second).mean()) - chance) / (1 - chance) if chance < 1 else float("nan")


def calibration_error(probabilities: Probabilities, truth: Numbers) -> float:
    """Expected calibration error of the likeliest class, in ten bins of equal width."""
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    bins = np.minimum((sure * 10).astype(int), 9)
    return float(
        sum(
            abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean()
            for b in np.unique(bins)
        )
    )


def brier(probabilities: Probabilities, truth: Numbers) -> float:
    """Mean squared distance to the truth, summed over the classes."""
    classes = probabilities.shape[1]
    return float(((probabilities - np.eye(classes)[truth]) ** 2).sum(axis=1).mean())


def base_rates(truth: Numbers, classes: int) -> Probabilities:
    """For every row the share of each class among all rows."""
    shares = np.bincount(truth, minlength=classes) / len(truth)
    return np.tile(shares, (len(truth), 1))
