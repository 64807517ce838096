"""Qdrant's local mode, as the README of its client has it: exact, filters over payloads, groups by
`query_points_groups` ("Search groups"). It says itself that it isn't meant for more than 20,000
points; payload indexes have no effect in it. `disk` (`QdrantClient(path=...)`) commits point by
point, 60 a second or so on a slow disk; `memory` (":memory:") has no file, and what `disk` does in
its build is part of its start."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qdrant_client import QdrantClient, models

if TYPE_CHECKING:
    from service.evaluation.peers.driver import Dataset, Filter, Vectors

_COLLECTION = "claims"
_AT_ONCE = 10_000


class Qdrant:
    def __init__(self, variant: str) -> None:
        self._in_memory = variant == "memory"

    def build(self, dataset: Dataset, folder: Path) -> None:
        if not self._in_memory:
            client = QdrantClient(path=str(folder))
            self._upload(client, dataset)
            client.close()

    def open(self, dataset: Dataset, folder: Path) -> None:
        self._states = len(dataset.spans)
        if self._in_memory:
            self._client = QdrantClient(":memory:")
            self._upload(self._client, dataset)
        else:
            # Its own lock is for one thread; searches read memory only.
            self._client = QdrantClient(path=str(folder), force_disable_check_same_thread=True)

    def _upload(self, client: QdrantClient, dataset: Dataset) -> None:
        client.create_collection(
            _COLLECTION,
            vectors_config=models.VectorParams(
                size=dataset.vectors.shape[1], distance=models.Distance.DOT
            ),
        )
        fields, states = dataset.fields, dataset.states
        for start in range(0, len(dataset), _AT_ONCE):
            rows = range(start, min(start + _AT_ONCE, len(dataset)))
            client.upload_collection(
                _COLLECTION,
                vectors=dataset.vectors[rows.start : rows.stop],
                payload=[
                    {"state": states[fields["state"][row]], "year": int(fields["year"][row])}
                    | {name: bool(fields[name][row]) for name in dataset.flags}
                    for row in rows
                ],
                ids=list(rows),
            )

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]:
        if wanted.each:
            answer = self._client.query_points_groups(
                _COLLECTION, group_by="state", query=query, limit=self._states, group_size=1,
                with_payload=False,
            )  # fmt: skip
            return [int(group.hits[0].id) for group in answer.groups]
        found = self._client.query_points(
            _COLLECTION, query=query, query_filter=_filter(wanted), limit=most, with_payload=False
        )
        return [int(point.id) for point in found.points]


def _filter(wanted: Filter) -> models.Filter | None:
    def matches(key: str, value: str | bool) -> models.FieldCondition:
        return models.FieldCondition(key=key, match=models.MatchValue(value=value))

    if wanted.exclude:
        return models.Filter(must_not=[matches("state", wanted.exclude)])
    if wanted.state:
        return models.Filter(must=[matches("state", wanted.state)])
    if wanted.flag:
        return models.Filter(must=[matches(wanted.flag, True)])
    if wanted.years:
        within = models.Range(gte=wanted.years[0], lte=wanted.years[1])
        return models.Filter(must=[models.FieldCondition(key="year", range=within)])
    return None


def peer(variant: str) -> Qdrant:
    return Qdrant(variant)
