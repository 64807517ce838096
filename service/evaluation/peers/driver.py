"""One peer in a process of its own, by any Python that has numpy and the peer; nothing of this
project is imported, unless by the peer's file itself.

driver.py build ADAPTER VARIANT DATASET INDEX
driver.py ask   ADAPTER VARIANT DATASET INDEX SECONDS MOST

ADAPTER is a file with a function `peer(variant)`, which gives a `Peer`. `ask` spends at most about
1.5 times SECONDS on each filter: SECONDS with one thread on one core, half of it with two threads
on two. What is measured is told on standard output, a JSON object a line, as soon as it is known;
what libraries print goes to standard error.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

VECTORS, QUERIES, FIELDS, FILTERS = "vectors.npy", "queries.npy", "fields.npz", "filters.json"
WARM_UPS = 3

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked: rows of all states but `exclude`; of `state` alone; with the stored `flag`; of
    `years`, both included. `each`: of every state the nearest row."""

    name: str
    exclude: str | None = None
    state: str | None = None
    flag: str | None = None
    years: tuple[int, int] | None = None
    each: bool = False
    # What `flag` stands for, for who knows more of a row than is stored here.
    bloc: str | None = None
    topic: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Filter:
        years = given.get("years")
        return cls(**{**given, "years": tuple(years) if years else None})


class Dataset:
    """The files that all peers read: `vectors` (n, d), of length 1, rows by state; `queries`; for
    each row its `state`, as a place in `states`, its `year`, and `flags` by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.vectors: Vectors = np.load(folder / VECTORS, mmap_mode="r")
        self.queries: Vectors = np.load(folder / QUERIES)
        read = json.loads((folder / FILTERS).read_text("utf-8"))
        self.filters = [Filter.of(given) for given in read]

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def fields(self) -> Mapping[str, npt.NDArray[Any]]:
        with np.load(self.folder / FIELDS, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}

    @cached_property
    def states(self) -> list[str]:
        return [str(code) for code in self.fields["states"]]

    @property
    def flags(self) -> list[str]:
        return [name for name in self.fields if name not in ("states", "state", "year")]

    @cached_property
    def spans(self) -> dict[str, tuple[int, int]]:
        """First row and the one after the last, of each state that has any."""
        state = self.fields["state"]
        starts = [0, *(np.flatnonzero(np.diff(state)) + 1).tolist()] if len(state) else []
        ends = [*starts[1:], len(state)]
        return {self.states[state[a]]: (a, b) for a, b in zip(starts, ends, strict=True)}

    def mask(self, wanted: Filter) -> npt.NDArray[np.bool_] | None:
        """Rows that pass; None where all do."""
        if wanted.exclude:
            return np.asarray(self.fields["state"] != self.states.index(wanted.exclude))
        if wanted.state:
            return np.asarray(self.fields["state"] == self.states.index(wanted.state))
        if wanted.flag:
            return np.asarray(self.fields[wanted.flag])
        if wanted.years:
            year = self.fields["year"]
            return np.asarray((year >= wanted.years[0]) & (year <= wanted.years[1]))
        return None


class Peer(Protocol):
    """`build` writes an index into an empty folder; `open` reads it. `search` gives the numbers of
    at most `most` rows, best first, where the filter is `each` of one row a state. It raises
    NotImplementedError, with the reason, for what the peer hasn't got."""

    def build(self, dataset: Dataset, folder: Path) -> None: ...

    def open(self, dataset: Dataset, folder: Path) -> None: ...

    def search(self, query: Vectors, wanted: Filter, most: int) -> Sequence[int]: ...


@dataclass(slots=True)
class Asked:
    """One filter's answers so far."""

    wanted: Filter
    ms: list[float] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    missing: str | None = None

    def ask(self, peer: Peer, query: Vectors, most: int) -> float:
        """Seconds that it took."""
        started = time.perf_counter()
        found = peer.search(query, self.wanted, most)
        took = time.perf_counter() - started
        self.ms.append(1e3 * took)
        self.rows.append([int(row) for row in found])
        return took

    def has_had(self, seconds: float) -> bool:
        return sum(self.ms) >= 1e3 * seconds

    def forget(self) -> None:
        self.ms, self.rows = [], []


