"""Which claims are judged on an issue.

Those nearest to any wording of its two sides, where words in common with one of them count too:
who opposes a proposition says otherwise, but of the same things. The first `AMONG_ALL` of all
states, or in a small corpus fewer, and the first `OF_ONE` of each state where they are on the
point.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from service.domain.blocs import Blocs
from service.domain.issues import Issue
from service.domain.questions import Question
from service.retrieval.columns import Mask
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation
from service.retrieval.index import Rows
from service.retrieval.levels import ON_POINT_PERCENTILE
from service.stance.contraries import Sides

AMONG_ALL, OF_ONE = 1_000, 5
# Of a small corpus no more than one position in twenty may be about the issue, beyond these.
ONE_IN, AT_LEAST = 20, 50
# What the claim with the most words in common gains, in similarity. Chosen over 2000-2023 on every
# second of the issues that the stance model was trained or tuned on.
WORDS = 0.3
# Issues and filters whose candidates are remembered, ten kilobytes each: to find them takes a
# second where there are half a million claims.
_MOST_KEPT = 500

Floats = npt.NDArray[np.float32]


def candidates_within(
    question: Question, generation: Generation, blocs: Blocs, issue: Issue, sides: Sides
) -> Rows:
    """Rows to judge, ascending, within the filters of `question` but for those of states: so that
    a state's are the same whoever else is asked for."""
    of_all = replace(question, text="", parts=(), states=(), exclude=(), blocs=())
    key = issue, of_all
    if (found := generation.candidates.get(key)) is None:
        pool = allowed_rows(of_all, generation, blocs, ())
        holds, denies = (generation.index.scores(s, pool) for s in (sides.holds, sides.denies))
        found = candidates(generation, issue, np.maximum(holds, denies), pool)
        if len(generation.candidates) >= _MOST_KEPT:
            generation.candidates.clear()
        generation.candidates[key] = found
    return found


def candidates(generation: Generation, issue: Issue, nearness: Floats, mask: Mask) -> Rows:
    """Rows to judge, ascending, of those under `mask`. `nearness` has one figure a row."""
    rank_by = nearness + words_in_common(generation, issue)
    columns = generation.columns
    rows = np.flatnonzero(mask)
    order = rows[np.argsort(-rank_by[rows], kind="stable")]
    near = order[nearness[order] >= generation.similarity_at(ON_POINT_PERCENTILE)]
    most = min(AMONG_ALL, max(AT_LEAST, len(rows) // ONE_IN))
    _, place = np.unique(columns.state[near], return_inverse=True)
    taken: list[int] = order[:most].tolist()
    for number in range(place.max() + 1 if len(place) else 0):
        taken += near[place == number][:OF_ONE].tolist()
    return np.unique(np.array(taken, np.int64))


def words_in_common(generation: Generation, issue: Issue) -> Floats:
    """Of each row, from 0 to WORDS: the greatest of its BM25 towards the wordings of both sides,
    each as a share of what the best row has."""
    found = np.zeros(len(generation.columns), np.float32)
    for wording in (*issue.wordings, *issue.contraries):
        rows, bm25 = generation.library.matches(wording)
        if len(rows):
            found[rows] = np.maximum(found[rows], WORDS * bm25 / bm25.max())
    return found
