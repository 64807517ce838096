"""Comparator: the one door through which the web, the command line and Python ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from service.catalogue import Catalogue, load_issues
from service.corpus.claims import ClaimMaker
from service.domain.answers import Answer, AnsweredPart, Group, Hit
from service.domain.issues import Issues
from service.domain.questions import GroupBy, Question, SearchMode
from service.domain.statements import Statement
from service.errors import IndexUnusable, InvalidInput
from service.questions import MOST_GROUPS, parse_question
from service.retrieval.encoder import Encoder, Vectors, open_encoder
from service.retrieval.generations import REBUILD, Generation, Generations
from service.retrieval.library import ClaimRecord, query_words
from service.retrieval.search import (
    ON_POINT_PERCENTILE,
    RankedGroup,
    RankedHit,
    Scored,
    allowed_rows,
    merge,
    rank,
    score,
)
from service.settings import Settings
from service.stance.contraries import Contraries, Sides
from service.stance.rows import judged, ordered, row

if TYPE_CHECKING:
    from service.stance.classifier import StanceModel

# Pairs that one answer has judged at most: a longer text's claims share them.
MOST_JUDGED = 600
_WORD = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(?:ations?|ings?|ness|ments?|edly|ies|ied|ed|es|ly|s|e|y)$")


class Comparator:
    """Answers questions about the current generation; safe to share between threads.

    >>> answer = Comparator().search("Sanctions of the Security Council must be enforced.",
    ...                              exclude=["CHN"])
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.generations = Generations(self.settings.indexes)

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue.load(self.settings.data)

    @cached_property
    def maker(self) -> ClaimMaker:
        return ClaimMaker.load(self.settings.data)

    @cached_property
    def encoder(self) -> Encoder:
        return open_encoder(self.settings.model, self.settings.models)

    @cached_property
    def stance_model(self) -> StanceModel:
        """Refused where the deployment has none."""
        if self.settings.stance_model is None:
            raise InvalidInput(
                "stance",
                "this deployment has no stance model: CONCORD_STANCE_MODEL names its folder",
            )
        from service.stance.classifier import StanceModel  # brings the ONNX runtime with it

        return StanceModel(self.settings.stance_model)

    @cached_property
    def issues(self) -> Issues:
        return load_issues(self.settings.data)

    @cached_property
    def contraries(self) -> Contraries:
        return Contraries(self.issues, self.encoder, self.settings.models)

    @property
    def generation(self) -> Generation:
        """The current one; refused where it was built with another model than is set."""
        generation = self.generations.current()
        manifest = generation.manifest
        if manifest.fingerprint != self.encoder.fingerprint:
            raise IndexUnusable(
                f"generation {manifest.id} was built with {manifest.model}, the service is set to "
                f"{self.encoder.name}: {REBUILD}, or set CONCORD_MODEL={manifest.model}"
            )
        return generation

    def search(self, text: str, **filters: Any) -> Answer:
        """The most similar positions of other states.

        `filters` are those of the API: exclude, states, blocs, topics, from (in Python as
        `**{"from": 2015}`), to, forum, kind, mode, sort, group_by, limit, per_state, fold, stance.
        Raises InvalidInput naming the field, IndexUnusable where there is no index.
        """
        question = parse_question({"text": text, **filters}, self.catalogue, self.maker)
        return self.answer(question)

    def answer(self, question: Question) -> Answer:
        """Answer a question that has been checked."""
        generation = self.generation
        free = [topic.text for topic in question.topics if topic.id is None]
        texts = [part.text for part in question.parts]
        # One text at a time: a text's vector must not depend, even in its last bit, on its
        # neighbours, or the same question would not always have the same answer.
        queries = np.concatenate([self.encoder.encode([text]) for text in texts])
        topics = [self.encoder.encode([text])[0] for text in free]
        sides = self._sides(question, queries)
        asked_too = [(found.holds, found.denies) if found else None for found in sides]
        mask, ranges = allowed_rows(question, generation, self.catalogue.blocs, topics)
        scored = score(question, generation, queries, asked_too, mask, ranges)
        parts: tuple[AnsweredPart, ...] = ()
        if len(scored) > 1:
            parts = tuple(
                AnsweredPart(
                    text=part.text,
                    start=part.start,
                    end=part.end,
                    results=self._results(question, generation, one, number, len(scored) + 1),
                )
                for number, (part, one) in enumerate(zip(question.parts, scored, strict=True))
            )
        return Answer(
            query=_echo(question) | (_asked_too(sides) if question.judged else {}),
            generation=generation.manifest.id,
            model=generation.manifest.model,
            level=round(generation.similarity_at(ON_POINT_PERCENTILE), 6),
            stance_model=self.stance_model.name if question.judged else None,
            results=self._results(question, generation, merge(scored), share=len(parts) + 1),
            parts=parts,
        )

    def statement(self, statement_id: str) -> Statement:
        return self.generation.library.statement(statement_id)

    def claim(self, claim_id: str) -> ClaimRecord:
        return self.generation.library.claim(claim_id)

    def state_name(self, code: str) -> str:
        state = self.catalogue.states.get(code)
        return state.name if state else code

    def _sides(self, question: Question, queries: Vectors) -> list[Sides | None]:
        """Asked as well where stances are wanted: opposition words it differently."""
        if not question.judged or question.mode not in (SearchMode.DENSE, SearchMode.EXACT):
            return [None] * len(question.parts)
        return [self.contraries.of(query) for query in queries]

    def _results(
        self,
        question: Question,
        generation: Generation,
        scored: Scored,
        part: int | None = None,
        share: int = 1,
    ) -> tuple[Group, ...] | tuple[Hit, ...]:
        """`share` counts the lists of results that one answer holds: they share what is judged."""
        budget = MOST_JUDGED // share if question.judged else 0
        wanted = question.stances
        wide = question if wanted is None else replace(question, limit=MOST_GROUPS)
        groups = rank(wide, generation, scored)
        if question.group_by is GroupBy.NONE:
            hits = self._judged(question, self._hits(question, generation, groups, part), budget)
            if wanted is not None:
                hits = [hit for hit in hits if hit.stance in wanted]
            return tuple(hits[: question.limit])
        found: list[Group] = []
        # Where only some stances are wanted, the nearest states are judged first, and no more of
        # them than fill the answer.
        for start in range(0, len(groups), question.limit):
            wave = groups[start : start + question.limit]
            hits = self._judged(question, self._hits(question, generation, wave, part), budget)
            budget -= len(hits)
            found += ordered(self._grouped(question, wave, hits), wanted)
            if wanted is None or len(found) >= question.limit or budget <= 0:
                break
        return ordered(found[: question.limit], wanted)

    def _grouped(
        self, question: Question, groups: Sequence[RankedGroup], hits: Sequence[Hit]
    ) -> list[Group]:
        results = []
        taken = iter(hits)
        for group in groups:
            own = tuple(next(taken) for _ in group.hits)
            by_statement = question.group_by is GroupBy.STATEMENT
            results.append(
                row(
                    Group(
                        state=own[0].state,
                        name=self.state_name(own[0].state),
                        count=group.count,
                        hits=own,
                        statement_id=own[0].statement_id if by_statement else None,
                    )
                )
            )
        return results

    def _judged(self, question: Question, hits: list[Hit], most: int) -> list[Hit]:
        """The first `most` hits with their stances; the others keep none, and say so by null."""
        pairs = [(question.parts[hit.asked].text, hit.text) for hit in hits[:most]]
        verdicts = self.stance_model.judge(pairs) if pairs else []
        return [judged(hit, v) for hit, v in zip(hits, verdicts, strict=False)] + hits[most:]

    def _hits(
        self,
        question: Question,
        generation: Generation,
        groups: Sequence[RankedGroup],
        part: int | None,
    ) -> list[Hit]:
        ranked = [hit for group in groups for hit in group.hits]
        records = generation.library.records([hit.row for hit in ranked])
        stems = [{_stem(word) for word in query_words(asked.text)} for asked in question.parts]
        return [
            _hit(generation, record, hit, part if part is not None else hit.asked, stems)
            for record, hit in zip(records, ranked, strict=True)
        ]


