"""API keys: made and revoked on the command line, kept as hashes, checked at every request."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from service.accounts.database import Database
from service.accounts.tables import KeyRow
from service.domain.access import Scope
from service.errors import DatabaseUnusable, InvalidInput, NotFound, Unauthorized

log = logging.getLogger(__name__)

# Seconds: what was seen is believed so long, and so long while the database can't be asked.
FRESH_S = 3.0
GRACE_S = 300.0
MOST_QUOTA = 2_000_000_000
_TOKEN = re.compile(r"concord_(?P<id>[0-9a-f]{8})_[A-Za-z0-9_-]{43}")
_LONGEST_NAME = 200
_MOST_UNKNOWN = 1_000  # tokens that are remembered as no key


@dataclass(frozen=True, slots=True)
class Key:
    """`id` is the visible part of the token. `daily_quota` counts requests a day in UTC, None
    where there is no limit; `last_used` may be a second or two old."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    daily_quota: int | None
    created: datetime
    expires: datetime | None
    revoked: datetime | None
    last_used: datetime | None

    @property
    def state(self) -> str:
        """active, expired or revoked."""
        if self.revoked is not None:
            return "revoked"
        expired = self.expires is not None and self.expires <= datetime.now(UTC)
        return "expired" if expired else "active"

    def to_dict(self) -> dict[str, Any]:
        moments = ("created", "expires", "revoked", "last_used")
        return {
            "id": self.id,
            "name": self.name,
            "scopes": [str(scope) for scope in self.scopes],
            "daily_quota": self.daily_quota,
            "state": self.state,
        } | {name: _iso(getattr(self, name)) for name in moments}


@dataclass(slots=True)
class _Seen:
    """`asked` and `confirmed` are monotonic seconds: of the last try, and of the last answer."""

    key: Key
    asked: float
    confirmed: float


class Keys:
    """All keys of a deployment.

    The database isn't asked at each request: what it said of a key is believed for FRESH_S. A
    key that is revoked elsewhere is therefore refused after at most FRESH_S and the time of one
    question. While the database can't be asked, a key that was good stays good for GRACE_S.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._seen: dict[bytes, _Seen] = {}
        self._unknown: OrderedDict[bytes, float] = OrderedDict()

    def create(
        self,
        name: str,
        scopes: Collection[Scope],
        daily_quota: int | None = None,
        expires: datetime | None = None,
    ) -> tuple[Key, str]:
        """The new key and its token, `concord_ID_` and 256 random bits, which nobody can read
        again: only its SHA-256 is kept."""
        if not name.strip() or not name.isprintable():
            raise InvalidInput("name", "must be one line of text")
        if len(name) > _LONGEST_NAME:
            raise InvalidInput("name", f"has {len(name)} characters; at most {_LONGEST_NAME}")
        if not scopes:
            raise InvalidInput("scope", f"is missing; there are {', '.join(Scope)}")
        if daily_quota is not None and not 0 < daily_quota <= MOST_QUOTA:
            raise InvalidInput("quota", f"must be from 1 to {MOST_QUOTA:,} requests a day")
        now = datetime.now(UTC)
        if expires is not None and expires <= now:
            raise InvalidInput("expires", f"{_iso(expires)} is past")
        while True:
            key_id = secrets.token_hex(4)
            token = f"concord_{key_id}_{secrets.token_urlsafe(32)}"
            row = KeyRow(
                id=key_id, name=name.strip(), digest=_digest(token), daily_quota=daily_quota,
                scopes=" ".join(scope for scope in Scope if scope in scopes), created=now,
                expires=expires, revoked=None, last_used=None,
            )  # fmt: skip
            try:
                with self._database.write() as session:
                    session.add(row)
            except IntegrityError:  # one of four billion ids, twice
                continue
            return _key(row), token

    def revoke(self, key_id: str) -> Key:
        """Refuse this key from now on; revoking again changes nothing. Raises NotFound."""
        with self._database.write() as session:
            row = session.get(KeyRow, key_id, with_for_update=True)
            if row is None:
                raise NotFound(f"no such key: {key_id}")
            row.revoked = row.revoked or datetime.now(UTC)
        with self._lock:
            self._seen = {d: seen for d, seen in self._seen.items() if seen.key.id != key_id}
        return _key(row)

    def all(self) -> list[Key]:
        """The earliest first, those that aren't good any more among them."""
        with self._database.read() as session:
            rows = session.scalars(select(KeyRow).order_by(KeyRow.created, KeyRow.id))
            return [_key(row) for row in rows]

    def remembered(self, token: str) -> Key | None:
        """The key of a token that was good or once was, without asking the database."""
        with self._lock:
            seen = self._seen.get(_digest(token))
        return seen.key if seen else None

    def check(self, token: str) -> Key:
        """The key of a token. Raises Unauthorized where it isn't good, DatabaseUnusable where
        that can't be told."""
        key = self._find(token)
        if key is None:
            raise Unauthorized("this key isn't known", sent=True)
        if key.state == "revoked":
            raise Unauthorized(f"the key {key.id} was revoked", sent=True)
        if key.state == "expired":
            raise Unauthorized(f"the key {key.id} expired on {_iso(key.expires)}", sent=True)
        return key

    def _find(self, token: str) -> Key | None:
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        digest, now = _digest(token), time.monotonic()
        with self._lock:
            seen = self._seen.get(digest)
            if seen is not None:
                if now - seen.asked < FRESH_S:
                    return seen.key
                seen.asked = now  # others needn't ask, too
            elif now - self._unknown.get(digest, -FRESH_S) < FRESH_S:
                return None
        try:
            key = self._ask(match["id"], digest)
        except DatabaseUnusable as error:
            if seen is None or now - seen.confirmed > GRACE_S:
                raise
            log.warning("key %s is believed without the database: %s", seen.key.id, error)
            return seen.key
        with self._lock:
            if key is not None:
                self._seen[digest] = _Seen(key, now, now)
            else:
                self._seen.pop(digest, None)
                self._unknown[digest] = now
                self._unknown.move_to_end(digest)
                while len(self._unknown) > _MOST_UNKNOWN:
                    self._unknown.popitem(last=False)
        return key

    def _ask(self, key_id: str, digest: bytes) -> Key | None:
        with self._database.read() as session:
            row = session.get(KeyRow, key_id)
            # Found by what isn't secret; the secret is compared in constant time.
            kept = row.digest if row is not None else bytes(32)
            return _key(row) if hmac.compare_digest(kept, digest) and row is not None else None


def _digest(token: str) -> bytes:
    # 256 random bits can't be guessed, so a slow hash would protect nothing.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _key(row: KeyRow) -> Key:
    return Key(
        row.id, row.name, tuple(Scope(scope) for scope in row.scopes.split()), row.daily_quota,
        row.created, row.expires, row.revoked, row.last_used,
    )  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")
