"""Immutable built indexes: each complete and verified before it becomes current."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
import sqlite3
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from service.domain.blocs import Blocs
from service.domain.issues import Issue
from service.domain.questions import Question
from service.errors import ConcordError, Gone, IndexUnusable, NotFound
from service.retrieval.codes import Codes
from service.retrieval.columns import Columns, Mask
from service.retrieval.encoder import file_sha256
from service.retrieval.engine import Engine, Finder
from service.retrieval.index import VectorIndex
from service.retrieval.library import Library
from service.retrieval.manifest import (
    CALIBRATION,
    CODES,
    COLUMNS,
    FORMAT,
    LIBRARY,
    REBUILD,
    VECTORS,
    Manifest,
    flush_folder,
    format_of,
    is_verified,
    read_manifest,
    refuse_other_encoder,
    verify,
)

log = logging.getLogger(__name__)

# Generations that cursors still lead to, held open beside the current one.
EARLIER_OPEN = 2
# Seconds until a new generation that couldn't be opened is tried again.
TRY_AGAIN_S = 10.0
_ID = re.compile(r"[0-9a-f]{1,64}")
# What marks a pointer file: another one has another inode, time or size.
Mark = tuple[int, int, int]


class Generation:
    """An opened generation: its vectors are mapped, its library is read-only. Where it has a
    `finder`, that searches them."""

    finder: Finder | None = None

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.index = VectorIndex.open(folder / VECTORS)
        self.codes = Codes.open(folder / CODES)
        self.columns = Columns.load(folder / COLUMNS)
        self.state_starts = self.columns.starts(self.columns.state)
        self.statement_starts = self.columns.starts(self.columns.statement)
        self.library = Library(folder / LIBRARY, self.columns.stored)
        self._calibration: npt.NDArray[np.float32] = np.load(
            folder / CALIBRATION, allow_pickle=False
        )
        self.positions = self.columns.positions
        self._levels: dict[float, float] = {}
        # Of blocs, by their ids: which statements were made by members (`filters`).
        self.members: dict[tuple[str, ...], tuple[Blocs, Mask]] = {}
        # Of issues, within filters: the rows that are judged (`analysis.candidates`).
        self.candidates: dict[tuple[Issue, Question], npt.NDArray[np.int64]] = {}

    @cached_property
    def statement_sizes(self) -> npt.NDArray[np.int64]:
        """Of each statement its positions and its other claims, shape (2, statements)."""
        if not len(self.statement_starts):
            return np.empty((2, 0), np.int64)
        positions = np.add.reduceat(self.positions, self.statement_starts, dtype=np.int64)
        every = np.diff(self.statement_starts, append=self.index.count)
        return np.stack([positions, every - positions])

    @cached_property
    def state_statements(self) -> npt.NDArray[np.int64]:
        """The place of each state's first statement."""
        return np.searchsorted(self.statement_starts, self.state_starts)

    @cached_property
    def list_sizes(self) -> npt.NDArray[np.int64]:
        """Of each state its positions and its other claims, shape (2, states)."""
        if not len(self.state_statements):
            return np.empty((2, 0), np.int64)
        return np.add.reduceat(self.statement_sizes, self.state_statements, axis=1)

    def percentile(self, similarity: float) -> float | None:
        """Per cent of random pairs of different states' positions that are less alike."""
        if not len(self._calibration):
            return None
        below = self._calibration.searchsorted(np.float32(similarity))
        return round(100.0 * float(below) / len(self._calibration), 3)

    def similarity_at(self, percentile: float) -> float:
        """The inverse of `percentile`; -1 where nothing is calibrated."""
        if not len(self._calibration):
            return -1.0
        if percentile not in self._levels:
            self._levels[percentile] = float(np.quantile(self._calibration, percentile / 100))
        return self._levels[percentile]


