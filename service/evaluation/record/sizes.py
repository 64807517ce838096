"""How cost grows with the corpus: parts of the record, each with its share of every state, and,
beyond it, the record several times over with noise."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from service.evaluation.record.measuring import median_ms, queries
from service.evaluation.record.nearest import NEAREST
from service.retrieval.codes import Codes
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation, Generations
from service.retrieval.index import Rows, VectorIndex
from service.retrieval.manifest import CODES, VECTORS
from service.retrieval.passing import Passing
from service.retrieval.scope import Scope

SIZES = (100_000, 400_000, 1_200_000, 5_000_000)
# States of a default page.
PAGE = 20
# Of each number of a vector: a neighbour of the copied claim, at a cosine of about 0.93.
NOISE, SEED = 0.02, 7


class Part(Generation):
    """Vectors and codes alone."""

    def __init__(self, folder: Path, state_starts: Rows) -> None:
        self.index = VectorIndex.open(folder / VECTORS)
        self.state_starts = self.statement_starts = state_starts
        self.positions = np.ones(self.index.count, np.bool_)
        Codes.write(folder / CODES, self.index, state_starts, self.positions)
        self.codes = Codes.open(folder / CODES)


def bench_sizes(indexes: Path) -> dict[str, Any]:
    generation = Generations(indexes).current()
    asked = queries()
    found: dict[str, Any] = {}
    for size in SIZES:
        with tempfile.TemporaryDirectory(dir=indexes) as folder:
            part = _part(generation, Path(folder), size)
            found[f"{part.index.count:,} claims"] = _costs(part, asked)
            del part
            shutil.rmtree(folder, ignore_errors=True)
    return found


def _costs(part: Part, asked: list[Vectors]) -> dict[str, float]:
    nearest = median_ms(lambda query: Scope(part, Passing(part)).nearest(query, NEAREST), asked)
    states = median_ms(lambda query: Scope(part, Passing(part)).best_states(query, PAGE), asked)
    return {
        "nearest_ms": round(nearest, 3),
        "states_ms": round(states, 3),
        "nearest_ns_a_claim": round(1e6 * nearest / part.index.count, 2),
        "states_ns_a_claim": round(1e6 * states / part.index.count, 2),
    }


def _part(generation: Generation, folder: Path, size: int) -> Part:
    whole, starts = generation.index, generation.state_starts
    counts = np.diff(starts, append=whole.count)
    copies, share = divmod(size / whole.count, 1.0)
    if abs(size / whole.count - 1) < 0.1:  # the record itself
        copies, share = 1.0, 0.0
    rng = np.random.default_rng(SEED)

    def pieces() -> Iterator[Vectors]:
        for start, count in zip(starts.tolist(), counts.tolist(), strict=True):
            own = whole.vectors(slice(start, start + count))
            for copy in range(int(copies)):
                yield own if copy == 0 else _noisy(own, rng)
            part = own[: round(count * share)]
            yield _noisy(part, rng) if copies else part

    sizes = int(copies) * counts + np.array([round(n * share) for n in counts.tolist()])
    VectorIndex.write(folder / VECTORS, (int(sizes.sum()), whole.dimension), pieces())
    sizes = sizes[sizes > 0]
    return Part(folder, np.concatenate([[0], np.cumsum(sizes)[:-1]]))


def _noisy(vectors: Vectors, rng: np.random.Generator) -> Vectors:
    noisy = vectors + rng.normal(scale=NOISE, size=vectors.shape).astype(np.float32)
    found: Vectors = noisy / np.linalg.norm(noisy, axis=1, keepdims=True)
    return found
