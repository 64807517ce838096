"""Positions of two statements side by side: who is whose counterpart, how alike both statements
are and, kept apart, how often they agree; the figures only, with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.analysis.agreement import LEAST_POSITIONS
from service.analysis.likeness import DRAWS, SEED, TAILS, of_two
from service.domain.stages import Stage, stage
from service.domain.stance import Verdict
from service.retrieval.columns import Mask
from service.retrieval.encoder import Vectors

# Judged pairs that take a side; a share of fewer says too little.
LEAST_SIDES = 3
# Pairs judged for one comparison, the nearest first.
MOST_JUDGED = 300

Pair = tuple[int, int]
Table = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """Of n positions of A and m of B: `similarity` has shape (n, m), and so has `near`, which marks
    the pairs that are on the same point. `pairs` are those made one to one, by the position of A;
    `nearest_b` gives for each position of A, shape (n,), the number of the nearest one of B,
    `nearest_a` the other way round, shape (m,)."""

    similarity: Table
    near: Mask
    pairs: tuple[Pair, ...]
    nearest_b: npt.NDArray[np.int64]
    nearest_a: npt.NDArray[np.int64]

    @property
    def turned(self) -> Alignment:
        """The same with B first."""
        pairs = tuple(sorted((j, i) for i, j in self.pairs))
        return Alignment(self.similarity.T, self.near.T, pairs, self.nearest_a, self.nearest_b)

    def counterparts(self) -> list[Pair]:
        """All pairs on the same point, each position with as many as it has: by the position of A,
        then of B."""
        return [(int(i), int(j)) for i, j in np.argwhere(self.near)]

    def shown(self) -> tuple[dict[int, Pair], dict[int, Pair]]:
        """The pair by which each position of A that has a counterpart is shown, and each of B: the
        one made one to one, or where it has none, that with the nearest, which is paired with
        another then. So what A says twice and B once is on one point, and not in A only."""
        by_a, by_b = {pair[0]: pair for pair in self.pairs}, {pair[1]: pair for pair in self.pairs}
        for i in np.flatnonzero(self.near.any(axis=1)).tolist():
            by_a.setdefault(i, (i, int(self.nearest_b[i])))
        for j in np.flatnonzero(self.near.any(axis=0)).tolist():
            by_b.setdefault(j, (int(self.nearest_a[j]), j))
        return by_a, by_b


def align(similarity: Table, level: float) -> Alignment:
    """`similarity` has shape (n, m), neither zero. On the same point is a pair that is as alike as
    `level`, and more alike than not.

    One to one is the pairing of greatest total similarity among these pairs: one below the level
    adds nothing and is never made, however many positions stay alone for it.
    """
    near = (similarity >= level) & (similarity > 0)
    return Alignment(
        similarity,
        near,
        tuple(sorted(paired(similarity, near))),
        similarity.argmax(axis=1),
        similarity.argmax(axis=0),
    )


def paired(similarity: Table, may: Mask) -> list[Pair]:
    """Rows and columns one to one, among the pairs that `may` be, with the greatest total
    similarity. Both are tables of shape (rows, columns); pairs whose similarity isn't positive
    never are."""
    from scipy.optimize import linear_sum_assignment  # a fifth of a second

    may = may & (similarity > 0)
    rows, columns = np.flatnonzero(may.any(axis=1)), np.flatnonzero(may.any(axis=0))
    worth = np.where(may, similarity, 0.0)[np.ix_(rows, columns)].astype(np.float64)
    chosen = zip(*linear_sum_assignment(worth, maximize=True), strict=True)
    pairs = ((int(rows[i]), int(columns[j])) for i, j in chosen)
    return [(row, column) for row, column in pairs if may[row, column]]


def judged(
    pairs: Sequence[Pair],
    texts: Callable[[int, int], tuple[str, str]],
    judge: Callable[[Sequence[tuple[str, str]]], Sequence[Verdict]],
) -> dict[Pair, Verdict]:
    """The verdicts on the first MOST_JUDGED of `pairs`. `texts` gives what is asked and what is
    judged of each."""
    chosen = list(dict.fromkeys(pairs))[:MOST_JUDGED]
    with stage(Stage.JUDGE):
        verdicts = judge([texts(*pair) for pair in chosen])
    return dict(zip(chosen, verdicts, strict=True))


def similarity_of(a: Vectors, b: Vectors, seed: int = SEED) -> Estimate | None:
    """Of two statements, by their positions' vectors, shapes (n, dimension) and (m, dimension): the
    figure of `matrix.Alike`. None where either has fewer than LEAST_POSITIONS positions.

    The interval is that of `likeness.Likeness`: what the figure would be if both had said as many
    other positions of the same mind.
    """
    if min(len(a), len(b)) < LEAST_POSITIONS:
        return None
    value, low, high = of_two(a, b, seed)
    # A cosine reaches no farther than 1, wherever the spread of a few positions would.
    return Estimate(value, max(low, -1.0), min(high, 1.0))


def agreement_of(aligned: int, opposed: int, seed: int = SEED) -> Estimate | None:
    """The share of the aligned among pairs that are aligned or opposed; None where there are fewer
    than LEAST_SIDES of them.

    The interval covers what the share would be in other pairs of the same two speakers: the pairs
    are drawn anew, each with a random weight (the Bayesian bootstrap, Rubin 1981; all weights of
    one kind together are a gamma draw). Half a pair of either kind is drawn beside them, or a few
    pairs that all agree would have an interval of no width (Brown, Cai and DasGupta 2001). It
    doesn't cover that the model errs, nor that pairs of one passage belong together.
    """
    pairs = aligned + opposed
    if pairs < LEAST_SIDES:
        return None
    draw = np.random.default_rng(seed).standard_gamma
    agreeing, other = draw(aligned + 0.5, 10 * DRAWS), draw(opposed + 0.5, 10 * DRAWS)
    low, high = np.percentile(agreeing / (agreeing + other), TAILS)
    # Where all pairs are of one kind, the end at which they all are is within.
    return Estimate(
        aligned / pairs, float(low) if aligned else 0.0, float(high) if opposed else 1.0
    )
