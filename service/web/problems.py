"""Errors as problem details (RFC 9457): a type, a sentence, the field at fault."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from service.errors import ConcordError, IndexUnusable, InvalidInput, NotFound

log = logging.getLogger(__name__)


def install_problems(app: Flask) -> None:
    """One handler a family of errors."""

    @app.errorhandler(InvalidInput)
    def invalid(error: InvalidInput) -> Response:
        return problem(HTTPStatus.BAD_REQUEST, error.reason, field=error.field)

    @app.errorhandler(NotFound)
    def not_found(error: NotFound) -> Response:
        return problem(HTTPStatus.NOT_FOUND, str(error))

    @app.errorhandler(IndexUnusable)
    def unusable(error: IndexUnusable) -> Response:
        log.error("index unusable: %s", error)
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "the index can't be used at present")

    @app.errorhandler(ConcordError)
    def refused(error: ConcordError) -> Response:
        return problem(HTTPStatus.BAD_REQUEST, str(error))

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or 500)
        answer = problem(status, error.description or status.description)
        for name, value in error.get_headers():
            if name.lower() == "allow":
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.exception("unexpected error", exc_info=error)
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong on our side")


def problem(status: HTTPStatus, detail: str, field: str | None = None) -> Response:
    body: dict[str, object] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail if field is None else f"{field}: {detail}",
    }
    if field is not None:
        body["field"] = field
    answer = jsonify(body)
    answer.status_code = int(status)
    answer.content_type = "application/problem+json"
    return answer
