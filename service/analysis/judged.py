"""Where states stand on the issues that were judged as a whole before, by some of the evidence
only: that of a period, or what a state said while it belonged to a bloc."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.analysis.tallies import Tally
from service.domain.dates import PartialDate
from service.domain.issues import Issue
from service.domain.questions import Question
from service.domain.standing import Evidence, Side, Standing, standing
from service.errors import NotFound
from service.retrieval.generations import Generation

# Whether what a state said at that date is to count.
Counts = Callable[[str, PartialDate], bool]


@dataclass(frozen=True, slots=True)
class JudgedIssue:
    """`standings` has the states that took a side by evidence that counts. `current` is False where
    the corpus or the corrections changed since the issue was judged."""

    issue: Issue
    current: bool
    standings: Mapping[str, Standing]

    def side(self, state: str) -> Side:
        found = self.standings.get(state)
        return found.side if found else Side.SILENT


@dataclass(frozen=True, slots=True)
class Judged:
    """`issues` in the order of the catalogue, and the ids of those that `stance_model` hasn't
    judged; without such a model, of all."""

    stance_model: str | None
    issues: Sequence[JudgedIssue]
    left_out: tuple[str, ...]


def judged_issues(
    issues: Iterable[Issue],
    tallies: Mapping[str, Tally],
    evidence: Mapping[str, Mapping[str, Sequence[Evidence]]],
    counts: Counts,
) -> list[JudgedIssue]:
    """Those of `issues` that have a tally and evidence, in their order. A side is reckoned anew
    from the evidence that counts, so that what is said later or elsewhere has no part in it."""
    found = []
    for issue in issues:
        if issue.id in tallies and issue.id in evidence:
            standings = {}
            for state, pieces in evidence[issue.id].items():
                made = [piece for piece in pieces if counts(state, PartialDate(piece.date))]
                if made:
                    standings[state] = standing(made)
            found.append(JudgedIssue(issue, tallies[issue.id].current, standings))
    return found


def within(question: Question, day: PartialDate) -> bool:
    """Whether a date may lie within the period asked for, as claims are filtered."""
    return not (
        (question.earliest and day.last < question.earliest.first)
        or (question.latest and day.first > question.latest.last)
    )


def period(question: Question) -> dict[str, str | None]:
    """That was asked for, in the API's names."""
    return {
        "from": str(question.earliest) if question.earliest else None,
        "to": str(question.latest) if question.latest else None,
    }


def shown_by(generation: Generation, found: Standing) -> dict[str, Any] | None:
    """The latest claim on the side that a state is on, with the basis and the probability of this
    verdict; None where its words have left the corpus."""
    for piece in reversed(found.evidence):
        if piece.side is found.side:
            try:
                record = generation.library.claim(piece.claim_id)
            except NotFound:
                continue
            return record.to_dict() | {
                "side": str(piece.side),
                "basis": str(piece.basis),
                "probability": piece.probability,
            }
    return None
