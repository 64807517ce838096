"""The blocked loop against the plain one, and its error against `likeness` and the truth."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sentence_transformers.util import cos_sim
from threadpoolctl import threadpool_info

from service.analysis import best_matches
from service.analysis.best_matches import (
    Groups,
    nearest_sums,
    similarities,
    spans,
    spread_between,
    sums_between,
)
from service.analysis.likeness import _best, _spread

SIZES = st.lists(st.integers(1, 7), min_size=1, max_size=8)


def groups(counts: list[int], seed: int = 0, dimension: int = 6) -> Groups:
    draw = np.random.default_rng(seed)
    vectors = draw.standard_normal((sum(counts), dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Groups(vectors, np.cumsum(counts) - np.array(counts))


def pieces(found: Groups) -> list[np.ndarray]:
    return np.split(found.vectors, found.starts[1:])


@settings(deadline=None)
@given(SIZES, st.integers(0, 99), st.integers(1, 20))
def test_sums_are_those_of_the_plain_loop(counts: list[int], seed: int, side: int) -> None:
    found = groups(counts, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(best_matches, "_SIDE", side)
        sums, alike = nearest_sums(found), similarities(found)
        there, back = sums_between(found, found)
    for i, one in enumerate(pieces(found)):
        for j, other in enumerate(pieces(found)):
            scores = cos_sim(one, other).numpy()
            assert sums[i, j] == pytest.approx(scores.max(axis=1).sum(), abs=1e-5)
            mean = (scores.max(axis=1).sum() + scores.max(axis=0).sum()) / sum(scores.shape)
            assert alike[i, j] == pytest.approx(mean, abs=1e-6)
    assert np.allclose(there, sums, atol=1e-5)
    assert np.allclose(back, sums.T, atol=1e-5)


@settings(deadline=None)
@given(st.lists(st.integers(2, 7), min_size=2, max_size=6), st.integers(0, 99))
def test_the_error_is_that_of_likeness(counts: list[int], seed: int) -> None:
    found = groups(counts, seed)
    spread = spread_between(found, found)
    assert np.allclose(spread.similarity, similarities(found), atol=1e-6)
    parts = pieces(found)
    for i in range(len(parts)):
        for j in range(len(parts)):
            if i == j:
                continue
            alike = parts[i] @ parts[j].T
            best, adds = _best(alike)
            best_of_others, adds_of_others = _best(alike.T)
            moved = np.sum(_spread(best + adds_of_others) ** 2)
            moved += np.sum(_spread(best_of_others + adds) ** 2)
            assert spread.error[i, j] == pytest.approx(np.sqrt(moved) / sum(alike.shape), abs=1e-5)


def test_an_equal_second_best_loses_nothing_and_one_claim_has_no_error() -> None:
    one, other = np.eye(3, dtype=np.float32)[:2], np.eye(3, dtype=np.float32)[[0, 0, 2]]
    both = Groups(np.concatenate([one, other]), np.array([0, 2]))
    spread = spread_between(both.of((0, 1)), both.of((1, 2)))
    # Best matches are 1 and 0, and 1, 1 and 0; only e1 is anybody's without a second of the kind.
    assert spread.similarity[0, 0] == pytest.approx(3 / 5)
    assert np.isfinite(spread.error).all()
    alone = Groups(other, np.array([0, 1]))
    assert np.isinf(spread_between(alone, alone).error[0]).all()


def test_the_error_is_no_less_than_what_speakers_of_one_mind_differ_by() -> None:
    """Two speakers of the same mind, again and again: on average the error isn't below the spread
    of what they come to (Efron and Stein 1981), nor twice as large."""
    draw = np.random.default_rng(3)
    centres = draw.standard_normal((12, 24))
    said = centres[draw.integers(0, 12, (400, 2, 30))] + draw.standard_normal((400, 2, 30, 24)) / 2
    said /= np.linalg.norm(said, axis=-1, keepdims=True)
    found, errors = [], []
    for one, other in said.astype(np.float32):
        both = Groups(np.concatenate([one, other]), np.array([0, 30]))
        spread = spread_between(both.of((0, 1)), both.of((1, 2)))
        found.append(spread.similarity[0, 0])
        errors.append(spread.error[0, 0])
    assert 0.95 < np.mean(errors) / np.std(found) < 2


@settings(deadline=None)
@given(SIZES, st.integers(1, 12))
def test_spans_hold_everybody_once_and_no_more_than_fit(counts: list[int], most: int) -> None:
    found = spans(np.array(counts), most)
    assert [i for first, last in found for i in range(first, last)] == list(range(len(counts)))
    for first, last in found:
        assert last - first == 1 or sum(counts[first:last]) <= most


def test_the_limit_on_threads_is_lifted_when_the_last_one_is_done() -> None:
    def threads() -> list[int]:
        return [p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas"]

    before, found = threads(), groups([40] * 30, dimension=32)
    running = [threading.Thread(target=similarities, args=(found,)) for _ in range(8)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert threads() == before
