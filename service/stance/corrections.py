"""Users' corrections of stance verdicts: checked, and kept for good."""

from __future__ import annotations

import sqlite3
import threading
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from service.domain.corrections import Correction, Key, ModelVerdict, folded, moment, text_sha256
from service.domain.stance import STANCES, Stance
from service.domain.statements import Claim
from service.errors import IndexUnusable, InvalidInput
from service.retrieval.databases import address, create, refused

FIELDS = ("text", "claim_id", "stance", "author", "reason")
# Characters.
LONGEST = {"text": 5_000, "claim_id": 1_000, "author": 200, "reason": 2_000}
SCHEMA = 1
_TABLE = f"""
CREATE TABLE correction (
    number INTEGER PRIMARY KEY,
    query TEXT NOT NULL,
    text TEXT NOT NULL,
    claim_id TEXT NOT NULL, statement_id TEXT NOT NULL, state TEXT NOT NULL,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, sha256 TEXT NOT NULL,
    stance TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, date TEXT NOT NULL,
    was_stance TEXT, was_model TEXT
);
CREATE INDEX correction_by_query ON correction (query, claim_id, sha256);
PRAGMA user_version = {SCHEMA};
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A checked wish to correct; whether there is such a claim is not yet known."""

    text: str
    claim_id: str
    stance: Stance
    author: str
    reason: str


def parse_correction(raw: Mapping[str, Any]) -> Wanted:
    """Check every field of `raw`. Raises InvalidInput with the field's name."""
    for name in raw:
        if name not in FIELDS:
            raise InvalidInput(str(name), f"no such field; there are {', '.join(FIELDS)}")
    text = _text(raw.get("text"))
    claim_id = _line("claim_id", raw.get("claim_id"))
    try:
        stance = Stance(str(raw.get("stance")))
    except ValueError:
        known = ", ".join(STANCES)
        raise InvalidInput("stance", f"{raw.get('stance')!r} is none of {known}") from None
    author, reason = (_line(name, raw.get(name)) for name in ("author", "reason"))
    return Wanted(text, claim_id, stance, author, reason)


class Corrections:
    """SQLite file that only grows. Safe between threads and processes: writers wait for each
    other. Every method raises IndexUnusable where the file can't be used, and `put` Overloaded
    where another process holds it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "corrections.sqlite"
        self._counting = threading.Lock()
        self._counter: tuple[int, sqlite3.Connection] | None = None  # of the file with this inode

    def version(self) -> int:
        """Another after each new correction. Quick: what is kept of an answer is asked by it."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            return 0
        with self._counting, refused(self.path):
            if self._counter is None or self._counter[0] != inode:
                where = address(self.path, writing=False)
                connection = sqlite3.connect(where, uri=True, check_same_thread=False)
                if self._counter is not None:
                    self._counter[1].close()
                self._counter = inode, connection
            (last,) = self._counter[1].execute("SELECT max(number) FROM correction").fetchone()
        return last or 0

    def put(
        self, wanted: Wanted, claim: Claim, state: str, was: ModelVerdict | None
    ) -> tuple[Correction, bool]:
        """The kept correction, once it is on disk, and whether it is new: saying again what holds
        already changes nothing."""
        query, digest = folded(wanted.text), text_sha256(claim.text)
        with refused(self.path):
            create(self.path, _TABLE)
        with self._open(writing=True) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT * FROM correction WHERE query = ? AND claim_id = ? AND sha256 = ? "
                "ORDER BY number DESC LIMIT 1",
                (query, claim.id, digest),
            ).fetchone()
            if row is not None:
                kept = _correction(row)
                said = (wanted.stance, wanted.author, wanted.reason)
                if (kept.stance, kept.author, kept.reason) == said:
                    return kept, False
            made = Correction(
                text=wanted.text,
                claim_id=claim.id,
                statement_id=claim.statement_id,
                state=state,
                start=claim.start,
                end=claim.end,
                sha256=digest,
                stance=wanted.stance,
                author=wanted.author,
                reason=wanted.reason,
                date=_now(connection),
                was=was,
            )
            connection.execute(
                "INSERT INTO correction VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                (query, made.text, made.claim_id, made.statement_id, made.state, made.start,
                 made.end, made.sha256, made.stance, made.author, made.reason, made.date,
                 was.stance if was else None, was.model if was else None),
            )  # fmt: skip
        return made, True

    def all(self, claim_id: str | None = None) -> list[Correction]:
        """The earliest first, those that no longer hold among them; of one claim, where asked."""
        if not self.path.exists():
            return []
        with self._open() as connection:
            found = connection.execute(
                "SELECT * FROM correction WHERE ?1 IS NULL OR claim_id = ?1 ORDER BY number",
                (claim_id,),
            )
            return [_correction(row) for row in found]

    def holding(self, queries: Iterable[str]) -> dict[Key, Correction]:
        """What holds for any of these queries, each folded (`domain.corrections.folded`)."""
        if not self.path.exists():
            return {}
        found: dict[Key, Correction] = {}
        with self._open() as connection:
            for query in dict.fromkeys(queries):
                for row in connection.execute(
                    "SELECT * FROM correction WHERE query = ? ORDER BY number", (query,)
                ):
                    correction = _correction(row)
                    found[correction.key] = correction
        return found

    @contextmanager
    def _open(self, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
        where = address(self.path, writing=writing)
        try:
            with (
                refused(self.path),
                closing(
                    sqlite3.connect(where, uri=True, timeout=30, isolation_level=None)
                ) as connection,
            ):
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA synchronous = FULL")
                (schema,) = connection.execute("PRAGMA user_version").fetchone()
                if schema != SCHEMA:
                    raise IndexUnusable(
                        f"{self.path} has schema {schema}, this version reads {SCHEMA}: use the "
                        "version that wrote it"
                    )
                yield connection
        except (ValueError, TypeError) as error:
            raise IndexUnusable(f"{self.path} is damaged: {error}") from error


def _now(connection: sqlite3.Connection) -> str:
    """Never before the latest correction's date, even where the clock was set back: the order of
    dates is the order of corrections."""
    now = datetime.now(UTC)
    (latest,) = connection.execute(
        "SELECT date FROM correction ORDER BY number DESC LIMIT 1"
    ).fetchone() or (None,)
    return max(now, moment(latest) if latest else now).isoformat(timespec="microseconds")


def _correction(row: sqlite3.Row) -> Correction:
    fields = dict(row)
    for name in ("number", "query"):
        del fields[name]
    stance, model = fields.pop("was_stance"), fields.pop("was_model")
    fields["stance"] = Stance(fields["stance"])
    fields["was"] = ModelVerdict(Stance(stance), model) if stance else None
    return Correction(**fields)


def _text(value: Any) -> str:
    """As a query is asked: on one line."""
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput("text", "is missing: give the text that was asked")
    if not any(character.isalnum() for character in value):
        raise InvalidInput("text", "has no words")
    text = " ".join(value.split())
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise InvalidInput("text", f"holds the control character {character!a}")
    return _short("text", text)


def _line(field: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field, "is missing")
    line = value.strip(" ")
    for character in line:
        # The joiners belong to the spelling of some languages; the rest would hide or turn text.
        unseen = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        if unseen and character not in "\u200c\u200d":
            raise InvalidInput(field, f"holds the control character {character!a}")
    return _short(field, line)


def _short(field: str, text: str) -> str:
    most = LONGEST[field]
    if len(text) > most:
        raise InvalidInput(field, f"has {len(text)} characters; at most {most} are kept")
    return text
