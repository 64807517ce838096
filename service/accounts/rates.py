"""How fast one caller may ask: a sliding window, in memory or in a Redis that replicas share."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem, parse_many
from limits.errors import ConfigurationError
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from service.errors import InvalidInput

log = logging.getLogger(__name__)

# Seconds: for Redis to answer, and for which one that didn't is let alone.
_WAIT_S = 0.5
_PAUSE_S = 10.0
_FORGET_S = 30.0  # between two looks for callers of the past


@dataclass(frozen=True, slots=True)
class Allowance:
    """`left` of `limit` requests in `window_s` seconds; `resets_s` seconds until there are more.
    `granted` tells whether this request was one of them."""

    limit: int
    window_s: int
    left: int
    resets_s: int
    granted: bool


class Rates:
    """`limits` are one or more like "600 per minute", divided by ";", or `none`; `storage` is
    memory://, or redis://HOST:PORT (rediss:// for TLS), where the replicas count together.

    While Redis can't be asked, each process counts for itself. Safe between threads.
    """

    def __init__(self, limits: str, storage: str) -> None:
        self._items = _parsed(limits)
        self._local = SlidingWindowCounterRateLimiter(_Memory())
        self._shared: SlidingWindowCounterRateLimiter | None = None
        self._failures: Any = ()
        self._ask_after = 0.0
        if not storage.startswith("memory://"):
            opened = _storage(storage)
            self._failures = opened.base_exceptions
            self._shared = SlidingWindowCounterRateLimiter(opened)

    def hit(self, caller: str) -> list[Allowance]:
        """Count one request against every limit; the last isn't granted where one is exceeded."""
        if self._shared is not None and time.monotonic() >= self._ask_after:
            try:
                return self._hit(self._shared, caller)
            except self._failures as error:
                self._ask_after = time.monotonic() + _PAUSE_S
                log.warning("rates are counted by this process alone: %s", type(error).__name__)
        return self._hit(self._local, caller)

    def _hit(self, limiter: SlidingWindowCounterRateLimiter, caller: str) -> list[Allowance]:
        found = []
        for item in self._items:
            granted = limiter.hit(item, caller)
            stats = limiter.get_window_stats(item, caller)
            resets_s = max(math.ceil(stats.reset_time - time.time()), 1)
            left = stats.remaining if granted else 0
            found.append(Allowance(item.amount, item.get_expiry(), left, resets_s, granted))
            if not granted:
                break
        return found


class _Memory(MemoryStorage):
    """Forgets in passing what is past. Its base starts a thread for that: at five hundred requests
    a second, a hundred threads a second."""

    def __init__(self) -> None:
        super().__init__()
        self._forget_at = 0.0

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        now = time.time()
        # A clock that was set back must not put it off for as long.
        if not self._forget_at - _FORGET_S <= now < self._forget_at:
            self._forget_at = now + _FORGET_S
            for known in list(self.expirations):
                self.get(known)  # drops it where it is past
        self.get(key)
        with self.locks[key]:
            self.storage[key] += amount
            if self.storage[key] == amount:
                self.expirations[key] = now + expiry
        return int(self.storage.get(key, 0))


def _parsed(limits: str) -> list[RateLimitItem]:
    if limits.strip() in ("", "none"):
        return []
    try:
        found = sorted(parse_many(limits))
    except ValueError:
        found = []
    if not found or any(item.amount < 1 for item in found):
        raise InvalidInput("CONCORD_RATE_LIMIT", f"{limits!r} is no rate, like 600 per minute")
    return found


def _storage(address: str) -> Storage:
    form = "must be memory:// or redis://HOST:PORT"
    if not address.startswith(("redis://", "rediss://", "redis+unix://")):
        raise InvalidInput("CONCORD_RATE_LIMIT_STORAGE", form)
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    options: dict[str, Any] = {
        "socket_timeout": _WAIT_S,
        "socket_connect_timeout": _WAIT_S,
        "retry": Retry(NoBackoff(), 1),
        "key_prefix": "concord",
    }
    try:
        made = storage_from_string(address, **options)
    except (ConfigurationError, ValueError):  # may quote the address and its password
        raise InvalidInput("CONCORD_RATE_LIMIT_STORAGE", form) from None
    assert isinstance(made, Storage)
    return made
