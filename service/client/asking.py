"""What is asked, in Python's terms, and as it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypedDict
from urllib.parse import quote

from service.client.answers import Raw

_LISTS = ("exclude", "states", "blocs", "topics", "kind", "stance", "fields")

Row = dict[str, Any]
Day = str | int | date


class Filters(TypedDict, total=False):
    """States and blocs by code or usual name; a date is a year, `2001-09`, or a day, included.
    What is None isn't sent."""

    exclude: Sequence[str]
    states: Sequence[str]
    blocs: Sequence[str]
    from_: Day | None
    to: Day | None


class FacetFilters(Filters, total=False):
    topics: Sequence[str]
    forum: str
    kind: Sequence[str]
    stance: Sequence[str]


class SearchFilters(FacetFilters, total=False):
    """As the contract has them: `/v1/search` of the service's `/docs` says what each does."""

    mode: str
    sort: str
    group_by: str
    limit: int
    per_state: int
    fold: bool
    cursor: str
    fields: Sequence[str]


class MatrixFilters(Filters, total=False):
    topics: Sequence[str]
    forum: str
    kind: Sequence[str]
    least: int
    intervals: bool


def as_parameters(asked: Raw) -> Row:
    return {name: _plain(value) for name, value in _named(asked)}


def as_body(asked: Raw) -> Row:
    """JSON has a list where there may be several, also of one."""
    return {
        name: [value] if name in _LISTS and isinstance(value, str) else _plain(value)
        for name, value in _named(asked)
    }


def _named(asked: Raw) -> Iterator[tuple[str, Any]]:
    """`from_` is `from`, which Python keeps for itself."""
    for name, value in asked.items():
        if value is not None:
            yield name.removesuffix("_"), value


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return list(value)
    return value


def quoted(part: str) -> str:
    return quote(part, safe="")


def once(idempotency_key: str | None) -> str:
    """The name of a request that is to be done once."""
    return idempotency_key if idempotency_key is not None else uuid.uuid4().hex
