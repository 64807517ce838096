"""Errors as problem details (RFC 9457): a stable type, a sentence, the field at fault."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, has_request_context, jsonify, request
from pydantic import BaseModel, ConfigDict, Field
from werkzeug.exceptions import HTTPException

from service.errors import (
    ConcordError,
    Conflict,
    DatabaseUnusable,
    Forbidden,
    Gone,
    IndexUnusable,
    InvalidInput,
    NotFound,
    OtherSite,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    Unauthorized,
)

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"


class Problem(BaseModel):
    """What went wrong. `type` is stable and leads to a page that explains it."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    field: str | None = Field(default=None, description="The field at fault, where there is one.")


class Unprocessable(InvalidInput):
    """Each field is well-formed; what they ask together, or of this corpus, can't be answered."""


# Of each family of errors: its status, its type, and what to do, for the page that documents it.
TYPES: dict[str, tuple[HTTPStatus, str]] = {
    "invalid-input": (
        HTTPStatus.BAD_REQUEST,
        "A parameter or field is unknown, missing or malformed; `field` names it.",
    ),
    "unprocessable": (
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "Each field is well-formed, but together they can't be answered: a period that ends before "
        "it begins, a text of too many positions.",
    ),
    "unauthorized": (HTTPStatus.UNAUTHORIZED, "The key is missing, unknown, expired or revoked."),
    "forbidden": (
        HTTPStatus.FORBIDDEN,
        "The key's scopes don't reach this far, or another site sent a form.",
    ),
    "not-found": (HTTPStatus.NOT_FOUND, "No such statement, claim, issue, page or path."),
    "method-not-allowed": (HTTPStatus.METHOD_NOT_ALLOWED, "The header Allow names the methods."),
    "not-acceptable": (
        HTTPStatus.NOT_ACCEPTABLE,
        "The answer isn't to be had in the type that Accept asks for.",
    ),
    "conflict": (
        HTTPStatus.CONFLICT,
        "The same Idempotency-Key was sent with another body, or is being worked on.",
    ),
    "gone": (
        HTTPStatus.GONE,
        "A cursor's generation was pruned: ask again from the first page.",
    ),
    "too-large": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is larger than is read."),
    "unsupported-media-type": (
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "The body must be sent as application/json.",
    ),
    "rate-limited": (
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too fast, or too many jobs of one's own at once: wait as Retry-After says.",
    ),
    "quota-exhausted": (
        HTTPStatus.TOO_MANY_REQUESTS,
        "The key's requests of this day are spent: Retry-After counts to midnight UTC.",
    ),
    "internal": (
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "Something went wrong on our side; the request's id finds it in the log.",
    ),
    "index-unusable": (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "There is no index, or it doesn't match the model: the operator must build one.",
    ),
    "database-unusable": (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The database of keys and quotas can't be reached, or is locked: ask again shortly.",
    ),
    "overloaded": (HTTPStatus.SERVICE_UNAVAILABLE, "The queue is full: wait as Retry-After says."),
    "timeout": (HTTPStatus.SERVICE_UNAVAILABLE, "The question took longer than one may."),
}
_OF_STATUS = {status: name for name, (status, _) in reversed(TYPES.items())}
# The first that fits; what isn't here is the caller's mistake.
_OF_ERROR: tuple[tuple[type[ConcordError], str], ...] = (
    (Unprocessable, "unprocessable"),
    (InvalidInput, "invalid-input"),
    (NotFound, "not-found"),
    (Gone, "gone"),
    (Unauthorized, "unauthorized"),
    (Forbidden, "forbidden"),
    (OtherSite, "forbidden"),
    (RateLimited, "rate-limited"),
    (QuotaExhausted, "quota-exhausted"),
    (Conflict, "conflict"),
    (IndexUnusable, "index-unusable"),
    (DatabaseUnusable, "database-unusable"),
    (Overloaded, "overloaded"),
    (TimedOut, "timeout"),
)
# Said to the operator in the log, and to nobody else.
_INTERNAL = {
    "index-unusable": "the index can't be used at present",
    "database-unusable": "the database can't be used at present",
}


def install_problems(app: Flask) -> None:
    """One handler for our errors, one for HTTP's, one for what nobody foresaw."""

    @app.errorhandler(ConcordError)
    def refused(error: ConcordError) -> Response:
        kind = kind_of(error)
        if kind in _INTERNAL:
            log.error("%s: %s", kind, error)
        answer = _answer(described(error))
        retry_after = getattr(error, "retry_after", None)
        if retry_after is not None:
            answer.headers["Retry-After"] = str(math.ceil(retry_after))
        if isinstance(error, Unauthorized | Forbidden):
            answer.headers["WWW-Authenticate"] = _challenge(error)
        return answer

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = HTTPStatus(error.code or 500)
        detail = error.description or status.description
        answer = problem(_OF_STATUS.get(status, "invalid-input"), detail, status=status)
        for name, value in error.get_headers():
            if name.lower() in ("allow", "location"):
                answer.headers[name] = value
        return answer

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        log.exception("unexpected error", exc_info=error)
        return problem("internal", "something went wrong on our side")


def kind_of(error: ConcordError) -> str:
    for family, kind in _OF_ERROR:
        if isinstance(error, family):
            return kind
    return "invalid-input"


def described(error: ConcordError) -> dict[str, Any]:
    """An error of ours as the fields of a problem."""
    kind = kind_of(error)
    field = error.field if isinstance(error, InvalidInput) else None
    return _fields(kind, _INTERNAL.get(kind, str(error)), field, TYPES[kind][0])


def problem(kind: str, detail: str, status: HTTPStatus | None = None) -> Response:
    """`kind` is one of TYPES, whose status it has unless another is given."""
    return _answer(_fields(kind, detail, None, status or TYPES[kind][0]))


def _fields(kind: str, detail: str, field: str | None, status: HTTPStatus) -> dict[str, Any]:
    found = {
        "type": f"/problems/{kind}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
    }
    return found if field is None else found | {"field": field}


def _answer(fields: Mapping[str, Any]) -> Response:
    if _for_people():
        page: Response = current_app.extensions["refusal_page"](fields)
        return page
    answer = jsonify(fields)
    answer.status_code = fields["status"]
    answer.content_type = PROBLEM
    return answer


def shows(view: Callable[..., Any], *, page: bool) -> None:
    """Say of a view whether it answers with a page, so that its refusals are pages too."""
    view.is_page = page  # type: ignore[attr-defined]


def _for_people() -> bool:
    """What is refused is a page; or, of no view that says so, it isn't the API's and a browser
    asks, which names HTML before all else."""
    if not has_request_context():  # what the server refuses itself is no request yet
        return False
    view = current_app.view_functions.get(request.endpoint or "")
    is_page: bool | None = getattr(view, "is_page", None)
    if is_page is not None:
        return is_page
    if request.path.startswith(("/v1/", "/openapi")) or request.path.endswith(".json"):
        return False
    wanted = request.accept_mimetypes.best_match((PROBLEM, "application/json", "text/html"))
    return wanted == "text/html" and "refusal_page" in current_app.extensions


def _challenge(error: Unauthorized | Forbidden) -> str:
    """RFC 6750: what was wrong with the key, where one was sent."""
    if isinstance(error, Forbidden):
        return f'Bearer realm="concord", error="insufficient_scope", scope="{error.scope}"'
    return 'Bearer realm="concord"' + (', error="invalid_token"' if error.sent else "")
