"""`/draft`: a draft is given; `/draft/<job>`: what is found of it, claim by claim as it comes."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from service.analysis.draft import summary
from service.errors import InvalidInput
from service.jobs.kinds import DRAFT
from service.questions import LONGEST_TEXT, MOST_PARTS
from service.web.asked import comparator
from service.web.jobs import own_job, owner, remember, work
from service.web.pages import visitor
from service.web.pages.frame import Pages
from service.web.pages.language import N_
from service.web.pages.paging import paged
from service.web.pages.uploads import document_of, shown_name, uploaded

drafts = Pages("drafts_page")

# Each has up to eight quotations.
_CLAIMS_A_PAGE = 20
_LONGEST_TITLE = 80


@drafts.page("/draft", "draft.html")
def draft() -> dict[str, Any]:
    return _form({})


@drafts.form("/draft")
def check() -> ResponseReturnValue:
    """Begin to check a draft that was pasted or uploaded."""
    given = {name: request.form.get(name, "").strip() for name in ("we", "from", "to")}
    text = request.form.get("text", "")
    try:
        text, title = _draft(text)
        period = {name: given[name] for name in ("from", "to") if given[name]}
        found, we = comparator().draft(text, we=given["we"] or None, **period)
    except InvalidInput as error:
        refused = {"field": error.field, "reason": error.reason}
        shown = _form(given | {"text": text}) | {"refused": refused}
        return render_template("draft.html", shown=shown), 400
    parameters = {"text": text, "we": we, "period": period}
    job = work().jobs.submit(DRAFT, owner(), parameters, title=title, total=len(found.parts))
    work().worker.wake()
    answer: Response = redirect(f"/draft/{job.id}", 303)  # type: ignore[assignment]
    if we:
        visitor.put(answer, visitor.WE, we)
    return remember(answer, job)


@drafts.page("/draft/<job>", "draft_check.html")
def checked(job: str) -> dict[str, Any]:
    """What is found until now: every claim in the table, the quotations of one page of them."""
    found = own_job(job, DRAFT)
    assert found.parameters is not None
    claims = work().jobs.steps(found.id)
    return {
        "job": found.to_dict(),
        "we": found.parameters["we"],
        "period": found.parameters["period"],
        "summary": summary(claims),
        "table": [_row(claim) for claim in claims],
        **paged("claims", claims, _CLAIMS_A_PAGE),
    }


def _form(given: dict[str, str]) -> dict[str, Any]:
    names = ("text", "from", "to")
    return {
        "form": {name: given.get(name, "") for name in names}
        | {"we": given.get("we", visitor.we())},
        "most_characters": LONGEST_TEXT,
        "most_claims": MOST_PARTS,
        "most_bytes": comparator().settings.max_upload_bytes,
        "judges": comparator().settings.stance_model is not None,
    }


def _draft(text: str) -> tuple[str, str]:
    """The draft and its title."""
    file = uploaded("file")
    if file is None:
        return text, _shortened(" ".join(text.split()))
    if text.strip():
        raise InvalidInput("file", N_("is given beside a text: send one of them"))
    return document_of(file, "file").text, shown_name(file)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TITLE else f"{text[:_LONGEST_TITLE]}…"


def _row(claim: dict[str, Any]) -> dict[str, Any]:
    """Of the table: counts, and the day on which we said otherwise."""
    otherwise = (claim["said_otherwise"] or [None])[0]
    return {name: claim[name] for name in ("number", "text", "counts", "low_confidence")} | {
        "said_otherwise": otherwise and {name: otherwise[name] for name in ("date", "near")},
        "said_before": bool(claim["said_before"]),
    }
