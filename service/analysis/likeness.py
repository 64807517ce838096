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
# Others aren't ranked with fewer than LEAST_POSITIONS, nor with less than this share of the state's
# own positions: how near they come says too little.
LEAST_SHARE = 0.1
# Others from which it can be told how near as many positions come.
LEAST_OTHERS = 10
# Positions of others that are compared with a state's own at a time.
_AT_A_TIME = 4_000

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Likeness:
    """Of one other state, which has `claims` positions: `similarity` is that of `matrix.Alike`,
    `low` and `high` a 95% interval. `expected` is how near others with as many positions come to
    the same state, None where there are too few others to tell.

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
    expected: float | None

    @property
    def beyond(self) -> float:
        """By which it ranks."""
        return self.similarity - (self.expected or 0.0)


def likenesses(generation: Generation, rows: Rows, own: int) -> tuple[list[Likeness], int]:
    """The others with enough of `rows` to be ranked, nearest first, and how many have too few.

    Who says more comes nearer to everybody, whatever they say: the nearest are those whose
    similarity is farthest above what is expected of as many positions.

    `rows` are positions of all states and ascend; `own` is the state's number in the columns.
    None is ranked where the state itself has fewer than LEAST_POSITIONS.
    """
    owner = generation.columns.state[rows]
    starts = generation.columns.starts(owner)
    counts = np.diff(np.append(starts, len(rows)))
    numbers = owner[starts]
    mine = generation.index.vectors(rows[owner == own])
    least = max(LEAST_POSITIONS, LEAST_SHARE * len(mine))
    enough = (numbers != own) & (counts >= least)
    few = int(((numbers != own) & ~enough).sum())
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
            similarity, moved = best_matches(block, drawn, drawn_of_others)
            names.append((generation.columns.states[numbers[i]], int(counts[i])))
            similarities.append(similarity)
            moves.append(moved)
    if not names:
        return [], few
    low, high = similarities + np.percentile(moves, TAILS, axis=1)
    usual = expected(np.array([claims for _, claims in names]), np.array(similarities))
    found = [
        Likeness(
            state,
            claims,
            round(similarities[i], 6),
            round(float(low[i]), 6),
            round(float(high[i]), 6),
            round(usual[i], 6) if usual else None,
        )
        for i, (state, claims) in enumerate(names)
    ]
    return sorted(found, key=lambda likeness: (-likeness.beyond, likeness.state)), few


def of_two(
    mine: npt.NDArray[np.float32], theirs: npt.NDArray[np.float32], seed: int = SEED
) -> tuple[float, float, float]:
    """`similarity`, `low` and `high` of `Likeness`, of two states' positions: unit vectors, of
    shape (LEAST_POSITIONS or more, dimension)."""
    shape = (DRAWS, len(mine) + len(theirs))
    weights = np.random.default_rng(seed).poisson(1.0, shape).astype(float)
    similarity, moved = best_matches(
        mine @ theirs.T, weights[:, : len(mine)], weights[:, len(mine) :]
    )
    low, high = (similarity + np.percentile(moved, TAILS)).tolist()
    return similarity, low, high


def expected(claims: Rows, similarities: Floats) -> list[float] | None:
    """What so many positions come to on average: the line of least squares on the logarithm of
    their number. None for fewer than LEAST_OTHERS states, or where all have as many."""
    if len(claims) < LEAST_OTHERS or len(np.unique(claims)) == 1:
        return None
    number = np.log(claims)
    slope, level = np.polyfit(number, similarities, 1)
    usual: list[float] = (level + slope * number).tolist()
    return usual


def best_matches(
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
