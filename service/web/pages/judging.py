"""Issues are judged in jobs: `/judging/<job>` shows how far one is."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request
from flask.typing import ResponseReturnValue

from service.analysis.subject import FILTERS, find_issue
from service.domain.access import Scope
from service.jobs.kinds import JUDGE_ISSUE, JUDGE_ISSUES
from service.jobs.store import Job
from service.web.asked import comparator
from service.web.jobs import own_job, own_jobs, owner, remember, work
from service.web.pages.frame import Pages, address
from service.web.pages.language import gettext

judging = Pages("judging_page")


@judging.form("/issues/<issue_id>/judge")
def judge_issue(issue_id: str) -> ResponseReturnValue:
    """Begin to judge an issue with the filters of its page, unless this reader has begun that
    already."""
    asked = comparator()
    found = find_issue(asked.issues, issue_id)
    given = request.form.to_dict(flat=False)
    lists = {name: given.get(name, []) for name in FILTERS}
    filters = {
        name: values[0] if name in ("from", "to") else values
        for name, values in lists.items()
        if any(values)
    }
    asked.question(found.proposition, **filters)  # refused here, and not in the job
    shown = (v if isinstance(v, str) else ", ".join(v) for v in filters.values())
    title = " · ".join((found.id, *shown, found.proposition))
    parameters = {"issue": found.id, "filters": filters}
    return _begun(JUDGE_ISSUE, parameters, title, None)


@judging.form("/issues", scope=Scope.IMPORT)
def judge_issues() -> ResponseReturnValue:
    """Begin to judge all issues: work for hours."""
    return _begun(JUDGE_ISSUES, {}, gettext("all issues"), len(comparator().issues))


@judging.page("/judging/<job>", "judging.html")
def progress(job: str) -> dict[str, Any]:
    """Of the job; `issue` is the one that it is about, and `address` where to see what it found."""
    found = own_job(job, JUDGE_ISSUE, JUDGE_ISSUES)
    assert found.parameters is not None
    one = comparator().issues.get(found.parameters.get("issue", ""))
    filters = found.parameters.get("filters", {})
    return {
        "job": found.to_dict(),
        "issue": one and {"id": one.id, "proposition": one.proposition},
        "address": address(f"/issues/{one.id}", **filters) if one else "/issues",
    }


def _begun(
    kind: str, parameters: dict[str, Any], title: str, total: int | None
) -> ResponseReturnValue:
    job = _same(kind, parameters)
    if job is None:
        # Where its verdicts are to be kept.
        place = work().uploads.place()
        job = work().jobs.submit(kind, owner(), parameters, title=title, total=total, place=place)
    work().wake(kind)
    answer: Response = redirect(f"/judging/{job.id}", 303)  # type: ignore[assignment]
    return remember(answer, job)


def _same(kind: str, parameters: dict[str, Any]) -> Job | None:
    """What this reader began before, and what hasn't ended."""
    begun = (job for job in own_jobs() if job.kind == kind and not job.state.ended)
    whole = (work().jobs.get(job.id) for job in begun)  # in lists there are no parameters
    return next((job for job in whole if job.parameters == parameters), None)
