"""Whose positions a matrix compares: those of each state, or those of each statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

import numpy as np
import numpy.typing as npt

from service.analysis.best_matches import Groups, Rows
from service.domain.issues import Issue
from service.domain.standing import Evidence, Side, standing
from service.retrieval.columns import Mask
from service.retrieval.generations import Generation

_SIDES = tuple(Side)


class Unit(StrEnum):
    STATE = "state"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Units:
    """`names` are codes or ids, `states` the codes of both kinds, `dates` those of statements. The
    claims of unit i are the index's `rows` from `starts[i]` on; rows ascend."""

    kind: Unit
    names: tuple[str, ...]
    states: tuple[str, ...]
    dates: tuple[str | None, ...]
    statements: Mapping[str, int]
    rows: Rows
    starts: Rows

    def __len__(self) -> int:
        return len(self.names)

    @property
    def counts(self) -> Rows:
        return np.diff(np.append(self.starts, len(self.rows)))

    def rows_of(self, first: int, last: int) -> Rows:
        """Of the units from number `first` up to `last`."""
        end = self.starts[last] if last < len(self) else len(self.rows)
        return self.rows[self.starts[first] : end]

    def groups(self, generation: Generation, first: int, last: int) -> Groups:
        vectors = generation.index.vectors(self.rows_of(first, last))
        return Groups(vectors, self.starts[first:last] - self.starts[first])

    def sides(
        self, issues: Sequence[Issue], evidence: Mapping[str, Mapping[str, Iterable[Evidence]]]
    ) -> npt.NDArray[np.int8]:
        """Which side each unit took on each issue, by what its own statements say and no others:
        shape (issues, units), numbers of `Side`. `evidence` is by issue and state."""
        found = np.full((len(issues), len(self)), _SIDES.index(Side.SILENT), np.int8)
        for number, issue in enumerate(issues):
            pieces = [
                (self.statements[statement], piece)
                for of_state in evidence.get(issue.id, {}).values()
                for piece in of_state
                if (statement := piece.claim_id.rpartition(":")[0]) in self.statements
            ]
            pieces.sort(key=lambda pair: pair[0])
            for unit, own in groupby(pieces, key=lambda pair: pair[0]):
                found[number, unit] = _SIDES.index(standing(piece for _, piece in own).side)
        return found


def units(generation: Generation, chosen: Mask, kind: Unit) -> Units:
    """Of the claims that are `chosen`, in the order of the index: by state, then by statement."""
    columns = generation.columns
    rows = np.flatnonzero(chosen)
    spoken = columns.statement[rows]
    by_statement = columns.starts(spoken)
    known = generation.library.numbered([int(number) for number in spoken[by_statement]])
    starts = by_statement
    if kind is Unit.STATE:
        starts = columns.starts(columns.state[rows])
    states = tuple(columns.states[number] for number in columns.state[rows[starts]])
    place = np.searchsorted(starts, by_statement, side="right") - 1
    return Units(
        kind=kind,
        names=states if kind is Unit.STATE else tuple(one.id for one in known),
        states=states,
        dates=(None,) * len(states) if kind is Unit.STATE else tuple(str(o.date) for o in known),
        statements={one.id: int(unit) for one, unit in zip(known, place, strict=True)},
        rows=rows,
        starts=starts,
    )
