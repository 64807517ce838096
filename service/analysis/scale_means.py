"""Units by what their claims mean: on an issue by the mean over claims, on a topic by the first
component of such means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.analysis.dimension import Component, first_component
from service.analysis.inquiry import Inquiry
from service.analysis.on_issue import OnIssue
from service.analysis.scale_units import LEAST_CLAIMS, LEAST_UNITS, Floats, Placed, Units
from service.analysis.scaled import ScaleName
from service.analysis.unit_means import Observed, UnitMeans
from service.domain.stages import proceed
from service.retrieval.columns import Mask

# With positions on fewer issues a unit isn't placed on a topic.
LEAST_ISSUES = 2


@dataclass(frozen=True, slots=True)
class Meant:
    """`placed` on an issue; on a topic by a `component` of its issues, which explains a `share` of
    what tells their cells apart."""

    placed: Placed
    component: Component | None = None
    share: float | None = None

    def turned(self) -> Meant:
        component = self.component and self.component.turned()
        return Meant(self.placed.turned(), component, self.share)


def meant(
    inquiry: Inquiry, units: Units, found: Sequence[OnIssue], name: ScaleName, seed: int
) -> Meant | None:
    """By stance or by similarity. Intervals are over statements, or claims, drawn anew; on a topic
    the component is found anew each time. None where nobody is placed."""
    observed = _observed(inquiry, units, found, name)
    if observed is None:
        return None
    means = UnitMeans.of(observed, len(found))
    enough = units.counted(np.unique(observed.row))[means.units] >= LEAST_CLAIMS
    if inquiry.subject.issue is None:
        return _on_topic(units, means, enough, seed)
    cells, _ = means.cells()
    if not enough.any():
        return None
    moved = np.array([drawn[:, 0] for drawn, _ in means.draws(units.ids, seed)])
    low, high = means.interval(cells[:, 0], moved)
    if name is ScaleName.STANCE:
        low, high = np.maximum(low, -1.0), np.minimum(high, 1.0)
    return Meant(_placed(units, means, enough, cells[:, 0], low, high))


def _on_topic(units: Units, means: UnitMeans, enough: Mask, seed: int) -> Meant | None:
    cells, weights = means.cells()
    enough = enough & ((weights > 0).sum(axis=1) >= LEAST_ISSUES)
    weights = weights * enough[:, None]
    if enough.sum() < LEAST_UNITS or (weights > 0).any(axis=0).sum() < LEAST_ISSUES:
        return None
    component = first_component(cells, weights)
    scores, moved = component.scores(cells, weights), list[Floats]()
    for drawn, counted in means.draws(units.ids, seed):
        proceed()
        counted = counted * enough[:, None]
        moved.append(first_component(drawn, counted, component).scores(drawn, counted))
    low, high = means.interval(scores, np.array(moved))
    share = component.share(cells, weights)
    return Meant(_placed(units, means, enough, scores, low, high), component, share)


def _placed(units: Units, means: UnitMeans, enough: Mask, *parts: Floats) -> Placed:
    """`parts`, of shape (units that have an observation,), among all units."""
    whole = np.full((len(parts), len(units.ids)), np.nan)
    for all_units, part in zip(whole, parts, strict=True):
        all_units[means.units[enough]] = part[enough]
    return Placed(*whole)


def _observed(
    inquiry: Inquiry, units: Units, found: Sequence[OnIssue], name: ScaleName
) -> Observed | None:
    pieces = []
    for number, on in enumerate(found):
        values = on.stance if name is ScaleName.STANCE else on.similarity
        if values is not None and len(values):
            pieces.append((on.rows, np.full(len(values), number), values))
    if not pieces:
        return None
    rows, column, values = (np.concatenate(part) for part in zip(*pieces, strict=True))
    statement = inquiry.generation.columns.statement[rows].astype(np.int64)
    return Observed(units.of(rows), statement, rows, column, values)
