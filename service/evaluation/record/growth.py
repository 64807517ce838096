"""A session taken out of the record, and put in again with no vector of it kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.retrieval.generations import Generations
from service.retrieval.store import StatementStore

SESSION = 2023
_WATCHED_EVERY_S = 0.2


@dataclass(frozen=True, slots=True)
class Build:
    """What one took: seconds, and bytes at their highest (memory None where the system doesn't
    tell as Linux does)."""

    took_s: float
    memory: int | None
    disk: int


def bench_growth(indexes: Path) -> dict[str, Any]:
    """Seconds from a stored session to the generation that has it, encoding included; memory and
    disk at their highest."""
    with tempfile.TemporaryDirectory(dir=indexes.parent) as name:
        folder = Path(name)
        _copy(indexes, folder)
        store = StatementStore(folder)
        with store.snapshot() as held:
            session = [s for s in held.by_state() if s.date.first.year == SESSION]
        index = _disk(folder / "generations")
        store.remove([statement.id for statement in session])
        gone = _build(folder)
        for earlier in (folder / "generations").iterdir():
            if earlier.name != Generations(folder).current_id():
                shutil.rmtree(earlier)  # or it would be taken up again
        list(store.put(session))
        added = _build(folder)
        memory = [build.memory for build in (gone, added) if build.memory is not None]
        return {
            "statements": len(session),
            "claims": sum(len(statement.claims) for statement in session),
            "searched_after_s": round(added.took_s, 1),
            "gone_after_s": round(gone.took_s, 1),
            "peak_memory_mb": round(max(memory) / 1e6) if memory else None,
            "index_mb": round(index / 1e6),
            "peak_disk_over_index": round(max(gone.disk, added.disk) / index, 2),
        }


def _build(folder: Path) -> Build:
    environment = os.environ | {
        "CONCORD_INDEXES": str(folder),
        "CONCORD_KEEP_GENERATIONS": "1",
    }
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "build"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    memory: list[int] = []
    disk = 0
    while True:
        memory += _most_resident(process.pid)
        disk = max(disk, _disk(folder / "generations"))
        try:
            code = process.wait(_WATCHED_EVERY_S)
        except subprocess.TimeoutExpired:
            continue
        if code:
            raise subprocess.CalledProcessError(code, process.args)
        took = time.perf_counter() - began
        return Build(took, max(memory, default=None), disk)


def _most_resident(pid: int) -> list[int]:
    """So far, in bytes: what the parent has is counted for a child by other means."""
    try:
        told = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    return [int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith("VmHWM")]


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
