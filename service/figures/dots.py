"""Dots with their intervals, one line each: who stands where on a scale, as many as there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.figures.axes import SIZE, round_ticks
from service.figures.drawing import drawing, length, number, text, wrapped

KIND = "dots"
_WIDTH, _LINE = 700, 17
_MOST_NAME_WIDTH = 270
# Ticks stand above and below, and again after so many lines of a long figure.
_TICKS_AFTER = 40
_TICK_LINE = 20


@dataclass(frozen=True, slots=True)
class Dot:
    """`low` and `high` are the ends of its interval, on either side of `value`."""

    name: str
    value: float
    low: float
    high: float


def dots(
    rows: Sequence[Dot],
    *,
    title: str,
    desc: str,
    write: Callable[[float], str] = "{:,.10g}".format,
    standalone: bool = False,
) -> str:
    """An SVG of the rows in their order, from above to below, on one axis from left to right, on
    which zero is marked. `write` puts a value in the reader's notation."""
    names = [(wrapped(row.name, _MOST_NAME_WIDTH, SIZE, 1) or [""])[0] for row in rows]
    ticks = round_ticks(
        max((0.0, *(row.high for row in rows))),
        low=min((0.0, *(row.low for row in rows))),
        whole=False,
    )
    left = max((length(name, SIZE) for name in names), default=0.0) + 12
    right = max(length(write(tick), SIZE) for tick in (ticks[0], ticks[-1])) / 2 + 2
    low, high = ticks[0], ticks[-1]

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (_WIDTH - left - right)

    drawn, y = [], 0.0
    for start in range(0, max(len(rows), 1), _TICKS_AFTER):
        piece = rows[start : start + _TICKS_AFTER]
        drawn.append(_ticks(ticks, x, y, write))
        top = y + _TICK_LINE
        y = top + _LINE * len(piece)
        drawn.append(_grid(ticks, x, top, y))
        for n, (row, name) in enumerate(zip(piece, names[start:], strict=False)):
            drawn.append(_row(row, name, x, left, top + _LINE * (n + 0.5), write))
    if rows:
        drawn.append(_ticks(ticks, x, y, write))
        y += _TICK_LINE
    return drawing(
        "".join(drawn),
        width=_WIDTH,
        height=y,
        title=title,
        desc=desc,
        kind=KIND,
        listed=False,
        standalone=standalone,
    )


def _ticks(
    ticks: Sequence[float], x: Callable[[float], float], y: float, write: Callable[[float], str]
) -> str:
    return "".join(
        f'<text class="middle quiet" x="{number(x(tick))}" y="{number(y + 14)}">'
        f"{text(write(tick))}</text>"
        for tick in ticks
    )


def _grid(ticks: Sequence[float], x: Callable[[float], float], top: float, bottom: float) -> str:
    return "".join(
        f'<path class="{"grid" if tick else "axis"}" '
        f'd="M{number(x(tick))} {number(top)}V{number(bottom)}"/>'
        for tick in ticks
    )


def _row(
    row: Dot,
    name: str,
    x: Callable[[float], float],
    left: float,
    y: float,
    write: Callable[[float], str],
) -> str:
    told = f"{row.name}: {write(row.value)} ({write(row.low)} to {write(row.high)})"
    return (
        f"<g><title>{text(told)}</title>"
        f'<text class="end" x="{number(left - 8)}" y="{number(y + 4)}">{text(name)}</text>'
        f'<path class="axis" d="M{number(x(row.low))} {number(y)}H{number(x(row.high))}"/>'
        f'<circle class="dot-1" cx="{number(x(row.value))}" cy="{number(y)}" r="3"/></g>'
    )
