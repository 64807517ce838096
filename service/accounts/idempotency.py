"""Requests that are sent again must not be done again: kept by key and Idempotency-Key."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, delete, update
from sqlalchemy.exc import IntegrityError

from service.accounts.database import Database
from service.accounts.tables import RequestRow
from service.errors import Conflict, InvalidInput

log = logging.getLogger(__name__)

KEPT = timedelta(hours=24)
LEASE_S = 30.0
_PRUNE_EVERY_S = 600.0
_LONGEST_NAME = 255
HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Attempt:
    """The right to do a request: to be ended by `finish` or `give_up`."""

    key_id: str
    name: str
    id: str


@dataclass(frozen=True, slots=True)
class Replay:
    """What the same request was answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Idempotency:
    """Safe between threads and processes.

    A request that its process didn't end, because it crashed, may be tried again once `lease_s`
    seconds have passed: no request may take longer. What it did before the crash stays done, so
    doing it must itself be repeatable; this only spares clients a second answer.
    """

    def __init__(self, database: Database, lease_s: float = LEASE_S) -> None:
        self._database = database
        self._lease_s = lease_s
        self._lock = threading.Lock()
        self._pruned: float | None = None

    def begin(
        self, key_id: str, name: str, method: str, path: str, body: bytes
    ) -> Attempt | Replay:
        """Replay what was answered to the same request, or begin it.

        Raises Conflict where the name was used for another request, or where that request is
        still being worked on (with the seconds after which to ask again), InvalidInput where the
        name isn't 1 to 255 characters of visible ASCII.
        """
        if not 0 < len(name) <= _LONGEST_NAME or not all("!" <= c <= "~" for c in name):
            raise InvalidInput(HEADER, f"must be 1 to {_LONGEST_NAME} characters of visible ASCII")
        self._prune_now_and_then()
        digest = hashlib.sha256(f"{method} {path}\n".encode() + body).digest()
        attempt = Attempt(key_id, name, secrets.token_hex(16))
        while True:
            try:
                return self._begin(attempt, digest)
            except IntegrityError:  # another began it just now
                continue

    def finish(
        self, attempt: Attempt, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Keep the answer, once what it acknowledges is durable."""
        with self._database.write() as session:
            done = session.execute(
                update(RequestRow)
                .where(*_of(attempt))
                .values(status=status, headers=dict(headers), body=body)
            )
        assert isinstance(done, CursorResult)
        if not done.rowcount:
            log.warning("a request took longer than %s s and was begun again", self._lease_s)

    def give_up(self, attempt: Attempt) -> None:
        """Nothing was done, or it may be done again: the same request may come again at once."""
        with self._database.write() as session:
            session.execute(delete(RequestRow).where(*_of(attempt)))

    def prune(self) -> int:
        """Forget requests of more than a day ago; returns how many."""
        with self._database.write() as session:
            done = session.execute(
                delete(RequestRow).where(RequestRow.started < datetime.now(UTC) - KEPT)
            )
        assert isinstance(done, CursorResult)
        return done.rowcount

    def _begin(self, attempt: Attempt, digest: bytes) -> Attempt | Replay:
        now = datetime.now(UTC)
        with self._database.write() as session:
            row = session.get(RequestRow, (attempt.key_id, attempt.name), with_for_update=True)
            if row is None:
                row = RequestRow(key_id=attempt.key_id, name=attempt.name)
                session.add(row)
            elif now - row.started < KEPT:
                if row.digest != digest:
                    raise Conflict(f"this {HEADER} was sent with another request")
                if row.status is not None:
                    return Replay(row.status, row.headers or {}, row.body or b"")
                # A start in the future is of before the clock was set back.
                age = abs((now - row.started).total_seconds())
                if age < self._lease_s:
                    raise Conflict("the same request is still being worked on", self._lease_s - age)
            row.digest, row.attempt, row.started = digest, attempt.id, now
            row.status = row.headers = row.body = None
        return attempt

    def _prune_now_and_then(self) -> None:
        now = time.monotonic()
        with self._lock:
            if self._pruned is not None and now - self._pruned < _PRUNE_EVERY_S:
                return
            self._pruned = now
        self.prune()


def _of(attempt: Attempt) -> tuple[ColumnElement[bool], ...]:
    return (
        RequestRow.key_id == attempt.key_id,
        RequestRow.name == attempt.name,
        RequestRow.attempt == attempt.id,
    )
