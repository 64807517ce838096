"""SQLite files that are there whole or not at all, and their errors in our words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from service.errors import IndexUnusable, Overloaded
from service.retrieval.manifest import flush_folder

RETRY_AFTER = 5.0  # seconds
# Bytes that SQLite needs even to read: with fewer it only says "disk I/O error".
_LEAST_ROOM = 65_536


def create(path: Path, script: str) -> None:
    """Make the file with `script`, unless it is there already.

    It is made aside, and linked by whoever comes first: SQLite's switch to a write-ahead log
    doesn't wait for another process that makes the same switch.
    """
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as aside:
        made = Path(aside) / path.name
        with closing(sqlite3.connect(made)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(f"BEGIN; {script} COMMIT;")
        with suppress(FileExistsError):
            os.link(made, path)
    flush_folder(path.parent)


def address(path: Path, *, writing: bool) -> str:
    """Of an existing file, for `sqlite3.connect(..., uri=True)`. A reader manages with a folder
    that can't be written to, on a read-only disk say."""
    where = path.resolve().as_uri()
    if writing or os.access(path.parent, os.W_OK):
        return f"{where}?mode=rw"
    # Without a log that isn't copied yet, nothing but the file itself is needed.
    return f"{where}?mode=ro" + (
        "" if path.with_name(f"{path.name}-wal").exists() else "&immutable=1"
    )


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as ours: Overloaded where another process holds the file,
    IndexUnusable where it can't be read or written."""
    try:
        yield
    except sqlite3.Error as error:
        # An extended code's low byte is the error's family.
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in (
            sqlite3.SQLITE_BUSY,
            sqlite3.SQLITE_LOCKED,
        ):
            raise Overloaded(
                f"{path} is being written by another process: try again", RETRY_AFTER
            ) from error
        why = f"the disk is full ({error})" if _is_full(path.parent) else error
        raise IndexUnusable(f"{path} can't be used: {why}") from error
    except OSError as error:
        raise IndexUnusable(f"{path} can't be used: {error.strerror or error}") from error


def _is_full(folder: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(folder).free < _LEAST_ROOM
    return False
