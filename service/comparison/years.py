"""Positions over the years: trends, who moved, who comes closer."""

from __future__ import annotations

from typing import Any

from service.analysis.cohesion import COHESION_FILTERS, find_bloc
from service.analysis.cohesion_years import CohesionYears, cohesion_years
from service.analysis.convergence import Convergence, convergence
from service.analysis.drift import Drift, drift, parse_before
from service.analysis.moves import Moves, moves
from service.analysis.profile import PROFILE_FILTERS, find_state
from service.analysis.subject import refuse_unknown
from service.analysis.trends import By, Trends, parse_by, trends
from service.comparison.inquiries import Inquiries


class Years(Inquiries):
    """Of states and of blocs, year by year."""

    def trends(
        self,
        *,
        topic: str | None = None,
        issue: str | None = None,
        text: str | None = None,
        by: str | None = None,
        most: int | None = None,
        **filters: Any,
    ) -> Trends:
        """Positions on a topic, an issue or any text, year by year; on an issue also how many
        states were on each side. `by` is None, state or bloc.

        `filters` and `most` are those of `standings`. Raises InvalidInput naming the field,
        NotFound for an unknown issue, TooManyToJudge.
        """
        given = {"topic": topic, "issue": issue, "text": text}
        return trends(self._inquiry(given, filters), parse_by(by), most)

    def drift(
        self,
        *,
        topic: str | None = None,
        issue: str | None = None,
        text: str | None = None,
        by: str | None = None,
        before: int | None = None,
        seed: int = 0,
        **filters: Any,
    ) -> Drift:
        """How far each state, or `by` bloc each bloc, moved from what it said on a subject in the
        `before` years (5) before each year: in wording, beside what two halves of the same
        positions differ by, and on an issue, kept apart, in stance.

        `filters` are those of `trends`. What wasn't judged of an issue before is judged, however
        long it takes. Raises InvalidInput naming the field, NotFound for an unknown issue.
        """
        years = parse_before(before)
        inquiry = self._inquiry({"topic": topic, "issue": issue, "text": text}, filters)
        return drift(inquiry, parse_by(by) or By.STATE, years, self.contraries.on, seed)

    def moves(
        self,
        *,
        topic: str | None = None,
        issue: str | None = None,
        text: str | None = None,
        by: str | None = None,
        seed: int = 0,
        **filters: Any,
    ) -> Moves:
        """Which states, or `by` bloc which blocs, moved on a subject, and when: change points of
        their wording and, kept apart, of their stance on an issue, with the claims on either side.

        `seed` is that of the random orders of years behind each p; else as `drift`.
        """
        inquiry = self._inquiry({"topic": topic, "issue": issue, "text": text}, filters)
        return moves(inquiry, parse_by(by) or By.STATE, self.contraries.on, seed)

    def convergence(
        self,
        a: str,
        b: str,
        *,
        topic: str | None = None,
        judge_all: bool = False,
        seed: int = 0,
        **filters: Any,
    ) -> Convergence:
        """Whether two states come closer, year by year: how alike their positions on anything, or
        on a `topic`, are beside all other pairs and, kept apart, on what share of the issues they
        stood on the same side.

        Both are codes or names; the rest is as for `cohesion`; `seed` is that of the intervals.
        Raises NotFound for an unknown state, InvalidInput naming the field.
        """
        pair = find_state(self.catalogue, a), find_state(self.catalogue, b)
        refuse_unknown(filters, PROFILE_FILTERS)
        question, generation = self._question(f"{a}, {b}", filters), self.generation
        only, judged = self._by_year(generation, question, topic, judge_all)
        return convergence(pair, only, question, generation, self.catalogue, judged, seed)

    def cohesion_years(
        self, bloc: str, *, topic: str | None = None, judge_all: bool = False, **filters: Any
    ) -> CohesionYears:
        """How united a bloc is year by year, by its members of the time, on anything or on a
        `topic`; as for `cohesion`."""
        found = find_bloc(self.catalogue, bloc)
        refuse_unknown(filters, COHESION_FILTERS)
        question, generation = self._question(found.name, filters), self.generation
        only, judged = self._by_year(generation, question, topic, judge_all)
        return cohesion_years(found, only, question, generation, self.catalogue, judged)
