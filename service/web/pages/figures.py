"""An answer's figures, for its page and for taking away, in the reader's language.

`shown` is the page's content: an answer with its overview. `standalone` is a figure in a file of
its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from service.figures.bars import Bar, bars
from service.figures.lines import Series, lines
from service.figures.tile_map import tile_map
from service.figures.tiles import Tiles, load_tiles
from service.web.asked import comparator
from service.web.pages.language import gettext, number_in_words

Name = Callable[[str], str]


def stance_map(
    shown: Mapping[str, Any],
    name: Name,
    ours: str | None,
    *,
    standalone: bool = False,
) -> Markup:
    """Each state on its square; those that the answer shows lead to their rows."""
    rows, far = shown["results"], set(shown["overview"]["far"])
    here = {row["state"] for row in rows}
    leads = None if standalone else lambda code: f"#state-{code}" if code in here else None
    return _markup(
        tile_map(
            _tiles(comparator().settings.data),
            {row["state"]: None if row["state"] in far else row["stance"] for row in rows},
            title=gettext("States by stance"),
            desc=gettext("A map of the world, one square a state."),
            labels=_labels() | {"ours": gettext("we")},
            name=name,
            link=leads,
            ours=ours,
            standalone=standalone,
        )
    )


def bloc_bars(shown: Mapping[str, Any], name: Name, *, standalone: bool = False) -> Markup:
    """Of each bloc, its members by stance."""
    rows = [
        Bar(
            name(bloc["id"]),
            bloc["counts"] | {"none": bloc["members"] - sum(bloc["counts"].values())},
            link=None if standalone else f"/blocs/{bloc['id']}",
        )
        for bloc in shown["overview"]["blocs"]
    ]
    return _markup(
        bars(
            rows,
            title=gettext("Blocs by stance"),
            desc=gettext("Of each bloc, how many members have each stance."),
            labels=_labels(),
            write=number_in_words,
            standalone=standalone,
        )
    )


def year_line(shown: Mapping[str, Any], *, standalone: bool = False) -> Markup:
    """How many positions on the point there are of each year."""
    years = shown["overview"]["years"]
    span = range(years[0]["year"], years[-1]["year"] + 1) if years else range(0)
    values = dict.fromkeys(span, 0.0) | {year["year"]: float(year["positions"]) for year in years}
    return _markup(
        lines(
            [Series("", values)],
            title=gettext("Positions on the point, by year"),
            desc=gettext("A line over the years."),
            write=number_in_words,
            standalone=standalone,
        )
    )


@cache
def _tiles(data: Path) -> Tiles:
    return load_tiles(data, comparator().catalogue.states)


def _labels() -> dict[str, str]:
    return {
        "aligned": gettext("aligned"),
        "partial": gettext("with reservations"),
        "opposed": gettext("opposed"),
        "unclear": gettext("unclear"),
        "none": gettext("nothing near"),
    }


def _markup(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 (the figures escape what they are given)
