"""Whether a yearly figure rises or falls: a slope that no single year decides, with its interval.

Theil's slope is the median of the slopes between any two years (Theil 1950, Sen 1968, whose
interval it has); whether there is a trend at all is Mann's test (Mann 1945), Kendall's tau of
figure and year.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from service.analysis.tabular import Column, Type

# Of fewer years no order is rare enough to mean anything: of four, tau's least p is 0.08.
LEAST_YEARS = 5
_COVERED = 0.95

SLOPE_COLUMNS = (
    Column("figure", Type.STRING, "Which yearly figure it is the slope of."),
    Column("years", Type.INTEGER, "Years that have the figure."),
    Column("slope", Type.NUMBER, "Change a year by Theil and Sen; empty for fewer than 5 years."),
    Column("low", Type.NUMBER, "Lower end of the slope's 95% interval, as if years were apart."),
    Column("high", Type.NUMBER, "Upper end of the slope's 95% interval."),
    Column("tau", Type.NUMBER, "Kendall's tau of figure and year, -1 to 1."),
    Column("p", Type.NUMBER, "Two-sided p of tau (Mann-Kendall), as if years were apart."),
)


@dataclass(frozen=True, slots=True)
class Slope:
    """Of a figure that `years` years have; the others are None for fewer than LEAST_YEARS, `tau`
    and `p` also where all years have the same.

    `slope` is a year's change. `low` and `high` are a 95% interval and `p` is two-sided, both as
    if years were independent: where each year resembles the one before, both say too much.
    """

    years: int
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    tau: float | None = None
    p: float | None = None


def slope(figures: Mapping[int, float | None]) -> Slope:
    """By year; what is None doesn't count."""
    from scipy.stats import kendalltau, theilslopes

    known = [(year, figure) for year, figure in sorted(figures.items()) if figure is not None]
    if len(known) < LEAST_YEARS:
        return Slope(len(known))
    years, values = zip(*known, strict=True)
    found = theilslopes(values, years, alpha=_COVERED)
    tau, p = kendalltau(years, values)
    return Slope(
        len(known),
        _finite(found.slope),
        _finite(found.low_slope),
        _finite(found.high_slope),
        _finite(tau),
        _finite(p),
    )


def slope_rows(slopes: Mapping[str, Slope]) -> list[dict[str, Any]]:
    """With the names of SLOPE_COLUMNS."""
    return [{"figure": figure, **asdict(found)} for figure, found in slopes.items()]


def _finite(value: float) -> float | None:
    return round(float(value), 6) if math.isfinite(value) else None
