"""Vectors of a generation, mapped from their file and scored exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from service.errors import IndexUnusable
from service.retrieval.encoder import Vectors

Scores = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]
# Numbers of a vector by which products are bounded: so few leave one pair in two hundred.
_FIRST = 64
_ROUNDING = 1e-4


class VectorIndex:
    """Unit vectors whose rows stand contiguously by state, in one file that processes share."""

    def __init__(self, vectors: npt.NDArray[np.float32]) -> None:
        """`vectors` has shape (count, dimension), and may be mapped from a file."""
        self._vectors: Vectors = np.asarray(vectors)
        self.count, self.dimension = (int(length) for length in vectors.shape)
        self._rows: Rows = np.arange(self.count)
        # Where they are mapped from: the file, and how far into it they begin.
        self._file: tuple[Path, int] | None = None
        if isinstance(vectors, np.memmap):
            self._file = Path(str(vectors.filename)), vectors.offset

    @classmethod
    def write(cls, path: Path, shape: tuple[int, int], pieces: Iterable[Vectors]) -> None:
        """`pieces` follow each other; together they have `shape`. Never all in memory."""
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        try:
            # By writing, not by mapping: a full disk is an error then, not a signal.
            with path.open("wb") as file:
                np.lib.format.write_array_header_1_0(file, header)
                for piece in pieces:
                    file.write(np.ascontiguousarray(piece, "<f4").data)
        except OSError as error:
            raise IndexUnusable(f"{path} can't be written: {error.strerror or error}") from error

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """Map a file that has been verified."""
        try:
            stored = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise IndexUnusable(f"{path} can't be read: run `python -m service build`") from error
        if stored.ndim != 2 or stored.dtype != np.float32 or not stored.flags.c_contiguous:
            raise IndexUnusable(f"{path} doesn't hold rows of float32: build again")
        return cls(stored)

    def scores(self, query: Vectors, mask: Mask | None = None) -> Scores:
        """Inner product of `query`, shape (dimension,), with every row, or with those in `mask`,
        shape (count,).

        Shape (count,), float32; -inf outside the mask.
        """
        self._check(query)
        rows = self._rows if mask is None else np.where(mask, self._rows, -1)
        return _inner_products(query, self._vectors, rows)

    def similarities(self, query: Vectors, rows: Rows) -> Scores:
        """Inner product of `query` with each of `rows`, the same to the last bit as in `scores`.

        Shape (len(rows),)."""
        self._check(query)
        return _inner_products(query, self._vectors, np.ascontiguousarray(rows, np.int64))

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

    def read(self, start: int, end: int) -> Vectors:
        """The rows from `start` to `end`, read from the file: what is mapped counts as memory."""
        if self._file is None:
            return self._vectors[start:end]
        path, offset = self._file
        width = self.dimension
        first = offset + start * width * self._vectors.itemsize
        found = np.fromfile(path, np.float32, (end - start) * width, offset=first)
        return found.reshape(-1, width)

    def vectors(self, rows: npt.NDArray[np.int64] | Sequence[int] | slice | int) -> Vectors:
        """Shape (rows, dimension); of a single row, (dimension,)."""
        return self._vectors[rows]

    def _check(self, query: Vectors) -> None:
        if query.shape != (self.dimension,):
            raise ValueError(f"a query has {self.dimension} numbers, not {query.shape}")


def one_thread() -> None:
    """Of the calling thread: requests run side by side, and those of faiss would only wait."""
    faiss.omp_set_num_threads(1)


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
        one_thread()
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
