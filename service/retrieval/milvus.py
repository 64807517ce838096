"""Vectors in Milvus: one collection a generation, complete before the generation is current.

Everything is written and flushed before a collection is loaded, and nothing afterwards: whoever has
it loaded has all of it, so searches needn't wait for the latest writes (consistency level Bounded);
only the count by which it is checked does (Strong).
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from service.errors import IndexUnusable
from service.retrieval.columns import KINDS
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation
from service.retrieval.index import Rows, Scores
from service.retrieval.manifest import REBUILD

SETTING = "CONCORD_MILVUS_URI (or MILVUS_URI)"
ALIAS = "concord"
# Seconds: to connect, for an answer, and for what takes long (flushing, indexing, loading).
_CONNECT_S, _ANSWER_S, _LONG_S = 5.0, 10.0, 3_600.0
# Bytes of a message with rows; Milvus takes 64 MB.
_MESSAGE = 8_000_000
# Searches of one question that are under way at a time.
_AT_ONCE = 8
_NOT_LOADED = 101
_LONGEST_CODE = 64


class Milvus:
    """`uri` is `http://host:19530`, with a database of its own as the path where a cluster serves
    others too, or a file `*.db` for milvus-lite, which one process at a time can open. Nothing is
    opened before it is needed; safe to share between threads."""

    def __init__(self, uri: str, token: str | None = None) -> None:
        self._uri, self._token = uri, token
        self._client: Any = None
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "milvus")

    def upload(self, generation: Generation, told: Callable[[int], None]) -> None:
        """What an earlier upload left unfinished is thrown away. By upserts, which can be sent
        again when nobody knows whether they arrived."""
        name, count = _name(generation.manifest.id), generation.index.count
        with self._at_work() as client:
            if _held(client, name) == count:
                told(count)
                return
            _remove(client, name)
            client.create_collection(
                name, schema=_schema(client, generation), consistency_level="Bounded"
            )
            at_once = max(1, _MESSAGE // (4 * generation.index.dimension + 256))
            for start in range(0, count, at_once):
                rows = _rows(generation, start, min(start + at_once, count))
                client.upsert(name, rows, timeout=_LONG_S)
                told(len(rows))
            client.flush(name, timeout=_LONG_S)
            indexes = client.prepare_index_params()
            indexes.add_index(field_name="vector", index_type="FLAT", metric_type="IP")
            for field in ("state", "kind", "first", "last", "forum"):
                indexes.add_index(field_name=field, index_type="INVERTED")
            # Last, for it tells a finished upload. FLAT is the vectors as they are: nobody waits.
            client.create_index(name, indexes, sync=False, timeout=_ANSWER_S)
        self.finder(generation)

    def finder(self, generation: Generation) -> Collection:
        name, count = _name(generation.manifest.id), generation.index.count
        with self._at_work() as client:
            held = _held(client, name)
        if held != count:
            what = "isn't there" if held is None else f"has {held:,} of {count:,} claims"
            raise IndexUnusable(
                f"collection {name} {what} in the Milvus at {self._place}: {REBUILD}"
            )
        return Collection(self, name)

    def switched(self, current: str, others: Sequence[str]) -> None:
        """The alias is for others who read the collection: this service knows it by its name. Of
        those before it only the last stays loaded; an older one is loaded again if it is asked."""
        with self._at_work() as client:
            if client.has_collection(ALIAS):
                client.alter_alias(_name(current), ALIAS)
            else:
                client.create_alias(_name(current), ALIAS)
            for name in map(_name, others[1:]):
                if client.has_collection(name):
                    client.release_collection(name)

    def remove(self, generation_id: str) -> None:
        with self._at_work() as client:
            _remove(client, _name(generation_id))

    def search(
        self, name: str, asked: Sequence[tuple[Vectors, str]], most: int, least: float
    ) -> list[tuple[Rows, Scores]]:
        """Of a collection, as `engine.Finder` does."""

        def one(client: Any, vectors: Vectors, said: str) -> Any:
            return client.search(
                name,
                data=list(vectors),
                anns_field="vector",
                filter=said,
                limit=most,
                search_params={
                    "metric_type": "IP",
                    "params": {} if least == -np.inf else {"radius": float(least)},
                },
                consistency_level="Bounded",
                timeout=_ANSWER_S,
            )

        def loaded(client: Any, vectors: Vectors, said: str) -> Any:
            try:
                return one(client, vectors, said)
            except Exception as error:
                if getattr(error, "code", None) != _NOT_LOADED:
                    raise
            client.load_collection(name, timeout=_ANSWER_S)
            return one(client, vectors, said)

        with self._at_work() as client:
            if len(asked) == 1:
                answers = [loaded(client, *asked[0])]
            else:
                answers = list(self._pool.map(lambda pair: loaded(client, *pair), asked))
        return [
            (np.array(found.ids, np.int64), np.array(found.distances, np.float32))
            for answer in answers
            for found in answer
        ]

    def close(self) -> None:
        """Of milvus-lite the file as well. It is opened again when it is needed."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
            if self._uri.endswith(".db"):
                from milvus_lite.server_manager import server_manager_instance

                server_manager_instance.release_server(self._uri)

    @contextmanager
    def _at_work(self) -> Iterator[Any]:
        with self._lock:
            if self._client is None:
                self._client = self._connected()
            client = self._client
        grpc, pymilvus = _libraries()
        try:
            yield client
        except (pymilvus.MilvusException, grpc.RpcError) as error:
            raise self._unusable("doesn't do what it is asked", error) from error

    def _connected(self) -> Any:
        grpc, pymilvus = _libraries()
        try:
            return pymilvus.MilvusClient(
                self._uri, token=self._token or "", timeout=_CONNECT_S, dedicated=True
            )
        except (pymilvus.MilvusException, grpc.RpcError, ValueError) as error:
            raise self._unusable("can't be reached", error) from error

    @property
    def _place(self) -> str:
        """Without a password."""
        return urlsplit(self._uri).netloc.rpartition("@")[2] or self._uri

    def _unusable(self, what: str, error: Exception) -> IndexUnusable:
        why = str(getattr(error, "message", "") or error).replace(self._uri, self._place)
        only = ""
        if self._uri.endswith(".db"):
            only = "; a file can be open in one process only: `milvus-lite server` serves more"
        return IndexUnusable(
            f"the Milvus at {self._place} {what} ({why}): see whether it runs, and {SETTING}{only}"
        )


