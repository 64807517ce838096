"""Issues judged on one generation, with what people said of its claims."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.candidates import candidates_within
from service.analysis.judged import Counts, Judged, judged_issues
from service.analysis.standings import (
    SIDE_OF,
    IssueStandings,
    annotated_rows,
    example_rows,
    standings,
)
from service.analysis.tallies import Tallies, Tally, corrections_mark
from service.domain.blocs import Blocs
from service.domain.corrections import Correction, Key, folded, text_sha256
from service.domain.issues import Annotation, Issue
from service.domain.questions import Question
from service.domain.stages import Stage, stage
from service.domain.stance import STANCES, Stance, Verdict
from service.domain.standing import Basis, Evidence, Side
from service.errors import NotFound
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation
from service.stance.contraries import Contraries
from service.stance.corrections import Corrections
from service.stance.judge import StanceJudge
from service.stance.kept import KeptVerdicts, Progress, TooManyToJudge
from service.stance.wordings import judge_on

# Standings that are remembered, a megabyte or two each: a page asks twice for the same.
_MOST_REMEMBERED = 8
# Issues that one answer may begin to judge: each may take a thousand judged claims and more.
MOST_BEGUN = 10
_ALIGNED, _OPPOSED = STANCES.index(Stance.ALIGNED), STANCES.index(Stance.OPPOSED)
_LEANING = {Side.FOR: 1.0, Side.AGAINST: -1.0}


class Recent:
    """The standings asked for last. Safe between threads."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[Any, ...], IssueStandings] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: tuple[Any, ...]) -> IssueStandings | None:
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def put(self, key: tuple[Any, ...], standings: IssueStandings) -> None:
        with self._lock:
            self._found[key] = standings
            while len(self._found) > _MOST_REMEMBERED:
                self._found.popitem(last=False)


