"""Requests a key and day, on both databases."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.accounts import database as database_module
from service.accounts import quotas as module
from service.accounts.database import Database
from service.accounts.keys import Key, Keys
from service.accounts.quotas import Quotas
from service.domain.access import Scope
from service.errors import QuotaExhausted
from service.settings import Settings
from tests.accounts.conftest import OpenDatabase
from tests.accounts.test_database import environment
from tests.conftest import PROJECT

COUNTER = """
import os, signal, sys, time
from datetime import UTC, datetime
from service.accounts.database import Database
from service.accounts.keys import Keys
from service.accounts.quotas import Quotas
from service.settings import Settings

token, end = sys.argv[1:]
database = Database.of(Settings())
quotas, key = Quotas(database, flush_s=0.2), Keys(database).check(token)
for _ in range(7):
    quotas.count(key)
if end == "killed":
    while quotas.used(datetime.now(UTC).date()).get(key.id) != 7:
        time.sleep(0.05)
    quotas.count(key)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def keyed(database: Database) -> tuple[Key, str]:
    return Keys(database).create("reader", [Scope.READ], 100)


def durable(database: Database, key: Key) -> int:
    return Quotas(database).used(datetime.now(UTC).date()).get(key.id, 0)


def test_one_process_lets_through_the_quota_to_the_request(
    database: Database, keyed: tuple[Key, str]
) -> None:
    key, _ = keyed
    quotas = Quotas(database, flush_s=0.01)  # flushes while it counts
    outcomes: list[bool] = []

    def ask() -> None:
        for _ in range(50):
            try:
                used = quotas.count(key)
                assert used is not None
                assert 0 <= used.left < 100
                outcomes.append(True)
            except QuotaExhausted as error:
                assert 0 < error.retry_after <= 86_400
                outcomes.append(False)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    quotas.close()
    assert (outcomes.count(True), outcomes.count(False)) == (100, 300)
    assert durable(database, key) == 100
    last_used = Keys(database).all()[0].last_used
    assert last_used is not None
    assert timedelta() <= datetime.now(UTC) - last_used < timedelta(minutes=1)


@pytest.mark.parametrize("end", ["killed", "ended"])
def test_counts_outlast_the_process(
    settings: Settings, database: Database, keyed: tuple[Key, str], end: str
) -> None:
    key, token = keyed
    done = subprocess.run(
        [sys.executable, "-c", COUNTER, token, end], cwd=PROJECT, env=environment(settings),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (-signal.SIGKILL if end == "killed" else 0), done.stderr
    assert durable(database, key) == 7
    quotas = Quotas(database)
    used = quotas.count(key)
    assert used is not None
    assert used.left == 100 - 8
    quotas.close()


def test_processes_share_a_quota(database: Database, keyed: tuple[Key, str]) -> None:
    key, _ = keyed
    one, two = Quotas(database, flush_s=60), Quotas(database, flush_s=60)
    for _ in range(3):
        one.count(key)
        two.count(key)
    for quotas in (one, two, one):
        quotas.flush()
    for _ in range(47):
        one.count(key)
        two.count(key)
    assert durable(database, key) == 6
    one.flush()
    two.flush()  # learns what the other counted
    with pytest.raises(QuotaExhausted, match=f"the key {key.id} has used up its 100 requests"):
        two.count(key)
    one.close()
    two.close()
    assert durable(database, key) == 100


def test_a_key_without_quota_is_counted_too(database: Database) -> None:
    key, _ = Keys(database).create("reader", [Scope.READ])
    quotas = Quotas(database)
    assert [quotas.count(key) for _ in range(3)] == [None] * 3
    quotas.close()
    assert durable(database, key) == 3


def test_a_new_day_begins_at_zero_and_old_ones_are_forgotten(
    database: Database, keyed: tuple[Key, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _ = keyed
    ahead = timedelta()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime.now(UTC) + ahead

    monkeypatch.setattr(module, "datetime", Clock)
    quotas = Quotas(database, flush_s=0.05)
    first = Clock.now().date()
    for _ in range(100):
        quotas.count(key)
    with pytest.raises(QuotaExhausted):
        quotas.count(key)
    ahead = timedelta(days=1)
    used = quotas.count(key)
    assert used is not None
    assert used.left == 99
    quotas.flush()
    assert quotas.used(first) == {key.id: 100}
    assert quotas.used(first + timedelta(days=1)) == {key.id: 1}
    ahead = timedelta(days=402)
    quotas.count(key)
    deadline = time.monotonic() + 10
    while quotas.used(first) or quotas.used(first + timedelta(days=1)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    ahead = timedelta()  # the clock is set back
    quotas.count(key)
    quotas.close()
    assert quotas.used(first) == {key.id: 1}


def test_counting_goes_on_without_the_database(
    tmp_path: Path, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "PAUSE_S", 0.0)
    database = open_database(Settings(indexes=tmp_path, database_url=None))
    key, _ = Keys(database).create("reader", [Scope.READ], 100)
    path = tmp_path / "accounts.sqlite"
    path.rename(tmp_path / "aside")
    path.mkdir()
    quotas = Quotas(database, flush_s=0.05)
    for _ in range(60):
        quotas.count(key)
    time.sleep(0.3)  # some flushes fail
    path.rmdir()
    (tmp_path / "aside").rename(path)
    deadline = time.monotonic() + 10
    while durable(database, key) != 60:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for _ in range(40):
        quotas.count(key)
    with pytest.raises(QuotaExhausted):
        quotas.count(key)
    quotas.close()
    assert durable(database, key) == 100


def test_a_close_just_after_the_pause_is_heard(database: Database, keyed: tuple[Key, str]) -> None:
    quotas = Quotas(database, flush_s=0.01)
    pause = quotas._closed.wait

    def paused(seconds: float) -> bool:
        closed = pause(seconds)
        quotas._closed.set()  # as `close` does
        quotas._due.set()
        return closed

    quotas._closed.wait = paused  # type: ignore[method-assign]
    quotas.count(keyed[0])
    assert quotas._thread is not None
    quotas._thread.join(10)
    assert not quotas._thread.is_alive()
    quotas.close()
    assert durable(database, keyed[0]) == 1
