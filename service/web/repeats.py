"""Requests that may be sent again: `Idempotency-Key` has each done, and answered, once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Response, current_app, g, request

from service.accounts.accounts import Accounts
from service.accounts.idempotency import HEADER, Replay
from service.errors import DatabaseUnusable

log = logging.getLogger(__name__)

HEADERS: dict[str, dict[str, Any]] = {
    HEADER: {
        "description": "Any name for this request, for a day: sent again with the same name, it "
        "isn't done again, and has the same answer.",
        "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    }
}
_KEPT = ("Content-Type", "Location")


def answered_once(work: Callable[[], Response]) -> Response:
    """The answer of `work`, or what the same key's same request was answered before.

    `work` must itself be repeatable, and what its answer acknowledges be durable: a process may
    end between the two. Errors aren't kept. Without the header `work` is simply done.
    """
    name = request.headers.get(HEADER)
    caller = g.get("caller")
    if name is None or caller is None or caller.key is None:
        return work()
    accounts = current_app.extensions["accounts"]
    assert isinstance(accounts, Accounts)
    begun = accounts.idempotency.begin(
        caller.key.id, name, request.method, request.path, request.get_data()
    )
    if isinstance(begun, Replay):
        answer = Response(begun.body, begun.status, dict(begun.headers))
        answer.headers["Idempotency-Replayed"] = "true"
        return answer
    try:
        answer = work()
    except Exception:
        accounts.idempotency.give_up(begun)
        raise
    kept = {header: answer.headers[header] for header in _KEPT if header in answer.headers}
    try:
        accounts.idempotency.finish(begun, answer.status_code, kept, answer.get_data())
    except DatabaseUnusable as error:  # it is done; a repetition finds that there is nothing to do
        log.error("an answer couldn't be kept: %s", error)
    return answer
