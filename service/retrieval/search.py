"""Ranking: every row that passes the filters is scored, grouped, and folded. Nothing is guessed
from a candidate list, so with k matching claims k hits come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

import numpy as np
import numpy.typing as npt

from service.domain.blocs import Blocs
from service.domain.questions import GroupBy, Question, SearchMode, Sort
from service.domain.stages import proceed
from service.retrieval.columns import KINDS, Mask
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation

# Sentences of one state at least this alike are shown once.
SAME_WORDING = 0.95
# So many rows are compared each with each rather than searched for twins one by one.
FEW = 16
# Reciprocal rank fusion's constant (Cormack, Clarke and Buettcher 2009).
FUSION = 60
# A claim counts as being on the point where only one random pair in a thousand is as alike: for
# the number behind a group, for `recent`, and for a topic in free text.
ON_POINT_PERCENTILE = 99.9
# Below it, one in eight of the hits that the stance model calls aligned is, and hardly any of those
# that it calls opposed: they are about something else.
SAME_SUBJECT_PERCENTILE = 99.0

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


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
    """Hits of one state or statement (or of all, ungrouped), best first."""

    count: int
    hits: tuple[RankedHit, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """Every row's figures: `rank_by` is -inf where a row is filtered out."""

    similarity: npt.NDArray[np.float32]
    rank_by: Floats | npt.NDArray[np.float32]
    asked: npt.NDArray[np.int16] | None


def allowed_rows(
    question: Question, generation: Generation, blocs: Blocs, topic_vectors: Sequence[Vectors]
) -> Mask:
    """Rows that pass every filter."""
    columns = generation.columns
    mask = _of_wanted_states(question, generation)
    if question.kinds is not None:
        kinds = [KINDS.index(kind) for kind in question.kinds]
        mask &= np.isin(columns.kind, kinds) if len(kinds) > 1 else columns.kind == kinds[0]
    if question.earliest or question.latest:
        mask &= columns.overlapping(
            question.earliest.first if question.earliest else None,
            question.latest.last if question.latest else None,
        )
    if question.forum:
        part = question.forum.casefold()
        found = [i for i, forum in enumerate(columns.forums) if part in forum.casefold()]
        mask &= np.isin(columns.forum, found)
    if question.blocs:
        mask &= _members_at_the_time(question.blocs, generation, blocs, mask)
    if question.topics:
        mask &= _on_topics(question, generation, topic_vectors, mask)
    return mask


def score(
    question: Question,
    generation: Generation,
    queries: Vectors,
    sides: Sequence[tuple[Vectors, Vectors] | None],
    mask: Mask,
) -> list[Scored]:
    """One `Scored` for each row of `queries`, shape (parts, dimension). Where a part has
    two `sides`, rows are ranked by the nearer of them; their similarity stays the query's own."""
    scored = []
    for part, query, asked in zip(question.parts, queries, sides, strict=True):
        proceed()
        similarity = generation.index.scores(query, mask)
        if question.mode in (SearchMode.DENSE, SearchMode.EXACT):
            rank_by = similarity
            if asked is not None:
                rank_by = np.maximum(*(generation.index.scores(side, mask) for side in asked))
            scored.append(Scored(similarity, rank_by, None))
            continue
        rows, bm25 = generation.library.matches(part.text)
        lexical = np.full(len(mask), -np.inf)
        lexical[rows] = bm25
        lexical[~mask] = -np.inf
        if question.mode is SearchMode.HYBRID:
            scored.append(Scored(similarity, _fused(similarity, lexical), None))
        else:
            scored.append(Scored(similarity, lexical, None))
    return scored


def merge(parts: Sequence[Scored]) -> Scored:
    """Each row by the part of the query that it answers best."""
    if len(parts) == 1:
        return parts[0]
    rank_by, similarity = parts[0].rank_by.copy(), parts[0].similarity.copy()
    asked = np.zeros(len(rank_by), np.int16)
    for number, part in enumerate(parts[1:], start=1):
        better = part.rank_by > rank_by
        rank_by[better] = part.rank_by[better]
        similarity[better] = part.similarity[better]
        asked[better] = number
    return Scored(similarity, rank_by, asked)


