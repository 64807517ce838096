"""How far states or blocs moved from what they said in earlier years, in wording and, kept apart,
in stance."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from service.analysis.inquiry import Inquiry
from service.analysis.on_issue import SidesOf
from service.analysis.rarefied import LEAST_TO_HALVE, apart
from service.analysis.tabular import Column, Table, Tabular, Type
from service.analysis.trends import By
from service.analysis.yearly import Floats, Group, Rows, groups
from service.domain.stages import proceed
from service.errors import InvalidInput
from service.retrieval.generations import Generation

# Years before a year with which it is compared, unless asked otherwise.
BEFORE = 5
# Positions judged, of a year and of the years before it; of fewer nothing is said.
LEAST_JUDGED = 2
# Positions compared at once, of each side: of more, so many are drawn.
MOST_AT_ONCE = 1_000
_UPPER, _TINY = 0.975, 1e-12
# `distance`, `noise`, `drift`, `low` and `high`.
_Wording = tuple[float | None, float | None, float | None, float | None, float | None]

DRIFT_COLUMNS = (
    Column("year", Type.INTEGER, "Calendar year."),
    Column("group", Type.STRING, "Code of a state (ISO 3166-1 alpha-3) or id of a bloc."),
    Column("name", Type.STRING, "Its name."),
    Column("positions", Type.INTEGER, "Its positions on the subject in the year."),
    Column("positions_before", Type.INTEGER, "Its positions in the years before."),
    Column("distance", Type.NUMBER,
           "1 less the similarity of the year's positions and the earlier ones, both reduced to "
           "half the smaller number; of wording and subject, not stance."),
    Column("noise", Type.NUMBER,
           "1 less the similarity of two random halves of the same positions, of the same size."),
    Column("drift", Type.NUMBER, "Distance less noise; empty where either has fewer than 4."),
    Column("low", Type.NUMBER, "Lower end of the drift's 95% interval, over positions."),
    Column("high", Type.NUMBER, "Upper end of the drift's 95% interval."),
    Column("judged", Type.INTEGER, "Positions of the year that were judged on the issue."),
    Column("judged_before", Type.INTEGER, "Those of the years before."),
    Column("score", Type.NUMBER,
           "Mean stance of these, -1 to 1: the probability of being for the proposition less that "
           "of being against it. Empty where none was judged."),
    Column("score_before", Type.NUMBER, "The same of the years before."),
    Column("score_drift", Type.NUMBER,
           "The first score less the second; empty where either has fewer than 2."),
    Column("score_low", Type.NUMBER, "Lower end of its 95% interval, over positions."),
    Column("score_high", Type.NUMBER, "Upper end of its 95% interval."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DriftYear:
    """A year of a `group` (a state's code, a bloc's id) against the years before it.

    In wording: `distance` and `noise` are `between` and `within` of `rarefied.Apart`, `drift` its
    `beyond` with its interval. None where either has fewer than LEAST_TO_HALVE positions, which
    `positions` and `positions_before` count. A speech answers its year's agenda: that a state's
    words moved doesn't say that its policy did.

    In stance, on an issue: mean scores of the positions that were judged (`yearly.Spoken`), None
    where there are none; `score_drift` where there are LEAST_JUDGED of either, with Welch's 95%
    interval over positions, which is None where those of either all have one score. All are None,
    the counts as well, where no issue was asked or nothing judges.
    """

    year: int
    group: str
    name: str
    positions: int
    positions_before: int
    distance: float | None
    noise: float | None
    drift: float | None
    low: float | None
    high: float | None
    judged: int | None
    judged_before: int | None
    score: float | None
    score_before: float | None
    score_drift: float | None
    score_low: float | None
    score_high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(Tabular):
    """Group by group, each from the second year to the last in which anybody spoke on the subject,
    empty years too. `stance_model` is None where no issue was asked or nothing judges."""

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    rows: tuple[DriftYear, ...]

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "rows": [asdict(row) for row in self.rows],
        }

    def tables(self) -> tuple[Table, ...]:
        return (Table("drift", DRIFT_COLUMNS, map(asdict, self.rows)),)


def parse_before(value: Any) -> int:
    """Years before a year, 1 and more. Raises InvalidInput."""
    try:
        years = BEFORE if value in (None, "") else int(value)
    except (TypeError, ValueError):
        years = 0
    if years < 1:
        raise InvalidInput("before", f"{value!r} is no number of years from 1 on")
    return years


def drift(inquiry: Inquiry, by: By, before: int, sides: SidesOf, seed: int) -> Drift:
    """Each year against the `before` years that precede it, within the period asked for. `seed` is
    that of the draws where there are more than MOST_AT_ONCE positions."""
    asked = groups(inquiry, by, sides)
    rows = [
        _of_year(inquiry.generation, group, year, before, seed)
        for group in asked.found
        for year in asked.span[1:]
    ]
    if asked.stance_model is None:
        rows = [replace(row, judged=None, judged_before=None) for row in rows]
    return Drift(
        query=inquiry.echo() | {"by": str(by), "before": before, "seed": seed},
        generation=inquiry.generation.manifest.id,
        model=inquiry.generation.manifest.model,
        stance_model=asked.stance_model,
        rows=tuple(rows),
    )


def _of_year(generation: Generation, group: Group, year: int, before: int, seed: int) -> DriftYear:
    proceed()
    now, earlier = range(year, year + 1), range(year - before, year)
    own, others = (group.positions.within(years).rows for years in (now, earlier))
    wording: _Wording = (None, None, None, None, None)
    if min(len(own), len(others)) >= LEAST_TO_HALVE:
        rng = np.random.default_rng([seed, year])
        found = apart(
            generation.index.vectors(_some(own, rng)), generation.index.vectors(_some(others, rng))
        )
        wording = (
            round(found.between, 6),
            round(found.within, 6),
            round(found.beyond, 6),
            round(found.low, 6),
            round(found.high, 6),
        )
    scores, scores_before = (group.judged.within(years).scores for years in (now, earlier))
    return DriftYear(
        year,
        group.id,
        group.name,
        len(own),
        len(others),
        *wording,
        len(scores),
        len(scores_before),
        _mean(scores),
        _mean(scores_before),
        *_welch(scores, scores_before),
    )


def _some(rows: Rows, rng: np.random.Generator) -> Rows:
    """All, or as many as may be compared."""
    if len(rows) <= MOST_AT_ONCE:
        return rows
    return np.sort(rng.choice(rows, MOST_AT_ONCE, replace=False))


def _mean(scores: Floats) -> float | None:
    return round(float(scores.mean()), 6) if len(scores) else None


def _welch(one: Floats, other: Floats) -> tuple[float | None, float | None, float | None]:
    """Difference of the means, and its 95% interval by Welch (1947)."""
    from scipy.special import stdtrit

    if min(len(one), len(other)) < LEAST_JUDGED:
        return None, None, None
    found = float(one.mean() - other.mean())
    a, b = (float(scores.var(ddof=1)) / len(scores) for scores in (one, other))
    if a + b < _TINY:
        return round(found, 6), None, None
    freedom = (a + b) ** 2 / (a**2 / (len(one) - 1) + b**2 / (len(other) - 1))
    half = float(stdtrit(freedom, _UPPER)) * math.sqrt(a + b)
    return round(found, 6), round(found - half, 6), round(found + half, 6)
