"""The words of a generation: claims and statements in SQLite, with a full-text index."""

from __future__ import annotations

import json
import queue
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

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
    digest TEXT NOT NULL,
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
_FACTS = (
    "id, state, date, inferred, speaker, office, forum, symbol, source, on_behalf_of, "
    "aligned_with, rendered"
)
_NEIGHBOUR = (
    "(SELECT text FROM claim AS other WHERE other.row = claim.row {} 1 AND "
    "other.statement = claim.statement AND NOT claim.rendered)"
)
_RECORDS = f"""
SELECT json_group_array(json_array(
    claim.row, claim.start, claim."end", claim.text, claim.kind, claim.mode, json(claim.topics),
    claim.rendered, {_NEIGHBOUR.format("-")}, {_NEIGHBOUR.format("+")},
    number, id, state, date, inferred, speaker, office, forum, symbol, source,
    json(on_behalf_of), json(aligned_with), statement.rendered
)) FROM claim JOIN statement ON number = statement WHERE {{where}}
"""
_KINDS = {str(kind): kind for kind in Kind}
_MODES = {str(mode): mode for mode in Mode}
_T = TypeVar("_T")
_AT_A_TIME = 1_000  # rows of one query
# Claims and statements that are remembered, some ten megabytes; when there are more, all are
# forgotten.
_MOST_KEPT = 10_000
# Seconds that a thread waits for another's connection.
_WAIT_S = 30
_WORD = re.compile(r"[^\W_]+")
# Words that say nothing about the subject; left in, they would make every claim match.
STOP_WORDS = frozenset(
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

    def to_dict(self) -> dict[str, Any]:
        """The quotation and where it is from, in the API's names."""
        claim, statement = self.claim, self.statement
        return {
            "claim_id": claim.id,
            "statement_id": statement.id,
            "state": statement.state,
            "text": claim.text,
            "start": claim.start,
            "end": claim.end,
            "before": self.before,
            "after": self.after,
            "speaker": statement.speaker,
            "office": statement.office,
            "date": str(statement.date),
            "date_precision": str(statement.date.precision),
            "date_inferred": statement.date.inferred,
            "forum": statement.forum,
            "symbol": statement.symbol,
            "source": statement.source,
            "on_behalf_of": list(statement.on_behalf_of),
            "topics": list(claim.topics),
            "rendered": claim.rendered,
        }


class LibraryWriter:
    """Fills a library file, statement by statement: a new one in the order of the index, or a copy
    of one that is to grow, at whose end what is new comes to stand."""

    def __init__(self, path: Path) -> None:
        grows = path.exists()
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")  # the build flushes the whole file
        if not grows:
            self._connection.executescript(_SCHEMA)
        self._grows = grows
        self.rows, self.statements = self._one(
            "SELECT (SELECT coalesce(max(row) + 1, 0) FROM claim), "
            "(SELECT coalesce(max(number) + 1, 0) FROM statement)"
        )

    def add(self, statement: Statement, digest: str) -> range:
        """Write a statement, whose content has this `digest`, with its claims; returns the rows
        that they take."""
        first = self.rows
        s = statement
        self._connection.execute(
            "INSERT INTO statement VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (self.statements, s.id, s.state, s.date.text, s.date.inferred, s.speaker, s.office,
             s.forum, s.symbol, s.source, json.dumps(s.on_behalf_of), json.dumps(s.aligned_with),
             s.rendered, digest, s.text),
        )  # fmt: skip
        self._connection.executemany(
            "INSERT INTO claim VALUES (?,?,?,?,?,?,?,?,?)",
            (
                (first + i, self.statements, c.start, c.end, c.text, c.kind, c.mode,
                 json.dumps(c.topics), c.rendered)
                for i, c in enumerate(s.claims)
            ),
        )  # fmt: skip
        if self._grows:
            self._connection.executemany(
                "INSERT INTO words (rowid, text) VALUES (?, ?)",
                ((first + i, c.text) for i, c in enumerate(s.claims)),
            )
        self.statements += 1
        self.rows += len(s.claims)
        return range(first, self.rows)

    def remove(self, number: int) -> None:
        """A statement with its claims. Their rows stay empty."""
        claims = "SELECT 'delete', row, text FROM claim WHERE statement = ?"
        self._connection.execute(f"INSERT INTO words (words, rowid, text) {claims}", (number,))
        self._connection.execute("DELETE FROM claim WHERE statement = ?", (number,))
        self._connection.execute("DELETE FROM statement WHERE number = ?", (number,))

    def texts_of(self, number: int) -> list[str]:
        """Of a statement's claims, in their order."""
        chosen = "SELECT text FROM claim WHERE statement = ? ORDER BY row"
        return [text for (text,) in self._connection.execute(chosen, (number,))]

    def rendered(self) -> int:
        """How many claims are our own words."""
        (count,) = self._one("SELECT count(*) FROM claim WHERE rendered")
        return int(count)

    def finish(self) -> None:
        if not self._grows:
            self._connection.execute("INSERT INTO words (words) VALUES ('rebuild')")
            self._connection.execute("INSERT INTO words (words) VALUES ('optimize')")
            self._connection.execute("ANALYZE")
        self._connection.commit()

    def close(self) -> None:
        self._connection.close()

    def _one(self, sql: str) -> Any:
        return self._connection.execute(sql).fetchone()


