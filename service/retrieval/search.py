"""From what is asked to the claims that answer it: scored, grouped, and folded.

Every claim that passes the filters is looked at, in full or by its code (`scope`), and nothing is
filtered afterwards: with k matching claims k hits come back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.domain.blocs import Blocs
from service.domain.questions import GroupBy, Part, Question, SearchMode, Sort
from service.domain.stages import Stage, proceed, stage
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation
from service.retrieval.index import Rows
from service.retrieval.levels import ON_POINT_PERCENTILE
from service.retrieval.passing import Passing
from service.retrieval.ranking import RankedGroup, Ranking, Scored
from service.retrieval.scope import union
from service.retrieval.scoping import scope_of

# Reciprocal rank fusion's constant (Cormack, Clarke and Buettcher 2009).
FUSION = 60
_DENSE = (SearchMode.DENSE, SearchMode.EXACT)
# Rows of a state that are looked at for each hit that it shows, before all of them are.
_FOR_EACH_HIT = 4
# Of each of these states, what is looked at first: as a rule all that is on the point.
_AT_FIRST = 128

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Asked:
    """One part of a question. Where it has two `sides`, rows are ranked by the nearer of them;
    their similarity stays the query's own."""

    part: Part
    query: Vectors
    sides: tuple[Vectors, Vectors] | None = None

    @property
    def ranked_by(self) -> tuple[Vectors, ...]:
        return self.sides or (self.query,)


