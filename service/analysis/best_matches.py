"""How near the claims of one group come to those of another: the loop that every matrix runs.

A group is what one state or one statement says. Of two groups each claim has its best match in the
other, the largest cosine; sums of these are all that a similarity of the two needs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import combinations_with_replacement, product

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from service.domain.stages import proceed
from service.inference import cores
from service.retrieval.encoder import Vectors
from service.retrieval.index import Scores

# Claims of a tile's side: a tile of 1,024 x 1,024 floats fits a processor's cache, and is large
# enough for the matrix product to run at full speed.
_SIDE = 1_024

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of claims, one after the other: `vectors` has shape (claims, dimension), unit rows,
    and group i begins at `starts[i]`. No group is empty."""

    vectors: Vectors
    starts: Rows

    @property
    def counts(self) -> Rows:
        return np.diff(np.append(self.starts, len(self.vectors)))

    def __len__(self) -> int:
        return len(self.starts)

    def of(self, span: _Span) -> Groups:
        """Those from the first number of `span` up to the second."""
        first, last = span
        begin = self.starts[first]
        end = self.starts[last] if last < len(self) else len(self.vectors)
        return Groups(self.vectors[begin:end], self.starts[first:last] - begin)


def similarities(groups: Groups) -> Floats:
    """Of each two groups the mean, over the claims of both, of the best match in the other: shape
    (groups, groups), symmetric, 1 on the diagonal."""
    there = nearest_sums(groups)
    counts = groups.counts
    return np.asarray((there + there.T) / (counts[:, None] + counts[None, :]))


def nearest_sums(groups: Groups) -> Floats:
    """At [i, j] the sum, over the claims of group i, of the best match in group j."""
    found = np.empty((len(groups), len(groups)))

    def fill(a: _Span, b: _Span) -> None:
        there, back = _tile(groups.of(a), groups.of(b))
        found[slice(*a), slice(*b)] = there
        found[slice(*b), slice(*a)] = back.T

    _each(fill, combinations_with_replacement(spans(groups.counts, _SIDE), 2))
    return found


def sums_between(a: Groups, b: Groups) -> tuple[Floats, Floats]:
    """Two tables of shape (groups of a, groups of b): the sum, over the claims of a's group, of the
    best match in b's, and over those of b's group of the best match in a's."""
    there, back = np.empty((2, len(a), len(b)))

    def fill(one: _Span, other: _Span) -> None:
        place = slice(*one), slice(*other)
        there[place], back[place] = _tile(a.of(one), b.of(other))

    _each(fill, product(spans(a.counts, _SIDE), spans(b.counts, _SIDE)))
    return there, back


@dataclass(frozen=True, slots=True)
class Spread:
    """Of two sets of groups, a and b: `similarity` is that of `similarities`, `error` its standard
    error (infinite where a group has one claim only); both (groups of a, groups of b)."""

    similarity: Floats
    error: Floats


def spread_between(a: Groups, b: Groups) -> Spread:
    """The standard error is the infinitesimal jackknife's of `likeness.Likeness`: each claim counts
    with its own best match and, for whoever it is the best match of, the way to the second best.
    """
    similarity, error = np.empty((2, len(a), len(b)))

    def fill(one: _Span, other: _Span) -> None:
        place = slice(*one), slice(*other)
        similarity[place], error[place] = _tile_with_error(a.of(one), b.of(other))

    _each(fill, product(spans(a.counts, _SIDE), spans(b.counts, _SIDE)))
    return Spread(similarity, error)


def spans(counts: Rows, most: int) -> list[_Span]:
    """Neighbours together, as many as have no more than `most` claims; a larger group alone."""
    found: list[_Span] = []
    first, held = 0, 0
    for number, count in enumerate(counts.tolist()):
        if held and held + count > most:
            found.append((first, number))
            first, held = number, 0
        held += count
    return [*found, (first, len(counts))] if len(counts) else []


