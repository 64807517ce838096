"""The statements that an answer quotes, for a reference manager: CSL-JSON, BibTeX, RIS."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import rispy

from service.domain.answers import Answer, Hit
from service.domain.visible import visible
from service.takeaway.language import Language
from service.takeaway.markup import Node, document, meta_text
from service.takeaway.pandoc import written
from service.takeaway.table import hits_of

Item = dict[str, Any]

# What BibTeX, RIS and pandoc all take as a name.
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_ADDRESS = re.compile(r"https?://\S+")


def csl_items(answer: Answer, language: Language) -> list[Item]:
    """An item a statement, in CSL-JSON (https://docs.citationstyles.org), the first quoted first.

    Its author is the state, with the speaker where one is known; the date is as exact as the
    source's. The note says what was quoted, and where in the statement it stands.
    """
    quoted: dict[str, list[Hit]] = {}
    for hit in hits_of(answer):
        quoted.setdefault(hit.statement_id, []).append(hit)
    return [_item(hits, language) for hits in quoted.values()]


def bibtex(items: Iterable[Item], made: date) -> bytes:
    """UTF-8. BibTeX has no day: it is in the note."""
    entry = {"t": "MetaList", "c": [_meta_map(item) for item in items]}
    return written(document([], {"references": entry}), "bibtex", made)


def ris(items: Sequence[Item]) -> bytes:
    """UTF-8; https://en.wikipedia.org/wiki/RIS_(file_format). A government's documents."""
    text: str = rispy.dumps([_ris_entry(item) for item in items], implementation=_Unnumbered)
    return text.encode()


class _Unnumbered(rispy.RisWriter):  # type: ignore[misc]
    """Without a line before each entry that counts it, which the format doesn't have."""

    def set_header(self, count: int) -> str:
        return ""


def _item(hits: Sequence[Hit], language: Language) -> Item:
    hit = hits[0]
    state = language.state(hit.state)
    titled = [language.words("Statement"), hit.office, hit.forum]
    note = [
        language.day(hit.date),
        language.said("Source: {source}", source=hit.source),
        *(_place(quoted, language) for quoted in hits),
    ]
    item: Item = {
        "id": _key(hit.statement_id),
        "type": "speech",
        "author": [{"literal": f"{state} ({hit.speaker})" if hit.speaker else state}],
        "title": ", ".join(part for part in titled if part),
        "issued": {"date-parts": [[int(part) for part in hit.date.split("-")]]},
        "note": "; ".join(note),
    }
    if hit.date_inferred:
        item["issued"]["circa"] = True
    if hit.forum:
        item |= {"container-title": hit.forum, "event-title": hit.forum}
    if hit.symbol:
        item["number"] = hit.symbol
    if _ADDRESS.fullmatch(hit.source):
        item["URL"] = hit.source
    return {name: _shown(value) for name, value in item.items()}


def _place(hit: Hit, language: Language) -> str:
    where = {"start": hit.start, "end": hit.end, "statement": hit.statement_id}
    if hit.rendered:
        return language.said("In our words: characters {start} to {end} of {statement}", **where)
    return language.said("Quoted: characters {start} to {end} of {statement}", **where)


def _shown(value: Any) -> Any:
    """On one line, with nothing hidden: RIS ends a field with a line."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, Mapping):
        return {name: _shown(part) for name, part in value.items()}
    return [_shown(part) for part in value] if isinstance(value, list) else value


def _key(statement_id: str) -> str:
    """The statement's id; one that can't be a key is told from others by its hash."""
    if _KEY.fullmatch(statement_id):
        return statement_id
    digest = hashlib.sha256(statement_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9_.:-]+", "-", statement_id).strip("-.:_")
    return f"{readable or 'statement'}-{digest}"


def _meta_map(item: Item) -> Node:
    """An item as pandoc's metadata have it: its text is no markup, and keeps its capitals."""
    found: dict[str, Node] = {}
    for name, value in item.items():
        if name == "author":
            authors = [{"t": "MetaMap", "c": {"literal": meta_text(a["literal"])}} for a in value]
            found[name] = {"t": "MetaList", "c": authors}
        elif name == "issued":
            found[name] = {"t": "MetaString", "c": _iso(value)}
        elif name == "title":
            whole = {"t": "Span", "c": [["", ["nocase"], []], [{"t": "Str", "c": value}]]}
            found[name] = {"t": "MetaInlines", "c": [whole]}
        elif name in ("id", "type", "URL"):
            found[name] = {"t": "MetaString", "c": value}
        else:
            found[name] = meta_text(value)
    return {"t": "MetaMap", "c": found}


def _iso(issued: Mapping[str, Any]) -> str:
    """As EDTF: `2021-06`, and `2021-06~` where it was inferred."""
    (parts,) = issued["date-parts"]
    text = "-".join(f"{part:02d}" if place else f"{part:04d}" for place, part in enumerate(parts))
    return text + ("~" if issued.get("circa") else "")


def _ris_entry(item: Item) -> dict[str, Any]:
    (parts,) = item["issued"]["date-parts"]
    year, month, day = [f"{part:02d}" for part in (*parts, 0, 0)[:3]]
    entry = {
        "type_of_reference": "GOVDOC",
        "id": item["id"],
        "authors": [author["literal"] for author in item["author"]],
        "title": item["title"],
        "secondary_title": item.get("container-title"),
        "year": f"{parts[0]:04d}",
        "date": "/".join([year.zfill(4), *(p if p != "00" else "" for p in (month, day)), ""]),
        "number": item.get("number"),
        # A semicolon parts two addresses.
        "urls": [item["URL"].replace(";", "%3B")] if "URL" in item else None,
        "notes": [item["note"]],
    }
    return {name: value for name, value in entry.items() if value is not None}
