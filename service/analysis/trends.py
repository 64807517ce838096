"""Positions on a subject over the years, and where states stood on an issue in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis import described
from service.analysis.inquiry import Inquiry
from service.analysis.membership import members_when_speaking
from service.analysis.tabular import Table, Tabular
from service.domain.blocs import Bloc
from service.domain.standing import Side
from service.errors import InvalidInput
from service.retrieval.columns import Mask
from service.retrieval.filters import allowed_rows

TREND_COLUMNS = tuple(column.name for column in described.TRENDS)
_SIDES = tuple(Side)
# Of a state that hasn't spoken yet, or is no more.
_NOBODY = -1


class By(StrEnum):
    STATE = "state"
    BLOC = "bloc"


def parse_by(value: Any) -> By | None:
    if value in (None, ""):
        return None
    try:
        return By(value)
    except ValueError:
        raise InvalidInput("by", f"{value!r} is none of {', '.join(By)}") from None


@dataclass(frozen=True, slots=True)
class Trend:
    """One year, of all states or of one `group` (a state's code, a bloc's id).

    `positions` on the subject, `of` so many positions on anything, which makes the `share`: None
    where there was none at all. `states` counts those with a position on the subject.

    `sides`, on an issue: how many states were on each at the end of the year, by what they had
    said until then, the years before the period included; silent are those that had spoken, but
    took no side. None where no issue was asked, or nothing judges.
    """

    year: int
    group: str | None
    name: str | None
    positions: int
    of: int
    share: float | None
    states: int
    sides: Mapping[Side, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trends(Tabular):
    """Every year of the generation that lies in the period, empty ones too: group by group, where
    asked `by` state or bloc, each in order of time. Blocs have common members; their figures don't
    add up."""

    query: dict[str, Any]
    by: By | None
    generation: str
    model: str
    stance_model: str | None
    rows: tuple[Trend, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "query": self.query | {"by": self.by and str(self.by)},
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "rows": [
                {
                    "year": row.year,
                    "group": row.group,
                    "name": row.name,
                    "positions": row.positions,
                    "of": row.of,
                    "share": row.share,
                    "states": row.states,
                    "sides": row.sides and {str(side): n for side, n in row.sides.items()},
                }
                for row in self.rows
            ],
        }

    def as_rows(self) -> list[dict[str, Any]]:
        """Flat, with the names of TREND_COLUMNS: a column for each side."""
        rows = []
        for row in self.to_dict()["rows"]:
            sides = row.pop("sides") or dict.fromkeys(map(str, Side))
            rows.append(row | sides)
        return rows

    def tables(self) -> tuple[Table, ...]:
        return (Table("trends", described.TRENDS, self.as_rows()),)


def trends(inquiry: Inquiry, by: By | None, most: int | None = None) -> Trends:
    """A group that has no position on the subject, takes no side and wasn't asked for by name has
    no rows. Raises TooManyToJudge where more than `most` pairs on an issue aren't judged yet."""
    generation, question = inquiry.generation, inquiry.question
    years = _years(inquiry)
    known = _timeline(inquiry, years, most)
    rows: list[Trend] = []
    for group in _groups(inquiry, by, known, years):
        made = list(_of_group(inquiry, group, years))
        named = by is None or group.id in (*question.states, *question.blocs)
        if named or any(row.positions or _took_sides(row) for row in made):
            rows += made
    return Trends(
        query=inquiry.echo(),
        by=by,
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=known.stance_model if known else None,
        rows=tuple(rows),
    )


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Where states stood at the end of each year: `sides` has shape (states, years)."""

    stance_model: str
    states: tuple[str, ...]
    sides: npt.NDArray[np.int8]

    def counts(self, chosen: Mask) -> list[dict[Side, int]]:
        """Year by year, of the states that are `chosen`, shape (states, years) or (states, 1)."""
        among = np.where(chosen, self.sides, _NOBODY)
        return [
            {side: int((year == number).sum()) for number, side in enumerate(_SIDES)}
            for year in among.T
        ]


@dataclass(frozen=True, slots=True)
class _Group:
    """`rows` are its positions within the filters; `sides` counts its states, year by year."""

    id: str | None
    name: str | None
    rows: npt.NDArray[np.int64]
    sides: list[dict[Side, int]] | None


def _years(inquiry: Inquiry) -> range:
    """From the first to the last year of the generation, within the period that was asked for."""
    columns, asked = inquiry.generation.columns, inquiry.question
    if not len(columns):
        return range(0)
    first, last = columns.years(np.array([columns.last.argmin(), columns.last.argmax()])).tolist()
    start = max(first, asked.earliest.year) if asked.earliest else first
    end = min(last, asked.latest.year) if asked.latest else last
    return range(start, end + 1)


def _timeline(inquiry: Inquiry, years: range, most: int | None) -> _Timeline | None:
    """On an issue, from all that states said until then, whatever the first year that is asked for.
    A former State stands nowhere after its last year."""
    issue, columns = inquiry.subject.issue, inquiry.generation.columns
    if issue is None or inquiry.judge is None:
        return None
    always = replace(inquiry.question, earliest=None)
    mask = allowed_rows(always, inquiry.generation, inquiry.catalogue.blocs, ())
    found = inquiry.judge().standings(issue, always, most)
    spoken = np.flatnonzero(mask)
    owner, spoken_in = columns.state[spoken], columns.years(spoken)
    sides = np.full((len(found.states), len(years)), _NOBODY, np.int8)
    for place, one in enumerate(found.states):
        since = int(spoken_in[owner == columns.states.index(one.state)].min())
        state = inquiry.catalogue.states.get(one.state)
        until = int(state.until[:4]) if state and state.until else years.stop
        for number, year in enumerate(years):
            if since <= year <= until:
                sides[place, number] = _SIDES.index(one.standing.side_in(year))
    return _Timeline(found.stance_model, tuple(one.state for one in found.states), sides)


def _groups(
    inquiry: Inquiry, by: By | None, known: _Timeline | None, years: range
) -> Iterator[_Group]:
    columns, asked = inquiry.generation.columns, inquiry.question
    rows = np.flatnonzero(inquiry.within)
    if by is None:
        everybody = np.ones((1, 1), np.bool_)
        yield _Group(None, None, rows, known.counts(everybody) if known else None)
    elif by is By.STATE:
        codes = {columns.states[number] for number in np.unique(columns.state[rows])}
        codes |= set(asked.states) | set(known.states if known else ())
        for code in sorted(codes - set(asked.exclude)):
            number = columns.states.index(code) if code in columns.states else -1
            own = rows[columns.state[rows] == number]
            sides = None
            if known:
                sides = known.counts(np.array([[state == code] for state in known.states]))
            yield _Group(code, inquiry.catalogue.states.name(code), own, sides)
    else:
        blocs = [b for b in inquiry.catalogue.blocs if not asked.blocs or b.id in asked.blocs]
        member = members_when_speaking(columns, rows, blocs)
        for number, bloc in enumerate(blocs):
            sides = known.counts(_members(bloc, known.states, years)) if known else None
            yield _Group(bloc.id, bloc.name, rows[member[:, number]], sides)


def _members(bloc: Bloc, states: Sequence[str], years: range) -> Mask:
    """Shape (states, years), at the end of each year."""
    ends = [date(year, 12, 31) for year in years]
    return np.array([[bloc.includes(state, end) for end in ends] for state in states], np.bool_)


def _of_group(inquiry: Inquiry, group: _Group, years: range) -> Iterator[Trend]:
    columns = inquiry.generation.columns
    on = group.rows[inquiry.about[group.rows]]
    speaking = np.unique(np.stack([columns.years(on), columns.state[on]], axis=1), axis=0)
    positions, of, states = (
        _by_year(found, years)
        for found in (columns.years(on), columns.years(group.rows), speaking[:, 0])
    )
    for number, year in enumerate(years):
        yield Trend(
            year=year,
            group=group.id,
            name=group.name,
            positions=positions[number],
            of=of[number],
            share=round(positions[number] / of[number], 6) if of[number] else None,
            states=states[number],
            sides=group.sides[number] if group.sides else None,
        )


def _by_year(found: npt.NDArray[np.int64], years: range) -> list[int]:
    """How many of `found` fall in each year."""
    inside = found[(found >= years.start) & (found < years.stop)]
    counts: list[int] = np.bincount(inside - years.start, minlength=len(years)).tolist()
    return counts


def _took_sides(row: Trend) -> bool:
    return row.sides is not None and any(
        count for side, count in row.sides.items() if side is not Side.SILENT
    )
