"""The claims that a question's filters let pass, and which of them are near to what is asked.

Where there are many, compact codes tell which may be near; all that may be is then scored exactly.
How far that reaches is bounded (`codes.Bound`): of the claims that belong into an answer, one in a
hundred at most is expected to be missed, and those found have their exact similarity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import numpy as np

from service.retrieval.codes import SURE, Codes, Selector
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation
from service.retrieval.index import Mask, Rows, Scores
from service.retrieval.passing import Passing

# So few are scored exactly in less time than codes take, whatever there is; and so many times fewer
# than the codes that would be looked at.
FEW_ROWS, FEWER = 10_000, 25
# Of a list: what is looked at first, how much more each time that wasn't enough, and the share of
# the list from which on all of it is.
_FIRST, _MORE, _ALL = 16, 4, 0.2
# The same of all lists together.
_FIRST_OF_ALL = 800
# Of all lists together, for each of some states whose best claims are wanted; of more states than
# these each list is looked at for itself.
_NEAREST_OF_STATES, _SOME_STATES = 150, 40
# Of each list then: what is looked at first. Its SURE first tell how near the others must be.
_FIRST_OF_EACH = 48


def union(pieces: Iterable[Rows]) -> Rows:
    """Ascending, each once; by sorting, which is quicker here than what `np.unique` does."""
    rows: Rows = np.sort(np.concatenate(list(pieces)))
    return rows[np.flatnonzero(np.diff(rows, prepend=-1))]


class _Bests:
    """Of each state its nearest rows among those that were looked at: several where they are
    equally near."""

    def __init__(self, states: int) -> None:
        self.similarity: Scores = np.full(states, -np.inf, np.float32)
        self._seen: list[tuple[Rows, Rows, Scores]] = []

    def add(self, rows: Rows, states: Rows, similarity: Scores) -> None:
        np.maximum.at(self.similarity, states, similarity)
        self._seen.append((rows, states, similarity))

    @property
    def rows(self) -> Rows:
        """Ascending, each once."""
        return union(rows[near >= self.similarity[of]] for rows, of, near in self._seen)


class Scope:
    """Of one generation; safe to share between threads that only read."""

    def __init__(self, generation: Generation, passing: Passing, *, exact: bool = False) -> None:
        self._passing = passing
        self._index = generation.index
        self._starts = generation.state_starts
        self._ends = np.append(self._starts[1:], generation.index.count)
        self._codes: Codes | None = None
        codes = generation.codes
        if exact or codes is None or self.count <= FEW_ROWS:
            return
        if self.count * FEWER > passing.listed:
            self._codes = codes
        # What lists say by themselves needn't be looked up row by row.
        self._says_all = passing.is_all_listed and codes.count == generation.index.count

    @property
    def mask(self) -> Mask:
        return self._passing.mask

    @property
    def count(self) -> int:
        return self._passing.count

    @property
    def complete(self) -> bool:
        """Whether every row is looked at, whatever is asked."""
        return self._codes is None

    @property
    def rows(self) -> Rows:
        return self._passing.rows

    def of_state(self, state: int) -> Rows:
        """Of the `state`-th in the order of the index."""
        start, end = self._starts[state], self._ends[state]
        rows: Rows = np.flatnonzero(self.mask[start:end]) + start
        return rows

    def similarities(self, query: Vectors, rows: Rows) -> Scores:
        return self._index.similarities(query, rows)

    def nearest(self, query: Vectors, most: int) -> tuple[Rows, float]:
        """Rows among which the `most` nearest are, ascending, and a similarity that no row but
        these has more of."""
        codes = self._codes
        if codes is None:
            return self.rows, -np.inf
        asked = max(_FIRST_OF_ALL, 8 * most)
        while asked < _ALL * self.count:
            rows, told = codes.nearest(
                query, self._lists_of(self._states).ravel(), asked, self._selector
            )
            if len(rows) < asked:
                return np.sort(rows), -np.inf
            similarity = self.similarities(query, rows)
            floor = float(codes.bound.hidden(told[-1:])[0])
            if np.count_nonzero(similarity > floor) >= most:
                return np.sort(rows), floor
            asked *= _MORE
        return self.rows, -np.inf

    def at_least(self, query: Vectors, least: float) -> Rows:
        """All rows that are so similar, ascending."""
        if self._codes is None:
            rows = self.rows
        else:
            states = self._states
            rows = self.of_each(np.repeat(query[None], len(states), 0), states, 0, least)[0]
        found: Rows = np.sort(rows[self.similarities(query, rows) >= least])
        return found

    def best_states(self, query: Vectors, wanted: int) -> Rows:
        """Rows among which is the best one of each of the `wanted` states that come nearest,
        ascending."""
        codes = self._codes
        if codes is None:
            return self.rows
        states = self._states
        wanted = min(wanted, len(states))
        bests = _Bests(len(self._starts))
        left = states
        if wanted <= _SOME_STATES:
            # Most of these are among the nearest claims of all; whoever isn't is looked for alone.
            asked = _NEAREST_OF_STATES * wanted
            rows, told = codes.nearest(query, self._lists_of(states).ravel(), asked, self._selector)
            floor = float(codes.bound.hidden(told[-1:])[0]) if len(rows) == asked else -np.inf
            bests.add(rows, self._state_of(rows), self.similarities(query, rows))
            if np.count_nonzero(bests.similarity > floor) >= wanted:
                return bests.rows
            left = states[bests.similarity[states] <= floor]
        asked, bound = _FIRST_OF_EACH, codes.bound
        while len(left):
            queries = np.repeat(query[None], len(left), 0)
            own, told = codes.nearest_each(queries, self._lists_of(left), asked, self._selector)
            first, others = slice(SURE), slice(SURE, None)
            for part, may_be in ((first, bound.hidden), (others, bound.hidden_best)):
                self._add_nearer(bests, query, left, own[:, part], told[:, part], may_be)
            hidden = self._hidden(own, told)
            least = -np.partition(-bests.similarity, wanted - 1)[wanted - 1]
            left = left[(hidden > bests.similarity[left]) & (hidden >= least)]
            asked *= _MORE
        return bests.rows

    def _add_nearer(
        self,
        bests: _Bests,
        query: Vectors,
        states: Rows,
        rows: Rows,
        told: Scores,
        may_be: Callable[[Scores], Scores],
    ) -> None:
        """Of the i-th row of `rows`, which are of the i-th of `states`, those that may be as near
        as its best."""
        i, place = np.nonzero(rows >= 0)
        of = states[i]
        may = may_be(told[i, place]) >= bests.similarity[of]
        near, of = rows[i, place][may], of[may]
        bests.add(near, of, self.similarities(query, near))

    def of_each(
        self, queries: Vectors, states: Rows, most: int, least: float, asked: int = _FIRST
    ) -> tuple[Rows, Rows]:
        """For the i-th query and the i-th state: rows among which are the `most` nearest, and all
        that are at least so similar. The rows, and for each of them its i, which ascends."""
        pieces: list[tuple[Rows, Rows]] = []
        left = np.arange(len(states))
        sizes = (self._ends - self._starts)[states]
        asked = max(asked, 4 * most)
        while len(left):
            whole = np.full(len(left), self._codes is None) | (asked > _ALL * sizes[left])
            for i in left[whole].tolist():
                own = self.of_state(int(states[i]))
                pieces.append((own, np.full(len(own), i)))
            left = left[~whole]
            if self._codes is None or not len(left):
                break
            rows, told = self._codes.nearest_each(
                queries[left], self._lists_of(states[left]), asked, self._selector
            )
            open_: list[int] = []
            for place, i in enumerate(left.tolist()):
                found = self._needed(queries[i], rows[place], told[place], most, least)
                if found is None:
                    open_.append(i)
                else:
                    pieces.append((found, np.full(len(found), i)))
            left = np.array(open_, np.int64)
            asked *= _MORE
        pieces.sort(key=lambda piece: int(piece[1][0]) if len(piece[1]) else -1)
        if not pieces:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return np.concatenate([p[0] for p in pieces]), np.concatenate([p[1] for p in pieces])

    def _needed(
        self, query: Vectors, rows: Rows, told: Scores, most: int, least: float
    ) -> Rows | None:
        """Of the `rows` of a list of which most is told: those that may be among the `most` nearest
        or so similar. None where others of the list may be."""
        assert self._codes is not None
        bound = self._codes.bound
        hidden = -np.inf if rows[-1] < 0 else float(bound.hidden(told[-1:])[0])
        if hidden >= least:
            return None
        rows = rows[rows >= 0]
        enough = least
        if most:
            similar = self.similarities(query, rows)
            if hidden > -np.inf and np.count_nonzero(similar > hidden) < most:
                return None
            enough = -np.inf
            if len(rows) > most:
                enough = min(least, float(np.partition(similar, -most)[-most]))
        needed: Rows = rows[bound.hidden(told[: len(rows)]) >= enough]
        return needed

    def _hidden(self, rows: Rows, told: Scores) -> Scores:
        """Of each list: how similar its best row may be where it isn't among these."""
        assert self._codes is not None
        hidden = np.full(len(rows), -np.inf, np.float32)
        more = rows[:, -1] >= 0
        hidden[more] = self._codes.bound.hidden_best(told[more, -1])
        return hidden

    def _state_of(self, rows: Rows) -> Rows:
        """In the order of the index."""
        return np.searchsorted(self._starts, rows, side="right") - 1

    @cached_property
    def _states(self) -> Rows:
        """Those that may have any of the rows."""
        return np.flatnonzero(self._passing.used.any(axis=0))

    def _lists_of(self, states: Rows) -> Rows:
        """Of each of these, shape (states, 1 or 2); -1 for one that none of the rows is in."""
        used = self._passing.used
        lists = np.where(used[:, states], 2 * states + np.arange(2)[:, None], -1)
        return lists[used.any(axis=1)].T

    @cached_property
    def _selector(self) -> Selector | None:
        return None if self._says_all else Selector(self.mask)
