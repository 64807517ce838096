"""Studies that are done as jobs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from service.jobs.store import State
from service.studies.checks import OFFERED
from service.studies.formats import Format as FileFormat
from service.web.schemas.types import Answered, Asked


def _study(value: str) -> str:
    if value not in OFFERED:
        raise ValueError(f"{value[:40]!r} is no study; there are {', '.join(OFFERED)}")
    return value


StudyName = Annotated[
    str, AfterValidator(_study), WithJsonSchema({"type": "string", "enum": list(OFFERED)})
]
_PARAMETERS = "; ".join(
    f"{study.name}: {', '.join(p.name + ('!' if p.needed else '') for p in study.parameters)}"
    for study in OFFERED.values()
)


class JobBody(Asked):
    """A study, to be done as a job."""

    study: StudyName
    parameters: dict[str, Any] = Field(
        default={},
        description="By name, those of the command line and of Python; those with ! are needed, "
        f"the others have defaults. {_PARAMETERS}.",
    )
    formats: list[FileFormat] = Field(
        default=[FileFormat.CSV], min_length=1, max_length=10,
        description="Of the data files.",
    )  # fmt: skip


class JobTable(Answered):
    name: str
    rows: int


class JobFile(Answered):
    """`href` is where it is to be had."""

    name: str
    media_type: str
    bytes: int
    sha256: str
    href: str


class JobResult(Answered):
    """`left_out` are issues that didn't count, as they weren't judged. The last of the `files` is
    `datapackage.json`, which describes the others."""

    generation: str
    left_out: list[str]
    tables: list[JobTable]
    files: list[JobFile]


class JobSummary(Answered):
    """`done` of `total` pieces of work are done, null where their number isn't known. Moments are
    in UTC; `started` is when it was last taken up."""

    id: str
    study: str
    title: str
    state: State
    done: int
    total: int | None
    phrase: str = Field(description="What is being done.")
    error: str | None = Field(description="Of a failed job: why.")
    created: str
    started: str | None
    ended: str | None


class JobAnswer(JobSummary):
    parameters: dict[str, Any]
    formats: list[FileFormat]
    result: JobResult | None = Field(description="Once it is done.")


class JobsAnswer(Answered):
    jobs: list[JobSummary]


class DeletedJob(Answered):
    """`state` is that of before where it was removed, else it is `cancelled`."""

    id: str
    state: State
    removed: bool
