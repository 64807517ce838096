"""What so many claims need, from what these ones take: the table of docs/sizing.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from service.evaluation.record.measuring import median_ms, queries, seconds
from service.evaluation.record.nearest import NEAREST
from service.evaluation.record.sizes import PAGE
from service.inference import cores
from service.retrieval.encoder import DEFAULT_MODEL, open_encoder
from service.retrieval.generations import Generations
from service.retrieval.manifest import CODES, COLUMNS, LIBRARY, VECTORS
from service.retrieval.passing import Passing
from service.retrieval.scope import Scope
from service.settings import Settings

CLAIMS = (1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
ENCODED = 1_500
# Searches a second that the table counts cores for, and the share of a core that may be busy.
RATE, BUSY = 30, 0.7


def bench_sizing(indexes: Path) -> dict[str, Any]:
    generation = Generations(indexes).current()
    count, files = generation.index.count, generation.manifest.files
    asked = queries()
    everything = Passing(generation)
    nearest = median_ms(lambda query: Scope(generation, everything).nearest(query, NEAREST), asked)
    states = median_ms(lambda query: Scope(generation, everything).best_states(query, PAGE), asked)
    rows = np.random.default_rng(1).choice(count, min(ENCODED, count), replace=False)
    texts = generation.library.texts(rows.tolist())
    encoder = open_encoder(DEFAULT_MODEL, Settings().models)
    rate = len(texts) / min(seconds(lambda: encoder.encode(texts)) for _ in range(2))
    each = {
        "vectors": files[VECTORS]["bytes"] / count,
        "codes": files[CODES]["bytes"] / count,
        "columns": files[COLUMNS]["bytes"] / count,
        "library": files[LIBRARY]["bytes"] / count,
        "statements": (indexes / "statements.sqlite").stat().st_size / count,
        "columns_in_memory": _in_memory(generation.columns) / count,
        "nearest_ns": 1e6 * nearest / count,
        "states_ns": 1e6 * states / count,
        "encoded_a_core_second": rate / cores(),
    }
    return {
        "measured_on": count,
        "each_claim": {name: round(value, 2) for name, value in each.items()},
        "table": [_row(claims, each) for claims in CLAIMS],
    }


def _in_memory(columns: Any) -> float:
    arrays: Sequence[Any] = [getattr(columns, name) for name in columns.__dataclass_fields__]
    return float(sum(array.nbytes for array in arrays if isinstance(array, np.ndarray)))


def _row(claims: int, each: dict[str, float]) -> dict[str, Any]:
    index = claims * sum(each[name] for name in ("vectors", "codes", "columns", "library"))
    search_s = claims * each["states_ns"] / 1e9
    return {
        "claims": claims,
        "index_gb": _short(index / 1e9),
        "vectors_gb": _short(claims * each["vectors"] / 1e9),
        "memory_gb": _short(claims * (each["codes"] + each["columns_in_memory"]) / 1e9),
        "encoding_core_hours": _short(claims / each["encoded_a_core_second"] / 3600),
        "search_ms_one_core": _short(1e3 * search_s),
        "cores_for_30_searches_a_second": _short(RATE * search_s / BUSY),
    }


def _short(value: float) -> float:
    """Two digits that count."""
    return float(f"{value:.2g}")
