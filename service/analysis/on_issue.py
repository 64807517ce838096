"""The positions on an issue, and where each stands: by stance and, kept apart, by similarity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.analysis.candidates import candidates_within
from service.analysis.inquiry import Inquiry
from service.domain.issues import Issue
from service.domain.stages import Stage, stage
from service.retrieval.levels import SAME_SUBJECT_PERCENTILE
from service.stance.contraries import Sides
from service.stance.kept import TooManyToJudge

SidesOf = Callable[[str], Sides]


@dataclass(frozen=True, slots=True)
class OnIssue:
    """`rows` ascend. Of each, `stance` is how likely it is for the proposition less how likely
    against it, -1 to 1: None where the issue wasn't judged. `similarity` is its similarity to the
    proposition's side less that to the contrary's: it tells whose words it uses."""

    issue: Issue
    rows: npt.NDArray[np.int64]
    stance: npt.NDArray[np.float64] | None
    similarity: npt.NDArray[np.float64]


def on_issues(
    inquiry: Inquiry, issues: Sequence[Issue], sides: SidesOf, most: int | None
) -> list[OnIssue]:
    """Of each issue. Those of which more than an equal share of `most` pairs aren't judged yet
    (None: all are judged) have no stance."""
    share = None if most is None else most // max(len(issues), 1)
    return [_on_issue(inquiry, issue, sides(issue.id), share) for issue in issues]


def _on_issue(inquiry: Inquiry, issue: Issue, sides: Sides, most: int | None) -> OnIssue:
    """Rows are those within the filters that `standings` would judge, as far as they aren't about
    something else."""
    generation = inquiry.generation
    with stage(Stage.SEARCH):
        blocs = inquiry.catalogue.blocs
        rows = candidates_within(inquiry.question, generation, blocs, issue, sides)
        holds, denies = (
            generation.index.similarities(side, rows) for side in (sides.holds, sides.denies)
        )
        about = generation.similarity_at(SAME_SUBJECT_PERCENTILE)
        kept = (np.maximum(holds, denies) >= about) & inquiry.within[rows]
        rows, leans = rows[kept], (holds - denies)[kept].astype(np.float64)
    stance = None
    if inquiry.judge is not None:
        with suppress(TooManyToJudge):
            stance = inquiry.judge().leanings(issue, rows, most)
    return OnIssue(issue, rows, stance, leans)
