"""State against state: how alike their positions of one year, on one topic, are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from service.domain.statements import Kind
from service.errors import InvalidInput
from service.retrieval.columns import KINDS
from service.retrieval.generations import Generation

# Positions that one matrix may hold: bounds memory (25,000 x 384 floats and one state's block).
MOST_POSITIONS = 40_000


@dataclass(frozen=True, slots=True)
class Cell:
    """Mean, over the positions of both states, of each one's similarity to the nearest position
    of the other; `claims_a` and `claims_b` count the positions behind it."""

    state_a: str
    state_b: str
    similarity: float
    claims_a: int
    claims_b: int


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
    rows = np.flatnonzero(mask)
    if len(rows) > MOST_POSITIONS:
        raise InvalidInput(
            "year", f"{len(rows)} positions match, at most {MOST_POSITIONS}: name a year or a topic"
        )
    if not len(rows):
        return
    vectors = generation.index.vectors(rows)
    owner = columns.state[rows]
    starts = columns.starts(owner)
    ends = np.append(starts[1:], len(rows))
    names = [columns.states[owner[start]] for start in starts]
    counts = ends - starts
    # nearest[i, j]: sum over the positions of state i of the similarity to the nearest of j.
    nearest = np.empty((len(names), len(names)))
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        alike = vectors[start:end] @ vectors.T
        nearest[i] = np.maximum.reduceat(alike, starts, axis=1).sum(axis=0)
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            mean = (nearest[i, j] + nearest[j, i]) / (counts[i] + counts[j])
            yield Cell(names[i], names[j], round(float(mean), 6), int(counts[i]), int(counts[j]))
