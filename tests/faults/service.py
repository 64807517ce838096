"""A served deployment, asked over HTTP as its users do."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable
from typing import Any


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(
    port: int,
    path: str,
    body: Any = None,
    method: str | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, Any]:
    """Status and JSON of the answer. Raises OSError or HTTPException where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        given = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if given else {}
        connection.request(
            method or ("GET" if body is None else "POST"), path, given, sent | (headers or {})
        )
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null")
    finally:
        connection.close()


def wait_for(what: Callable[[], bool], alive: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it came to be before the process ended; no answer counts as no."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if what():
                return True
        except (OSError, http.client.HTTPException):
            pass
        if not alive():
            return False
        time.sleep(0.02)
    raise AssertionError(f"not after {seconds} s")
