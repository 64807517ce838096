"""Builds beside a running service: whatever is stored comes to be searched, by itself."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from service.errors import ConcordError
from service.retrieval.generations import Generations, exclusive
from service.settings import PROJECT, Settings

log = logging.getLogger(__name__)

# Seconds from the first change to its build: what comes in between is built with it.
PAUSE_S = 1.0
MOST_PAUSE_S = 300.0  # between two builds that fail
# So that a build takes only the time that no request wants.
NICE = 10
_TAIL = 2_000  # characters of what a failed build said


class Phase(StrEnum):
    OFF = "off"  # nobody builds here: `python -m service build` does
    IDLE = "idle"
    WAITING = "waiting"  # for more to come, or for another import or build to end
    BUILDING = "building"
    FAILING = "failing"  # and to be tried again


@dataclass(frozen=True, slots=True)
class BuildState:
    """`since` is an ISO 8601 time in UTC; `error` is the last build's, until one succeeds."""

    phase: Phase
    since: str
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"phase": self.phase, "since": self.since, "error": self.error}


class BackgroundBuilds:
    """One thread that has a child process build when it is asked to, however often that is.

    A process of its own: in one of the service's threads, writing the library and gathering
    vectors would hold the interpreter's lock while requests wait for it. A build that fails is
    tried again, after ever longer pauses. Safe between threads; processes that share a folder take
    turns by its lock.
    """

    def __init__(
        self, settings: Settings, generations: Generations, is_behind: Callable[[], bool]
    ) -> None:
        """`is_behind` tells whether the current generation lacks something that is stored."""
        self._settings = settings
        self._generations = generations
        self._is_behind = is_behind
        self._asked, self._stopping = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._state = BuildState(Phase.OFF, _now())

    @contextmanager
    def running(self) -> Iterator[None]:
        """Build when asked, and now where the generation is behind; at the end a build that is at
        work is given up."""
        self._stopping.clear()
        thread = threading.Thread(target=self._run, name="builds", daemon=True)
        self._enter(Phase.IDLE)
        self.ask()
        thread.start()
        try:
            yield
        finally:
            self._stop()
            thread.join()
            self._enter(Phase.OFF)

    def ask(self) -> None:
        """Build soon, if the generation is behind."""
        self._asked.set()

    @property
    def state(self) -> BuildState:
        return self._state

    def _run(self) -> None:
        failures = 0
        while self._asked.wait() and not self._stopping.is_set():
            self._enter(Phase.WAITING)
            if self._stopping.wait(PAUSE_S):
                return
            # Before the store is read: what is asked for from here on may come too late for it.
            self._asked.clear()
            try:
                self._build()
            except Exception as error:  # whatever it is, the next build may succeed
                if self._stopping.is_set():
                    return
                failures += 1
                self._asked.set()
                log.error("the build failed, and will be tried again: %s", error)
                self._enter(Phase.FAILING, str(error))
                if self._stopping.wait(min(2.0**failures, MOST_PAUSE_S)):
                    return
            else:
                failures = 0
                self._enter(Phase.IDLE, None)

    def _build(self) -> None:
        if not self._is_behind():
            return
        while not self._is_free():
            if self._stopping.wait(PAUSE_S):
                return
        self._enter(Phase.BUILDING)
        began = time.monotonic()
        self._run_child()
        log.info("built in %.1f s", time.monotonic() - began)
        self._generations.current()  # opened before a request has to

    def _is_free(self) -> bool:
        try:
            with exclusive(self._settings.indexes):
                return True
        except ConcordError:
            return False

    def _run_child(self) -> None:
        """Raises ConcordError with what the child said where it failed."""
        with self._lock:
            if self._stopping.is_set():
                return
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service", "build"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
            # In the service's session, or Linux would share out the time by sessions.
            os.setpriority(os.PRIO_PROCESS, self._process.pid, os.getpriority(0, 0) + NICE)
        _, said = self._process.communicate()
        if self._process.returncode and not self._stopping.is_set():
            last = said[-_TAIL:].strip() or f"it ended with code {self._process.returncode}"
            raise ConcordError(last.removeprefix("Error: "))

    def _environment(self) -> dict[str, str]:
        """These settings, whatever the environment says, and no progress bars."""
        s = self._settings
        path = filter(None, (str(PROJECT), os.environ.get("PYTHONPATH")))
        return os.environ | {
            "CONCORD_INDEXES": str(s.indexes),
            "CONCORD_DATA": str(s.data),
            "CONCORD_MODELS": str(s.models),
            "CONCORD_MODEL": s.model,
            "CONCORD_KEEP_GENERATIONS": str(s.keep_generations),
            "CONCORD_MILVUS_URI": s.milvus_uri or "",
            "CONCORD_MILVUS_TOKEN": s.milvus_token.get_secret_value() if s.milvus_token else "",
            "PYTHONPATH": os.pathsep.join(path),
            "TQDM_DISABLE": "1",
        }

    def _stop(self) -> None:
        with self._lock:
            self._stopping.set()
            self._asked.set()
            if self._process is not None and self._process.poll() is None:
                self._process.terminate()

    def _enter(self, phase: Phase, *error: str | None) -> None:
        said = error[0] if error else self._state.error
        self._state = BuildState(phase, _now(), said)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
