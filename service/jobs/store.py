"""Jobs: long work, kept in the database until somebody has done it, and for a month after."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session, defer

from service.accounts.database import Database
from service.accounts.tables import JobRow, JobStepRow
from service.errors import NotFound, Overloaded, RateLimited

KEPT = timedelta(days=30)
# Without a word from its process for so long, a job is taken up by another.
LEASE_S = 30.0
# Processes that may fall silent over a job: it may be what kills them.
MOST_LOSSES = 3
# Waiting or running: of one owner, and of all.
MOST_OF_OWNER, MOST_OF_ALL = 10, 1_000
_RETRY_AFTER_S = 60.0
_MOST_LISTED = 100
_AT_A_TIME = 500
_LONGEST = 200  # characters of a title, a phrase


class State(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (State.DONE, State.FAILED, State.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`id` can't be guessed: it stands in addresses. `owner` is whose job it is, and `title` what
    it is about, as `submit` was told; `parameters` are None in lists. `done` of `total` pieces of
    work are done (None: not known how many there are), and `phrase` says in English what is being
    done. `result` is there once the state is done, `error`, a sentence, where it is failed. Moments
    are in UTC; `started` is when it was last taken up."""

    id: str
    kind: str
    owner: str
    title: str
    parameters: Mapping[str, Any] | None
    state: State
    done: int
    total: int | None
    phrase: str
    result: dict[str, Any] | None
    error: str | None
    created: datetime
    started: datetime | None
    ended: datetime | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without owner and parameters."""
        names = ("id", "kind", "title", "state", "done", "total", "phrase", "result", "error")
        return {name: getattr(self, name) for name in names} | {
            name: _iso(getattr(self, name)) for name in ("created", "started", "ended")
        }


@dataclass(frozen=True, slots=True)
class Taken:
    """The right to do a job, until a lease has passed without `beat`; `steps` are those that were
    kept already."""

    job: Job
    attempt: str
    steps: tuple[dict[str, Any], ...]


class Jobs:
    """All jobs of a deployment. Safe between threads and processes.

    Whoever does a job has an attempt's token, which each of its writes must show: what was taken
    up by another, cancelled or removed can't be written any more. Processes on several machines
    must agree on the time to within LEASE_S. Every method raises DatabaseUnusable.
    """

    def __init__(self, database: Database, lease_s: float = LEASE_S) -> None:
        self._database = database
        self._lease = timedelta(seconds=lease_s)

    def submit(
        self,
        kind: str,
        owner: str,
        parameters: Mapping[str, Any],
        *,
        title: str = "",
        total: int | None = None,
        place: str | None = None,
        job_id: str | None = None,
    ) -> Job:
        """A new job, once it is durable. `place` is given where only processes of that place can
        do it, `job_id` (of `new_id`) where something was named by it beforehand.

        Raises RateLimited where the owner has MOST_OF_OWNER jobs that haven't ended, Overloaded
        where all have MOST_OF_ALL; who submits at the same moment may go over that by one.
        """
        row = JobRow(
            id=job_id or new_id(), kind=kind, owner=owner, title=title.replace("\0", "")[:_LONGEST],
            parameters=dict(parameters), place=place, state=State.QUEUED, done=0, total=total,
            phrase="", result=None, error=None, created=datetime.now(UTC), started=None,
            ended=None, heartbeat=None, attempt=None, losses=0,
        )  # fmt: skip
        with self._database.write() as session:
            self._refuse_too_many(session, owner)
            session.add(row)
        return _job(row)

    def get(self, job_id: str) -> Job:
        """Raises NotFound."""
        with self._database.read() as session:
            row = session.get(JobRow, job_id)
            if row is None:
                raise NotFound("no such job: it was removed, or its address is cut short")
            return _job(row)

    def steps(self, job_id: str) -> list[dict[str, Any]]:
        """What the job has found so far."""
        with self._database.read() as session:
            return _steps(session, job_id)

    def of(self, owner: str, kinds: Collection[str] = ()) -> list[Job]:
        """The latest first, at most a hundred; of `kinds` only, and then with parameters."""
        return self._listed(JobRow.owner == owner, kinds)

    def named(self, ids: Sequence[str], kinds: Collection[str] = ()) -> list[Job]:
        """Those of `ids` that are there, else as `of`."""
        return self._listed(JobRow.id.in_(ids), kinds) if ids else []

    def cancel(self, job_id: str) -> Job:
        """Do no more of it; what has ended stays as it is. Raises NotFound."""
        with self._database.write() as session:
            session.execute(
                update(JobRow)
                .where(JobRow.id == job_id, JobRow.state.in_((State.QUEUED, State.RUNNING)))
                .values(state=State.CANCELLED, ended=datetime.now(UTC), attempt=None)
            )
        return self.get(job_id)

    def remove(self, job_id: str) -> None:
        """Forget it, what was asked and what was found. Whoever works on it is stopped."""
        with self._database.write() as session:
            _delete(session, [job_id])

    def prune(self, kept: timedelta = KEPT) -> int:
        """Forget what ended longer ago than `kept`; returns how many."""
        old = select(JobRow.id).where(JobRow.ended < datetime.now(UTC) - kept).limit(_AT_A_TIME)
        pruned = 0
        while True:
            with self._database.write() as session:
                ids = list(session.scalars(old))
                pruned += _delete(session, ids)
            if len(ids) < _AT_A_TIME:
                return pruned

    # -- for whoever does them -----------------------------------------------------------------

    def may_wait(self) -> bool:
        """False where there is no database yet, and so no job. Makes none."""
        return self._database.may_exist()

    def take(self, kinds: Collection[str], place: str | None = None) -> Taken | None:
        """The next job to do, for no one else until its lease ends; None where there is none.

        First what was begun and left, then owners in turn: the one whose last job was started
        longest ago, and of that owner's jobs the oldest. A job over which MOST_LOSSES processes
        fell silent fails instead.
        """
        while True:
            with self._database.write() as session:
                row = session.scalars(self._next(kinds, place)).first()
                if row is None:
                    return None
                attempt, now = secrets.token_hex(16), datetime.now(UTC)
                lost = row.state == State.RUNNING
                values: dict[str, Any] = {
                    "state": State.RUNNING, "attempt": attempt, "heartbeat": now,
                    "started": now, "losses": row.losses + lost,
                }  # fmt: skip
                if values["losses"] >= MOST_LOSSES:
                    values |= {
                        "state": State.FAILED, "ended": now, "attempt": None,
                        "error": f"the service stopped {MOST_LOSSES} times while it worked on this",
                    }  # fmt: skip
                same = JobRow.attempt.is_(None) if row.attempt is None else (
                    JobRow.attempt == row.attempt
                )  # fmt: skip
                # Read committed: another process may have been first since the row was read.
                taken = session.execute(
                    update(JobRow)
                    .where(JobRow.id == row.id, JobRow.state == row.state, same)
                    .values(values)
                    .execution_options(synchronize_session=False)
                )
                assert isinstance(taken, CursorResult)
                if taken.rowcount and values["state"] == State.RUNNING:
                    session.refresh(row)
                    return Taken(_job(row), attempt, tuple(_steps(session, row.id)))

    def beat(
        self,
        taken: Taken,
        *,
        done: int,
        total: int | None,
        phrase: str,
        steps: Sequence[dict[str, Any]] = (),
        first: int = 0,
    ) -> bool:
        """Renew the lease, and keep `steps`, of which the first has the number `first`. False
        where the job is no longer this attempt's: then nothing is kept."""
        values = {"done": done, "total": total, "phrase": phrase[:_LONGEST]}
        with self._database.write() as session:
            if not _update(session, taken, values | {"heartbeat": datetime.now(UTC)}):
                return False
            session.add_all(
                JobStepRow(job_id=taken.job.id, number=number, value=value)
                for number, value in enumerate(steps, start=first)
            )
        return True

    def renew(self, taken: Taken) -> bool:
        """Renew the lease alone; False where the job is no longer this attempt's."""
        with self._database.write() as session:
            return _update(session, taken, {"heartbeat": datetime.now(UTC)})

    def finish(self, taken: Taken, result: dict[str, Any]) -> bool:
        return self._end(taken, State.DONE, result=result, phrase="")

    def fail(self, taken: Taken, error: str) -> bool:
        return self._end(taken, State.FAILED, error=error.replace("\0", ""), phrase="")

    def release(self, taken: Taken) -> bool:
        """Give it back to be gone on with, by this process or another."""
        with self._database.write() as session:
            return _update(session, taken, {"state": State.QUEUED, "attempt": None})

    def _end(self, taken: Taken, state: State, **values: Any) -> bool:
        ended = {"state": state, "ended": datetime.now(UTC), "attempt": None}
        with self._database.write() as session:
            return _update(session, taken, ended | values)

    def _refuse_too_many(self, session: Session, owner: str) -> None:
        waiting = JobRow.state.in_((State.QUEUED, State.RUNNING))
        count = select(func.count()).select_from(JobRow).where(waiting)
        own = session.scalar(count.where(JobRow.owner == owner)) or 0
        if own >= MOST_OF_OWNER:
            raise RateLimited(
                f"{own} of your jobs are waiting or running already: wait until one has ended, or "
                "cancel one",
                _RETRY_AFTER_S,
            )
        if (session.scalar(count) or 0) >= MOST_OF_ALL:
            raise Overloaded("too many jobs are waiting: try again later", _RETRY_AFTER_S)

    def _listed(self, which: ColumnElement[bool], kinds: Collection[str]) -> list[Job]:
        latest = select(JobRow).where(which).order_by(JobRow.created.desc(), JobRow.id)
        if kinds:
            latest = latest.where(JobRow.kind.in_(kinds))
        else:
            latest = latest.options(defer(JobRow.parameters))  # of a draft, all of its text
        with self._database.read() as session:
            found = session.scalars(latest.limit(_MOST_LISTED))
            return [_job(row, listed=not kinds) for row in found]

    def _next(self, kinds: Collection[str], place: str | None) -> Any:
        now = datetime.now(UTC)
        # A heartbeat in the future is of before the clock was set back.
        silent = or_(JobRow.heartbeat < now - self._lease, JobRow.heartbeat > now + self._lease)
        served = (
            select(JobRow.owner.label("owner"), func.max(JobRow.started).label("last"))
            .group_by(JobRow.owner)
            .subquery()
        )
        return (
            select(JobRow)
            .join(served, served.c.owner == JobRow.owner)
            .where(
                JobRow.kind.in_(kinds),
                or_(JobRow.place.is_(None), JobRow.place == place),
                or_(
                    JobRow.state == State.QUEUED,
                    and_(JobRow.state == State.RUNNING, silent),
                ),
            )
            # False sorts first: what was begun, then owners of whom nothing was.
            .order_by(
                JobRow.started.is_(None), served.c.last.is_not(None), served.c.last,
                JobRow.created, JobRow.id,
            )
            .limit(1)
        )  # fmt: skip


