"""Whether two states come closer over the years: how alike their positions are beside all other
pairs and, kept apart, how many issues they are on the same side of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from service.analysis.agreement import LEAST_ISSUES, LEAST_POSITIONS
from service.analysis.judged import Judged, period
from service.analysis.likeness import of_two
from service.analysis.matrix import alike
from service.analysis.slopes import SLOPE_COLUMNS, Slope, slope, slope_rows
from service.analysis.tabular import Column, Table, Tabular, Type
from service.catalogue import Catalogue
from service.domain.questions import Question
from service.domain.stages import Stage, answered_from, proceed, stage
from service.domain.standing import Side
from service.domain.topics import Topic
from service.errors import InvalidInput
from service.retrieval.filters import allowed_rows
from service.retrieval.generations import Generation

# Pairs of other states; of fewer nothing is said about the Assembly.
LEAST_PAIRS = 10

CONVERGENCE_COLUMNS = (
    Column("year", Type.INTEGER, "Calendar year."),
    Column("claims_a", Type.INTEGER, "Positions of the first state in the year."),
    Column("claims_b", Type.INTEGER, "Positions of the second state in the year."),
    Column("similarity", Type.NUMBER,
           "How alike the two states' positions are in subject and wording, -1 to 1; it never says "
           "that they agree. Empty where either has fewer than 2."),
    Column("low", Type.NUMBER, "Lower end of the similarity's 95% interval, over positions."),
    Column("high", Type.NUMBER, "Upper end of the similarity's 95% interval."),
    Column("pairs", Type.INTEGER, "Other pairs of states with 2 positions each in the year."),
    Column("others", Type.NUMBER, "Mean similarity of these; empty for fewer than 10."),
    Column("beyond", Type.NUMBER, "Similarity less the mean of the others."),
    Column("issues", Type.INTEGER, "Issues on which both had taken a side by the year's end."),
    Column("same", Type.INTEGER, "On how many of them it was the same."),
    Column("agreement", Type.NUMBER, "The share, 0 to 1; empty for fewer than 2 issues."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PairYear:
    """`similarity` is that of `matrix.Alike` with the interval of `likeness.Likeness`, None where
    either state has fewer than LEAST_POSITIONS positions. `others` is the mean of all pairs but
    this one, None for fewer than LEAST_PAIRS; it is worked out where the two have a figure, else
    `pairs` is 0. Who says more comes nearer to everybody, in this as in every year.

    `agreement` is the share of the issues on which both stood on a side at the end of the year, by
    what they had said until then, and stood on the same one. None for fewer than LEAST_ISSUES.
    """

    year: int
    claims_a: int
    claims_b: int
    similarity: float | None
    low: float | None
    high: float | None
    pairs: int
    others: float | None
    beyond: float | None
    issues: int
    same: int
    agreement: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence(Tabular):
    """Every year from the first to the last in which one of the two spoke on the subject. `slopes`
    are of similarity, of what it is beyond the others', and of agreement: above 0 the two come
    closer. Sides last until they change, so that years of agreement aren't independent.

    `judged` issues count; `left_out` weren't judged before by `stance_model`."""

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    state_a: str
    name_a: str
    state_b: str
    name_b: str
    years: tuple[PairYear, ...]
    slopes: Mapping[str, Slope]
    judged: int
    left_out: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "state_a": self.state_a,
            "name_a": self.name_a,
            "state_b": self.state_b,
            "name_b": self.name_b,
            "years": [asdict(year) for year in self.years],
            "slopes": slope_rows(self.slopes),
            "judged": self.judged,
            "left_out": list(self.left_out),
        }

    def tables(self) -> tuple[Table, ...]:
        return (
            Table("years", CONVERGENCE_COLUMNS, map(asdict, self.years)),
            Table("slopes", SLOPE_COLUMNS, slope_rows(self.slopes)),
        )


def convergence(
    pair: tuple[str, str],
    topic: Topic | None,
    question: Question,
    generation: Generation,
    catalogue: Catalogue,
    judged: Judged,
    seed: int,
) -> Convergence:
    """Of two different states, by code. `question` says the period, `judged` where states stand by
    what they said until its end. `seed` is that of the draws behind the intervals."""
    a, b = pair
    if a == b:
        raise InvalidInput("b", f"is {catalogue.states.name(a)} too: give two different states")
    answered_from(generation.manifest.id)
    columns = generation.columns
    with stage(Stage.SEARCH):
        mask = allowed_rows(question, generation, catalogue.blocs, ())
        if topic is not None:
            mask &= columns.on_topic(topic.id)
        rows = np.flatnonzero(mask)
        spoken = columns.years(rows)
        numbers = [columns.states.index(s) if s in columns.states else -1 for s in pair]
        own = spoken[np.isin(columns.state[rows], numbers)]
        span = range(int(own.min()), int(own.max()) + 1) if len(own) else range(0)
        years = []
        for year in span:
            proceed()
            words = _words(generation, rows[spoken == year], numbers, seed)
            years.append(PairYear(year, *words, *_sides(pair, judged, year)))
    figures = ("similarity", "beyond", "agreement")
    return Convergence(
        query={
            "a": a, "b": b, "topic": topic.id if topic else None, **period(question), "seed": seed,
        },
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=judged.stance_model,
        state_a=a,
        name_a=catalogue.states.name(a),
        state_b=b,
        name_b=catalogue.states.name(b),
        years=tuple(years),
        slopes={
            figure: slope({year.year: getattr(year, figure) for year in years})
            for figure in figures
        },
        judged=len(judged.issues),
        left_out=judged.left_out,
    )  # fmt: skip


def _words(
    generation: Generation, rows: np.ndarray[Any, np.dtype[np.int64]], numbers: list[int], seed: int
) -> tuple[int, int, float | None, float | None, float | None, int, float | None, float | None]:
    """Of `rows`, a year's positions of all states: `claims_a` to `beyond` of PairYear."""
    owner = generation.columns.state[rows]
    a, b = (rows[owner == number] for number in numbers)
    if min(len(a), len(b)) < LEAST_POSITIONS:
        return len(a), len(b), None, None, None, 0, None, None
    vectors = generation.index.vectors
    similarity, low, high = of_two(vectors(a), vectors(b), seed)
    near = alike(generation, rows, "from")
    enough = near.counts >= LEAST_POSITIONS
    known = near.similarity[np.ix_(enough, enough)][np.triu_indices(int(enough.sum()), 1)]
    pairs = len(known) - 1
    others = beyond = None
    if pairs >= LEAST_PAIRS:
        others = float(known.sum() - similarity) / pairs
        beyond = round(similarity - others, 6)
        others = round(others, 6)
    figures = (round(similarity, 6), round(low, 6), round(high, 6))
    return len(a), len(b), *figures, pairs, others, beyond


def _sides(pair: tuple[str, str], judged: Judged, year: int) -> tuple[int, int, float | None]:
    issues = same = 0
    for on in judged.issues:
        if all(state in on.standings for state in pair):
            a, b = (on.standings[state].side_in(year) for state in pair)
            if Side.SILENT not in (a, b):
                issues += 1
                same += a is b
    return issues, same, round(same / issues, 6) if issues >= LEAST_ISSUES else None