class Search:
    """Of one question, in one generation."""

    def __init__(
        self,
        question: Question,
        generation: Generation,
        passing: Passing,
        blocs: Blocs | None = None,
    ) -> None:
        """`passing` is what passes the question's filters, `blocs` are those that they may name."""
        self._question = question
        self._generation = generation
        self._scope = scope_of(question, generation, passing, blocs)
        self._whole: dict[int, Scored] = {}  # of parts that were scored in all rows

    def page(self, asked: Sequence[Asked], skip: int, most: int) -> list[RankedGroup]:
        """`most` of the best groups after the first `skip`, or, where ungrouped, of the best hits,
        one group a hit."""
        if not self._scope.count or skip + most < 1:
            return []
        scope, by_state = self._scope, self._question.group_by is GroupBy.STATE
        if not scope.complete and self._question.sort is not Sort.RECENT and not by_state:
            return self._of_nearest(asked, skip, most)
        with stage(Stage.SEARCH):
            if scope.complete:
                ranking = self._ranking(self._scored(asked, scope.rows))
            elif self._question.sort is Sort.RECENT:
                ranking = self._ranking(self._scored(asked, self._near(asked)))
            else:
                ranking, skip = self._of_states(asked, skip, most), 0
        with stage(Stage.GROUP):
            return ranking.groups(skip, most)

    def on_point(self, asked: Sequence[Asked]) -> Rows:
        """Every row that is on the point, ascending; of words, of those that share one."""
        complete = self._scope.complete
        with stage(Stage.SEARCH):
            scored = self._scored(asked, self._scope.rows if complete else self._near(asked))
        return scored.rows[(scored.rank_by > -np.inf) & (scored.similarity >= self._level)]

    @property
    def _level(self) -> float:
        return self._generation.similarity_at(ON_POINT_PERCENTILE)

    def _ranking(self, scored: Scored, certain: int | None = None) -> Ranking:
        if self._question.sort is Sort.RECENT:
            scored = scored.of(np.flatnonzero(scored.similarity >= self._level))
        return Ranking(self._question, self._generation, scored, self._scope, certain)

    def _of_states(self, asked: Sequence[Asked], skip: int, most: int) -> Ranking:
        """First which states, by the best of each; then all that these show and count. Those that
        are skipped are no more among them."""
        wanted = skip + most
        columns, per_state = self._generation.columns, self._question.per_state
        vectors = [vector for one in asked for vector in one.ranked_by]
        best = self._scored(asked, union(self._scope.best_states(v, wanted) for v in vectors))
        order = best.rows[np.argsort(-best.rank_by, kind="stable")]
        codes = list(dict.fromkeys(columns.state[order].tolist()))[skip:wanted]
        shown = np.flatnonzero(np.isin(columns.state[self._generation.state_starts], codes))
        sure = _FOR_EACH_HIT * per_state
        rows = [self._rows_of(v, shown, sure, np.inf) for one in asked for v in one.sides or ()]
        rows += [self._rows_of(o.query, shown, 0 if o.sides else sure, self._level) for o in asked]
        rows.append(best.rows[np.isin(columns.state[best.rows], codes)])
        return Ranking(
            self._question,
            self._generation,
            self._scored(asked, union(rows)),
            self._scope,
            sure,
            lambda all_rows: self._scored(asked, all_rows),
        )

    def _rows_of(self, vector: Vectors, states: Rows, most: int, least: float) -> Rows:
        queries = np.repeat(vector[None], len(states), 0)
        return self._scope.of_each(queries, states, most, least, _AT_FIRST)[0]

    def _of_nearest(self, asked: Sequence[Asked], skip: int, most: int) -> list[RankedGroup]:
        """The nearest rows, and ever more of them until there are enough groups."""
        vectors = [vector for one in asked for vector in one.ranked_by]
        wanted = skip + most
        while True:
            with stage(Stage.SEARCH):
                found = [self._scope.nearest(vector, wanted) for vector in vectors]
                floor = max(floor for _, floor in found)
                scored = self._scored(asked, union(rows for rows, _ in found))
                scored = scored.of(np.flatnonzero(scored.rank_by > floor))
                certain: int | None = 0
                if self._question.group_by is GroupBy.STATEMENT:
                    scored, certain = self._of_statements(asked, scored, skip + most), None
            with stage(Stage.GROUP):
                groups = self._ranking(scored, certain).groups(skip, most)
            if len(groups) == most or floor == -np.inf:
                return groups
            wanted *= 4

    def _of_statements(self, asked: Sequence[Asked], scored: Scored, most: int) -> Scored:
        """All rows of the first statements that there are."""
        statements = self._generation.columns.statement
        order = scored.rows[np.argsort(-scored.rank_by, kind="stable")]
        first = list(dict.fromkeys(statements[order].tolist()))[:most]
        rows = np.flatnonzero(np.isin(statements, first) & self._scope.mask)
        return self._scored(asked, rows)

    def _near(self, asked: Sequence[Asked]) -> Rows:
        return union(self._scope.at_least(one.query, self._level) for one in asked)

    def _scored(self, asked: Sequence[Asked], rows: Rows) -> Scored:
        """Each of `rows`, which ascend, by the part of the question that it answers best."""
        first, *others = (self._kept(one, rows) for one in asked)
        if not others:
            return first
        rank_by, similarity = first.rank_by.copy(), first.similarity.copy()
        number = np.zeros(len(rows), np.int16)
        for place, other in enumerate(others, start=1):
            better = other.rank_by > rank_by
            rank_by[better] = other.rank_by[better]
            similarity[better] = other.similarity[better]
            number[better] = place
        return Scored(rows, similarity, rank_by, number)

    def _kept(self, asked: Asked, rows: Rows) -> Scored:
        if not self._scope.complete:
            return self._scored_one(asked, rows)
        if id(asked) not in self._whole:
            self._whole[id(asked)] = self._scored_one(asked, rows)
        return self._whole[id(asked)]

    def _scored_one(self, asked: Asked, rows: Rows) -> Scored:
        proceed()
        similarity = self._scope.similarities(asked.query, rows)
        rank_by: Floats | npt.NDArray[np.float32] = similarity
        if self._question.mode in _DENSE:
            if asked.sides is not None:
                rank_by = np.maximum(*(self._scope.similarities(s, rows) for s in asked.sides))
        else:
            lexical = self._bm25(asked.part.text, rows)
            hybrid = self._question.mode is SearchMode.HYBRID
            rank_by = _fused(similarity, lexical) if hybrid else lexical
        return Scored(rows, similarity, rank_by, np.zeros(len(rows), np.int16))

    def _bm25(self, text: str, rows: Rows) -> Floats:
        """Of each of `rows`; -inf where it shares no word with `text`."""
        matched, bm25 = self._generation.library.matches(text)
        of_all = np.full(len(self._generation.columns), -np.inf)
        of_all[matched] = bm25
        return of_all[rows]


def _fused(similarity: npt.NDArray[np.float32], lexical: Floats) -> Floats:
    """Reciprocal rank fusion over all rows; those that share no word have no second term."""
    fused: Floats = np.reciprocal(FUSION + 1.0 + _ranks(-similarity))
    matched = np.flatnonzero(lexical > -np.inf)
    fused[matched] += 1.0 / (FUSION + 1.0 + _ranks(-lexical[matched]))
    return fused


def _ranks(values: npt.NDArray[np.floating]) -> Rows:
    ranks = np.empty(len(values), np.int64)
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks
