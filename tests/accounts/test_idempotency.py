"""Requests that are sent again, on both databases."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from service.accounts import idempotency as module
from service.accounts.database import Database
from service.accounts.idempotency import Attempt, Idempotency, Replay
from service.accounts.tables import RequestRow
from service.errors import Conflict, InvalidInput
from service.settings import Settings
from tests.accounts.test_database import environment
from tests.conftest import PROJECT

POST = ("POST", "/v1/statements", b'{"state": "FRA"}')
CRASHER = """
import os, signal
from service.accounts.database import Database
from service.accounts.idempotency import Idempotency
from service.settings import Settings

Idempotency(Database.of(Settings())).begin(
    "k", "n", "POST", "/v1/statements", b'{"state": "FRA"}'
)
os.kill(os.getpid(), signal.SIGKILL)
"""


def begun(idempotency: Idempotency, key_id: str = "k", name: str = "n") -> Attempt:
    found = idempotency.begin(key_id, name, *POST)
    assert isinstance(found, Attempt)
    return found


def aged(database: Database, by: timedelta) -> None:
    with database.write() as session:
        session.execute(update(RequestRow).values(started=datetime.now(UTC) - by))


def test_an_answer_is_replayed_to_the_same_request_only(database: Database) -> None:
    idempotency = Idempotency(database)
    answer = Replay(201, {"Content-Type": "application/json", "Location": "/x"}, b'{"ok": "\xc3"}')
    attempt = begun(idempotency)
    with pytest.raises(Conflict, match="still being worked on") as raised:
        idempotency.begin("k", "n", *POST)
    assert raised.value.retry_after is not None
    assert 0 < raised.value.retry_after <= module.LEASE_S
    idempotency.finish(attempt, answer.status, answer.headers, answer.body)
    assert Idempotency(database).begin("k", "n", *POST) == answer
    for other in (
        ("POST", "/v1/statements", b'{"state": "DEU"}'),
        ("POST", "/v1/corrections", POST[2]),
        ("DELETE", *POST[1:]),
    ):
        with pytest.raises(Conflict, match="was sent with another request") as raised:
            idempotency.begin("k", "n", *other)
        assert raised.value.retry_after is None
    begun(idempotency, key_id="another key")
    begun(idempotency, name="another-name")


def test_what_was_given_up_is_begun_again(database: Database) -> None:
    idempotency = Idempotency(database)
    idempotency.give_up(begun(idempotency))
    begun(idempotency)


def test_a_crashed_request_may_be_tried_again(settings: Settings, database: Database) -> None:
    idempotency = Idempotency(database, lease_s=60)
    done = subprocess.run(
        [sys.executable, "-c", CRASHER], cwd=PROJECT, env=environment(settings), check=False
    )
    assert done.returncode == -signal.SIGKILL
    with pytest.raises(Conflict, match="still being worked on"):
        idempotency.begin("k", "n", *POST)
    aged(database, timedelta(seconds=61))
    with pytest.raises(Conflict, match="another request"):
        idempotency.begin("k", "n", "POST", "/v1/statements", b"{}")
    begun(idempotency)


def test_who_was_too_slow_has_no_say(database: Database) -> None:
    idempotency = Idempotency(database, lease_s=0.2)
    slow = begun(idempotency)
    time.sleep(0.3)
    second = begun(idempotency)
    idempotency.finish(slow, 500, {}, b"late")
    idempotency.give_up(slow)
    idempotency.finish(second, 201, {}, b"in time")
    assert idempotency.begin("k", "n", *POST) == Replay(201, {}, b"in time")


def test_a_clock_that_was_set_back_blocks_nothing(database: Database) -> None:
    idempotency = Idempotency(database)
    begun(idempotency)
    aged(database, timedelta(hours=-1))
    begun(idempotency)


def test_answers_are_forgotten_after_a_day(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    idempotency = Idempotency(database)
    for name in ("one", "two"):
        idempotency.finish(begun(idempotency, name=name), 201, {}, b"old")
    aged(database, timedelta(hours=23, minutes=59))
    assert idempotency.prune() == 0
    assert isinstance(idempotency.begin("k", "one", *POST), Replay)
    aged(database, timedelta(hours=24, minutes=1))
    # Forgotten even before it is pruned, and then with any body.
    assert isinstance(idempotency.begin("k", "one", "POST", "/v1/statements", b"{}"), Attempt)
    monkeypatch.setattr(module, "_PRUNE_EVERY_S", 0.0)
    begun(idempotency, name="three")
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(RequestRow)) == 2


def test_one_of_many_at_once_begins(database: Database) -> None:
    for number in range(5):
        idempotency = Idempotency(database)
        outcomes: list[str] = []
        start = threading.Barrier(8)

        def ask(name: str, by: Idempotency, to: list[str], start: threading.Barrier) -> None:
            start.wait()
            try:
                to.append(type(by.begin("k", name, *POST)).__name__)
            except Conflict:
                to.append("Conflict")

        threads = [
            threading.Thread(target=ask, args=(f"n{number}", idempotency, outcomes, start))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["Attempt"] + ["Conflict"] * 7


@pytest.mark.parametrize("name", ["", "x" * 256, "two words", "é", "a\n"])
def test_names_are_visible_ascii(database: Database, name: str) -> None:
    with pytest.raises(InvalidInput, match="Idempotency-Key: must be 1 to 255"):
        Idempotency(database).begin("k", name, *POST)
