"""LanceDB as its documentation has it: IVF_PQ, which it names for searches with filters ("Vector
Indexes", Choosing the right index), dot products for vectors of length 1 ("Indexing Data"), 20
probes, its default, and a refine factor of 10 (the example of "ANN indexes"); filters before the
search, its default, over scalar indexes: BITMAP for few values, BTREE for ranges ("Scalar
Indexes"). It groups nothing: the best of each state is one filtered query a state."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import lancedb
import pyarrow as pa
from lancedb.index import Bitmap, BTree, IvfPq

if TYPE_CHECKING:
    from service.evaluation.peers.driver import Dataset, Filter, Vectors

NPROBES, REFINE_FACTOR = 20, 10
_TABLE = "claims"
_AT_ONCE = 50_000


class Lance:
    def build(self, dataset: Dataset, folder: Path) -> None:
        schema = pa.schema([
            ("row", pa.int32()), ("vector", pa.list_(pa.float32(), dataset.vectors.shape[1])),
            ("state", pa.string()), ("year", pa.int32()),
            *((name, pa.bool_()) for name in dataset.flags),
        ])  # fmt: skip
        table = lancedb.connect(folder).create_table(
            _TABLE, _batches(dataset, schema), schema=schema
        )
        table.create_index("vector", config=IvfPq(distance_type="dot"))
        for column in ("state", *dataset.flags):
            table.create_index(column, config=Bitmap())
        table.create_index("year", config=BTree())

    def open(self, dataset: Dataset, folder: Path) -> None:
        self._dataset = dataset
        self._table = lancedb.connect(folder).open_table(_TABLE)

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]:
        if wanted.each:
            states = self._dataset.spans
            return [r for code in states for r in self._nearest(query, f"state = '{code}'", 1)]
        return self._nearest(query, _where(wanted), most)

    def _nearest(self, query: Vectors, where: str | None, most: int) -> list[int]:
        asked = self._table.search(query).distance_type("dot").select(["row", "_distance"])
        asked = asked.nprobes(NPROBES).refine_factor(REFINE_FACTOR)
        if where:
            asked = asked.where(where)
        found: list[int] = asked.limit(most).to_arrow()["row"].to_pylist()
        return found


def _batches(dataset: Dataset, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    fields = dataset.fields
    names = pa.array(dataset.states)
    for start in range(0, len(dataset), _AT_ONCE):
        of = slice(start, start + _AT_ONCE)
        vectors = dataset.vectors[of]
        flat = pa.array(vectors.reshape(-1))
        columns = [
            pa.array(range(start, start + len(vectors)), pa.int32()),
            pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
            names.take(pa.array(fields["state"][of])),
            pa.array(fields["year"][of].astype("int32")),
            *(pa.array(fields[name][of]) for name in dataset.flags),
        ]
        yield pa.record_batch(columns, schema=schema)


def _where(wanted: Filter) -> str | None:
    if wanted.exclude:
        return f"state != '{wanted.exclude}'"
    if wanted.state:
        return f"state = '{wanted.state}'"
    if wanted.flag:
        return f"{wanted.flag} = true"
    if wanted.years:
        return f"year BETWEEN {wanted.years[0]} AND {wanted.years[1]}"
    return None


def peer(variant: str) -> Lance:
    return Lance()
