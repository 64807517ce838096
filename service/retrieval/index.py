"""Vectors of a generation, scanned exactly. The only module that imports faiss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from service.errors import IndexUnusable
from service.retrieval.encoder import Vectors

# Bytes.
_WRITTEN_AT_ONCE = 1 << 20

Scores = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
# Numbers of a vector by which products are bounded: so few leave one pair in two hundred.
_FIRST = 64
_ROUNDING = 1e-4


class VectorIndex:
    """An exact inner-product index whose rows stand contiguously by state.

    Every search scores all rows that pass its filters: nothing is approximated, so a filter
    never hides a row that an unfiltered search would have shown.
    """

    def __init__(self, flat: faiss.IndexFlatIP) -> None:
        self._flat = flat
        self.count = int(flat.ntotal)
        self.dimension = int(flat.d)
        stored = faiss.rev_swig_ptr(flat.get_xb(), self.count * self.dimension)
        self._vectors: Vectors = stored.reshape(self.count, self.dimension)
        self._rows: Rows = np.arange(self.count)

    @classmethod
    def write(cls, path: Path, vectors: Vectors) -> None:
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(np.ascontiguousarray(vectors, np.float32))
        try:
            # By Python's file: what fails when faiss closes its own, it only prints.
            with path.open("wb") as file:
                writer = faiss.PyCallbackIOWriter(file.write, _WRITTEN_AT_ONCE)  # type: ignore[attr-defined]
                faiss.write_index(flat, writer)
        except (OSError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or error
            raise IndexUnusable(f"{path} can't be written: {why}") from error

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """Map an index file that has been verified: faiss trusts what it reads."""
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexUnusable(f"{path} can't be read: run `python -m service build`") from error
        if not isinstance(index, faiss.IndexFlatIP):
            raise IndexUnusable(f"{path} isn't a flat inner-product index: build again")
        return cls(index)

    def scores(self, query: Vectors, mask: Mask | None = None) -> Scores:
        """Inner product of `query`, shape (dimension,), with every row, or with those in `mask`,
        shape (count,).

        Shape (count,), float32; -inf outside the mask.
        """
        if query.shape != (self.dimension,):
            raise ValueError(f"a query has {self.dimension} numbers, not {query.shape}")
        rows = self._rows if mask is None else np.where(mask, self._rows, -1)
        return _inner_products(query, self._vectors, rows)

    def products(self, heads: Sequence[int], rows: Rows, least: float) -> Scores:
        """Inner product of each of the rows `heads` with each of `rows`; where it is below `least`
        it may be -inf instead.

        Shape (len(heads), len(rows)). Vectors have length 1, so by Cauchy and Schwarz the first of
        their numbers bound what the others add, and only what may reach `least` is read in full.
        """
        first, places = self._vectors[rows, :_FIRST], np.arange(len(rows))
        rest = _rest(first)
        out = np.empty((len(heads), len(rows)), np.float32)
        for place, head in enumerate(self._vectors[heads]):
            most = _inner_products(head[:_FIRST], first, places) + rest * _rest(head[:_FIRST])
            near = np.where(most >= least - _ROUNDING, rows, -1)
            out[place] = _inner_products(head, self._vectors, near)
        return out

    def vectors(self, rows: npt.NDArray[np.int64] | Sequence[int] | slice | int) -> Vectors:
        """Shape (rows, dimension); of a single row, (dimension,)."""
        return self._vectors[rows]


def _rest(first: Vectors) -> Vectors:
    """The length of what stands after the `first` numbers of vectors of length 1."""
    rest: Vectors = np.sqrt(np.maximum(0.0, 1.0 - np.einsum("...j,...j", first, first)))
    return rest


def _inner_products(query: Vectors, vectors: Vectors, rows: Rows) -> Scores:
    """With each of the `rows` of `vectors`; -inf for row -1. Shape (rows,).

    Not by BLAS, which would start threads for each request, and without those of faiss.
    """
    out = np.empty(len(rows), np.float32)
    if len(rows):
        faiss.omp_set_num_threads(1)  # of this thread alone
        query = np.ascontiguousarray(query, np.float32)
        faiss.fvec_inner_products_by_idx(  # type: ignore[attr-defined]
            *(faiss.swig_ptr(array) for array in (out, query, vectors, rows)),
            len(query),
            1,
            len(rows),
        )
    return out


def bare_scan(vectors: Vectors) -> Callable[[Vectors], None]:
    """The yardstick of the benchmark: plain faiss for the ten nearest, on one thread, which is
    the quicker way for a single query."""
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(np.ascontiguousarray(vectors))

    def scan(query: Vectors) -> None:
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        flat.search(query[None], 10)
        faiss.omp_set_num_threads(threads)

    return scan
