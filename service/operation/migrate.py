"""An index folder of an older version, brought to the present one."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from service.domain.statements import Statement
from service.errors import ConcordError
from service.retrieval.databases import refused
from service.retrieval.generations import Generations
from service.retrieval.manifest import FORMAT, format_of
from service.retrieval.store import VERSION, decode_statement, encode_statement


def migrate_store(path: Path) -> int | None:
    """Bring a file of statements to the present version, all of it or nothing; returns the version
    that it had, None where there is no file. Raises ConcordError where a statement can't be read.
    """
    if not path.exists():
        return None
    with (
        refused(path),
        closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection,
        connection,
    ):
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        (found,) = connection.execute("PRAGMA user_version").fetchone()
        for version in range(found, VERSION):
            _STEPS[version](connection, path)
            connection.execute(f"PRAGMA user_version = {version + 1}")
    return int(found)


def outdated(generations: Generations) -> list[Path]:
    """Folders of generations in an older format, which this version can't read."""
    folders = [path.parent for path in generations.root.glob("[!.]*/manifest.json")]
    formats = {folder: format_of(folder) for folder in sorted(folders)}
    return [folder for folder, found in formats.items() if found is not None and found < FORMAT]


def remove_outdated(generations: Generations) -> list[str]:
    """Once a generation of the present format is current: the others' names."""
    doomed = [folder for folder in outdated(generations) if folder.name != generations.current_id()]
    for folder in doomed:
        shutil.rmtree(folder)
    return [folder.name for folder in doomed]


def _to_1(connection: sqlite3.Connection, path: Path) -> None:
    """From version 1 on, each statement is kept in the words of this version's encoding, and its
    digest is theirs: the same statement imported again changes nothing. Nothing told, before,
    which encoding had written a file."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS statement (id TEXT PRIMARY KEY, state TEXT NOT NULL, "
        "date TEXT NOT NULL, digest TEXT NOT NULL, body TEXT NOT NULL) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE INDEX IF NOT EXISTS statement_by_state ON statement (state, date, id)"
    )
    ids = [row[0] for row in connection.execute("SELECT id FROM statement")]
    for statement_id in ids:
        ((kept, digest),) = connection.execute(
            "SELECT body, digest FROM statement WHERE id = ?", (statement_id,)
        )
        statement = _read(kept, statement_id, path)
        body = encode_statement(statement)
        own = hashlib.sha256(body.encode()).hexdigest()
        if (body, own) != (kept, digest):
            connection.execute(
                "UPDATE statement SET state = ?, date = ?, digest = ?, body = ? WHERE id = ?",
                (statement.state, str(statement.date), own, body, statement_id),
            )


def _read(body: str, statement_id: str, path: Path) -> Statement:
    try:
        found = decode_statement(body)
        if found.id != statement_id:
            raise ValueError(f"it says that it is {found.id}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConcordError(
            f"{path}: statement {statement_id} can't be read ({error}); nothing was changed"
        ) from error
    return found


_STEPS: dict[int, Callable[[sqlite3.Connection, Path], None]] = {0: _to_1}
