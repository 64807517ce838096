"""Every pair of states, or of statements: how alike they are, on how many issues they took the same
side, and what the model says of the positions of theirs that come nearest to each other.

Similarity is computed block by block, each block kept as it is done. Agreement rests on the sides
that units took on issues, judged once an issue. Nearest positions are judged a few of each pair,
never all with all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.agreement import in_common
from service.analysis.best_matches import spans
from service.analysis.kept_blocks import Arrays, KeptBlocks
from service.analysis.proportions import NORMAL_95, wilson
from service.analysis.similar_blocks import Span, blocks_of_cluster, similar_block
from service.analysis.tabular import Column, Table, Tabular, Type
from service.analysis.units import Units
from service.cluster.cluster import Cluster
from service.domain.stages import proceed
from service.domain.stance import Stance, Verdict
from service.domain.standing import Side
from service.retrieval.generations import Generation
from service.retrieval.levels import ON_POINT_PERCENTILE

# Claims of either side that one block compares: what is lost at most when a run is killed.
BLOCK = 8_192
# Fewer claims of either unit are too little for a figure; fewer issues in common as well.
LEAST_CLAIMS, LEAST_ISSUES = 5, 2
_SIDES = tuple(Side)

Judge = Callable[[Sequence[tuple[str, str]]], Sequence[Verdict]]
Progress = Callable[[int, int], None]
Sides = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`least` claims of both units make a figure. `judged` positions of either unit, those nearest
    to the other's, are judged (0: none). Without `intervals` it takes less than half the time."""

    least: int = LEAST_CLAIMS
    intervals: bool = True
    judged: int = 0


