"""Logs as JSON on standard error: one line a request, without what was asked unless set so."""

from __future__ import annotations

import logging
import re
import sys
import time
import uuid
from typing import Any, TextIO

from flask import Flask, Response, g, has_request_context, request
from pythonjsonlogger.json import JsonFormatter

from service.settings import Settings
from service.web.limits import arrived

REQUEST_ID = "X-Request-ID"
log = logging.getLogger("concord.requests")

_WELL_FORMED = re.compile(r"[A-Za-z0-9._:+/=-]{1,128}")
# A job's id, in its address, is all that guards it.
_SECRET = re.compile(r"[0-9a-f]{32}")
# Characters of a path, a query or a body that are logged.
_LONGEST = 2_000


def install_logs(app: Flask, settings: Settings) -> None:
    """Give each request an id, echo it, and log the request once it is answered. To be installed
    first: then it sees the answer last."""

    @app.before_request
    def named() -> None:
        arrived()
        g.started = time.monotonic()
        sent = request.headers.get(REQUEST_ID, "")
        g.request_id = sent if _WELL_FORMED.fullmatch(sent) else uuid.uuid4().hex

    @app.after_request
    def told(answer: Response) -> Response:
        answer.headers[REQUEST_ID] = g.request_id
        came, now = arrived(), time.monotonic()
        caller = g.get("caller")
        facts: dict[str, Any] = {
            "method": request.method[:20],
            "path": _SECRET.sub("*", request.path[:_LONGEST]),
            "status": answer.status_code,
            "ms": round(1000 * (now - came), 1),
            "waited_ms": round(1000 * (g.started - came), 1),
            "bytes": answer.calculate_content_length(),
            "key": caller.key.id if caller and caller.key else None,
            "generation": g.get("generation"),
        }
        if settings.log_queries:
            facts |= _asked()
        log.info("request", extra=facts)
        return answer


def write_json_logs() -> None:
    """Every logger of this process, in JSON, on standard error."""
    logging.basicConfig(handlers=[json_handler(sys.stderr)], level=logging.INFO, force=True)
    # Its depth is a metric; a line for each request that waits would be the load's echo.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # It tells each step of a migration.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def json_handler(stream: TextIO) -> logging.Handler:
    """One line a record; those of a request bear its id. A trace is a field like the others."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        JsonFormatter(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger", "exc_info": "trace"},
            timestamp="time",
            json_ensure_ascii=False,
        )
    )
    handler.addFilter(_with_request_id)
    return handler


def _with_request_id(record: logging.LogRecord) -> bool:
    if has_request_context() and "request_id" in g:
        record.request_id = g.request_id
    return True


def _asked() -> dict[str, str]:
    found = {"query": request.query_string.decode("utf-8", "replace")[:_LONGEST]}
    if request.is_json:
        found["body"] = request.get_data(as_text=True)[:_LONGEST]
    return found
