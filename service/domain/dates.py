"""Dates that are only as exact as their source."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

_FORM = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")


class Precision(StrEnum):
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


_PRECISIONS = {4: Precision.YEAR, 7: Precision.MONTH, 10: Precision.DAY}  # by length


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A day, a month or a year (ISO 8601 reduced precision), never more than the source tells.

    `text` is `2021`, `2021-06` or `2021-06-29`. `inferred` marks a date worked out from the
    text rather than stated by the source.
    """

    text: str
    inferred: bool = False

    def __post_init__(self) -> None:
        match = _FORM.fullmatch(self.text)
        if not match:
            raise ValueError(f"{self.text!r} is no date: use YYYY, YYYY-MM or YYYY-MM-DD")
        year, month, day = (int(part) if part else 1 for part in match.groups())
        try:
            date(year, month, day)
        except ValueError as error:
            raise ValueError(f"{self.text!r} is no date: {error}") from None

    @property
    def precision(self) -> Precision:
        return _PRECISIONS[len(self.text)]

    @property
    def year(self) -> int:
        return int(self.text[:4])

    @property
    def first(self) -> date:
        """The earliest day it can mean."""
        return date.fromisoformat((self.text + "-01-01")[:10])

    @property
    def last(self) -> date:
        """The latest day it can mean."""
        if self.precision is Precision.DAY:
            return self.first
        month = 12 if self.precision is Precision.YEAR else self.first.month
        return date(self.year, month, monthrange(self.year, month)[1])

    def __str__(self) -> str:
        return self.text
