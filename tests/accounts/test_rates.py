"""How fast one caller may ask: in memory, and in a real Redis."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from service.accounts import rates as module
from service.accounts.rates import Rates
from service.errors import InvalidInput
from tests.accounts.conftest import Redis


@pytest.fixture(params=["memory", "redis"])
def storage(request: pytest.FixtureRequest) -> str:
    if request.param == "memory":
        return "memory://"
    server: Redis = request.getfixturevalue("redis_server")
    return server.url


def granted(rates: Rates, caller: str, times: int = 1) -> list[bool]:
    return [rates.hit(caller)[-1].granted for _ in range(times)]


def test_each_caller_has_its_own_allowance(storage: str) -> None:
    rates = Rates("5 per hour", storage)
    left = [rates.hit("key a")[0].left for _ in range(5)]
    assert left == [4, 3, 2, 1, 0]
    (refused,) = rates.hit("key a")
    assert (refused.limit, refused.window_s, refused.left, refused.granted) == (5, 3600, 0, False)
    assert 1 <= refused.resets_s <= 3600
    assert granted(rates, "key b") == [True]


def test_the_allowance_comes_back(storage: str) -> None:
    rates = Rates("3 per second", storage)
    deadline = time.monotonic() + 10
    while granted(rates, "a") == [True]:
        assert time.monotonic() < deadline
    time.sleep(2.1)
    assert granted(rates, "a", 3) == [True] * 3


def test_the_shorter_of_several_is_told_first(storage: str) -> None:
    rates = Rates("100 per hour; 2 per minute", storage)
    assert [(a.limit, a.granted) for a in rates.hit("a")] == [(2, True), (100, True)]
    rates.hit("a")
    rates.hit("a")
    assert [(a.limit, a.granted) for a in rates.hit("a")] == [(2, False)]


def test_threads_share_one_allowance(storage: str) -> None:
    rates = Rates("100 per hour", storage)
    outcomes: list[bool] = []

    def ask() -> None:
        outcomes.extend(granted(rates, "a", 50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 400
    assert outcomes.count(True) == 100


def test_replicas_share_a_redis(redis_server: Redis) -> None:
    one, two = Rates("4 per hour", redis_server.url), Rates("4 per hour", redis_server.url)
    assert granted(one, "a", 2) + granted(two, "a", 2) == [True] * 4
    assert granted(one, "a") + granted(two, "a") == [False] * 2


def test_each_counts_for_itself_while_redis_is_away(
    redis_server: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.5)
    rates = Rates("4 per hour", redis_server.url)
    assert granted(rates, "a", 4) == [True] * 4
    redis_server.stop()
    with caplog.at_level(logging.WARNING):
        began = time.monotonic()
        assert granted(rates, "a", 5) == [True] * 4 + [False]
        assert time.monotonic() - began < 5
    assert "counted by this process alone: ConnectionError" in caplog.text
    assert redis_server.url not in caplog.text
    redis_server.start()
    time.sleep(0.6)
    assert granted(rates, "a", 5) == [True] * 4 + [False]
    assert granted(Rates("4 per hour", redis_server.url), "a") == [False]


def test_none_is_no_limit() -> None:
    assert Rates("none", "memory://").hit("a") == []


@pytest.mark.parametrize(
    ("limits", "storage", "field"),
    [
        ("many", "memory://", "CONCORD_RATE_LIMIT"),
        ("0 per minute", "memory://", "CONCORD_RATE_LIMIT"),
        ("5 per minute", "file:///etc/passwd", "CONCORD_RATE_LIMIT_STORAGE"),
        ("5 per minute", "redis://:hunter2@host:port", "CONCORD_RATE_LIMIT_STORAGE"),
    ],
)
def test_settings_that_make_no_sense(limits: str, storage: str, field: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        Rates(limits, storage)
    assert raised.value.field == field
    assert "hunter2" not in str(raised.value)


def test_in_memory_the_past_is_forgotten_and_no_thread_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_FORGET_S", 0.5)
    rates = Rates("5 per second", "memory://")
    time.sleep(0.1)  # the storage's own first thread ends
    running = threading.active_count()
    for number in range(500):
        rates.hit(f"address {number}")
        assert threading.active_count() <= running
    time.sleep(2.1)
    rates.hit("address 0")
    assert len(rates._local.storage.storage) <= 2  # type: ignore[attr-defined]
