"""usearch with its defaults (README for Python: connectivity 16, expansion 128 and 64, the storage
type that it chooses itself). Its Python package has no filters: predicates are for C++, C and Rust
("Filtering with predicate functions" in its README)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from usearch.index import Index

if TYPE_CHECKING:
    from service.evaluation.peers.driver import Dataset, Filter, Vectors

THREADS = 2  # of the build
_AT_ONCE = 50_000


class Usearch:
    def build(self, dataset: Dataset, folder: Path) -> None:
        index = self._index(dataset)
        for start in range(0, len(dataset), _AT_ONCE):
            vectors = np.ascontiguousarray(dataset.vectors[start : start + _AT_ONCE])
            index.add(np.arange(start, start + len(vectors)), vectors, threads=THREADS)
        index.save(str(folder / "index.usearch"))

    def open(self, dataset: Dataset, folder: Path) -> None:
        self._searched = self._index(dataset)
        self._searched.load(str(folder / "index.usearch"))

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]:
        if wanted.each or wanted.exclude or wanted.state or wanted.flag or wanted.years:
            raise NotImplementedError("no filters in its Python package")
        rows: list[int] = self._searched.search(query, most, threads=1).keys.tolist()
        return rows

    def _index(self, dataset: Dataset) -> Index:
        return Index(ndim=dataset.vectors.shape[1], metric="cos")


def peer(variant: str) -> Usearch:
    return Usearch()
