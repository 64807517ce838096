"""Comparator: the one door through which the web, the command line and Python ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from service.analysis.annotations import read_annotations
from service.analysis.standings import (
    SIDE_OF,
    IssueStandings,
    annotated_rows,
    example_rows,
    standings,
)
from service.answering import asked_too, echo, hit_of, word_stems
from service.catalogue import Catalogue, load_issues
from service.corpus.claims import ClaimMaker
from service.domain.answers import Answer, AnsweredPart, Group, Hit
from service.domain.corrections import Correction, ModelVerdict, folded, text_sha256
from service.domain.issues import Annotation, Issues
from service.domain.questions import GroupBy, Question, SearchMode
from service.domain.stance import Stance, Verdict
from service.domain.standing import Basis, Side
from service.domain.statements import Statement
from service.errors import IndexUnusable, InvalidInput, NotFound
from service.questions import MOST_GROUPS, parse_question
from service.retrieval.encoder import Encoder, Vectors, open_encoder
from service.retrieval.generations import REBUILD, Generation, Generations
from service.retrieval.library import ClaimRecord
from service.retrieval.search import (
    ON_POINT_PERCENTILE,
    RankedGroup,
    Scored,
    allowed_rows,
    merge,
    rank,
    score,
)
from service.settings import Settings
from service.stance.contraries import Contraries, Sides
from service.stance.corrections import Corrections, parse_correction
from service.stance.explanation import explain
from service.stance.judge import StanceJudge, open_stance_model
from service.stance.kept import KeptVerdicts
from service.stance.rows import corrected, judged, ordered, row
from service.stance.wordings import judge_on

# Pairs that one answer has judged at most: a longer text's claims share them.
MOST_JUDGED = 600
STANDING_FILTERS = ("exclude", "states", "blocs", "from", "to")


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
    def stance_model(self) -> StanceJudge:
        """Refused where the deployment has none."""
        if self.settings.stance_model is None:
            raise InvalidInput(
                "stance",
                "this deployment has no stance model: CONCORD_STANCE_MODEL names its folder",
            )
        return open_stance_model(self.settings.stance_model)

    @cached_property
    def issues(self) -> Issues:
        return load_issues(self.settings.data, self.settings.issues)

    @cached_property
    def contraries(self) -> Contraries:
        return Contraries(self.issues, self.encoder, self.settings.models)

    @cached_property
    def annotations(self) -> dict[str, list[Annotation]]:
        return read_annotations(self.settings.data)

    @cached_property
    def kept_corrections(self) -> Corrections:
        return Corrections(self.settings.indexes)

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
        asked = {"text": text, **filters}
        judge = self.settings.stance_model is not None
        return self.answer(parse_question(asked, self.catalogue, self.maker, judge=judge))

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
        beside = [(found.holds, found.denies) if found else None for found in sides]
        mask, ranges = allowed_rows(question, generation, self.catalogue.blocs, topics)
        scored = score(question, generation, queries, beside, mask, ranges)
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
            query=echo(question) | (asked_too(sides) if question.judged else {}),
            generation=generation.manifest.id,
            model=generation.manifest.model,
            level=round(generation.similarity_at(ON_POINT_PERCENTILE), 6),
            stance_model=self.stance_model.name if question.judged else None,
            results=self._results(question, generation, merge(scored), share=len(parts) + 1),
            parts=parts,
        )

    def standings(self, issue: str, **filters: Any) -> IssueStandings:
        """Where every state stands on an issue, since when, and by which quotations.

        `issue` is an id; `filters` are exclude, states, blocs, from and to, as for `search`.
        Raises NotFound for an unknown issue, InvalidInput naming a filter.
        """
        found = self.issues.get(issue)
        if found is None:
            raise NotFound(f"no such issue: {issue}")
        unknown = sorted(set(filters) - set(STANDING_FILTERS))
        if unknown:
            known = ", ".join(STANDING_FILTERS)
            raise InvalidInput(unknown[0], f"no such parameter; there are {known}")
        asked = {"text": found.proposition, **filters}
        question = parse_question(asked, self.catalogue, self.maker)
        generation, model = self.generation, self.stance_model
        mask, ranges = allowed_rows(question, generation, self.catalogue.blocs, ())
        sides = self.contraries.on(found.id)
        nearness = np.maximum(
            *(generation.index.scores(side, ranges) for side in (sides.holds, sides.denies))
        )
        known_rows = annotated_rows(generation, self.annotations.get(found.id, ()))
        known_rows |= example_rows(generation, found.examples)
        known_rows |= self._corrected_rows(generation, found.proposition)
        kept = KeptVerdicts(
            self.settings.indexes / "verdicts.sqlite", model.fingerprint, model.judge
        )

        def judge(texts: Sequence[str]) -> list[Verdict]:
            return judge_on(found, texts, model, kept.judge)

        return IssueStandings(
            found,
            generation.manifest.id,
            generation.manifest.model,
            model.name,
            tuple(standings(generation, nearness, mask, known_rows, judge)),
        )

    def explain(self, text: str, claim_id: str) -> dict[str, Any]:
        """The words of a claim that decide where it stands towards `text`, asked as one part.

        The verdict is the model's, whatever users corrected. Raises InvalidInput naming the field,
        NotFound for a claim that isn't in the current generation.
        """
        parse_question({"text": text}, self.catalogue, self.maker)
        if not claim_id:
            raise InvalidInput("claim_id", "is missing: give the id of a claim")
        asked, said, model = " ".join(text.split()), self.claim(claim_id).claim, self.stance_model
        (verdict,) = model.judge([(asked, said.text)])
        found = explain(model, asked, said.text).to_dict()
        return {
            "text": asked,
            "claim_id": said.id,
            "stance": found.pop("stance"),
            "probabilities": verdict.to_dict(),
            **found,
            "model": model.name,
        }

    def correct(
        self, text: str, claim_id: str, stance: str, author: str, reason: str
    ) -> Correction:
        """Keep for good that a claim stands `stance` towards the query `text`; from now on answers
        to it show this. Raises InvalidInput naming the field, NotFound for a claim that isn't in
        the current generation."""
        given = {"text": text, "claim_id": claim_id, "stance": stance}
        return self.put_correction(given | {"author": author, "reason": reason})[0]

    def put_correction(self, raw: Mapping[str, Any]) -> tuple[Correction, bool]:
        """As `correct`, with the names of the API; also whether the correction is new."""
        wanted = parse_correction(raw)
        record = self.claim(wanted.claim_id)
        was = None
        if self.settings.stance_model is not None:
            (verdict,) = self.stance_model.judge([(wanted.text, record.claim.text)])
            was = ModelVerdict(verdict.stance, self.stance_model.name)
        return self.kept_corrections.put(wanted, record.claim, record.statement.state, was)

    def corrections(self, claim_id: str | None = None) -> list[Correction]:
        """All of them, or those of one claim: the earliest first, history included."""
        return self.kept_corrections.all(claim_id)

    def corrections_as_rows(self, claim_id: str | None = None) -> list[dict[str, Any]]:
        """`corrections` for export: `claim_text` is None where the current generation doesn't hold
        the claim in the words that were corrected; `holds` is False for what came to be history."""
        found = self.corrections(claim_id)
        latest = {correction.key: correction for correction in found}
        return [
            correction.to_dict()
            | {"claim_text": self._words(correction), "holds": latest[correction.key] is correction}
            for correction in found
        ]

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
        found = [judged(hit, v) for hit, v in zip(hits, verdicts, strict=False)] + hits[most:]
        return self._corrected(question, found) if question.judged else found

    def _corrected(self, question: Question, hits: list[Hit]) -> list[Hit]:
        """As users corrected them for the part that is answered, or else for the whole text."""
        parts = {hit.asked: folded(question.parts[hit.asked].text) for hit in hits}
        whole = folded(question.text)
        held = self.kept_corrections.holding([*parts.values(), whole])
        if not held:
            return hits
        found = []
        for hit in hits:
            place = hit.claim_id, text_sha256(hit.text)
            correction = held.get((parts[hit.asked], *place)) or held.get((whole, *place))
            found.append(corrected(hit, correction) if correction else hit)
        return found

    def _corrected_rows(
        self, generation: Generation, proposition: str
    ) -> dict[int, tuple[Side, Basis]]:
        """Claims of which users said where they stand towards the proposition."""
        found: dict[int, tuple[Side, Basis]] = {}
        for correction in self.kept_corrections.holding([folded(proposition)]).values():
            try:
                record = generation.library.claim(correction.claim_id)
            except NotFound:
                continue
            if text_sha256(record.claim.text) == correction.sha256:
                found[record.row] = (SIDE_OF[Stance(correction.stance)], Basis.CORRECTED)
        return found

    def _words(self, correction: Correction) -> str | None:
        """Of the claim that was corrected, where it is there and still says the same."""
        try:
            text = self.generations.current().library.claim(correction.claim_id).claim.text
        except NotFound:
            return None
        return text if text_sha256(text) == correction.sha256 else None

    def _hits(
        self,
        question: Question,
        generation: Generation,
        groups: Sequence[RankedGroup],
        part: int | None,
    ) -> list[Hit]:
        ranked = [hit for group in groups for hit in group.hits]
        records = generation.library.records([hit.row for hit in ranked])
        stems = [word_stems(asked.text) for asked in question.parts]
        return [
            hit_of(generation, record, hit, part if part is not None else hit.asked, stems)
            for record, hit in zip(records, ranked, strict=True)
        ]
