"""Which states speak alike, without being told the blocs; and how like the blocs that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from service.analysis.clusters import Asked, Cluster, ClusteredState, Clusters, Typical, structure
from service.analysis.grouping import (
    Cut,
    cut,
    distances,
    in_order,
    in_plane,
    jaccards,
    of_chance,
    tree,
    without_effects,
)
from service.analysis.inquiry import Inquiry
from service.analysis.matrix import alike
from service.analysis.partitions import beside_blocs, regions
from service.domain.stages import Stage, stage
from service.errors import InvalidInput
from service.retrieval.columns import Mask
from service.retrieval.generations import Generation

# Fewer states are too few to tell groups from chance.
LEAST_STATES = 10
# Positions of each state that are compared at a time, at most, and that are drawn in all.
MOST_AT_A_TIME, DRAWN = 20, 400
# Of each cluster's stability: half samples, and positions of each state that are drawn from one.
HALVES, DRAWN_OF_HALF = 50, 24
# Clouds of states without groups, and partitions at random, beside which those found are put.
TURNS, SHUFFLES = 199, 999
_TYPICAL = 3

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


def clusters(inquiry: Inquiry, asked: Asked) -> Clusters:
    """Of the states with enough positions on the subject. Raises InvalidInput naming `number`
    where there are fewer states than make so many clusters, and `from` where there are too many
    positions to be compared uncorrected."""
    generation, columns = inquiry.generation, inquiry.generation.columns
    rows = np.flatnonzero(inquiry.about)
    starts = columns.starts(columns.state[rows])
    everybody = np.split(rows, starts[1:]) if len(rows) else []
    everybody.sort(key=lambda pool: columns.states[columns.state[pool[0]]])
    pools = [pool for pool in everybody if len(pool) >= asked.least]
    if len(pools) < LEAST_STATES:
        return _nothing(inquiry, asked, everybody)
    if asked.number is not None and asked.number >= len(pools):
        raise InvalidInput("number", f"only {len(pools)} states have {asked.least} positions")
    random = np.random.default_rng(asked.seed)
    at_a_time = min(MOST_AT_A_TIME, *map(len, pools)) if asked.correct else None
    with stage(Stage.SEARCH):
        values = _similarity(generation, pools, at_a_time, DRAWN, random)
        numbers = _numbers(asked, len(pools))
        order, merges = in_order(tree(distances(values)))
        pools = [pools[i] for i in order]
        values = values[np.ix_(order, order)]
        apart = distances(values)
        found = cut(apart, merges, numbers)
        chance = of_chance(values, numbers, TURNS, asked.seed)
        stable = _stability(generation, pools, found, at_a_time, random)
    p = float((1 + (chance >= found.silhouette - 1e-9).sum()) / (1 + TURNS))
    points, stress = in_plane(apart)
    labels = found.labels + 1
    states = [_state(generation, inquiry, pool) for pool in everybody]
    placed = [_state(generation, inquiry, pool) for pool in pools]
    codes = [state.state for state in placed]
    day = inquiry.question.latest.last if inquiry.question.latest else _last(generation, rows)
    blocs, draw = inquiry.catalogue.blocs, (SHUFFLES, asked.seed)
    return Clusters(
        query=inquiry.echo() | asdict(asked),
        generation=generation.manifest.id,
        model=generation.manifest.model,
        day=day,
        at_a_time=at_a_time,
        silhouette=_round(found.silhouette),
        usual=_round(chance.mean()),
        p=_round(p),
        structure=structure(found.silhouette, p),
        by_number={number: _round(mean) for number, mean in found.by_number.items()},
        stress=_round(stress),
        states=(
            *(
                replace(
                    state,
                    cluster=int(labels[i]),
                    silhouette=_round(found.silhouettes[i]),
                    x=_round(points[i, 0]),
                    y=_round(points[i, 1]),
                )
                for i, state in enumerate(placed)
            ),
            *(state for state in states if state.state not in codes),
        ),
        clusters=tuple(
            Cluster(
                number,
                tuple(code for code, label in zip(codes, labels, strict=True) if label == number),
                _round(found.silhouettes[labels == number].mean()),
                _round(stable[number - 1]),
                _typical(generation, pools, labels == number),
            )
            for number in range(1, int(labels.max()) + 1)
        ),
        regions=regions(codes, labels, blocs, day, *draw),
        blocs=tuple(beside_blocs(codes, labels, blocs, day, *draw)),
        similarity=values,
        distances=apart,
        tree=merges,
    )


def _nothing(inquiry: Inquiry, asked: Asked, everybody: Sequence[Rows]) -> Clusters:
    """Too few states speak of it."""
    none, generation = np.empty((0, 0)), inquiry.generation
    return Clusters(
        query=inquiry.echo() | asdict(asked),
        generation=generation.manifest.id,
        model=generation.manifest.model,
        day=None, at_a_time=None, silhouette=None, usual=None, p=None, structure=None,
        by_number={}, stress=None,
        states=tuple(_state(generation, inquiry, pool) for pool in everybody),
        clusters=(), regions=None, blocs=(), similarity=none, distances=none, tree=none,
    )  # fmt: skip


def _similarity(
    generation: Generation,
    pools: Sequence[Rows],
    at_a_time: int | None,
    drawn: int,
    random: np.random.Generator,
) -> Floats:
    """That of `matrix.alike` for each two of the `pools` of positions, one a state.

    Who says more comes nearer to everybody, whatever they say. So of every state equally many are
    drawn, `at_a_time`, and compared, again and again until so many of each are `drawn`; the mean is
    taken, as ecologists compare samples of different sizes (rarefaction: Sanders 1968, Hurlbert
    1971). Then the states' effects are taken out. None: all positions are compared, and nothing is
    taken out.
    """
    rising = np.argsort([pool[0] for pool in pools])  # as `alike` wants them
    place = np.empty_like(rising)
    place[rising] = np.arange(len(pools))

    def similarity(chosen: Sequence[Rows]) -> Floats:
        found = alike(generation, np.concatenate([chosen[i] for i in rising]), "from").similarity
        return found[np.ix_(place, place)]

    if at_a_time is None:
        return similarity(pools)
    total, times = np.zeros((len(pools), len(pools))), drawn // at_a_time
    for _ in range(times):
        total += similarity([_some(pool, at_a_time, random) for pool in pools])
    return without_effects(total / times)


def _some(pool: Rows, number: int, random: np.random.Generator) -> Rows:
    """So many of its rows, ascending."""
    return np.sort(random.choice(pool, number, replace=False))


def _stability(
    generation: Generation,
    pools: Sequence[Rows],
    found: Cut,
    at_a_time: int | None,
    random: np.random.Generator,
) -> Floats:
    """By label. Halves are drawn without replacement, which Hennig gives beside the bootstrap: of a
    position drawn twice the second best match would be lost (Abadie and Imbens 2008)."""
    number = int(found.labels.max()) + 1
    few = None if at_a_time is None else (at_a_time + 1) // 2
    total = np.zeros(number)
    for _ in range(HALVES):
        halves = [_some(pool, (len(pool) + 1) // 2, random) for pool in pools]
        apart = distances(_similarity(generation, halves, few, DRAWN_OF_HALF, random))
        total += jaccards(found.labels, cut(apart, tree(apart), (number,)).labels)
    return total / HALVES


def _typical(generation: Generation, pools: Sequence[Rows], member: Mask) -> tuple[Typical, ...]:
    """Positions, of different members, farthest out from the mean of all other states towards that
    of the cluster's."""
    means = np.array([generation.index.vectors(pool).mean(axis=0) for pool in pools])
    towards = means[member].mean(axis=0) - means[~member].mean(axis=0)
    best = []
    for i in np.flatnonzero(member).tolist():
        scores = generation.index.vectors(pools[i]) @ towards
        best.append((-float(scores.max()), int(pools[i][scores.argmax()])))
    records = generation.library.records([row for _, row in sorted(best)[:_TYPICAL]])
    return tuple(
        Typical(record.claim.id, record.statement.state, record.claim.text) for record in records
    )


def _numbers(asked: Asked, states: int) -> tuple[int, ...]:
    if asked.number is not None:
        return (asked.number,)
    return tuple(range(2, min(asked.most, states - 1) + 1))


def _state(generation: Generation, inquiry: Inquiry, pool: Rows) -> ClusteredState:
    code = generation.columns.states[generation.columns.state[pool[0]]]
    return ClusteredState(code, inquiry.catalogue.states.name(code), len(pool))


def _last(generation: Generation, rows: Rows) -> date:
    return date.fromordinal(int(generation.columns.last[rows].max()))


def _round(value: float | np.floating[Any]) -> float:
    return round(float(value), 6)