def _hit(
    generation: Generation,
    record: ClaimRecord,
    hit: RankedHit,
    asked: int,
    stems: Sequence[set[str]],
) -> Hit:
    claim, statement = record.claim, record.statement
    return Hit(
        claim_id=claim.id,
        statement_id=statement.id,
        state=statement.state,
        text=claim.text,
        start=claim.start,
        end=claim.end,
        before=record.before,
        after=record.after,
        speaker=statement.speaker,
        office=statement.office,
        date=str(statement.date),
        date_precision=statement.date.precision,
        date_inferred=statement.date.inferred,
        forum=statement.forum,
        symbol=statement.symbol,
        source=statement.source,
        on_behalf_of=statement.on_behalf_of,
        aligned_with=statement.aligned_with,
        kind=claim.kind,
        attribution=claim.mode,
        topics=claim.topics,
        similarity=round(hit.similarity, 6),
        percentile=generation.percentile(hit.similarity),
        matched=_matched(claim.text, stems[asked]),
        asked=asked,
        folded=hit.folded,
        rendered=claim.rendered,
    )


def _asked_too(sides: Sequence[Sides | None]) -> dict[str, Any]:
    """By part of the query: the contrary that was asked as well, or None."""
    return {
        "contraries": [
            {"issue": found.issue, "text": found.contrary} if found else None for found in sides
        ]
    }


def _matched(text: str, stems: set[str]) -> tuple[str, ...]:
    """The hit's words that the query has too, in any inflection, as the hit writes them."""
    return tuple(dict.fromkeys(w for w in _WORD.findall(text) if _stem(w.lower()) in stems))


def _stem(word: str) -> str:
    """A word without its usual English endings; short words stay whole."""
    stem = _ENDING.sub("", word)
    return stem if len(stem) >= 4 else word


def _echo(question: Question) -> dict[str, Any]:
    """The question as it was understood, in the API's names."""
    return {
        "text": question.text,
        "parts": [{"text": p.text, "start": p.start, "end": p.end} for p in question.parts],
        "exclude": list(question.exclude),
        "states": list(question.states),
        "blocs": list(question.blocs),
        "topics": [topic.id or topic.text for topic in question.topics],
        "from": str(question.earliest) if question.earliest else None,
        "to": str(question.latest) if question.latest else None,
        "forum": question.forum,
        "kind": list(question.kinds) if question.kinds else ["any"],
        "mode": question.mode,
        "sort": question.sort,
        "group_by": question.group_by,
        "limit": question.limit,
        "per_state": question.per_state,
        "fold": question.fold,
        "stance": list(question.stances or (["on"] if question.judged else ["off"])),
    }
