"""Who moved on a subject, and when: states or blocs whose yearly series change more than years in
random order would, in wording and, kept apart, in stance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.agreement import LEAST_POSITIONS
from service.analysis.change_points import LEVEL, Found, change_points
from service.analysis.inquiry import Inquiry
from service.analysis.on_issue import SidesOf
from service.analysis.tabular import Column, Table, Tabular, Type
from service.analysis.trends import By
from service.analysis.yearly import Group, Spoken, groups
from service.domain.stages import proceed
from service.retrieval.generations import Generation

WORDING, STANCE = "wording", "stance"

_GROUP = (
    Column("group", Type.STRING, "Code of a state (ISO 3166-1 alpha-3) or id of a bloc."),
    Column("name", Type.STRING, "Its name."),
    Column("series", Type.STRING,
           "wording (of its positions) or stance (mean score of those judged on the issue)."),
)  # fmt: skip
SERIES_COLUMNS = (
    *_GROUP,
    Column("years", Type.INTEGER, "Years with 2 positions (of stance: with one that was judged)."),
    Column("first", Type.INTEGER, "The first of these years."),
    Column("last", Type.INTEGER, "The last of them."),
    Column("p", Type.NUMBER,
           "How often years in random order show as much change; empty for fewer than 8 years."),
    Column("q", Type.NUMBER,
           "The same, corrected for the number of series of its kind (Benjamini-Hochberg)."),
    Column("moved", Type.BOOLEAN, "Whether q is at most 0.05; empty where nothing can be told."),
    Column("changes", Type.INTEGER, "How many changes are found; 0 unless moved."),
)  # fmt: skip
CHANGE_COLUMNS = (
    *_GROUP,
    Column("until", Type.INTEGER, "The last year with a figure before the change."),
    Column("since", Type.INTEGER, "The first year with a figure after it."),
    Column("years_before", Type.INTEGER, "Years with a figure since the change before, or ever."),
    Column("years_after", Type.INTEGER, "Years with a figure until the next change, or the last."),
    Column("similarity", Type.NUMBER,
           "Of wording: cosine of the means of the years before and of those after, -1 to 1."),
    Column("score_before", Type.NUMBER, "Of stance: mean score before, -1 (against) to 1 (for)."),
    Column("score_after", Type.NUMBER, "Of stance: mean score after."),
)  # fmt: skip
CLAIM_COLUMNS = (
    *_GROUP,
    Column("since", Type.INTEGER, "The change that the claim lies before or after."),
    Column("side", Type.STRING, "before or after."),
    Column("year", Type.INTEGER, "The claim's year."),
    Column("claim_id", Type.STRING, "The claim, as `/v1/claims/{id}` has it."),
    Column("score", Type.NUMBER, "Of stance: its score, -1 (against) to 1 (for); else empty."),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cited:
    """What a year's figure rests on; `score` is that of `yearly.Spoken`, None of wording."""

    year: int
    claim_id: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Move:
    """Between the years `until` and `since`, which have a figure each and none between them; on
    either side are the years up to the next change or the series' end.

    `similarity`, of wording, is the cosine of the two sides' means of yearly means. The scores, of
    stance, are means of the sides' yearly means. `before` and `after` cite all claims behind them.
    """

    until: int
    since: int
    years_before: int
    years_after: int
    similarity: float | None
    score_before: float | None
    score_after: float | None
    before: tuple[Cited, ...]
    after: tuple[Cited, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """Of a group, its wording or its stance, over the `years` that have a figure.

    `p` is that of `change_points.Found`, `q` corrected over all series of the kind in the answer
    (Benjamini and Hochberg 1995); `moved` where `q` is at most LEVEL. None where there are too few
    years. Years count as if they were exchangeable but for the change: a slow drift shows as one or
    several steps.
    """

    group: str
    name: str
    series: str
    years: int
    first: int | None
    last: int | None
    p: float | None
    q: float | None
    moved: bool | None
    changes: tuple[Move, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moves(Tabular):
    """Those that moved first, the least likely by chance at the head; then those that didn't, and
    those of which nothing can be told. `stance_model` is None where no issue was asked or nothing
    judges; then there are no series of stance."""

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    series: tuple[Series, ...]

    def to_dict(self) -> dict[str, Any]:
        """In the API's names."""
        series = [asdict(one) for one in self.series]
        for one in series:
            one["changes"] = [
                change | {side: list(change[side]) for side in ("before", "after")}
                for change in one["changes"]
            ]
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "series": series,
        }

    def tables(self) -> tuple[Table, ...]:
        """Every series; the changes of those that moved; and the claims on either side of each."""
        return (
            Table("series", SERIES_COLUMNS, self.as_rows()),
            Table("changes", CHANGE_COLUMNS, self._changes()),
            Table("claims", CLAIM_COLUMNS, self._claims()),
        )

    def as_rows(self) -> list[dict[str, Any]]:
        """With the names of SERIES_COLUMNS."""
        return [
            {name: getattr(one, name) for name in _names(SERIES_COLUMNS)}
            | {"changes": len(one.changes)}
            for one in self.series
        ]

    def changes_as_rows(self) -> list[dict[str, Any]]:
        """With the names of CHANGE_COLUMNS."""
        return list(self._changes())

    def _changes(self) -> Iterator[dict[str, Any]]:
        own = _names(CHANGE_COLUMNS[len(_GROUP) :])
        for one in self.series:
            for change in one.changes:
                yield _whose(one) | {name: getattr(change, name) for name in own}

    def _claims(self) -> Iterator[dict[str, Any]]:
        for one in self.series:
            for change in one.changes:
                for side, claims in (("before", change.before), ("after", change.after)):
                    for cited in claims:
                        where = {"since": change.since, "side": side}
                        yield _whose(one) | where | asdict(cited)


def moves(inquiry: Inquiry, by: By, sides: SidesOf, seed: int) -> Moves:
    """`seed` is that of the random orders."""
    asked, generation = groups(inquiry, by, sides), inquiry.generation
    series = _of_kind(generation, [_wording(generation, group, seed) for group in asked.found])
    if asked.stance_model is not None:
        series += _of_kind(generation, [_stance(group, seed) for group in asked.found])
    return Moves(
        query=inquiry.echo() | {"by": str(by), "seed": seed},
        generation=generation.manifest.id,
        model=generation.manifest.model,
        stance_model=asked.stance_model,
        series=tuple(sorted(series, key=_most_certain)),
    )


@dataclass(frozen=True, slots=True)
class _Yearly:
    """`points` has a row for each of `years`, which rest on what was `spoken` in them."""

    group: Group
    series: str
    years: tuple[int, ...]
    points: npt.NDArray[np.float64]
    spoken: Spoken
    found: Found | None


def _wording(generation: Generation, group: Group, seed: int) -> _Yearly:
    """Means of each year's positions, of length 1: distances between them are by their cosine."""
    proceed()
    spoken = group.positions
    vectors = generation.index.vectors(spoken.rows).astype(np.float64)
    years = _years(spoken, LEAST_POSITIONS)
    points = np.empty((len(years), vectors.shape[1]))
    for place, year in enumerate(years):
        mean = vectors[spoken.years == year].mean(axis=0)
        points[place] = mean / np.linalg.norm(mean)
    return _Yearly(group, WORDING, years, points, spoken, change_points(points, seed))


def _stance(group: Group, seed: int) -> _Yearly:
    """Means of each year's scores."""
    proceed()
    spoken = group.judged
    years = _years(spoken, 1)
    means = [spoken.scores[spoken.years == year].mean() for year in years]
    points = np.array(means, np.float64).reshape(len(years), 1)
    return _Yearly(group, STANCE, years, points, spoken, change_points(points, seed))


def _years(spoken: Spoken, least: int) -> tuple[int, ...]:
    """Those in which there is enough."""
    years, counts = np.unique(spoken.years, return_counts=True)
    return tuple(years[counts >= least].tolist())


def _of_kind(generation: Generation, series: Sequence[_Yearly]) -> list[Series]:
    """Corrected for their number: of those that have a p."""
    from scipy.stats import false_discovery_control

    p = [one.found.p for one in series if one.found is not None]
    q = iter(false_discovery_control(p).tolist() if p else ())
    return [_series(generation, one, next(q) if one.found is not None else None) for one in series]


def _series(generation: Generation, one: _Yearly, q: float | None) -> Series:
    moved = None if q is None else q <= LEVEL
    return Series(
        one.group.id,
        one.group.name,
        one.series,
        len(one.years),
        one.years[0] if one.years else None,
        one.years[-1] if one.years else None,
        None if one.found is None else round(one.found.p, 6),
        None if q is None else round(q, 6),
        moved,
        tuple(_changes(generation, one)) if moved else (),
    )


def _changes(generation: Generation, one: _Yearly) -> Iterator[Move]:
    starts = one.found.starts if one.found else ()
    sides = [range(a, b) for a, b in pairwise((0, *starts, len(one.years)))]
    for before, after in pairwise(sides):
        a, b = (one.points[side.start : side.stop].mean(axis=0) for side in (before, after))
        similarity = score_before = score_after = None
        if one.series == WORDING:
            similarity = round(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))), 6)
        else:
            score_before, score_after = round(float(a[0]), 6), round(float(b[0]), 6)
        yield Move(
            one.years[before[-1]],
            one.years[after[0]],
            len(before),
            len(after),
            similarity,
            score_before,
            score_after,
            _cited(generation, one, before),
            _cited(generation, one, after),
        )


def _cited(generation: Generation, one: _Yearly, side: range) -> tuple[Cited, ...]:
    """By year, and as the index has them."""
    years = [one.years[place] for place in side]
    behind = one.spoken.among(np.isin(one.spoken.years, years))
    behind = behind.among(np.argsort(behind.years, kind="stable"))
    records = generation.library.records(behind.rows.tolist())
    scored = one.series == STANCE
    return tuple(
        Cited(int(year), record.claim.id, round(float(score), 6) if scored else None)
        for year, record, score in zip(behind.years, records, behind.scores, strict=True)
    )


def _most_certain(one: Series) -> tuple[bool, bool, float, str, str]:
    return one.q is None, not one.moved, one.p or 0.0, one.group, one.series


def _whose(one: Series) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _names(_GROUP)}


def _names(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns]
