"""Files that studies made: kept beside the indexes as long as their jobs are."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path

from service.errors import DatabaseUnusable, IndexUnusable, NotFound
from service.jobs.store import Jobs, State

# Of a job's folder: what it made, and beside it what is kept to go on from.
PACKAGE = "package"
_UNFINISHED = f".{PACKAGE}.unfinished"
_ID = re.compile(r"[0-9a-f]{32}")


class Results:
    """One folder a job, named by the job's id. Safe between threads and processes."""

    def __init__(self, indexes: Path, jobs: Jobs) -> None:
        self._folder = indexes / "jobs"
        self._jobs = jobs

    def begin(self, job_id: str) -> Path:
        """Where the package of a job is to be written; what a killed process left half done is
        removed, what can be gone on from isn't. Raises IndexUnusable where it can't be written."""
        folder = self._folder / job_id
        try:
            folder.mkdir(parents=True, mode=0o700, exist_ok=True)
            for path in folder.iterdir():
                if path.name not in (PACKAGE, _UNFINISHED):
                    shutil.rmtree(path)
        except OSError as error:
            raise IndexUnusable(f"{folder} can't be written: {error.strerror}") from error
        return folder / PACKAGE

    def begin_anew(self, job_id: str) -> Path:
        """As `begin`, with nothing to go on from."""
        self.remove(job_id)
        return self.begin(job_id)

    def file(self, job_id: str, name: str) -> Path:
        """Of the package; `name` is one that the job's result has. Raises NotFound where it isn't
        there: a backup has no such files, and each machine only those of its own."""
        path = self._folder / job_id / PACKAGE / name
        if not path.is_file():
            raise NotFound("this job's files aren't here any more: submit it again")
        return path

    def bytes(self) -> int:
        """Of all the files of all jobs."""
        found = 0
        for path in self._folder.rglob("*"):
            with suppress(OSError):  # removed meanwhile
                found += path.lstat().st_size
        return found

    def remove(self, job_id: str) -> None:
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def sweep(self) -> None:
        """Remove what belongs to jobs that were removed, failed or cancelled."""
        try:
            ids = [path.name for path in self._folder.iterdir() if _ID.fullmatch(path.name)]
        except OSError:
            return
        for job_id in ids:
            with suppress(DatabaseUnusable):
                if self._is_over(job_id):
                    self.remove(job_id)

    def _is_over(self, job_id: str) -> bool:
        try:
            state = self._jobs.get(job_id).state
        except NotFound:
            return True
        return state.ended and state is not State.DONE
