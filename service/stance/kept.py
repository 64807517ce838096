"""Verdicts kept on disk, so that an issue over the whole record is judged once a model."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter

from service.domain.stages import looked_up
from service.domain.stance import Stance, Verdict
from service.errors import ConcordError
from service.stance.cache_file import CacheFile

# About 120 bytes each; when there are more, all are forgotten: it is a cache.
MOST_KEPT = 2_000_000
# Pairs judged between two writes: what is lost at most where an answer is given up.
_AT_A_TIME = 256
# Told how many of the pairs that weren't kept are judged by now, and how many there are.
Progress = Callable[[int, int], None]
# What was judged long ago, perhaps by another machine, counts for little in the pace.
_FORGETTING = 0.9
_SCHEMA = """
CREATE TABLE IF NOT EXISTS verdict (
    pair BLOB PRIMARY KEY, stance TEXT NOT NULL,
    aligned REAL NOT NULL, partial REAL NOT NULL, opposed REAL NOT NULL, unclear REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pace (
    model TEXT PRIMARY KEY, pairs REAL NOT NULL, seconds REAL NOT NULL
) WITHOUT ROWID;
"""


class TooManyToJudge(ConcordError):
    """More pairs, `pairs`, aren't judged yet than the caller would wait for. `seconds` is how long
    they would take at the pace measured of late; None where none was measured."""

    def __init__(self, pairs: int, most: int, seconds: float | None) -> None:
        super().__init__(f"{pairs} pairs aren't judged yet, at most {most} may be")
        self.pairs = pairs
        self.seconds = seconds


class KeptVerdicts:
    """Judges through `judge`, and remembers. Safe between threads and processes: writing twice
    writes the same. Where the file can't be used, it judges all the same, and the log says so."""

    def __init__(
        self,
        path: Path,
        fingerprint: str,
        judge: Callable[[Sequence[tuple[str, str]]], Sequence[Verdict]],
    ) -> None:
        self._file = CacheFile(path, _SCHEMA)
        self._fingerprint = fingerprint
        self._judge = judge
        self._lock = threading.Lock()
        self._count: int | None = None  # of the file's verdicts, about

    def judge(
        self,
        pairs: Sequence[tuple[str, str]],
        most: int | None = None,
        progress: Progress | None = None,
    ) -> list[Verdict]:
        """Raises TooManyToJudge where more than `most` aren't kept yet. What `progress` raises
        stops it; what was judged until then is kept."""
        keys = [self._key(pair) for pair in pairs]
        with self._lock:
            found = self._known(keys)
            missing = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in found}
            looked_up("kept_verdicts", len(found), len(missing))
            todo = list(missing)
            if most is not None and len(todo) > most:
                raise TooManyToJudge(len(todo), most, self._seconds(len(todo)))
            for start in range(0, len(todo), _AT_A_TIME):
                if progress is not None:
                    progress(start, len(todo))
                piece = todo[start : start + _AT_A_TIME]
                began = perf_counter()
                made = self._judge([missing[key] for key in piece])
                fresh = dict(zip(piece, made, strict=True))
                self._keep(fresh, perf_counter() - began)
                found |= fresh
            if progress is not None:
                progress(len(todo), len(todo))
        return [found[key] for key in keys]

    def _key(self, pair: tuple[str, str]) -> bytes:
        text = "\0".join((self._fingerprint, *pair))
        return hashlib.sha256(text.encode()).digest()[:16]

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Verdict]:
        found = {}
        with self._file.useful(), self._file.connected() as connection:
            for key in keys:
                row = connection.execute(
                    "SELECT stance, aligned, partial, opposed, unclear FROM verdict WHERE pair = ?",
                    (key,),
                ).fetchone()
                if row:
                    a, p, o, u = map(float, row[1:])
                    found[key] = Verdict(Stance(row[0]), (a, p, o, u))
        return found

    def _keep(self, fresh: dict[bytes, Verdict], seconds: float) -> None:
        with self._file.useful(), self._file.connected() as connection:
            if self._count is None:  # counted once: it reads the whole file
                (self._count,) = connection.execute("SELECT count(*) FROM verdict").fetchone()
            self._count += len(fresh)
            if self._count > MOST_KEPT:
                connection.execute("DELETE FROM verdict")
                self._count = len(fresh)
            connection.executemany(
                "INSERT OR IGNORE INTO verdict VALUES (?, ?, ?, ?, ?, ?)",
                [(key, str(v.stance), *v.probabilities) for key, v in fresh.items()],
            )
            connection.execute(
                "INSERT INTO pace VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET "
                "pairs = ?4 * pairs + ?2, seconds = ?4 * seconds + ?3",
                (self._fingerprint, len(fresh), seconds, _FORGETTING),
            )

    def _seconds(self, pairs: int) -> float | None:
        """That so many take, as the latest ones did."""
        with self._file.useful(), self._file.connected() as connection:
            row = connection.execute(
                "SELECT seconds / pairs FROM pace WHERE model = ? AND pairs > 0",
                (self._fingerprint,),
            ).fetchone()
            return float(row[0]) * pairs if row else None
        return None
