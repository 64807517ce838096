"""What a browser remembers for its reader: who they are, their language, their key."""

from __future__ import annotations

from flask import Response, request

from service.web.asked import comparator
from service.web.pages.language import COOKIE as LANGUAGE
from service.web.pages.language import LANGUAGES

WE = "we"
_YEAR_S = 365 * 86_400


def we() -> str | None:
    """The state that the reader speaks for: named in the address, or else remembered."""
    named = request.args.get(WE)
    code = request.cookies.get(WE) if named is None else named
    known = comparator().catalogue.states.resolve(code) if code else None
    return known.code if known else None


def remember(answer: Response) -> Response:
    """What the address names is kept for the next time; an empty `we` is forgotten."""
    named = request.args.get(WE)
    if named is not None:
        found = we()
        if found:
            put(answer, WE, found)
        else:
            answer.delete_cookie(WE)
    if request.args.get("lang") in LANGUAGES:
        put(answer, LANGUAGE, request.args["lang"])
    return answer


def put(answer: Response, name: str, value: str) -> None:
    """Out of reach of scripts and of other sites."""
    answer.set_cookie(
        name, value, max_age=_YEAR_S, httponly=True, samesite="Strict", secure=request.is_secure
    )
