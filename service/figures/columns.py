"""Columns over the years: how many states stood on each side of an issue."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from service.domain.standing import Side
from service.figures import marks
from service.figures.axes import SIZE, Plot, round_ticks
from service.figures.drawing import drawing, length, text

KIND = "columns"
# How each side is drawn: as the stance of one who holds it towards the proposition.
AS_STANCE: Mapping[Side, str] = {
    Side.FOR: "aligned",
    Side.RESERVATIONS: "partial",
    Side.AGAINST: "opposed",
}
_WIDTH, _PLOT = 440, 200
_WIDEST = 28


def columns(
    years: Mapping[int, Mapping[Side, int]],
    *,
    title: str,
    desc: str,
    labels: Mapping[Side, str],
    write: Callable[[float], str] = "{:,.10g}".format,
    standalone: bool = False,
) -> str:
    """An SVG: for each year up from the line those for the proposition, above them those with
    reservations, and down from it those against. The silent aren't drawn. `labels` are the words
    for these three sides. A year that isn't there has no data, and is a gap."""
    shown = {year: [counts.get(side, 0) for side in AS_STANCE] for year, counts in years.items()}
    ticks = round_ticks(
        max((held + reserved for held, reserved, _ in shown.values()), default=0),
        low=-max((against for *_, against in shown.values()), default=0),
        whole=True,
    )
    key, top = marks.legend([(AS_STANCE[s], labels[s]) for s in AS_STANCE], _WIDTH, SIZE)
    left = max(length(write(abs(tick)), SIZE) for tick in ticks) + 10
    first, last = min(shown, default=0), max(shown, default=0)
    # Half a year of room on each side, for the first and the last column.
    room = (_WIDTH - left) / (last - first + 1)
    plot = Plot(
        left=left + room / 2,
        top=top + 12,
        width=_WIDTH - left - room,
        height=_PLOT,
        first=first,
        last=last,
        low=ticks[0],
        high=ticks[-1],
        beside=room / 2,
    )
    width = min(room * 0.8, _WIDEST)
    drawn = [key, plot.grid(ticks, lambda tick: write(abs(tick))), plot.years() if shown else ""]
    for year, (held, reserved, against) in sorted(shown.items()):
        x = plot.x(year) - width / 2
        told = ", ".join(f"{labels[s]} {years[year].get(s, 0)}" for s in AS_STANCE)
        stretches = (
            ("aligned", held, held),
            ("partial", held + reserved, reserved),
            ("opposed", 0, against),
        )
        drawn.append(
            f"<g><title>{year}: {text(told)}</title>"
            + "".join(
                marks.block(
                    kind,
                    x,
                    plot.y(upper),
                    width,
                    plot.y(upper - count) - plot.y(upper),
                    upright=True,
                )
                for kind, upper, count in stretches
                if count
            )
            + "</g>"
        )
    return drawing(
        "".join(drawn),
        width=_WIDTH,
        height=top + 12 + _PLOT + 28,
        title=title,
        desc=desc,
        kind=KIND,
        listed=False,
        standalone=standalone,
    )
