"""Cursors as opaque tokens: where the next page begins, and of which question it is."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import astuple, replace
from typing import Any

from service.domain.questions import Cursor, Question
from service.errors import InvalidInput


def write_cursor(question: Question, generation: str, skip: int) -> str:
    content = json.dumps([generation, skip, mark(question)])
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def read_cursor(token: Any) -> Cursor:
    """The inverse of `write_cursor`; whether it belongs to the question asked with it is seen by
    its `mark`."""
    try:
        content = base64.urlsafe_b64decode(f"{token}{'=' * (-len(token) % 4)}")
        generation, skip, found = json.loads(content)
        if not (
            isinstance(generation, str)
            and isinstance(found, str)
            and type(skip) is int
            and skip > 0
        ):
            raise ValueError("out of range")
    except (ValueError, TypeError) as error:
        raise InvalidInput("cursor", "isn't the `next` of an answer") from error
    return Cursor(generation, skip, found)


def mark(question: Question) -> str:
    """Of everything that decides which groups follow; the size of a page doesn't."""
    asked = astuple(replace(question, cursor=None, limit=1))
    return hashlib.sha256(json.dumps(asked, default=str).encode()).hexdigest()[:12]
