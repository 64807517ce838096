"""Figures of studies, as standalone SVGs by name."""

from __future__ import annotations

from service.analysis.statement_comparison import StatementComparison
from service.analysis.trends import Trend, Trends
from service.domain.standing import Side
from service.figures.lines import MOST_SERIES, Series, lines
from service.takeaway.comparison import figure, is_drawn


def trend_lines(found: Trends) -> dict[str, str]:
    """The share of positions on the subject by year, of no more groups than can be told apart; and
    the states on each side of an issue, where all are counted together."""
    groups = dict.fromkeys((row.group, row.name) for row in found.rows)
    drawn = {}
    if groups and len(groups) <= MOST_SERIES:
        shares = [
            Series(
                name or "", {row.year: _per_cent(row) for row in found.rows if row.group == group}
            )
            for group, name in groups
        ]
        drawn["shares"] = lines(
            shares,
            title="Share of positions that are on the subject",
            desc="By year, of all positions within the filters.",
            write="{:g}%".format,
            standalone=True,
        )
    if len(groups) == 1 and any(row.sides for row in found.rows):
        sides = [
            Series(str(side), {row.year: (row.sides or {}).get(side) for row in found.rows})
            for side in Side
        ]
        drawn["sides"] = lines(
            sides,
            title="States by side of the issue",
            desc="At the end of each year, by what they had said until then.",
            standalone=True,
        )
    return drawn


def comparison_sides(found: StatementComparison) -> dict[str, str]:
    """Both statements' positions side by side, where there aren't too many of them."""
    return {"sides": figure(found)} if is_drawn(found) else {}


def _per_cent(row: Trend) -> float | None:
    return None if row.share is None else 100 * row.share
