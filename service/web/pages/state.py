"""`/states`, `/states/<code>`: who speaks here, and what is to be known of one of them."""

from __future__ import annotations

import math
from typing import Any

from service.analysis.profile import PROFILE_FILTERS
from service.analysis.subject import refuse_unknown
from service.domain.states import fold
from service.web.asked import comparator
from service.web.contract import arguments
from service.web.pages.frame import Pages
from service.web.pages.language import state_in_words
from service.web.pages.visitor import WE

state = Pages("state_page")

# Neighbours shown at either end, and topics before the others are folded away.
SHOWN, TOPICS_SHOWN = 10, 15
# What an address may hold beside a page's own fields.
_BESIDE = ("lang", WE)
# Ratios are drawn from an eighth to eight times.
_WIDEST_RATIO = 8.0


@state.page("/states", "states.html")
def states() -> dict[str, Any]:
    """Those that speak by their names in the reader's language, each with how much; and those that
    don't."""
    known = comparator().catalogue.states
    counted = {speaker.state: speaker for speaker in comparator().speakers()}
    rows = []
    for one in known:
        name, speaker = state_in_words(one), counted.get(one.code)
        rows.append(
            {
                "state": one.code,
                "name": name,
                "letter": (fold(name) or one.code)[:1].upper(),
                "status": one.status,
                "statements": speaker.statements if speaker else 0,
                "positions": speaker.positions if speaker else 0,
                "first": speaker.first if speaker else None,
                "last": speaker.last if speaker else None,
            }
        )
    return {"states": sorted(rows, key=lambda row: fold(str(row["name"])))}


@state.page("/states/<code>", "state.html")
def profile(code: str) -> dict[str, Any]:
    return comparator().profile(code, **fields(*PROFILE_FILTERS)).to_dict()


def fields(*known: str) -> dict[str, Any]:
    """What the address asks for. Raises InvalidInput for a name that isn't among the `known`."""
    found = {name: value for name, value in arguments().items() if name not in _BESIDE}
    refuse_unknown(found, known)
    return found


@state.app_template_filter("on_ratio_scale")
def on_ratio_scale(ratio: float) -> float:
    """From 0 for an eighth and less, over 50 for 1, to 100 for eight times and more."""
    if ratio <= 1 / _WIDEST_RATIO:
        return 0.0
    return round(min(100.0, 50 + 50 * math.log(ratio) / math.log(_WIDEST_RATIO)), 2)


@state.app_context_processor
def shown_at_once() -> dict[str, int]:
    return {"neighbours_shown": SHOWN, "topics_shown": TOPICS_SHOWN}
