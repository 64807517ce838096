"""The words of a generation: claims and statements in SQLite, with a full-text index."""

from __future__ import annotations

import json
import re
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.domain.dates import PartialDate
from service.domain.statements import Claim, Kind, Mode, Statement
from service.errors import NotFound

_SCHEMA = """
CREATE TABLE statement (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    date TEXT NOT NULL,
    inferred INTEGER NOT NULL,
    speaker TEXT, office TEXT, forum TEXT, symbol TEXT,
    source TEXT NOT NULL,
    on_behalf_of TEXT NOT NULL,
    aligned_with TEXT NOT NULL,
    rendered INTEGER NOT NULL,
    text TEXT NOT NULL
);
CREATE TABLE claim (
    row INTEGER PRIMARY KEY,
    statement INTEGER NOT NULL REFERENCES statement (number),
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    text TEXT NOT NULL,
    kind TEXT NOT NULL,
    mode TEXT NOT NULL,
    topics TEXT NOT NULL,
    rendered INTEGER NOT NULL
);
CREATE INDEX claim_by_statement ON claim (statement, start);
CREATE VIRTUAL TABLE words USING fts5 (
    text, content = 'claim', content_rowid = 'row',
    tokenize = 'porter unicode61 remove_diacritics 2'
);
"""
_WORD = re.compile(r"[^\W_]+")
# Words that say nothing about the subject; left in, they would make every claim match.
_STOP = frozenset(
    "a about above after again all also am an and any are as at be because been before being "
    "between both but by can cannot could did do does down during each for from further had has "
    "have he her here him his how i if in into is it its may me more most must my no nor not of "
    "on only or other our out over own same shall she should so some such than that the their "
    "them then there these they this those through to too under until up us very was we were "
    "what when where which while who whom why will with would you your".split()
)


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """A claim as the library keeps it: its row in the index, its neighbours and its statement."""

    row: int
    claim: Claim
    statement: Statement  # without text and claims
    before: str | None
    after: str | None


