"""The same answer as JSON, CSV or JSON Lines, whole or thinned to some fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar

from flask import Response, current_app, jsonify, request
from pydantic import BaseModel
from werkzeug.exceptions import NotAcceptable

from service.errors import InvalidInput
from service.takeaway.table import as_csv

JSON, CSV, LINES = "application/json", "text/csv", "application/x-ndjson"
_FORMATS = {"json": JSON, "csv": CSV, "ndjson": LINES}
Row = dict[str, Any]


class Rows:
    """How an answer reads as a table: `of` gives its rows, `where` the lists of rows in it that
    `fields=` thins."""

    MEDIA: ClassVar[tuple[str, ...]] = (CSV, LINES)

    def __init__(
        self,
        of: Callable[[Mapping[str, Any]], Iterable[Row]],
        where: Callable[[Mapping[str, Any]], Iterable[list[Row]]],
    ) -> None:
        self.of = of
        self.where = where

    @classmethod
    def under(cls, name: str) -> Rows:
        """Of an answer whose rows are the list `name`."""
        return cls(lambda answer: answer[name], lambda answer: [answer[name]])


def represented(
    made: Any, rows: Rows | None, status: int, asked: BaseModel | None = None
) -> Response:
    """What an endpoint returned, in the representation that was asked for."""
    if isinstance(made, Response):
        return made
    if isinstance(made, tuple):
        made, status = made
    kind = wanted(asked, rows is not None)
    fields: Sequence[str] = getattr(asked, "fields", None) or ()
    if kind == JSON:
        if rows is not None:
            thin(made, rows, fields)
        answer = jsonify(made)
    else:
        assert rows is not None
        table = [_thinned(row, fields) if fields else row for row in rows.of(made)]
        text = _as_csv(table, fields) if kind == CSV else _as_lines(table)
        answer = Response(text, mimetype=kind)
        for name, header in (("next", "X-Next-Cursor"), ("generation", "X-Generation")):
            if made.get(name):
                answer.headers[header] = str(made[name])
    answer.status_code = int(status)
    answer.vary.add("Accept")
    return answer


def wanted(asked: BaseModel | None, tabular: bool) -> str:
    """By the parameter `format`, else by the Accept header."""
    if asked is not None and "format" in asked.model_fields_set:
        return _FORMATS[str(asked.format)]  # type: ignore[attr-defined]
    offered = (JSON, *Rows.MEDIA) if tabular else (JSON,)
    if not request.accept_mimetypes:
        return JSON
    best = request.accept_mimetypes.best_match(offered)
    if best is None:
        raise NotAcceptable(f"this is to be had as {', '.join(offered)}")
    return best


def thin(made: Mapping[str, Any], rows: Rows, fields: Sequence[str]) -> None:
    """Leave only `fields` in the rows of an answer, in place."""
    for listed in rows.where(made) if fields else ():
        listed[:] = [_thinned(row, fields) for row in listed]


def _thinned(row: Row, fields: Sequence[str]) -> Row:
    return {name: row[name] for name in fields if name in row}


def checked_fields(fields: Sequence[str], known: Iterable[str]) -> None:
    """Raises InvalidInput where one isn't a field of the rows."""
    known = list(known)
    for name in fields:
        if name not in known:
            raise InvalidInput("fields", f"{name!r} is no field; there are {', '.join(known)}")


def _as_csv(table: Sequence[Row], fields: Sequence[str]) -> str:
    return as_csv(table, list(fields) or list(dict.fromkeys(name for row in table for name in row)))


def _as_lines(table: Sequence[Row]) -> str:
    dumps = current_app.json.dumps
    return "".join(f"{dumps(row)}\n" for row in table)
