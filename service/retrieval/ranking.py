"""Scored claims in order: grouped by state or statement, near-identical ones folded into one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from service.domain.questions import GroupBy, Question, SearchMode, Sort
from service.retrieval.generations import Generation
from service.retrieval.index import Rows
from service.retrieval.levels import ON_POINT_PERCENTILE, SAME_WORDING
from service.retrieval.scope import Scope

# So many rows are compared each with each rather than searched for twins one by one.
FEW = 128
# Hits that are compared with each other, and with those before them, at a time.
_AT_ONCE = 128

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankedHit:
    """A row, its similarity, and the number of near-identical rows that it stands for. `nearness`
    is its similarity to the question or to what was asked beside it, the greater one; None where
    it was ranked by words."""

    row: int
    similarity: float
    nearness: float | None
    asked: int
    folded: int


@dataclass(frozen=True, slots=True)
class RankedGroup:
    """Hits of one state or statement (or one of all, ungrouped), best first."""

    count: int
    hits: tuple[RankedHit, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """Ascending `rows` and their figures, all of shape (rows,); `asked` is the number of the part
    that a row answers best. `rank_by` is -inf where a row doesn't answer at all."""

    rows: Rows
    similarity: npt.NDArray[np.float32]
    rank_by: Floats | npt.NDArray[np.float32]
    asked: npt.NDArray[np.int16]

    def of(self, places: Rows | slice) -> Scored:
        """Those at these places, which ascend."""
        return Scored(
            self.rows[places], self.similarity[places], self.rank_by[places], self.asked[places]
        )


