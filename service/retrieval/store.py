"""The imported statements: the durable side of a deployment, from which generations are built."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from service.domain.dates import PartialDate
from service.domain.statements import Claim, Kind, Mode, Statement
from service.errors import IndexUnusable, NotFound
from service.retrieval.databases import address, create, refused

# Of the file, as SQLite's `user_version`; 0 is what wasn't marked yet. What each step changes is in
# `service.operation.migrate`.
VERSION = 1
_SCHEMA = f"""
CREATE TABLE statement (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    date TEXT NOT NULL,
    digest TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX statement_by_state ON statement (state, date, id);
PRAGMA user_version = {VERSION};
"""
# Statements in one transaction: each commit reaches the disk, so a killed import loses at most
# what wasn't yet reported.
_BATCH = 100


class Change(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


class Stored:
    """What the store held at one moment, whatever is written meanwhile."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def get(self, statement_id: str) -> Statement | None:
        for row in self._rows("SELECT id, body, digest FROM statement WHERE id = ?", statement_id):
            return self._decoded(*row)
        return None

    def change(self, statement: Statement) -> Change:
        """What storing it would change."""
        for (digest,) in self._rows("SELECT digest FROM statement WHERE id = ?", statement.id):
            same = digest == _digest(encode_statement(statement))
            return Change.UNCHANGED if same else Change.CHANGED
        return Change.ADDED

    def digests(self) -> dict[str, str]:
        """Each statement's id and content hash, by id."""
        found = dict(self._rows("SELECT id, digest FROM statement ORDER BY id"))
        for statement_id, digest in found.items():
            if not (isinstance(statement_id, str) and isinstance(digest, str)):
                raise IndexUnusable(self._damage(statement_id))
        return found

    def by_state(self) -> Iterator[Statement]:
        """Every statement by state, then date, then id: the order of an index."""
        for row in self._rows("SELECT id, body, digest FROM statement ORDER BY state, date, id"):
            yield self._decoded(*row)

    def summary(self) -> Counter[str]:
        """Number of statements by state."""
        return Counter(dict(self._rows("SELECT state, count(*) FROM statement GROUP BY state")))

    def _decoded(self, statement_id: Any, body: Any, digest: Any) -> Statement:
        """As it was stored: a byte that the disk has changed would change a quotation."""
        if not isinstance(body, str) or _digest(body) != digest:
            raise IndexUnusable(self._damage(statement_id))
        return decode_statement(body)

    def _damage(self, statement_id: Any) -> str:
        return (
            f"{self._path}: the statement {statement_id} is damaged: remove it, import it again, "
            "or restore a backup"
        )

    def _rows(self, sql: str, *values: str) -> Iterator[Any]:
        with refused(self._path):
            yield from self._connection.execute(sql, values)


class StatementStore:
    """SQLite file of whole statements, keyed by id; made by the first that is stored.

    Writers, of any process, wait for each other up to `wait_s` seconds and hold nobody up while
    they read their source; readers wait for nobody. Raises Overloaded where the wait was too
    short, IndexUnusable where the file can't be used.
    """

    def __init__(self, folder: Path, wait_s: float = 30.0) -> None:
        self.path = folder / "statements.sqlite"
        self._wait_s = wait_s

    def put(self, statements: Iterable[Statement]) -> Iterator[tuple[Statement, Change]]:
        """Store each statement; yields once the statement is on disk.

        A statement with the same content changes nothing; one with other content replaces its
        former version.
        """
        remaining = iter(statements)
        while batch := list(islice(remaining, _BATCH)):
            yield from zip(batch, self.put_all(batch), strict=True)

    def put_all(self, statements: Sequence[Statement]) -> list[Change]:
        """As `put`, all of them or, where that fails, none."""
        encoded = [encode_statement(statement) for statement in statements]
        with self._writing() as connection:
            return [
                _put_one(connection, statement, body)
                for statement, body in zip(statements, encoded, strict=True)
            ]

    def remove(self, ids: Sequence[str]) -> None:
        """Delete all of them, or none where one isn't there."""
        with self._writing() as connection:
            missing = [
                statement_id
                for statement_id in ids
                if not connection.execute(
                    "DELETE FROM statement WHERE id = ?", (statement_id,)
                ).rowcount
            ]
            if missing:
                raise NotFound(f"no such statement: {', '.join(missing)}; nothing was removed")

    @contextmanager
    def snapshot(self) -> Iterator[Stored]:
        """What the store holds now."""
        with refused(self.path):
            connection = self._connect(writing=False)
            connection.execute("BEGIN")
        with closing(connection):
            yield Stored(self.path, connection)

    def get(self, statement_id: str) -> Statement:
        with self.snapshot() as stored:
            found = stored.get(statement_id)
        if found is None:
            raise NotFound(f"no such statement: {statement_id}")
        return found

    def digests(self) -> dict[str, str]:
        with self.snapshot() as stored:
            return stored.digests()

    def by_state(self) -> Iterator[Statement]:
        with self.snapshot() as stored:
            yield from stored.by_state()

    def summary(self) -> Counter[str]:
        with self.snapshot() as stored:
            return stored.summary()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: on the disk at the end, or as if it hadn't been."""
        with refused(self.path):
            create(self.path, _SCHEMA)
            with closing(self._connect(writing=True)) as connection, connection:
                connection.execute("BEGIN IMMEDIATE")
                yield connection

    def _connect(self, *, writing: bool) -> sqlite3.Connection:
        if not self.path.exists():  # nothing was stored yet
            connection = sqlite3.connect(":memory:", isolation_level=None)
            connection.executescript(_SCHEMA)
            return connection
        connection = sqlite3.connect(
            address(self.path, writing=writing),
            uri=True,
            timeout=self._wait_s,
            isolation_level=None,
        )
        try:
            connection.execute("PRAGMA synchronous = FULL")
            _check_version(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection


def _put_one(connection: sqlite3.Connection, statement: Statement, body: str) -> Change:
    digest = _digest(body)
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


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        older = "run `python -m service migrate`"
        newer = "use the version of Concord that wrote it"
        raise IndexUnusable(
            f"{path} has version {version}, this version reads {VERSION}: "
            f"{older if version < VERSION else newer}"
        )


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
