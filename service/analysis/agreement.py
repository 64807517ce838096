"""State against state on a topic or an issue: how alike their positions are and, kept apart, how
often they took the same side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis import described
from service.analysis.inquiry import Inquiry
from service.analysis.matrix import Alike, alike
from service.analysis.standings import IssueStandings
from service.analysis.tabular import Table, Tabular
from service.domain.issues import Issues
from service.domain.standing import Side
from service.retrieval.columns import Mask
from service.stance.kept import TooManyToJudge

# Issues of a topic that are asked at most: each may take a thousand judged claims and more.
MOST_ISSUES = 10
# Fewer positions of either state, or fewer issues of a topic, are too little to go by.
LEAST_POSITIONS = 2
LEAST_ISSUES = 2
AGREEMENT_COLUMNS = tuple(column.name for column in described.AGREEMENT)
_SIDES = tuple(Side)

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class AgreementCell:
    """Two different states. `similarity` is that of `matrix.Alike`, None where one of them has
    fewer than LEAST_POSITIONS positions; `claims_a` and `claims_b` count these.

    `agreement` is the share of the issues on which both took a side and took the same one, `same`
    of `issues`; with reservations is a side of its own. None where there are fewer than
    LEAST_ISSUES of them, or where one issue is asked and one of the two is silent on it.
    """

    state_a: str
    state_b: str
    similarity: float | None
    claims_a: int
    claims_b: int
    agreement: float | None
    same: int
    issues: int


@dataclass(frozen=True, slots=True)
class StateOnSubject:
    """`claims` counts its positions on the subject. `sides`, by issue, has no entry where the
    state didn't speak within the filters."""

    state: str
    name: str
    claims: int
    sides: Mapping[str, Side]

    def to_dict(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "name": self.name,
            "claims": self.claims,
            "sides": {issue: str(side) for issue, side in self.sides.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement(Tabular):
    """Every pair of the `states` once, by code. These have a position on the subject, took a side
    on one of its issues, or were asked for by name.

    `issues` are the ids on which agreement rests, as `stance_model` judges them. `left_out` are
    issues of the topic beyond the first MOST_ISSUES and those with too much left to be judged; all
    of them where the deployment judges nothing. `stance_model` is None where no issue is left.
    """

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    issues: tuple[str, ...]
    left_out: tuple[str, ...]
    states: tuple[StateOnSubject, ...]
    cells: tuple[AgreementCell, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "issues": list(self.issues),
            "left_out": list(self.left_out),
            "states": [state.to_dict() for state in self.states],
            "cells": [asdict(cell) for cell in self.cells],
        }

    def as_rows(self) -> list[dict[str, Any]]:
        """One row a cell, with the names of AGREEMENT_COLUMNS; the two sides where one issue was
        asked, else None."""
        known = {found.state: found for found in self.states}
        asked = self.query["issue"]
        rows = []
        for cell in self.cells:
            a, b = known[cell.state_a], known[cell.state_b]
            row = asdict(cell) | {"name_a": a.name, "name_b": b.name}
            row |= {"side_a": a.sides.get(asked), "side_b": b.sides.get(asked)}
            rows.append({name: row[name] for name in AGREEMENT_COLUMNS})
        return rows

    def tables(self) -> tuple[Table, ...]:
        """The pairs, the states and their sides by issue."""
        sides = (
            {"state": found.state, "issue": issue, "side": side}
            for found in self.states
            for issue, side in found.sides.items()
        )
        return (
            Table("agreement", described.AGREEMENT, self.as_rows()),
            Table("states", described.AGREEMENT_STATES, (s.to_dict() for s in self.states)),
            Table("sides", described.AGREEMENT_SIDES, sides),
        )


def agreement(inquiry: Inquiry, issues: Issues, most: int | None) -> Agreement:
    """On the first MOST_ISSUES of the subject's issues, but for those of which more than their
    equal share of `most` pairs aren't judged yet (None: all are judged). Raises InvalidInput naming
    `from` where there are too many positions to be compared."""
    generation = inquiry.generation
    near = alike(generation, np.flatnonzero(inquiry.about), "from")
    found, left_out = _standings(inquiry, issues, most)
    sides = {on.issue.id: {s.state: s.standing.side for s in on.states} for on in found}
    speaking = {s for on in sides.values() for s, side in on.items() if side is not Side.SILENT}
    named = set(inquiry.question.states) - set(inquiry.question.exclude)
    states = sorted(speaking | set(near.states) | named)
    counts = dict(zip(near.states, near.counts.tolist(), strict=True))
    least_issues = 1 if inquiry.subject.issue else LEAST_ISSUES
    return Agreement(
        query=inquiry.echo(),
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=found[0].stance_model if found else None,
        issues=tuple(sides),
        left_out=left_out,
        states=tuple(
            StateOnSubject(
                state,
                inquiry.catalogue.states.name(state),
                counts.get(state, 0),
                {issue: on[state] for issue, on in sides.items() if state in on},
            )
            for state in states
        ),
        cells=tuple(_cells(states, near, counts, sides.values(), least_issues)),
    )


def _standings(
    inquiry: Inquiry, known: Issues, most: int | None
) -> tuple[list[IssueStandings], tuple[str, ...]]:
    """Those that count, and the ids of the others."""
    issues = inquiry.subject.issues(known)
    chosen = issues[:MOST_ISSUES]
    if inquiry.judge is None or not chosen:
        return [], tuple(issue.id for issue in issues)
    judge, found = inquiry.judge(), list[IssueStandings]()
    share = None if most is None else most // len(chosen)
    for issue in chosen:
        try:
            found.append(judge.standings(issue, inquiry.question, share))
        except TooManyToJudge:
            continue
    taken = {on.issue.id for on in found}
    return found, tuple(issue.id for issue in issues if issue.id not in taken)


def _cells(
    states: Sequence[str],
    near: Alike,
    counts: Mapping[str, int],
    sides: Collection[Mapping[str, Side]],
    least_issues: int,
) -> Iterator[AgreementCell]:
    place = {state: number for number, state in enumerate(near.states)}
    both, same, _ = sides_in_common(states, sides)
    for i, j in combinations(range(len(states)), 2):
        a, b = states[i], states[j]
        claims_a, claims_b = counts.get(a, 0), counts.get(b, 0)
        similarity = share = None
        if min(claims_a, claims_b) >= LEAST_POSITIONS:
            similarity = round(float(near.similarity[place[a], place[b]]), 6)
        if both[i, j] >= least_issues:
            share = round(float(same[i, j] / both[i, j]), 6)
        yield AgreementCell(
            a, b, similarity, claims_a, claims_b, share, int(same[i, j]), int(both[i, j])
        )


def sides_in_common(
    states: Sequence[str], sides: Collection[Mapping[str, Side]]
) -> tuple[Counts, Counts, Counts]:
    """As `in_common`, of each two `states`; `sides` are by issue."""
    taken = np.array(
        [[_SIDES.index(on.get(state, Side.SILENT)) for state in states] for on in sides], np.int8
    ).reshape(len(sides), len(states))
    return in_common(taken, taken)


def in_common(
    one: npt.NDArray[np.int8], other: npt.NDArray[np.int8]
) -> tuple[Counts, Counts, Counts]:
    """The issues on which a first and a second both took a side, on which they took the same, and
    on which one was for and the other against: shape (firsts, seconds) each. `one` and `other` have
    shape (issues, firsts) and (issues, seconds), and hold numbers of `Side`."""
    silent, held, denied = (_SIDES.index(s) for s in (Side.SILENT, Side.FOR, Side.AGAINST))
    taken = [number for number in range(len(_SIDES)) if number != silent]
    same = sum(
        (_together(one == number, other == number) for number in taken), np.zeros((), np.int64)
    )
    contrary = _together(one == held, other == denied) + _together(one == denied, other == held)
    return _together(one != silent, other != silent), same, contrary


def _together(one: Mask, other: Mask) -> Counts:
    """On how many issues the first of two is `one` and the second `other`, both of shape (issues,
    states)."""
    return one.astype(np.int64).T @ other.astype(np.int64)
