"""`/statements/<id>`: a statement in full, who else says what it says, and what is new in it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from flask import request

from service.analysis.changes import Change
from service.analysis.succession import neighbours
from service.domain.statements import Kind, Statement
from service.errors import IndexUnusable, InvalidInput, NotFound
from service.web.asked import comparator
from service.web.pages.frame import Pages
from service.web.pages.paging import asked_page
from service.web.pages.statement_text import (
    Paragraph,
    Piece,
    differing,
    paragraphs,
    part_with,
    parts,
)
from service.web.records import claim_facts, statement_facts

statement = Pages("statement_page")

# Bytes of what is new, about as they are sent.
MOST_SENT = 40_000
# What a position's figures and links take, beside its words.
_BESIDE = 200
# A longer claim is asked by its beginning: an address has a limit.
_LONGEST_ASKED = 1_500
# Earlier statements that are offered for comparison, the latest ones.
_CHOICES = 80
# In this order they are shown, and where there are too many, left out from the end.
_SHOWN = (Change.CHANGED, Change.NEW, Change.DROPPED, Change.KEPT)


@statement.page("/statements/<path:statement_id>", "statement.html")
def whole(statement_id: str) -> dict[str, Any]:
    """`page` is a part of a long text, from 1; `claim` picks the one that holds a claim; `against`
    is the statement with which this one is compared."""
    found, searched = _found(statement_id)
    text = parts(paragraphs(found))
    claim_id = request.args.get("claim", "")
    page, known = _page(text, claim_id)
    shown: dict[str, Any] = {
        "statement": statement_facts(found),
        "searched": searched,
        "page": page + 1,
        "pages": len(text),
        "claim": claim_id if known else None,
        "claim_missing": bool(claim_id) and not known,
        "previous": None,
        "next": None,
        "earlier": [],
        "changes": None,
    }
    became: dict[str, str] = {}
    if searched:
        around = neighbours(comparator().generation, found)
        changes, became = _changes(found.id, request.args.get("against") or None)
        shown |= {
            "previous": _named(around.previous),
            "next": _named(around.next),
            "earlier": [_named(other) for other in reversed(around.before[-_CHOICES:])],
            "changes": changes if page == 0 else None,
        }
    return shown | {"paragraphs": [_shown(paragraph, became) for paragraph in text[page]]}


def _found(statement_id: str) -> tuple[Statement, bool]:
    """As it is searched, or else as it is stored; whether it is searched."""
    try:
        return comparator().statement(statement_id), True
    except (NotFound, IndexUnusable) as error:
        try:
            return comparator().ingest.stored(statement_id), False
        except NotFound:
            raise error from None


def _page(text: Sequence[Sequence[Paragraph]], claim_id: str) -> tuple[int, bool]:
    """Its number, from 0, and whether the claim that was asked for is on it."""
    holds = part_with(text, claim_id) if claim_id else None
    if holds is not None:
        return holds, True
    return asked_page(len(text)) - 1, False


def _changes(statement_id: str, against: str | None) -> tuple[dict[str, Any], dict[str, str]]:
    """What is new, for people, and what became of each claim by its id."""
    try:
        found = comparator().changes(statement_id, against)
    except InvalidInput as error:
        return {"refused": {"field": error.field, "reason": error.reason}}, {}
    except NotFound as error:
        return {"refused": {"field": "against", "reason": str(error)}}, {}
    plain = found.to_dict()
    rows = plain.pop("changes")
    # Of what is known by some positions only, none can be called new where it stands.
    labelled = rows if found.whole else []
    became = {row["claim_id"]: str(row["change"]) for row in labelled if row["claim_id"]}
    left = MOST_SENT
    groups: dict[str, Any] = {}
    for change in _SHOWN:
        own = [row for row in rows if row["change"] is change]
        fitting = []
        for row in own:
            left -= _sent(row)
            if left < 0:
                break
            fitting.append(_side_by_side(row) if change is Change.CHANGED else row)
        groups[str(change)] = {"positions": fitting, "left_out": len(own) - len(fitting)}
    return plain | {"refused": None, "groups": groups}, became


def _side_by_side(row: Mapping[str, Any]) -> dict[str, Any]:
    """With both texts in runs of words, and whether the other one lacks them."""
    before, now = differing(row["counterpart"], row["text"])
    return {**row, "before": _runs(before), "now": _runs(now)}


def _runs(runs: Sequence[tuple[str, bool]]) -> list[dict[str, Any]]:
    return [{"text": text, "differs": differs} for text, differs in runs]


def _sent(row: Mapping[str, Any]) -> int:
    texts = [row[name] or "" for name in ("text", "counterpart", "nearest")]
    return sum(len(zlib.compress(text.encode("utf-8", "replace"), 1)) for text in texts) + _BESIDE


def _named(other: Statement | None) -> dict[str, Any] | None:
    if other is None:
        return None
    return {
        "statement_id": other.id,
        "date": str(other.date),
        "forum": other.forum,
        "rendered": other.rendered,
    }


def _shown(paragraph: Paragraph, became: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_piece(piece, became) for piece in paragraph]


def _piece(piece: Piece, became: Mapping[str, str]) -> dict[str, Any]:
    """`text` is the source's; `claim` is None for what no claim holds. `asked` is the text with
    which others are found who say this, None where it is no position."""
    if piece.claim is None:
        return {"text": piece.text, "claim": None, "change": None, "asked": None}
    facts = claim_facts(piece.claim)
    said = facts.pop("text")
    is_position = piece.claim.kind is Kind.POSITION
    return {
        "text": piece.text,
        "claim": {**facts, "topics": list(facts["topics"])},
        "change": became.get(piece.claim.id),
        "asked": _asked(said) if is_position else None,
    }


def _asked(text: str) -> str:
    if len(text) <= _LONGEST_ASKED:
        return text
    beginning = text[:_LONGEST_ASKED]
    return beginning.rpartition(" ")[0] or beginning
