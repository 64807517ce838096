"""Where states stand on issues and topics, and with whom."""

from __future__ import annotations

from typing import Any

import numpy as np

from service.analysis.agreement import Agreement, agreement
from service.analysis.cohesion import COHESION_FILTERS, Cohesion, cohesion, find_bloc
from service.analysis.judged import within
from service.analysis.profile import (
    PROFILE_FILTERS,
    Profile,
    Speaker,
    find_state,
    profile,
    speakers,
)
from service.analysis.standings import IssueStandings
from service.analysis.subject import find_issue, parse_subject, refuse_unknown
from service.analysis.tallies import Tally
from service.analysis.topic_profile import TopicProfile, topic_profile
from service.answerer import MOST_JUDGED
from service.comparison.inquiries import Inquiries
from service.domain.dates import PartialDate
from service.domain.stages import answered_from
from service.retrieval.library import ClaimRecord
from service.stance.kept import Progress


class Positions(Inquiries):
    """Of states and of blocs, over a period as a whole."""

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
