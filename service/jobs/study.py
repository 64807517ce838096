"""The job that runs a study and keeps its package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.comparison import Comparator
from service.errors import Gone, IndexUnusable, InvalidInput
from service.jobs.results import Results
from service.jobs.worker import Kind, Run
from service.retrieval.encoder import file_sha256
from service.studies.catalogue import find_study
from service.studies.formats import Format
from service.studies.package import DESCRIPTOR, Package, read_descriptor, write_package
from service.studies.study import Study

# Said of the progress; in the catalogues of the interface's strings.
STUDYING = "comparing"


def judges(asked: Mapping[str, Any]) -> bool:
    """Whether a study with these parameters judges whatever it needs, for hours if need be."""
    return bool(asked.get("judge_all") or asked.get("judged"))


def takes_long(study: Study, asked: Mapping[str, Any]) -> bool:
    """Whether it may take hours, for which no other job should have to wait."""
    return study.goes_on or judges(asked)


def run_study(comparator: Comparator, results: Results) -> Kind:
    """Parameters: `study`, its name; `parameters`, its own; `formats` of data files. A step is the
    `generation` that it is about: that which was current when it was begun, whatever becomes
    current meanwhile. After an interruption a study goes on from what it kept, or begins again
    where that generation was pruned or what it kept is of another model.
    """

    def work(run: Run) -> dict[str, Any]:
        given, job_id = run.parameters, run.job.id
        study = find_study(given["study"])
        formats = [Format(one) for one in given["formats"]]
        run.progress(run.job.done, run.job.total, STUDYING)
        asked = _begun(run, comparator, results)

        def write(folder: Path) -> Package:
            return write_package(
                study, given["parameters"], folder, asked, formats, overwrite=True,
                progress=lambda done, total: run.progress(done, total, STUDYING),
            )  # fmt: skip

        try:
            try:
                made = write(results.begin(job_id))
            except InvalidInput as error:
                if error.field != "out":
                    raise
                made = write(results.begin_anew(job_id))
        except OSError as error:
            run.tell()  # gives up where the job was cancelled, and its folder removed
            raise IndexUnusable(f"the files of a job can't be written: {error}") from error
        return _result(asked.generation.manifest.id, made)

    return work


def _begun(run: Run, comparator: Comparator, results: Results) -> Comparator:
    """Asks the generation of the last step; the current one where there is none, or it is gone."""
    current = comparator.generation
    for step in run.steps[-1:]:
        try:
            fingerprint = comparator.encoder.fingerprint
            earlier = comparator.generations.earlier(step["generation"], fingerprint)
            return comparator.kept_to(earlier)
        except Gone:
            results.begin_anew(run.job.id)
    run.keep({"generation": current.manifest.id})
    run.flush()
    return comparator.kept_to(current)


def _result(generation: str, made: Package) -> dict[str, Any]:
    """`tables` with their rows, and `files` with what they are."""
    described = read_descriptor(made.folder / DESCRIPTOR)
    files = [
        {
            "name": one["path"],
            "media_type": one["mediatype"],
            "bytes": one["bytes"],
            "sha256": one["hash"].removeprefix("sha256:"),
        }
        for one in described["resources"]
    ]
    descriptor = made.folder / DESCRIPTOR
    own = {
        "name": DESCRIPTOR,
        "media_type": "application/json",
        "bytes": descriptor.stat().st_size,
        "sha256": file_sha256(descriptor),
    }
    return {
        "generation": generation,
        "left_out": list(made.left_out),
        "tables": [{"name": name, "rows": rows} for name, rows in made.rows.items()],
        "files": [*files, own],
    }
