"""A whole service, killed in the middle of a job and started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.accounts.accounts import Accounts
from service.analysis import pair_matrix
from service.client import Client, Job, Unreachable
from service.comparison import Comparator
from service.domain.access import Scope
from service.settings import Settings
from service.studies.catalogue import find_study
from service.studies.formats import Format
from service.studies.package import write_package
from tests.conftest import PROJECT

BLOCK, LEASE_S = 100, 3.0
FORMATS = ["csv", "parquet"]
PARAMETERS = {"least": 2}
# The service itself, but for blocks that are small and take a while, and a lease that ends soon.
SLOWED = f"""
import sys, time
from functools import partial
from service.analysis import pair_matrix
from service.analysis.kept_blocks import KeptBlocks
from service.jobs import worker
from service.jobs.store import Jobs
from service.web import jobs

pair_matrix.BLOCK = {BLOCK}
keep = KeptBlocks.keep
KeptBlocks.keep = lambda *given: (time.sleep(0.15), keep(*given))[1]
jobs.Jobs = partial(Jobs, lease_s={LEASE_S})
worker.LEASE_S, worker.POLL_S, worker.TELL_S = {LEASE_S}, 0.2, 0.2

from service.cli import main
main()
"""


@contextmanager
def served(folder: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"CONCORD_INDEXES": str(folder), "CONCORD_STANCE_MODEL": "none"}
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-c", SLOWED, "serve", "--port", str(port)],
            cwd=PROJECT, env=environment, stdout=said, stderr=said,
        )  # fmt: skip
    try:
        with Client(f"http://127.0.0.1:{port}", retries=0) as client:
            for _ in range(900):
                assert process.poll() is None, log.read_text()
                try:
                    client.topics()
                    break
                except Unreachable:
                    time.sleep(0.1)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def until(client: Client, job: Job, what: Callable[[Job], bool]) -> Job:
    deadline = time.monotonic() + 60
    while not what(found := client.job(job)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_a_killed_service_goes_on_with_its_jobs_and_makes_the_same_bytes(
    bundled: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, log = tmp_path / "indexes", tmp_path / "log"
    apart = shutil.ignore_patterns("accounts.*", "uploads", "jobs")
    shutil.copytree(bundled.settings.indexes, folder, ignore=apart)
    accounts = Accounts(Settings(indexes=folder, database_url=None))
    key = accounts.keys.create("test", [Scope.READ])[1]
    accounts.close()
    with served(folder, log) as (process, address), Client(address, key) as client:
        job = client.submit("matrix", PARAMETERS, FORMATS)
        waiting = client.submit("trends", {"topic": "palestine"})
        cancelled = client.submit("matrix", PARAMETERS)
        assert not client.cancel(cancelled)
        client.wait(waiting, timeout=60)
        seen = until(client, job, lambda one: one.state == "running" and one.done > 0)
        assert seen.total and seen.done < seen.total
        process.send_signal(signal.SIGKILL)
        process.wait()
    kept = {
        path.name: path.stat().st_mtime_ns
        for path in (folder / "jobs" / job.id / ".package.unfinished").glob("*.npz")
    }
    assert kept
    with served(folder, log) as (_, address), Client(address, key) as client:
        until(client, job, lambda one: one.state == "running" and one.done > seen.done)
        for path in (folder / "jobs" / job.id / ".package.unfinished").glob("*.npz"):
            if path.name in kept:
                assert path.stat().st_mtime_ns == kept[path.name]
        found = client.wait(job, timeout=120)
        assert (found.state, found.error) == ("done", None)
        assert client.job(waiting).state == "done"
        assert client.job(cancelled).state == "cancelled"
        client.download(job, tmp_path / "fetched")
        assert [one.id for one in client.jobs()] == [cancelled.id, waiting.id, job.id]
    monkeypatch.setattr(pair_matrix, "BLOCK", BLOCK)
    here = Comparator(Settings(indexes=folder, stance_model=None, database_url=None))
    formats = [Format(one) for one in FORMATS]
    write_package(find_study("matrix"), PARAMETERS, tmp_path / "whole", here, formats)
    expected = {path.name: path.read_bytes() for path in (tmp_path / "whole").iterdir()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "fetched").iterdir()} == expected
    assert {"pairs.csv", "pairs.parquet", "datapackage.json"} <= set(expected)
