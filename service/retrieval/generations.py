"""Immutable built indexes: each complete and verified before it becomes current."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.errors import ConcordError, IndexUnusable, NotFound
from service.retrieval.columns import Columns
from service.retrieval.encoder import file_sha256
from service.retrieval.index import VectorIndex
from service.retrieval.library import Library

FORMAT = 1
INDEX, COLUMNS, LIBRARY, CALIBRATION = (
    "vectors.faiss", "columns.npz", "library.sqlite", "calibration.npy"
)  # fmt: skip
FILES = (INDEX, COLUMNS, LIBRARY, CALIBRATION)
REBUILD = "run `python -m service build`"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a generation is made of. `corpus` hashes every statement in it; `id` is derived from
    the format, the encoder and the corpus, so that equal content has an equal name anywhere."""

    id: str
    format: int
    created: str
    model: str
    fingerprint: str
    dimension: int
    corpus: str
    states: int
    statements: int
    claims: int
    positions: int
    rendered: int
    truncated: int
    files: Mapping[str, Mapping[str, Any]]


class Generation:
    """An opened generation: its vectors are mapped, its library is read-only."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.index = VectorIndex.open(folder / INDEX)
        self.columns = Columns.load(folder / COLUMNS)
        self.library = Library(folder / LIBRARY)
        self._calibration: npt.NDArray[np.float32] = np.load(
            folder / CALIBRATION, allow_pickle=False
        )

    def percentile(self, similarity: float) -> float | None:
        """Per cent of random pairs of different states' positions that are less alike."""
        if not len(self._calibration):
            return None
        below = np.searchsorted(self._calibration, np.float32(similarity))
        return round(100.0 * float(below) / len(self._calibration), 3)

    def similarity_at(self, percentile: float) -> float:
        """The inverse of `percentile`; -1 where nothing is calibrated."""
        if not len(self._calibration):
            return -1.0
        return float(np.quantile(self._calibration, percentile / 100))


class Generations:
    """The folder of generations, and which of them is current."""

    def __init__(self, indexes: Path) -> None:
        self.root = indexes / "generations"
        self.root.mkdir(parents=True, exist_ok=True)
        self._pointer = indexes / "CURRENT"
        self._lock = threading.Lock()
        self._opened: tuple[tuple[int, int, int], Generation] | None = None

    def current_id(self) -> str | None:
        try:
            return self._pointer.read_text("utf-8").split()[0]
        except (FileNotFoundError, IndexError):
            return None

    def current(self) -> Generation:
        """The current generation; opened anew when another has become current."""
        try:
            seen = self._pointer.stat()
        except FileNotFoundError:
            raise IndexUnusable(f"there is no index yet: {REBUILD}") from None
        key = (seen.st_ino, seen.st_mtime_ns, seen.st_size)
        with self._lock:
            if self._opened is None or self._opened[0] != key:
                self._opened = (key, self._open())
            return self._opened[1]

    def all(self) -> list[Manifest]:
        """Complete generations, the oldest first."""
        found = [read_manifest(p.parent) for p in self.root.glob("[!.]*/manifest.json")]
        return sorted(found, key=lambda manifest: (manifest.created, manifest.id))

    def folder(self, generation_id: str) -> Path:
        folder = self.root / generation_id
        if "/" in generation_id or not (folder / "manifest.json").is_file():
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
        return self.make_current(generation_id)

    def make_current(self, generation_id: str) -> Manifest:
        """Verify every file, then switch by one rename."""
        folder = self.folder(generation_id)
        manifest = verify(folder)
        aside = self._pointer.with_name(".CURRENT")
        with aside.open("w", encoding="utf-8") as file:
            file.write(f"{generation_id} {file_sha256(folder / 'manifest.json')}\n")
            file.flush()
            os.fsync(file.fileno())
        aside.replace(self._pointer)
        flush_folder(self._pointer.parent)
        return manifest

    def prune(self, keep: int) -> list[str]:
        """Delete all but the current generation and the `keep` newest; returns the deleted."""
        current = self.current_id()
        old = [m.id for m in self.all() if m.id != current]
        doomed = old[: max(0, len(old) - max(keep - 1, 1))]
        for generation_id in doomed:
            shutil.rmtree(self.root / generation_id)
        return doomed

    def _open(self) -> Generation:
        """Checks the manifest's hash and each file's size; contents were hashed at the switch."""
        try:
            generation_id, digest = self._pointer.read_text("utf-8").split()
            folder = self.folder(generation_id)
        except (ValueError, NotFound):
            raise IndexUnusable(f"{self._pointer} names no generation: {REBUILD}") from None
        if file_sha256(folder / "manifest.json") != digest:
            raise IndexUnusable(
                f"the manifest of generation {generation_id} was changed: {REBUILD}"
            )
        manifest = read_manifest(folder)
        for name in FILES:
            size = (folder / name).stat().st_size if (folder / name).is_file() else None
            if size != manifest.files[name]["bytes"]:
                raise IndexUnusable(
                    f"generation {generation_id}: {name} isn't the file that was built: {REBUILD}, "
                    "or `python -m service generations --roll-back`"
                )
        return Generation(folder, manifest)


def generation_id(model: str, fingerprint: str, corpus: str) -> str:
    content = json.dumps([FORMAT, model, fingerprint, corpus])
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def read_manifest(folder: Path) -> Manifest:
    path = folder / "manifest.json"
    try:
        fields = json.loads(path.read_text("utf-8"))
        if fields.get("format") != FORMAT:
            raise IndexUnusable(
                f"{path} has format {fields.get('format')}, this version reads {FORMAT}: {REBUILD}"
            )
        return Manifest(**fields)
    except (ValueError, TypeError, AttributeError, OSError) as error:
        raise IndexUnusable(f"{path} is damaged ({error}): {REBUILD}") from error


def seal(folder: Path, fields: Mapping[str, Any]) -> Manifest:
    """Flush every file, hash it, and write the manifest last."""
    files = {}
    for name in FILES:
        path = folder / name
        with path.open("rb") as file:
            os.fsync(file.fileno())
        files[name] = {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
    manifest = Manifest(files=files, **fields)
    with (folder / "manifest.json").open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    flush_folder(folder)
    return manifest


def verify(folder: Path) -> Manifest:
    """Every file against its SHA-256."""
    manifest = read_manifest(folder)
    for name in FILES:
        path = folder / name
        if not path.is_file() or file_sha256(path) != manifest.files[name]["sha256"]:
            raise IndexUnusable(
                f"generation {folder.name}: {name} doesn't match its manifest: {REBUILD}"
            )
    return manifest


def flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(indexes: Path) -> Iterator[None]:
    """One import or build at a time; the lock dies with its process."""
    indexes.mkdir(parents=True, exist_ok=True)
    with (indexes / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConcordError(
                f"another import or build is at work on {indexes}: try again when it is done"
            ) from None
        yield