@dataclass(frozen=True, slots=True)
class Held:
    """A statement that a library has: `number` is its own, `digest` that of its content."""

    number: int
    id: str
    state: str
    date: str
    digest: str


class Library:
    """A finished library, read-only, usable from any thread, and for as long as it is held: where
    its file is deleted meanwhile, by the connections that are open.

    Rows are those of the index everywhere; the i-th of them is row `rows[i]` of the file.
    """

    def __init__(self, path: Path, rows: npt.NDArray[np.int32]) -> None:
        self._own: npt.NDArray[np.int64] = rows.astype(np.int64)
        self._of_own = np.full(int(rows.max()) + 1 if len(rows) else 0, -1, np.int64)
        self._of_own[self._own] = np.arange(len(rows))
        # immutable: no locks and no journal are looked for, as a generation never changes.
        self._address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        self._free: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        self._free.put(self._open())
        self._kept: dict[int, ClaimRecord] = {}
        self._statements: dict[int, Statement] = {}  # by number, without texts and claims

    def records(self, rows: Sequence[int]) -> list[ClaimRecord]:
        """The claims of these rows, in the order asked."""
        found = {row: record for row in rows if (record := self._kept.get(row))}
        missing = [row for row in dict.fromkeys(rows) if row not in found]
        for start in range(0, len(missing), _AT_A_TIME):
            asked = json.dumps(self._own[missing[start : start + _AT_A_TIME]].tolist())
            for record in self._select("claim.row IN (SELECT value FROM json_each(?))", (asked,)):
                found[record.row] = _keep(self._kept, record.row, record)
        return [found[row] for row in rows]

    def texts(self, rows: Sequence[int]) -> list[str]:
        """The words alone of these rows, in the order asked."""
        found: dict[int, str] = {}
        for start in range(0, len(rows), _AT_A_TIME):
            asked = json.dumps(self._own[list(rows[start : start + _AT_A_TIME])].tolist())
            chosen = "SELECT row, text FROM claim WHERE row IN (SELECT value FROM json_each(?))"
            found |= {row["row"]: row["text"] for row in self._all(chosen, (asked,))}
        return [found[int(self._own[row])] for row in rows]

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

    def facts(self, statement_id: str) -> Statement:
        """Without text and claims."""
        row = self._one(f"SELECT {_FACTS} FROM statement WHERE id = ?", (statement_id,))
        if row is None:
            raise NotFound(f"no such statement: {statement_id}")
        return _statement(row)

    def numbered(self, numbers: Sequence[int]) -> list[Statement]:
        """The statements of these numbers, which are distinct, without texts and claims, in their
        order."""
        found: dict[int, Statement] = {}
        for start in range(0, len(numbers), _AT_A_TIME):
            piece = numbers[start : start + _AT_A_TIME]
            marks = ",".join("?" * len(piece))
            rows = self._all(
                f"SELECT number, {_FACTS} FROM statement WHERE number IN ({marks})", piece
            )
            found |= {row["number"]: _statement(row) for row in rows}
        return [found[number] for number in numbers]

    def statements_of(self, state: str, year: int) -> list[str]:
        return [
            row["id"]
            for row in self._all(
                "SELECT id FROM statement WHERE state = ? AND date LIKE ? ORDER BY date, id",
                (state, f"{year:04d}%"),
            )
        ]

    def succession(self, state: str) -> list[Statement]:
        """All statements of a state, without texts and claims, by their `place_in_time`."""
        rows = self._all(f"SELECT {_FACTS} FROM statement WHERE state = ?", (state,))
        return sorted(map(_statement, rows), key=place_in_time)

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
        first = int(self._of_own[row["low"]])
        return range(first, first + row["high"] + 1 - row["low"])

    def held(self) -> dict[str, Held]:
        """Every statement, by id."""
        found = self._all("SELECT number, id, state, date, digest FROM statement", ())
        return {row["id"]: Held(*row) for row in found}

    def matches(self, text: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """All rows that share a word with `text`, and their BM25 (larger is better)."""
        words = query_words(text)
        if not words:
            return np.empty(0, np.int64), np.empty(0, np.float64)
        found = self._all(
            "SELECT rowid, -rank FROM words WHERE words MATCH ?",
            (" OR ".join(f'"{word}"' for word in words),),
        )
        pairs = np.array([tuple(row) for row in found] or np.empty((0, 2)), np.float64)
        return self._of_own[pairs[:, 0].astype(np.int64)], pairs[:, 1]

    def _select(self, where: str, values: Sequence[Any]) -> list[ClaimRecord]:
        """All that is found comes as one row, which is four times as quick as a row for each."""
        (row,) = self._all(_RECORDS.format(where=where), values)
        return [self._record(*fields) for fields in json.loads(row[0])]

    def _record(
        self, row: int, start: int, end: int, text: str, kind: str, mode: str, topics: list[str],
        rendered: int, before: str | None, after: str | None, number: int, *of_statement: Any,
    ) -> ClaimRecord:  # fmt: skip
        statement = self._statements.get(number)
        if statement is None:
            statement = _keep(self._statements, number, _bare_statement(*of_statement))
        claim = Claim(
            statement.id, start, end, text, _KINDS[kind], _MODES[mode], tuple(topics),
            bool(rendered),
        )  # fmt: skip
        return ClaimRecord(int(self._of_own[row]), claim, statement, before, after)

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._address, uri=True, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        return connection

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """One that no other thread uses: as many are opened as are used at a time."""
        try:
            connection = self._free.get_nowait()
        except queue.Empty:
            try:
                connection = self._open()
            except sqlite3.OperationalError:  # the file is gone: wait for one that is open
                connection = self._free.get(timeout=_WAIT_S)
        try:
            yield connection
        finally:
            self._free.put(connection)

    def _all(self, sql: str, values: Sequence[Any]) -> list[sqlite3.Row]:
        with self._connection() as connection:
            return connection.execute(sql, values).fetchall()

    def _one(self, sql: str, values: Sequence[Any]) -> sqlite3.Row | None:
        rows = self._all(sql, values)
        return rows[0] if rows else None


def _keep(kept: dict[int, _T], key: int, value: _T) -> _T:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value
    return value


def query_words(text: str) -> list[str]:
    """The distinct words of a query that carry meaning, in order."""
    words = (word.lower() for word in _WORD.findall(text))
    return [word for word in dict.fromkeys(words) if word not in STOP_WORDS]


def place_in_time(statement: Statement) -> tuple[date, date, str]:
    """By this a state's statements follow each other.

    A date that is less exact counts as its last day: the General Debate, dated by its year alone,
    is held in September.
    """
    return statement.date.last, statement.date.first, statement.id


def texts_in_order(path: Path) -> list[str]:
    """The text of every row, by row."""
    with closing(sqlite3.connect(path)) as connection:
        return [text for (text,) in connection.execute("SELECT text FROM claim ORDER BY row")]


def _statement(row: sqlite3.Row) -> Statement:
    listed = json.loads(row["on_behalf_of"]), json.loads(row["aligned_with"])
    return _bare_statement(
        row["id"], row["state"], row["date"], row["inferred"], row["speaker"], row["office"],
        row["forum"], row["symbol"], row["source"], *listed, row["rendered"],
    )  # fmt: skip


def _bare_statement(
    statement_id: str, state: str, date: str, inferred: int, speaker: str | None,
    office: str | None, forum: str | None, symbol: str | None, source: str,
    on_behalf_of: list[str], aligned_with: list[str], rendered: int,
) -> Statement:  # fmt: skip
    """Without text and claims."""
    return Statement(
        id=statement_id, state=state, date=PartialDate(date, bool(inferred)), text="",
        source=source, speaker=speaker, office=office, forum=forum, symbol=symbol,
        on_behalf_of=tuple(on_behalf_of), aligned_with=tuple(aligned_with),
        rendered=bool(rendered),
    )  # fmt: skip


def _claim(statement_id: str, row: sqlite3.Row) -> Claim:
    return Claim(
        statement_id, row["start"], row["end"], row["text"], Kind(row["kind"]), Mode(row["mode"]),
        tuple(json.loads(row["topics"])), bool(row["rendered"]),
    )  # fmt: skip
