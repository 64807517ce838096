"""Files that were uploaded for a job: kept beside the indexes until the job ends."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from service.errors import ConcordError, DatabaseUnusable, IndexUnusable, NotFound
from service.jobs.store import Jobs

log = logging.getLogger(__name__)

# A file without a job is one that is still being uploaded, or that nobody will ask for any more.
_FORGOTTEN_S = 3_600.0
_PLACE = ".place"


class Uploads:
    """One folder a job, named by the job's id. Safe between threads and processes."""

    def __init__(self, indexes: Path, jobs: Jobs) -> None:
        self._folder = indexes / "uploads"
        self._jobs = jobs
        self._place: str | None = None
        self._warned = False

    def place(self) -> str | None:
        """What tells this folder from those of other machines that share the database; None where
        it can't be written, and so has no files."""
        if self._place is None:
            try:
                self._place = self._read_place()
            except OSError as error:
                if not self._warned:  # a worker asks every few seconds
                    log.warning("%s can't be used: %s", self._folder, error.strerror)
                self._warned = True
        return self._place

    def keep(self, job_id: str, name: str, save: Callable[[Path], object]) -> None:
        """Have `save` write the file of a job that is about to be submitted. `name` is a plain
        name. Raises IndexUnusable where it can't be written."""
        if not name or Path(name).name != name or not job_id.isalnum():
            raise ValueError("no plain name")
        folder = self._folder / job_id
        try:
            folder.mkdir(parents=True, mode=0o700)
            save(folder / name)
        except OSError as error:
            self.remove(job_id)
            raise IndexUnusable(f"{folder} can't be written: {error.strerror}") from error

    def file(self, job_id: str) -> Path:
        """Raises ConcordError where it isn't there: a restored database has jobs of before."""
        try:
            return next(p for p in (self._folder / job_id).iterdir() if p.is_file())
        except (OSError, StopIteration):
            raise ConcordError("the uploaded file isn't there any more: upload it again") from None

    def remove(self, job_id: str) -> None:
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def sweep(self) -> None:
        """Remove the files of jobs that have ended or were removed."""
        try:
            folders = [p for p in self._folder.iterdir() if p.is_dir()]
        except OSError:
            return
        for folder in folders:
            with suppress(OSError, DatabaseUnusable):
                if self._is_over(folder):
                    self.remove(folder.name)

    def _is_over(self, folder: Path) -> bool:
        try:
            return self._jobs.get(folder.name).state.ended
        except NotFound:
            return time.time() - folder.stat().st_mtime > _FORGOTTEN_S

    def _read_place(self) -> str:
        path = self._folder / _PLACE
        if not path.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            aside = self._folder / f"{_PLACE}-{secrets.token_hex(4)}"
            aside.write_text(secrets.token_hex(16))
            try:
                with suppress(FileExistsError):  # another process was first
                    os.link(aside, path)
            finally:
                aside.unlink()
        return path.read_text()[:32]
