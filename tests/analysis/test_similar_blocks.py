"""A matrix that a real cluster computes is, byte for byte, that of this process."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from signal import SIGKILL

import numpy as np
import pytest

from service.analysis import pair_matrix as module
from service.analysis.kept_blocks import KeptBlocks
from service.analysis.pair_matrix import Wanted, pair_matrix
from service.analysis.units import Unit, Units, units
from service.cluster.cluster import Cluster
from service.comparison import Comparator
from service.domain.stance import Stance, Verdict
from service.errors import ClusterUnusable
from service.retrieval.generations import Generation, Generations
from tests.conftest import BuildToy, statement
from tests.ray_head import Head

WORDS = ("veto", "debt", "climate", "peace", "trade", "law")
STATES = ("CHN", "CUB", "FRA", "NOR", "USA", "VUT")


@pytest.fixture
def said(build_toy: BuildToy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generation:
    draw = np.random.default_rng(7)
    build_toy([
        statement(state, str(2000 + year), *(" ".join(draw.choice(WORDS, 4)) for _ in range(5)))
        for state in STATES
        for year in range(8)
    ])  # fmt: skip
    monkeypatch.setattr(module, "BLOCK", 25)
    return Generations(tmp_path).current()


def statements(generation: Generation) -> Units:
    return units(generation, np.ones(len(generation.columns.kind), bool), Unit.STATEMENT)


def judge(pairs: Sequence[tuple[str, str]]) -> list[Verdict]:
    same = [a.split()[0] == b.split()[0] for a, b in pairs]
    aligned, opposed = (
        Verdict(Stance.ALIGNED, (1.0, 0.0, 0.0, 0.0)),
        Verdict(Stance.OPPOSED, (0.0, 0.0, 1.0, 0.0)),
    )
    return [aligned if yes else opposed for yes in same]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("wanted", [Wanted(least=2, judged=1), Wanted(least=2, intervals=False)])
def test_the_same_bytes_though_a_worker_is_killed(
    said: Generation, cluster: Cluster, head: Head, tmp_path: Path, wanted: Wanted
) -> None:
    found, killed = statements(said), []
    pair_matrix(said, found, wanted, KeptBlocks(tmp_path / "here", {}), judge)

    def kill(done: int, total: int) -> None:
        if done and not killed and (at_work := head.at_work()):
            killed.append(at_work[0])
            os.kill(at_work[0], SIGKILL)

    there = KeptBlocks(tmp_path / "there", {})
    pair_matrix(said, found, wanted, there, judge, kill, cluster)
    assert killed
    assert len(files(tmp_path / "here")) == 56  # of ten spans each two, and the run's own
    assert files(tmp_path / "there") == files(tmp_path / "here")


@pytest.mark.slow
def test_a_run_on_a_cluster_goes_on_from_what_it_kept(
    said: Generation, cluster: Cluster, tmp_path: Path
) -> None:
    found, wanted = statements(said), Wanted(least=2)
    pair_matrix(said, found, wanted, KeptBlocks(tmp_path / "here", {}))

    class Stopped(Exception):
        pass

    told: list[tuple[int, int]] = []

    def stop(done: int, total: int) -> None:
        told.append((done, total))
        if len(told) == 8:
            raise Stopped

    with pytest.raises(Stopped):
        pair_matrix(said, found, wanted, KeptBlocks(tmp_path / "there", {}), None, stop, cluster)
    assert len(files(tmp_path / "there")) == 8
    again: list[tuple[int, int]] = []

    def note(done: int, total: int) -> None:
        again.append((done, total))

    pair_matrix(said, found, wanted, KeptBlocks(tmp_path / "there", {}), None, note, cluster)
    assert again[0] == told[-1] and again[-1][0] == again[-1][1] and len(again) == 49
    assert files(tmp_path / "there") == files(tmp_path / "here")


def test_one_settings_line(
    bundled: Comparator, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deployed(address: str | None) -> Comparator:
        return Comparator(bundled.settings.model_copy(update={"ray_address": address}))

    monkeypatch.setattr(module, "BLOCK", 10)
    asked = {"topics": ["multilateralism"], "least": 2}
    here = deployed(None).matrix(**asked)
    assert deployed(cluster.address).matrix(**asked).to_dict() == here.to_dict()
    with pytest.raises(ClusterUnusable, match="CONCORD_RAY_ADDRESS"):
        deployed("127.0.0.1:1").matrix(**asked)
    # A request's answer has no use for one.
    assert deployed("127.0.0.1:1").matrix(**asked, bounded=True).to_dict() == here.to_dict()
