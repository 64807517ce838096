"""Figures of drift, convergence and cohesion over the years: lines, with intervals as bands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from service.analysis.cohesion_years import CohesionYears
from service.analysis.convergence import Convergence
from service.analysis.drift import Drift
from service.figures.lines import MOST_SERIES, Series, lines


def drift_lines(found: Drift) -> dict[str, str]:
    """Of no more groups than can be told apart: how far the words of each moved, and its stance."""
    groups = dict.fromkeys((row.group, row.name) for row in found.rows)
    if not groups or len(groups) > MOST_SERIES:
        return {}
    drawn = {}
    own = [(name, [row for row in found.rows if row.group == group]) for group, name in groups]
    if any(row.drift is not None for row in found.rows):
        drawn["wording"] = lines(
            [_series(name, rows, "drift", "low", "high") for name, rows in own],
            title="How far the wording moved",
            desc=f"By year, against the {found.query['before']} years before, beyond what two "
            "halves of the same positions differ by; bands are 95% intervals.",
            signed=True,
            standalone=True,
        )
    if any(row.score is not None for row in found.rows):
        drawn["stance"] = lines(
            [_series(name, rows, "score") for name, rows in own],
            title="Stance on the issue",
            desc="By year, from -1 (against) to 1 (for), as a machine judged the positions.",
            signed=True,
            standalone=True,
        )
    return drawn


def convergence_lines(found: Convergence) -> dict[str, str]:
    """Similarity beside that of all other pairs, and the issues on which both were on one side."""
    pair, drawn = f"{found.name_a} and {found.name_b}", {}
    if any(year.similarity is not None for year in found.years):
        drawn["similarity"] = lines(
            [
                _series(pair, found.years, "similarity", "low", "high"),
                _series("all other pairs", found.years, "others"),
            ],
            title="How alike their positions are",
            desc="Similarity of subject and wording by year, never agreement; the band is a 95% "
            "interval over positions.",
            signed=True,
            standalone=True,
        )
    if any(year.agreement is not None for year in found.years):
        drawn["agreement"] = lines(
            [_series(pair, found.years, "agreement")],
            title="On the same side of issues",
            desc="Share of the issues on which both had taken a side by the end of the year.",
            write="{:.0%}".format,
            standalone=True,
        )
    return drawn


def cohesion_lines(found: CohesionYears) -> dict[str, str]:
    """How much more alike members word things than members and outsiders, and their unity."""
    drawn = {}
    if any(year.difference is not None for year in found.years):
        drawn["wording"] = lines(
            [_series(found.name, found.years, "difference", "low", "high")],
            title="How much more alike members' positions are",
            desc="Similarity of two members less that of a member and an outsider, by year; the "
            "band is a 95% interval over states.",
            signed=True,
            standalone=True,
        )
    if any(year.unity is not None for year in found.years):
        drawn["unity"] = lines(
            [_series(found.name, found.years, "unity")],
            title="Members on the side of most",
            desc="Mean share of the largest side, over the issues on which 3 members had taken one "
            "by the end of the year.",
            write="{:.0%}".format,
            standalone=True,
        )
    return drawn


def _series(
    name: str, years: Iterable[Any], figure: str, low: str | None = None, high: str | None = None
) -> Series:
    """Of rows that have a `year`."""
    rows = list(years)
    intervals = {}
    if low is not None and high is not None:
        intervals = {
            row.year: (getattr(row, low), getattr(row, high))
            for row in rows
            if getattr(row, low) is not None
        }
    return Series(name, {row.year: getattr(row, figure) for row in rows}, intervals)
