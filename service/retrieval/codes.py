"""Compact codes: what may be near is found among 48 bytes a claim, before anything is read in full.

Product quantisation to four bits (Jégou, Douze and Schmid 2011), scanned by fast lookups in
registers (André, Kermarrec and Le Scouarnec 2017), one list a state. A code tells a similarity only
roughly, and how roughly is measured on the corpus itself when it is built: `Bound`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from service.errors import IndexUnusable
from service.retrieval.encoder import Vectors
from service.retrieval.index import Mask, Rows, Scores, VectorIndex, one_thread

# Fewer claims are scored exactly in a millisecond or two, so they have no codes.
LEAST_ROWS = 20_000
# Numbers of a vector that share a code of four bits.
_NUMBERS = 4
_TRAINED_ON, _SEED = 65_536, 20_210_629
_WRITTEN_AT_ONCE, _ADDED_AT_ONCE = 1 << 20, 1 << 16
# Of the bound: claims that stand for queries, the rows nearest to each, and the share of near rows
# whose code may tell less than the bound says.
_PROBES, _NEAREST = 96, 2_000
MISSED = 0.01
# Of each state's list so many are read whatever they are, where its best row is looked for.
SURE = 8


@dataclass(frozen=True, slots=True)
class Bound:
    """Of rows of similarity s, all but a share MISSED have a code that tells at least
    `slope` * s + `intercept` - `margin`.

    Measured on the `pairs` of a claim and those of other states that come nearest to it. Of a
    state's best rows most are among the SURE of which most is told. Of them all, a quarter of
    MISSED at most (questions are somewhat harder than claims) are neither there nor told within
    `best_margin` of what would be expected of the nearest that is.
    """

    slope: float
    intercept: float
    margin: float
    pairs: int
    best_margin: float | None = None  # indexes that were built before have none

    def hidden(self, told: Scores) -> Scores:
        """The highest similarity of which so little may be told."""
        return self._similarity(told, self.margin)

    def hidden_best(self, told: Scores) -> Scores:
        """The same of a state's best row that isn't among the SURE of which most is told."""
        return self._similarity(told, self.margin if self.best_margin is None else self.best_margin)

    def _similarity(self, told: Scores, margin: float) -> Scores:
        found: Scores = (told - self.intercept + margin) / self.slope
        return found


class Codes:
    """Of each row one code, in the list of its state's positions or in that of its other claims.

    List 2 s is of the positions of the s-th state, 2 s + 1 of the others: most questions are about
    positions, of some states, and then need look at nothing else.
    """

    def __init__(self, lists: faiss.IndexIVFPQFastScan, bound: Bound) -> None:
        self._lists = lists
        self.bound = bound
        self.count = int(lists.ntotal)

    @classmethod
    def write(cls, path: Path, index: VectorIndex, starts: Rows, positions: Mask) -> None:
        """Of all rows of `index`, whose states begin at `starts`; the bound is in the file as well.
        The file says that there are none where there are fewer rows than LEAST_ROWS."""
        if index.count < LEAST_ROWS:
            path.write_bytes(_NONE)
            return
        rng = np.random.default_rng(_SEED)
        sample = np.sort(rng.choice(index.count, min(_TRAINED_ON, index.count), replace=False))
        lists = _empty(index.dimension, 2 * len(starts))
        lists.pq.train(index.vectors(sample))
        lists.is_trained = True
        _fill(lists, index, lists_of(starts, positions), np.arange(index.count))
        _write(path, lists, _measured(index, lists, starts, positions, rng))

    @classmethod
    def grow(
        cls,
        path: Path,
        before: Path,
        count: int,
        index: VectorIndex,
        starts: Rows,
        positions: Mask,
        source: Rows,
    ) -> None:
        """Of `index`, whose row i was row `source[i]` of the `count` rows that `before` has codes
        of, or, from there on, is new; states stay. What is gone keeps its codes, under a number
        that no mask has."""
        former = cls.open(before) if index.count >= LEAST_ROWS else None
        if former is None:
            cls.write(path, index, starts, positions)
            return
        lists: Any = former._lists
        stays = np.flatnonzero(source < count)
        place = np.full(count + 1, index.count)
        place[source[stays]] = stays
        for number in range(lists.nlist):
            if size := lists.invlists.list_size(number):
                rows = faiss.rev_swig_ptr(lists.invlists.get_ids(number), size)
                rows[:] = place[rows]
        _fill(lists, index, lists_of(starts, positions), np.flatnonzero(source >= count))
        _write(path, lists, former.bound)

    @classmethod
    def open(cls, path: Path) -> Codes | None:
        """From a file that has been verified, for faiss trusts what it reads; None where it says
        that there are none."""
        try:
            with path.open("rb") as file:
                first = file.readline(_WRITTEN_AT_ONCE)
                if first == _NONE:
                    return None
                bound = Bound(**json.loads(first))
                lists = faiss.read_index(
                    faiss.PyCallbackIOReader(file.read)  # type: ignore[attr-defined]
                )
        except (OSError, ValueError, TypeError, RuntimeError) as error:
            raise IndexUnusable(f"{path} can't be read: run `python -m service build`") from error
        if not isinstance(lists, faiss.IndexIVFPQFastScan):
            raise IndexUnusable(f"{path} doesn't hold codes: build again")
        return cls(lists, bound)

    def nearest(
        self, query: Vectors, lists: Rows, most: int, within: Selector | None
    ) -> tuple[Rows, Scores]:
        """The `most` rows of these lists, taken together, of which most is told, and what is told;
        best first. Shapes (found,). Without `within`, of all that the lists have."""
        told, rows = _scan(self._lists, query[None], lists[None], most, within)
        found = rows[0] >= 0
        return rows[0][found], told[0][found]

    def nearest_each(
        self, queries: Vectors, lists: Rows, most: int, within: Selector | None
    ) -> tuple[Rows, Scores]:
        """The i-th query in the i-th row of `lists`, shape (queries, lists a query; -1: none).
        Shapes (queries, most); rows are -1 where there are no more."""
        told, rows = _scan(self._lists, queries, lists, most, within)
        return rows, told


class Selector:
    """The rows of a mask, as faiss takes them."""

    def __init__(self, mask: Mask) -> None:
        self._bits = np.packbits(mask, bitorder="little")  # faiss doesn't copy them
        made: Any = faiss.IDSelectorBitmap
        self.selector = made(self._bits)


def _scan(
    searched: faiss.IndexIVFPQFastScan,
    queries: Vectors,
    lists: Rows,
    most: int,
    within: Selector | None,
) -> tuple[Scores, Rows]:
    """What is told and the rows, shapes (queries, most); the i-th query in the i-th row of `lists`
    only."""
    one_thread()
    queries = np.ascontiguousarray(queries, np.float32)
    lists = np.ascontiguousarray(lists, np.int64)
    coarse = np.zeros(lists.shape, np.float32)
    told = np.empty((len(queries), most), np.float32)
    rows = np.empty((len(queries), most), np.int64)
    made: Any = faiss.SearchParametersIVF
    # Not by Python's wrapper, which takes no parameters.
    searched.search_preassigned_c(  # type: ignore[attr-defined]
        len(queries),
        faiss.swig_ptr(queries),
        most,
        *(faiss.swig_ptr(array) for array in (lists, coarse, told, rows)),
        False,
        made(nprobe=lists.shape[1], sel=within.selector if within else None),
        None,
    )
    return told, rows


_FAR = 1e3
_NONE = b"null\n"


def _empty(dimension: int, lists: int) -> faiss.IndexIVFPQFastScan:
    # Queries name their lists, so the lists' centroids say nothing; those of `_fill` are far off.
    centroids = faiss.IndexFlatL2(dimension)
    centroids.add(np.full((lists, dimension), _FAR, np.float32))
    made = faiss.IndexIVFPQFastScan(
        centroids, dimension, lists, dimension // _NUMBERS, 4, faiss.METRIC_INNER_PRODUCT
    )
    made.by_residual = False
    centroids.this.disown()  # type: ignore[attr-defined]
    made.own_fields = True
    return made


def lists_of(starts: Rows, positions: Mask) -> Rows:
    """The list of each row."""
    state = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(positions)))
    return 2 * state + ~positions


def _fill(lists: faiss.IndexIVFPQFastScan, index: VectorIndex, list_of: Rows, rows: Rows) -> None:
    """List by list: while its centroid alone is near, all that is added falls into it."""
    centroids: Any = faiss.downcast_index(lists.quantizer)
    near = faiss.rev_swig_ptr(centroids.get_xb(), centroids.ntotal * index.dimension)
    near = near.reshape(-1, index.dimension)
    rows = rows[np.argsort(list_of[rows], kind="stable")]
    bounds = np.searchsorted(list_of[rows], np.arange(lists.nlist + 1)).tolist()
    for number, (start, end) in enumerate(pairwise(bounds)):
        near[number] = 0.0
        for piece in range(start, end, _ADDED_AT_ONCE):
            some = rows[piece : min(piece + _ADDED_AT_ONCE, end)]
            lists.add_with_ids(index.vectors(some), some)
        near[number] = _FAR


def _spans(starts: Rows, count: int) -> list[tuple[int, int]]:
    return list(zip(starts.tolist(), [*starts[1:].tolist(), count], strict=True))


def _measured(
    index: VectorIndex,
    lists: faiss.IndexIVFPQFastScan,
    starts: Rows,
    positions: Mask,
    rng: np.random.Generator,
) -> Bound:
    """By claims as queries, against the nearest rows of other states, and these states' best."""
    near, told, seen, best = [], [], [], []
    spans = _spans(starts, index.count)
    for probe in rng.choice(index.count, min(_PROBES, index.count), replace=False).tolist():
        query = index.vectors(probe)
        scores = index.scores(query)
        start, end = next(span for span in spans if span[0] <= probe < span[1])
        if len(spans) == 1:  # whoever is alone is measured by what else it says
            start, end = probe, probe + 1
        scores[start:end] = -np.inf
        rows = np.argpartition(-scores, min(_NEAREST, index.count - 1))[:_NEAREST]
        rows = rows[scores[rows] > -np.inf]
        near.append(scores[rows])
        told.append(_decoded(lists.pq, index, rows) @ query)
        for asked, others in ((np.where(positions, scores, -np.inf), False), (scores, True)):
            of_seen, of_best = _bests(query, asked, index, lists, starts, others=others)
            seen.append(of_seen)
            best.append(of_best)
    s, a = np.concatenate(near).astype(np.float64), np.concatenate(told).astype(np.float64)
    slope, intercept = np.polyfit(s, a, 1)
    margin = -np.quantile(a - (slope * s + intercept), MISSED)
    lacking = slope * np.concatenate(seen) + intercept - np.concatenate(best)
    best_margin = max(0.0, float(np.quantile(lacking, 1 - MISSED / 4, method="higher")))
    return Bound(float(slope), float(intercept), float(margin), len(s), best_margin)


