"""Axes of figures over the years: round ticks, and where a value and a year lie."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.figures.drawing import length, number, text

SIZE = 12
_TICKS = 5  # at most so many above zero, or below it, whichever reaches farther
_NOTHING = 1e-9  # less has no axis of its own
_STEPS = (1, 2, 5, 10)
_YEAR_STEPS = (1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A rectangle with years from left to right, `first` to `last`, and values from `low` up to
    `high`."""

    left: float
    top: float
    width: float
    height: float
    first: int
    last: int
    low: float
    high: float
    beside: float = 0.0  # how far what is drawn for the first and last year reaches out

    @property
    def pitch(self) -> float:
        """From one year to the next."""
        return self.width / max(1, self.last - self.first)

    def x(self, year: int) -> float:
        if self.first == self.last:
            return self.left + self.width / 2
        return self.left + (year - self.first) * self.pitch

    def y(self, value: float) -> float:
        return self.top + (self.high - value) / (self.high - self.low) * self.height

    def grid(self, ticks: Sequence[float], write: Callable[[float], str]) -> str:
        """A line for each tick, with its value to the left of the plot."""
        pieces = []
        left, width = self.left - self.beside, self.width + 2 * self.beside
        for tick in ticks:
            kind = "grid" if tick else "axis"
            y = self.y(tick)
            pieces.append(
                f'<path class="{kind}" d="M{number(left)} {number(y)}h{number(width)}"/>'
                f'<text class="end quiet" x="{number(left - 6)}" y="{number(y + 4)}">'
                f"{text(write(tick))}</text>"
            )
        return "".join(pieces)

    def years(self) -> str:
        """The years under the plot, as many as can be read."""
        return "".join(
            f'<text class="middle quiet" x="{number(self.x(year))}" '
            f'y="{number(self.top + self.height + 18)}">{year}</text>'
            for year in self._shown_years()
        )

    def _shown_years(self) -> list[int]:
        room = length("2000", SIZE) + 10
        step = next((s for s in _YEAR_STEPS if s * self.pitch >= room), _YEAR_STEPS[-1])
        return [year for year in range(self.first, self.last + 1) if year % step == 0] or [
            self.first
        ]


def round_ticks(high: float, *, whole: bool, low: float = 0.0) -> list[float]:
    """From at or below `low` to at or above `high`, through zero, in a step of 1, 2 or 5 times a
    power of ten; `whole`: of no less than 1."""
    reach = max(high, -low)
    if reach < _NOTHING:
        return [0.0, 1.0]
    raw = reach / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in _STEPS if s * power >= raw * (1 - 1e-9))
    if whole:
        step = max(step, 1.0)
    below = math.ceil(-low / step - 1e-9)
    above = max(math.ceil(high / step - 1e-9), 0 if below else 1)
    return [n * step for n in range(-below, above + 1)]
