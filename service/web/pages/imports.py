"""`/import`: a file of statements is given; `/import/<job>`: what was read, mended and skipped."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from service.domain.access import Scope, permits
from service.errors import InvalidInput
from service.importing import GIVEN, Format, check_given
from service.jobs.import_file import report_of, result
from service.jobs.kinds import IMPORT
from service.jobs.store import new_id
from service.web.access import caller
from service.web.asked import comparator
from service.web.jobs import own_job, owner, remember, work
from service.web.pages.frame import Pages
from service.web.pages.language import N_, gettext
from service.web.pages.paging import paged
from service.web.pages.uploads import plain_name, shown_name, uploaded

imports = Pages("imports_page")

_ENTRIES_A_PAGE = 200
_FORMATS = {
    Format.TABLE: N_("a table: CSV, JSON Lines or Parquet, a statement a row"),
    Format.ARTICLE: N_("an article that reports what states said"),
    Format.STATEMENT: N_("one statement: a document or a text"),
}
_FIELDS = tuple(dict.fromkeys(name for names in GIVEN.values() for name in names))


@imports.page("/import", "import.html")
def form() -> dict[str, Any]:
    return _form({})


@imports.form("/import", scope=Scope.IMPORT)
def begin() -> ResponseReturnValue:
    """Keep the file, and begin to read it."""
    given = {name: request.form.get(name, "").strip() for name in ("format", *_FIELDS)}
    try:
        kind = _format(given.pop("format"))
        said = check_given(kind, given, comparator().catalogue)
        file = uploaded("file")
        if file is None:
            raise InvalidInput("file", N_("is missing: choose a file"))
        job_id, uploads = new_id(), work().uploads
        uploads.keep(job_id, plain_name(file), file.save)
        try:
            parameters = {"format": kind, "given": said, "file": shown_name(file)}
            job = work().jobs.submit(
                IMPORT, owner(), parameters, title=shown_name(file), place=uploads.place(),
                job_id=job_id,
            )  # fmt: skip
        except BaseException:
            uploads.remove(job_id)
            raise
    except InvalidInput as error:
        refused = {"field": error.field, "reason": error.reason}
        shown = _form(dict(request.form)) | {"refused": refused}
        return render_template("import.html", shown=shown), HTTPStatus.BAD_REQUEST
    work().worker.wake()
    answer: Response = redirect(f"/import/{job.id}", 303)  # type: ignore[assignment]
    return remember(answer, job)


@imports.page("/import/<job>", "import_report.html")
def report(job: str) -> dict[str, Any]:
    """What is read until now, and where the building of the next generation is."""
    found = own_job(job, IMPORT)
    assert found.parameters is not None
    steps = work().jobs.steps(found.id)
    build = comparator().ingest.build
    behind = found.state.ended and comparator().ingest.is_behind()
    return {
        "job": found.to_dict(),
        "file": found.parameters["file"],
        "format": found.parameters["format"],
        "read": result(steps),
        "build": {"phase": str(build.phase), "since": build.since, "searched": not behind},
        **paged("report", report_of(steps), _ENTRIES_A_PAGE),
    }


def _form(given: dict[str, str]) -> dict[str, Any]:
    key = caller().key
    return {
        "form": {name: given.get(name, "") for name in ("format", *_FIELDS)},
        "formats": [str(kind) for kind in Format],
        "most_bytes": comparator().settings.max_upload_bytes,
        "may_import": key is not None and permits(key.scopes, Scope.IMPORT),
    }


def _format(value: str) -> Format:
    try:
        return Format(value)
    except ValueError:
        known = ", ".join(Format)
        raise InvalidInput("format", f"{value!r} is none of {known}") from None


@imports.app_context_processor
def _words() -> dict[str, Any]:
    return {"format_words": lambda kind: gettext(_FORMATS[Format(kind)])}