def _bests(
    query: Vectors,
    scores: Scores,
    index: VectorIndex,
    lists: faiss.IndexIVFPQFastScan,
    starts: Rows,
    *,
    others: bool,
) -> tuple[Scores, Scores]:
    """Of each state that has rows which score: how near the best is of the SURE of which most is
    told, and what is told of the best of all, which is infinite where it is among these."""
    states = np.flatnonzero(np.maximum.reduceat(scores, starts) > -np.inf)
    if not len(states):
        return np.empty(0, np.float32), np.empty(0, np.float32)
    of = 2 * states[:, None] + np.arange(1 + others)
    queries = np.repeat(query[None], len(states), 0)
    rows = _scan(lists, queries, of, SURE, None)[1]
    found = np.where(rows >= 0, scores[rows], -np.inf)
    ends = np.append(starts[1:], len(scores))
    bests = np.array(
        [starts[i] + int(scores[starts[i] : ends[i]].argmax()) for i in states.tolist()]
    )
    told = _decoded(lists.pq, index, bests) @ query
    return found.max(axis=1), np.where((rows == bests[:, None]).any(axis=1), np.inf, told)


def _decoded(pq: Any, index: VectorIndex, rows: Rows) -> Vectors:
    decoded: Vectors = pq.decode(pq.compute_codes(index.vectors(rows)))
    return decoded


def _write(path: Path, lists: faiss.IndexIVFPQFastScan, bound: Bound) -> None:
    try:
        # By Python's file: what fails when faiss closes its own, it only prints.
        with path.open("wb") as file:
            file.write(json.dumps(asdict(bound)).encode() + b"\n")
            faiss.write_index(
                lists,
                faiss.PyCallbackIOWriter(file.write, _WRITTEN_AT_ONCE),  # type: ignore[attr-defined]
            )
    except (OSError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise IndexUnusable(f"{path} can't be written: {why}") from error
