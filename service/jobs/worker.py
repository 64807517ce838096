"""The worker: one thread that does jobs, one at a time, while the service answers questions."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from service.domain.stages import Stage, telling
from service.errors import ClusterUnusable, ConcordError, DatabaseUnusable, IndexUnusable
from service.jobs.store import LEASE_S, Job, Jobs, Taken

log = logging.getLogger(__name__)

# Seconds: between two looks for jobs that other processes took in or left, between two words on
# progress, and for the step at work to end when the service stops.
POLL_S, TELL_S, STOP_S = 5.0, 1.0, 15.0
# A piece of work waits so long for requests that are being answered, and no longer: somebody waits
# for the job, too.
YIELD_S = 0.25
NICE = 10
_TIDY_EVERY_S = 3_600.0
_AGAIN_S, _RETRY_S = 0.01, 0.2


class GivenUp(Exception):
    """The service stops, or the job isn't this worker's any more: leave it. Not to be caught by a
    kind."""


class Run:
    """A job at work, as its kind sees it.

    A kind calls `keep` with each thing it found, and after a restart finds them in `steps`, to go
    on from there: what it returns must be made of `steps` alone, so that it is the same whether or
    not it was interrupted. Steps and result are plain JSON values. All methods may raise GivenUp.
    """

    def __init__(
        self, taken: Taken, jobs: Jobs, stopping: threading.Event, busy: Callable[[], bool]
    ) -> None:
        self.job: Job = taken.job
        self.steps: list[dict[str, Any]] = list(taken.steps)
        self.lost = False
        self._taken, self._jobs, self._stopping, self._busy = taken, jobs, stopping, busy
        self._kept = len(self.steps)
        self._done, self._total, self._phrase = taken.job.done, taken.job.total, taken.job.phrase
        self._told = self._held = time.monotonic()

    @property
    def parameters(self) -> Mapping[str, Any]:
        assert self.job.parameters is not None
        return self.job.parameters

    def keep(self, step: dict[str, Any]) -> None:
        """Add to `steps`. It is durable within TELL_S, or done again after a crash."""
        self.steps.append(step)
        self.proceed()

    def progress(self, done: int, total: int | None, phrase: str) -> None:
        """How far it is; `phrase` is English, from the catalogue of the interface's strings."""
        self._done, self._total, self._phrase = done, total, phrase
        self.proceed()

    def proceed(self) -> None:
        """To be called between small pieces of work. Called for the kind by whatever tells its
        stages (`service.domain.stages`), such as a search or the judging of some pairs."""
        if self._stopping.is_set() or self.lost:
            raise GivenUp
        if time.monotonic() - self._told >= TELL_S:
            self.tell()
        until = time.monotonic() + YIELD_S
        while self._busy() and time.monotonic() < until:
            time.sleep(_AGAIN_S)

    def tell(self) -> None:
        """Write down now how far it is. While the database can't be used, work goes on as long as
        the lease lasts."""
        try:
            self._write()
        except DatabaseUnusable:
            if time.monotonic() - self._held > LEASE_S / 2:
                raise

    def flush(self) -> None:
        """As `tell`, but waits for the database."""
        while True:
            try:
                self._write()
                return
            except DatabaseUnusable:
                if time.monotonic() - self._held > LEASE_S / 2:
                    raise
                time.sleep(_RETRY_S)

    def _write(self) -> None:
        self._told = time.monotonic()
        fresh = self.steps[self._kept :]
        if not self._jobs.beat(
            self._taken, done=self._done, total=self._total, phrase=self._phrase,
            steps=fresh, first=self._kept,
        ):  # fmt: skip
            self.lost = True
            raise GivenUp
        self._held = self._told
        self._kept += len(fresh)

    # What `service.domain.stages` is told.

    def spent(self, stage: Stage, seconds: float) -> None: ...

    def looked_up(self, cache: str, found: int, missing: int) -> None: ...

    def answered_from(self, generation: str) -> None: ...


Kind = Callable[[Run], dict[str, Any]]


