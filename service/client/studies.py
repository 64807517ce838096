"""Comparisons, at once where they are small enough, else as jobs whose files are fetched."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Unpack

from service.client.answers import Raw, read, read_all
from service.client.asking import MatrixFilters, as_body, once, quoted
from service.client.results import (
    ComparedPosition,
    Comparison,
    Estimate,
    Job,
    JobFile,
    Matrix,
    MatrixCell,
    MatrixUnit,
)
from service.client.transport import Transport

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 10.0


class Studies(Transport):
    """The methods of `Client` that compare in bulk."""

    def compare(
        self,
        a: str | None = None,
        b: str | None = None,
        *,
        text_a: str | None = None,
        text_b: str | None = None,
        seed: int = 0,
    ) -> Comparison:
        """Two statements claim by claim, each an id or STATE:YEAR, or a text."""
        body = as_body({"a": a, "b": b, "text_a": text_a, "text_b": text_b, "seed": seed})
        raw = self._send("POST", "/v1/compare", body=body).json()
        made = {name: _estimate(raw[name]) for name in ("similarity", "agreement")}
        return read(Comparison, raw, positions=read_all(ComparedPosition, raw["positions"]), **made)

    def matrix(self, unit: str = "state", **filters: Unpack[MatrixFilters]) -> Matrix:
        """Every pair of states, or of statements. What is too much for one answer is refused with
        422: `submit` the study `matrix` then."""
        raw = self._get("/v1/matrix", {"unit": unit, **filters})
        return read(
            Matrix, raw,
            units=read_all(MatrixUnit, raw["units"]), cells=read_all(MatrixCell, raw["cells"]),
        )  # fmt: skip

    def submit(
        self,
        study: str,
        parameters: Mapping[str, Any] | None = None,
        formats: Sequence[str] = ("csv",),
        idempotency_key: str | None = None,
    ) -> Job:
        """Have a study done as a job. `parameters` are those of `/v1/jobs` in the service's
        `/docs`, `from` as `from_` too; `formats` are csv, parquet and jsonl.

        Sent with a key it is begun once, however often it is tried; an `idempotency_key` of your
        own has that hold after a restart of your program, too.
        """
        body = {"study": study, "parameters": as_body(parameters or {}), "formats": list(formats)}
        answer = self._send("POST", "/v1/jobs", body=body, once=once(idempotency_key))
        return _job(answer.json())

    def job(self, job: str | Job) -> Job:
        """As it is now."""
        return _job(self._get(_path(job)))

    def jobs(self) -> tuple[Job, ...]:
        """Those of the key, the latest first; without a key, those that this client began."""
        return tuple(_job(one) for one in self._get("/v1/jobs")["jobs"])

    def wait(self, job: str | Job, timeout: float = 86_400.0) -> Job:
        """The job once it is over, however it ended: look at its `state`. Raises TimeoutError
        after `timeout` seconds."""
        end, pause = time.monotonic() + timeout, _FIRST_PAUSE_S
        while not (found := self.job(job)).is_over:
            if time.monotonic() + pause > end:
                raise TimeoutError(
                    f"{found.id} is {found.state} after {timeout:g} seconds: "
                    f"{found.done} of {found.total} done"
                )
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)
        return found

    def download(self, job: str | Job, folder: str | Path) -> tuple[Path, ...]:
        """Every file of a job that is done into `folder`, which is made where there is none: a
        Frictionless data package. Each appears whole, and as what it is by its SHA-256, or not at
        all. Raises ValueError where the job isn't done."""
        found, into = self.job(job), Path(folder)
        if found.state != "done":
            raise ValueError(f"{found.id} is {found.state}: {found.error or 'it has no files'}")
        into.mkdir(parents=True, exist_ok=True)
        return tuple(self._fetched(file, into) for file in found.files)

    def cancel(self, job: str | Job, idempotency_key: str | None = None) -> bool:
        """Cancel a job that waits or runs; one that is over is removed, with its files. Whether it
        was removed."""
        answer = self._send("DELETE", _path(job), once=once(idempotency_key))
        return bool(answer.json()["removed"])

    def _fetched(self, file: JobFile, folder: Path) -> Path:
        if file.name in ("", ".", "..") or PurePath(file.name).name != file.name:
            raise ValueError(f"{file.name!r} is no plain name")
        path = folder / file.name
        aside = folder / f".{file.name}.part"
        try:
            self._save(file.href, aside)
            with aside.open("rb") as saved:
                digest = hashlib.file_digest(saved, "sha256").hexdigest()
            if digest != file.sha256:
                raise ValueError(f"{file.name} didn't arrive as it was written")
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        return path


def _estimate(raw: Raw | None) -> Estimate | None:
    return None if raw is None else read(Estimate, raw)


def _job(raw: Raw) -> Job:
    result = raw.get("result") or {"tables": (), "files": ()}
    tables = {one["name"]: one["rows"] for one in result["tables"]}
    parameters, files = raw.get("parameters", {}), read_all(JobFile, result["files"])
    return read(Job, raw, parameters=parameters, tables=tables, files=files)


def _path(job: str | Job) -> str:
    return f"/v1/jobs/{quoted(job.id if isinstance(job, Job) else job)}"
