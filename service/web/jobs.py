"""Long work behind the pages: its worker, and whose job is whose."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flask import Flask, Response, current_app, request

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.errors import NotFound
from service.jobs.kinds import SLOW, kinds
from service.jobs.results import Results
from service.jobs.store import Job, Jobs
from service.jobs.uploads import Uploads
from service.jobs.worker import Worker
from service.web.access import caller
from service.web.limits import Load

# A browser without a key remembers its jobs by their addresses, which nobody else knows: behind
# one network address may be a whole office.
COOKIE = "jobs"
_MOST_REMEMBERED = 20
_ID = re.compile(r"[0-9a-f]{32}")
_MONTH_S = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Work:
    """Its workers are to be woken where the server starts (they go on with what was begun, and
    touch no database that isn't there yet), and closed before the accounts are.
    `slow` does the kinds that take hours, `worker` all others."""

    jobs: Jobs
    uploads: Uploads
    results: Results
    worker: Worker
    slow: Worker

    def wake(self, kind: str) -> None:
        """The worker that does jobs of this kind."""
        (self.slow if kind in SLOW else self.worker).wake()

    def forget(self, job: Job) -> None:
        """What was given and what was found."""
        self.jobs.remove(job.id)
        self.uploads.remove(job.id)
        self.results.remove(job.id)


def install_jobs(app: Flask, comparator: Comparator) -> None:
    """After `install_access` and `install_limits`. Nothing runs before the first job, or until the
    worker is woken."""
    accounts: Accounts = app.extensions["accounts"]
    load: Load = app.extensions["load"]
    jobs = Jobs(accounts.database)
    uploads = Uploads(comparator.settings.indexes, jobs)
    results = Results(comparator.settings.indexes, jobs)
    known = kinds(comparator, uploads, results)

    def tidy() -> None:
        uploads.sweep()
        results.sweep()

    worker, slow = (
        Worker(
            jobs, {name: kind for name, kind in known.items() if (name in SLOW) is are_slow},
            place=uploads.place, tidy=tidy,
            busy=lambda: load.queue is not None and load.queue.running() > 0,
        )
        for are_slow in (False, True)
    )  # fmt: skip
    app.extensions["work"] = Work(jobs, uploads, results, worker, slow)


def work() -> Work:
    found = current_app.extensions["work"]
    assert isinstance(found, Work)
    return found


def owner() -> str:
    """Who asks: a key, or a network address."""
    asking = caller()
    return f"key {asking.key.id}" if asking.key else f"address {asking.address}"


def own_job(job_id: str, *kinds: str) -> Job:
    """A job of a key is seen with that key only, any other by whoever knows its address. Raises
    NotFound, whether it isn't there, isn't theirs or is none of `kinds`."""
    found = work().jobs.get(job_id)
    others = found.owner.startswith("key ") and found.owner != owner()
    if others or (kinds and found.kind not in kinds):
        raise NotFound("no such job: it was removed, or it is another key's")
    return found


def own_jobs(*kinds: str) -> list[Job]:
    """Those of the visitor's key, and those that this browser began without one; the latest
    first. Of `kinds` only, and then with parameters."""
    jobs, asking = work().jobs, caller()
    found = jobs.of(owner(), kinds) if asking.key else []
    named = jobs.named(remembered(), kinds)
    found += [job for job in named if not job.owner.startswith("key ")]
    return sorted(found, key=lambda job: job.created, reverse=True)


def remembered() -> list[str]:
    """The latest last."""
    ids = request.cookies.get(COOKIE, "").split(".")
    return [one for one in ids if _ID.fullmatch(one)][-_MOST_REMEMBERED:]


def remember(answer: Response, job: Job) -> Response:
    if not job.owner.startswith("key "):
        ids = [*remembered(), job.id][-_MOST_REMEMBERED:]
        answer.set_cookie(
            COOKIE, ".".join(ids), max_age=_MONTH_S, httponly=True, samesite="Strict",
            secure=request.is_secure,
        )  # fmt: skip
    return answer
