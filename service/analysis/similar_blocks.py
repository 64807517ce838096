"""A matrix' similarities, block by block, here or on a cluster: the same bytes from either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from service.analysis.best_matches import Groups, nearest_sums, spread_between, sums_between
from service.analysis.kept_blocks import Arrays
from service.analysis.units import Units
from service.cluster.cluster import Cluster
from service.cluster.messages import Shared
from service.retrieval.generations import Generation

Span = tuple[int, int]


def similar_block(one: Groups, other: Groups | None, intervals: bool) -> Arrays:
    """Of each two groups, one of `one` and one of `other` (None: the same): `similarity` and, with
    `intervals`, its standard `error`, both of shape (groups of one, groups of other)."""
    second = one if other is None else other
    if intervals:
        spread = spread_between(one, second)
        found = {"similarity": spread.similarity, "error": spread.error}
    else:
        if other is None:
            there = nearest_sums(one)
            back = there.T
        else:
            there, back = sums_between(one, other)
        found = {"similarity": (there + back) / (one.counts[:, None] + second.counts[None, :])}
    return {name: table.astype(np.float32) for name, table in found.items()}


def blocks_of_cluster(
    cluster: Cluster,
    generation: Generation,
    units: Units,
    wanted: Mapping[int, tuple[Span, Span]],
    intervals: bool,
) -> Iterator[tuple[int, Arrays]]:
    """Each block that is `wanted`, by its number, in any order. The vectors of a span of units are
    sent once. Raises ClusterUnusable."""
    numbers = list(wanted)
    pieces = [(Shared(a), None if a == b else Shared(b), intervals) for a, b in wanted.values()]

    def load(span: Span) -> Groups:
        return units.groups(generation, *span)

    for place, arrays in cluster.each(similar_block, pieces, load):
        yield numbers[place], arrays