def new_id() -> str:
    """128 random bits."""
    return secrets.token_hex(16)


def _update(session: Session, taken: Taken, values: Mapping[str, Any]) -> bool:
    done = session.execute(
        update(JobRow)
        .where(
            JobRow.id == taken.job.id,
            JobRow.state == State.RUNNING,
            JobRow.attempt == taken.attempt,
        )
        .values(values)
    )
    assert isinstance(done, CursorResult)
    return bool(done.rowcount)


def _steps(session: Session, job_id: str) -> list[dict[str, Any]]:
    found = session.scalars(
        select(JobStepRow.value).where(JobStepRow.job_id == job_id).order_by(JobStepRow.number)
    )
    return list(found)


def _delete(session: Session, ids: Sequence[str]) -> int:
    """The job first: whoever works on it holds its row while it adds a step."""
    done = session.execute(delete(JobRow).where(JobRow.id.in_(ids)))
    session.execute(delete(JobStepRow).where(JobStepRow.job_id.in_(ids)))
    assert isinstance(done, CursorResult)
    return done.rowcount


def _job(row: JobRow, *, listed: bool = False) -> Job:
    return Job(
        id=row.id, kind=row.kind, owner=row.owner, title=row.title,
        parameters=None if listed else row.parameters, state=State(row.state), done=row.done,
        total=row.total, phrase=row.phrase, result=row.result, error=row.error,
        created=row.created, started=row.started, ended=row.ended,
    )  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
