"""What each state said in the General Debate of one session, as one row of figures a state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from service.analysis.best_matches import Groups, Rows
from service.analysis.word_counts import word_counts
from service.domain.statements import Kind
from service.retrieval.columns import KINDS
from service.retrieval.generations import Generation

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Fewer positions say too little of a whole speech.
LEAST_POSITIONS = 5
FORUM = "general debate"
# The debate of session s is held in the autumn of the year 1945 + s.
FOUNDED = 1945

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Debate:
    """`states` are codes, n of them; the positions of state i are the index's `rows` from
    `starts[i]` on. `means`, shape (n, dimension), are their mean vectors less the mean of these:
    what all speak of in a year is in nobody's. `words`, shape (n, words), counts the same
    vocabulary in every session."""

    session: int
    states: tuple[str, ...]
    rows: Rows
    starts: Rows
    means: Floats
    words: csr_matrix

    def groups(self, generation: Generation) -> Groups:
        return Groups(generation.index.vectors(self.rows), self.starts)

    def means_of(self, values: Floats, counting: npt.NDArray[np.bool_]) -> Floats:
        """Of one value a row the mean of each state's that count; NaN where none does."""
        number = np.add.reduceat(counting.astype(float), self.starts)
        total = np.add.reduceat(np.where(counting, values, 0.0), self.starts)
        with np.errstate(invalid="ignore"):
            return np.asarray(total / number)


def debates(generation: Generation, sessions: Sequence[int]) -> list[Debate]:
    """Those of `sessions` that the generation holds, with three states and more."""
    columns = generation.columns
    forums = [n for n, forum in enumerate(columns.forums) if FORUM in forum.casefold()]
    spoken = np.flatnonzero(
        np.isin(columns.forum, forums) & (columns.kind == KINDS.index(Kind.POSITION))
    )
    session = columns.years(spoken) - FOUNDED
    chosen: list[tuple[int, Rows, Rows]] = []
    for number in sessions:
        rows = spoken[session == number]
        counts = np.bincount(columns.state[rows], minlength=len(columns.states))
        rows = rows[counts[columns.state[rows]] >= LEAST_POSITIONS]
        starts = columns.starts(columns.state[rows])
        if len(starts) > 2:
            chosen.append((number, rows, starts))
    words = _words(generation, chosen)
    found, first = [], 0
    for number, rows, starts in chosen:
        vectors = generation.index.vectors(rows).astype(np.float64)
        counts = np.diff(np.append(starts, len(rows)))
        means = np.add.reduceat(vectors, starts, axis=0) / counts[:, None]
        states = tuple(columns.states[i] for i in columns.state[rows[starts]])
        of_session = words[first : first + len(starts)]
        first += len(starts)
        found.append(Debate(number, states, rows, starts, means - means.mean(axis=0), of_session))
    return found


def _words(generation: Generation, chosen: Sequence[tuple[int, Rows, Rows]]) -> csr_matrix:
    texts = [
        " ".join(piece)
        for _, rows, starts in chosen
        for piece in _split(generation.library.texts(rows.tolist()), starts)
    ]
    return word_counts(texts).counts


def _split(texts: list[str], starts: Rows) -> list[list[str]]:
    ends = [*starts[1:].tolist(), len(texts)]
    return [texts[a:b] for a, b in zip(starts.tolist(), ends, strict=True)]
