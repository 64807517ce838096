"""What states or blocs said on a subject in each year: their positions, and how far these are for
or against it where the subject is an issue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.analysis.inquiry import Inquiry
from service.analysis.membership import members_when_speaking
from service.analysis.on_issue import SidesOf, on_issues
from service.analysis.trends import By
from service.retrieval.columns import Mask

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spoken:
    """`rows` are positions and ascend, `years` has the year of each; `scores`, where they were
    judged, how likely each is for the issue less how likely against it, -1 to 1."""

    rows: Rows
    years: Rows
    scores: Floats

    def among(self, chosen: Mask | Rows) -> Spoken:
        return Spoken(self.rows[chosen], self.years[chosen], self.scores[chosen])

    def within(self, years: range) -> Spoken:
        return self.among((self.years >= years.start) & (self.years < years.stop))

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class Group:
    """A state or a bloc: its positions on the subject (`scores` are NaN), and those of them that
    were judged. Of a bloc, its members' while they were members."""

    id: str
    name: str
    positions: Spoken
    judged: Spoken


@dataclass(frozen=True, slots=True)
class Groups:
    """By id, or blocs as the catalogue has them. `span` is from the first to the last year with a
    position; `stance_model` judged the issue, None where none was asked or nothing judges."""

    found: tuple[Group, ...]
    span: range
    stance_model: str | None


def groups(inquiry: Inquiry, by: By, sides: SidesOf) -> Groups:
    """Those with a position on the subject within the filters. Judges whatever of an issue wasn't
    judged before."""
    columns, catalogue = inquiry.generation.columns, inquiry.catalogue
    rows = np.flatnonzero(inquiry.about)
    positions = Spoken(rows, columns.years(rows), np.full(len(rows), np.nan))
    judged, stance_model = _judged(inquiry, sides)
    found = []
    if by is By.STATE:
        owner, owner_judged = columns.state[rows], columns.state[judged.rows]
        for number in sorted(set(owner.tolist()), key=columns.states.__getitem__):
            code = columns.states[number]
            own = positions.among(owner == number), judged.among(owner_judged == number)
            found.append(Group(code, catalogue.states.name(code), *own))
    else:
        asked = inquiry.question.blocs
        blocs = [bloc for bloc in catalogue.blocs if not asked or bloc.id in asked]
        member = members_when_speaking(columns, rows, blocs)
        member_judged = members_when_speaking(columns, judged.rows, blocs)
        for place, bloc in enumerate(blocs):
            if member[:, place].any():
                own = positions.among(member[:, place]), judged.among(member_judged[:, place])
                found.append(Group(bloc.id, bloc.name, *own))
    years = positions.years
    span = range(int(years.min()), int(years.max()) + 1) if len(years) else range(0)
    return Groups(tuple(found), span, stance_model)


def _judged(inquiry: Inquiry, sides: SidesOf) -> tuple[Spoken, str | None]:
    nothing = Spoken(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    if inquiry.subject.issue is None or inquiry.judge is None:
        return nothing, None
    (found,) = on_issues(inquiry, [inquiry.subject.issue], sides, None)
    assert found.stance is not None  # nothing limits how many are judged
    years = inquiry.generation.columns.years(found.rows)
    return Spoken(found.rows, years, found.stance), inquiry.judge().model.name
