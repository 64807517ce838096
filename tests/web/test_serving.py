"""The real server, in a process of its own: its queue, its limits, its stop, its switches."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Response

from service.comparison import Comparator
from service.corpus.bundled import bundled_statements
from service.errors import ConcordError
from service.retrieval.build import Builder
from service.retrieval.generations import exclusive
from service.retrieval.store import StatementStore
from service.web import serve
from service.web.app import create_app
from tests.conftest import PROJECT, Quiet, statement

SHORT = "/v1/search?" + urlencode({"text": "The veto must be abolished.", "limit": 2})
PARTS = 80
# Many claims: it takes a second or more.
LONG = " ".join(
    f"The Security Council must report to the General Assembly on the matter of item {number}, "
    "and all States should support the peaceful settlement of every dispute without delay."
    for number in range(PARTS)
)


@dataclass(slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any
    seconds: float


@dataclass(slots=True)
class Service:
    port: int
    process: subprocess.Popen[bytes]
    log: Path
    connections: list[http.client.HTTPConnection] = field(default_factory=list)

    def connect(self) -> http.client.HTTPConnection:
        self.connections.append(http.client.HTTPConnection("127.0.0.1", self.port, timeout=120))
        return self.connections[-1]

    def ask(
        self, path: str, body: object = None, by: http.client.HTTPConnection | None = None
    ) -> Answer:
        connection, began = by or self.connect(), time.monotonic()
        sent = None if body is None else json.dumps(body)
        kind = {} if body is None else {"Content-Type": "application/json"}
        connection.request("GET" if body is None else "POST", path, sent, kind)
        answer = connection.getresponse()
        content = answer.read()
        is_json = "json" in answer.headers["Content-Type"]
        found = json.loads(content) if is_json else content.decode()
        return Answer(answer.status, dict(answer.headers), found, time.monotonic() - began)

    def ask_long(self) -> Answer:
        return self.ask("/v1/search", {"text": LONG})

    def metric(self, name: str) -> float:
        for line in str(self.ask("/metrics").body).splitlines():
            if line.startswith(f"{name} "):
                return float(line.rpartition(" ")[2])
        raise AssertionError(f"no {name}")

    def wait_for(self, name: str, value: float) -> None:
        for _ in range(600):
            if self.metric(name) == value:
                return
            time.sleep(0.02)
        raise AssertionError(f"{name} isn't {value}, but {self.metric(name)}")

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


@pytest.fixture
def folder(bundled: Comparator, tmp_path: Path) -> Path:
    made = tmp_path / "ix"
    shutil.copytree(bundled.settings.indexes, made)
    return made


@contextmanager
def serving(folder: Path, **settings: object) -> Iterator[Service]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder.parent / "log"
    environ = {f"CONCORD_{name.upper()}": str(value) for name, value in settings.items()}
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve", "--port", str(port)],
            cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=written,
            env=os.environ
            | {
                "CONCORD_INDEXES": str(folder), "CONCORD_STANCE_MODEL": "none",
                "CONCORD_RATE_LIMIT": "none", "CONCORD_DATABASE_URL": "",
            }
            | environ,
        )  # fmt: skip
    service = Service(port, process, log)
    try:
        for _ in range(600):
            with suppress(OSError):
                service.ask("/healthz")
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield service
    finally:
        for connection in service.connections:
            connection.close()
        process.kill()
        process.wait()


def test_what_the_queue_has_no_place_for_is_turned_away_at_once(folder: Path) -> None:
    with serving(folder, threads=1, queue_length=2) as service, ThreadPoolExecutor(30) as pool:
        running = pool.submit(service.ask_long)
        service.wait_for("concord_requests_running", 1)
        waiting = [pool.submit(service.ask_long) for _ in range(2)]
        service.wait_for("concord_queue_length", 2)
        assert not running.done()
        more = list(pool.map(service.ask, [SHORT] * 20))
        alive, ready = service.ask("/healthz"), service.ask("/readyz")
        # All of this while the first is still being answered.
        assert not running.done()
        assert Counter(answer.status for answer in more) == {503: 20}
        for answer in more:
            assert answer.body["type"] == "/problems/overloaded"
            assert answer.headers["Retry-After"] == "1"
            assert answer.headers["Content-Type"] == "application/problem+json"
        assert max(answer.seconds for answer in more) < 1
        assert (alive.status, ready.status) == (200, 200)
        assert service.metric('concord_requests_refused_total{reason="queue"}') == 20
        assert {f.result().status for f in (running, *waiting)} == {200}
        assert service.ask(SHORT).status == 200  # and there is room again
        shed = [line for line in service.lines() if line.get("status") == 503]
        assert len(shed) == 20
        assert len({line["request_id"] for line in shed}) == 20


def test_waiting_counts_towards_the_time_that_an_answer_may_take(folder: Path) -> None:
    with (
        serving(folder, threads=1, queue_length=8, query_timeout_s=0.3) as service,
        ThreadPoolExecutor(8) as pool,
    ):
        first = pool.submit(service.ask_long)
        service.wait_for("concord_requests_running", 1)
        behind = pool.submit(service.ask, SHORT)
        late = first.result()
        assert (late.status, late.body["type"]) == (503, "/problems/timeout")
        assert "0.3 seconds" in late.body["detail"]
        assert (behind.result().status, behind.result().body["type"]) == (
            503, "/problems/overloaded"
        )  # fmt: skip
        assert service.metric('concord_requests_refused_total{reason="timeout"}') == 1
        assert service.metric('concord_requests_refused_total{reason="waited"}') == 1


def test_a_stop_finishes_what_was_begun(folder: Path) -> None:
    """What runs and what waits is answered, an idle connection is closed, a new one refused."""
    with serving(folder, threads=1) as service, ThreadPoolExecutor(4) as pool:
        idle = service.connect()
        assert service.ask(SHORT, by=idle).status == 200
        running = pool.submit(service.ask_long)
        service.wait_for("concord_requests_running", 1)
        waiting = pool.submit(service.ask_long)
        service.wait_for("concord_queue_length", 1)
        service.process.send_signal(signal.SIGTERM)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", service.port)).close()
            except ConnectionRefusedError:
                break
            time.sleep(0.01)
        else:
            pytest.fail("it still listens")
        assert not running.done()
        for answer in (running.result(), waiting.result()):
            assert answer.status == 200
            assert len(answer.body["parts"]) == PARTS
            assert answer.headers["Connection"] == "close"
        assert service.process.wait(60) == 0
        assert service.lines()[-1]["message"] == "stopped: every request was finished"
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            service.ask(SHORT, by=idle)
            idle.connect()


def test_a_stop_does_not_wait_for_ever(
    bundled: Comparator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(serve, "STOP_WITHIN_S", 0.5)
    app = create_app(comparator=bundled, bound_host="127.0.0.1")
    begun, end = threading.Event(), threading.Event()

    def endless() -> str:
        begun.set()
        end.wait(60)
        return ""

    app.add_url_rule("/endless", view_func=endless)
    server = serve.Server(app, bundled.settings, "127.0.0.1", 0)
    running = threading.Thread(target=server.run)
    running.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/endless")
    assert begun.wait(10)
    server.stop()
    running.join(20)
    assert not running.is_alive()
    assert "1 requests weren't finished" in caplog.text
    end.set()
    connection.close()


def test_the_loop_rests_while_an_answer_is_sent_and_sends_what_is_left(
    bundled: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small answers, and those of more than waitress holds back, to a client that is slow."""
    app = create_app(comparator=bundled, bound_host="127.0.0.1")
    sizes = {"/little": 60_000, "/much": 40_000_000}
    for path, size in sizes.items():
        app.add_url_rule(
            path, path, lambda size=size: Response(b"x" * 10_000 for _ in range(size // 10_000))
        )
    turns = 0
    turn = serve.Server._turn

    def counted(server: serve.Server, seconds: float) -> None:
        nonlocal turns
        turns += 1
        turn(server, seconds)

    monkeypatch.setattr(serve.Server, "_turn", counted)
    server = serve.Server(app, bundled.settings, "127.0.0.1", 0)
    running = threading.Thread(target=server.run)
    running.start()
    connection = http.client.HTTPConnection("127.0.0.1", server.port)

    def read(path: str, pause_s: float = 0.0) -> int:
        connection.request("GET", path)
        answer, length = connection.getresponse(), 0
        while piece := answer.read(1_000_000):
            length += len(piece)
            time.sleep(pause_s)
        return length

    try:
        assert all(read("/little") == sizes["/little"] for _ in range(20))
        assert turns < 20 * 10
        began = time.monotonic()
        assert read("/much", 0.02) == sizes["/much"]
        assert time.monotonic() - began < 20
    finally:
        connection.close()
        server.stop()
        running.join(20)
        server.queue.shutdown()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_service_stops_at_once(folder: Path, number: signal.Signals) -> None:
    with serving(folder) as service:
        service.connections.pop().close()
        began = time.monotonic()
        service.process.send_signal(number)
        assert service.process.wait(60) == 0
        assert time.monotonic() - began < 10


def test_too_much_and_no_http_at_all(folder: Path) -> None:
    with serving(folder, max_body_bytes=10_000) as service:
        for size in (11_000, 90_000):
            found = service.ask("/v1/search", {"text": "x" * size})
            assert (found.status, found.body["type"]) == (413, "/problems/too-large")
            assert found.headers["Content-Type"] == "application/problem+json"
        for raw in (b"HELLO\r\n\r\n", b"GET / HTTP/1.1\r\nBad Header\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", service.port)) as connection:
                connection.sendall(raw)
                said = b"".join(iter(lambda: connection.recv(4096), b""))
            assert said.startswith(b"HTTP/1.0 400 Bad Request")
            assert b"application/problem+json" in said
        assert service.ask(SHORT).status == 200
        refused = [line for line in service.lines() if line["message"] == "refused"]
        assert [line["status"] for line in refused] == [413, 400, 400]


def test_a_client_that_has_gone_is_not_answered(folder: Path) -> None:
    """Whoever gives up and asks again must not fill the queue with questions of nobody."""
    with serving(folder, threads=1, queue_length=8) as service, ThreadPoolExecutor(4) as pool:
        running = pool.submit(service.ask_long)
        service.wait_for("concord_requests_running", 1)
        gone = [service.connect() for _ in range(8)]
        for connection in gone:
            connection.request("GET", SHORT)
        service.wait_for("concord_queue_length", 8)
        for connection in gone:
            connection.close()
        assert running.result().status == 200
        service.wait_for("concord_queue_length", 0)
        assert service.ask(SHORT).status == 200
        searches = [line for line in service.lines() if line.get("path") == "/v1/search"]
        assert len(searches) == 2


@pytest.mark.parametrize("declared", [{}, {"trusted_proxy": "127.0.0.1"}])
def test_whoever_comes_through_a_proxy_is_not_this_machine(
    folder: Path, declared: dict[str, str]
) -> None:
    with serving(folder, **declared) as service:
        assert service.ask("/metrics").status == 200
        connection = service.connect()
        for name, status in (("192.0.2.7", 401), ("192.0.2.7, 127.0.0.1", 401)):
            connection.request("GET", "/metrics", headers={"X-Forwarded-For": name})
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status


def test_only_one_line_a_request_and_all_of_it_json(folder: Path) -> None:
    with serving(folder) as service:
        for _ in range(5):
            service.ask(SHORT)
        assert service.stop() == 0
        lines = service.lines()
        assert sum(line.get("path") == "/v1/search" for line in lines) == 5
        assert lines[0]["message"].startswith("Concord on http://127.0.0.1:")
        assert "veto" not in service.log.read_text()


def test_a_taken_port_is_said(folder: Path) -> None:
    with serving(folder) as service:
        done = subprocess.run(
            [sys.executable, "-m", "service", "serve", "--port", str(service.port)],
            cwd=PROJECT, capture_output=True, text=True, check=False,
            env=os.environ | {"CONCORD_INDEXES": str(folder), "CONCORD_STANCE_MODEL": "none"},
        )  # fmt: skip
    assert done.returncode == 1
    assert f"can't serve on 127.0.0.1:{service.port}" in done.stderr
    assert "Traceback" not in done.stderr


def _built(builder: Builder, folder: Path) -> str:
    """The service builds by itself what it finds, and then there is nothing left to build."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with exclusive(folder):
                return builder.build(Quiet()).manifest.id
        except ConcordError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_new_generations_are_picked_up_without_dropping_a_request(
    folder: Path, bundled: Comparator
) -> None:
    """Four clients ask without a pause while three generations are built, and the first is deleted
    by the third build: every answer is complete, and of one generation."""
    claims = (
        "Deep seabed mining must wait.",
        "Glaciers need a treaty.",
        "Orbits must be kept clean.",
    )
    probe = "/v1/search?" + urlencode({"text": " ".join(claims), "limit": 3, "mode": "hybrid"})
    stop, answers, failures = threading.Event(), list[Answer](), list[BaseException]()

    with serving(folder, keep_generations=1) as service:

        def ask() -> None:
            connection = service.connect()
            try:
                while not stop.is_set():
                    answers.append(service.ask(probe, by=connection))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        built = [bundled.generation.manifest.id]
        topics = bundled.catalogue.topics.ids
        statements = bundled_statements(bundled.settings.data)
        for number, claim in enumerate(claims):
            list(StatementStore(folder).put([statement("ISL", "2024", claim, number=number)]))
            builder = Builder(folder, bundled.encoder, topics, statements, keep=1)
            built.append(_built(builder, folder))
            deadline = time.monotonic() + 60
            while not answers or answers[-1].body["generation"] != built[-1]:
                assert time.monotonic() < deadline
                assert not failures
                time.sleep(0.01)
        stop.set()
        for thread in threads:
            thread.join()
        assert not failures
        assert Counter(answer.status for answer in answers) == {200: len(answers)}
        assert {answer.body["generation"] for answer in answers} == set(built)
        assert len(list((folder / "generations").iterdir())) == 2  # the first two are deleted
        for answer in answers:
            known = built.index(answer.body["generation"])
            texts = {hit["text"] for group in answer.body["results"] for hit in group["hits"]}
            assert set(claims[:known]) <= texts
            assert not set(claims[known:]) & texts
        errors = [line for line in service.lines() if line["level"] == "ERROR"]
        assert not [line for line in errors if "another import or build" not in line["message"]]
        assert service.stop() == 0
