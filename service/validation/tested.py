"""What the validation on votes gives: measure by measure, on each issue and over all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.analysis.tabular import Column, Table, Tabular, Type
from service.domain.issues import Issue
from service.validation.measures import COSINE, INFORMED, MEASURES
from service.votes.statistics import Difference, Estimate, Relation

_FIGURES = tuple(
    Column(
        f"{figure}{end}", Type.NUMBER,
        {
            "": f"{said}; mean over sessions by their pairs.",
            "_low": "Lower end of its 95% interval, a jackknife: which states there are.",
            "_high": "Upper end of it.",
            "_p": "Two-sided p by permutation of states, the same in all sessions.",
        }[end],
    )
    for figure, said in (
        ("spearman", "Rank correlation with agreement in votes over pairs of states"),
        ("auc", "How likely the pair that votes alike has the higher measure, of two pairs"),
    )
    for end in ("", "_low", "_high", "_p")
)  # fmt: skip
RELATION_COLUMNS = (
    Column("issue", Type.STRING, "The issue's id; empty: over all roll calls of each session."),
    Column("proposition", Type.STRING, "The issue's proposition."),
    Column("measure", Type.STRING, "How agreement in statements is measured; see `measures`."),
    Column("sessions", Type.INTEGER, "Sessions with enough pairs."),
    Column("states", Type.INTEGER, "Different states."),
    Column("pairs", Type.INTEGER, "Pairs of states, counted anew in each session."),
    Column(
        "alike", Type.INTEGER,
        "Pairs that vote alike: in every roll call, or over all more than the session's median.",
    ),
    *_FIGURES,
    Column(
        "auc_beyond", Type.NUMBER,
        "AUC less that of raw cosine on the same pairs: the same states, where both are known.",
    ),
    Column("auc_beyond_low", Type.NUMBER, "Lower end of its 95% interval."),
    Column("auc_beyond_high", Type.NUMBER, "Upper end of it."),
    Column("spearman_beyond", Type.NUMBER, "As `auc_beyond`, of the rank correlation."),
    Column("spearman_beyond_low", Type.NUMBER, "Lower end of its 95% interval."),
    Column("spearman_beyond_high", Type.NUMBER, "Upper end of it."),
)  # fmt: skip
SUMMARY_COLUMNS = (
    Column("measure", Type.STRING, "How agreement in statements is measured."),
    Column("description", Type.STRING, "What it is."),
    Column("informed", Type.BOOLEAN, "Whether it knows how other states voted before."),
    Column("issues", Type.INTEGER, "Issues on which its AUC can be told beside raw cosine's."),
    Column("better", Type.INTEGER, "Of these, those on which it is above raw cosine's."),
    Column("surely", Type.INTEGER, "Of these, those with the whole interval above."),
    Column("auc", Type.NUMBER, "Mean AUC over these issues."),
    Column("cosine_auc", Type.NUMBER, "Mean AUC of raw cosine on the same pairs."),
    Column("spearman", Type.NUMBER, "Rank correlation over all roll calls of each session."),
    Column("spearman_low", Type.NUMBER, "Lower end of its 95% interval."),
    Column("spearman_high", Type.NUMBER, "Upper end of it."),
)


@dataclass(frozen=True, slots=True)
class Tested:
    """One measure on one issue, or over all (`issue` None), beside raw cosine on the same pairs
    (None of itself)."""

    issue: Issue | None
    relation: Relation
    beyond: Difference | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteValidation(Tabular):
    """`sessions` are those of which speeches and votes are known, `read` roll calls were read and
    `mapped` of them vote on an issue. `stance_model` is None where nothing was judged."""

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    sessions: tuple[int, ...]
    read: int
    mapped: int
    tested: tuple[Tested, ...]

    def tables(self) -> Sequence[Table]:
        return (
            Table("relations", RELATION_COLUMNS, list(self.relation_rows())),
            Table("measures", SUMMARY_COLUMNS, list(self.summary_rows())),
        )

    def relation_rows(self) -> Iterator[dict[str, Any]]:
        for found in self.tested:
            relation, beyond = found.relation, found.beyond
            row = {
                "issue": found.issue.id if found.issue else None,
                "proposition": found.issue.proposition if found.issue else None,
                **{
                    name: getattr(relation, name)
                    for name in ("measure", "sessions", "states", "pairs", "alike")
                },
            }
            for figure in ("spearman", "auc"):
                estimate: Estimate = getattr(relation, figure)
                row |= _ends(figure, estimate) | {f"{figure}_p": estimate.p}
                row |= _ends(f"{figure}_beyond", getattr(beyond, figure, None))
            yield {column.name: row[column.name] for column in RELATION_COLUMNS}

    def summary_rows(self) -> Iterator[dict[str, Any]]:
        """Each measure over the issues, and over all roll calls."""
        by_measure: dict[str, list[Tested]] = defaultdict(list)
        for found in self.tested:
            by_measure[found.relation.measure].append(found)
        for name, tests in by_measure.items():
            told = [
                (t.relation.auc.value, t.beyond.auc)
                for t in tests
                if t.issue and t.beyond and t.relation.auc.value is not None
                if t.beyond.auc.value is not None
            ]
            gains = [gain.value or 0.0 for _, gain in told]
            own = [auc or 0.0 for auc, _ in told]
            whole = next((t.relation.spearman for t in tests if t.issue is None), None)
            yield {
                "measure": name,
                "description": MEASURES[name],
                "informed": name in INFORMED,
                "issues": len(told) if name != COSINE else None,
                "better": len([g for g in gains if g > 0]) if name != COSINE else None,
                "surely": len([g for _, g in told if (g.low or 0) > 0]) if name != COSINE else None,
                "auc": _mean(own),
                "cosine_auc": _mean([a - g for a, g in zip(own, gains, strict=True)]),
                **_ends("spearman", whole),
            }

    def to_dict(self) -> dict[str, Any]:
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "sessions": list(self.sessions),
            "roll_calls": {"read": self.read, "mapped": self.mapped},
            "measures": list(self.summary_rows()),
            "relations": list(self.relation_rows()),
        }


def _ends(name: str, estimate: Estimate | None) -> dict[str, float | None]:
    if estimate is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: estimate.value, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 6) if values else None
