"""Vectors of a generation, mapped from their file and scored exactly as they stand there.

A vector is stored as numbers of sixteen bits, the greatest 32,767, and as what makes its length 1:
half the memory of float32. What is rounded away changes a similarity by 1.4 millionths as a rule.
Half-precision floats take as much room, round seven times as much, and are slow to read where NumPy
knows no instruction for it.
"""

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
Stored = npt.NDArray[np.int16]
_GREATEST = 32_767
# Numbers of sixteen bits after those of the vector: a float32 that they are to be multiplied by.
_FACTOR = 2
# Vectors that are read at a time: so many stay in the processor's cache.
_AT_ONCE = 512
# Numbers of a vector by which products are bounded: so few leave one pair in two hundred.
_FIRST = 64
_ROUNDING = 1e-4


class VectorIndex:
    """Unit vectors whose rows stand contiguously by state, in one file that processes share."""

    def __init__(self, stored: Stored) -> None:
        """`stored` has a row a vector, and may be mapped from a file."""
        self._stored: Stored = np.asarray(stored)
        self._factors = _factors(self._stored)
        self.count, self.dimension = len(stored), stored.shape[1] - _FACTOR
        # Where they are mapped from: the file, and how far into it they begin.
        self._file: tuple[Path, int] | None = None
        if isinstance(stored, np.memmap):
            self._file = Path(str(stored.filename)), stored.offset

    @classmethod
    def write(cls, path: Path, shape: tuple[int, int], pieces: Iterable[Vectors]) -> None:
        """`pieces` follow each other; together they have `shape`. Never all in memory. What was
        stored and read before is stored as it was."""
        count, dimension = shape
        whole = count, dimension + _FACTOR
        header = {"descr": "<i2", "fortran_order": False, "shape": whole}
        try:
            # By writing, not by mapping: a full disk is an error then, not a signal.
            with path.open("wb") as file:
                np.lib.format.write_array_header_1_0(file, header)
                for piece in pieces:
                    file.write(_rounded(np.asarray(piece, np.float32)).data)
        except OSError as error:
            raise IndexUnusable(f"{path} can't be written: {error.strerror or error}") from error

    @classmethod
    def open(cls, path: Path) -> VectorIndex:
        """Map a file that has been verified."""
        try:
            stored = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise IndexUnusable(f"{path} can't be read: run `python -m service build`") from error
        whole = stored.ndim == 2 and stored.shape[1] > _FACTOR and stored.flags.c_contiguous
        if not whole or stored.dtype != np.int16:
            raise IndexUnusable(f"{path} doesn't hold rows of sixteen-bit numbers: build again")
        return cls(stored)

    def scores(self, query: Vectors, mask: Mask | None = None) -> Scores:
        """Similarity of `query`, shape (dimension,), to every row, or to those in `mask`, shape
        (count,).

        Shape (count,), float32; -inf outside the mask.
        """
        self._check(query)
        if mask is None:
            return _inner_products(query, self._stored) * self._factors
        out = np.full(self.count, -np.inf, np.float32)
        rows = np.flatnonzero(mask)
        out[rows] = self.similarities(query, rows)
        return out

    def similarities(self, query: Vectors, rows: Rows) -> Scores:
        """Similarity of `query` to each of `rows`, the same to the last bit as in `scores`.

        Shape (len(rows),)."""
        self._check(query)
        return _inner_products(query, self._stored, rows) * self._factors[rows]

    def products(self, heads: Sequence[int], rows: Rows, least: float) -> Scores:
        """Similarity of each of the rows `heads` to each of `rows`; where it is below `least` it
        may be -inf instead.

        Shape (len(heads), len(rows)). By Cauchy and Schwarz the first numbers of two vectors bound
        what the others add, and only what may reach `least` is read in full.
        """
        stored = self._stored.take(rows, axis=0)
        factors = _factors(stored)
        first = stored[:, : min(_FIRST, self.dimension)].astype(np.float32) * factors[:, None]
        rest = _rest(first)
        out = np.full((len(heads), len(rows)), -np.inf, np.float32)
        for place, head in enumerate(self.vectors(heads)):
            told = np.einsum("ij,j->i", first, head[:_FIRST])
            near = np.flatnonzero(told + rest * _rest(head[:_FIRST]) >= least - _ROUNDING)
            out[place, near] = _inner_products(head, stored, near) * factors[near]
        return out

    def read(self, start: int, end: int) -> Vectors:
        """The rows from `start` to `end`, read from the file: what is mapped counts as memory."""
        if self._file is None:
            return self.vectors(slice(start, end))
        path, offset = self._file
        width = self._stored.shape[1]
        first = offset + start * width * self._stored.itemsize
        found = np.fromfile(path, self._stored.dtype, (end - start) * width, offset=first)
        return _floats(found.reshape(-1, width))

    def vectors(self, rows: npt.NDArray[np.int64] | Sequence[int] | slice | int) -> Vectors:
        """Shape (rows, dimension); of a single row, (dimension,)."""
        if isinstance(rows, int | np.integer):
            (found,) = self.vectors([int(rows)])
            return np.asarray(found)
        return _floats(np.ascontiguousarray(self._stored[rows]))

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


def _rounded(vectors: Vectors) -> Stored:
    """As stored. The factor follows from the numbers alone, and these from any multiple of them: so
    what was stored and read is stored again as it was."""
    greatest = np.abs(vectors).max(axis=1, keepdims=True, initial=1e-30)
    numbers = np.rint(vectors * (_GREATEST / greatest))
    length = np.linalg.norm(numbers.astype(np.float64), axis=1, keepdims=True)
    factor = np.reciprocal(np.maximum(length, 1.0)).astype("<f4")
    return np.hstack([numbers.astype("<i2"), factor.view("<i2")])


def _floats(stored: Stored) -> Vectors:
    """The vectors of rows."""
    found: Vectors = stored[:, :-_FACTOR].astype(np.float32)
    found *= _factors(stored)[:, None]
    return found


def _factors(stored: Stored) -> npt.NDArray[np.float32]:
    """Of rows that stand one after the other. Shape (rows,)."""
    count, width = stored.shape
    if not count:
        return np.empty(0, np.float32)
    offset = (width - _FACTOR) * stored.itemsize
    return np.ndarray((count,), "<f4", stored.data, offset, (width * stored.itemsize,))


def _inner_products(query: Vectors, stored: Stored, rows: Rows | None = None) -> Scores:
    """Of `query` with the numbers of each of the `rows` (None: of all), whatever the others are.

    Shape (rows,). Not by BLAS, which would start threads for each request, and without those of
    faiss.
    """
    count = len(stored) if rows is None else len(rows)
    out = np.empty(count, np.float32)
    query = np.ascontiguousarray(query, np.float32)
    some = np.empty((min(count, _AT_ONCE), stored.shape[1]), stored.dtype)
    numbers = np.empty((len(some), len(query)), np.float32)
    products = np.empty(len(some), np.float32)
    pointers = [faiss.swig_ptr(array) for array in (products, query, numbers)] if count else []
    one_thread()
    for start in range(0, count, _AT_ONCE):
        end = min(start + _AT_ONCE, count)
        read = stored[start:end]
        if rows is not None:  # they exist: clipping is what spares NumPy a copy
            read = stored.take(rows[start:end], 0, some[: end - start], "clip")
        np.copyto(numbers[: end - start], read[:, :-_FACTOR])
        faiss.fvec_inner_products_ny(*pointers, len(query), end - start)  # type: ignore[attr-defined]
        out[start:end] = products[: end - start]
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
