"""State against state: how alike their positions of one year, on one topic, are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from service.domain.stages import proceed
from service.domain.statements import Kind
from service.errors import InvalidInput
from service.retrieval.columns import KINDS, Mask
from service.retrieval.generations import Generation

# Positions that one matrix may hold, and those compared with all others at a time: they bound
# time, and memory (40,000 x 384 floats, and 500 x 40,000 for the comparison).
MOST_POSITIONS = 40_000
_BLOCK = 500


@dataclass(frozen=True, slots=True)
class Cell:
    """Mean, over the positions of both states, of each one's similarity to the nearest position
    of the other; `claims_a` and `claims_b` count the positions behind it."""

    state_a: str
    state_b: str
    similarity: float
    claims_a: int
    claims_b: int


@dataclass(frozen=True, slots=True)
class Alike:
    """`states` are codes in the order of the index, n of them, each with a position; `counts` has
    shape (n,), `similarity` (n, n): symmetric, the figure of `Cell` for each two of them."""

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


def state_matrix(
    generation: Generation, year: int | None = None, topic: str | None = None
) -> Iterator[Cell]:
    """Every pair of different states once, by code. States without a position have no cell."""
    columns = generation.columns
    mask = columns.kind == KINDS.index(Kind.POSITION)
    if year is not None:
        mask &= columns.overlapping(date(year, 1, 1), date(year, 12, 31))
    if topic is not None:
        mask &= columns.topics[:, columns.topic_ids.index(topic)]
    found = alike(generation, np.flatnonzero(mask), "year")
    for i, a in enumerate(found.states):
        for j, b in enumerate(found.states[i + 1 :], start=i + 1):
            mean = round(float(found.similarity[i, j]), 6)
            yield Cell(a, b, mean, int(found.counts[i]), int(found.counts[j]))


def alike(generation: Generation, rows: npt.NDArray[np.int64], field: str) -> Alike:
    """`rows` ascend. Raises InvalidInput naming `field` where there are too many of them."""
    if len(rows) > MOST_POSITIONS:
        raise InvalidInput(
            field, f"{len(rows)} positions match, at most {MOST_POSITIONS}: name a year or a topic"
        )
    if not len(rows):
        return Alike((), np.empty(0, np.int64), np.empty((0, 0)))
    vectors = generation.index.vectors(rows)
    owner = generation.columns.state[rows]
    starts = generation.columns.starts(owner)
    counts = np.diff(np.append(starts, len(rows)))
    # nearest[i, j]: sum over the positions of state i of the similarity to the nearest of j.
    nearest = np.zeros((len(starts), len(starts)))
    place = np.repeat(np.arange(len(starts)), counts)
    for low in range(0, len(rows), _BLOCK):
        proceed()
        block = vectors[low : low + _BLOCK] @ vectors.T
        np.add.at(nearest, place[low : low + _BLOCK], np.maximum.reduceat(block, starts, axis=1))
    similarity = (nearest + nearest.T) / (counts[:, None] + counts[None, :])
    names = tuple(generation.columns.states[owner[start]] for start in starts)
    return Alike(names, counts, similarity)
