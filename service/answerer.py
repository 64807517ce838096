"""From a checked question to its answer, on one generation: scores, ranks, pages, judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from service.analysis.answer_table import TabularAnswer
from service.analysis.facets import Facets, facets
from service.analysis.overview import Overview, overview
from service.answering import asked_too, echo, hit_of
from service.catalogue import Catalogue
from service.cursors import write_cursor
from service.domain.answers import AnsweredPart, Group, Hit
from service.domain.corrections import folded, text_sha256
from service.domain.questions import GroupBy, Question, SearchMode
from service.domain.stages import Stage, answered_from, stage
from service.domain.stance import Stance
from service.questions import MOST_GROUPS
from service.retrieval.encoder import Encoder, Vectors
from service.retrieval.filters import passing
from service.retrieval.generations import Generation
from service.retrieval.levels import ON_POINT_PERCENTILE, SAME_SUBJECT_PERCENTILE
from service.retrieval.ranking import RankedGroup
from service.retrieval.search import Asked, Search
from service.retrieval.wording import word_stems
from service.stance.contraries import Contraries, Sides
from service.stance.corrections import Corrections
from service.stance.judge import StanceJudge
from service.stance.rows import corrected, judged, ordered, row

ENOUGH_CLAIMS = 500
# Pairs that one answer has judged at most: a longer text's claims share them.
MOST_JUDGED = 600


class Answerer:
    """Of one question. `contraries` and `judge` are loaded where they are first needed."""

    def __init__(
        self,
        question: Question,
        generation: Generation,
        catalogue: Catalogue,
        encoder: Encoder,
        corrections: Corrections,
        *,
        contraries: Callable[[], Contraries],
        judge: Callable[[], StanceJudge],
    ) -> None:
        answered_from(generation.manifest.id)
        self._question = question
        self._generation = generation
        self._catalogue = catalogue
        self._encoder = encoder
        self._corrections = corrections
        self._contraries = contraries
        self._judge = judge

    def answer(self) -> TabularAnswer:
        return self._answer(*self._search())

    def facets(self) -> Facets:
        search, asked, sides = self._search()
        answer = self._answer(search, asked, sides) if self._question.judged else None
        return self._facets(search, asked, answer)

    def overview(self) -> Overview:
        search, asked, sides = self._search()
        answer = self._answer(search, asked, sides)
        return overview(answer, self._facets(search, asked, None), self._catalogue)

    def _facets(
        self, search: Search, asked: Sequence[Asked], answer: TabularAnswer | None
    ) -> Facets:
        return facets(
            self._generation,
            self._catalogue,
            search.on_point(asked),
            echo(self._question),
            self._level,
            answer,
        )

    @property
    def _level(self) -> float:
        return self._generation.similarity_at(ON_POINT_PERCENTILE)

    def _answer(
        self, search: Search, asked: Sequence[Asked], sides: list[Sides | None]
    ) -> TabularAnswer:
        question, manifest = self._question, self._generation.manifest
        parts: tuple[AnsweredPart, ...] = ()
        if len(asked) > 1 and question.cursor is None and question.by_part:
            parts = tuple(
                AnsweredPart(
                    text=part.text,
                    start=part.start,
                    end=part.end,
                    results=self._results(search, [one], number, len(asked) + 1)[0],
                )
                for number, (part, one) in enumerate(zip(question.parts, asked, strict=True))
            )
        results, used = self._results(search, asked, share=len(parts) + 1)
        return TabularAnswer(
            query=echo(question) | (asked_too(sides) if question.judged else {}),
            generation=manifest.id,
            model=manifest.model,
            level=round(self._level, 6),
            stance_model=self._judge().name if question.judged else None,
            results=results,
            parts=parts,
            next=None if used is None else write_cursor(question, manifest.id, used),
        )

    def _search(self) -> tuple[Search, list[Asked], list[Sides | None]]:
        """Where to search, each part, and what was asked beside it."""
        free = [topic.text for topic in self._question.topics if topic.id is None]
        texts = [part.text for part in self._question.parts]
        with stage(Stage.ENCODE):
            # One text at a time: a text's vector must not depend, even in its last bit, on its
            # neighbours, or the same question would not always have the same answer.
            queries = np.concatenate([self._encoder.encode([text]) for text in texts])
            topics = [self._encoder.encode([text])[0] for text in free]
        with stage(Stage.FILTER):
            sides = self._sides(queries)
            beside = [(found.holds, found.denies) if found else None for found in sides]
            blocs = self._catalogue.blocs
            found = passing(self._question, self._generation, blocs, topics)
            search = Search(self._question, self._generation, found, blocs)
        parts = zip(self._question.parts, queries, beside, strict=True)
        return search, [Asked(part, query, both) for part, query, both in parts], sides

    def _sides(self, queries: Vectors) -> list[Sides | None]:
        """Asked as well where stances are wanted: opposition words it differently."""
        if not self._question.judged or self._question.mode not in (
            SearchMode.DENSE,
            SearchMode.EXACT,
        ):
            return [None] * len(self._question.parts)
        return [self._contraries().of(query) for query in queries]

    def _results(
        self,
        search: Search,
        asked: Sequence[Asked],
        part: int | None = None,
        share: int = 1,
    ) -> tuple[tuple[Group, ...] | tuple[Hit, ...], int | None]:
        """One page, and how many groups (or hits) it and those before it have used up, None where
        it is the last one. `share` counts the lists of results that one answer holds: they share
        what is judged."""
        budget = MOST_JUDGED // share if self._question.judged else 0
        wanted, limit = self._question.stances, self._question.limit
        skip = self._question.cursor.skip if self._question.cursor else 0
        most = limit + 1 if wanted is None else MOST_GROUPS
        ranked = search.page(asked, skip, most)
        found: list[Group] = []
        used = 0
        # Where only some stances are wanted, the nearest are judged first, and no more of them
        # than fill the page.
        for start in range(0, len(ranked), limit):
            wave = ranked[start : start + limit]
            hits, judged_now = self._judged(wave, self._hits(wave, part), budget)
            budget -= judged_now
            for group in self._grouped(wave, hits):
                if wanted is not None and group.stance is None:
                    break  # not judged any more: the next page begins with it
                used += 1
                if wanted is None or group.stance in wanted:
                    found.append(group)
                if len(found) == limit:
                    break
            if len(found) == limit or budget <= 0:
                break
        after = skip + used if used < len(ranked) else None
        if self._question.group_by is GroupBy.NONE:
            return tuple(group.hits[0] for group in found), after
        return ordered(found), after

    def _grouped(self, groups: Sequence[RankedGroup], hits: Sequence[Hit]) -> list[Group]:
        results = []
        taken = iter(hits)
        for group in groups:
            own = tuple(next(taken) for _ in group.hits)
            by_statement = self._question.group_by is GroupBy.STATEMENT
            results.append(
                row(
                    Group(
                        state=own[0].state,
                        name=self._catalogue.state_name(own[0].state),
                        count=group.count,
                        hits=own,
                        statement_id=own[0].statement_id if by_statement else None,
                    )
                )
            )
        return results

    def _judged(
        self, groups: Sequence[RankedGroup], hits: list[Hit], most: int
    ) -> tuple[list[Hit], int]:
        """Hits with their stances, and how many were judged: at most `most`, the others keep none
        and say so by null. What is far from the question and from its contrary is about something
        else, whatever a model would say of it: it is unclear, with no probabilities."""
        if not self._question.judged:
            return hits, 0
        far_below = self._far_below()
        found = list(hits)
        asked: list[int] = []
        for place, hit in enumerate(hit for group in groups for hit in group.hits):
            if hit.nearness is not None and hit.nearness < far_below:
                found[place] = replace(found[place], stance=str(Stance.UNCLEAR))
            elif len(asked) < most:
                asked.append(place)
        pairs = [(self._question.parts[hits[i].asked].text, hits[i].text) for i in asked]
        if pairs:
            with stage(Stage.JUDGE):
                model = self._judge()
                verdicts = [model.calibration.found(verdict) for verdict in model.judge(pairs)]
            for place, verdict in zip(asked, verdicts, strict=True):
                found[place] = judged(hits[place], verdict)
        return self._corrected(found), len(asked)

    def _far_below(self) -> float:
        """In similarity. Few claims may all be about one subject: then none of them is far."""
        if len(self._generation.columns) < ENOUGH_CLAIMS:
            return -1.0
        return self._generation.similarity_at(SAME_SUBJECT_PERCENTILE)

    def _corrected(self, hits: list[Hit]) -> list[Hit]:
        """As users corrected them for the part that is answered, or else for the whole text."""
        parts = {hit.asked: folded(self._question.parts[hit.asked].text) for hit in hits}
        whole = folded(self._question.text)
        held = self._corrections.holding([*parts.values(), whole])
        if not held:
            return hits
        found = []
        for hit in hits:
            place = hit.claim_id, text_sha256(hit.text)
            correction = held.get((parts[hit.asked], *place)) or held.get((whole, *place))
            found.append(corrected(hit, correction) if correction else hit)
        return found

    def _hits(
        self,
        groups: Sequence[RankedGroup],
        part: int | None,
    ) -> list[Hit]:
        ranked = [hit for group in groups for hit in group.hits]
        with stage(Stage.TEXTS):
            records = self._generation.library.records([hit.row for hit in ranked])
        stems = [word_stems(asked.text) for asked in self._question.parts]
        return [
            hit_of(self._generation, record, hit, part if part is not None else hit.asked, stems)
            for record, hit in zip(records, ranked, strict=True)
        ]
