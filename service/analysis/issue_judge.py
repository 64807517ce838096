"""Issues judged on one generation, with what people said of its claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from service.analysis.standings import (
    SIDE_OF,
    IssueStandings,
    annotated_rows,
    example_rows,
    standings,
)
from service.domain.corrections import folded, text_sha256
from service.domain.issues import Annotation, Issue
from service.domain.stages import Stage, stage
from service.domain.stance import Stance, Verdict
from service.domain.standing import Basis, Side
from service.errors import NotFound
from service.retrieval.columns import Mask
from service.retrieval.generations import Generation
from service.retrieval.index import Range
from service.stance.contraries import Contraries
from service.stance.corrections import Corrections
from service.stance.judge import StanceJudge
from service.stance.kept import KeptVerdicts
from service.stance.wordings import judge_on


@dataclass(frozen=True, slots=True)
class IssueJudge:
    """`verdicts` is the file that keeps the model's verdicts."""

    generation: Generation
    contraries: Contraries
    annotations: Mapping[str, Sequence[Annotation]]
    corrections: Corrections
    model: StanceJudge
    verdicts: Path

    def standings(
        self, issue: Issue, mask: Mask, ranges: list[Range], most: int | None = None
    ) -> IssueStandings:
        """Of the states that have a claim under `mask`. Raises TooManyToJudge where more than
        `most` pairs aren't judged yet."""
        generation = self.generation
        with stage(Stage.SEARCH):
            sides = self.contraries.on(issue.id)
            nearness = np.maximum(
                *(generation.index.scores(side, ranges) for side in (sides.holds, sides.denies))
            )
        known = annotated_rows(generation, self.annotations.get(issue.id, ()))
        known |= example_rows(generation, issue.examples)
        known |= self._corrected_rows(issue.proposition)
        kept = KeptVerdicts(self.verdicts, self.model.fingerprint, self.model.judge)

        def judge(texts: Sequence[str]) -> list[Verdict]:
            with stage(Stage.JUDGE):
                return judge_on(issue, texts, self.model, partial(kept.judge, most=most))

        return IssueStandings(
            issue,
            generation.manifest.id,
            generation.manifest.model,
            self.model.name,
            tuple(standings(generation, nearness, mask, known, judge)),
        )

    def _corrected_rows(self, proposition: str) -> dict[int, tuple[Side, Basis]]:
        """Claims of which users said where they stand towards the proposition."""
        found: dict[int, tuple[Side, Basis]] = {}
        for correction in self.corrections.holding([folded(proposition)]).values():
            try:
                record = self.generation.library.claim(correction.claim_id)
            except NotFound:
                continue
            if text_sha256(record.claim.text) == correction.sha256:
                found[record.row] = (SIDE_OF[Stance(correction.stance)], Basis.CORRECTED)
        return found
