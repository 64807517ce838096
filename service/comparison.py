"""Comparator: the one door through which the web, the command line and Python ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from service.analysis.agreement import Agreement, agreement
from service.analysis.changes import StatementChanges, statement_changes
from service.analysis.claim_by_claim import compare_statements
from service.analysis.clustering import clusters
from service.analysis.clusters import LEAST_POSITIONS, MOST_CLUSTERS, Asked, Clusters
from service.analysis.cohesion import COHESION_FILTERS, Cohesion, cohesion, find_bloc
from service.analysis.cohesion_years import CohesionYears, cohesion_years
from service.analysis.convergence import Convergence, convergence
from service.analysis.draft import CheckedClaim, check
from service.analysis.drift import Drift, drift, parse_before
from service.analysis.facets import Facets
from service.analysis.inquiry import Inquiry, inquire
from service.analysis.judged import Counts, Judged, within
from service.analysis.matrices import MATRIX_FILTERS, matrix, parse_unit, parse_wanted
from service.analysis.moves import Moves, moves
from service.analysis.overview import Overview
from service.analysis.pair_matrix import LEAST_CLAIMS, PairMatrix
from service.analysis.profile import (
    PROFILE_FILTERS,
    Profile,
    Speaker,
    find_state,
    profile,
    speakers,
)
from service.analysis.scale import Scaling, check_scaling, parse_unit_kind, scale
from service.analysis.scale_units import UnitKind
from service.analysis.scaled import Scale
from service.analysis.standings import IssueStandings
from service.analysis.statement_comparison import StatementComparison
from service.analysis.statements import compared
from service.analysis.subject import Subject, find_issue, parse_subject, refuse_unknown
from service.analysis.tallies import Tally
from service.analysis.topic_profile import TopicProfile, topic_profile
from service.analysis.trends import By, Trends, parse_by, trends
from service.answerer import MOST_JUDGED, Answerer
from service.cursors import mark
from service.domain.answers import Answer
from service.domain.corrections import Correction, ModelVerdict, text_sha256
from service.domain.dates import PartialDate
from service.domain.issues import Issue
from service.domain.questions import Question
from service.domain.stages import Stage, answered_from, stage
from service.domain.statements import Statement
from service.domain.topics import Topic
from service.errors import InvalidInput, NotFound
from service.parts import Parts
from service.questions import parse_question, resolve_state
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation
from service.retrieval.library import ClaimRecord
from service.stance.corrections import parse_correction
from service.stance.explanation import explain
from service.stance.kept import Progress
from service.validation.debates import debates
from service.validation.tested import VoteValidation
from service.validation.votes import Ground, hold_against, parse_draws, parse_sessions
from service.votes.reading import read_roll_calls
from service.votes.resolutions import load_mapping
from service.votes.statistics import DRAWS, SEED


class Comparator(Parts):
    """Answers questions about the current generation; safe to share between threads.

    >>> answer = Comparator().search("Sanctions of the Security Council must be enforced.",
    ...                              exclude=["CHN"])
    """

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

    def overview(self, question: Question) -> Overview:
        """An answer by state with its counts: states by stance, in all and in each bloc, and the
        positions on the point by year."""
        return self._answerer(question).overview()

    def question(self, text: str, **filters: Any) -> Question:
        """Checked, as `search` would ask it. Raises InvalidInput naming the field."""
        return self._asked(text, filters)

    def check_draft(
        self, text: str, *, we: str | None = None, start: int = 0, **period: Any
    ) -> Iterator[CheckedClaim]:
        """Claim by claim of a draft, from number `start` on: which other states are with us and
        which against us, the closest ally, the sharpest opponent, and whether we have said
        otherwise before.

        `we` is the state that speaks, in any usual spelling; `period` may have `from` and `to`,
        which narrow what others said. Each claim takes a second or two. Raises InvalidInput naming
        the field, before the first claim.
        """
        draft, code = self.draft(text, we=we, **period)
        return check(draft, self.search, code, start, **period)

    def draft(
        self, text: str, *, we: str | None = None, **period: Any
    ) -> tuple[Question, str | None]:
        """A draft that `check_draft` can check, its claims as `parts`; and the code of `we`."""
        for name in sorted(set(period) - {"from", "to"}):
            raise InvalidInput(name, "no such parameter; there are text, we, from, to")
        code = resolve_state("we", we, self.catalogue) if we else None
        _ = self.stance_model  # refused where there is none
        return self.question(text, stance="on", **period), code

    def facets(self, text: str, **filters: Any) -> Facets:
        """The claims that `search` finds on the point, counted by state, bloc, topic and year;
        and by stance the hits that it shows, for only they are judged. Without stances
        (`stance="off"`) no text is read."""
        return self._answerer(self._asked(text, filters)).facets()

    def standings(
        self,
        issue: str,
        *,
        most: int | None = None,
        progress: Progress | None = None,
        **filters: Any,
    ) -> IssueStandings:
        """Where every state stands on an issue, since when, and by which quotations.

        `issue` is an id; `filters` are exclude, states, blocs, from and to, as for `search`. An
        issue that was never asked before may have thousands of pairs to be judged, which takes a
        minute: raises TooManyToJudge, and judges nothing, where there are more than `most`;
        `progress` is told of them as they are judged and kept, and may stop it by raising. Raises
        NotFound for an unknown issue, InvalidInput naming a filter.
        """
        found = find_issue(self.issues, issue)
        question = self._question(found.proposition, filters)
        generation = self.generation
        answered_from(generation.manifest.id)
        return self.issue_judge(generation).standings(found, question, most, progress)

    def tallies(self) -> dict[str, Tally]:
        """By issue, which side each state was on when the issue was last judged as a whole. Quick:
        judges nothing, and has no entry for an issue that wasn't judged."""
        return self.issue_judge(self.generation).tallies(list(self.issues))

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
            self.stance_model.name if judge else None, folder, bounded, progress,
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

    def profile(self, state: str, *, judge_all: bool = False, **filters: Any) -> Profile:
        """What a state speaks of more than others do, to whom its words are near and, kept apart,
        with whom it was on the same side of issues.

        `state` is a code or a name; `filters` are from and to. Only issues that were judged as a
        whole before count; with `judge_all` the others are judged, however long it takes. Raises
        NotFound for an unknown state, InvalidInput naming a filter.
        """
        code = find_state(self.catalogue, state)
        refuse_unknown(filters, PROFILE_FILTERS)
        question, generation = self._question(code, filters), self.generation
        judged = self._judged(
            generation,
            list(self.issues),
            lambda _, day: within(question, day),
            None if judge_all else 0,
        )
        return profile(code, question, generation, self.catalogue, judged)

    def speakers(self) -> tuple[Speaker, ...]:
        """Every state that speaks in the current generation, with how much."""
        return tuple(speakers(self.generation))

    def cohesion(
        self, bloc: str, *, topic: str | None = None, judge_all: bool = False, **filters: Any
    ) -> Cohesion:
        """How united a bloc is, by topic and by issue, and who breaks ranks: by what its members
        said while they were members.

        `bloc` is an id or a name; `filters` are from and to. Issues that were judged as a whole
        before count, and of a `topic` (then it is all about this one) also those that take few of
        the MOST_JUDGED pairs that may be judged; with `judge_all` the others are judged, however
        long it takes. Raises NotFound for an unknown bloc, InvalidInput naming a filter.
        """
        found = find_bloc(self.catalogue, bloc)
        refuse_unknown(filters, COHESION_FILTERS)
        question, generation = self._question(found.name, filters), self.generation
        only = parse_subject({"topic": topic}, self.catalogue, self.issues) if topic else None
        issues = only.issues(self.issues) if only else list(self.issues)

        def counts(state: str, day: PartialDate) -> bool:
            return within(question, day) and found.includes(state, day.last)

        most = None if judge_all else MOST_JUDGED if only else 0
        judged = self._judged(generation, issues, counts, most)
        about = only.topic if only else None
        return cohesion(found, about, question, generation, self.catalogue, judged)

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
        generation = inquiry.generation
        rows = generation.columns.latest(np.flatnonzero(inquiry.about), most)
        return generation.library.records(rows)

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

    def topic(self, topic: str, **filters: Any) -> TopicProfile:
        """When a topic is spoken of and by whom, whose words on it are alike and, kept apart, who
        is on contrary sides of its issues.

        `topic` is an id, a name or a synonym; `filters` are from and to. Only issues that were
        judged as a whole before count. Raises InvalidInput naming the field.
        """
        refuse_unknown(filters, PROFILE_FILTERS)
        inquiry = self._inquiry({"topic": topic}, filters)
        issues = inquiry.subject.issues(self.issues)
        judged = self._judged(
            inquiry.generation, issues, lambda _, day: within(inquiry.question, day)
        )
        return topic_profile(inquiry, issues, judged)

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

    def validate_votes(
        self,
        votes: str | Path,
        *,
        judge: bool = True,
        draws: int = DRAWS,
        seed: int = SEED,
        progress: Progress | None = None,
        **filters: Any,
    ) -> VoteValidation:
        """Whether states whose statements in the General Debate agree also vote together, by
        several measures of agreement, on each issue of `data/votes.yaml` and over all.

        `votes` is a folder of roll calls (README); `filters` are from and to, sessions. Without
        `judge` the stance model isn't asked; with it, what wasn't judged before takes some minutes
        a thousand positions. `draws` permutations make each p. Raises InvalidInput naming the
        field, CatalogueError for a mapping that can't be used.
        """
        refuse_unknown(filters, ("from", "to"))
        mapping = load_mapping(self.settings.data, self.issues)
        sessions = parse_sessions(filters, mapping)
        parse_draws(draws, seed)
        calls = read_roll_calls(Path(votes), self.catalogue.states)
        generation = self.generation
        found = debates(generation, sessions)
        if len(found) < 2:
            raise InvalidInput("from", "this generation holds fewer than two of these sessions")
        judging = judge and self.settings.stance_model is not None
        ground = Ground(
            generation=generation,
            issues=self.issues,
            contraries=self.contraries,
            judge=self.issue_judge(generation) if judging else None,
            mapping=mapping,
            roll_calls=calls.resolutions([debate.session for debate in found]),
            debates={debate.session: debate for debate in found},
        )
        return hold_against(
            ground, calls, draws, seed, self.stance_model.name if judging else None, progress
        )

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

    def _words(self, correction: Correction) -> str | None:
        """Of the claim that was corrected, where it is there and still says the same."""
        try:
            text = self.generations.current().library.claim(correction.claim_id).claim.text
        except NotFound:
            return None
        return text if text_sha256(text) == correction.sha256 else None
