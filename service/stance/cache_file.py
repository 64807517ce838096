"""An SQLite file that may be lost: whoever can't use it works without it, and the log says so."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

# Seconds that one who writes waits for another; whoever has waited in vain keeps nothing.
_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class CacheFile:
    """Safe between threads and processes. `schema` is one or more statements that may be run
    again and again."""

    path: Path
    schema: str

    @contextmanager
    def useful(self) -> Iterator[None]:
        """What goes wrong with the file is logged, and not passed on."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, TypeError) as error:
            log.warning(
                "%s can't be used (%s): what it would hold is made anew; delete it where it is "
                "damaged",
                self.path,
                error,
            )

    @contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """Made where it isn't there; what was changed is kept unless the block raises."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=_WAIT_S)) as connection, connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.executescript(self.schema)
            yield connection