class LibraryWriter:
    """Fills a new library file, statement by statement, in the order of the index."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")  # the build flushes the whole file
        self._connection.executescript(_SCHEMA)
        self.rows = 0
        self._statements = 0

    def add(self, statement: Statement) -> range:
        """Write a statement with its claims; returns the rows that they take."""
        first = self.rows
        s = statement
        self._connection.execute(
            "INSERT INTO statement VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (self._statements, s.id, s.state, s.date.text, s.date.inferred, s.speaker, s.office,
             s.forum, s.symbol, s.source, json.dumps(s.on_behalf_of), json.dumps(s.aligned_with),
             s.rendered, s.text),
        )  # fmt: skip
        self._connection.executemany(
            "INSERT INTO claim VALUES (?,?,?,?,?,?,?,?,?)",
            (
                (first + i, self._statements, c.start, c.end, c.text, c.kind, c.mode,
                 json.dumps(c.topics), c.rendered)
                for i, c in enumerate(s.claims)
            ),
        )  # fmt: skip
        self._statements += 1
        self.rows += len(s.claims)
        return range(first, self.rows)

    def close(self) -> None:
        self._connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
        self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        self._connection.execute("ANALYZE")
        self._connection.commit()
        self._connection.close()


class Library:
    """A finished library, read-only, usable from any thread."""

    def __init__(self, path: Path) -> None:
        # immutable: no locks and no journal are looked for, as a generation never changes.
        self._address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._local = threading.local()

    def records(self, rows: Sequence[int]) -> list[ClaimRecord]:
        """The claims of these rows, in the order asked."""
        found: dict[int, ClaimRecord] = {}
        for row in dict.fromkeys(rows):
            (record,) = self._select("claim.row = ?", (row,))
            found[row] = record
        return [found[row] for row in rows]

    def claim(self, claim_id: str) -> ClaimRecord:
        statement_id, _, place = claim_id.rpartition(":")
        match = re.fullmatch(r"(\d{1,9})-(\d{1,9})", place)
        if match:
            start, end = match.groups()
            for record in self._select(
                'statement.id = ? AND claim.start = ? AND claim."end" = ?',
                (statement_id, int(start), int(end)),
            ):
                return record
        raise NotFound(f"no such claim: {claim_id}")

    def statement(self, statement_id: str) -> Statement:
        """With its whole text and all its claims."""
        row = self._one("SELECT * FROM statement WHERE id = ?", (statement_id,))
        if row is None:
            raise NotFound(f"no such statement: {statement_id}")
        claims = self._all("SELECT * FROM claim WHERE statement = ? ORDER BY row", (row["number"],))
        bare = _statement(row)
        return replace(bare, text=row["text"], claims=tuple(_claim(bare.id, c) for c in claims))

    def statements_of(self, state: str, year: int) -> list[str]:
        return [
            row["id"]
            for row in self._all(
                "SELECT id FROM statement WHERE state = ? AND date LIKE ? ORDER BY date, id",
                (state, f"{year:04d}%"),
            )
        ]

    def rows_of(self, statement_id: str) -> range:
        """The rows that a statement's claims take in the index; they are contiguous."""
        row = self._one(
            "SELECT min(row) AS low, max(row) AS high FROM claim "
            "JOIN statement ON number = statement WHERE id = ?",
            (statement_id,),
        )
        if row is None or row["low"] is None:
            self.statement(statement_id)  # raises where there is no such statement
            return range(0)
        return range(row["low"], row["high"] + 1)

    def matches(self, text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """All rows that share a word with `text`, and their BM25 (larger is better)."""
        words = query_words(text)
        if not words:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        found = self._connection().execute(
            "SELECT rowid, -rank FROM words WHERE words MATCH ?",
            (" OR ".join(f'"{word}"' for word in words),),
        )
        pairs = np.array(found.fetchall() or np.empty((0, 2)), np.float64)
        return pairs[:, 0].astype(np.int64), pairs[:, 1]

    def _select(self, where: str, values: Sequence[Any]) -> Iterable[ClaimRecord]:
        neighbour = (
            "SELECT text FROM claim AS other WHERE other.row = claim.row {} 1 AND "
            "other.statement = claim.statement AND NOT claim.rendered"
        )
        for row in self._all(
            'SELECT claim.row, claim.start, claim."end", claim.text AS words, claim.kind, '
            "claim.mode, claim.topics, claim.rendered AS claim_rendered, statement.*, "
            f"({neighbour.format('-')}) AS before, ({neighbour.format('+')}) AS after "
            f"FROM claim JOIN statement ON number = statement WHERE {where}",
            values,
        ):
            claim = Claim(
                row["id"], row["start"], row["end"], row["words"], Kind(row["kind"]),
                Mode(row["mode"]), tuple(json.loads(row["topics"])), bool(row["claim_rendered"]),
            )  # fmt: skip
            yield ClaimRecord(row["row"], claim, _statement(row), row["before"], row["after"])

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._address, uri=True, check_same_thread=False)
            connection.row_factory = sqlite3.Row
            self._local.connection = connection
        return connection

    def _all(self, sql: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        return self._connection().execute(sql, values).fetchall()

    def _one(self, sql: str, values: Sequence[Any]) -> sqlite3.Row | None:
        rows = self._all(sql, values)
        return rows[0] if rows else None


def query_words(text: str) -> list[str]:
    """The distinct words of a query that carry meaning, in order."""
    words = (word.lower() for word in _WORD.findall(text))
    return [word for word in dict.fromkeys(words) if word not in _STOP]


def texts_in_order(path: Path) -> list[str]:
    """The text of every row, by row."""
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM claim ORDER BY row")]


def _statement(row: sqlite3.Row) -> Statement:
    return Statement(
        id=row["id"], state=row["state"], date=PartialDate(row["date"], bool(row["inferred"])),
        text="", source=row["source"], speaker=row["speaker"], office=row["office"],
        forum=row["forum"], symbol=row["symbol"],
        on_behalf_of=tuple(json.loads(row["on_behalf_of"])),
        aligned_with=tuple(json.loads(row["aligned_with"])), rendered=bool(row["rendered"]),
    )  # fmt: skip


def _claim(statement_id: str, row: sqlite3.Row) -> Claim:
    return Claim(
        statement_id, row["start"], row["end"], row["text"], Kind(row["kind"]), Mode(row["mode"]),
        tuple(json.loads(row["topics"])), bool(row["rendered"]),
    )  # fmt: skip
