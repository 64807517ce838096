"""A session taken out of the record, and put in again with no vector of it kept."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from service.evaluation.record.measuring import run, seconds
from service.retrieval.generations import Generations
from service.retrieval.store import StatementStore

SESSION = 2023
_WATCHED_EVERY_S = 0.2


def bench_growth(indexes: Path) -> dict[str, Any]:
    """Seconds from a stored session to the generation that has it, encoding included; memory and
    disk at their highest."""
    with tempfile.TemporaryDirectory(dir=indexes.parent) as name:
        folder = Path(name)
        _copy(indexes, folder)
        store = StatementStore(folder)
        with store.snapshot() as held:
            session = [s for s in held.by_state() if s.date.first.year == SESSION]
        environment = os.environ | {"CONCORD_INDEXES": name, "CONCORD_KEEP_GENERATIONS": "1"}
        build = [sys.executable, "-m", "service", "build"]
        index = _disk(folder / "generations")
        with _watched(folder) as most:
            store.remove([statement.id for statement in session])
            gone = seconds(lambda: run(build, environment))
            for earlier in (folder / "generations").iterdir():
                if earlier.name != Generations(folder).current_id():
                    shutil.rmtree(earlier)  # or it would be taken up again
            list(store.put(session))
            added = seconds(lambda: run(build, environment))
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return {
            "statements": len(session),
            "claims": sum(len(statement.claims) for statement in session),
            "searched_after_s": round(added, 1),
            "gone_after_s": round(gone, 1),
            "peak_memory_mb": round(memory / (1024 if sys.platform == "linux" else 1024**2)),
            "index_mb": round(index / 1e6),
            "peak_disk_over_index": round(most[0] / index, 2),
        }


def _copy(indexes: Path, folder: Path) -> None:
    """Without the vectors of texts; a generation's files, which nobody changes, by links."""
    shutil.copy(indexes / "statements.sqlite", folder)
    shutil.copy(indexes / "CURRENT", folder)
    current = Path("generations") / (Generations(indexes).current_id() or "")
    shutil.copytree(indexes / current, folder / current, copy_function=os.link)


def _disk(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_blocks * 512 if path.is_file() else 0
        except FileNotFoundError:
            continue
    return total


@contextmanager
def _watched(folder: Path) -> Iterator[list[int]]:
    """The most bytes of all generations, whole and begun, at a time."""
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(_WATCHED_EVERY_S):
            most[0] = max(most[0], _disk(folder / "generations"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()
