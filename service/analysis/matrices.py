"""From a question to the matrix that answers it: whose claims, on which issues, judged by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.analysis.issue_judge import IssueJudge
from service.analysis.judged import period
from service.analysis.kept_blocks import KeptBlocks
from service.analysis.pair_matrix import Judge, PairMatrix, Progress, Wanted, pair_matrix
from service.analysis.units import Unit, units
from service.catalogue import Catalogue
from service.cluster.cluster import Cluster
from service.domain.issues import Issue
from service.domain.questions import Question
from service.domain.stages import answered_from
from service.domain.standing import Side
from service.errors import InvalidInput
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation

MATRIX_FILTERS = ("exclude", "states", "blocs", "topics", "from", "to", "forum", "kind")
# Of positions that a request may compare, and of units: two sessions of the General Debate take ten
# seconds on two cores. Jobs and the command line have no limit.
MOST_OF_REQUEST, MOST_UNITS_OF_REQUEST = 25_000, 250


def parse_unit(value: Any) -> Unit:
    try:
        return Unit(value)
    except ValueError:
        raise InvalidInput("unit", f"{value!r} is none of {', '.join(Unit)}") from None


def parse_wanted(least: Any, intervals: bool, judged: Any) -> Wanted:
    for name, value, lowest, highest in (("least", least, 2, 1_000), ("judged", judged, 0, 10)):
        if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
            raise InvalidInput(name, f"must be a whole number from {lowest} to {highest}")
    return Wanted(least=least, intervals=intervals, judged=judged)


def matrix(
    question: Question,
    unit: Unit,
    wanted: Wanted,
    generation: Generation,
    catalogue: Catalogue,
    issues: Sequence[Issue],
    issue_judge: IssueJudge | None,
    judge: Judge | None,
    stance_model: str | None,
    folder: Path | None,
    bounded: bool,
    progress: Progress | None,
    cluster: Cluster | None,
) -> PairMatrix:
    """`issues` are those that may count: of them the ones that `issue_judge` judged before. Raises
    InvalidInput naming `from` where it is `bounded` and too much to be compared, `judged` where
    nothing can judge, and `out` where `folder` holds another run."""
    for topic in question.topics:
        if topic.id is None:
            raise InvalidInput("topics", f"{topic.text!r} is no topic; give an id, name or synonym")
    answered_from(generation.manifest.id)
    chosen = allowed_rows(question, generation, catalogue.blocs, ())
    found = units(generation, chosen, unit)
    if bounded and (len(found.rows) > MOST_OF_REQUEST or len(found) > MOST_UNITS_OF_REQUEST):
        raise InvalidInput(
            "from",
            f"{len(found.rows)} claims of {len(found)} units match, at most {MOST_OF_REQUEST} of "
            f"{MOST_UNITS_OF_REQUEST} are compared at once: narrow it, or have a job do it (POST "
            "/v1/jobs)",
        )
    if wanted.judged and judge is None:
        raise InvalidInput("judged", "this deployment has no stance model")
    known: list[Issue] = []
    evidence: Mapping[str, Any] = {}
    if issue_judge is not None:
        tallies = issue_judge.tallies(issues)
        known = [issue for issue in issues if issue.id in tallies]
        evidence = issue_judge.evidence(known)
    query = {
        "unit": str(unit),
        "exclude": list(question.exclude),
        "states": list(question.states),
        "blocs": list(question.blocs),
        "topics": [topic.id for topic in question.topics],
        **period(question),
        "forum": question.forum,
        "kind": [str(kind) for kind in question.kinds] if question.kinds else ["any"],
        "least": wanted.least,
        "intervals": wanted.intervals,
        "judged": wanted.judged,
    }
    run = {"query": query, "generation": generation.manifest.id, "stance_model": stance_model}
    blocks = KeptBlocks(folder, run)
    # Who waits for a request's few blocks doesn't want to wait for a cluster.
    pair_matrix(generation, found, wanted, blocks, judge, progress, None if bounded else cluster)
    sides = found.sides(known, evidence)
    # An issue on which nobody of these took a side here counts for nothing.
    spoken = (sides != list(Side).index(Side.SILENT)).any(axis=1) if len(known) else np.empty(0)
    taken = [issue.id for issue, said in zip(known, spoken.tolist(), strict=True) if said]
    return PairMatrix(
        query=query,
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=stance_model if known or wanted.judged else None,
        issues=tuple(taken),
        left_out=tuple(issue.id for issue in issues if issue not in known),
        units=found,
        names=tuple(catalogue.states.name(state) for state in found.states),
        wanted=wanted,
        sides=sides[spoken] if len(known) else sides,
        blocks=blocks,
    )
