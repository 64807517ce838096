"""Pieces of work on a real Ray cluster: what comes back, and what is lost (nothing)."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from signal import SIGKILL

import pytest

from service.cluster.cluster import Cluster
from service.cluster.messages import Shared
from service.errors import ClusterUnusable, ConcordError, InvalidInput, RateLimited, Unauthorized
from service.settings import Settings
from tests.conftest import PROJECT
from tests.ray_head import (
    Head,
    deadly,
    free_ports,
    noted,
    ray_head,
    refusing,
    scaled,
    squared,
)


def test_every_piece_once_by_its_number(cluster: Cluster) -> None:
    found = list(cluster.each(squared, [(number,) for number in range(50)]))
    assert len(found) == 50
    assert dict(found) == {number: number**2 for number in range(50)}
    assert list(cluster.each(squared, [])) == []
    assert "ray" not in sys.modules  # a process of its own has it


def test_what_pieces_have_in_common_is_sent_once(cluster: Cluster) -> None:
    loaded: list[str] = []

    def load(key: str) -> list[int]:
        loaded.append(key)
        return [{"a": 2, "b": 3}[key]]

    pieces = [(Shared(key), number) for key in "ab" for number in range(6)]
    found = dict(cluster.each(scaled, [*pieces, (Shared("a"), 100)], load))
    assert [found[place] for place in range(13)] == [
        *(2 * n for n in range(6)), *(3 * n for n in range(6)), 200,
    ]  # fmt: skip
    assert loaded == ["a", "b"]


def test_a_killed_worker_loses_nothing(cluster: Cluster, tmp_path: Path) -> None:
    run = cluster.each(noted, [(tmp_path, number, 0.3) for number in range(12)])
    found = [next(run)]
    others: list[list[str]] = []
    while not others:  # on a busy machine the next piece takes a while to begin
        begun = [path.name.split("-") for path in tmp_path.iterdir()]
        others = [one for one in begun if int(one[0]) != found[0][0]]
        time.sleep(0.01)
    number, process = others[0][:2]
    os.kill(int(process), SIGKILL)
    found += run
    assert sorted(found) == [(number, number) for number in range(12)]
    tries = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert tries.count(number) == 2


@pytest.mark.slow
def test_a_piece_that_kills_each_worker_is_given_up(cluster: Cluster) -> None:
    with pytest.raises(ClusterUnusable, match="a piece was tried 6 times"):
        list(cluster.each(deadly, [()]))


def test_what_the_work_raises_is_raised_here(cluster: Cluster) -> None:
    with pytest.raises(InvalidInput) as refused:
        list(cluster.each(refusing, [("colour",)]))
    assert type(refused.value) is InvalidInput
    assert (refused.value.field, str(refused.value)) == ("colour", "colour: isn't one")
    assert "in refusing" in refused.value.__notes__[0]
    with pytest.raises(KeyError) as missing:
        list(cluster.each(refusing, [("key",)]))
    assert type(missing.value) is KeyError


def test_a_run_that_is_given_up_stops_its_pieces(cluster: Cluster, tmp_path: Path) -> None:
    run = cluster.each(noted, [(tmp_path, number, 0.2) for number in range(200)])
    next(run)
    run.close()  # type: ignore[attr-defined]
    begun = len(list(tmp_path.iterdir()))
    time.sleep(1.0)
    assert len(list(tmp_path.iterdir())) == begun < 20


def test_an_address_where_nobody_is_is_refused_at_once() -> None:
    (port,) = free_ports(1)
    for address in (f"127.0.0.1:{port}", f"ray://127.0.0.1:{port}"):
        with pytest.raises(ClusterUnusable, match=r"CONCORD_RAY_ADDRESS.*nobody answers there"):
            next(Cluster(address).each(squared, [(1,)]))


@pytest.mark.parametrize("address", ["here", "http://127.0.0.1:80", "host:port", ":6379", "a b"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ClusterUnusable, match=r"CONCORD_RAY_ADDRESS.*is none of local, auto"):
        next(Cluster(address).each(squared, [(1,)]))


@pytest.mark.slow
def test_without_the_clusters_token_one_is_told_so(
    head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0" * 64)
    with pytest.raises(ClusterUnusable, match=r"CONCORD_RAY_ADDRESS.*[Aa]uthentication token"):
        next(Cluster(head.address).each(squared, [(1,)]))


@pytest.mark.slow
def test_a_cluster_that_goes_in_mid_work_is_lost_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray itself would end the process that works with it."""
    monkeypatch.setenv("RAY_gcs_rpc_server_reconnect_timeout_s", "5")
    with ray_head() as own:
        for name, value in own.environment.items():
            monkeypatch.setenv(name, value)
        run = Cluster(own.address).each(noted, [(tmp_path, n, 0.2) for n in range(1000)])
        next(run)
        own.process.terminate()
        with pytest.raises(ClusterUnusable, match="CONCORD_RAY_ADDRESS"):
            list(run)


@pytest.mark.slow
def test_a_cluster_of_this_machines_cores_leaves_nothing_behind(tmp_path: Path) -> None:
    script = (
        "from service.cluster.cluster import Cluster\n"
        "from tests.ray_head import squared\n"
        "print(sorted(Cluster('local').each(squared, [(2,), (3,)])))\n"
    )
    with tempfile.TemporaryDirectory(prefix="t-", dir="/tmp") as short:
        folders = {"HOME": str(tmp_path), "TMPDIR": short}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script], cwd=PROJECT, env=os.environ | folders,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout, done.stderr) == (0, "[(0, 4), (1, 9)]\n", "")
        assert list(tmp_path.iterdir()) == list(Path(short).iterdir()) == []


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput("from", "no year"),
        RateLimited("too fast", 3.5),
        Unauthorized("no", sent=True),
        ConcordError("x" * 5_000),
    ],
)
def test_errors_come_back_as_they_are(error: ConcordError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (str(again), again.__dict__) == (str(error), error.__dict__)


@pytest.mark.parametrize("name", ["CONCORD_RAY_ADDRESS", "RAY_ADDRESS"])
def test_the_setting(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONCORD_RAY_ADDRESS", raising=False)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert Settings().ray_address is None
    monkeypatch.setenv(name, "auto")
    assert Settings().ray_address == "auto"
    monkeypatch.setenv(name, "")
    assert Settings().ray_address is None
