"""Units on one dimension, by four scales beside each other: the result, and its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from service.analysis.tabular import Column, Table, Tabular, Type


class ScaleName(StrEnum):
    STANCE = "stance"
    SIMILARITY = "similarity"
    WORDSCORES = "wordscores"
    WORDFISH = "wordfish"


@dataclass(frozen=True, slots=True)
class Estimate:
    """`low` and `high`: 95%. Where all that is drawn anew says the same, they are the score."""

    score: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaledUnit:
    """A state, or a statement (then `date` is its own). `claims` are its positions on the subject,
    of so many `statements`; `on_issues` those on the subject's issues, on which stance and
    similarity rest; `words` those that count in its text. A score with too little behind it is
    None. `reference` is its place where it is a reference text."""

    unit: str
    name: str
    state: str
    date: str | None
    claims: int
    statements: int
    on_issues: int
    words: int
    scores: Mapping[ScaleName, Estimate]
    wordscores_lbg: float | None
    wordscores_mv: float | None
    reference: float | None

    def to_dict(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "unit": self.unit, "name": self.name, "state": self.state, "date": self.date,
            "claims": self.claims, "statements": self.statements, "on_issues": self.on_issues,
            "words": self.words,
        }  # fmt: skip
        for scale in ScaleName:
            found = self.scores.get(scale)
            row[scale] = found.score if found else None
            row[f"{scale}_low"] = found.low if found else None
            row[f"{scale}_high"] = found.high if found else None
        row["wordscores_lbg"] = self.wordscores_lbg
        row["wordscores_mv"] = self.wordscores_mv
        row["reference"] = self.reference
        return {column.name: row[column.name] for column in UNITS}


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's, over the `units` that have both scores; None for too few of them."""

    scale_a: ScaleName
    scale_b: ScaleName
    spearman: float | None
    units: int


@dataclass(frozen=True, slots=True)
class Loading:
    """What an issue has to do with a topic's dimension: the cell of a unit at 1 rather than 0 is
    `stance` higher than `stance_mean`, and so for similarity. None where it doesn't count."""

    issue: str
    proposition: str
    units: int
    stance: float | None
    stance_mean: float | None
    similarity: float | None
    similarity_mean: float | None


@dataclass(frozen=True, slots=True)
class WordModel:
    """Of the two scales by words: so many `texts` and different `words`; Wordfish's `dispersion`
    (1 where its model holds), `sweeps`, and whether it `converged`."""

    texts: int
    words: int
    dispersion: float
    sweeps: int
    converged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale(Tabular):
    """`units` by id. On an issue, stance and similarity are means; on a topic, places on the first
    component over its `issues`, with `loadings`, which explains `shares` of the variance between
    the units' means. `left_out` are issues without stances: not judged yet, beyond the first ones,
    or all where the deployment judges nothing. `anchors` are at the low and the high end."""

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    issues: tuple[str, ...]
    left_out: tuple[str, ...]
    anchors: tuple[str, str] | None
    references: Mapping[str, float]
    word_model: WordModel | None
    shares: Mapping[ScaleName, float | None]
    units: tuple[ScaledUnit, ...]
    correlations: tuple[Correlation, ...]
    loadings: tuple[Loading, ...]

    def to_dict(self) -> dict[str, Any]:
        words = self.word_model
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "issues": list(self.issues),
            "left_out": list(self.left_out),
            "anchors": list(self.anchors) if self.anchors else None,
            "references": dict(self.references),
            "word_model": words and {
                "texts": words.texts, "words": words.words, "dispersion": words.dispersion,
                "sweeps": words.sweeps, "converged": words.converged,
            },
            "shares": {str(scale): share for scale, share in self.shares.items()},
            **{table.name: list(table.rows) for table in self.tables()},
        }  # fmt: skip

    def tables(self) -> tuple[Table, ...]:
        """Units, correlations and, of a topic, loadings."""
        correlations = [
            {"scale_a": str(c.scale_a), "scale_b": str(c.scale_b), "spearman": c.spearman,
             "units": c.units}
            for c in self.correlations
        ]  # fmt: skip
        loadings = [
            {
                "issue": found.issue, "proposition": found.proposition, "units": found.units,
                "stance_loading": found.stance, "stance_mean": found.stance_mean,
                "similarity_loading": found.similarity, "similarity_mean": found.similarity_mean,
            }
            for found in self.loadings
        ]  # fmt: skip
        return (
            Table("units", UNITS, [unit.to_dict() for unit in self.units]),
            Table("correlations", CORRELATIONS, correlations),
            *([Table("loadings", LOADINGS, loadings)] if loadings else []),
        )


def _text(name: str, description: str) -> Column:
    return Column(name, Type.STRING, description)


def _count(name: str, description: str) -> Column:
    return Column(name, Type.INTEGER, description)


def _number(name: str, description: str) -> Column:
    return Column(name, Type.NUMBER, description)


def _scale(name: str, description: str, interval: str) -> tuple[Column, ...]:
    return (
        _number(name, description),
        _number(f"{name}_low", f"Lower end of its 95% interval: {interval}."),
        _number(f"{name}_high", "Upper end of the same interval."),
    )


_DRAWN = "over the unit's statements drawn anew, or its claims where it has fewer than three"
UNITS = (
    _text("unit", "A state's code, ISO 3166-1 alpha-3, or a statement's id."),
    _text("name", "The state's name."),
    _text("state", "The state's code."),
    _text("date", "The statement's date, ISO 8601; empty where units are states."),
    _count("claims", "Positions on the subject, from which words are counted."),
    _count("statements", "Statements that hold these positions."),
    _count("on_issues", "Positions on the subject's issues, on which stance and similarity rest."),
    _count("words", "Words counted, without stop words and without words that few units use."),
    *_scale(
        "stance",
        "On an issue the mean, over positions, of the probability of being for the proposition "
        "less that of being against it, -1 to 1; on a topic the place on the first component of "
        "its issues' means. Empty for fewer than three positions.",
        _DRAWN,
    ),
    *_scale(
        "similarity",
        "The same of the similarity to the proposition's wordings less that to the contrary's. "
        "Of words, not of agreement.",
        _DRAWN,
    ),
    *_scale(
        "wordscores",
        "Raw score (Laver, Benoit and Garry 2003), on the references' scale but drawn together.",
        "1.96 standard errors, of the words used",
    ),
    _number("wordscores_lbg", "The score rescaled as in the paper."),
    _number("wordscores_mv", "The score rescaled as by Martin and Vanberg (2008)."),
    *_scale(
        "wordfish",
        "Place by word frequencies alone (Slapin and Proksch 2008): mean 0, standard deviation 1.",
        "1.96 standard errors, with each word's own dispersion",
    ),
    _number("reference", "The place that was given to the unit as a reference text, else empty."),
)
CORRELATIONS = (
    _text("scale_a", "A scale."),
    _text("scale_b", "Another one."),
    _number("spearman", "Spearman's rank correlation, -1 to 1; empty for fewer than five units."),
    _count("units", "Units with a score on both."),
)
LOADINGS = (
    _text("issue", "The issue's id."),
    _text("proposition", "The debatable proposition that it asks about."),
    _count("units", "Units with a position on it."),
    _number("stance_loading", "By how much stance on it rises with one unit of the stance scale."),
    _number("stance_mean", "Stance on it of a unit at 0, -1 to 1."),
    _number("similarity_loading", "The same of the similarity scale."),
    _number("similarity_mean", "Similarity to one side less the other, of a unit at 0."),
)
