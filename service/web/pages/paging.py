"""Long lists in pages, by `page` in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from service.errors import InvalidInput

_MOST_DIGITS = 9


def paged(name: str, items: Sequence[Any], size: int) -> dict[str, Any]:
    """One page of `items` as `name`, with `page` (from 1), `pages`, and how many are on `a_page`.
    Raises InvalidInput."""
    pages = max(1, -(-len(items) // size))
    page = asked_page(pages)
    own = list(items[(page - 1) * size : page * size])
    return {name: own, "page": page, "pages": pages, "a_page": size}


def asked_page(pages: int) -> int:
    """From 1. Raises InvalidInput where it is no number of one of so many pages."""
    given = request.args.get("page", "1")
    short = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
    if not (short and 1 <= int(given) <= pages):
        raise InvalidInput("page", f"{given[:40]!r} is no page: there are {pages}")
    return int(given)