class Collection:
    """A `Finder` of one generation."""

    def __init__(self, milvus: Milvus, name: str) -> None:
        self._milvus, self._name = milvus, name

    def find(
        self, asked: Sequence[tuple[Vectors, str]], most: int, least: float
    ) -> list[tuple[Rows, Scores]]:
        return self._milvus.search(self._name, asked, most, least)


def _name(generation_id: str) -> str:
    return f"concord_{generation_id}"


def _held(client: Any, name: str) -> int | None:
    """Rows of a collection, which is loaded; None where there is none, or its upload wasn't
    finished."""
    if not client.has_collection(name) or not client.list_indexes(name):
        return None
    client.load_collection(name, timeout=_LONG_S)
    (answer,) = client.query(
        name, filter="", output_fields=["count(*)"], consistency_level="Strong", timeout=_ANSWER_S
    )
    return int(answer["count(*)"])


def _remove(client: Any, name: str) -> None:
    if client.has_collection(name):
        for alias in client.list_aliases(name)["aliases"]:
            client.drop_alias(alias)
        client.drop_collection(name)


def _schema(client: Any, generation: Generation) -> Any:
    """A claim's facts as `expressions` names them. By state for partitions: what is asked of one
    state is looked for where it is."""
    _, pymilvus = _libraries()
    types = pymilvus.DataType
    made = client.create_schema(auto_id=False, enable_dynamic_field=False)
    made.add_field("row", types.INT64, is_primary=True)
    made.add_field("vector", types.FLOAT_VECTOR, dim=generation.index.dimension)
    made.add_field("state", types.VARCHAR, max_length=_LONGEST_CODE, is_partition_key=True)
    made.add_field("kind", types.VARCHAR, max_length=_LONGEST_CODE)
    for name in ("statement", "first", "last", "forum"):
        made.add_field(name, types.INT32)
    made.add_field(
        "topics", types.ARRAY, element_type=types.INT16,
        max_capacity=max(1, len(generation.columns.topic_ids)),
    )  # fmt: skip
    return made


def _rows(generation: Generation, start: int, end: int) -> list[dict[str, Any]]:
    columns, vectors = generation.columns, generation.index.vectors(slice(start, end))
    numbers = ("statement", "first", "last", "forum")
    facts = zip(*(getattr(columns, name)[start:end].tolist() for name in numbers), strict=True)
    return [
        {
            "row": row,
            "vector": vectors[row - start],
            "state": columns.states[columns.state[row]],
            "kind": str(KINDS[columns.kind[row]]),
            "topics": np.flatnonzero(columns.topics[row]).tolist(),
            **dict(zip(numbers, own, strict=True)),
        }
        for row, own in zip(range(start, end), facts, strict=True)
    ]


@cache
def _libraries() -> tuple[Any, Any]:
    """grpc and pymilvus. Not before they are needed, for they take half a second; and without
    MILVUS_URI, for pymilvus refuses to be imported where that names a file."""
    given = os.environ.pop("MILVUS_URI", None)
    try:
        import grpc
        import pymilvus
    finally:
        if given is not None:
            os.environ["MILVUS_URI"] = given
    for name in ("pymilvus", "milvus_lite"):  # each failure is raised too, and told in our words
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return grpc, pymilvus
