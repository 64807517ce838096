"""`/blocs`, `/blocs/<id>`: who belongs to a bloc, how united it is, and who breaks ranks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

from service.analysis.cohesion import COHESION_FILTERS, find_bloc
from service.domain.dates import PartialDate
from service.domain.states import fold
from service.errors import InvalidInput
from service.web.asked import comparator
from service.web.pages.frame import Pages
from service.web.pages.language import gettext, number_in_words, state_in_words
from service.web.pages.state import fields

bloc = Pages("bloc_page")

# Members that are listed unfolded, and rows of those who stood apart.
MOST_OPEN, MOST_RANKS = 40, 15


@bloc.page("/blocs", "blocs.html")
def blocs() -> dict[str, Any]:
    """By name, with the members of today."""
    catalogue = comparator().catalogue
    names = {one.id: fold(gettext(one.name)) for one in catalogue.blocs}
    found = catalogue.blocs_as_rows()
    return found | {"blocs": sorted(found["blocs"], key=lambda row: names[row["id"]])}


@bloc.page("/blocs/<bloc_id>", "bloc.html")
def unity(bloc_id: str) -> dict[str, Any]:
    """Its members of the day `on`, and its cohesion within a period."""
    found = find_bloc(comparator().catalogue, bloc_id)
    given = fields("on", "topic", *COHESION_FILTERS)
    on = _day(given.pop("on", ""))
    return comparator().cohesion(found.id, **given).to_dict() | {
        "on": on.isoformat(),
        "source": found.source,
        "note": found.note,
        "members_on": _by_name(found.members(on)),
        "all_topics": [topic.id for topic in comparator().catalogue.topics],
    }


def _by_name(codes: Iterable[str]) -> list[str]:
    states = comparator().catalogue.states
    names = {code: state_in_words(one) for code in codes if (one := states.get(code))}
    return sorted(names, key=lambda code: fold(names[code]))


def _day(value: Any) -> date:
    """The last one that is meant; without a value today."""
    if not value:
        return datetime.now(UTC).date()
    try:
        return PartialDate(str(value)).last
    except ValueError as error:
        raise InvalidInput("on", str(error)) from None


@bloc.app_context_processor
def shown_at_once() -> dict[str, int]:
    return {"most_open": MOST_OPEN, "most_ranks": MOST_RANKS}


@bloc.app_template_filter("signed")
def signed(figure: float) -> str:
    """With a sign, as a difference is written, and a minus that lines up with the plus."""
    shown = round(figure, 3)
    sign = "+" if shown > 0 else "\u2212" if shown < 0 else ""
    return sign + number_in_words(abs(shown), 3)


@bloc.app_template_filter("on_difference_scale")
def on_difference_scale(figure: float) -> float:
    """From 0 for -0.2 and less, over 50 for no difference, to 100 for 0.2 and more."""
    return round(min(100.0, max(0.0, 50 + 250 * figure)), 2)
