"""Comparator: the one door through which the web, the command line and Python ask."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np

from service.analysis.agreement import Agreement, agreement
from service.analysis.annotations import read_annotations
from service.analysis.facets import Facets
from service.analysis.inquiry import Inquiry, inquire
from service.analysis.issue_judge import IssueJudge
from service.analysis.standings import IssueStandings
from service.analysis.subject import find_issue, parse_subject, refuse_unknown
from service.analysis.trends import Trends, parse_by, trends
from service.answerer import MOST_JUDGED, Answerer
from service.catalogue import Catalogue, load_issues
from service.corpus.claims import ClaimMaker
from service.cursors import mark
from service.domain.answers import Answer
from service.domain.corrections import Correction, ModelVerdict, text_sha256
from service.domain.issues import Annotation, Issues
from service.domain.questions import Question
from service.domain.stages import Stage, answered_from, stage
from service.domain.statements import Statement
from service.errors import InvalidInput, NotFound
from service.ingest import Ingest
from service.operation.switch import finish
from service.questions import parse_question
from service.retrieval.encoder import Encoder, Vectors, open_encoder
from service.retrieval.generations import Generation, Generations, refuse_other_encoder
from service.retrieval.library import ClaimRecord
from service.retrieval.search import allowed_rows
from service.settings import Settings
from service.stance.contraries import Contraries
from service.stance.corrections import Corrections, parse_correction
from service.stance.explanation import explain
from service.stance.judge import StanceJudge, open_stance_model


class Comparator:
    """Answers questions about the current generation; safe to share between threads.

    >>> answer = Comparator().search("Sanctions of the Security Council must be enforced.",
    ...                              exclude=["CHN"])
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        finish(self.settings.indexes)
        self.generations = Generations(self.settings.indexes)
        self.ingest = Ingest(
            self.settings, self.generations, lambda: self.catalogue, lambda: self.maker
        )

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
        generation = self.generations.current(self.encoder.fingerprint)
        refuse_other_encoder(generation.manifest, self.encoder.fingerprint)
        return generation

    def search(self, text: str, **filters: Any) -> Answer:
        """The most similar positions of other states.

        `filters` are those of the API: exclude, states, blocs, topics, from (in Python as
        `**{"from": 2015}`), to, forum, kind, mode, sort, group_by, limit, per_state, fold, stance,
        cursor. Raises InvalidInput naming the field, IndexUnusable where there is no index.
        """
        return self.answer(self._asked(text, filters))

    def answer(self, question: Question) -> Answer:
        """Answer a question that has been checked."""
        return self._answerer(question).answer()

    def facets(self, text: str, **filters: Any) -> Facets:
        """The claims that `search` finds on the point, counted by state, bloc, topic and year;
        and by stance the hits that it shows, for only they are judged. Without stances
        (`stance="off"`) no text is read."""
        return self._answerer(self._asked(text, filters)).facets()

    def standings(self, issue: str, **filters: Any) -> IssueStandings:
        """Where every state stands on an issue, since when, and by which quotations.

        `issue` is an id; `filters` are exclude, states, blocs, from and to, as for `search`.
        Raises NotFound for an unknown issue, InvalidInput naming a filter.
        """
        found = find_issue(self.issues, issue)
        question = self._question(found.proposition, filters)
        generation = self.generation
        answered_from(generation.manifest.id)
        with stage(Stage.SEARCH):
            mask, ranges = allowed_rows(question, generation, self.catalogue.blocs, ())
        return self._issue_judge(generation).standings(found, mask, ranges)

    def agreement(
        self,
        *,
        topic: str | None = None,
        issue: str | None = None,
        judge_all: bool = False,
        **filters: Any,
    ) -> Agreement:
        """State x state on a topic or an issue: how alike their positions are and, kept apart, on
        what share of the topic's issues they took the same side.

        `filters` are those of `standings`. At most MOST_ISSUES of a topic's issues count, and of
        these only such as are judged already, but for MOST_JUDGED pairs in all; with `judge_all`
        they are judged however long it takes, as an `issue` always is. Raises InvalidInput naming
        the field, also where more than MOST_POSITIONS positions match; NotFound for an unknown
        issue.
        """
        inquiry = self._inquiry({"topic": topic, "issue": issue}, filters)
        return agreement(inquiry, self.issues, None if issue or judge_all else MOST_JUDGED)

    def trends(
        self,
        *,
        topic: str | None = None,
        issue: str | None = None,
        text: str | None = None,
        by: str | None = None,
        **filters: Any,
    ) -> Trends:
        """Positions on a topic, an issue or any text, year by year; on an issue also how many
        states were on each side. `by` is None, state or bloc.

        `filters` are those of `standings`. Raises InvalidInput naming the field, NotFound for an
        unknown issue.
        """
        given = {"topic": topic, "issue": issue, "text": text}
        return trends(self._inquiry(given, filters), parse_by(by))

    def latest(
        self,
        *,
        topic: str | None = None,
        issue: str | None = None,
        text: str | None = None,
        most: int = 50,
        **filters: Any,
    ) -> list[ClaimRecord]:
        """Positions on a topic, an issue or any text, the latest first, `most` of them; as for
        `trends`."""
        inquiry = self._inquiry({"topic": topic, "issue": issue, "text": text}, filters)
        rows = np.flatnonzero(inquiry.about)
        latest = rows[np.argsort(-inquiry.generation.columns.last[rows], kind="stable")][:most]
        return inquiry.generation.library.records([int(row) for row in latest])

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
        return self.catalogue.state_name(code)

    def _asked(self, text: str, filters: Mapping[str, Any]) -> Question:
        judge = self.settings.stance_model is not None
        return parse_question({"text": text, **filters}, self.catalogue, self.maker, judge=judge)

    def _answerer(self, question: Question) -> Answerer:
        return Answerer(
            question,
            self._generation_of(question),
            self.catalogue,
            self.encoder,
            self.kept_corrections,
            contraries=lambda: self.contraries,
            judge=lambda: self.stance_model,
        )

    def _generation_of(self, question: Question) -> Generation:
        """The current one, or that from which a page before came."""
        if question.cursor is None:
            return self.generation
        if question.cursor.mark != mark(question):
            raise InvalidInput("cursor", "belongs to another question: send the same one with it")
        return self.generations.earlier(question.cursor.generation, self.encoder.fingerprint)

    def _question(self, text: str, filters: Mapping[str, Any]) -> Question:
        """With the filters of analyses only, which are about positions."""
        refuse_unknown(filters)
        return parse_question({"text": text, **filters}, self.catalogue, self.maker)

    def _inquiry(self, given: Mapping[str, str | None], filters: Mapping[str, Any]) -> Inquiry:
        subject = parse_subject(given, self.catalogue, self.issues)
        question = self._question(subject.wording, filters)
        asked: list[Vectors] = []
        if subject.issue is not None:
            sides = self.contraries.on(subject.issue.id)
            asked = [sides.holds, sides.denies]
        elif subject.text is not None:
            with stage(Stage.ENCODE):
                asked = [self.encoder.encode([part.text])[0] for part in question.parts]
        generation = self.generation
        judge = partial(self._issue_judge, generation) if self.settings.stance_model else None
        return inquire(subject, question, generation, self.catalogue, asked, judge)

    def _issue_judge(self, generation: Generation) -> IssueJudge:
        return IssueJudge(
            generation,
            self.contraries,
            self.annotations,
            self.kept_corrections,
            self.stance_model,
            self.settings.indexes / "verdicts.sqlite",
        )

    def _words(self, correction: Correction) -> str | None:
        """Of the claim that was corrected, where it is there and still says the same."""
        try:
            text = self.generations.current().library.claim(correction.claim_id).claim.text
        except NotFound:
            return None
        return text if text_sha256(text) == correction.sha256 else None