class Ranking:
    """Of the `scored` rows that answer one question.

    Where these aren't all in `scope`, `certain` says how many of each group are sure to be its best
    ones (0: all that are there), and `scored_too` scores others.
    """

    def __init__(
        self,
        question: Question,
        generation: Generation,
        scored: Scored,
        scope: Scope,
        certain: int | None = None,
        scored_too: Callable[[Rows], Scored] | None = None,
    ) -> None:
        self._question = question
        self._generation = generation
        self._scored = scored.of(np.flatnonzero(scored.rank_by > -np.inf))
        self._scope = scope
        self._certain = certain
        self._scored_too = scored_too

    def groups(self, skip: int, most: int) -> list[RankedGroup]:
        """`most` of the best groups after the first `skip`; ungrouped, a group a hit."""
        scored, columns = self._scored, self._generation.columns
        if not len(scored.rows):
            return []
        if self._question.group_by is GroupBy.NONE:
            (hits,) = self._folded([self._hits(scored, skip + most)])
            return [RankedGroup(1, (hit,)) for hit in hits[skip:]]
        by_state = self._question.group_by is GroupBy.STATE
        starts = columns.starts((columns.state if by_state else columns.statement)[scored.rows])
        ends = np.append(starts[1:], len(scored.rows))
        level = self._generation.similarity_at(ON_POINT_PERCENTILE)
        owns = [
            scored.of(slice(starts[number], ends[number]))
            for number in self._best(starts)[skip : skip + most]
        ]
        near = [int(np.count_nonzero(own.similarity >= level)) for own in owns]
        per_state = self._question.per_state
        firsts = self._all_distinct(owns, per_state) if self._question.fold else [None] * len(owns)
        chosen = [
            self._hits(own, per_state, first) for own, first in zip(owns, firsts, strict=True)
        ]
        return [
            RankedGroup(max(count, sum(1 + hit.folded for hit in hits)), tuple(hits))
            for count, hits in zip(near, self._folded(chosen), strict=True)
        ]

    def _best(self, starts: Rows) -> list[int]:
        """Numbers of the groups, in the order of the question's `sort`."""
        best = np.maximum.reduceat(self._scored.rank_by, starts)
        if self._question.sort is Sort.RECENT:
            last = np.maximum.reduceat(self._generation.columns.last[self._scored.rows], starts)
            found: list[int] = np.lexsort((-best, -last)).tolist()
        else:
            found = np.argsort(-best, kind="stable").tolist()
        return found

    def _hits(self, scored: Scored, most: int, first: list[int] | None = None) -> list[RankedHit]:
        """The first `most` of a group, of which, folded, none says the same as one before it. They
        are at the places `first`, where that is known."""
        partial = bool(self._certain)
        if not self._question.fold:
            places = list(islice(self._ordered(scored, most), most))
        else:
            sure = self._certain if partial else None
            places = self._distinct(scored, most, sure) if first is None else first
            if partial and len(places) < most and self._scored_too:
                state = np.searchsorted(self._generation.state_starts, scored.rows[0], "right") - 1
                of_state = self._scope.of_state(int(state))
                if len(of_state) > len(scored.rows):
                    scored = self._scored_too(of_state)
                    places = self._distinct(scored, most, None)
        dense = self._question.mode in (SearchMode.DENSE, SearchMode.EXACT)
        return [
            RankedHit(
                int(scored.rows[place]),
                float(scored.similarity[place]),
                float(scored.rank_by[place]) if dense else None,
                int(scored.asked[place]),
                0,
            )
            for place in places
        ]

    def _ordered(self, scored: Scored, most: int) -> Iterator[int]:
        """Places best first, ties by row. Sorted in growing pieces: few are ever needed."""
        key = self._keys(scored)
        size = max(64, 4 * most)
        done = 0
        while size < len(key):
            # Everything at least as good as the size-th, so that ties aren't cut apart.
            head = np.flatnonzero(key <= np.partition(key, size - 1)[size - 1])
            order = head[key[head].argsort(kind="stable")]  # rows ascend
            yield from order[done:].tolist()
            done = len(order)
            size *= 8
        yield from key.argsort(kind="stable")[done:].tolist()

    def _keys(self, scored: Scored) -> Floats:
        """Ascending: the best has the smallest. Recent: later days first, then rank."""
        rank_by = -scored.rank_by.astype(np.float64)
        if self._question.sort is not Sort.RECENT:
            return rank_by
        _, place = np.unique(rank_by, return_inverse=True)
        later = -self._generation.columns.last[scored.rows].astype(np.float64)
        return later * (len(rank_by) + 1) + place

    def _all_distinct(self, groups: Sequence[Scored], most: int) -> list[list[int] | None]:
        """Of each group the places of its first `most` where no two of them say the same, as is the
        rule, else None: for few groups, whose vectors are then read and compared at once."""
        sure = min(most, self._certain or most)
        if not groups or sure * len(groups) > _AT_ONCE:
            return [None] * len(groups)
        firsts = [list(islice(self._ordered(own, most), sure)) for own in groups]
        of = np.repeat(np.arange(len(groups)), [len(first) for first in firsts])
        rows = np.concatenate([own.rows[first] for own, first in zip(groups, firsts, strict=True)])
        vectors = self._generation.index.vectors(rows)
        same = (vectors @ vectors.T >= SAME_WORDING) & (of[:, None] == of)
        np.fill_diagonal(same, val=False)
        alike = set(of[same.any(axis=1)].tolist())
        return [None if number in alike else first for number, first in enumerate(firsts)]

    def _distinct(self, scored: Scored, most: int, sure: int | None) -> list[int]:
        """The first `most` of which none says the same as one before it, among the `sure` ones."""
        order = islice(self._ordered(scored, most), sure)
        chosen: list[int] = []
        while some := list(islice(order, min(most - len(chosen), _AT_ONCE))):
            places = [*chosen, *some]
            rows = scored.rows[places]
            vectors = self._generation.index.vectors(rows)
            state = self._generation.columns.state[rows]
            new = len(chosen)
            same = (vectors[new:] @ vectors.T >= SAME_WORDING) & (state[new:, None] == state)
            if np.count_nonzero(same) == len(some):  # each with itself
                chosen = places
                continue
            kept = list(range(new))
            for number, like in enumerate(same, start=new):
                if not like[kept].any():
                    kept.append(number)
            chosen = [places[number] for number in kept]
        return chosen

    def _folded(self, groups: list[list[RankedHit]]) -> list[list[RankedHit]]:
        """The same hits, each with the number of other rows that it stands for: those of its group
        (ungrouped, of its state) that are nearly identical to it. A row counts once, for the hit
        that it is most like."""
        heads = [hit.row for hits in groups for hit in hits]
        if not self._question.fold or not heads:
            return groups
        counts = Counter(self._most_like(heads).values())
        if not counts:
            return groups
        return [[replace(hit, folded=counts[hit.row]) for hit in hits] for hits in groups]

    def _most_like(self, heads: Sequence[int]) -> dict[int, int]:
        """Of each row that is nearly identical to heads, the one that it is most like."""
        found: dict[int, tuple[float, int]] = {}
        pairs = self._pairs_in_all(heads) if self._certain is None else self._pairs_in_scope(heads)
        taken = set(heads)
        for row, head, alike in pairs:
            if row not in taken and alike > found.get(row, (-1.0, 0))[0]:
                found[row] = alike, head
        return {row: head for row, (_, head) in found.items()}

    def _pairs_in_scope(self, heads: Sequence[int]) -> Iterator[tuple[int, int, float]]:
        """Nearly identical ones of a state: row, head, and how alike they are."""
        index = self._generation.index
        vectors = index.vectors(np.array(heads, np.int64))
        states = np.searchsorted(self._generation.state_starts, heads, side="right") - 1
        rows, of_head = self._scope.of_each(vectors, states, 0, SAME_WORDING)
        alike = np.einsum("ij,ij->i", index.vectors(rows), vectors[of_head])
        for place in np.flatnonzero(alike >= SAME_WORDING).tolist():
            yield int(rows[place]), heads[of_head[place]], float(alike[place])

    def _pairs_in_all(self, heads: Sequence[int]) -> Iterator[tuple[int, int, float]]:
        """The same where all rows are scored: of a group, or ungrouped of a state."""
        columns, index, rows = self._generation.columns, self._generation.index, self._scored.rows
        by_statement = self._question.group_by is GroupBy.STATEMENT
        begins = columns.starts((columns.statement if by_statement else columns.state)[rows])
        ends = np.append(begins[1:], len(rows))
        group = np.searchsorted(begins, np.searchsorted(rows, heads), side="right") - 1
        own_heads: dict[int, list[int]] = {}
        for head, number in zip(heads, group.tolist(), strict=True):
            own_heads.setdefault(number, []).append(head)
        spans = {number: rows[begins[number] : ends[number]] for number in own_heads}
        few = [own for own in spans.values() if len(own) <= FEW]
        left = index.vectors(np.concatenate(few)) if few else np.empty((0, index.dimension))
        for number, own in spans.items():
            if len(own) <= FEW:
                vectors, left = left[: len(own)], left[len(own) :]
                alike = vectors[np.searchsorted(own, own_heads[number])] @ vectors.T
            else:
                alike = index.products(own_heads[number], own, SAME_WORDING)
            for pair in np.flatnonzero(alike >= SAME_WORDING).tolist():
                head, place = divmod(pair, len(own))
                yield int(own[place]), own_heads[number][head], float(alike[head, place])
