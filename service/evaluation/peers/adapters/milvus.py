"""Milvus Lite through pymilvus: HNSW with M = 16 and efConstruction = 200 (the README of
milvus-lite; ef 64, as its search parameters are), INVERTED indexes on the fields that are filtered
("Indexes" there), filter expressions, and `group_by_field` for the best of each state ("Grouping
search" in Milvus's documentation), which looks at ten times as many rows as there are groups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pymilvus import DataType, MilvusClient

if TYPE_CHECKING:
    from service.evaluation.peers.driver import Dataset, Filter, Vectors

M, EF_CONSTRUCTION, EF = 16, 200, 64
_COLLECTION = "claims"
_AT_ONCE = 5_000  # a message has at most 64 MB


class Milvus:
    def build(self, dataset: Dataset, folder: Path) -> None:
        client = MilvusClient(str(folder / "claims.db"))
        schema = MilvusClient.create_schema(auto_id=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dataset.vectors.shape[1])
        schema.add_field("state", DataType.VARCHAR, max_length=8)
        schema.add_field("year", DataType.INT64)
        for name in dataset.flags:
            schema.add_field(name, DataType.BOOL)
        client.create_collection(_COLLECTION, schema=schema)
        fields, states = dataset.fields, dataset.states
        for start in range(0, len(dataset), _AT_ONCE):
            client.insert(_COLLECTION, [
                {"id": row, "vector": dataset.vectors[row], "state": states[fields["state"][row]],
                 "year": int(fields["year"][row])}
                | {name: bool(fields[name][row]) for name in dataset.flags}
                for row in range(start, min(start + _AT_ONCE, len(dataset)))
            ])  # fmt: skip
        client.flush(_COLLECTION)
        indexes = client.prepare_index_params()
        indexes.add_index(
            field_name="vector", index_type="HNSW", metric_type="IP",
            params={"M": M, "efConstruction": EF_CONSTRUCTION},
        )  # fmt: skip
        for name in ("state", "year", *dataset.flags):
            indexes.add_index(field_name=name, index_type="INVERTED")
        client.create_index(_COLLECTION, indexes)
        client.load_collection(_COLLECTION)
        client.close()

    def open(self, dataset: Dataset, folder: Path) -> None:
        self._states = len(dataset.spans)
        self._client = MilvusClient(str(folder / "claims.db"))
        self._client.load_collection(_COLLECTION)

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]:
        found = self._client.search(
            _COLLECTION, data=[query], anns_field="vector", filter=_expression(wanted),
            limit=self._states if wanted.each else most,
            search_params={"metric_type": "IP", "params": {"ef": EF}},
            **({"group_by_field": "state"} if wanted.each else {}),
        )  # fmt: skip
        return [int(hit["id"]) for hit in found[0]]


def _expression(wanted: Filter) -> str:
    if wanted.exclude:
        return f"state != '{wanted.exclude}'"
    if wanted.state:
        return f"state == '{wanted.state}'"
    if wanted.flag:
        return f"{wanted.flag} == true"
    if wanted.years:
        return f"year >= {wanted.years[0]} and year <= {wanted.years[1]}"
    return ""


def peer(variant: str) -> Milvus:
    return Milvus()
