"""A statement from named values: what a table's row and an API's object have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from service.corpus.text import LONGEST, decode, visible
from service.domain.dates import PartialDate
from service.domain.statements import Statement
from service.domain.states import States
from service.errors import InvalidInput

REQUIRED = ("state", "date", "text")
OPTIONAL = ("id", "speaker", "office", "forum", "symbol", "source", "on_behalf_of")

Row = Mapping[str, Any]


def statement_of(
    row: Row, *, states: States, source: str, hints: bool = True
) -> tuple[Statement, tuple[str, ...]]:
    """The statement, still without claims, and in words what was mended in its text.

    Without an `id` it is made of state, date and a hash of the text, so that the same statement
    always has the same one; `source` stands where the row has none. Raises InvalidInput naming the
    column; with `hints`, of an unknown state it says which ones are spelt nearly so.
    """
    values: dict[str, str] = {}
    for name in REQUIRED + OPTIONAL:
        value = row.get(name)
        if isinstance(value, list | dict):
            raise InvalidInput(name, f"column {name!r} holds a list or an object")
        text = "" if value is None else str(value)
        if len(text) > LONGEST:
            raise InvalidInput(
                name, f"column {name!r} has {len(text):,} characters; at most {LONGEST:,} are read"
            )
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise InvalidInput(name, f"not UTF-8 in column {name!r}")
        values[name] = text if name == "text" else " ".join(visible(text).split())
    if not values["text"].strip():
        raise InvalidInput("text", "the text is empty")
    state = states.resolve(values["state"]) if values["state"] else None
    if state is None:
        raise InvalidInput("state", _unknown_state(values["state"], states if hints else None))
    try:
        # Parquet and databases write midnight after a date.
        day = PartialDate(values["date"].removesuffix(" 00:00:00"))
    except ValueError as error:
        raise InvalidInput("date", f"bad date: {error}") from None
    decoded = decode(values["text"].encode("utf-8"))
    own = hashlib.sha256(decoded.text.encode("utf-8")).hexdigest()[:10]
    made = Statement(
        id=values["id"] or f"{state.code}_{day}_{own}",
        state=state.code,
        date=day,
        text=decoded.text,
        source=values["source"] or source,
        speaker=values["speaker"] or None,
        office=values["office"] or None,
        forum=values["forum"] or None,
        symbol=values["symbol"] or None,
        on_behalf_of=tuple(
            filter(None, (part.strip() for part in values["on_behalf_of"].split(";")))
        ),
    )
    return made, decoded.mended


def _unknown_state(name: str, states: States | None) -> str:
    if not name:
        return "the state is empty"
    alike = states.suggest(name) if states else ()
    near = ", ".join(f"{state.code} ({state.name})" for state in alike)
    return f"unknown state {name!r}" + (f"; did you mean {near}?" if near else "")
