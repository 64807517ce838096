"""What codes find, against every similarity there is, on vectors that crowd as claims do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.retrieval import scope as scope_module
from service.retrieval.codes import LEAST_ROWS, Codes
from service.retrieval.encoder import Vectors
from service.retrieval.generations import Generation
from service.retrieval.index import VectorIndex
from service.retrieval.passing import Passing
from service.retrieval.scope import Scope

ROWS, STATES, SPEECHES, DIMENSION, SUBJECTS = 24_000, 30, 600, 64, 400


class Crowd(Generation):
    """Vectors, codes and where states and statements begin: all that a scope asks for."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(11)
        subjects = rng.normal(size=(SUBJECTS, DIMENSION))
        vectors = subjects[rng.integers(SUBJECTS, size=ROWS)] + rng.normal(
            scale=0.7, size=(ROWS, DIMENSION)
        )
        vectors[rng.integers(ROWS, size=2_000)] = vectors[rng.integers(ROWS, size=2_000)]  # twins
        vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
        VectorIndex.write(folder / "vectors.npy", vectors.shape, [vectors])
        self.index = VectorIndex.open(folder / "vectors.npy")
        self.statement_starts = _starts(rng, SPEECHES)
        firsts = np.sort(rng.choice(np.arange(1, SPEECHES), STATES - 1, replace=False))
        self.state_starts = self.statement_starts[np.concatenate([[0], firsts])]
        self.positions = rng.random(ROWS) < 0.7
        Codes.write(folder / "codes.faiss", self.index, self.state_starts, self.positions)
        self.codes = Codes.open(folder / "codes.faiss")
        self.queries: Vectors = _unit(subjects + rng.normal(scale=0.5, size=subjects.shape))


def _starts(rng: np.random.Generator, count: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.concatenate([[0], np.sort(rng.choice(np.arange(1, ROWS), count - 1, replace=False))])


def _unit(vectors: np.ndarray[Any, Any]) -> Vectors:
    found: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    assert ROWS >= LEAST_ROWS
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scope_module, "FEW_ROWS", 300)
        patch.setattr(scope_module, "_FIRST_OF_ALL", 200)
        yield Crowd(tmp_path_factory.mktemp("crowd"))


def passing_of(crowd: Crowd, seed: int, share: float, kinds: str, by_row: bool) -> Passing:
    rng = np.random.default_rng(seed)
    statements = rng.random(SPEECHES) < share
    rows = rng.random(ROWS) < max(share, 0.3) if by_row else None
    return Passing(
        crowd,
        None if share == 1 else statements,
        positions=kinds != "others",
        others=kinds != "positions",
        rows=rows,
    )


filters = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 50),
        "share": st.sampled_from([0.02, 0.1, 0.4, 0.9, 1.0]),
        "kinds": st.sampled_from(["positions", "others", "both"]),
        "by_row": st.booleans(),
    }
)
thorough = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@thorough
@given(query=st.integers(0, SUBJECTS - 1), asked=filters)
def test_a_filter_is_told_by_lists_as_by_rows(
    crowd: Crowd, query: int, asked: dict[str, Any]
) -> None:
    found = passing_of(crowd, **asked)
    assert found.count == np.count_nonzero(found.mask)
    assert np.array_equal(found.rows, np.flatnonzero(found.mask))
    positions = np.logical_or.reduceat(found.mask & crowd.positions, crowd.state_starts)
    others = np.logical_or.reduceat(found.mask & ~crowd.positions, crowd.state_starts)
    assert not (np.stack([positions, others]) & ~found.used).any()
    scope = Scope(crowd, found)
    rows, _ = scope.nearest(crowd.queries[query], 10)
    assert found.mask[rows].all()
    assert (np.diff(rows) > 0).all()


def recall(crowd: Crowd, found: Passing, most: int) -> tuple[int, int]:
    hits = wanted = 0
    for query in crowd.queries[::8]:
        every = crowd.index.scores(query, found.mask)
        rows, floor = Scope(crowd, found).nearest(query, most)
        told = Scope(crowd, found).similarities(query, rows)
        assert np.array_equal(told, every[rows])  # to the last bit
        best = np.sort(every)[-min(most, found.count) :]
        assert np.count_nonzero(told > floor) >= len(best)
        hits += int(np.count_nonzero(told >= best[0]))
        wanted += int(np.count_nonzero(every >= best[0]))
    return hits, wanted


