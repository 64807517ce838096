"""hnswlib as its README has it: M = 16, ef_construction = 200, ef = 50, filters by a function that
Python calls for every row looked at (which the README says is slow). Where it finds fewer rows than
were asked for, it gives none and raises an error: that counts as nothing found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import hnswlib
import numpy as np

if TYPE_CHECKING:
    from service.evaluation.peers.driver import Dataset, Filter, Vectors

M, EF_CONSTRUCTION, EF = 16, 200, 50
THREADS = 2  # of the build
_AT_ONCE = 50_000
_TOO_FEW = "Cannot return the results"


class Hnsw:
    def build(self, dataset: Dataset, folder: Path) -> None:
        index = hnswlib.Index(space="ip", dim=dataset.vectors.shape[1])
        index.init_index(max_elements=len(dataset), ef_construction=EF_CONSTRUCTION, M=M)
        for start in range(0, len(dataset), _AT_ONCE):
            vectors = dataset.vectors[start : start + _AT_ONCE]
            rows = np.arange(start, start + len(vectors))
            index.add_items(vectors, rows, num_threads=THREADS)
        index.save_index(str(folder / "index.bin"))

    def open(self, dataset: Dataset, folder: Path) -> None:
        self._dataset = dataset
        self._index = hnswlib.Index(space="ip", dim=dataset.vectors.shape[1])
        self._index.load_index(str(folder / "index.bin"), max_elements=len(dataset))
        self._index.set_ef(EF)

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]:
        if wanted.each:
            found = []
            for start, end in self._dataset.spans.values():
                found += self._nearest(query, lambda row, a=start, b=end: a <= row < b, 1)
            return found
        mask = self._dataset.mask(wanted)
        if mask is None:
            return self._nearest(query, None, most)
        passing = int(np.count_nonzero(mask))
        # Bytes are made and read faster than a list.
        return self._nearest(query, mask.tobytes().__getitem__, min(most, passing))

    def _nearest(self, query: Vectors, passes: object, most: int) -> list[int]:
        try:
            rows, _ = self._index.knn_query(query, k=most, num_threads=1, filter=passes)
        except RuntimeError as error:
            if _TOO_FEW in str(error):
                return []
            raise
        found: list[int] = rows[0].tolist()
        return found


def peer(variant: str) -> Hnsw:
    return Hnsw()
