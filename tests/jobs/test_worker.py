"""The worker at work, interrupted in every way, on both databases."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from service.accounts.database import Database
from service.accounts.tables import JobRow
from service.domain.stages import proceed
from service.errors import DatabaseUnusable, IndexUnusable, InvalidInput
from service.jobs import worker as module
from service.jobs.store import Job, Jobs, State
from service.jobs.uploads import Uploads
from service.jobs.worker import Kind, Run, Worker
from service.settings import Settings
from tests.accounts.conftest import OpenDatabase
from tests.accounts.test_database import environment
from tests.conftest import PROJECT

COUNTER = """
import sys, time
from service.accounts.database import Database
from service.jobs import worker as module
from service.jobs.store import Jobs
from service.jobs.worker import Worker
from service.settings import Settings

module.TELL_S = 0.0

def count(run):
    for n in range(len(run.steps), run.parameters["to"]):
        run.keep({"n": n})
        print(n, flush=True)
        time.sleep(0.01)

Worker(Jobs(Database.of(Settings())), {"count": count}).wake()
sys.stdin.read()
"""


def counted(run: Run) -> dict[str, Any]:
    """Numbers from 0, and their sum."""
    to = run.parameters["to"]
    for n in range(len(run.steps), to):
        run.progress(n, to, "counting")
        run.keep({"n": n})
    return {"sum": sum(step["n"] for step in run.steps)}


Started = Callable[..., Worker]


@pytest.fixture
def started() -> Iterator[Started]:
    """Workers that are closed at the end."""
    workers: list[Worker] = []

    def start(jobs: Jobs, kind: Kind = counted, **options: Any) -> Worker:
        workers.append(Worker(jobs, {"count": kind}, **options))
        workers[-1].wake()
        return workers[-1]

    yield start
    for worker in workers:
        worker.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_S", 0.02)


def ended(jobs: Jobs, job: Job) -> Job:
    deadline = time.monotonic() + 30
    while not (found := jobs.get(job.id)).state.ended:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


def test_a_job_is_done_and_its_progress_told(
    jobs: Jobs, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TELL_S", 0.0)
    seen: list[tuple[str, int, int | None, str]] = []

    def watched(run: Run) -> dict[str, Any]:
        result = counted(run)
        now = jobs.get(run.job.id)
        seen.append((now.state, now.done, now.total, now.phrase))
        return result

    job = jobs.submit("count", "key a", {"to": 5})
    started(jobs, watched)
    found = ended(jobs, job)
    assert seen == [("running", 4, 5, "counting")]
    assert (found.state, found.result, found.error) == ("done", {"sum": 10}, None)
    assert jobs.steps(job.id) == [{"n": n} for n in range(5)]


def test_progress_is_written_once_a_second_at_most(
    jobs: Jobs, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TELL_S", 0.2)
    written = 0
    beat = jobs.beat

    def counting(*args: Any, **more: Any) -> bool:
        nonlocal written
        written += 1
        return beat(*args, **more)

    monkeypatch.setattr(jobs, "beat", counting)

    def slow(run: Run) -> dict[str, Any]:
        for n in range(100):
            time.sleep(0.005)
            run.keep({"n": n})
        return {}

    job = jobs.submit("count", "key a", {})
    began = time.monotonic()
    started(jobs, slow)
    ended(jobs, job)
    assert 2 <= written <= (time.monotonic() - began) / 0.2 + 1
    assert len(jobs.steps(job.id)) == 100


def test_a_killed_process_leaves_its_job_to_be_gone_on_with(
    settings: Settings, database: Database, jobs: Jobs, started: Started
) -> None:
    job = jobs.submit("count", "key a", {"to": 1000})
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTER], cwd=PROJECT, env=environment(settings),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    while process.stdout.readline() != "20\n":
        pass
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    left = jobs.get(job.id)
    kept = len(jobs.steps(job.id))
    assert (left.state, kept >= 20) == ("running", True)
    first: list[int] = []

    def watched(run: Run) -> dict[str, Any]:
        first.append(len(run.steps))
        return counted(run)

    started(jobs, watched)
    time.sleep(0.1)
    assert first == []  # its lease lasts
    with database.write() as session:
        session.execute(update(JobRow).values(heartbeat=datetime.now(UTC) - timedelta(minutes=1)))
    assert ended(jobs, job).result == {"sum": sum(range(1000))}
    assert first == [kept]
    assert jobs.steps(job.id) == [{"n": n} for n in range(1000)]


def test_a_worker_that_is_closed_gives_its_job_back_at_the_next_step(
    jobs: Jobs, started: Started
) -> None:
    begun = threading.Event()

    def endless(run: Run) -> dict[str, Any]:
        while True:
            run.keep({"n": len(run.steps)})
            begun.set()
            time.sleep(0.002)

    job = jobs.submit("count", "key a", {"to": 200})
    worker = started(jobs, endless)
    assert begun.wait(30)
    worker.close()
    left = jobs.get(job.id)
    kept = jobs.steps(job.id)
    assert left.state is State.QUEUED
    assert kept == [{"n": n} for n in range(len(kept))] != []
    worker.wake()
    started(jobs)
    assert ended(jobs, job).result == {"sum": sum(range(max(200, len(kept))))}


def test_a_stop_or_a_cancel_is_seen_within_a_stage(
    jobs: Jobs, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TELL_S", 0.0)
    begun = threading.Event()

    def judging(run: Run) -> dict[str, Any]:
        begun.set()
        while True:
            proceed()  # as the stance model does between some pairs and the next
            time.sleep(0.002)

    job, following = (jobs.submit("count", "key a", {}) for _ in range(2))
    worker = started(jobs, judging)
    assert begun.wait(30)
    jobs.cancel(job.id)
    begun.clear()
    assert begun.wait(30)  # the next one's turn
    assert jobs.get(following.id).state is State.RUNNING
    worker.close()
    assert [jobs.get(one.id).state for one in (job, following)] == ["cancelled", "queued"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (InvalidInput("file", "it has no rows"), "file: it has no rows"),
        (IndexUnusable("/secret/place is damaged"), "the index can't be used at present: try again "
                                                    "later"),
        (RuntimeError("the user's words"), "something went wrong on our side"),
    ],
)  # fmt: skip
def test_a_failure_is_told_to_its_owner_and_not_to_the_log(
    jobs: Jobs, started: Started, caplog: pytest.LogCaptureFixture, error: Exception, told: str
) -> None:
    def failing(run: Run) -> dict[str, Any]:
        run.keep({"n": 1})
        raise error

    job = jobs.submit("count", "key a", {"text": "the user's words"}, title="the user's words")
    after = jobs.submit("count", "key a", {"to": 0})

    def work(run: Run) -> dict[str, Any]:
        return failing(run) if run.job.id == job.id else counted(run)

    with caplog.at_level(logging.INFO):
        started(jobs, work)
        found = ended(jobs, job)
        assert ended(jobs, after).state is State.DONE
    assert (found.state, found.error) == ("failed", told)
    assert jobs.steps(job.id) == [{"n": 1}]
    logged = " ".join(str(record.__dict__) for record in caplog.records)
    assert "job failed" in logged
    assert "the user's words" not in logged
    assert "in failing" in logged or not isinstance(error, RuntimeError)


def test_a_worker_makes_no_database(tmp_path: Path, started: Started) -> None:
    """And finds the jobs of one that others have made."""
    settings = Settings(indexes=tmp_path / "new", database_url=None)
    jobs, others = (Jobs(Database.of(settings)) for _ in range(2))
    uploads = Uploads(settings.indexes, jobs)
    started(jobs, place=uploads.place, tidy=uploads.sweep)
    time.sleep(5 * module.POLL_S)
    assert not settings.indexes.exists()
    assert ended(others, others.submit("count", "key a", {"to": 3})).result == {"sum": 3}


def test_two_workers_share_one_database(
    settings: Settings, open_database: OpenDatabase, jobs: Jobs, started: Started
) -> None:
    done: list[str] = []

    def noted(run: Run) -> dict[str, Any]:
        done.append(run.job.id)
        return counted(run)

    wanted = [jobs.submit("count", f"key {n % 4}", {"to": 3}) for n in range(12)]
    for _ in range(2):
        started(Jobs(open_database(settings)), noted)
    assert {ended(jobs, job).state for job in wanted} == {State.DONE}
    assert Counter(done) == Counter(job.id for job in wanted)


def test_owners_are_served_in_turn(jobs: Jobs, started: Started) -> None:
    served: list[str] = []

    def noted(run: Run) -> dict[str, Any]:
        served.append(run.job.owner)
        return {}

    wanted = [jobs.submit("count", owner, {}) for owner in ("a", "a", "a", "b", "c", "c")]
    started(jobs, noted)
    for job in wanted:
        ended(jobs, job)
    assert served == ["a", "b", "c", "a", "c", "a"]


def test_a_database_that_fails_for_a_moment_costs_nothing(
    jobs: Jobs, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TELL_S", 0.0)
    beat, calls = jobs.beat, 0

    def unsure(*args: Any, **more: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls % 3 == 0:
            raise DatabaseUnusable("locked")
        return beat(*args, **more)

    monkeypatch.setattr(jobs, "beat", unsure)
    job = jobs.submit("count", "key a", {"to": 20})
    started(jobs)
    assert ended(jobs, job).result == {"sum": 190}
    monkeypatch.undo()
    assert jobs.steps(job.id) == [{"n": n} for n in range(20)]


def test_work_waits_for_requests_but_not_for_ever(jobs: Jobs, started: Started) -> None:
    asked = 0

    def busy() -> bool:
        nonlocal asked
        asked += 1
        return True

    job = jobs.submit("count", "key a", {"to": 1})
    began = time.monotonic()
    started(jobs, busy=busy)
    ended(jobs, job)
    assert asked > 10
    assert time.monotonic() - began >= 2 * module.YIELD_S


@pytest.mark.skipif(sys.platform != "linux", reason="a thread has no priority of its own")
def test_work_takes_the_time_that_requests_leave(jobs: Jobs, started: Started) -> None:
    found: list[int] = []

    def looked(run: Run) -> dict[str, Any]:
        beside = threading.Thread(
            target=lambda: found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        )
        beside.start()
        beside.join()
        return {}

    started(jobs, looked)
    ended(jobs, jobs.submit("count", "key a", {}))
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    assert found == [min(19, own + module.NICE)]
