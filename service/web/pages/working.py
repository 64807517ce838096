"""`/jobs`: the visitor's own long work."""

from __future__ import annotations

from typing import Any

from flask import redirect
from flask.typing import ResponseReturnValue

from service.jobs.import_file import READING
from service.jobs.judging import JUDGING, JUDGING_ALL
from service.jobs.kinds import (
    CHECKING,
    DRAFT,
    IMPORT,
    JUDGE_ISSUE,
    JUDGE_ISSUES,
    LONG_STUDY,
    STUDIES,
    STUDY,
)
from service.jobs.store import Job
from service.jobs.study import STUDYING
from service.web.jobs import own_job, own_jobs, work
from service.web.pages.frame import Pages
from service.web.pages.language import N_, gettext

working = Pages("working_page")

STATES = {
    "queued": N_("waiting"),
    "running": N_("at work"),
    "done": N_("done"),
    "failed": N_("failed"),
    "cancelled": N_("cancelled"),
}
KINDS = {
    DRAFT: N_("check of a draft"),
    IMPORT: N_("import"),
    JUDGE_ISSUE: N_("judging an issue"),
    JUDGE_ISSUES: N_("judging all issues"),
    STUDY: N_("study"),
    LONG_STUDY: N_("study"),
}
# Where each kind's page is, unless it is called as the kind.
_PLACES = {JUDGE_ISSUE: "judging", JUDGE_ISSUES: "judging", LONG_STUDY: "study"}
PHRASES = {
    CHECKING: N_("checking claims"),
    READING: N_("reading and storing statements"),
    JUDGING: N_("judging pairs of sentences"),
    JUDGING_ALL: N_("judging issues"),
    STUDYING: N_("comparing"),
}


@working.page("/jobs", "jobs.html")
def jobs() -> dict[str, Any]:
    return {"jobs": [job.to_dict() | {"address": address_of(job)} for job in own_jobs()]}


@working.page("/study/<job>", "study.html")
def study(job: str) -> dict[str, Any]:
    """What was asked through the API, how far it is, and the files that it made."""
    found = own_job(job, *STUDIES)
    assert found.parameters is not None
    return {"job": found.to_dict(), "asked": dict(found.parameters)}


@working.form("/jobs/<job>/cancel")
def cancel(job: str) -> ResponseReturnValue:
    found = work().jobs.cancel(own_job(job).id)
    work().uploads.sweep()
    return redirect(address_of(found), 303)


@working.form("/jobs/<job>/remove")
def remove(job: str) -> ResponseReturnValue:
    """Forget what was given and what was found."""
    work().forget(own_job(job))
    return redirect("/jobs", 303)


def address_of(job: Job) -> str:
    """Of its page."""
    return f"/{_PLACES.get(job.kind, job.kind)}/{job.id}"


@working.app_context_processor
def _words() -> dict[str, Any]:
    return {
        "job_state": lambda state: gettext(STATES[state]),
        "job_kind": lambda kind: gettext(KINDS[kind]),
        "job_phrase": lambda phrase: gettext(PHRASES[phrase]) if phrase in PHRASES else phrase,
    }
