"""Plain FAISS: `flat`, and `hnsw` as its wiki has it: IndexHNSWFlat with M = 32 ("Guidelines to
choose an index"), efSearch 64, rows chosen by an IDSelector ("Setting search parameters for one
query"). It keeps no fields: what a filter means is reckoned beside it, for every query."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np

if TYPE_CHECKING:
    from service.evaluation.peers.driver import Dataset, Filter, Vectors

M, EF_SEARCH = 32, 64
_AT_ONCE = 50_000


class Faiss:
    def __init__(self, variant: str) -> None:
        self._is_flat = variant == "flat"

    def build(self, dataset: Dataset, folder: Path) -> None:
        d = dataset.vectors.shape[1]
        index = (
            faiss.IndexFlatIP(d)
            if self._is_flat
            else faiss.IndexHNSWFlat(d, M, faiss.METRIC_INNER_PRODUCT)
        )
        for start in range(0, len(dataset), _AT_ONCE):
            index.add(np.ascontiguousarray(dataset.vectors[start : start + _AT_ONCE]))
        faiss.write_index(index, str(folder / "index.faiss"))

    def open(self, dataset: Dataset, folder: Path) -> None:
        self._dataset = dataset
        self._index = faiss.read_index(str(folder / "index.faiss"))

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]:
        if wanted.each:
            spans = self._dataset.spans.values()
            return [row for span in spans for row in self._nearest(query, _range(span), 1)]
        return self._nearest(query, self._selector(wanted), most)

    def _nearest(self, query: Vectors, selector: Any, most: int) -> list[int]:
        if self._is_flat:
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        else:
            hnsw = faiss.SearchParametersHNSW  # type: ignore[attr-defined]
            parameters = hnsw(sel=selector, efSearch=EF_SEARCH)
        _, rows = self._index.search(query[None], most, params=parameters)
        return [row for row in rows[0].tolist() if row >= 0]

    def _selector(self, wanted: Filter) -> Any:
        if wanted.state:
            return _range(self._dataset.spans[wanted.state])
        if wanted.exclude:
            return faiss.IDSelectorNot(_range(self._dataset.spans[wanted.exclude]))
        mask = self._dataset.mask(wanted)
        if mask is None:
            return None
        of_bits: Any = faiss.IDSelectorBitmap  # its stub has the arguments of C++
        return of_bits(np.packbits(mask, bitorder="little"))


def _range(span: tuple[int, int]) -> Any:
    return faiss.IDSelectorRange(*span)


def peer(variant: str) -> Faiss:
    return Faiss(variant)
