"""Small panels beside each other, each a cloud of marks: a share from below to above, and something
that spans powers of ten from left to right."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from service.figures import groups as marks
from service.figures.axes import SIZE
from service.figures.drawing import drawing, length, number, text, wrapped

KIND = "scatter"
_WIDTH, _COLUMNS = 900, 3
_HEIGHT = 150  # of a panel's plot
_LEFT, _ABOVE, _BELOW, _GAP = 40, 26, 40, 18
_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
_ROOM = 8  # about the outermost marks


@dataclass(frozen=True, slots=True)
class Point:
    """Of a group from 1 on; `x` is above zero, `share` from 0 to 1. `told` is said of it."""

    group: int
    x: float
    share: float
    told: str


def scatter(
    panels: Mapping[str, Sequence[Point]],
    names: Mapping[int, str],
    *,
    title: str,
    desc: str,
    across: str,
    write: Callable[[float], str] = "{:,g}".format,
    write_share: Callable[[float], str] = "{:g}".format,
    standalone: bool = False,
) -> str:
    """An SVG of the panels, by what stands above each, all on the same scales; `names` of the
    groups are for the legend, `across` for what is told from left to right. ValueError for an `x`
    that isn't above zero or a share beyond 0 and 1."""
    points = [point for found in panels.values() for point in found]
    for point in points:
        if not (point.x > 0 and math.isfinite(point.x) and 0 <= point.share <= 1):
            raise ValueError(f"no place for {point}")
    key, top = marks.legend(names, _WIDTH, SIZE)
    powers = _powers([point.x for point in points])
    wide = (_WIDTH - (_COLUMNS - 1) * _GAP) / _COLUMNS
    high = _ABOVE + _HEIGHT + _BELOW
    drawn = []
    for place, (name, found) in enumerate(panels.items()):
        left, above = place % _COLUMNS * (wide + _GAP), top + place // _COLUMNS * high
        plot = _Plot(left + _LEFT, above + _ABOVE, wide - _LEFT - 12, powers)
        heading = (wrapped(name, wide - _LEFT, SIZE, 1) or [""])[0]
        drawn.append(
            f'<g><text x="{number(plot.left)}" y="{number(above + 14)}">{text(heading)}</text>'
            f"{plot.grid(write, write_share)}{''.join(map(plot.mark, found))}"
            f'<text class="middle quiet" x="{number(plot.left + plot.width / 2)}" '
            f'y="{number(plot.top + _HEIGHT + 32)}">{text(across)}</text></g>'
        )
    rows = math.ceil(len(panels) / _COLUMNS)
    return drawing(
        key + "".join(drawn),
        width=_WIDTH,
        height=top + rows * high,
        title=title,
        desc=desc,
        kind=KIND,
        listed=False,
        standalone=standalone,
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    """A panel's rectangle; `powers` of ten from its left to its right edge."""

    left: float
    top: float
    width: float
    powers: range

    def x(self, value: float) -> float:
        low, high = self.powers[0], self.powers[-1]
        inner = self.width - 2 * _ROOM
        return self.left + _ROOM + (math.log10(value) - low) / (high - low) * inner

    def y(self, share: float) -> float:
        return self.top + _ROOM + (1 - share) * (_HEIGHT - 2 * _ROOM)

    def grid(self, write: Callable[[float], str], write_share: Callable[[float], str]) -> str:
        pieces = []
        for share in _SHARES:
            y = self.y(share)
            pieces.append(
                f'<path class="{"grid" if share else "axis"}" '
                f'd="M{number(self.left)} {number(y)}h{number(self.width)}"/>'
                f'<text class="end quiet" x="{number(self.left - 6)}" y="{number(y + 4)}">'
                f"{text(write_share(share))}</text>"
            )
        shown = self._shown(write)
        for power in self.powers:
            x = self.x(10.0**power)
            pieces.append(f'<path class="grid" d="M{number(x)} {number(self.top)}v{_HEIGHT}"/>')
            if power in shown:
                pieces.append(
                    f'<text class="middle quiet" x="{number(x)}" '
                    f'y="{number(self.top + _HEIGHT + 16)}">{text(write(10.0**power))}</text>'
                )
        return "".join(pieces)

    def _shown(self, write: Callable[[float], str]) -> range:
        """Powers whose words have room beside each other: all, or every so many."""
        widest = max(length(write(10.0**power), SIZE) for power in self.powers)
        pitch = self.x(10.0) - self.x(1.0)
        return self.powers[:: math.ceil((widest + 6) / pitch)]

    def mark(self, point: Point) -> str:
        shape = marks.mark(point.group, self.x(point.x), self.y(point.share))
        return f"<g><title>{text(point.told)}</title>{shape}</g>"


def _powers(values: Sequence[float]) -> range:
    """From that below the least of them to that above the greatest."""
    low = math.floor(math.log10(min(values, default=1.0)))
    high = math.ceil(math.log10(max(values, default=10.0)))
    return range(low, max(high, low + 1) + 1)
