"""Lines over the years: counts or shares, of one or a few series, each with its name at its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from service.figures.axes import SIZE, Plot, round_ticks
from service.figures.drawing import drawing, length, number, text, wrapped

KIND = "lines"
# As many as can be told apart by colour and dashes.
MOST_SERIES = 4
_WIDTH, _HEIGHT = 440, 220
_MOST_NAME_WIDTH = 130
_LINE = 14
_BAR = 3.0  # to either side of a year
# Years with a dot each; beyond it only those that no line touches have one.
_MOST_DOTTED = 40


@dataclass(frozen=True, slots=True)
class Series:
    """`values` by year; a year that isn't there, or is None, has no data, and is a gap.
    `intervals` are the lower and upper ends about values, of years that have any."""

    name: str
    values: Mapping[int, float | None]
    intervals: Mapping[int, tuple[float, float]] = field(default_factory=dict)

    def runs(self) -> list[list[tuple[int, float]]]:
        """Years without a gap between them, each with its value."""
        found: list[list[tuple[int, float]]] = []
        for year, value in sorted(self.values.items()):
            if value is None:
                continue
            if found and found[-1][-1][0] == year - 1:
                found[-1].append((year, value))
            else:
                found.append([(year, value)])
        return found


def lines(
    series: Sequence[Series],
    *,
    title: str,
    desc: str,
    write: Callable[[float], str] = "{:,.10g}".format,
    signed: bool = False,
    standalone: bool = False,
) -> str:
    """An SVG with values from zero up; where they are `signed`, also down. Where all are whole, so
    are the ticks. `write` puts a value in the reader's notation, a share as a percentage. A name
    may be empty where there is but one series. ValueError: more than MOST_SERIES, or a value below
    zero that isn't expected."""
    if len(series) > MOST_SERIES:
        raise ValueError(f"{len(series)} series, of at most {MOST_SERIES}")
    runs = [one.runs() for one in series]
    values = [value for found in runs for run in found for _, value in run]
    values += [end for one in series for ends in one.intervals.values() for end in ends]
    if not signed and any(value < 0 for value in values):
        raise ValueError("a value below zero")
    ticks = round_ticks(
        max(0.0, *values) if values else 0.0,
        whole=all(float(value).is_integer() for value in values),
        low=min(0.0, *values) if values else 0.0,
    )
    names = [wrapped(one.name, _MOST_NAME_WIDTH, SIZE, 3) for one in series]
    left = max(length(write(tick), SIZE) for tick in ticks) + 10
    right = max((length(line, SIZE) + 12 for name in names for line in name), default=12.0)
    years = [year for one in series for year in one.values] or [0]
    plot = Plot(
        left=left,
        top=8,
        width=_WIDTH - left - right,
        height=_HEIGHT - 36,
        first=min(years),
        last=max(years),
        low=ticks[0],
        high=ticks[-1],
    )
    drawn = [plot.grid(ticks, write), plot.years() if values else ""]
    for n, (one, found) in enumerate(zip(series, runs, strict=True), start=1):
        drawn += [_band(plot, run, one.intervals, n) for run in found]
    dotted = plot.last - plot.first < _MOST_DOTTED
    for n, found in enumerate(runs, start=1):
        drawn += [_run(plot, run, n, dotted, write) for run in found]
    drawn.append(_names(plot, names, runs))
    return drawing(
        "".join(drawn),
        width=_WIDTH,
        height=_HEIGHT,
        title=title,
        desc=desc,
        kind=KIND,
        listed=False,
        standalone=standalone,
    )


def _band(
    plot: Plot,
    run: Sequence[tuple[int, float]],
    intervals: Mapping[int, tuple[float, float]],
    n: int,
) -> str:
    """From the lower to the upper ends, of years that follow each other; a bar about a lone one."""
    if any(year not in intervals for year, _ in run):
        return ""
    if len(run) == 1:
        x, (low, high) = plot.x(run[0][0]), intervals[run[0][0]]
        across = [(x - _BAR, low), (x - _BAR, high), (x + _BAR, high), (x + _BAR, low)]
    else:
        across = [(plot.x(year), intervals[year][0]) for year, _ in run]
        across += [(plot.x(year), intervals[year][1]) for year, _ in reversed(run)]
    at = [f"{number(x)} {number(plot.y(value))}" for x, value in across]
    return f'<path class="band-{n}" d="M{"L".join(at)}z"/>'


def _run(
    plot: Plot,
    run: Sequence[tuple[int, float]],
    n: int,
    dotted: bool,
    write: Callable[[float], str],
) -> str:
    at = [f"{number(plot.x(year))} {number(plot.y(value))}" for year, value in run]
    path = f'<path class="line-{n}" d="M{"L".join(at)}"/>' if len(run) > 1 else ""
    dots = (
        f'<circle class="dot-{n}" cx="{number(plot.x(year))}" cy="{number(plot.y(value))}" '
        f'r="2.5"><title>{year}: {text(write(value))}</title></circle>'
        for year, value in run
        if dotted or len(run) == 1
    )
    return path + "".join(dots)


def _names(
    plot: Plot,
    names: Sequence[Sequence[str]],
    runs: Sequence[Sequence[Sequence[tuple[int, float]]]],
) -> str:
    """Each at the height of its series' last point, moved where it would lie on another."""
    wanted = sorted(
        (plot.y(found[-1][-1][1]) - _LINE * len(name) / 2, n)
        for n, (name, found) in enumerate(zip(names, runs, strict=True), start=1)
        if name and found
    )
    heights = [_LINE * len(names[n - 1]) for _, n in wanted]
    placed = _apart([y for y, _ in wanted], heights, plot.top - _LINE / 2, plot.top + plot.height)
    x = plot.left + plot.width + 10
    pieces = []
    for y, height, (_, n) in zip(placed, heights, wanted, strict=True):
        last = runs[n - 1][-1][-1]
        pieces.append(
            f'<path class="grid" d="M{number(plot.x(last[0]) + 3)} {number(plot.y(last[1]))}'
            f'L{number(x - 3)} {number(y + height / 2)}"/>'
        )
        pieces += [
            f'<text x="{number(x)}" y="{number(y + 11 + i * _LINE)}">{text(line)}</text>'
            for i, line in enumerate(names[n - 1])
        ]
    return "".join(pieces)


def _apart(
    wanted: Sequence[float], heights: Sequence[float], top: float, bottom: float
) -> list[float]:
    """Upper edges of labels, from above to below: none lies on the next, and all between the two
    edges if they fit."""
    placed: list[float] = []
    edge = top
    for y, height in zip(wanted, heights, strict=True):
        placed.append(max(y, edge))
        edge = placed[-1] + height
    edge = bottom
    for n in range(len(placed) - 1, -1, -1):
        placed[n] = min(placed[n], edge - heights[n])
        edge = placed[n]
    return placed
