"""One statement, its claims, and two statements beside each other."""

from __future__ import annotations

from service.analysis.changes import StatementChanges, statement_changes
from service.analysis.claim_by_claim import compare_statements
from service.analysis.statement_comparison import StatementComparison
from service.analysis.statements import compared
from service.domain.stages import answered_from
from service.domain.statements import Statement
from service.errors import InvalidInput
from service.parts import Parts
from service.retrieval.library import ClaimRecord


class Statements(Parts):
    """By their ids."""

    def statement(self, statement_id: str) -> Statement:
        return self.generation.library.statement(statement_id)

    def claim(self, claim_id: str) -> ClaimRecord:
        return self.generation.library.claim(claim_id)

    def state_name(self, code: str) -> str:
        return self.catalogue.state_name(code)

    def changes(self, statement_id: str, against: str | None = None) -> StatementChanges:
        """What is new in a statement, claim by claim, against another of the same state: without
        `against` the one before it, of the same forum where there is one.

        Both are ids or `STATE:YEAR`. Raises NotFound, InvalidInput naming the field.
        """
        generation = self.generation
        answered_from(generation.manifest.id)
        judge = (lambda: self.stance_model) if self.settings.stance_model else None
        return statement_changes(generation, self.catalogue, statement_id, against, judge)

    def compare(
        self, a: str = "", b: str = "", *, text_a: str = "", text_b: str = "", seed: int = 0
    ) -> StatementComparison:
        """Two statements, claim by claim: which positions both have, where B stands towards A in
        each, and which only one of them has; by topic. Two figures, kept apart and each with an
        interval: how alike the two are, and how often they agree where one takes a side.

        `a` and `b` are ids or `STATE:YEAR`; in place of either a text may be given, which is split
        into claims and encoded for it, of at most LONGEST_TEXT characters and MOST_PARTS positions.
        `seed` is that of the intervals' draws. Raises NotFound, InvalidInput naming the field.

        >>> found = Comparator().compare("CHN_78_2023", "USA:2023")
        >>> found.to_frame("pairs")
        """
        if seed < 0:
            raise InvalidInput("seed", f"{seed} is below zero")
        generation = self.generation
        answered_from(generation.manifest.id)
        first, second = (
            compared(side, name, text, generation, self.catalogue, self.maker, self.encoder)
            for side, name, text in (("a", a, text_a), ("b", b, text_b))
        )
        named = {"a": a, "b": b, "text_a": text_a, "text_b": text_b}
        query = {field: given or None for field, given in named.items()} | {"seed": seed}
        judging = self.settings.stance_model is not None
        return compare_statements(
            first,
            second,
            generation,
            self.catalogue,
            self.stance_model.name if judging else None,
            self.kept_verdicts().judge if judging else None,
            query,
            seed,
        )
