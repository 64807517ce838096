"""How alike one state's positions are to each other state's, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.analysis.agreement import LEAST_POSITIONS
from service.domain.stages import proceed
from service.retrieval.generations import Generation

# Of the percentile interval: draws, their seed, and what is left out on either side.
DRAWS, SEED, TAILS = 1_000, 0, (2.5, 97.5)
# Positions of others that are compared with a state's own at a time.
_AT_A_TIME = 4_000

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of one other state, which has `claims` positions: `similarity` is that of `matrix.Cell`,
    `low` and `high` a 95% interval.

    The interval covers what the figure would be if both states had spoken as often of the same
    mind, but in other positions: positions of both sides are drawn anew, as if independent, and
    each carries what it adds as somebody's best match. It doesn't cover that positions of one
    speech belong together, nor that more positions on either side find nearer matches.
    """

    state: str
    claims: int
    similarity: float
    low: float
    high: float


def likenesses(generation: Generation, rows: Rows, own: int) -> tuple[list[Likeness], int]:
    """The others with enough of `rows` to be ranked, nearest first, and how many have too few.

    `rows` are positions of all states and ascend; `own` is the state's number in the columns.
    None is ranked where the state itself has fewer than LEAST_POSITIONS.
    """
    owner = generation.columns.state[rows]
    starts = generation.columns.starts(owner)
    counts = np.diff(np.append(starts, len(rows)))
    numbers = owner[starts]
    enough = (numbers != own) & (counts >= LEAST_POSITIONS)
    few = int(((numbers != own) & ~enough).sum())
    mine = generation.index.vectors(rows[owner == own])
    if len(mine) < LEAST_POSITIONS:
        return [], few + int(enough.sum())
    most = int(counts[enough].max(initial=0))
    # Poisson weights stand for how often a position is drawn (Hanley and MacGibbon 2006): one
    # table serves samples of every size. A state's own weights are apart from the others'.
    weights = np.random.default_rng(SEED).poisson(1.0, (DRAWS, len(mine) + most)).astype(float)
    drawn, drawn_of_others = weights[:, : len(mine)], weights[:, len(mine) :]
    names, similarities, moves = list[tuple[str, int]](), list[float](), list[Floats]()
    for piece in _pieces(np.flatnonzero(enough), counts):
        proceed()
        others = [rows[starts[i] : starts[i] + counts[i]] for i in piece]
        alike = mine @ generation.index.vectors(np.concatenate(others)).T
        ends = np.cumsum(counts[piece])
        for i, block in zip(piece, np.split(alike, ends[:-1], axis=1), strict=True):
            similarity, moved = _alike(block, drawn, drawn_of_others)
            names.append((generation.columns.states[numbers[i]], int(counts[i])))
            similarities.append(similarity)
            moves.append(moved)
    if not names:
        return [], few
    low, high = similarities + np.percentile(moves, TAILS, axis=1)
    found = (
        Likeness(*name, *(round(float(figure), 6) for figure in figures))
        for name, *figures in zip(names, similarities, low, high, strict=True)
    )
    return sorted(found, key=lambda likeness: (-likeness.similarity, likeness.state)), few


def _alike(
    alike: npt.NDArray[np.float32], drawn: Floats, drawn_of_others: Floats
) -> tuple[float, Floats]:
    """Mean of the best matches both ways, of `alike` with shape (own, others), and how far each
    draw moves it: shape (draws,).

    Drawing both sides anew and matching again would lose near matches that only a repeated
    position can't have: the bootstrap of nearest neighbours fails (Abadie and Imbens 2008). So
    each position is given what the sum of best matches would lose without it, which is its own
    best match and, for whoever it is the best match of, the way to the second best; means of these
    are drawn. Their spread is the jackknife's, on average never too small (Efron and Stein 1981).
    """
    best, adds = _best(alike)
    best_of_others, adds_of_others = _best(alike.T)
    total = len(best) + len(best_of_others)
    similarity = (best.sum() + best_of_others.sum()) / total
    own = _spread(best + adds_of_others)
    others = _spread(best_of_others + adds)
    moved = (drawn @ own + drawn_of_others[:, : len(others)] @ others) / total
    return float(similarity), moved


def _best(alike: npt.NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Of each row its largest figure, and of each column how far the rows whose largest it is
    would fall without it."""
    every = np.arange(len(alike))
    place = alike.argmax(axis=1)
    best = alike[every, place].astype(np.float64)
    second = np.partition(alike, -2, axis=1)[:, -2].astype(np.float64)
    return best, np.bincount(place, best - second, alike.shape[1]).astype(np.float64)


def _spread(values: Floats) -> Floats:
    """About their mean; a sample of n spreads less than what it is drawn from."""
    n = len(values)
    return np.asarray((values - values.mean()) * np.sqrt(n / (n - 1)))


def _pieces(numbers: Rows, counts: Rows) -> list[Rows]:
    """Neighbours, together about _AT_A_TIME positions."""
    if not len(numbers):
        return []
    piece = np.cumsum(counts[numbers]) // _AT_A_TIME
    return np.split(numbers, np.flatnonzero(np.diff(piece)) + 1)
