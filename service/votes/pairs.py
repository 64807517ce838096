"""Figures on pairs of states: Spearman's correlation and the area under the ROC curve, of all pairs
and with each state left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Different states, each two of them once: shapes (pairs,). `one` and `two` number the states,
    `x` and `y` are dense ranks (0 for the lowest value, equal for equal ones) of a measure and of
    agreement in votes, `alike` marks pairs that vote alike."""

    one: Rows
    two: Rows
    x: Rows
    y: Rows
    alike: Mask

    def __len__(self) -> int:
        return len(self.x)

    def figures(self, kept: Rows | None = None) -> tuple[float, float]:
        """Spearman's correlation, and the AUC of the measure for voting alike, of all pairs or of
        those `kept`: nan where they aren't defined, for want of pairs that differ."""
        x, y, alike = self.x, self.y, self.alike
        if kept is not None:
            x, y, alike = x[kept], y[kept], alike[kept]
        ranks, spread = _ranks(x)
        others, spread_of_others = _ranks(y)
        return _correlation(ranks, others, spread * spread_of_others), auc(ranks, alike)

    def left_out(self, groups: Rows, number: int) -> tuple[Floats, Rows]:
        """The figures without each of `number` groups of states in turn, and how many pairs are
        left then: shapes (2, number) and (number,). `groups` has the group of each state. Ranks are
        taken anew: without a group they change."""
        figures = np.empty((2, number))
        figures[:] = np.array(self.figures())[:, None]
        left = np.full(number, len(self))
        one, two = groups[self.one], groups[self.two]
        for group in np.union1d(one, two):
            kept = np.flatnonzero((one != group) & (two != group))
            figures[:, group] = self.figures(kept)
            left[group] = len(kept)
        return figures, left


def pairs_of(numbers: Rows, measure: Floats, votes: Floats, alike: Floats) -> Pairs:
    """Those of which both `measure` and `votes` are known. The matrices are symmetric, of shape
    (states, states), nan where unknown; `alike` is 1 or 0 where votes are known. `numbers` are the
    states' own."""
    known = ~(np.isnan(measure) | np.isnan(votes))
    one, two = np.nonzero(np.triu(known, 1))
    # By the measure: its ranks are then looked up in the order in which they lie.
    order = np.argsort(measure[one, two], kind="stable")
    one, two = one[order], two[order]
    return Pairs(
        numbers[one],
        numbers[two],
        _dense(measure[one, two]),
        _dense(votes[one, two]),
        alike[one, two] == 1,
    )


def midranks(dense: Rows) -> Floats:
    """Average ranks from 1, of values given by dense ranks, some of which may not occur."""
    return _ranks(dense)[0]


def auc(ranks: Floats, positive: Mask) -> float:
    """The probability that a positive ranks above a negative, a tie counting half (Hanley and
    McNeil 1982); nan where either is missing."""
    many = int(positive.sum())
    others = len(ranks) - many
    if not many or not others:
        return np.nan
    return float((ranks @ positive - many * (many + 1) / 2) / (many * others))


def _ranks(dense: Rows) -> tuple[Floats, float]:
    """Average ranks, and the sum of their squared distances from their mean."""
    counts = np.bincount(dense)
    n, tied = len(dense), counts.astype(float)
    spread = (n**3 - n - float((tied**3 - tied).sum())) / 12
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[dense]), spread


def _correlation(ranks: Floats, others: Floats, spreads: float) -> float:
    """Pearson's, of average ranks; nan for fewer than two, or where either are all tied."""
    n = len(ranks)
    if n < 2 or spreads <= 0:
        return np.nan
    return (float(ranks @ others) - n * ((n + 1) / 2) ** 2) / float(np.sqrt(spreads))


def _dense(values: Floats) -> Rows:
    # Of products of different order, equal values differ in their last bits: they are ties.
    return np.asarray(np.unique(np.round(values, 12), return_inverse=True)[1], np.int64)