def rank(
    question: Question, generation: Generation, scored: Scored, skip: int, most: int
) -> list[RankedGroup]:
    """`most` of the best groups after the first `skip`, or, where ungrouped, of the best hits, one
    group a hit."""
    columns = generation.columns
    rank_by = scored.rank_by
    if question.sort is Sort.RECENT:
        near = scored.similarity >= generation.similarity_at(ON_POINT_PERCENTILE)
        rank_by = np.where(near, rank_by, -np.inf)
    ranking = _Ranking(question, generation, scored, rank_by)
    if not len(rank_by):
        return []
    if question.group_by is GroupBy.NONE:
        hits = ranking.hits(np.flatnonzero(rank_by > -np.inf), skip + most)
        return [RankedGroup(1, (hit,)) for hit in hits[skip:]]
    by_state = question.group_by is GroupBy.STATE
    starts = generation.state_starts if by_state else generation.statement_starts
    ends = np.append(starts[1:], len(columns))
    groups = []
    level = generation.similarity_at(ON_POINT_PERCENTILE)
    for number in ranking.best_groups(starts)[skip : skip + most]:
        start, end = starts[number], ends[number]
        rows = np.flatnonzero(rank_by[start:end] > -np.inf) + start
        hits = ranking.hits(rows, question.per_state)
        near_level = int(np.count_nonzero(scored.similarity[rows] >= level))
        shown = sum(1 + hit.folded for hit in hits)
        groups.append(RankedGroup(max(near_level, shown), tuple(hits)))
    return groups


class _Ranking:
    """Orders rows, and folds near-identical ones of a state, for one question."""

    def __init__(
        self,
        question: Question,
        generation: Generation,
        scored: Scored,
        rank_by: Floats | npt.NDArray[np.float32],
    ) -> None:
        self._question = question
        self._generation = generation
        self._scored = scored
        self._rank_by = rank_by

    def best_groups(self, starts: Rows) -> Rows:
        """Numbers of the groups that have a row, in the order of the question's `sort`."""
        best = np.maximum.reduceat(self._rank_by, starts)
        if self._question.sort is Sort.RECENT:
            dates = np.where(self._rank_by > -np.inf, self._generation.columns.last, -1)
            order = np.lexsort((-best, -np.maximum.reduceat(dates, starts)))
        else:
            order = np.argsort(-best, kind="stable")
        return order[best[order] > -np.inf]

    def hits(self, rows: Rows, most: int) -> list[RankedHit]:
        """The first `most` of `rows`, each standing for those that fold into it."""
        if not self._question.fold:
            chosen = list(islice(self._ordered(rows, most), most))
            folded = [0] * len(chosen)
        elif len(rows) <= FEW:
            chosen, folded = self._folding_few(rows, most)
        else:
            chosen = self._distinct(rows, most)
            folded = self._folded(rows, chosen)
        asked = self._scored.asked
        dense = self._question.mode in (SearchMode.DENSE, SearchMode.EXACT)
        return [
            RankedHit(
                row,
                float(self._scored.similarity[row]),
                float(self._scored.rank_by[row]) if dense else None,
                0 if asked is None else int(asked[row]),
                count,
            )
            for row, count in zip(chosen, folded, strict=True)
        ]

    def _ordered(self, rows: Rows, most: int) -> Iterator[int]:
        """Rows best first, ties by place. Sorted in growing pieces: few are ever needed."""
        key = self._keys(rows)
        size = max(64, 4 * most)
        done = 0
        while done < len(rows):
            if size < len(rows):
                # Everything at least as good as the size-th, so that ties aren't cut apart.
                least = np.partition(key, size - 1)[size - 1]
                head = np.flatnonzero(key <= least)
            else:
                head = np.arange(len(rows))
            order = head[key[head].argsort(kind="stable")]  # rows ascend
            yield from (int(rows[i]) for i in order[done:])
            done = len(order)
            size *= 8

    def _keys(self, rows: Rows) -> Floats:
        """Ascending: the best has the smallest. Recent: later days first, then rank."""
        rank_by = -self._rank_by[rows].astype(np.float64)
        if self._question.sort is not Sort.RECENT:
            return rank_by
        _, place = np.unique(rank_by, return_inverse=True)
        later = -self._generation.columns.last[rows].astype(np.float64)
        return later * (len(rows) + 1) + place

    def _folding_few(self, rows: Rows, most: int) -> tuple[list[int], list[int]]:
        """`_distinct` and `_folded` in one, by comparing all of a few rows with each other."""
        vectors = self._generation.index.vectors(rows)
        state = self._generation.columns.state[rows]
        products = np.where(state[:, None] == state, vectors @ vectors.T, -1.0)
        order = self._keys(rows).argsort(kind="stable")
        if np.count_nonzero(products >= SAME_WORDING) == len(rows):  # each is like itself alone
            return rows[order[:most]].tolist(), [0] * min(most, len(rows))
        alike = products.tolist()
        chosen: list[int] = []
        for i in order.tolist():
            if len(chosen) < most and all(alike[i][c] < SAME_WORDING for c in chosen):
                chosen.append(i)
        folded = [0] * len(chosen)
        for i in set(range(len(rows))).difference(chosen):
            likeness, nearest = max((alike[i][c], -place) for place, c in enumerate(chosen))
            folded[-nearest] += likeness >= SAME_WORDING
        return [int(rows[i]) for i in chosen], folded

    def _distinct(self, rows: Rows, most: int) -> list[int]:
        """The first `most` of `rows` of which none says the same as one before it."""
        chosen: list[int] = []
        for row in self._ordered(rows, most):
            if self._has_twin(row, chosen):
                continue
            chosen.append(row)
            if len(chosen) == most:
                break
        return chosen

    def _has_twin(self, row: int, chosen: Sequence[int]) -> bool:
        """Whether a chosen hit says the same for the same state."""
        state = self._generation.columns.state
        same = [c for c in chosen if state[c] == state[row]]
        if not same:
            return False
        index = self._generation.index
        return bool((index.vectors(same) @ index.vectors(row)).max() >= SAME_WORDING)

    def _folded(self, rows: Rows, chosen: Sequence[int]) -> list[int]:
        """For each chosen hit, how many other rows of its state are nearly identical to it; a
        row counts once, for the hit that it is most like."""
        counts = [0] * len(chosen)
        state, index = self._generation.columns.state, self._generation.index
        for code in dict.fromkeys(int(state[row]) for row in chosen):
            mine = [i for i, row in enumerate(chosen) if state[row] == code]
            heads = [chosen[i] for i in mine]
            # Rows stand by state, so a state's rows are one slice of the ascending `rows`.
            low, high = np.searchsorted(state[rows], [code, code + 1])
            own = rows[low:high]
            alike = index.products(heads, own, SAME_WORDING)
            twins = np.flatnonzero(alike.max(axis=0) >= SAME_WORDING)
            for row, nearest in zip(own[twins], alike[:, twins].argmax(axis=0), strict=True):
                if row not in heads:
                    counts[mine[nearest]] += 1
        return counts


