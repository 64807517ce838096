"""txtai with its defaults ("ANN": above 5,000 rows FAISS's IVFx,Flat with x/16 probes; content in
SQLite; of more than a million rows a sample trains it, which is what `sample` there is for),
filters in SQL beside `similar` ("Querying with SQL"). It looks for ten times as many
candidates as are asked for and filters these. For the best of each state, `similar` is told to look
for 10,000 ("additional arguments for similar clauses") and SQL groups them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from txtai import Embeddings

if TYPE_CHECKING:
    from service.evaluation.peers.driver import Dataset, Filter, Vectors

MANY, SAMPLE = 1_000_000, 0.25
_ASKED = "asked"
_GROUPED = (
    "select id, state, max(score) as score from txtai where similar(:text, 10000) group by state"
)


class Txtai:
    def build(self, dataset: Dataset, folder: Path) -> None:
        def transform(texts: list[str]) -> Vectors:
            return np.asarray(dataset.vectors[[int(text) for text in texts]])

        config = {"method": "external", "transform": transform, "content": True}
        if len(dataset) > MANY:
            config["faiss"] = {"sample": SAMPLE}
        embeddings = Embeddings(config)
        embeddings.index(_documents(dataset))
        del embeddings.config["transform"]
        embeddings.save(str(folder / "index"))

    def open(self, dataset: Dataset, folder: Path) -> None:
        def transform(texts: list[str]) -> Vectors:  # it calls what is no function
            return np.repeat(self._query[None], len(texts), axis=0)

        self._states = len(dataset.spans)
        self._query = dataset.queries[0]
        # "Thread locking must be handled externally", its code says.
        self._lock = threading.Lock()
        self._embeddings = Embeddings()
        self._embeddings.load(
            str(folder / "index"), config={"method": "external", "transform": transform}
        )

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]:
        sql, limit = _sql(wanted), most
        if wanted.each:
            sql, limit = _GROUPED, self._states
        with self._lock:
            self._query = query
            found = self._embeddings.search(sql, limit, parameters={"text": _ASKED})
        return [int(row["id"]) for row in found]


def _documents(dataset: Dataset) -> Iterator[tuple[int, dict[str, Any], None]]:
    fields, states = dataset.fields, dataset.states
    for row in range(len(dataset)):
        more = {name: int(fields[name][row]) for name in dataset.flags}
        state, year = states[fields["state"][row]], int(fields["year"][row])
        yield row, {"text": str(row), "state": state, "year": year} | more, None


def _sql(wanted: Filter) -> str:
    where = "similar(:text)"
    if wanted.exclude:
        where += f" and state != '{wanted.exclude}'"
    if wanted.state:
        where += f" and state = '{wanted.state}'"
    if wanted.flag:
        where += f" and {wanted.flag} = 1"
    if wanted.years:
        where += f" and year >= {wanted.years[0]} and year <= {wanted.years[1]}"
    return f"select id, score from txtai where {where}"  # noqa: S608  # our own filters


def peer(variant: str) -> Txtai:
    return Txtai()
