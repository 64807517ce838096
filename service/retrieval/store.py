"""The imported statements: the durable side of a deployment, from which generations are built."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Any

from service.domain.dates import PartialDate
from service.domain.statements import Claim, Kind, Mode, Statement
from service.errors import NotFound

_SCHEMA = """
CREATE TABLE IF NOT EXISTS statement (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    date TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS statement_by_state ON statement (state, date, id);
"""
# Statements in one transaction: each commit reaches the disk, so a killed import loses at most
# what wasn't yet reported.
_BATCH = 100


class Change(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class StatementStore:
    """SQLite file of whole statements, keyed by id. One writer at a time, any readers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "statements.sqlite"
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)

    def put(self, statements: Iterable[Statement]) -> Iterator[tuple[Statement, Change]]:
        """Store each statement; yields once the statement is on disk.

        A statement with the same content changes nothing; one with other content replaces its
        former version.
        """
        with closing(self._connect()) as connection:
            done: list[tuple[Statement, Change]] = []
            for statement in statements:
                done.append((statement, self._put_one(connection, statement)))
                if len(done) >= _BATCH:
                    connection.commit()
                    yield from done
                    done.clear()
            connection.commit()
            yield from done

    def remove(self, ids: Sequence[str]) -> None:
        """Delete all of them, or none where one isn't there."""
        with closing(self._connect()) as connection, connection:
            missing = [
                statement_id
                for statement_id in ids
                if not connection.execute(
                    "DELETE FROM statement WHERE id = ?", (statement_id,)
                ).rowcount
            ]
            if missing:
                raise NotFound(f"no such statement: {', '.join(missing)}; nothing was removed")

    def get(self, statement_id: str) -> Statement:
        with closing(self._connect()) as connection:
            row = connection.execute(
                "SELECT body FROM statement WHERE id = ?", (statement_id,)
            ).fetchone()
        if row is None:
            raise NotFound(f"no such statement: {statement_id}")
        return decode_statement(row[0])

    def digests(self) -> dict[str, str]:
        """Each statement's id and content hash, by id."""
        with closing(self._connect()) as connection:
            return dict(connection.execute("SELECT id, digest FROM statement ORDER BY id"))

    def by_state(self) -> Iterator[Statement]:
        """Every statement by state, then date, then id: the order of an index."""
        with closing(self._connect()) as connection:
            for (body,) in connection.execute(
                "SELECT body FROM statement ORDER BY state, date, id"
            ):
                yield decode_statement(body)

    def summary(self) -> Counter[str]:
        """Number of statements by state."""
        with closing(self._connect()) as connection:
            return Counter(
                dict(connection.execute("SELECT state, count(*) FROM statement GROUP BY state"))
            )

    def _put_one(self, connection: sqlite3.Connection, statement: Statement) -> Change:
        body = encode_statement(statement)
        digest = hashlib.sha256(body.encode()).hexdigest()
        former = connection.execute(
            "SELECT digest FROM statement WHERE id = ?", (statement.id,)
        ).fetchone()
        if former is not None and former[0] == digest:
            return Change.UNCHANGED
        connection.execute(
            "INSERT OR REPLACE INTO statement VALUES (?, ?, ?, ?, ?)",
            (statement.id, statement.state, str(statement.date), digest, body),
        )
        return Change.ADDED if former is None else Change.CHANGED

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=30)
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def encode_statement(statement: Statement) -> str:
    """Canonical JSON: the same statement is always the same bytes."""
    body: dict[str, Any] = {
        name: value for name, value in _fields(statement).items() if value not in (None, (), False)
    }
    body["date"] = [statement.date.text, statement.date.inferred]
    body["claims"] = [
        [c.start, c.end, c.text, c.kind, c.mode, list(c.topics), c.rendered]
        for c in statement.claims
    ]
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def decode_statement(body: str) -> Statement:
    """The inverse of `encode_statement`."""
    fields: dict[str, Any] = json.loads(body)
    text, inferred = fields.pop("date")
    claims = tuple(
        Claim(fields["id"], start, end, words, Kind(kind), Mode(mode), tuple(topics), rendered)
        for start, end, words, kind, mode, topics, rendered in fields.pop("claims")
    )
    for name in ("on_behalf_of", "aligned_with"):
        fields[name] = tuple(fields.get(name, ()))
    fields.setdefault("text", "")
    return Statement(date=PartialDate(text, inferred), claims=claims, **fields)


def _fields(statement: Statement) -> dict[str, Any]:
    names = Statement.__dataclass_fields__.keys() - {"claims", "date"}
    return {name: getattr(statement, name) for name in names}
