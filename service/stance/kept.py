"""Verdicts kept on disk, so that an issue over the whole record is judged once a model."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from service.domain.stages import looked_up
from service.domain.stance import Stance, Verdict
from service.errors import ConcordError

log = logging.getLogger(__name__)

# About 120 bytes each; when there are more, all are forgotten: it is a cache.
MOST_KEPT = 2_000_000
# Pairs judged between two writes: what is lost at most where an answer is given up.
_AT_A_TIME = 256
# Seconds that one who keeps waits for another; whoever has waited in vain keeps nothing.
_WAIT_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdict (
    pair BLOB PRIMARY KEY, stance TEXT NOT NULL,
    aligned REAL NOT NULL, partial REAL NOT NULL, opposed REAL NOT NULL, unclear REAL NOT NULL
) WITHOUT ROWID
"""


class TooManyToJudge(ConcordError):
    """More pairs aren't judged yet than the caller would wait for."""


class KeptVerdicts:
    """Judges through `judge`, and remembers. Safe between threads and processes: writing twice
    writes the same. Where the file can't be used, it judges all the same, and the log says so."""

    def __init__(
        self,
        path: Path,
        fingerprint: str,
        judge: Callable[[Sequence[tuple[str, str]]], Sequence[Verdict]],
    ) -> None:
        self._path = path
        self._fingerprint = fingerprint
        self._judge = judge
        self._lock = threading.Lock()

    def judge(self, pairs: Sequence[tuple[str, str]], most: int | None = None) -> list[Verdict]:
        """Raises TooManyToJudge where more than `most` aren't kept yet."""
        keys = [self._key(pair) for pair in pairs]
        with self._lock:
            found = self._known(keys)
            missing = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in found}
            looked_up("kept_verdicts", len(found), len(missing))
            todo = list(missing)
            if most is not None and len(todo) > most:
                raise TooManyToJudge(f"{len(todo)} pairs aren't judged yet, at most {most} may be")
            for start in range(0, len(todo), _AT_A_TIME):
                piece = todo[start : start + _AT_A_TIME]
                made = self._judge([missing[key] for key in piece])
                fresh = dict(zip(piece, made, strict=True))
                self._keep(fresh)
                found |= fresh
        return [found[key] for key in keys]

    def _key(self, pair: tuple[str, str]) -> bytes:
        text = "\0".join((self._fingerprint, *pair))
        return hashlib.sha256(text.encode()).digest()[:16]

    @contextmanager
    def _useful(self) -> Iterator[None]:
        """What goes wrong with the file is logged, and not passed on."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            log.warning(
                "%s can't be used (%s): verdicts are made anew; delete it where it is damaged",
                self._path,
                error,
            )

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=_WAIT_S)
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Verdict]:
        found = {}
        with self._useful(), closing(self._open()) as connection:
            for key in keys:
                row = connection.execute(
                    "SELECT stance, aligned, partial, opposed, unclear FROM verdict WHERE pair = ?",
                    (key,),
                ).fetchone()
                if row:
                    a, p, o, u = map(float, row[1:])
                    found[key] = Verdict(Stance(row[0]), (a, p, o, u))
        return found

    def _keep(self, fresh: dict[bytes, Verdict]) -> None:
        with self._useful(), closing(self._open()) as connection, connection:
            (count,) = connection.execute("SELECT count(*) FROM verdict").fetchone()
            if count + len(fresh) > MOST_KEPT:
                connection.execute("DELETE FROM verdict")
            connection.executemany(
                "INSERT OR IGNORE INTO verdict VALUES (?, ?, ?, ?, ?, ?)",
                [(key, str(v.stance), *v.probabilities) for key, v in fresh.items()],
            )
