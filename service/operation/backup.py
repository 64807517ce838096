"""A deployment's data in one file: taken while it is served, each part as of one moment."""

from __future__ import annotations

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from service import __version__
from service.accounts.database import Database
from service.errors import ConcordError, InvalidInput
from service.retrieval.databases import refused
from service.retrieval.generations import Generations
from service.retrieval.manifest import FILES, flush_folder
from service.settings import Settings

# Of the backup's layout. An older one is read; a newer one is refused.
FORMAT = 1
CONTENTS = "backup.json"
MANIFEST = "manifest.json"
# Seconds for which a database may be held by others.
_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a deployment are. `databases` are by their names in a backup, in the order
    in which they are copied: what was acknowledged (accounts) before what it was about."""

    indexes: Path
    issues: Path
    databases: dict[str, Path]
    postgres: str | None  # its address, where keys and quotas are there

    @classmethod
    def of(cls, settings: Settings) -> Places:
        accounts = Database.of(settings)
        databases = {"accounts.sqlite": Path(accounts.name)} if accounts.is_sqlite else {}
        for name in ("statements.sqlite", "corrections.sqlite", "verdicts.sqlite"):
            databases[name] = settings.indexes / name
        return cls(
            settings.indexes.resolve(),
            settings.issues.resolve(),
            {name: path.resolve() for name, path in databases.items()},
            None if accounts.is_sqlite else accounts.name,
        )


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What was written: bytes of the file, names of the parts, the generation if there is one."""

    bytes: int
    parts: tuple[str, ...]
    generation: str | None
    postgres: str | None


def back_up(settings: Settings, file: Path) -> BackedUp:
    """Write `file`, whole or not at all, readable by its owner only.

    Imports and answers go on meanwhile. Raises InvalidInput where there is such a file, and
    ConcordError where a part can't be read.
    """
    if file.exists():
        raise InvalidInput("file", f"{file} is there already")
    if not file.parent.is_dir():
        raise InvalidInput("file", f"there is no folder {file.parent}")
    places = Places.of(settings)
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as aside:
            made = Path(aside) / "backup.tar"
            made.touch(0o600)
            with made.open("wb") as written, tarfile.open(fileobj=written, mode="w") as tar:
                writer = _Writer(tar)
                generation = _add_parts(writer, places, Path(aside))
                writer.finish(generation)
            with made.open("rb") as whole:
                os.fsync(whole.fileno())
            os.link(made, file)
        flush_folder(file.parent)
    except OSError as error:
        raise ConcordError(f"{file} can't be written: {error}") from error
    parts = tuple(dict.fromkeys(name.split("/")[0] for name in writer.files))
    return BackedUp(file.stat().st_size, parts, generation, places.postgres)


class _Writer:
    """Adds files to an archive, and at the end what they must be."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.files: dict[str, dict[str, Any]] = {}

    def add(self, name: str, file: IO[bytes]) -> None:
        seen = os.fstat(file.fileno())
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = seen.st_size, int(seen.st_mtime), 0o600
        hashing = _Hashing(file)
        self._tar.addfile(info, hashing)
        self.files[name] = {"bytes": info.size, "sha256": hashing.sha256.hexdigest()}

    def finish(self, generation: str | None) -> None:
        """Written last: an archive without it is not whole."""
        contents = {
            "format": FORMAT,
            "concord": __version__,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "generation": generation,
            "files": self.files,
        }
        body = json.dumps(contents, indent=1, ensure_ascii=False).encode()
        info = tarfile.TarInfo(CONTENTS)
        info.size, info.mtime, info.mode = len(body), int(time.time()), 0o600
        self._tar.addfile(info, io.BytesIO(body))


class _Hashing(io.RawIOBase):
    """Reads a file, and knows what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self.sha256.update(piece)
        return piece


def _add_parts(writer: _Writer, places: Places, aside: Path) -> str | None:
    for name, path in places.databases.items():
        if path.exists():
            copy = aside / name
            copy_database(path, copy)
            with copy.open("rb") as copied:
                writer.add(name, copied)
            copy.unlink()
    if places.issues.is_dir():
        for path in sorted(places.issues.rglob("*")):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as issue:
                    writer.add(f"issues/{path.relative_to(places.issues).as_posix()}", issue)
    with ExitStack() as stack:
        found = _opened(places, stack)
        if found is None:
            return None
        generation, files = found
        for name, file in files.items():
            writer.add(f"generations/{generation}/{name}", file)
        return generation


def _opened(places: Places, stack: ExitStack) -> tuple[str, dict[str, IO[bytes]]] | None:
    """The current generation's files, open: they can be read even where it is pruned meanwhile."""
    generations = Generations(places.indexes)
    while (current := generations.current_id()) is not None:
        try:
            with ExitStack() as opening:
                folder = generations.folder(current)
                files: dict[str, IO[bytes]] = {
                    name: opening.enter_context((folder / name).open("rb"))
                    for name in (*FILES, MANIFEST)
                }
                stack.enter_context(opening.pop_all())
            return current, files
        except (ConcordError, FileNotFoundError) as error:
            if generations.current_id() == current:
                raise ConcordError(f"generation {current} isn't whole: {error}") from error
    return None


def copy_database(source: Path, target: Path) -> None:
    """As of one moment, though others write to it. Raises IndexUnusable where it is damaged, and
    Overloaded where others hold it for long."""
    deadline = time.monotonic() + _WAIT_S

    def waited(status: int, remaining: int, total: int) -> None:
        if time.monotonic() > deadline:
            raise ConcordError(f"{source} is held by another process: waited {_WAIT_S:g} s")

    with (
        refused(source),
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, timeout=30)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.backup(new, progress=waited)
    check_database(target, source)


def check_database(path: Path, called: Path | str) -> None:
    """Raises ConcordError where SQLite finds it damaged; `called` is its name for people."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.Error as error:
        found = str(error)
    if found != "ok":
        raise ConcordError(f"{called} is damaged: {' '.join(str(found).split())}")
