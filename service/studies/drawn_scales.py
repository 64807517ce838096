"""Scales, each as a figure of its own: the units in its order, with their intervals."""

from __future__ import annotations

from service.analysis.scaled import Scale, ScaledUnit, ScaleName
from service.figures.dots import Dot, dots

_TITLES = {
    ScaleName.STANCE: "By stance",
    ScaleName.SIMILARITY: "By similarity of wording",
    ScaleName.WORDSCORES: "By Wordscores",
    ScaleName.WORDFISH: "By Wordfish",
}


def scale_dots(found: Scale) -> dict[str, str]:
    """By the scale's name, of those that place anybody; the highest unit stands first."""
    drawn = {}
    for scale, title in _TITLES.items():
        placed = [(unit.scores[scale], unit) for unit in found.units if scale in unit.scores]
        placed.sort(key=lambda pair: (-pair[0].score, pair[1].unit))
        if placed:
            drawn[str(scale)] = dots(
                [Dot(_name(unit), at.score, at.low, at.high) for at, unit in placed],
                title=f"{title}: {found.query['topic'] or found.query['issue']}",
                desc="A dot with its 95% interval for each, the highest first.",
                write="{:.2f}".format,
                standalone=True,
            )
    return drawn


def _name(unit: ScaledUnit) -> str:
    return unit.name if unit.date is None else f"{unit.name}, {unit.date}"
