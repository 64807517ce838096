"""Long lists in pages, by `page` in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import request

from service.errors import InvalidInput


def paged(name: str, items: Sequence[Any], size: int) -> dict[str, Any]:
    """One page of `items` as `name`, with `page` (from 1), `pages`, and how many are on `a_page`.
    Raises InvalidInput."""
    pages = max(1, -(-len(items) // size))
    given = request.args.get("page", "1")
    if not (given.isascii() and given.isdigit() and 1 <= int(given[:6]) <= pages):
        raise InvalidInput("page", f"{given!r} isn't a page of {pages}")
    page = int(given)
    own = list(items[(page - 1) * size : page * size])
    return {name: own, "page": page, "pages": pages, "a_page": size}
