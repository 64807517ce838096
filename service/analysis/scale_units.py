"""Whom a scale places: states or statements, with their positions; and where it places them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from service.analysis.inquiry import Inquiry
from service.analysis.on_issue import OnIssue

# Fewer positions don't place a unit, and fewer units aren't put into an order.
LEAST_CLAIMS, LEAST_UNITS = 3, 5

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class UnitKind(StrEnum):
    STATE = "state"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Units:
    """In the order of their `ids`. `key` has the number of every row's unit, `keys` that of each
    unit, shape (units,). `rows` are those on the subject."""

    key: Rows
    keys: Rows
    ids: tuple[str, ...]
    states: tuple[str, ...]
    dates: tuple[str | None, ...]
    rows: Rows

    def of(self, rows: Rows) -> Rows:
        """The unit's place in `ids`, for each of `rows`; each belongs to a unit."""
        order = np.argsort(self.keys)
        return np.asarray(order[np.searchsorted(self.keys, self.key[rows], sorter=order)])

    def counted(self, rows: Rows) -> Rows:
        """How many of `rows` each unit has."""
        return np.bincount(self.of(rows), minlength=len(self.ids))


@dataclass(frozen=True, slots=True)
class Placed:
    """On one scale, of shape (units,) each: NaN where a unit has no score."""

    score: Floats
    low: Floats
    high: Floats

    def turned(self) -> Placed:
        return Placed(-self.score, -self.high, -self.low)


def find_units(inquiry: Inquiry, found: Sequence[OnIssue], by: UnitKind) -> Units:
    """Those with a position on the subject, or on one of its issues."""
    columns, library = inquiry.generation.columns, inquiry.generation.library
    of_states = by is UnitKind.STATE
    key = (columns.state if of_states else columns.statement).astype(np.int64)
    on_issues = all_rows(found)
    rows = on_issues if inquiry.subject.issue else np.flatnonzero(inquiry.about)
    of_all = np.union1d(rows, on_issues)
    keys, first = np.unique(key[of_all], return_index=True)
    statements = [record.statement for record in library.records(of_all[first].tolist())]
    ids = [statement.state if of_states else statement.id for statement in statements]
    order = sorted(range(len(ids)), key=ids.__getitem__)
    return Units(
        key,
        keys[np.array(order, np.int64)],
        tuple(ids[i] for i in order),
        tuple(statements[i].state for i in order),
        tuple(None if of_states else str(statements[i].date) for i in order),
        rows,
    )


def all_rows(found: Sequence[OnIssue]) -> Rows:
    """Each once, ascending."""
    return np.unique(np.concatenate([np.empty(0, np.int64), *(on.rows for on in found)]))
