"""`/topics`, `/topics/<id>`: what is spoken of, when and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from markupsafe import Markup

from service.analysis.profile import PROFILE_FILTERS
from service.domain.states import fold
from service.domain.topics import Topic
from service.errors import NotFound
from service.figures.lines import Series, lines
from service.web.asked import comparator
from service.web.pages.frame import Pages
from service.web.pages.issue import judges
from service.web.pages.language import gettext, percent_in_words
from service.web.pages.state import fields

topic = Pages("topic_page")

# States and blocs before the others are folded away.
SHOWN = 15


@topic.page("/topics", "topics.html")
def topics() -> dict[str, Any]:
    """In the order of the reader's alphabet, each with its positions and issues."""
    fields()
    asked, columns = comparator(), comparator().generation.columns
    counts = dict(zip(columns.topic_ids, np.sum(columns.topics, axis=0).tolist(), strict=True))
    rows = [
        {
            "topic": one.id,
            "name": gettext(one.name),
            "definition": one.definition,
            "claims": counts.get(one.id, 0),
            "issues": sum(one.id in issue.topics for issue in asked.issues),
        }
        for one in asked.catalogue.topics
    ]
    return {"topics": sorted(rows, key=lambda row: fold(str(row["name"])))}


@topic.page("/topics/<topic_id>", "topic.html")
def about(topic_id: str) -> dict[str, Any]:
    """Within a period, by `from` and `to`."""
    one = _found(topic_id)
    return comparator().topic(one.id, **fields(*PROFILE_FILTERS)).to_dict() | {"judges": judges()}


@topic.app_context_processor
def _for_the_page() -> dict[str, Any]:
    return {"share_line": _share_line, "shares_shown": SHOWN}


def _found(name: str) -> Topic:
    found = comparator().catalogue.topics.resolve(name)
    if found is None:
        raise NotFound(f"no such topic: {name}")
    return found


def _share_line(years: Sequence[Mapping[str, Any]]) -> Markup:
    """Percent of all positions, year by year."""
    shares = {row["year"]: row["share"] and 100 * row["share"] for row in years}
    return Markup(  # noqa: S704 (the figure escapes what it is given)
        lines(
            [Series("", shares)],
            title=gettext("Share of all positions, year by year"),
            desc=gettext("A line over the years, in percent."),
            write=lambda value: percent_in_words(value / 100, 1 if value % 1 else 0),
        )
    )
