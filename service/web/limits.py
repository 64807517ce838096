"""What one request may take: bytes, a place in the queue, and seconds."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import Protocol

from flask import Flask, current_app, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from service.errors import Overloaded, TimedOut
from service.settings import Settings

# What the server says of a request in its WSGI environment: the monotonic time of its arrival, and
# whether the queue was full then.
ARRIVED, TURNED_AWAY = "concord.arrived", "concord.turned_away"
RETRY_AFTER_S = 1.0
# Must be answered whatever the load: whoever watches a busy service must not take it for dead.
ALWAYS = frozenset(("/healthz", "/readyz", "/metrics"))
# Take files, by POST.
UPLOADS = frozenset(("/draft", "/import"))
# Characters of the fields beside a file: a draft's text, in whatever script.
_MOST_FIELDS = 1_000_000


class Queue(Protocol):
    """Of the server: requests that wait for a thread, and those that are answered now."""

    def waiting(self) -> int: ...

    def running(self) -> int: ...


class Load:
    """What was refused, by reason: `queue` full, `waited` too long, `timeout`; and the queue."""

    def __init__(self) -> None:
        self.queue: Queue | None = None
        self._refused: Counter[str] = Counter(queue=0, waited=0, timeout=0)
        self._lock = threading.Lock()

    def refuse(self, reason: str) -> None:
        with self._lock:
            self._refused[reason] += 1

    def refused(self) -> dict[str, int]:
        with self._lock:
            return dict(self._refused)


def install_limits(app: Flask, settings: Settings) -> None:
    """Refuse what is too large at once, and what the queue has no place for.

    A thread that asked a semaphore would come too late: waitress calls the application only once a
    thread is free. So the queue is bounded where requests enter it (`service.web.serve`), and what
    has no place in it is turned away here, by a thread of its own, with logs, headers and figures
    like any other answer.
    """
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    app.extensions["load"] = Load()

    @app.before_request
    def admitted() -> None:
        g.deadline = arrived() + settings.query_timeout_s
        if request.path in ALWAYS:
            return
        if request.environ.get(TURNED_AWAY):
            load().refuse("queue")
            raise Overloaded("too many requests are waiting", RETRY_AFTER_S)
        if time.monotonic() > g.deadline:
            load().refuse("waited")
            raise Overloaded("the request waited too long for its turn", RETRY_AFTER_S)
        most = settings.max_body_bytes
        if request.method == "POST" and request.path in UPLOADS:
            most = request.max_content_length = settings.max_upload_bytes
            request.max_form_memory_size = _MOST_FIELDS
        if (request.content_length or 0) > most:
            raise RequestEntityTooLarge(f"a body has at most {most:,} bytes")


def load() -> Load:
    found = current_app.extensions["load"]
    assert isinstance(found, Load)
    return found


def arrived() -> float:
    """When the request came, in monotonic seconds: before it waited for its turn."""
    came: float = request.environ.setdefault(ARRIVED, time.monotonic())
    return came


def proceed() -> None:
    """Raises TimedOut where the time for this request is up."""
    deadline: float | None = g.get("deadline")
    if deadline is not None and time.monotonic() > deadline:
        load().refuse("timeout")
        raise TimedOut(deadline - arrived())
