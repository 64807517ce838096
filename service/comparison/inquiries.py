"""What an analysis begins with: a checked question, its subject, and issues that were judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from service.analysis.inquiry import Inquiry, inquire
from service.analysis.judged import Counts, Judged, within
from service.analysis.subject import parse_subject, refuse_unknown
from service.answerer import MOST_JUDGED
from service.domain.issues import Issue
from service.domain.questions import Question
from service.domain.stages import Stage, stage
from service.domain.topics import Topic
from service.parts import Parts
from service.questions import parse_question
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation


class Inquiries(Parts):
    """Of whatever has a subject and filters."""

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
        judge = partial(self.issue_judge, generation) if self.settings.stance_model else None
        return inquire(subject, question, generation, self.catalogue, asked, judge)

    def _judged(
        self, generation: Generation, issues: Sequence[Issue], counts: Counts, most: int | None = 0
    ) -> Judged:
        """Judges no more than `most` pairs of issues that weren't judged before."""
        if self.settings.stance_model is None:
            return Judged(None, (), tuple(issue.id for issue in issues))
        judge = self.issue_judge(generation)
        judge.judge_whole(issues, most)
        return judge.judged(issues, counts)

    def _by_year(
        self, generation: Generation, question: Question, topic: str | None, judge_all: bool
    ) -> tuple[Topic | None, Judged]:
        """The topic, and its issues (without one, all) by what was said until the period's end,
        before it as well."""
        only = parse_subject({"topic": topic}, self.catalogue, self.issues) if topic else None
        issues = only.issues(self.issues) if only else list(self.issues)
        always = replace(question, earliest=None)
        most = None if judge_all else MOST_JUDGED if only else 0
        judged = self._judged(generation, issues, lambda _, day: within(always, day), most)
        return only.topic if only else None, judged
