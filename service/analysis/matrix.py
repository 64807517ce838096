"""State against state: how alike their positions are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.best_matches import Groups, similarities
from service.errors import InvalidInput
from service.retrieval.columns import Mask
from service.retrieval.generations import Generation

# Positions that one matrix may hold: they bound its time.
MOST_POSITIONS = 40_000


@dataclass(frozen=True, slots=True)
class Alike:
    """`states` are codes in the order of the index, n of them, each with a position; `counts` has
    shape (n,), `similarity` (n, n), symmetric: the mean, over the positions of both, of each one's
    similarity to the nearest position of the other."""

    states: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    similarity: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Compared:
    """The years of which positions are compared, both included. `positions` are those of whom it
    is about, of `of_all`; `whole` where nothing that was asked for is left out."""

    earliest: int
    latest: int
    positions: int
    of_all: int
    whole: bool

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        period = {"from": str(self.earliest), "to": str(self.latest)}
        counts = {"positions": self.positions, "of_all": self.of_all, "whole": self.whole}
        return period | counts


def comparable(
    generation: Generation,
    rows: npt.NDArray[np.int64],
    own: Mask,
    most: int = MOST_POSITIONS,
) -> tuple[Compared | None, Mask]:
    """Which of `rows` to compare: all, or where there are more than `most` those of as many of the
    latest years as fit, up to the last one in which those who are meant, `own`, spoke. None
    where they didn't speak, or where that year alone has too many."""
    columns = generation.columns
    if not own.any():
        return None, np.zeros(len(rows), np.bool_)
    year = columns.years(rows)
    first, last = int(year.min()), int(year.max())
    whole = len(rows) <= most
    if not whole:
        last = int(year[own].max())
        of_years = np.bincount(year[year <= last] - first, minlength=last - first + 1)
        fitting = int((np.cumsum(of_years[::-1]) <= most).sum())
        if not fitting:
            return None, np.zeros(len(rows), np.bool_)
        first = last + 1 - fitting
    chosen = (year >= first) & (year <= last)
    return Compared(first, last, int(own[chosen].sum()), int(chosen.sum()), whole), chosen


def alike(generation: Generation, rows: npt.NDArray[np.int64], field: str) -> Alike:
    """`rows` ascend. Raises InvalidInput naming `field` where there are too many of them."""
    if len(rows) > MOST_POSITIONS:
        raise InvalidInput(
            field, f"{len(rows)} positions match, at most {MOST_POSITIONS}: name a year or a topic"
        )
    if not len(rows):
        return Alike((), np.empty(0, np.int64), np.empty((0, 0)))
    owner = generation.columns.state[rows]
    groups = Groups(generation.index.vectors(rows), generation.columns.starts(owner))
    names = tuple(generation.columns.states[owner[start]] for start in groups.starts)
    return Alike(names, groups.counts, similarities(groups))
