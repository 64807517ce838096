"""Processes that read damaged files, each watched: for its time, its memory, and its life."""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

# Of the processor, so that other work on it makes nothing look like hanging. No reader waits for
# anything but its file.
LIMIT_S = 10.0
# Address space that one input may take beyond what a worker holds when it starts.
MEMORY = 1024**3


@dataclass(frozen=True, slots=True)
class Case:
    """Input `number` of a reader; or the file `target` of a `folder`, as it is."""

    reader: str
    number: int
    folder: Path | None = None
    target: str = ""

    def __str__(self) -> str:
        return f"{self.reader} {self.target or self.number}"


@dataclass(slots=True)
class Found:
    """What became of all inputs: how many of each reader ended how, and each one's failure."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    slowest: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    failures: list[str] = field(default_factory=list)

    def add(self, case: Case, outcome: str, seconds: float, said: str) -> None:
        self.counts[case.reader][outcome] += 1
        self.slowest[case.reader] = max(self.slowest[case.reader], seconds)
        if outcome not in ("read", "refused"):
            self.failures.append(f"{case}: {outcome} after {seconds:.1f} s: {said}")


def run(cases: Iterator[Case], seed: int, processes: int) -> Found:
    """Each case in one of `processes` workers; one that dies or hangs is replaced."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.readers"])
    found = Found()
    at_work: dict[Connection, tuple[Any, Case, float]] = {}
    idle: list[tuple[Connection, Any]] = []

    def start() -> tuple[Connection, Any]:
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, seed, stacks), daemon=True)
        process.start()
        theirs.close()
        ours.recv()  # it is ready
        return ours, process

    stacks = Path(tempfile.mkdtemp(prefix="concord-stacks-"))
    try:
        while True:
            while len(at_work) < processes and (case := next(cases, None)) is not None:
                connection, process = idle.pop() if idle else start()
                connection.send(case)
                at_work[connection] = process, case, _cpu_s(process.pid)
            if not at_work:
                return found
            for ready in wait(list(at_work), timeout=0.5):
                assert isinstance(ready, Connection)
                process, case, began = at_work.pop(ready)
                try:
                    found.add(case, *ready.recv())
                    idle.append((ready, process))
                except (EOFError, OSError):
                    process.join()
                    found.add(case, "died", 0.0, f"exit code {process.exitcode}")
            for connection, (process, case, began) in list(at_work.items()):
                took = _cpu_s(process.pid) - began
                if took > LIMIT_S:
                    del at_work[connection]
                    found.add(case, "hung", took, _stack(process.pid, stacks))
                    process.kill()
                    process.join()
    finally:
        for process in [p for _, p in idle] + [p for p, _, _ in at_work.values()]:
            process.kill()
            process.join()
        shutil.rmtree(stacks)


def _cpu_s(pid: int) -> float:
    """Seconds that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _stack(pid: int, stacks: Path) -> str:
    """Where a worker is at work."""
    os.kill(pid, signal.SIGUSR1)
    time.sleep(0.3)
    return (stacks / str(pid)).read_text()


def work(connection: Connection, seed: int, stacks: Path) -> None:
    """Read what is asked for, until the other end is closed."""
    from service.errors import ConcordError
    from tests.faults.readers import READERS, damaged_folder

    faulthandler.register(signal.SIGUSR1, (stacks / str(os.getpid())).open("w"))
    base = resource.getpagesize() * int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (base + MEMORY, resource.RLIM_INFINITY))
    logging.disable()
    warnings.simplefilter("ignore")
    connection.send("ready")
    while True:
        try:
            case: Case = connection.recv()
        except EOFError:
            return
        folder, target = case.folder, case.target
        if folder is None:
            folder, target = damaged_folder(case.reader, case.number, seed)
        began = time.process_time()
        try:
            READERS[case.reader].read(folder, target)
            outcome, said = "read", ""
        except ConcordError as error:
            outcome, said = "refused", str(error)
            if len(said) > 2000:
                outcome = "said too much"
        except BaseException:
            outcome, said = "failed", traceback.format_exc(limit=-6)
        connection.send((outcome, time.process_time() - began, said[:3000]))
        if case.folder is None:
            shutil.rmtree(folder)
