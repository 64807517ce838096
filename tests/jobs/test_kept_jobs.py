"""Jobs, on both databases."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as drawn
from hypothesis import strategies as st
from sqlalchemy import text, update

from service.accounts.database import Database
from service.accounts.tables import VERSION_TABLE, JobRow
from service.errors import NotFound, Overloaded, RateLimited
from service.jobs import store as module
from service.jobs.store import Jobs, State, Taken
from service.settings import Settings
from tests.accounts.conftest import OpenDatabase

KINDS = ["count"]
HARD = "a\u0000b \u202e \ud800 \U0001f54a 'quoted' \\u0000"


def taken(jobs: Jobs, place: str | None = None) -> Taken:
    found = jobs.take(KINDS, place)
    assert found is not None
    return found


def aged(database: Database, job_id: str, **by: timedelta) -> None:
    """Moments of a job, so long ago."""
    values = {name: datetime.now(UTC) - age for name, age in by.items()}
    with database.write() as session:
        session.execute(update(JobRow).where(JobRow.id == job_id).values(values))


def test_a_job_is_kept_as_it_was_given(
    settings: Settings, open_database: OpenDatabase, jobs: Jobs
) -> None:
    made = jobs.submit("count", "key a", {"text": HARD}, title="T" * 300, total=3)
    assert len(made.id) == 32
    assert (made.state, made.done, made.total, made.title) == ("queued", 0, 3, "T" * 200)
    elsewhere = Jobs(open_database(settings))
    assert elsewhere.get(made.id) == made
    (listed,) = elsewhere.of("key a")
    assert (listed.id, listed.parameters) == (made.id, None)
    assert elsewhere.of("key b") == []
    assert [job.id for job in elsewhere.named([made.id, "unknown"])] == [made.id]
    assert elsewhere.named([]) == []
    with pytest.raises(NotFound):
        elsewhere.get("unknown")


def test_a_job_goes_from_its_queue_to_its_end(jobs: Jobs) -> None:
    job = jobs.submit("count", "key a", {})
    assert jobs.take(["another kind"]) is None
    mine = taken(jobs)
    assert (mine.job.id, mine.job.state, mine.steps) == (job.id, "running", ())
    assert jobs.take(KINDS) is None
    assert jobs.beat(mine, done=1, total=2, phrase="counting", steps=[{"n": HARD}])
    assert jobs.beat(mine, done=2, total=2, phrase="counting", steps=[{"n": 2.5}], first=1)
    assert jobs.steps(job.id) == [{"n": HARD}, {"n": 2.5}]
    assert jobs.finish(mine, {"sum": 3})
    ended = jobs.get(job.id)
    assert (ended.state, ended.done, ended.result) == ("done", 2, {"sum": 3})
    assert ended.ended is not None
    assert not jobs.beat(mine, done=3, total=3, phrase="", steps=[{"n": 3}], first=2)
    assert not jobs.fail(mine, "too late")
    assert jobs.get(job.id) == ended
    assert len(jobs.steps(job.id)) == 2


def test_what_was_given_back_goes_on_before_all_else(jobs: Jobs) -> None:
    first, second = (jobs.submit("count", owner, {}) for owner in ("key a", "key b"))
    mine = taken(jobs)
    assert mine.job.id == first.id
    jobs.beat(mine, done=1, total=5, phrase="counting", steps=[{"n": 1}])
    assert jobs.release(mine)
    again = taken(jobs)
    assert (again.job.id, again.job.done, again.steps) == (first.id, 1, ({"n": 1},))
    assert again.attempt != mine.attempt
    assert taken(jobs).job.id == second.id


def test_a_silent_process_loses_its_job_and_can_write_no_more(
    database: Database, jobs: Jobs
) -> None:
    job = jobs.submit("count", "key a", {})
    lost = taken(jobs)
    aged(database, job.id, heartbeat=timedelta(seconds=module.LEASE_S - 5))
    assert jobs.take(KINDS) is None
    aged(database, job.id, heartbeat=timedelta(seconds=module.LEASE_S + 1))
    assert taken(jobs).job.id == job.id
    assert not jobs.beat(lost, done=1, total=1, phrase="", steps=[{"n": 1}])
    assert not jobs.finish(lost, {})
    assert not jobs.release(lost)
    assert jobs.steps(job.id) == []
    # A clock that was set back by a day, while the job was at work.
    aged(database, job.id, heartbeat=-timedelta(days=1))
    assert taken(jobs).job.id == job.id


def test_a_job_that_silences_every_process_fails(database: Database, jobs: Jobs) -> None:
    job = jobs.submit("count", "key a", {})
    for _ in range(module.MOST_LOSSES):
        taken(jobs)
        aged(database, job.id, heartbeat=timedelta(hours=1))
    assert jobs.take(KINDS) is None
    failed = jobs.get(job.id)
    assert (failed.state, failed.error) == (
        "failed", "the service stopped 3 times while it worked on this",
    )  # fmt: skip


def test_what_was_cancelled_or_removed_is_worked_on_no_more(jobs: Jobs) -> None:
    queued, begun, removed = (jobs.submit("count", f"key {n}", {}) for n in range(3))
    assert jobs.cancel(queued.id).state == "cancelled"
    work = taken(jobs)
    assert work.job.id == begun.id
    jobs.beat(work, done=1, total=2, phrase="", steps=[{"n": 1}])
    assert jobs.cancel(begun.id).state == "cancelled"
    assert not jobs.beat(work, done=2, total=2, phrase="", steps=[{"n": 2}], first=1)
    assert jobs.steps(begun.id) == [{"n": 1}]
    assert jobs.cancel(begun.id) == jobs.get(begun.id)
    work = taken(jobs)
    jobs.beat(work, done=1, total=2, phrase="", steps=[{"n": 1}])
    jobs.remove(removed.id)
    assert not jobs.beat(work, done=2, total=2, phrase="", steps=[{"n": 2}], first=1)
    assert jobs.steps(removed.id) == []
    with pytest.raises(NotFound):
        jobs.cancel(removed.id)


def test_a_job_that_needs_files_is_done_where_they_are(jobs: Jobs) -> None:
    here = jobs.submit("count", "key a", {}, place="here")
    anywhere = jobs.submit("count", "key b", {})
    assert taken(jobs, "elsewhere").job.id == anywhere.id
    assert jobs.take(KINDS, "elsewhere") is None
    assert jobs.take(KINDS) is None
    assert taken(jobs, "here").job.id == here.id


def test_no_owner_fills_the_queue(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_OF_OWNER", 2)
    first, _ = (jobs.submit("count", "key a", {}) for _ in range(2))
    with pytest.raises(RateLimited, match=r"^2 of your jobs are waiting or running") as raised:
        jobs.submit("count", "key a", {})
    assert raised.value.retry_after > 0
    jobs.submit("count", "key b", {})
    jobs.cancel(first.id)
    jobs.submit("count", "key a", {})
    monkeypatch.setattr(module, "MOST_OF_ALL", 3)
    with pytest.raises(Overloaded, match="too many jobs"):
        jobs.submit("count", "key c", {})


def test_what_ended_long_ago_is_forgotten(
    database: Database, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_AT_A_TIME", 2)
    old = [jobs.submit("count", f"key {n}", {}) for n in range(5)]
    fresh, waiting = (jobs.submit("count", "key x", {}) for _ in range(2))
    for job in [*old, fresh]:
        work = taken(jobs)
        jobs.beat(work, done=1, total=1, phrase="", steps=[{"n": 1}])
        jobs.finish(work, {})
        aged(database, job.id, created=timedelta(days=60))
    assert jobs.get(waiting.id).state == "queued"
    aged(database, waiting.id, created=timedelta(days=60))
    for job in old:
        aged(database, job.id, ended=timedelta(days=31))
    assert jobs.prune() == 5
    assert {job.id for job in jobs.named([job.id for job in [*old, fresh, waiting]])} == {
        fresh.id, waiting.id
    }  # fmt: skip
    assert [jobs.steps(job.id) for job in old] == [[]] * 5
    assert jobs.steps(fresh.id) == [{"n": 1}]


def test_threads_and_processes_never_take_the_same_job(
    settings: Settings, open_database: OpenDatabase, jobs: Jobs
) -> None:
    ids = {jobs.submit("count", f"key {n % 5}", {}).id for n in range(30)}
    found: list[str] = []

    def work(own: Jobs) -> None:
        while (mine := own.take(KINDS)) is not None:
            found.append(mine.job.id)
            own.finish(mine, {})

    threads = [
        threading.Thread(target=work, args=(Jobs(open_database(settings)),)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(found) == Counter(ids)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@drawn(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(owners=st.lists(st.sampled_from("abcd"), min_size=1, max_size=7))
def test_owners_take_turns(jobs: Jobs, owners: list[str]) -> None:
    """By brute force: each time the owner served longest ago, of theirs the oldest job."""
    waiting = [(owner, jobs.submit("count", f"key {owner}", {}).id) for owner in owners]
    created = [job_id for _, job_id in waiting]
    served: dict[str, int] = {}
    for turn in range(len(owners)):
        owner, expected = min(
            waiting, key=lambda one: (served.get(one[0], -1), created.index(one[1]))
        )
        work = taken(jobs)
        assert work.job.id == expected
        jobs.finish(work, {})
        waiting.remove((owner, expected))
        served[owner] = turn
    for job_id in created:
        jobs.remove(job_id)  # the next example's owners were never served


def test_a_database_of_before_there_were_jobs_is_brought_up(
    settings: Settings, open_database: OpenDatabase
) -> None:
    former = open_database(settings)
    with former.write() as session:
        session.execute(text("DROP TABLE concord_job"))
        session.execute(text("DROP TABLE concord_job_step"))
        session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '0001'"))
    assert Jobs(open_database(settings)).submit("count", "key a", {}).state is State.QUEUED