@dataclass(frozen=True, slots=True)
class IssueJudge:
    """`verdicts` is the file that keeps the model's verdicts, and what they came to."""

    generation: Generation
    blocs: Blocs
    contraries: Contraries
    annotations: Mapping[str, Sequence[Annotation]]
    corrections: Corrections
    model: StanceJudge
    verdicts: Path
    recent: Recent

    def standings(
        self,
        issue: Issue,
        question: Question,
        most: int | None = None,
        progress: Progress | None = None,
    ) -> IssueStandings:
        """Of the states that have a position within the filters of `question`, from positions
        within its period. Raises TooManyToJudge where more than `most` pairs aren't judged yet,
        tells `progress` of those that are judged, and raises what that raises."""
        key = (self.generation.manifest.id, issue, question, self.corrections.version())
        found = self.recent.get(key)
        if found is None:
            found = self._standings(issue, question, most, progress)
            self.recent.put(key, found)
        return found

    def _standings(
        self, issue: Issue, question: Question, most: int | None, progress: Progress | None
    ) -> IssueStandings:
        generation = self.generation
        with stage(Stage.SEARCH):
            mask = allowed_rows(question, generation, self.blocs, ())
            sides = self.contraries.on(issue.id)
            chosen = candidates_within(question, generation, self.blocs, issue, sides)
        corrected = self.corrections.holding([folded(issue.proposition)])
        known = self._said_by_people(issue, corrected)
        judge = partial(self._verdicts, issue, most, progress)
        found = standings(generation, chosen, mask, known, judge)
        narrowed = question.states, question.exclude, question.blocs, question.forum
        if not any((*narrowed, question.earliest, question.latest)):
            by_state = {one.state: one.standing.side for one in found}
            mark = corrections_mark(corrected.values())
            evidence = {one.state: one.standing.evidence for one in found}
            self._tallies.put(issue, generation.manifest.id, mark, by_state, evidence)
        return IssueStandings(
            issue,
            generation.manifest.id,
            generation.manifest.model,
            self.model.name,
            tuple(found),
        )

    def leanings(
        self, issue: Issue, rows: npt.NDArray[np.int64], most: int | None = None
    ) -> npt.NDArray[np.float64]:
        """Of each of `rows`, how likely it is for the proposition less how likely against it, -1 to
        1; where people said which side it takes, 1, -1 or, with reservations or silent, 0. Verdicts
        are those of `standings`, and kept as they are. Raises TooManyToJudge."""
        corrected = self.corrections.holding([folded(issue.proposition)])
        known = self._said_by_people(issue, corrected)
        asked = [row for row in rows.tolist() if row not in known]
        records = self.generation.library.records(asked)
        verdicts = self._verdicts(issue, most, None, [record.claim.text for record in records])
        found = {
            row: verdict.probabilities[_ALIGNED] - verdict.probabilities[_OPPOSED]
            for row, verdict in zip(asked, verdicts, strict=True)
        }
        found |= {row: _LEANING.get(side, 0.0) for row, (side, _) in known.items()}
        return np.array([found[row] for row in rows.tolist()], np.float64)

    def tallies(self, issues: Sequence[Issue]) -> dict[str, Tally]:
        """By issue, of those that were judged as a whole before, without judging anything."""
        corrected = self.corrections.holding([folded(issue.proposition) for issue in issues])
        return self._tallies.of(issues, self.generation.manifest.id, corrected.values())

    def judge_whole(self, issues: Sequence[Issue], most: int | None) -> None:
        """Judge those that weren't since the corpus or their corrections changed, each where that
        takes no more than an equal share of `most` pairs, and of these no more than MOST_BEGUN."""
        if most == 0:
            return
        done = {issue for issue, tally in self.tallies(issues).items() if tally.current}
        wanted = [issue for issue in issues if issue.id not in done]
        if most is not None:
            wanted = wanted[:MOST_BEGUN]
        for issue in wanted:
            with suppress(TooManyToJudge):
                everything = Question(text=issue.proposition, parts=())
                self.standings(issue, everything, most and most // len(wanted))

    def judged(self, issues: Sequence[Issue], counts: Counts) -> Judged:
        """Those that were judged as a whole before, by the evidence that `counts`; as `tallies`,
        judges nothing."""
        evidence = self._tallies.evidence(issues)
        found = judged_issues(issues, self.tallies(issues), evidence, counts)
        taken = {on.issue.id for on in found}
        left_out = tuple(issue.id for issue in issues if issue.id not in taken)
        return Judged(self.model.name, found, left_out)

    def evidence(self, issues: Sequence[Issue]) -> dict[str, dict[str, tuple[Evidence, ...]]]:
        """By issue, of those that `tallies` gives, and by state: what their sides rest on."""
        return self._tallies.evidence(issues)

    @property
    def _tallies(self) -> Tallies:
        return Tallies(self.verdicts, self.model.fingerprint)

    def _said_by_people(
        self, issue: Issue, corrections: Mapping[Key, Correction]
    ) -> dict[int, tuple[Side, Basis]]:
        """By row. A correction outweighs a label."""
        known = annotated_rows(self.generation, self.annotations.get(issue.id, ()))
        known |= example_rows(self.generation, issue.examples)
        return known | self._corrected_rows(corrections)

    def _verdicts(
        self, issue: Issue, most: int | None, progress: Progress | None, texts: Sequence[str]
    ) -> list[Verdict]:
        """Of claims towards the proposition, kept for good."""
        kept = KeptVerdicts(self.verdicts, self.model.fingerprint, self.model.judge)
        with stage(Stage.JUDGE):
            asking = partial(kept.judge, most=most, progress=progress)
            return judge_on(issue, texts, self.model, asking)

    def _corrected_rows(
        self, corrections: Mapping[Key, Correction]
    ) -> dict[int, tuple[Side, Basis]]:
        """Claims of which users said where they stand."""
        found: dict[int, tuple[Side, Basis]] = {}
        for correction in corrections.values():
            try:
                record = self.generation.library.claim(correction.claim_id)
            except NotFound:
                continue
            if text_sha256(record.claim.text) == correction.sha256:
                found[record.row] = (SIDE_OF[Stance(correction.stance)], Basis.CORRECTED)
        return found
