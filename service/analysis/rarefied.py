"""How far two sets of positions are apart beyond what two halves of one set are.

Who says more comes nearer to everybody, so that sets of different sizes can't be compared as they
are. As ecologists compare what samples of different sizes hold, both are thought reduced to one
size (rarefaction: Hurlbert 1971), here half the smaller set: then a set's distance to the other,
and that of its own two halves, are figures of the same kind, and of two sets drawn from one source
they are equal on average. No halves are drawn: the mean over all of them is worked out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Of fewer positions there are no two halves of agreement.LEAST_POSITIONS.
LEAST_TO_HALVE = 4
# Of the interval: what lies below its upper end.
_UPPER = 0.975

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Apart:
    """`between` is 1 less the similarity of `matrix.Alike` of halves of the two sets, `within` that
    of two halves of the same set, the mean of both sets; each the mean over all halves, of `size`
    positions. `beyond` is the first less the second, with a 95% interval.

    The interval is Student's about the jackknife over the positions of both sets (Arvesen 1969).
    It covers which positions were uttered, not that those of one speech belong together. Of sets
    from one source it is too wide (Efron and Stein 1981): 0 lies below it less often than in 2.5%.
    """

    size: int
    between: float
    within: float
    beyond: float
    low: float
    high: float


def apart(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> Apart:
    """Unit vectors of two sets of at least LEAST_TO_HALVE, shape (positions, dimension) each."""
    from scipy.special import stdtrit

    m, n = len(one), len(other)
    size = min(m, n) // 2
    there, there_without = best_of(one @ other.T, size)
    back, back_without = best_of(other @ one.T, size)
    between = (there.mean() + back.mean()) / 2
    own, own_without = _halves(one, size)
    others, others_without = _halves(other, size)
    within = (own + others) / 2
    beyond = within - between
    # Of each position left out, of the one set and of the other.
    left_one = (own_without + others - _rest(there) - back_without.mean(axis=0)) / 2
    left_other = (own + others_without - there_without.mean(axis=0) - _rest(back)) / 2
    error = np.sqrt(_spread(left_one) + _spread(left_other))
    half = float(stdtrit(min(m, n) - 1, _UPPER)) * float(error)
    return Apart(
        size,
        float(1 - between),
        float(1 - within),
        float(beyond),
        float(beyond) - half,
        float(beyond) + half,
    )


def best_of(alike: npt.NDArray[np.float32], size: int) -> tuple[Floats, Floats]:
    """Of each row of `alike`, shape (rows, n): the mean, over all choices of `size` columns, of the
    largest figure in them, shape (rows,); and the same without each column, shape (rows, n). `size`
    is less than n.

    The k-th largest is the largest chosen where it is chosen and none above it is: in
    C(n - k, size - 1) of C(n, size) choices.
    """
    n = alike.shape[1]
    order = np.argsort(-alike, axis=1, kind="stable")
    falling = np.take_along_axis(alike, order, axis=1).astype(np.float64)
    fewer = _chances(n - 1, size)
    without = np.zeros(alike.shape)
    without[:, 1:] = np.cumsum(falling[:, :-1] * fewer, axis=1)  # of those above the one left out
    below = falling[:, 1:] * fewer
    without[:, :-1] += np.cumsum(below[:, ::-1], axis=1)[:, ::-1]
    placed = np.empty_like(without)
    np.put_along_axis(placed, order, without, axis=1)
    return falling @ _chances(n, size), placed


def _chances(n: int, size: int) -> Floats:
    """That each of `n` in falling order is the first of `size` that are drawn."""
    k = np.arange(n - 1)
    ratios = np.maximum(n - k - size, 0) / (n - k - 1)
    return np.asarray(size / n * np.concatenate(([1.0], np.cumprod(ratios))))


def _halves(vectors: npt.NDArray[np.float32], size: int) -> tuple[float, Floats]:
    """Similarity of two sets of `size` that have no position in common, the mean over all of them;
    and the same without each position."""
    n = len(vectors)
    others = ~np.eye(n, dtype=np.bool_)
    best, without = best_of((vectors @ vectors.T)[others].reshape(n, n - 1), size)
    left_out = np.zeros((n, n))
    left_out[others] = without.ravel()
    return float(best.mean()), left_out.sum(axis=0) / (n - 1)


def _rest(values: Floats) -> Floats:
    """Mean without each."""
    return np.asarray((values.sum() - values) / (len(values) - 1))


def _spread(left_out: Floats) -> float:
    n = len(left_out)
    return float((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
