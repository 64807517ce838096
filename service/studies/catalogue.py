"""Which studies there are. Another one is another entry here."""

from __future__ import annotations

from collections.abc import Mapping

from service.comparison import Comparator
from service.errors import NotFound
from service.studies.drawn import comparison_sides, trend_lines
from service.studies.drawn_clusters import cluster_figures
from service.studies.drawn_matrix import matrix_figures
from service.studies.drawn_scales import scale_dots
from service.studies.over_years import cohesion_lines, convergence_lines, drift_lines
from service.studies.study import Study, parameters

_PERIOD = ("from", "to")
_FILTERS = ("states", "exclude", "blocs", *_PERIOD)

STUDIES: Mapping[str, Study] = {
    study.name: study
    for study in (
        Study(
            "agreement",
            "State against state on a topic or an issue",
            "How alike the positions of every two states are and, kept apart, on what share of the "
            "topic's issues they took the same side.",
            parameters("topic", "issue", *_FILTERS, judge_all=False),
            Comparator.agreement,
        ),
        Study(
            "trends",
            "Positions on a subject over the years",
            "Positions on a topic, an issue or the point of a text, year by year; on an issue also "
            "how many states were on each side.",
            parameters("topic", "issue", "text", "by", *_FILTERS),
            Comparator.trends,
            trend_lines,
        ),
        Study(
            "profile",
            "One state among all",
            "What a state speaks of more than others do, to whom its words are near and, kept "
            "apart, with whom it was on the same side of issues.",
            parameters("state!", *_PERIOD, judge_all=False),
            Comparator.profile,
        ),
        Study(
            "cohesion",
            "How united a bloc is",
            "How alike members of a bloc word its topics, beside outsiders; on which sides of "
            "issues they are, and who breaks ranks.",
            parameters("bloc!", "topic", *_PERIOD, judge_all=False),
            Comparator.cohesion,
        ),
        Study(
            "drift",
            "How far states or blocs moved",
            "Each year's positions on a subject against those of the years before: in wording, "
            "beside what two halves of the same positions differ by, and, kept apart, in stance.",
            parameters("topic", "issue", "text", *_FILTERS, by="state", before=5, seed=0),
            Comparator.drift,
            drift_lines,
        ),
        Study(
            "moves",
            "Who moved, and when",
            "Change points of the yearly wording and, kept apart, of the stance of states or blocs "
            "on a subject, with the claims before and after each.",
            parameters("topic", "issue", "text", *_FILTERS, by="state", seed=0),
            Comparator.moves,
        ),
        Study(
            "convergence",
            "Whether two states come closer",
            "How alike two states' positions are year by year, beside all other pairs, and, kept "
            "apart, on what share of the issues they stood on the same side; with slopes.",
            parameters("a!", "b!", "topic", *_PERIOD, judge_all=False, seed=0),
            Comparator.convergence,
            convergence_lines,
        ),
        Study(
            "cohesion-years",
            "How united a bloc is over the years",
            "How alike a bloc's members of the time word their positions year by year, beside "
            "outsiders, and, kept apart, how many stand on the same side of issues; with slopes.",
            parameters("bloc!", "topic", *_PERIOD, judge_all=False),
            Comparator.cohesion_years,
            cohesion_lines,
        ),
        Study(
            "scale",
            "States or statements on one dimension",
            "Places on one dimension of a topic or an issue, by stance and, kept apart, by "
            "similarity, by Wordscores and by Wordfish, with intervals and rank correlations.",
            parameters(
                "topic",
                "issue",
                *_FILTERS,
                "anchor_low",
                "anchor_high",
                "reference",
                by="state",
                whole=False,
                judge_all=False,
                seed=0,
            ),
            Comparator.scale,
            scale_dots,
        ),
        Study(
            "clusters",
            "Which states speak alike",
            "Groups of states by the wording of their positions on a topic or an issue, or over "
            "all, without being told the blocs; whether there are any, and how like the blocs.",
            parameters(
                "topic", "issue", "number", *_FILTERS, most=10, least=5, correct=True, seed=0
            ),
            Comparator.clusters,
            cluster_figures,
        ),
        Study(
            "matrix",
            "Every pair of states or of statements",
            "How alike the positions of every two are, with intervals and, kept apart, on how many "
            "issues both took the same side.",
            parameters(
                *_FILTERS,
                "topics",
                "forum",
                "kind",
                unit="state",
                least=5,
                intervals=True,
                judged=0,
                judge_all=False,
            ),
            Comparator.matrix,
            matrix_figures,
        ),
        Study(
            "compare",
            "Two statements, claim by claim",
            "Which positions both statements have, where the second stands towards the first in "
            "each, and which only one of them has; by topic.",
            parameters("a", "b", "text_a", "text_b", seed=0),
            Comparator.compare,
            comparison_sides,
        ),
        Study(
            "votes",
            "Statements against roll calls",
            "Whether states whose statements in the General Debate agree also vote together, on "
            "each issue that was voted on and over all, by several measures of agreement.",
            parameters("votes!", *_PERIOD, judge=True, draws=999, seed=0),
            Comparator.validate_votes,
        ),
    )
}


def find_study(name: str) -> Study:
    """Raises NotFound."""
    if name not in STUDIES:
        raise NotFound(f"no such study: {name}; there are {', '.join(STUDIES)}")
    return STUDIES[name]
