"""Where a state stands on an issue over the years, reckoned from its dated pieces of evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class Side(StrEnum):
    """Of a state towards an issue's proposition."""

    FOR = "for"
    AGAINST = "against"
    RESERVATIONS = "reservations"  # holds it under a condition, or in a weaker or narrower form
    SILENT = "silent"  # nothing that it said was found to take a side


class Basis(StrEnum):
    """How it is known which side a claim takes."""

    CORRECTED = "corrected"  # a user of this deployment said so
    ANNOTATED = "annotated"  # a reader's label
    INFERRED = "inferred"  # the stance model's verdict


@dataclass(frozen=True, slots=True)
class Evidence:
    """One claim that takes a side. `date` is ISO 8601, as precise as it is known; `probability`
    is the stance model's for that side, None where a person decided."""

    claim_id: str
    date: str
    side: Side
    basis: Basis
    probability: float | None = None

    @property
    def weight(self) -> float:
        return 1.0 if self.probability is None else self.probability


@dataclass(frozen=True, slots=True)
class Change:
    """From `date` on the state is found on another side. `tentative`: the new side rests on a
    single inferred claim so far."""

    date: str
    before: Side
    after: Side
    tentative: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """`side` is the latest one, held `since` that date. `evidence` and `changes` are in order of
    time. A date that alone, and by inference only, breaks into a run of another side is kept as
    evidence but ends no run: one wrong verdict must not look like two changes of policy."""

    side: Side
    since: str | None
    evidence: tuple[Evidence, ...]
    changes: tuple[Change, ...]

    @property
    def basis(self) -> Basis | None:
        """The best ground on which the present side rests."""
        found = {e.basis for e in self.evidence if e.side is self.side and self._current(e)}
        return next((basis for basis in Basis if basis in found), None)

    def side_in(self, year: int) -> Side:
        """The side at the end of a year, as the changes tell it: in hindsight, so that a lone
        inferred date that ended no run moves nothing."""
        if not self.evidence or int(self.evidence[0].date[:4]) > year:
            return Side.SILENT
        side = self.changes[0].before if self.changes else self.side
        for change in self.changes:
            if int(change.date[:4]) <= year:
                side = change.after
        return side

    def _current(self, evidence: Evidence) -> bool:
        return self.since is not None and evidence.date >= self.since


def standing(evidence: Iterable[Evidence]) -> Standing:
    """Pure: the same evidence in any order gives the same standing."""
    known = sorted(evidence, key=lambda e: (e.date, e.claim_id))
    by_date: dict[str, list[Evidence]] = defaultdict(list)
    for piece in known:
        by_date[piece.date].append(piece)
    views = [_view(pieces) for _, pieces in sorted(by_date.items())]
    runs: list[list[_View]] = []
    for view in _steady(views):
        if runs and runs[-1][-1].side is view.side:
            runs[-1].append(view)
        else:
            runs.append([view])
    if not runs:
        return Standing(Side.SILENT, None, (), ())
    changes = tuple(
        Change(after[0].date, before[0].side, after[0].side, _tentative(after))
        for before, after in pairwise(runs)
    )
    return Standing(runs[-1][0].side, runs[-1][0].date, tuple(known), changes)


@dataclass(frozen=True, slots=True)
class _View:
    """What a state was found to hold at one date, from `count` claims."""

    date: str
    side: Side
    inferred: bool
    count: int


def _view(pieces: Sequence[Evidence]) -> _View:
    """The best ground decides; on the same ground, the greater weight."""
    grounds = list(Basis)
    best = min(grounds.index(piece.basis) for piece in pieces)
    decisive = [piece for piece in pieces if grounds.index(piece.basis) == best]
    weights: dict[Side, float] = defaultdict(float)
    for piece in decisive:
        weights[piece.side] += piece.weight
    side = max(weights, key=lambda s: (weights[s], -list(Side).index(s)))
    count = sum(piece.side is side for piece in decisive)
    return _View(pieces[0].date, side, grounds[best] is Basis.INFERRED, count)


def _steady(views: Sequence[_View]) -> list[_View]:
    """Without lone inferred dates between two neighbours that agree on another side."""
    kept: list[_View] = []
    for number, view in enumerate(views):
        if kept and view.inferred and number + 1 < len(views):
            before, after = kept[-1].side, views[number + 1].side
            if before is after is not view.side:
                continue
        kept.append(view)
    return kept


def _tentative(run: Sequence[_View]) -> bool:
    return len(run) == 1 and run[0].inferred and run[0].count == 1
