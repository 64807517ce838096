"""`/explain`: the quotation with the words that decide its verdict."""

from __future__ import annotations

from typing import Any

from service.errors import InvalidInput
from service.web.asked import comparator
from service.web.contract import arguments
from service.web.pages.frame import Pages
from service.web.records import claim_in_context

explaining = Pages("explaining_page")

_FIELDS = ("text", "claim_id")


@explaining.page("/explain", "explain.html")
def explain() -> dict[str, Any]:
    """Words are deleted and the model is asked again."""
    asked = {name: value for name, value in arguments().items() if name != "lang"}
    for name, value in asked.items():
        if name not in _FIELDS:
            raise InvalidInput(name, f"no such parameter; there are {', '.join(_FIELDS)}")
        if not isinstance(value, str):
            raise InvalidInput(name, "is given more than once")
    found = comparator().explain(asked.get("text", ""), asked.get("claim_id", ""))
    said = claim_in_context(found["claim_id"])
    return found | {"said": said, "pieces": _pieces(said["text"], found["words"])}


def _pieces(text: str, words: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The whole text in pieces, each with whether it decides."""
    pieces, last = [], 0
    for word in sorted(words, key=lambda word: int(word["start"])):
        pieces.append({"text": text[last : word["start"]], "decides": False})
        pieces.append({"text": word["text"], "decides": True})
        last = word["end"]
    return [*pieces, {"text": text[last:], "decides": False}]
