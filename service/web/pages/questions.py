"""From a page's address to the question that it asks: the same for the page and for what is taken
away from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from service.domain.questions import GroupBy, Question
from service.web.asked import comparator
from service.web.contract import arguments
from service.web.pages.visitor import WE

# Every state can be shown; of each its nearest position, unless more are asked for.
MOST_STATES, EACH = 250, 1
# Of one or a few states, which is how more is asked of a state.
EACH_OF_FEW, FEW = 10, 3
# What an address may hold beside the question's own fields.
_BESIDE = ("lang", WE, "figure")


def given() -> dict[str, Any]:
    """The question's fields as the address has them, but for those left empty; `we` is left out
    of the answer."""
    found = {name: value for name, value in arguments().items() if name not in _BESIDE and value}
    ours = arguments().get(WE)
    if ours:
        excluded = found.get("exclude", [])
        found["exclude"] = [ours, *([excluded] if isinstance(excluded, str) else excluded)]
    return found


def question(**changes: Any) -> Question:
    """By state, and as a whole even where it holds several claims. Raises InvalidInput."""
    fields: dict[str, Any] = {"group_by": GroupBy.STATE, "limit": MOST_STATES} | given() | changes
    found = comparator().question(fields.pop("text", ""), **fields)
    if "per_state" not in fields:
        few = 0 < len(found.states) <= FEW
        found = replace(found, per_state=EACH_OF_FEW if few else EACH)
    return replace(found, by_part=False)
