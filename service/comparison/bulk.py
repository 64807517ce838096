"""Everybody against everybody: every pair, groups of states, places on one dimension."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from service.analysis.clustering import clusters
from service.analysis.clusters import LEAST_POSITIONS, MOST_CLUSTERS, Asked, Clusters
from service.analysis.inquiry import inquire
from service.analysis.matrices import MATRIX_FILTERS, matrix, parse_unit, parse_wanted
from service.analysis.pair_matrix import LEAST_CLAIMS, PairMatrix
from service.analysis.scale import Scaling, check_scaling, parse_unit_kind, scale
from service.analysis.scale_units import UnitKind
from service.analysis.scaled import Scale
from service.analysis.subject import Subject, refuse_unknown
from service.answerer import MOST_JUDGED
from service.comparison.inquiries import Inquiries
from service.questions import parse_question, resolve_state
from service.stance.kept import Progress


class Bulk(Inquiries):
    """Of all states, or all statements, at once."""

    def matrix(
        self,
        *,
        unit: str = "state",
        least: int = LEAST_CLAIMS,
        intervals: bool = True,
        judged: int = 0,
        judge_all: bool = False,
        folder: Path | None = None,
        bounded: bool = False,
        progress: Progress | None = None,
        **filters: Any,
    ) -> PairMatrix:
        """Every pair of states, or of statements (`unit`): similarity with its interval and, kept
        apart, on how many issues both took the same side, and verdicts on the `judged` positions
        of each two that come nearest to each other (0: none are judged).

        `filters` are exclude, states, blocs, topics, from, to, forum and kind. Issues of the topics
        (of all, where none is named) count as far as they were judged as a whole before; with
        `judge_all` the others are judged, however long it takes. With a `folder` each piece is
        kept there as it is done, and the same call goes on after an interruption; `progress` is
        told of pairs of claims. `bounded` refuses what a request shouldn't wait for. Raises
        InvalidInput naming the field.
        """
        refuse_unknown(filters, MATRIX_FILTERS)
        named = parse_unit(unit), parse_wanted(least, intervals, judged)
        raw = {"text": unit, **filters}
        question, generation = parse_question(raw, self.catalogue, self.maker), self.generation
        about = {topic.id for topic in question.topics}
        issues = [issue for issue in self.issues if not about or about & set(issue.topics)]
        judge = issue_judge = None
        if self.settings.stance_model is not None:
            issue_judge, judge = self.issue_judge(generation), self.kept_verdicts().judge
            issue_judge.judge_whole(issues, None if judge_all else 0)
        return matrix(
            question, *named, generation, self.catalogue, issues, issue_judge, judge,
            self.stance_model.name if judge else None, folder, bounded, progress, self.cluster,
        )  # fmt: skip

    def clusters(
        self,
        *,
        topic: str | None = None,
        issue: str | None = None,
        number: int | None = None,
        most: int = MOST_CLUSTERS,
        least: int = LEAST_POSITIONS,
        correct: bool = True,
        seed: int = 0,
        **filters: Any,
    ) -> Clusters:
        """Which groups of states speak alike on a topic or an issue, or over all, without being
        told the blocs; and how like the real blocs they are.

        `number` of clusters, or the best from 2 to `most` by silhouette. States with fewer than
        `least` positions aren't placed; `correct` for how much each state says. `seed` is that of
        all draws; `filters` are those of `standings`. Raises InvalidInput naming the field,
        NotFound for an unknown issue.
        """
        asked = Asked(number, most, least, correct, seed)
        if topic or issue:
            return clusters(self._inquiry({"topic": topic, "issue": issue}, filters), asked)
        question, generation = self._question("over all", filters), self.generation
        inquiry = inquire(Subject(), question, generation, self.catalogue, (), None)
        return clusters(replace(inquiry, about=inquiry.within), asked)

    def scale(
        self,
        *,
        topic: str | None = None,
        issue: str | None = None,
        by: str = "state",
        anchor_low: str | None = None,
        anchor_high: str | None = None,
        reference: Mapping[str, float] | None = None,
        whole: bool = False,
        judge_all: bool = False,
        seed: int = 0,
        **filters: Any,
    ) -> Scale:
        """States, or statements (`by`), on one dimension of a topic or an issue, with intervals: by
        stance, by similarity and, on the texts of the same positions, by Wordscores and Wordfish.

        The anchors are the units at the two ends, `reference` gives places to those from which
        Wordscores learns: states in any spelling, or statements' ids. `whole`: words are counted in
        all of the statements. `filters` and `judge_all` are those of `agreement`. Raises
        InvalidInput naming the field, NotFound for an unknown issue.
        """
        kind = parse_unit_kind(by)

        def unit(field: str, named: str) -> str:
            of_states = kind is UnitKind.STATE
            return resolve_state(field, named, self.catalogue) if of_states else named

        scaling = check_scaling(
            Scaling(
                by=kind,
                low=unit("anchor_low", anchor_low) if anchor_low else None,
                high=unit("anchor_high", anchor_high) if anchor_high else None,
                references={
                    unit("reference", named): place for named, place in (reference or {}).items()
                },
                whole=whole,
                seed=seed,
            )
        )
        inquiry = self._inquiry({"topic": topic, "issue": issue}, filters)
        most = None if issue or judge_all else MOST_JUDGED
        return scale(inquiry, self.issues, self.contraries.on, scaling, most)
