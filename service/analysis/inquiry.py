"""What an analysis works on, once its subject and filters have been checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.analysis.issue_judge import IssueJudge
from service.analysis.judged import period
from service.analysis.subject import Subject
from service.catalogue import Catalogue
from service.domain.questions import Question
from service.domain.stages import Stage, answered_from, stage
from service.retrieval.columns import Mask
from service.retrieval.encoder import Vectors
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation
from service.retrieval.levels import ON_POINT_PERCENTILE


@dataclass(frozen=True, slots=True)
class Inquiry:
    """`within` marks the positions that pass the filters, `about` those of them that are on the
    subject. `judge` is None where the deployment judges nothing."""

    subject: Subject
    question: Question
    generation: Generation
    catalogue: Catalogue
    within: Mask
    about: Mask
    judge: Callable[[], IssueJudge] | None

    def echo(self) -> dict[str, Any]:
        """What was asked as it was understood, in the API's names."""
        asked = self.question
        return self.subject.to_dict() | {
            "exclude": list(asked.exclude),
            "states": list(asked.states),
            "blocs": list(asked.blocs),
            **period(asked),
        }


def inquire(
    subject: Subject,
    question: Question,
    generation: Generation,
    catalogue: Catalogue,
    asked: Sequence[Vectors],
    judge: Callable[[], IssueJudge] | None,
) -> Inquiry:
    """On a topic are the positions that have it; on an issue or a text, those on the point of one
    of the vectors that are `asked`, each of shape (dimension,)."""
    answered_from(generation.manifest.id)
    columns = generation.columns
    with stage(Stage.SEARCH):
        within = allowed_rows(question, generation, catalogue.blocs, ())
        about = np.zeros(len(within), np.bool_)
        if subject.topic is not None:
            about |= columns.on_topic(subject.topic.id)
        level = generation.similarity_at(ON_POINT_PERCENTILE)
        for vector in asked:
            about |= generation.index.scores(vector, within) >= level
    return Inquiry(subject, question, generation, catalogue, within, about & within, judge)