def main() -> None:
    task, adapter, variant, dataset_folder, index, *more = sys.argv[1:]
    tell = _telling()
    dataset = Dataset(Path(dataset_folder))
    peer = load(Path(adapter), variant)
    if task == "build":
        started = time.perf_counter()
        peer.build(dataset, Path(index))
        tell({"event": "built", "seconds": time.perf_counter() - started, **_memory()})
        return
    seconds, most = float(more[0]), int(more[1])
    peer.open(dataset, Path(index))
    peer.search(dataset.queries[0], dataset.filters[0], most)
    tell({"event": "first answer", **_memory()})
    asked = [Asked(wanted) for wanted in dataset.filters]
    cores = _cores()
    _hold(cores[-1:])
    one_thread(peer, dataset.queries, asked, seconds, most)
    for one in asked:
        tell({"event": "one thread", "filter": one.wanted.name, "ms": one.ms, "rows": one.rows,
              "missing": one.missing})  # fmt: skip
    tell({"event": "memory", **_memory()})
    _hold(cores[-2:])
    for one in asked:
        if one.missing is None and one.ms[0] < 1e3 * seconds:
            found: dict[str, Any] = {"event": "two threads", "filter": one.wanted.name}
            try:
                rate = two_threads(peer, dataset.queries, one.wanted, seconds / 2, most)
                tell(found | {"per_s": rate})
            except Exception as error:
                tell(found | {"per_s": None, "error": f"{type(error).__name__}: {error}"})
    tell({"event": "memory", **_memory()})


def load(adapter: Path, variant: str) -> Peer:
    """The peer that a file defines. Not by name: it may be called like what it imports."""
    spec = importlib.util.spec_from_file_location(f"adapter_{adapter.stem}", adapter)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    peer: Peer = module.peer(variant)
    return peer


def one_thread(
    peer: Peer, queries: Vectors, asked: Sequence[Asked], seconds: float, most: int
) -> None:
    """Each query by each filter in turn, after a warm-up, until a filter has had its `seconds`."""
    for one in asked:
        try:
            if one.ask(peer, queries[0], most) >= seconds:
                continue  # there is time for no other
            one.forget()
            for query in queries[1:WARM_UPS]:
                one.ask(peer, query, most)
                if one.has_had(seconds):
                    break
            one.forget()
        except NotImplementedError as error:
            one.missing = str(error)
    for number, query in enumerate(queries):
        for one in asked:
            if one.missing is None and len(one.ms) == number and not one.has_had(seconds):
                one.ask(peer, query, most)


def two_threads(
    peer: Peer, queries: Vectors, wanted: Filter, seconds: float, most: int
) -> float | None:
    """Answers a second of two threads of this process. Raises what a thread raised."""
    until = time.perf_counter() + seconds
    number, ends, failed = count(), [], []  # next() of a count is atomic

    def work() -> None:
        try:
            while (place := next(number)) < 50 * len(queries) and time.perf_counter() < until:
                peer.search(queries[place % len(queries)], wanted, most)
                ends.append(time.perf_counter())
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return len(ends) / (max(ends) - started) if ends else None


def _telling() -> Any:
    """Standard output for us alone: libraries print there too."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(event: Mapping[str, Any]) -> None:
        own.write(json.dumps(event) + "\n")
        own.flush()

    return tell


def _cores() -> list[int]:
    """Those that this process may use; none where the system can't hold it to some."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def _hold(cores: Sequence[int]) -> None:
    """All threads of this process, those of libraries too, on these: what a library does beside the
    thread that asks is then part of its time."""
    for thread in Path("/proc/self/task").iterdir() if cores else ():
        try:
            os.sched_setaffinity(int(thread.name), cores)
        except ProcessLookupError:
            continue  # it has just ended


def _memory() -> dict[str, float]:
    """Resident memory now and at its peak, MB, mapped files included. Not by getrusage where it can
    be helped: a child inherits its parent's peak there."""
    status = Path("/proc/self/status")
    if not status.is_file():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        return {"rss_mb": peak, "peak_mb": peak}
    lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return {
        name: int(lines[key].split()[0]) / 1024
        for name, key in (("rss_mb", "VmRSS"), ("peak_mb", "VmHWM"))
    }


if __name__ == "__main__":
    main()
