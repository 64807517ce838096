"""How many requests each key has made today: counted in memory, made durable every second."""

from __future__ import annotations

import atexit
import logging
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from service.accounts.database import Database
from service.accounts.keys import Key
from service.accounts.tables import KeyRow, UsageRow
from service.errors import DatabaseUnusable, QuotaExhausted

log = logging.getLogger(__name__)

FLUSH_S = 1.0
KEPT = timedelta(days=400)
_Counts = Counter[tuple[str, date]]


@dataclass(frozen=True, slots=True)
class Used:
    """`left` of `quota` requests, until `resets_s` seconds have passed."""

    quota: int
    left: int
    resets_s: float


class Quotas:
    """Safe between threads; several processes share one database.

    Counts reach the database FLUSH_S after the first that isn't there, and at `close`, which
    also runs at the interpreter's end. One process alone lets through the quota to the request.
    Each of several lets through, beyond it, at most what the others did within FLUSH_S. A killed
    process forgets at most FLUSH_S of counts; while the database can't be used, they are kept
    until it can.
    """

    def __init__(self, database: Database, flush_s: float = FLUSH_S) -> None:
        self._database = database
        self._flush_s = flush_s
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._stored: _Counts = Counter()  # what the database has, or is being sent
        self._pending: _Counts = Counter()
        self._last: dict[str, datetime] = {}
        self._today: date | None = None
        self._due = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._failing = False

    def count(self, key: Key) -> Used | None:
        """One more request of this key, now; None where it has no quota. Raises QuotaExhausted,
        and then counts nothing."""
        now = datetime.now(UTC)
        place = (key.id, now.date())
        with self._lock:
            new = place not in self._stored
        if new:
            self._load(place)
        resets_s = _to_midnight(now)
        with self._lock:
            made = self._stored[place] + self._pending[place]
            if key.daily_quota is not None and made >= key.daily_quota:
                raise QuotaExhausted(
                    f"the key {key.id} has used up its {key.daily_quota:,} requests of "
                    f"{place[1]}; the next day begins at midnight UTC",
                    resets_s,
                )
            self._pending[place] += 1
            self._last[key.id] = now
            idle = self._thread is None or not self._thread.is_alive()
            if idle and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="quotas", daemon=True)
                self._thread.start()
                atexit.register(self.close)
        self._due.set()
        if key.daily_quota is None:
            return None
        return Used(key.daily_quota, key.daily_quota - made - 1, resets_s)

    def used(self, day: date) -> dict[str, int]:
        """Requests of a day in UTC, by key id: those that are durable."""
        with self._database.read() as session:
            rows = session.execute(
                select(UsageRow.key_id, UsageRow.requests).where(UsageRow.day == day)
            )
            return dict(rows.all())

    def flush(self) -> None:
        """Make every count durable; where that fails, they are kept for the next time."""
        with self._flushing:
            with self._lock:
                taken, self._pending = self._pending, Counter()
                last, self._last = self._last, {}
                self._stored.update(taken)
            if not taken:
                return
            try:
                totals = self._write(taken, last)
            except BaseException:
                with self._lock:
                    self._stored.subtract(taken)
                    self._pending.update(taken)
                    self._last = last | self._last
                raise
            with self._lock:
                for place, total in totals.items():
                    self._stored[place] = total

    def close(self) -> None:
        """Flush, and count no more on its own."""
        self._closed.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join()
            atexit.unregister(self.close)
        try:
            self.flush()
        except DatabaseUnusable as error:
            lost = self._pending.total()
            log.error("%d requests aren't counted towards quotas: %s", lost, error)

    def _run(self) -> None:
        while True:
            self._due.wait()
            # Before the pause: cleared after it, the call of `close` could be missed.
            self._due.clear()
            if self._closed.wait(self._flush_s):
                return
            try:
                self.flush()
                self._forget_old_days()
                self._failing = False
            except DatabaseUnusable as error:
                self._due.set()
                if not self._failing:
                    log.error("quotas are counted in memory only: %s", error)
                self._failing = True

    def _load(self, place: tuple[str, date]) -> None:
        """A key's first request of the day here. Where the database can't be asked, counting
        begins at 0 and the next flush mends it."""
        made = 0
        try:
            with self._database.read() as session:
                row = session.get(UsageRow, place)
                made = row.requests if row is not None else 0
        except DatabaseUnusable as error:
            log.warning("the requests of key %s today aren't known: %s", place[0], error)
        with self._lock:
            self._stored.setdefault(place, made)

    def _write(self, counts: _Counts, last: dict[str, datetime]) -> _Counts:
        """Add the counts; returns the new totals, which other processes' counts are part of."""
        rows = [
            {"key_id": key_id, "day": day, "requests": requests}
            for (key_id, day), requests in sorted(counts.items())  # one order: no deadlock
        ]
        insert: Any = sqlite.insert if self._database.is_sqlite else postgresql.insert
        added = insert(UsageRow).values(rows)
        added = added.on_conflict_do_update(
            index_elements=["key_id", "day"],
            set_={"requests": UsageRow.requests + added.excluded.requests},
        ).returning(UsageRow.key_id, UsageRow.day, UsageRow.requests)
        totals: _Counts = Counter()
        with self._database.write() as session:
            for key_id, day, requests in session.execute(added):
                totals[key_id, day] = requests
            for key_id, moment in sorted(last.items()):
                session.execute(
                    update(KeyRow)
                    .where(
                        KeyRow.id == key_id,
                        or_(KeyRow.last_used.is_(None), KeyRow.last_used < moment),
                    )
                    .values(last_used=moment)
                )
        return totals

    def _forget_old_days(self) -> None:
        today = datetime.now(UTC).date()
        if today == self._today:
            return
        with self._database.write() as session:
            session.execute(delete(UsageRow).where(UsageRow.day < today - KEPT))
        with self._lock:
            for place in [p for p in self._stored if p[1] < today and not self._pending[p]]:
                del self._stored[place]
        self._today = today


def _to_midnight(now: datetime) -> float:
    midnight = datetime.combine(now.date() + timedelta(days=1), clock(), UTC)
    return (midnight - now).total_seconds()
