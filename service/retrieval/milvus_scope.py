"""The claims that a question's filters let pass, where Milvus finds which of them are near.

Milvus is asked by the same filters, for more than is wanted; what it finds is held against the mask
and scored from the generation's own vectors. With a FLAT index nothing is missed, and every figure
is that of the embedded engine, to the last bit.
"""

from __future__ import annotations

import numpy as np

from service.domain.stages import proceed
from service.retrieval.encoder import Vectors
from service.retrieval.engine import Finder
from service.retrieval.expressions import all_of, in_rows, of_state
from service.retrieval.generations import Generation
from service.retrieval.index import Rows, Scores
from service.retrieval.passing import Passing
from service.retrieval.scope import Scope

# So many does Milvus find at most for one vector (its page "Limits", topK).
MOST = 16_384
# How many are asked for first, of a state and of all, and how much more when they weren't enough.
_FIRST, _FIRST_OF_ALL, _MORE = 16, 400, 4
# By so much may what Milvus tells differ from what is computed here.
_ROUNDING = 1e-4


class MilvusScope(Scope):
    """`expression` lets pass at least what is `passing`."""

    def __init__(
        self, generation: Generation, passing: Passing, finder: Finder, expression: str
    ) -> None:
        super().__init__(generation, passing, exact=True)
        self._finder = finder
        self._said = expression
        self._names = [generation.columns.states[n] for n in generation.columns.state[self._starts]]

    @property
    def complete(self) -> bool:
        return False

    def nearest(self, query: Vectors, most: int) -> tuple[Rows, float]:
        asked = max(_FIRST_OF_ALL, 2 * most)
        while asked <= MOST:
            rows, hidden = self._told(query, asked)
            if hidden == -np.inf or self._sure(query, rows, hidden) >= most:
                return np.sort(rows), hidden
            asked = _next(asked)
        return self.rows, -np.inf

    def at_least(self, query: Vectors, least: float) -> Rows:
        if least <= -1.0 or not self.count:
            rows = self.rows
        else:
            rows = np.unique(self._all(query, least - _ROUNDING, 0, len(self.mask)))
        found: Rows = rows[self.similarities(query, rows) >= least]
        return found

    def best_states(self, query: Vectors, wanted: int) -> Rows:
        """Among the nearest of all is the best of every state that has one there; whoever is
        missing is asked for by name."""
        asked, rows, hidden = max(_FIRST_OF_ALL, 8 * wanted), np.empty(0, np.int64), np.inf
        while asked <= MOST:
            rows, hidden = self._told(query, asked)
            sure = rows[self.similarities(query, rows) > hidden]
            if hidden == -np.inf or len(np.unique(self._state_of(sure))) >= wanted:
                return np.sort(rows)
            asked = _next(asked)
        sure = rows[self.similarities(query, rows) > hidden]
        others = np.setdiff1d(self._states, self._state_of(sure))
        more, _ = self.of_each(np.repeat(query[None], len(others), 0), others, 1, np.inf)
        return np.unique(np.concatenate([rows, more]))

    def of_each(
        self, queries: Vectors, states: Rows, most: int, least: float, asked: int = _FIRST
    ) -> tuple[Rows, Rows]:
        pieces: list[tuple[Rows, Rows]] = []
        left = np.arange(len(states))
        sizes = np.add.reduceat(self.mask, self._starts, dtype=np.int64)[states]
        asked = max(asked, 4 * most)
        while len(left):
            proceed()
            whole = (sizes[left] <= asked) | (asked > MOST)
            for i in left[whole].tolist():
                own = self.of_state(int(states[i]))
                pieces.append((own, np.full(len(own), i)))
            left = left[~whole][np.argsort(states[left[~whole]], kind="stable")]
            open_ = []
            for i, (rows, hidden) in zip(
                left.tolist(), self._of_states(queries, states, left, most, least, asked),
                strict=True,
            ):  # fmt: skip
                enough = not most or self._sure(queries[i], rows, hidden) >= most
                if hidden == -np.inf or (hidden < least and enough):
                    pieces.append((np.sort(rows), np.full(len(rows), i)))
                else:
                    open_.append(i)
            left = np.array(open_, np.int64)
            asked = _next(asked)
        pieces.sort(key=lambda piece: int(piece[1][0]) if len(piece[1]) else -1)
        if not pieces:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])

    def _of_states(
        self, queries: Vectors, states: Rows, left: Rows, most: int, least: float, asked: int
    ) -> list[tuple[Rows, float]]:
        """Of the queries `left`, which stand by state: what is found in the state of each."""
        if not len(left):
            return []
        numbers, begins = np.unique(states[left], return_index=True)
        wanted = [
            (queries[own], all_of((self._said, of_state(self._names[number]))))
            for number, own in zip(numbers.tolist(), np.split(left, begins[1:]), strict=True)
        ]
        # Where all of them are wanted, no more than them need be sent.
        floor = -np.inf if most else least - _ROUNDING
        return [self._kept(found, asked) for found in self._finder.find(wanted, asked, floor)]

    def _told(self, query: Vectors, asked: int) -> tuple[Rows, float]:
        proceed()
        (found,) = self._finder.find([(query[None], self._said)], asked, -np.inf)
        return self._kept(found, asked)

    def _kept(self, found: tuple[Rows, Scores], asked: int) -> tuple[Rows, float]:
        """Those in the mask, and a similarity that no row but these has more of."""
        rows, told = found
        hidden = float(told[-1]) + _ROUNDING if len(rows) >= asked else -np.inf
        return rows[self.mask[rows]], hidden

    def _all(self, query: Vectors, least: float, start: int, end: int) -> Rows:
        """All rows from `start` to before `end` that are more similar than `least`: where Milvus
        can't send them at once, half by half."""
        if not self.mask[start:end].any():
            return np.empty(0, np.int64)
        whole = (start, end) == (0, len(self.mask))
        said = self._said if whole else all_of((self._said, in_rows(start, end)))
        for asked in (_FIRST_OF_ALL, MOST) if whole else (MOST,):
            proceed()
            ((rows, _),) = self._finder.find([(query[None], said)], asked, least)
            if len(rows) < asked or end - start <= asked:
                found: Rows = rows[self.mask[rows]]
                return found
        middle = (start + end) // 2
        halves = [(start, middle), (middle, end)]
        return np.concatenate([self._all(query, least, *half) for half in halves])

    def _sure(self, query: Vectors, rows: Rows, hidden: float) -> int:
        return int(np.count_nonzero(self.similarities(query, rows) > hidden))


def _next(asked: int) -> int:
    """Once as many as can be; then more than that, which is to say that it can't be done so."""
    return MOST if asked < MOST < asked * _MORE else asked * _MORE