PAIR_COLUMNS = (
    Column("a", Type.STRING, "The first unit: a state's code, or a statement's id."),
    Column("b", Type.STRING, "The second unit, later in the order of the index."),
    Column("state_a", Type.STRING, "State of the first, ISO 3166-1 alpha-3 where there is one."),
    Column("state_b", Type.STRING, "State of the second."),
    Column("claims_a", Type.INTEGER, "Claims of the first that were compared."),
    Column("claims_b", Type.INTEGER, "Claims of the second that were compared."),
    Column(
        "similarity", Type.NUMBER,
        "Mean, over the claims of both, of each one's cosine with the nearest claim of the other: "
        "same subject and wording, never agreement. Empty where one has too few claims.",
    ),
    Column(
        "similarity_low", Type.NUMBER,
        "Lower end of its 95% interval (infinitesimal jackknife): had both spoken as often of the "
        "same mind, but in other words.",
    ),
    Column("similarity_high", Type.NUMBER, "Upper end of it."),
    Column(
        "agreement", Type.NUMBER,
        "Share of `issues` on which both took the same side. Empty where there are too few.",
    ),
    Column(
        "agreement_low", Type.NUMBER,
        "Lower end of its 95% score interval: which issues they happened to speak of.",
    ),
    Column("agreement_high", Type.NUMBER, "Upper end of it."),
    Column("issues", Type.INTEGER, "Judged issues on which both took a side."),
    Column("same", Type.INTEGER, "Of these, those on which both took the same one."),
    Column("contrary", Type.INTEGER, "Of these, those with one for and one against."),
    Column(
        "judged", Type.INTEGER,
        "Verdicts on the positions that come nearest to each other, one for each direction.",
    ),
    Column("aligned", Type.INTEGER, "Of these, those that hold the other's position."),
    Column("partial", Type.INTEGER, "Of these, those that hold it with reservations."),
    Column("opposed", Type.INTEGER, "Of these, those that reject it."),
)  # fmt: skip
UNIT_COLUMNS = (
    Column("unit", Type.STRING, "A state's code, or a statement's id."),
    Column("state", Type.STRING, "Its state's code."),
    Column("name", Type.STRING, "Its state's name."),
    Column("date", Type.STRING, "Of a statement, as precise as it is known (ISO 8601)."),
    Column("claims", Type.INTEGER, "Claims that were compared."),
    Column("issues", Type.INTEGER, "Judged issues on which it took a side."),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairMatrix(Tabular):
    """Every two different `units` once. `names` are those of their states. `issues` are the ids on
    which agreement rests; those `left_out` weren't judged. `stance_model` is None where nothing
    was judged."""

    query: dict[str, Any]
    generation: str
    model: str
    stance_model: str | None
    issues: tuple[str, ...]
    left_out: tuple[str, ...]
    units: Units
    names: tuple[str, ...]
    wanted: Wanted
    sides: Sides
    blocks: KeptBlocks

    def tables(self) -> Sequence[Table]:
        return (
            Table("pairs", PAIR_COLUMNS, self.rows()),
            Table("units", UNIT_COLUMNS, self.unit_rows()),
        )

    def rows(self) -> Iterator[dict[str, Any]]:
        """Of `PAIR_COLUMNS`, block by block."""
        counts = self.units.counts.tolist()
        for number, (a, b) in enumerate(_blocks(self.units)):
            kept = self.blocks.get(number)
            assert kept is not None
            figures = {name: table.tolist() for name, table in kept.items() if table.ndim == 2}
            figures |= self._agreement(a, b)
            for i in range(*a):
                for j in range(max(i + 1, b[0]), b[1]):
                    place = i - a[0], j - b[0]
                    row = {c.name: None for c in PAIR_COLUMNS} | {
                        "a": self.units.names[i], "b": self.units.names[j],
                        "state_a": self.units.states[i], "state_b": self.units.states[j],
                        "claims_a": counts[i], "claims_b": counts[j],
                    }  # fmt: skip
                    if min(counts[i], counts[j]) >= self.wanted.least:
                        row |= _similar(figures, *place)
                    yield row | self._sided(figures, *place)

    def unit_rows(self) -> Iterator[dict[str, Any]]:
        took = (self.sides != _SIDES.index(Side.SILENT)).sum(axis=0).tolist()
        found = zip(
            self.units.names, self.units.states, self.names, self.units.dates,
            self.units.counts.tolist(), took, strict=True,
        )  # fmt: skip
        names = [column.name for column in UNIT_COLUMNS]
        return (dict(zip(names, values, strict=True)) for values in found)

    def similarity(self) -> npt.NDArray[np.float64]:
        """Shape (units, units), symmetric; NaN where there is too little, and on the diagonal."""
        found = np.full((len(self.units), len(self.units)), np.nan)
        for number, (a, b) in enumerate(_blocks(self.units)):
            kept = self.blocks.get(number)
            assert kept is not None
            found[slice(*a), slice(*b)] = kept["similarity"]
            found[slice(*b), slice(*a)] = kept["similarity"].T
        few = self.units.counts < self.wanted.least
        found[few, :] = found[:, few] = np.nan
        np.fill_diagonal(found, np.nan)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, all cells included."""
        return {
            "query": self.query,
            "generation": self.generation,
            "model": self.model,
            "stance_model": self.stance_model,
            "issues": list(self.issues),
            "left_out": list(self.left_out),
            "units": list(self.unit_rows()),
            "cells": list(self.rows()),
        }

    def _agreement(self, a: tuple[int, int], b: tuple[int, int]) -> dict[str, list[list[float]]]:
        both, same, contrary = in_common(self.sides[:, slice(*a)], self.sides[:, slice(*b)])
        low, high = wilson(same, both)
        with np.errstate(invalid="ignore"):
            share = same / both
        tables = {
            "issues": both, "same": same, "contrary": contrary,
            "agreement": share, "agreement_low": low, "agreement_high": high,
        }  # fmt: skip
        return {name: np.asarray(table).tolist() for name, table in tables.items()}

    def _sided(self, figures: Any, i: int, j: int) -> dict[str, Any]:
        if not self.issues:
            return {}
        found = {name: figures[name][i][j] for name in ("issues", "same", "contrary")}
        if found["issues"] >= LEAST_ISSUES:
            for name in ("agreement", "agreement_low", "agreement_high"):
                found[name] = round(figures[name][i][j], 6)
        return found


def pair_matrix(
    generation: Generation,
    units: Units,
    wanted: Wanted,
    blocks: KeptBlocks,
    judge: Judge | None = None,
    progress: Progress | None = None,
    cluster: Cluster | None = None,
) -> None:
    """Fill `blocks`, those that are kept already left as they are. `judge` is needed where
    positions are to be judged. `progress` is told how many pairs of claims are compared, and of how
    many; what it raises stops the run. A `cluster` compares the claims of several blocks at a time;
    positions are judged here all the same."""
    counts, todo = units.counts, _blocks(units)
    sizes = [
        int(counts[slice(*a)].sum()) * int(counts[slice(*b)].sum()) // (2 if a == b else 1)
        for a, b in todo
    ]
    missing = {number: two for number, two in enumerate(todo) if blocks.get(number) is None}
    done = sum(sizes) - sum(sizes[number] for number in missing)
    if progress is not None:
        progress(done, sum(sizes))
    for number, similar in _compared(generation, units, missing, wanted, cluster):
        judged: Arrays = {}
        if wanted.judged and judge is not None:
            judged = _judged(generation, units, *missing[number], wanted, judge)
        blocks.keep(number, {**similar, **judged})
        done += sizes[number]
        if progress is not None:
            progress(done, sum(sizes))


def _blocks(units: Units) -> list[tuple[Span, Span]]:
    return list(combinations_with_replacement(spans(units.counts, BLOCK), 2))


def _compared(
    generation: Generation,
    units: Units,
    missing: Mapping[int, tuple[Span, Span]],
    wanted: Wanted,
    cluster: Cluster | None,
) -> Iterator[tuple[int, Arrays]]:
    """By number of the block; here in their order, from a cluster as they come."""
    if cluster is not None and len(missing) > 1:
        yield from blocks_of_cluster(cluster, generation, units, missing, wanted.intervals)
        return
    for number, (a, b) in missing.items():
        other = None if a == b else units.groups(generation, *b)
        yield number, similar_block(units.groups(generation, *a), other, wanted.intervals)


def _judged(
    generation: Generation, units: Units, a: Span, b: Span, wanted: Wanted, judge: Judge
) -> Arrays:
    """Counts of verdicts, by stance: shape (units of a, units of b)."""
    one = units.groups(generation, *a)
    other = one if a == b else units.groups(generation, *b)
    level = generation.similarity_at(ON_POINT_PERCENTILE)
    pairs: list[tuple[int, int]] = []
    of_cell: list[tuple[int, int]] = []
    rows_a, rows_b = units.rows_of(*a), units.rows_of(*b)
    for i in range(len(one)):
        proceed()
        for j in range(len(other)):
            if a[0] + i >= b[0] + j:  # each two once
                continue
            begin, there = int(one.starts[i]), int(other.starts[j])
            alike = one.of((i, i + 1)).vectors @ other.of((j, j + 1)).vectors.T
            if min(alike.shape) < wanted.least:
                continue
            for p, q in nearest_pairs(alike, wanted.judged, level):
                pairs.append((int(rows_a[begin + p]), int(rows_b[there + q])))
                of_cell.append((i, j))
    texts = _texts(generation, pairs)
    both_ways = [way for x, y in texts for way in ((x, y), (y, x))]
    counts = {
        name: np.zeros((len(one), len(other)), np.int32)
        for name in ("judged", Stance.ALIGNED, Stance.PARTIAL, Stance.OPPOSED)
    }
    for number, verdict in enumerate(judge(both_ways)):
        cell = of_cell[number // 2]
        counts["judged"][cell] += 1
        if verdict.stance in counts:
            counts[verdict.stance][cell] += 1
    return {str(name): table for name, table in counts.items()}


def nearest_pairs(alike: npt.NDArray[np.float32], most: int, level: float) -> list[tuple[int, int]]:
    """Row and column of the largest figures that reach `level`, no row and no column twice: the
    largest first, at most so many."""
    rows, columns = np.nonzero(alike >= level)
    found: list[tuple[int, int]] = []
    for place in np.argsort(-alike[rows, columns], kind="stable").tolist():
        if len(found) == most:
            break
        row, column = int(rows[place]), int(columns[place])
        if all(row != r and column != c for r, c in found):
            found.append((row, column))
    return found


def _texts(generation: Generation, pairs: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    rows = sorted({row for pair in pairs for row in pair})
    records = generation.library.records(rows)
    text = {row: record.claim.text for row, record in zip(rows, records, strict=True)}
    return [(text[x], text[y]) for x, y in pairs]


def _similar(figures: Any, i: int, j: int) -> dict[str, Any]:
    found = {"similarity": round(figures["similarity"][i][j], 6)}
    if "error" in figures:
        half = NORMAL_95 * figures["error"][i][j]
        found["similarity_low"] = round(max(found["similarity"] - half, -1.0), 6)
        found["similarity_high"] = round(min(found["similarity"] + half, 1.0), 6)
    return found | {
        name: figures[name][i][j]
        for name in ("judged", "aligned", "partial", "opposed")
        if name in figures
    }