def _tile(a: Groups, b: Groups) -> tuple[Floats, Floats]:
    alike = a.vectors @ b.vectors.T
    # Maxima of float32 are exact, sums of them are made in float64.
    there = np.maximum.reduceat(alike, b.starts, axis=1)
    back = np.maximum.reduceat(alike, a.starts, axis=0)
    return (
        np.add.reduceat(there, a.starts, axis=0, dtype=np.float64),
        np.add.reduceat(back, b.starts, axis=1, dtype=np.float64),
    )


def _tile_with_error(a: Groups, b: Groups) -> tuple[Floats, Floats]:
    alike = a.vectors @ b.vectors.T
    best_of_a, adds_of_b = _best(alike, a.starts, b)
    best_of_b, adds_of_a = (table.T for table in _best(alike.T, b.starts, a))
    # (claims of a, groups of b), and (groups of a, claims of b).
    sum_a, spread_a = _sum_and_spread(best_of_a, adds_of_a, a, axis=0)
    sum_b, spread_b = _sum_and_spread(best_of_b, adds_of_b, b, axis=1)
    total = a.counts[:, None] + b.counts[None, :]
    return (sum_a + sum_b) / total, np.sqrt(spread_a + spread_b) / total


def _best(alike: Scores, rows: Rows, b: Groups) -> tuple[Floats, Floats]:
    """`alike` has the claims of `b` as columns, and rows that are grouped from `rows` on. Of each
    row its best match in each group of `b`, and of each column what the rows of a group would lose
    without it: shapes (rows, groups of b) and (groups of rows, claims of b)."""
    best = np.maximum.reduceat(alike, b.starts, axis=1)
    is_best = alike == np.repeat(best, b.counts, axis=1)
    second = np.maximum.reduceat(np.where(is_best, -np.inf, alike), b.starts, axis=1)
    # Where two are equally near, nothing is lost without one of them.
    alone = np.add.reduceat(is_best, b.starts, axis=1, dtype=np.int32) == 1
    lost = np.where(alone & np.isfinite(second), best - second, 0.0)
    adds = np.add.reduceat(
        np.where(is_best, np.repeat(lost, b.counts, axis=1), 0.0), rows, axis=0, dtype=np.float64
    )
    return best.astype(np.float64), adds


def _sum_and_spread(best: Floats, adds: Floats, groups: Groups, axis: int) -> tuple[Floats, Floats]:
    """Of each group the sum of its best matches, and how far the sum of what its claims count with
    spreads: n times their variance, n of them drawn from more of the same kind."""
    counts = np.expand_dims(groups.counts, 1 - axis)
    values = best + adds
    sums = np.add.reduceat(values, groups.starts, axis=axis)
    squares = np.add.reduceat(values**2, groups.starts, axis=axis)
    within = np.maximum(squares - sums**2 / counts, 0.0)
    spread = np.where(counts > 1, within * counts / np.maximum(counts - 1, 1), np.inf)
    return np.add.reduceat(best, groups.starts, axis=axis), spread


def _each(fill: Callable[[_Span, _Span], None], pairs: Iterable[tuple[_Span, _Span]]) -> None:
    """One thread a core, each with products on one thread: so the maxima, which take as long as
    the products, are shared out too."""
    pool = ThreadPoolExecutor(cores())
    with _products_on_one_thread():
        try:
            for _ in pool.map(lambda pair: fill(*pair), pairs):
                proceed()
        finally:
            pool.shutdown(cancel_futures=True)


_using = ExitStack(), threading.Lock()
_users = 0


@contextmanager
def _products_on_one_thread() -> Iterator[None]:
    """The limit is the whole process': the first one in sets it, the last one out lifts it."""
    global _users
    limits, lock = _using
    with lock:
        if not _users:
            limits.enter_context(threadpool_limits(1, "blas"))
        _users += 1
    try:
        yield
    finally:
        with lock:
            _users -= 1
            if not _users:
                limits.close()