@pytest.mark.parametrize("most", [1, 10, 100])
@pytest.mark.parametrize("share", [1.0, 0.4, 0.1])
def test_the_nearest_are_found(crowd: Crowd, most: int, share: float) -> None:
    hits = wanted = 0
    for kinds in ("both", "positions", "others"):
        for by_row in (False, True):
            found, all_ = recall(crowd, passing_of(crowd, 3, share, kinds, by_row), most)
            hits, wanted = hits + found, wanted + all_
    assert wanted >= 300
    assert hits / wanted >= 0.99


@pytest.mark.parametrize("together", [40, 5])
@pytest.mark.parametrize("wanted", [3, 12, STATES])
def test_the_best_of_each_state(
    crowd: Crowd, wanted: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scope_module, "_SOME_STATES", together)
    right = 0
    for number, query in enumerate(crowd.queries[::8]):
        found = passing_of(crowd, number, 0.6, "positions", by_row=False)
        scope = Scope(crowd, found)
        rows = scope.best_states(query, wanted)
        assert found.mask[rows].all()
        every = np.maximum.reduceat(crowd.index.scores(query, found.mask), crowd.state_starts)
        told = np.full(STATES, -np.inf, np.float32)
        states = np.searchsorted(crowd.state_starts, rows, side="right") - 1
        np.maximum.at(told, states, scope.similarities(query, rows))
        top = np.argsort(-every)[:wanted]
        right += int(np.count_nonzero(told[top] >= every[top]))
    assert right / (wanted * len(crowd.queries[::8])) >= 0.99


def test_a_best_row_is_told_more_closely_than_any(crowd: Crowd) -> None:
    assert crowd.codes is not None
    bound = crowd.codes.bound
    assert bound.best_margin is not None
    assert 0 <= bound.best_margin < bound.margin
    told = np.linspace(0.2, 0.8, 5, dtype=np.float32)
    assert (bound.hidden_best(told) < bound.hidden(told)).all()
    before = replace(bound, best_margin=None)  # as in files of before
    assert np.array_equal(before.hidden_best(told), bound.hidden(told))


@pytest.mark.parametrize(
    ("starts", "positions"), [([0], True), ([0], False), ([0, ROWS - 1], False)]
)
def test_a_bound_is_measured_whoever_speaks(
    crowd: Crowd, tmp_path: Path, starts: list[int], positions: bool
) -> None:
    """One state alone, one that says a single thing, and nobody who takes a position."""
    path, held = tmp_path / "codes.faiss", np.full(ROWS, positions)
    Codes.write(path, crowd.index, np.array(starts), held)
    made = Codes.open(path)
    assert made is not None
    assert made.bound.slope > 0
    assert made.bound.best_margin is not None
    assert 0 <= made.bound.best_margin < np.inf
    assert 0 < made.bound.margin < 1


def test_all_that_are_so_near(crowd: Crowd) -> None:
    found = passing_of(crowd, 5, 0.9, "both", by_row=True)
    hits = wanted = 0
    for query in crowd.queries[::8]:
        every = crowd.index.scores(query, found.mask)
        least = float(np.sort(every)[-60])
        rows = Scope(crowd, found).at_least(query, least)
        assert (every[rows] >= least).all()
        hits, wanted = hits + len(rows), wanted + int(np.count_nonzero(every >= least))
    assert hits / wanted >= 0.99


def test_of_each_state_so_many_and_all_so_near(crowd: Crowd) -> None:
    found = passing_of(crowd, 6, 0.9, "both", by_row=False)
    scope = Scope(crowd, found)
    states = np.arange(0, STATES, 4)
    hits = wanted = 0
    for query in crowd.queries[::16]:
        every = crowd.index.scores(query, found.mask)
        queries = np.repeat(query[None], len(states), 0)
        rows, of = scope.of_each(queries, states, 5, 0.7)
        assert (np.diff(of) >= 0).all()
        for place, state in enumerate(states.tolist()):
            start, end = scope._starts[state], scope._ends[state]
            own = every[start:end]
            least = min(0.7, float(np.sort(own)[-5]))
            mine = set(rows[of == place].tolist())
            there = (np.flatnonzero(own >= least) + start).tolist()
            hits, wanted = hits + len(mine.intersection(there)), wanted + len(there)
    assert hits / wanted >= 0.99


def test_few_rows_are_all_scored(crowd: Crowd) -> None:
    rows = np.zeros(ROWS, np.bool_)
    rows[:: ROWS // 250] = True
    scope = Scope(crowd, Passing(crowd, rows=rows))
    assert scope.complete
    found, floor = scope.nearest(crowd.queries[0], 3)
    assert floor == -np.inf
    assert np.array_equal(found, np.flatnonzero(rows))
