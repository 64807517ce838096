"""Filters and the ten nearest claims, or the best of each state, without encoding: beside a bare
flat scan of all claims, and beside scoring all that passes the filter."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from service.catalogue import load_blocs
from service.domain.dates import PartialDate
from service.domain.questions import Question, TopicFilter
from service.domain.statements import Kind
from service.evaluation.record.measuring import median_ms, queries
from service.retrieval.encoder import Vectors
from service.retrieval.filters import passing
from service.retrieval.generations import Generation, Generations
from service.retrieval.index import bare_scan
from service.retrieval.passing import Passing
from service.retrieval.scope import Scope
from service.settings import Settings

NEAREST = 10
# Of what takes long: so many queries.
FEW = 15
FILTERS: dict[str, dict[str, Any]] = {
    "no filter": {},
    "positions": {"kinds": (Kind.POSITION,)},
    "without one state": {"exclude": ("CHN",)},
    "one bloc": {"blocs": ("g77",)},
    "years": {"earliest": PartialDate("2010"), "latest": PartialDate("2023")},
    "a bloc and years": {"blocs": ("eu",), "earliest": PartialDate("2010")},
    "one topic": {"topics": (TopicFilter("nuclear-disarmament", "nuclear-disarmament"),)},
    "one state": {"states": ("NOR",)},
}
_Ask = Callable[[Vectors], Any]


def bench_search(indexes: Path) -> dict[str, Any]:
    generation = Generations(indexes).current()
    blocs = load_blocs(Settings().data)
    asked = queries()
    flat = median_ms(bare_scan(generation.index.vectors(slice(None))), asked[:FEW])
    found: dict[str, Any] = {"claims": generation.index.count, "flat_scan_ms": round(flat, 1)}
    for name, fields in FILTERS.items():
        question = Question(text="", parts=(), **({"kinds": None} | fields))

        def found_by(question: Question = question) -> Passing:
            return passing(question, generation, blocs, ())

        found[name] = {
            "passing": round(found_by().count / generation.index.count, 4),
            "recall_at_10": round(_recall(generation, found_by, asked), 4),
            **_times(_nearest(generation, found_by), _exactly(generation, found_by), asked, flat),
        }
    found["best of each state"] = _of_states(generation, asked, flat)
    return found


def _nearest(generation: Generation, found_by: Callable[[], Passing]) -> _Ask:
    def ask(query: Vectors) -> Any:
        scope = Scope(generation, found_by())
        rows, _ = scope.nearest(query, NEAREST)
        scores = scope.similarities(query, rows)
        return rows[np.argpartition(-scores, min(NEAREST, len(rows)) - 1)[:NEAREST]]

    return ask


def _exactly(generation: Generation, found_by: Callable[[], Passing]) -> _Ask:
    def ask(query: Vectors) -> Any:
        rows = found_by().rows
        scores = generation.index.similarities(query, rows)
        return rows[np.argpartition(-scores, min(NEAREST, len(rows)) - 1)[:NEAREST]]

    return ask


def _recall(generation: Generation, found_by: Callable[[], Passing], asked: list[Vectors]) -> float:
    """Rows that are as near as the tenth, of the ten."""
    ask, mask = _nearest(generation, found_by), found_by().mask
    hits = wanted = 0
    for query in asked:
        scores = generation.index.scores(query, mask)
        best = np.sort(scores)[-NEAREST:]
        best = best[best > -np.inf]
        wanted += len(best)
        hits += int(np.count_nonzero(scores[ask(query)] >= best[0]))
    return hits / wanted


def _of_states(generation: Generation, asked: list[Vectors], flat: float) -> dict[str, Any]:
    starts = generation.state_starts

    def ours(query: Vectors) -> Any:
        scope = Scope(generation, Passing(generation))
        rows = scope.best_states(query, len(starts))
        best = np.full(len(starts), -np.inf, np.float32)
        np.maximum.at(
            best, np.searchsorted(starts, rows, "right") - 1, scope.similarities(query, rows)
        )
        return best

    def exactly(query: Vectors) -> Any:
        return np.maximum.reduceat(generation.index.scores(query), starts)

    recall = statistics.mean(float((ours(q) >= exactly(q)).mean()) for q in asked)
    return {"recall": round(recall, 4), **_times(ours, exactly, asked, flat)}


def _times(ours: _Ask, exactly: _Ask, asked: list[Vectors], flat: float) -> dict[str, float]:
    mine, theirs = median_ms(ours, asked), median_ms(exactly, asked[:FEW])
    return {
        "ms": round(mine, 3),
        "times_as_fast_as_flat_scan": round(flat / mine, 1),
        "times_as_fast_as_exact_filtered": round(theirs / mine, 1),
    }
