"""`/v1/jobs`: studies that take longer than an answer may, done one after the other and kept."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Response, jsonify, send_file

from service.domain.access import Scope, permits
from service.errors import (
    Forbidden,
    IndexUnusable,
    InvalidInput,
    NotFound,
    Overloaded,
    Unauthorized,
)
from service.jobs.kinds import LONG_STUDY, STUDIES, STUDY
from service.jobs.store import Job
from service.jobs.study import judges, takes_long
from service.studies.catalogue import find_study
from service.studies.checks import check
from service.studies.formats import MEDIA_TYPES
from service.studies.study import Study
from service.web.access import caller
from service.web.asked import comparator
from service.web.contract import Contract
from service.web.jobs import own_job, own_jobs, owner, remember, work
from service.web.negotiation import JSON
from service.web.repeats import HEADERS, answered_once
from service.web.schemas.jobs import DeletedJob, JobAnswer, JobBody, JobsAnswer

studies = Contract("studies", tag="jobs")

_RETRY_AFTER_S = 600.0
_LONGEST = 60  # characters of a value in a title
_ID = "0123456789abcdef0123456789abcdef"
_EXAMPLE = {"path": {"job_id": _ID}}


@studies.post("/v1/jobs", answer=JobAnswer, status=202, others=(409,), headers=HEADERS,
              example={"body": {
                  "study": "matrix",
                  "parameters": {"states": ["CHN", "FRA", "NOR"], "from": 2000, "least": 2},
                  "formats": ["csv", "parquet"],
              }})  # fmt: skip
def submit_job(body: JobBody) -> Response:
    """Have a study done as a job

    202 once it is kept, with its address in Location: it survives a restart, and keys have their
    turns. Parameters are checked first, and the one at fault is named as `parameters.NAME`. Whoever
    may read may have studies done; `judge_all` and `judged` need the scope `import` as well, for
    they judge whatever isn't judged yet, for hours if need be, and keep it for everybody. At most
    ten jobs of one key wait or run. Without a key, a job is whoever's knows its id.
    """

    def submit() -> Response:
        study = find_study(body.study)
        try:
            asked = check(study, body.parameters, comparator())
        except InvalidInput as error:
            raise InvalidInput(f"parameters.{error.field}", error.reason) from None
        if judges(asked):
            _refuse_to_judge()
        job = _submitted(study, asked, [str(one) for one in dict.fromkeys(body.formats)])
        answer = jsonify(_whole(job))
        answer.status_code = HTTPStatus.ACCEPTED
        answer.headers["Location"] = f"/v1/jobs/{job.id}"
        return remember(answer, job)

    return answered_once(submit)


@studies.get("/v1/jobs", answer=JobsAnswer, repeatable=False, example={})
def jobs_listed() -> dict[str, Any]:
    """One's own jobs, the latest first

    Those of the key, at most a hundred. Without a key, those that this client began, where it keeps
    cookies.
    """
    return {"jobs": [_summary(job) for job in own_jobs(*STUDIES)]}


@studies.get("/v1/jobs/<job_id>", answer=JobAnswer, repeatable=False, example=_EXAMPLE)
def job(job_id: str) -> dict[str, Any]:
    """How far a job is, and what it made

    Kept for 30 days after its end, whatever becomes of the generation that it was about.
    """
    return _whole(own_job(job_id, *STUDIES))


@studies.get("/v1/jobs/<job_id>/files/<name>", answer=None, repeatable=False,
             media=(*MEDIA_TYPES.values(), "image/svg+xml", "image/png", JSON),
             example={"path": {"job_id": _ID, "name": "datapackage.json"}})  # fmt: skip
def job_file(job_id: str, name: str) -> Response:
    """A file of a job's result, by a name that the result has

    Together they are a Frictionless data package, the same that `--out` writes. The ETag is the
    SHA-256 of the file, and parts of it are to be had by Range.
    """
    found = own_job(job_id, *STUDIES)
    listed = (found.result or {}).get("files", ())
    file = next((one for one in listed if one["name"] == name), None)
    if file is None:
        raise NotFound("no such file: the job's result names those that there are")
    answer = send_file(
        work().results.file(found.id, file["name"]).resolve(), file["media_type"],
        as_attachment=True, download_name=file["name"], etag=file["sha256"], max_age=0,
    )  # fmt: skip
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


@studies.delete("/v1/jobs/<job_id>", answer=DeletedJob, others=(409,), headers=HEADERS,
                example=_EXAMPLE)  # fmt: skip
def delete_job(job_id: str) -> Response:
    """Cancel a job that waits or runs; remove one that has ended, with its files

    A job that was cancelled is still listed, without a result, until it is removed.
    """

    def delete() -> Response:
        found = own_job(job_id, *STUDIES)
        removed = found.state.ended
        if removed:
            work().forget(found)
        else:
            found = work().jobs.cancel(found.id)
        return jsonify({"id": found.id, "state": found.state, "removed": removed})

    return answered_once(delete)


def _submitted(study: Study, asked: Mapping[str, Any], formats: list[str]) -> Job:
    uploads, results = work().uploads, work().results
    place = uploads.place()
    if place is None:
        raise IndexUnusable("the index folder can't be written")
    most = comparator().settings.max_result_bytes
    if results.bytes() >= most:
        raise Overloaded(
            f"the files of jobs take more than {most:,} bytes: remove those that aren't needed",
            _RETRY_AFTER_S,
        )
    kind = LONG_STUDY if takes_long(study, asked) else STUDY
    parameters = {"study": study.name, "parameters": dict(asked), "formats": formats}
    job = work().jobs.submit(kind, owner(), parameters, title=_title(study, asked), place=place)
    work().wake(kind)
    return job


def _refuse_to_judge() -> None:
    key = caller().key
    if key is None:
        raise Unauthorized("judging needs a key with the scope import")
    if not permits(key.scopes, Scope.IMPORT):
        raise Forbidden(Scope.IMPORT)


def _title(study: Study, asked: Mapping[str, Any]) -> str:
    """The study with what was asked of it, for lists."""
    said = [p.name for p in study.parameters if asked[p.name] != p.default]
    return " · ".join((study.name, *(f"{name}={_short(asked[name])}" for name in said)))


def _short(value: Any) -> str:
    shown = ", ".join(map(str, value)) if isinstance(value, list | dict) else str(value)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _summary(job: Job) -> dict[str, Any]:
    facts = job.to_dict()
    assert job.parameters is not None
    del facts["kind"], facts["result"]
    return facts | {"study": job.parameters["study"]}


def _whole(job: Job) -> dict[str, Any]:
    assert job.parameters is not None
    result = job.result and {
        **job.result,
        "files": [
            file | {"href": f"/v1/jobs/{job.id}/files/{quote(file['name'])}"}
            for file in job.result["files"]
        ],
    }
    return _summary(job) | {
        "parameters": job.parameters["parameters"],
        "formats": job.parameters["formats"],
        "result": result,
    }
