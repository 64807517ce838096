"""Stored vectors: rounded once, and scored exactly as they are stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.errors import IndexUnusable
from service.retrieval.index import VectorIndex

Vectors = npt.NDArray[np.float32]
DIMENSION = 24


def unit(count: int, seed: int, dimension: int = DIMENSION) -> Vectors:
    drawn = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    return drawn


def stored(folder: Path, vectors: Vectors, name: str = "vectors.npy") -> VectorIndex:
    half = len(vectors) // 2
    VectorIndex.write(folder / name, vectors.shape, [vectors[:half], vectors[half:]])
    return VectorIndex.open(folder / name)


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 1_300), seed=st.integers(0, 10**6), data=st.data())
def test_a_similarity_is_that_of_the_stored_vector_whatever_else_is_asked(
    tmp_path_factory: pytest.TempPathFactory, count: int, seed: int, data: st.DataObject
) -> None:
    index = stored(tmp_path_factory.mktemp("index"), unit(count, seed))
    query = unit(1, seed + 1)[0]
    scores = index.scores(query)
    as_stored = index.vectors(slice(None)).astype(np.float64) @ query.astype(np.float64)
    np.testing.assert_allclose(scores, as_stored, atol=1e-6)
    rows = np.array(data.draw(st.lists(st.integers(0, count - 1), max_size=40)), np.int64)
    assert index.similarities(query, rows).tobytes() == scores[rows].tobytes()
    mask = np.isin(np.arange(count), rows)
    masked = index.scores(query, mask)
    assert masked[mask].tobytes() == scores[mask].tobytes()
    assert (masked[~mask] == -np.inf).all()


def test_what_is_rounded_away_is_as_little_as_is_said(tmp_path: Path) -> None:
    vectors, queries = unit(3_000, 1, 384), unit(50, 2, 384)
    index = stored(tmp_path, vectors)
    off = np.array([index.scores(query) - vectors @ query for query in queries])
    assert 1e-6 < off.std() < 2e-6
    assert np.abs(off).max() < 1.2e-5
    half = vectors.astype(np.float16).astype(np.float32)
    assert off.std() < np.std([half @ query - vectors @ query for query in queries]) / 4


def test_lengths_stay_one(tmp_path: Path) -> None:
    """Whatever an encoder's were: else a claim could be more like another than like itself."""
    drawn = unit(2_000, 3) * np.random.default_rng(3).uniform(0.999, 1.001, (2_000, 1))
    found = stored(tmp_path, drawn.astype(np.float32)).vectors(slice(None))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=3e-7)
    along = np.concatenate([np.eye(4), -np.eye(4)]).astype(np.float32)
    assert (stored(tmp_path, along, "along.npy").vectors(slice(None)) == along).all()


def test_a_vector_of_nothing_is_stored(tmp_path: Path) -> None:
    index = stored(tmp_path, np.zeros((3, 8), np.float32))
    assert not index.vectors(slice(None)).any()
    assert not index.scores(np.ones(8, np.float32)).any()


def test_what_was_read_is_stored_as_it_was(tmp_path: Path) -> None:
    """So that a generation that grows has the vectors of one that is built from nothing."""
    first = stored(tmp_path, unit(5_000, 4))
    again = stored(tmp_path, first.read(0, 5_000), "again.npy")
    assert (tmp_path / "again.npy").read_bytes() == (tmp_path / "vectors.npy").read_bytes()
    assert (again.read(17, 400) == first.vectors(slice(17, 400))).all()


def test_no_vectors_at_all(tmp_path: Path) -> None:
    index = stored(tmp_path, np.empty((0, 8), np.float32))
    assert index.count == 0
    assert index.scores(np.ones(8, np.float32)).shape == (0,)
    assert index.vectors(slice(None)).shape == (0, 8)


def test_vectors_of_another_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "vectors.npy"
    others = np.zeros(3, np.int16), np.zeros((3, 4), np.int16).T, np.zeros((3, 2), np.int16)
    for other in (unit(3, 5), *others):
        np.save(path, other)
        with pytest.raises(IndexUnusable, match="sixteen-bit numbers: build again"):
            VectorIndex.open(path)
    path.write_bytes(b"")
    with pytest.raises(IndexUnusable, match="can't be read"):
        VectorIndex.open(path)


def test_a_query_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="24 numbers"):
        stored(tmp_path, unit(3, 6)).scores(np.ones(23, np.float32))