def _fused(similarity: npt.NDArray[np.float32], lexical: Floats) -> Floats:
    """Reciprocal rank fusion over all rows; those that share no word have no second term."""
    fused = np.full(len(similarity), -np.inf)
    within = np.flatnonzero(similarity > -np.inf)
    fused[within] = 1.0 / (FUSION + 1.0 + _ranks(-similarity[within]))
    matched = np.flatnonzero(lexical > -np.inf)
    fused[matched] += 1.0 / (FUSION + 1.0 + _ranks(-lexical[matched]))
    return fused


def _ranks(values: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _of_wanted_states(question: Question, generation: Generation) -> Mask:
    columns, starts = generation.columns, generation.state_starts
    ends = np.append(starts[1:], len(columns))
    mask = np.ones(len(columns), np.bool_)
    for start, end, code in zip(starts, ends, columns.state[starts].tolist(), strict=False):
        state = columns.states[code]
        if state in question.exclude or (question.states and state not in question.states):
            mask[start:end] = False
    return mask


def _members_at_the_time(
    names: Sequence[str], generation: Generation, blocs: Blocs, mask: Mask
) -> Mask:
    """Rows whose state belonged to one of the blocs on the last day that their date can mean:
    the General Debate, dated by its year alone, is held in September."""
    columns = generation.columns
    member = np.zeros(len(mask), np.bool_)
    for day in np.unique(columns.last[mask]).tolist():
        codes: set[str] = set()
        for name in names:
            codes |= blocs.members(name, date.fromordinal(day))
        inside = [i for i, state in enumerate(columns.states) if state in codes]
        member |= (columns.last == day) & np.isin(columns.state, inside)
    return member


def _on_topics(
    question: Question, generation: Generation, vectors: Sequence[Vectors], within: Mask
) -> Mask:
    """Rows tagged with one of the topics, or near to one that is given in free text."""
    columns = generation.columns
    mask = np.zeros(len(columns), np.bool_)
    free = iter(vectors)
    least = generation.similarity_at(ON_POINT_PERCENTILE)
    for topic in question.topics:
        if topic.id is None:
            mask |= generation.index.scores(next(free), within) >= least
        else:
            mask |= columns.on_topic(topic.id)
    return mask
