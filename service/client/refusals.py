"""What isn't answered: as which error it is raised, and whether it is asked again first."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from tenacity import RetryCallState
from tenacity.wait import wait_base, wait_random_exponential

# Who is told to wait longer (a day's quota is spent) is told so instead.
LONGEST_WAIT_S = 60.0
DROPPED = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)
_PASSING = (429, 503)


class ApiProblem(Exception):
    """What the service answered instead (RFC 9457). `type` is stable: `/problems/invalid-input`;
    `field` is the one at fault, `retry_after` counts seconds, and `request_id` finds the request in
    the service's log."""

    def __init__(
        self,
        type: str,
        title: str,
        status: int,
        detail: str = "",
        field: str | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}" if detail else f"{status} {title}")
        self.type, self.title, self.status, self.detail = type, title, status, detail
        self.field, self.retry_after, self.request_id = field, retry_after, request_id


class Unreachable(ConnectionError):
    """No answer came, however often it was tried."""


class Pause(wait_base):
    """Grows, at random so that those refused together don't come back together; never shorter than
    what the service asks for."""

    _growing = wait_random_exponential(multiplier=0.5, max=20)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.retry_after if isinstance(error, ApiProblem) else None
        if asked is None:
            return self._growing(retry_state)
        return asked + random.uniform(0, 0.25 + asked / 10)


def passes(error: BaseException) -> bool:
    """Whether it may be otherwise in a moment."""
    if isinstance(error, ApiProblem):
        return error.status in _PASSING and (error.retry_after or 0) <= LONGEST_WAIT_S
    return isinstance(error, DROPPED)


def refusal(answer: httpx.Response) -> ApiProblem:
    try:
        raw = answer.json()
    except ValueError:
        raw = {}  # of a proxy on the way
    return problem(
        raw if isinstance(raw, dict) else {},
        answer.status_code,
        answer.reason_phrase,
        _seconds(answer.headers.get("Retry-After")),
        answer.headers.get("X-Request-ID"),
    )


def problem(
    raw: Mapping[str, Any],
    status: int,
    phrase: str = "",
    retry_after: float | None = None,
    request_id: str | None = None,
) -> ApiProblem:
    return ApiProblem(
        raw.get("type", "about:blank"), raw.get("title", phrase), status, raw.get("detail", ""),
        raw.get("field"), retry_after, request_id,
    )  # fmt: skip


def _seconds(retry_after: str | None) -> float | None:
    """Of a number, or of a date as proxies write it; None where it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        then = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, (then.astimezone(UTC) - datetime.now(UTC)).total_seconds())
