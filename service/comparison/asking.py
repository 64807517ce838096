"""Who holds a position: search, its overview and facets, drafts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.analysis.answer_table import TabularAnswer
from service.analysis.draft import CheckedDraft, check
from service.analysis.facets import Facets
from service.analysis.overview import Overview
from service.answerer import Answerer
from service.cursors import mark
from service.domain.questions import Question
from service.errors import InvalidInput
from service.parts import Parts
from service.questions import parse_question, resolve_state
from service.retrieval.generations import Generation


class Asking(Parts):
    """Of any text: which claims come near it, and where they stand towards it."""

    def search(self, text: str, **filters: Any) -> TabularAnswer:
        """The most similar positions of other states.

        `filters` are those of the API: exclude, states, blocs, topics, from (in Python as
        `**{"from": 2015}`), to, forum, kind, mode, sort, group_by, limit, per_state, fold, stance,
        cursor. Raises InvalidInput naming the field, IndexUnusable where there is no index.
        """
        return self.answer(self._asked(text, filters))

    def answer(self, question: Question) -> TabularAnswer:
        """Answer a question that has been checked."""
        return self._answerer(question).answer()

    def overview(self, question: Question) -> Overview:
        """An answer by state with its counts: states by stance, in all and in each bloc, and the
        positions on the point by year."""
        return self._answerer(question).overview()

    def facets(self, text: str, **filters: Any) -> Facets:
        """The claims that `search` finds on the point, counted by state, bloc, topic and year;
        and by stance the hits that it shows, for only they are judged. Without stances
        (`stance="off"`) no text is read."""
        return self._answerer(self._asked(text, filters)).facets()

    def question(self, text: str, **filters: Any) -> Question:
        """Checked, as `search` would ask it. Raises InvalidInput naming the field."""
        return self._asked(text, filters)

    def check_draft(
        self, text: str, *, we: str | None = None, start: int = 0, **period: Any
    ) -> CheckedDraft:
        """Claim by claim of a draft, from number `start` on: which other states are with us and
        which against us, the closest ally, the sharpest opponent, and whether we have said
        otherwise before.

        `we` is the state that speaks, in any usual spelling; `period` may have `from` and `to`,
        which narrow what others said. Each claim takes a second or two; the whole may be read as a
        frame instead. Raises InvalidInput naming the field, before the first claim.
        """
        draft, code = self.draft(text, we=we, **period)
        return CheckedDraft(check(draft, self.search, code, start, **period))

    def draft(
        self, text: str, *, we: str | None = None, **period: Any
    ) -> tuple[Question, str | None]:
        """A draft that `check_draft` can check, its claims as `parts`; and the code of `we`."""
        for name in sorted(set(period) - {"from", "to"}):
            raise InvalidInput(name, "no such parameter; there are text, we, from, to")
        code = resolve_state("we", we, self.catalogue) if we else None
        _ = self.stance_model  # refused where there is none
        return self.question(text, stance="on", **period), code

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
