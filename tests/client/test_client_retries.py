"""The client where a server sheds, fails or doesn't answer: asked again, and then told."""

from __future__ import annotations

import time

import httpx
import pytest

from service.client import ApiProblem, Client, Unreachable
from tests.client.servers import PROBLEM, Shedding
from tests.serving import served


@pytest.mark.parametrize("status", ["503 Service Unavailable", "429 Too Many Requests"])
def test_what_is_shed_is_asked_again_when_it_is_told_to(status: str) -> None:
    shedding = Shedding([(status, {"Retry-After": "1"}, PROBLEM)] * 2)
    with served(shedding) as address, Client(address) as client:
        assert client.topics() == ()
    first, second, third = shedding.times
    assert second - first >= 1
    assert third - second >= 1


def test_retries_end_and_what_takes_too_long_is_told() -> None:
    shedding = Shedding([("503 Service Unavailable", {}, PROBLEM)] * 9)
    with served(shedding) as address, Client(address, retries=2) as client:
        with pytest.raises(ApiProblem) as raised:
            client.topics()
        assert (raised.value.type, len(shedding.times)) == ("/problems/overloaded", 3)
        shedding.answers[:] = [("429 Too Many Requests", {"Retry-After": "40000"}, PROBLEM)]
        with pytest.raises(ApiProblem) as raised:
            client.topics()
        assert (raised.value.retry_after, len(shedding.times)) == (40_000, 4)
        shedding.answers[:] = [("502 Bad Gateway", {}, b"<h1>A proxy</h1>")]
        with pytest.raises(ApiProblem) as raised:
            client.topics()
        assert (raised.value.type, raised.value.title) == ("about:blank", "Bad Gateway")


def test_where_nobody_answers() -> None:
    with served(Shedding([])) as address:
        pass
    began = time.monotonic()
    with Client(address, retries=1) as client, pytest.raises(Unreachable, match="t answer"):
        client.topics()
    assert time.monotonic() - began < 10
    with Client("http://127.0.0.1:9", retries=0, key="secret") as client:
        with pytest.raises(Unreachable) as raised:
            client.topics()
        assert "secret" not in str(raised.value) + repr(client)
        assert isinstance(raised.value.__cause__, httpx.ConnectError)
