"""Vectors of a generation, scanned exactly. The only module that imports faiss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from service.errors import IndexUnusable
from service.retrieval.encoder import Vectors

Scores = npt.NDArray[np.float32]
Range = tuple[int, int]


class VectorIndex:
    """An exact inner-product index whose rows stand contiguously by state.

    Every search scores all rows of the ranges it is given: nothing is approximated, so a
    filter never hides a row that an unfiltered search would have shown.
    """

    def __init__(self, flat: faiss.IndexFlatIP) -> None:
        self._flat = flat
        self.count = int(flat.ntotal)
        self.dimension = int(flat.d)
        stored = faiss.rev_swig_ptr(flat.get_xb(), self.count * self.dimension)
        self._vectors: Vectors = stored.reshape(self.count, self.dimension)

    @classmethod
    def write(cls, path: Path, vectors: Vectors) -> None:
        flat = faiss.IndexFlatIP(vectors.shape[1])
        flat.add(np.ascontiguousarray(vectors, np.float32))
        try:
            faiss.write_index(flat, str(path))
        except RuntimeError as error:
            raise IndexUnusable(f"{path} can't be written: {error}") from error

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

    def scores(self, query: Vectors, ranges: Sequence[Range]) -> Scores:
        """Inner product of `query`, shape (dimension,), with every row of `ranges`, which ascend
        and lie apart.

        Shape (count,), float32; -inf outside the ranges.
        """
        if query.shape != (self.dimension,):
            raise ValueError(f"a query has {self.dimension} numbers, not {query.shape}")
        query = np.ascontiguousarray(query, np.float32)
        out = np.empty(self.count, np.float32)
        scored = 0
        for start, end in ranges:
            out[scored:start] = -np.inf
            _inner_products(out[start:end], query, self._vectors[start:end])
            scored = end
        out[scored:] = -np.inf
        return out

    def products(self, heads: Sequence[int], rows: npt.NDArray[np.int64]) -> Scores:
        """Inner product of each of the rows `heads` with each of `rows`, which ascend.

        Shape (len(heads), len(rows)). Not by BLAS, which would start threads for each request.
        """
        first, last = int(rows[0]), int(rows[-1]) + 1
        dense = last - first < 3 * len(rows)  # then it's quicker not to pick them out
        vectors = self._vectors[first:last] if dense else self._vectors[rows]
        out = np.empty((len(heads), len(vectors)), np.float32)
        for place, head in enumerate(heads):
            _inner_products(out[place], self._vectors[head], vectors)
        return out[:, rows - first] if dense else out

    def vectors(self, rows: npt.NDArray[np.int64] | Sequence[int] | slice | int) -> Vectors:
        """Shape (rows, dimension); of a single row, (dimension,)."""
        return self._vectors[rows]


def _inner_products(out: Scores, query: Vectors, vectors: Vectors) -> None:
    """All contiguous; `out` has an element for each row of `vectors`."""
    if len(vectors):
        faiss.fvec_inner_products_ny(  # type: ignore[attr-defined]
            faiss.swig_ptr(out),
            faiss.swig_ptr(query),
            faiss.swig_ptr(vectors),
            len(query),
            len(vectors),
        )


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
