"""`make bench`, second part: the speed of matrices, as ratios within one run on one machine.

python -m service.evaluation.bulk [--indexes DIR] [--year 2021]

Needs the index that `service.evaluation.bench` builds.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from service.analysis.best_matches import Groups, similarities, spans, spread_between, sums_between
from service.analysis.pair_matrix import BLOCK
from service.analysis.units import Unit, Units, units
from service.comparison import Comparator
from service.retrieval.generations import Generation
from service.settings import PROJECT, Settings

# The General Debate of 1946 to 2023: statements, and sentences, about (README).
STATEMENTS, CLAIMS = 10_760, 1_200_000
REPEATS = 3
_ROWS = 1_024  # of one piece of the plain matrix product


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--indexes", type=Path, default=PROJECT / "indexes" / "bench")
    parser.add_argument("--year", type=int, default=2021)
    given = parser.parse_args()
    comparator = Comparator(Settings(indexes=given.indexes))
    generation = comparator.generation
    print(json.dumps({
        "one_session": one_session(generation, given.year),
        "a_hundredth_of_all_pairs": a_hundredth(generation),
    }, indent=2))  # fmt: skip


def one_session(generation: Generation, year: int) -> dict[str, Any]:
    """Statement by statement of one year, all claims: the plain loop over pairs, ours, and one
    blocked matrix product of the same size."""
    from sentence_transformers.util import cos_sim

    rows = np.arange(len(generation.columns))
    found = units(generation, generation.columns.years(rows) == year, Unit.STATEMENT)
    groups = Groups(generation.index.vectors(found.rows), found.starts)
    pieces = np.split(groups.vectors, groups.starts[1:])
    plain = np.eye(len(groups))

    def loop() -> None:
        for i, one in enumerate(pieces):
            for j in range(i + 1, len(pieces)):
                scores = cos_sim(one, pieces[j])
                best = scores.max(dim=1).values.sum() + scores.max(dim=0).values.sum()
                plain[i, j] = plain[j, i] = float(best) / sum(scores.shape)

    def product() -> None:
        for low in range(0, len(groups.vectors), _ROWS):
            groups.vectors[low : low + _ROWS] @ groups.vectors.T

    ours = similarities(groups)
    by_loop, by_us, by_product, with_intervals = (
        _seconds(work)
        for work in (loop, lambda: similarities(groups), product,
                     lambda: spread_between(groups, groups))
    )  # fmt: skip
    return {
        "year": year,
        "statements": len(groups),
        "claims": len(groups.vectors),
        "largest_difference": float(np.abs(ours - plain).max()),
        "loop_s": round(by_loop, 3),
        "ours_s": round(by_us, 3),
        "product_s": round(by_product, 3),
        "ours_with_intervals_s": round(with_intervals, 3),
        "loop_over_ours": round(by_loop / by_us, 2),
        "ours_over_product": round(by_us / by_product, 2),
    }


def a_hundredth(generation: Generation) -> dict[str, Any]:
    """Blocks of statements against statements, until a hundredth of all pairs of claims of the
    whole record is done; with intervals and without."""
    every = units(generation, np.ones(len(generation.columns), np.bool_), Unit.STATEMENT)
    wanted = CLAIMS**2 / 2 / 100
    found: dict[str, Any] = {"statements": STATEMENTS, "claims": CLAIMS}
    for name, with_intervals in (("similarity", False), ("with_intervals", True)):
        started, done = time.perf_counter(), 0.0
        for a, b in _blocks(every):
            one, other = every.groups(generation, *a), every.groups(generation, *b)
            if with_intervals:
                spread_between(one, other)
            else:
                sums_between(one, other)
            done += len(one.vectors) * len(other.vectors)
            if done >= wanted:
                break
        seconds = time.perf_counter() - started
        found[name] = {
            "pairs_of_claims": int(done),
            "seconds": round(seconds, 1),
            "hours_for_all": round(seconds * (CLAIMS**2 / 2) / done / 3_600, 2),
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found | {"peak_memory_gb": round(peak / 1e6, 2)}


def _blocks(every: Units) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Off the diagonal, spread over the whole index."""
    pieces = spans(every.counts, BLOCK)
    steps = range(1, len(pieces))
    return [pair for step in steps for pair in zip(pieces, pieces[step:], strict=False)]


def _seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