class Generations:
    """The folder of generations, and which of them is current."""

    def __init__(self, indexes: Path, engine: Engine | None = None) -> None:
        """With an `engine`, only what it has all of can become current, or be opened."""
        self.engine = engine
        self.root = indexes / "generations"
        self.root.mkdir(parents=True, exist_ok=True)
        self._pointer = indexes / "CURRENT"
        self._opening, self._lock = threading.Lock(), threading.Lock()
        self._earlier: dict[str, Generation] = {}
        self._opened: tuple[Mark | None, Generation] | None = None
        self._refused: tuple[Mark | None, float] | None = None
        self._fingerprint: str | None = None

    def current_id(self) -> str | None:
        return next(iter(self._pointed()), None)

    def left(self) -> str | None:
        """The `Manifest.corpus` that a roll-back left: whoever builds by himself lets it be."""
        return next(iter(self._pointed()[2:]), None)

    def current(self, fingerprint: str | None = None) -> Generation:
        """The current generation; opened anew when another has become current.

        Whoever finds the new one opens it, and the others go on with the old one meanwhile. The old
        one also stays where the new one can't be used, or is of another encoder than the
        `fingerprint` that was asked for last; where none was open yet, an earlier one that can be
        used stands in. The log says so. What was opened can be used for as long as it is held, even
        where its files are deleted. Raises IndexUnusable where there is none.
        """
        self._fingerprint = fingerprint or self._fingerprint
        mark, opened = self._mark(), self._opened
        if opened is not None and (mark == opened[0] or self._is_refused(mark)):
            return opened[1]
        if not self._opening.acquire(blocking=opened is None):
            assert opened is not None
            return opened[1]
        try:
            opened = self._opened
            if opened is None:
                opened = self._opened = (mark, self._first())
            elif mark != opened[0] and not self._is_refused(mark):
                try:
                    opened = self._opened = (mark, self._open(self._fingerprint))
                    log.info("generation %s is served", opened[1].manifest.id)
                except IndexUnusable as error:
                    self._refused = (mark, time.monotonic() + TRY_AGAIN_S)
                    log.error("generation %s is served further: %s", opened[1].manifest.id, error)
            return opened[1]
        finally:
            self._opening.release()

    def earlier(self, generation_id: str, fingerprint: str) -> Generation:
        """One that needn't be current any more; the last few opened stay open. Raises Gone where
        it was pruned, or isn't of the encoder with this `fingerprint`."""
        current = self.current(fingerprint)
        if current.manifest.id == generation_id:
            return current
        with self._opening:
            if generation_id not in self._earlier:
                try:
                    folder = self.folder(generation_id)
                    refuse_other_encoder(read_manifest(folder), fingerprint)
                    self._earlier[generation_id] = self._found(folder)
                except (NotFound, IndexUnusable):
                    raise Gone(
                        f"generation {generation_id} is no longer kept: ask from the first page"
                    ) from None
                while len(self._earlier) > EARLIER_OPEN:
                    self._earlier.pop(next(iter(self._earlier)))
            return self._earlier[generation_id]

    def all(self) -> list[Manifest]:
        """Complete generations of the present format, the oldest first; the log names those whose
        manifest is damaged."""
        found = []
        for folder in (path.parent for path in self.root.glob("[!.]*/manifest.json")):
            if format_of(folder) in (FORMAT, None):
                try:
                    found.append(read_manifest(folder))
                except IndexUnusable as error:
                    log.warning("passed over: %s", error)
        return sorted(found, key=lambda manifest: (manifest.created, manifest.id))

    def now(self) -> str:
        """The time, for a new manifest's `created`: never before the latest one's, even where the
        clock was set back, as the order of times is the order of generations."""
        times = [datetime.fromisoformat(manifest.created) for manifest in self.all()]
        moment = max([datetime.now(UTC), *(time + timedelta(microseconds=1) for time in times)])
        return moment.isoformat(timespec="microseconds")

    def folder(self, generation_id: str) -> Path:
        folder = self.root / generation_id
        if not _ID.fullmatch(generation_id) or not (folder / "manifest.json").is_file():
            raise NotFound(f"no such generation: {generation_id}")
        return folder

    def roll_back(self, generation_id: str | None = None) -> Manifest:
        """Make `generation_id`, or the one built before the current one, current again."""
        if generation_id is None:
            ids = [manifest.id for manifest in self.all()]
            current = self.current_id()
            place = ids.index(current) if current in ids else len(ids)
            if place == 0:
                raise NotFound("there is no earlier generation to roll back to")
            generation_id = ids[place - 1]
        left = self.left()
        with suppress(NotFound, IndexUnusable):
            left = left or read_manifest(self.folder(self.current_id() or "")).corpus
        return self.make_current(generation_id, left)

    def make_current(self, generation_id: str, left: str | None = None) -> Manifest:
        """Verify every file, then switch; `left` is what a roll-back leaves."""
        manifest = verify(self.folder(generation_id))
        self.switch(manifest, left)
        return manifest

    def upload(self, manifest: Manifest, told: Callable[[int], None] = lambda count: None) -> None:
        """Have the engine, where there is one, search it as well; `told` of ever more rows."""
        if self.engine is not None:
            self.engine.upload(_opened(self.root / manifest.id), told)

    def switch(self, manifest: Manifest, left: str | None = None) -> None:
        """Make a verified generation current, by one rename, once the engine has it."""
        self.upload(manifest)
        aside = self._pointer.with_name(".CURRENT")
        digest = file_sha256(self.root / manifest.id / "manifest.json")
        fields = manifest.id, digest, left or ""
        try:
            with aside.open("w", encoding="utf-8") as file:
                file.write(" ".join(fields).rstrip() + "\n")
                file.flush()
                os.fsync(file.fileno())
            aside.replace(self._pointer)
            flush_folder(self._pointer.parent)
        except OSError as error:
            raise IndexUnusable(f"{self._pointer} can't be written: {error.strerror}") from error
        if self.engine is not None:
            kept = [other.id for other in reversed(self.all()) if other.id != manifest.id]
            self.engine.switched(manifest.id, kept)

    def prune(self, keep: int) -> list[str]:
        """Delete all but the current generation and the `keep` newest; returns the deleted."""
        current = self.current_id()
        old = [m.id for m in self.all() if m.id != current]
        doomed = old[: max(0, len(old) - max(keep - 1, 1))]
        for generation_id in doomed:
            if self.engine is not None:
                self.engine.remove(generation_id)
            shutil.rmtree(self.root / generation_id)
        return doomed

    def _mark(self) -> Mark | None:
        try:
            seen = self._pointer.stat()
        except FileNotFoundError:
            return None
        return seen.st_ino, seen.st_mtime_ns, seen.st_size

    def _is_refused(self, mark: Mark | None) -> bool:
        refused = self._refused
        return refused is not None and refused[0] == mark and time.monotonic() < refused[1]

    def _pointed(self) -> list[str]:
        """What the pointer says: a generation, its manifest's hash, and what a roll-back left."""
        try:
            return self._pointer.read_text("utf-8").split()
        except (OSError, ValueError):
            return []

    def _first(self) -> Generation:
        try:
            return self._open(self._fingerprint)
        except IndexUnusable as error:
            current = self.current_id()
            for manifest in reversed(self.all() if self._pointer.exists() else []):
                wanted = self._fingerprint in (None, manifest.fingerprint)
                if wanted and manifest.id != current:
                    with suppress(IndexUnusable):
                        stand_in = self._found(self.root / manifest.id)
                        log.error("generation %s is served instead: %s", manifest.id, error)
                        return stand_in
            raise

    def _open(self, fingerprint: str | None = None) -> Generation:
        if not self._pointer.exists():
            raise IndexUnusable(f"there is no index yet: {REBUILD}")
        try:
            generation_id, digest, *_ = self._pointed()
            folder = self.folder(generation_id)
        except (ValueError, NotFound):
            raise IndexUnusable(f"{self._pointer} names no generation: {REBUILD}") from None
        if file_sha256(folder / "manifest.json") != digest:
            raise IndexUnusable(
                f"the manifest of generation {generation_id} was changed: {REBUILD}"
            )
        if fingerprint is not None:
            refuse_other_encoder(read_manifest(folder), fingerprint)
        return self._found(folder)

    def _found(self, folder: Path) -> Generation:
        found = _opened(folder)
        if self.engine is not None:
            found.finder = self.engine.finder(found)
        return found


def _opened(folder: Path) -> Generation:
    """Verified first, for faiss and SQLite trust what they read; but not again where no file was
    touched since: half a second a gigabyte is long beside an answer."""
    manifest = read_manifest(folder)
    if not is_verified(folder):
        manifest = verify(folder)
    try:
        return Generation(folder, manifest)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, sqlite3.Error) as error:
        raise IndexUnusable(
            f"generation {folder.name} can't be read ({error}): {REBUILD}"
        ) from error


@contextmanager
def exclusive(indexes: Path) -> Iterator[None]:
    """One import or build at a time; the lock dies with its process."""
    try:
        indexes.mkdir(parents=True, exist_ok=True)
        file = (indexes / ".lock").open("w")
    except OSError as error:
        raise IndexUnusable(f"{indexes} can't be written: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConcordError(
                f"another import or build is at work on {indexes}: try again when it is done"
            ) from None
        yield