class Worker:
    """Does the jobs of `kinds`, by their names, in one thread of low priority.

    `place` names the folder whose files this process has; `busy` tells whether requests are being
    answered, for which the work then waits a little; `tidy` is called after each job and now and
    then. To be closed: a job at work then goes back to the queue at its next step. One that its
    process didn't give back, because it was killed, is taken up again after LEASE_S.
    """

    def __init__(
        self,
        jobs: Jobs,
        kinds: Mapping[str, Kind],
        *,
        place: Callable[[], str | None] = lambda: None,
        busy: Callable[[], bool] = lambda: False,
        tidy: Callable[[], None] = lambda: None,
    ) -> None:
        self._jobs, self._kinds, self._place = jobs, kinds, place
        self._busy, self._tidy = busy, tidy
        self._due, self._stopping = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._tidied: float | None = None
        self._failing = False

    def wake(self) -> None:
        """There may be work: begin it soon. Starts the thread where it isn't running yet."""
        with self._lock:
            if self._thread is None and not self._stopping.is_set():
                self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
                self._thread.start()
        self._due.set()

    def close(self) -> None:
        """Begin nothing more, and wait STOP_S for the step at work."""
        with self._lock:
            self._stopping.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(STOP_S)
            if self._thread.is_alive():
                log.error("a job didn't stop: it is taken up again in %g s", LEASE_S)

    def _run(self) -> None:
        _be_nice()
        while not self._stopping.is_set():
            # Before the look: a call of `wake` during it mustn't be missed.
            self._due.clear()
            taken = None
            try:
                if self._jobs.may_wait():
                    self._tidy_now_and_then()
                    taken = self._jobs.take(list(self._kinds), self._place())
                self._failing = False
            except ConcordError as error:
                if not self._failing:
                    log.error("jobs wait: %s", error)
                self._failing = True
            if taken is None:
                self._due.wait(POLL_S)
            else:
                self._do(taken)

    def _do(self, taken: Taken) -> None:
        run, began = Run(taken, self._jobs, self._stopping, self._busy), time.monotonic()
        how = "given up"
        try:
            try:
                with self._alive(taken, run), telling(run):
                    result = self._kinds[taken.job.kind](run)
                run.flush()
                if self._jobs.finish(taken, result):
                    how = "done"
            except GivenUp:
                with suppress(GivenUp):  # cancelled, or another's
                    run.flush()
                    self._jobs.release(taken)
            except DatabaseUnusable:
                raise
            except IndexUnusable as error:
                log.error("index-unusable: %s", error)
                self._fail(run, taken, "the index can't be used at present: try again later")
                how = "failed"
            except ClusterUnusable as error:
                log.error("cluster-unusable: %s", error)
                self._fail(run, taken, "the cluster can't be used at present: try again later")
                how = "failed"
            except ConcordError as error:
                self._fail(run, taken, str(error))
                how = "failed"
            except Exception as error:
                # Not its message, which may quote what a user wrote.
                trace = "".join(traceback.format_tb(error.__traceback__))
                log.error("a job failed by %s", type(error).__name__, extra={"trace": trace})
                self._fail(run, taken, "something went wrong on our side")
                how = "failed"
            self._tidy()
        except DatabaseUnusable as error:
            log.error("a job is left for a while: %s", error)
        facts = {"kind": taken.job.kind, "seconds": round(time.monotonic() - began, 1)}
        log.info("job %s", how, extra=facts)

    @contextmanager
    def _alive(self, taken: Taken, run: Run) -> Iterator[None]:
        """Renew the lease beside a step that takes longer than that."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(LEASE_S / 3):
                with suppress(DatabaseUnusable):
                    run.lost = run.lost or not self._jobs.renew(taken)

        thread = threading.Thread(target=renew, name="job-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _fail(self, run: Run, taken: Taken, error: str) -> None:
        with suppress(GivenUp):
            run.flush()
            self._jobs.fail(taken, error)

    def _tidy_now_and_then(self) -> None:
        now = time.monotonic()
        if self._tidied is None or now - self._tidied > _TIDY_EVERY_S:
            self._tidied = now
            self._jobs.prune()
            self._tidy()


def _be_nice() -> None:
    """Only this thread, and those that it starts: on Linux a priority is a thread's own."""
    if sys.platform == "linux":
        lower = min(19, os.getpriority(os.PRIO_PROCESS, 0) + NICE)
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), lower)
