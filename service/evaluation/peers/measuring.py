"""Each peer's processes, watched from outside: their time and their memory have limits."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.errors import ConcordError
from service.evaluation.peers.driver import Dataset, Filter
from service.evaluation.peers.roster import Entry
from service.evaluation.peers.truth import Truth, recall
from service.settings import PROJECT

_DRIVER = Path(__file__).with_name("driver.py")
_LOOK_S = 0.25
_LAST_WORDS = 300  # characters
_FOLDERS = re.compile(r"/(?:[\w.-]+/)+")


class Stopped(ConcordError):
    """A process ended before it was done, or was ended because of a limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`build_s` for a build, `asking_s` for all questions to one peer, `start_s` for its start;
    `memory_mb` of any process."""

    build_s: float
    start_s: float
    asking_s: float
    memory_mb: float

    @property
    def filter_s(self) -> float:
        """Of each filter with one thread; with two it has half as long."""
        return self.asking_s / 1.5


@dataclass(frozen=True, slots=True)
class Bench:
    """One dataset, its true answers, and a folder for what peers build, one after the other."""

    dataset: Dataset
    truth: Truth
    folder: Path
    limits: Limits

    def measured(self, entry: Entry, python: Path) -> dict[str, Any]:
        """Its figures; where it was stopped, those that were known, and in `failed` why."""
        index = self.folder / entry.adapter.stem
        shutil.rmtree(index, ignore_errors=True)
        index.mkdir(parents=True)
        found: dict[str, Any] = {"configured": entry.configured, "failed": None, "filters": {}}
        try:
            for event, _ in self._run(entry, python, index, "build", self.limits.build_s):
                found |= {"build_s": event["seconds"], "build_peak_mb": event["peak_mb"]}
            found["disk_mb"] = _size_mb(index)
            self._ask(entry, python, index, found)
        except Stopped as error:
            found["failed"] = str(error)
        shutil.rmtree(index, ignore_errors=True)
        return found

    def _ask(self, entry: Entry, python: Path, index: Path, found: dict[str, Any]) -> None:
        filters = {wanted.name: wanted for wanted in self.dataset.filters}
        seconds = self.limits.filter_s / len(filters)
        # A single answer may take long, and there is no stopping in its midst.
        most_s = self.limits.start_s + 4 * self.limits.asking_s
        asking = [str(seconds), str(self.truth.most)]
        for event, at in self._run(entry, python, index, "ask", most_s, asking):
            match event["event"]:
                case "first answer":
                    found |= {"first_answer_s": at, "rss_mb": event["rss_mb"]}
                case "one thread":
                    wanted = filters[event["filter"]]
                    found["filters"][wanted.name] = self._figures(event, wanted)
                case "two threads":
                    figures = found["filters"][event["filter"]]
                    figures["per_s_two_threads"] = event["per_s"]
                    figures["two_threads_failed"] = event.get("error")
                case "memory":
                    found |= {"rss_mb": event["rss_mb"], "peak_mb": event["peak_mb"]}

    def _figures(self, event: Mapping[str, Any], wanted: Filter) -> dict[str, Any]:
        if event["missing"] is not None:
            return {"missing": event["missing"]}
        ms = np.array(event["ms"])
        return {
            "recall": recall(self.dataset, self.truth, wanted, event["rows"]),
            "p50_ms": float(np.quantile(ms, 0.5)),
            "p99_ms": float(np.quantile(ms, 0.99)),
            "per_s": 1e3 * len(ms) / float(ms.sum()),
            "queries": len(ms),
        }

    def _run(
        self, entry: Entry, python: Path, index: Path, task: str, most_s: float,
        more: Sequence[str] = (),
    ) -> Iterator[tuple[dict[str, Any], float]]:  # fmt: skip
        """What the driver tells, and how many seconds after its process began. A build has two
        threads of what libraries start by themselves, questions have one."""
        threads = "2" if task == "build" else "1"
        environment = os.environ | {
            "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads,
            "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false",
        }  # fmt: skip
        if entry.ours:
            environment |= {"PYTHONPATH": str(PROJECT)}
            python = Path(sys.executable)
        command = [
            str(python), "-P", str(_DRIVER), task, str(entry.adapter), entry.variant,
            str(self.dataset.folder), str(index), *more,
        ]  # fmt: skip
        log = self.folder / f"{entry.adapter.stem}-{task}.log"
        yield from watched(command, environment, log, most_s, self.limits.memory_mb)


def watched(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    most_s: float,
    most_mb: float,
) -> Iterator[tuple[dict[str, Any], float]]:
    """Each line of JSON that a process writes, and the seconds from its start. Stopped where it
    ends with an error, whose last words are told, or goes beyond a limit."""
    started = time.monotonic()
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=subprocess.PIPE, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
    lines: queue.Queue[tuple[bytes, float]] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put((line, time.monotonic() - started))
        lines.put((b"", 0.0))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while True:
            try:
                line, at = lines.get(timeout=_LOOK_S)
            except queue.Empty:
                _check(process.pid, time.monotonic() - started, most_s, most_mb)
                continue
            if not line:
                break
            yield json.loads(line), at
        if code := process.wait():
            said = log.read_text("utf-8", "replace").strip().splitlines() or ["no words"]
            # Reports are for readers who haven't these folders.
            last = _FOLDERS.sub("", said[-1])[-_LAST_WORDS:]
            raise Stopped(f"ended with {code}: {last}")
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        reader.join()
        assert process.stdout is not None
        process.stdout.close()


def _check(pid: int, seconds: float, most_s: float, most_mb: float) -> None:
    if seconds > most_s:
        raise Stopped(f"stopped after {seconds / 60:.0f} minutes")
    status = Path(f"/proc/{pid}/status")
    if not status.is_file():
        return
    for line in status.read_text().splitlines():
        if line.startswith("VmRSS:") and int(line.split()[1]) / 1024 > most_mb:
            raise Stopped(f"stopped at {most_mb / 1024:.0f} GB of memory")


def _size_mb(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 2**20
