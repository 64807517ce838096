"""The real encoder on a real cluster: the vectors of the encoder that is here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from signal import SIGKILL

import numpy as np
import pytest

from service.cluster.cluster import Cluster
from service.errors import ClusterUnusable
from service.retrieval import cluster_encoder, vector_cache
from service.retrieval.cluster_encoder import ClusterEncoder
from service.retrieval.encoder import (
    DEFAULT_MODEL,
    PIECE,
    Encoder,
    PieceEncoder,
    Vectors,
    open_encoder,
)
from service.retrieval.generations import Generations
from service.retrieval.vector_cache import VectorCache
from service.settings import Settings
from tests.conftest import PROJECT
from tests.ray_head import Head

TEXTS = [
    f"Article {n} of the Charter binds us, and {'so do the others ' * (n % 9)}" for n in range(120)
]
PIECES = [TEXTS[start : start + 10] for start in range(0, 120, 10)]


@pytest.fixture(scope="module")
def local() -> Encoder:
    return open_encoder(DEFAULT_MODEL, Settings().models)


@pytest.fixture
def encoder(local: Encoder, cluster: Cluster) -> ClusterEncoder:
    return ClusterEncoder(local, DEFAULT_MODEL, Settings().models, cluster)


@pytest.mark.slow
def test_the_same_vectors_though_a_worker_is_killed(
    encoder: ClusterEncoder, local: Encoder, head: Head
) -> None:
    told: list[int] = []
    run = encoder.encode_each(PIECES, told.append)
    found: dict[int, Vectors] = dict([next(run)])
    killed = head.at_work()[0]
    os.kill(killed, SIGKILL)
    found.update(run)
    assert killed not in head.at_work()
    assert sorted(found) == list(range(len(PIECES)))
    for number, piece in enumerate(PIECES):
        assert np.array_equal(found[number], local.encode(piece))
    assert sum(told) == len(TEXTS)


def test_many_texts_in_their_order_and_few_of_them_here(
    encoder: ClusterEncoder, local: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_encoder, "PIECE", 35)
    assert np.abs(encoder.encode(TEXTS) - local.encode(TEXTS)).max() < 1e-6
    nowhere = ClusterEncoder(local, DEFAULT_MODEL, Settings().models, Cluster("127.0.0.1:1"))
    assert np.array_equal(nowhere.encode(TEXTS[:1]), local.encode(TEXTS[:1]))
    assert nowhere.truncated(["word " * 600]) == [0]
    with pytest.raises(ClusterUnusable):
        nowhere.encode(TEXTS)


@pytest.mark.slow
def test_a_cache_is_filled_with_the_same_bytes_and_keeps_what_it_has(
    encoder: ClusterEncoder, local: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_cache, "PIECE", 10)
    assert isinstance(encoder, PieceEncoder) and not isinstance(local, PieceEncoder)
    here = VectorCache(tmp_path / "here", local)
    here.embed(TEXTS)

    class Stopped(Exception):
        pass

    told: list[int] = []

    def stop(count: int) -> None:
        told.append(count)
        if len(told) == 4:
            raise Stopped

    with pytest.raises(Stopped):
        VectorCache(tmp_path / "there", encoder).embed(TEXTS, stop)
    there = VectorCache(tmp_path / "there", encoder)
    assert len(there) == 30
    # What is missing is cut into other pieces than at first: so another cache for the same bytes.
    assert there.embed(TEXTS) == 90
    assert np.abs(there.vectors(TEXTS) - here.vectors(TEXTS)).max() < 1e-6
    whole = VectorCache(tmp_path / "whole", encoder)
    whole.embed(TEXTS)
    assert np.array_equal(whole.vectors(TEXTS), here.vectors(TEXTS))


def test_a_worker_with_other_weights_is_refused(
    encoder: ClusterEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "fingerprint", "0" * 64)
    with pytest.raises(ClusterUnusable, match="another 'all-MiniLM-L6-v2' than this one"):
        list(encoder.encode_each(PIECES[:1]))


@pytest.mark.slow
def test_a_build_by_the_command_line_has_the_same_index(tmp_path: Path) -> None:
    made = {}
    for address in ("", "local"):
        folder = tmp_path / f"of-{address}"
        own = {
            "CONCORD_INDEXES": str(folder), "CONCORD_MODELS": str(Settings().models),
            "CONCORD_RAY_ADDRESS": address,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "service", "build"], cwd=PROJECT,
            env=os.environ | own, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        made[address] = Generations(folder).current().manifest
    assert made["local"].files == made[""].files  # SHA-256 of each
    assert len(made[""].files) >= 4 and made[""].claims > PIECE
