"""The load's client against small real servers, whose delays and failures are known."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from service.corpus.sentences import sentences
from service.errors import ConcordError
from service.evaluation.load.generator import OpenLoop, Plan
from service.evaluation.load.queries import OPENINGS, concord_targets, distinct_queries
from service.evaluation.load.servers import running
from service.settings import PROJECT
from tests.serving import served

pytestmark = pytest.mark.slow

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@contextmanager
def answering(answer: Callable[[str], tuple[str, bytes]], threads: int = 16) -> Iterator[int]:
    """`answer` gets the path, and gives a status and a body."""

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        status, body = answer(environ["PATH_INFO"])
        start(status, [("Content-Length", str(len(body)))])
        return [body]

    with served(app, threads) as address:
        yield int(address.rpartition(":")[2])


def test_requests_come_at_the_rate_that_was_asked() -> None:
    arrived: list[float] = []

    def answer(path: str) -> tuple[str, bytes]:
        arrived.append(time.monotonic())
        return "200 OK", bytes(200_000)  # more than one read takes

    with answering(answer) as port:
        found = OpenLoop(Plan(port, ["/"], rate=50, seconds=2, warm_up_s=0.5)).run()
    assert len(arrived) == 125
    assert arrived[-1] - arrived[0] == pytest.approx(2.48, abs=0.3)
    assert found["counted"] == 100
    assert found["answered_per_s"] == pytest.approx(50, abs=5)
    assert (found["errors"], found["unsent"]) == (0, 0)
    assert 0 < found["p50_ms"] <= found["p99_ms"] <= found["max_ms"]
    assert 0 < found["client_cpu_s"] < found["elapsed_s"]


def test_a_stall_is_charged_for_all_that_it_kept_waiting() -> None:
    """Four connections, 100 requests a second, half a second of silence: a closed loop would see
    four slow answers, here it is some fifty."""
    lock, count = threading.Lock(), iter(range(10_000))

    def answer(path: str) -> tuple[str, bytes]:
        with lock:
            if next(count) == 50:
                time.sleep(0.5)
        return "200 OK", b"ok"

    with answering(answer, threads=4) as port:
        found = OpenLoop(Plan(port, ["/"], rate=100, seconds=2, connections=4)).run()
    assert found["counted"] == 200
    assert found["p50_ms"] < 100
    assert found["p90_ms"] > 150  # a fifth of all waited, on average for 250 ms
    assert found["max_ms"] >= 490


def test_what_was_never_sent_counts_with_the_time_it_waited() -> None:
    def answer(path: str) -> tuple[str, bytes]:
        time.sleep(0.2)
        return "200 OK", b"ok"

    with answering(answer) as port:
        found = OpenLoop(Plan(port, ["/"], rate=100, seconds=1, connections=2)).run()
    assert found["unsent"] >= 80
    assert found["counted"] == 100
    assert found["answered_per_s"] <= 10
    assert found["max_ms"] > 700


def test_errors_are_counted_by_kind_and_connections_opened_again() -> None:
    def answer(path: str) -> tuple[str, bytes]:
        return {"/good": "200 OK", "/bad": "503 Busy"}[path], b"ok"  # no other path is answered

    with answering(answer) as port:
        plan = Plan(port, ["/good", "/bad", "/good", "/none"], rate=40, seconds=1, connections=2)
        found = OpenLoop(plan).run()
    assert found["counted"] == 40
    assert found["errors_by_kind"] == {"503": 10, "500": 10}
    assert found["answered_per_s"] == pytest.approx(20, abs=1)


def test_as_a_process_it_tells_when_it_begins_to_measure() -> None:
    with answering(lambda path: ("200 OK", b"ok")) as port:
        plan = Plan(port, ["/"], rate=0, seconds=0.5, warm_up_s=0.2)
        done = subprocess.run(
            [sys.executable, "-m", "service.evaluation.load.generator"],
            input=json.dumps(asdict(plan)),
            capture_output=True,
            text=True,
            check=True,
            cwd=PROJECT,
        )
    first, last = done.stdout.splitlines()
    assert first == "measuring"
    found = json.loads(last)
    assert found["answered_per_s"] > 20  # each connection asks again at once
    assert found["errors"] == 0


def test_the_questions_are_distinct_single_sentences() -> None:
    queries = distinct_queries(PROJECT / "data")
    assert len(queries) == len(set(queries)) > 150_000
    assert queries == distinct_queries(PROJECT / "data")
    for query in queries[:300]:
        assert len(list(sentences(query))) == 1
    assert len(OPENINGS) == len(set(OPENINGS))
    (target,) = concord_targets(["We & they must."])
    assert target == "/v1/search?text=We+%26+they+must.&stance=off"


def test_a_server_process_is_watched_and_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "http.server", "{port}", "--bind", "127.0.0.1"]
    with running(command, {}, "/", tmp_path / "log") as server:
        assert 5 < server.rss_mb() < 500
        assert 0 <= server.cpu_s() < 60
        process = server.process
        assert process.poll() is None
    assert process.poll() is not None


def test_a_server_that_ends_at_once_is_told_with_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('no such index')"]
    with (
        pytest.raises(ConcordError, match="no such index"),
        running(command, {}, "/", tmp_path / "log"),
    ):
        pass
