"""Statements over HTTP: keys, errors, repetitions, and what a killed service still has."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.domain.access import Scope
from service.retrieval.build import Builder
from service.retrieval.generations import Generations
from service.retrieval.manifest import verify
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from tests.conftest import PROJECT, Quiet, statement

PATH = "/v1/statements"
ROW = {"state": "NOR", "date": "2024-09", "text": "Mines must be cleared. We thank them."}


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    comparator = Comparator(Settings(indexes=tmp_path, stance_model=None, rate_limit="none"))
    list(StatementStore(tmp_path).put([statement("FRA", "2020", "yes to peace")]))
    build(comparator)
    made = create_app(comparator=comparator, bound_host="127.0.0.1")
    yield made
    made.extensions["accounts"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """With a key that may import."""
    made = app.test_client()
    made.environ_base["HTTP_X_API_KEY"] = key(app, Scope.IMPORT)
    return made


def key(app: Flask, *scopes: Scope) -> str:
    accounts: Accounts = app.extensions["accounts"]
    return accounts.keys.create("test", scopes)[1]


def build(comparator: Comparator) -> None:
    folder = comparator.settings.indexes
    Builder(folder, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())


def stored(app: Flask) -> set[str]:
    return set(StatementStore(app.extensions["comparator"].settings.indexes).digests())


def test_stored_then_searched_then_deleted(app: Flask, client: FlaskClient) -> None:
    comparator: Comparator = app.extensions["comparator"]
    made = client.post(PATH, json=ROW)
    assert made.status_code == 201
    (one,) = made.json["statements"]
    own = one.pop("statement_id")
    assert one == {"change": "added", "claims": 2, "mended": [], "searchable": False}
    assert made.json["searchable"] is False
    assert own in stored(app)
    status = made.headers["Location"]
    assert status == f"{PATH}/{own}/status"
    found = client.get(status).json
    assert found["build"].pop("since")
    assert found == {
        "statement_id": own, "stored": True, "searchable": False,
        "generation": comparator.generations.current_id(), "build": {"phase": "off"},
    }  # fmt: skip
    build(comparator)
    assert client.get(status).json["searchable"]
    again = client.post(PATH, json=ROW)
    assert (again.status_code, again.json["searchable"]) == (200, True)
    assert again.json["statements"][0]["change"] == "unchanged"
    gone = client.delete(f"{PATH}/{own}")
    assert (gone.status_code, gone.json["removed"], gone.json["searchable"]) == (200, True, True)
    assert own not in stored(app)
    assert client.delete(f"{PATH}/{own}").json["removed"] is False
    build(comparator)
    for answer in (client.delete(f"{PATH}/{own}"), client.get(status)):
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/not-found")


def test_many_are_stored_together_or_not_at_all(app: Flask, client: FlaskClient) -> None:
    before = stored(app)
    rows = [ROW | {"text": f"Mine {n} must be cleared."} for n in range(100)]
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"date": "2024-13"}, "date"),
        ({"state": "Atlantis"}, "state"),
        ({"text": "?"}, "text"),
        ({"mood": "merry"}, "mood"),
        ({"id": "a b"}, "id"),
        ({"speaker": 7}, "speaker"),
        ({"on_behalf_of": ["the neighbours"]}, "on_behalf_of[0]"),
        ({"text": "half \ud800 a character"}, "text"),
    ]
    for change, field in wrong:
        bad = [*rows[:3], ROW | change, *rows[3:6]]
        many = post(client, {"statements": bad})
        one = post(client, ROW | change)
        if field == "text" and "half" in change["text"]:
            assert many.json["field"] == one.json["field"] == "body"
        else:
            assert many.json["field"] == f"statements[3].{field}", many.json
            assert one.json["field"] == field
        assert {many.status_code, one.status_code} <= {400, 422}
        assert many.json["detail"].count("\n") == 0
    for body in ({}, [], {"statements": []}, {"statements": [*rows, ROW]}, {"statements": "x"},
                 {"statements": rows[:1], "state": "NOR"}, None):  # fmt: skip
        assert post(client, body).status_code == 400, body
    missing = post(client, {"state": "NOR", "text": "x"})
    assert missing.json["field"] == "date"
    twice = post(client, {"statements": [ROW | {"id": "a"}, rows[1] | {"id": "a"}]})
    assert (twice.status_code, twice.json["field"]) == (422, "statements[1].id")
    long = post(client, ROW | {"text": "x" * 250_001})
    assert (long.status_code, long.json["field"]) == (400, "text")
    assert post(client, ROW | {"text": "x" * 1_000_001}).status_code == 413
    assert stored(app) == before
    assert len(post(client, {"statements": rows}).json["statements"]) == 100
    assert len(stored(app)) == len(before) + 100


def post(client: FlaskClient, body: Any) -> Any:
    """Not by `json=`: that refuses what we mean to send."""
    return client.post(PATH, data=json.dumps(body), content_type="application/json")


def test_only_those_may_who_have_the_scope(app: Flask) -> None:
    client = app.test_client()
    reader = {"X-API-Key": key(app, Scope.READ)}
    for send in (
        lambda headers: client.post(PATH, json=ROW, headers=headers),
        lambda headers: client.delete(f"{PATH}/FRA_0_2020", headers=headers),
        lambda headers: client.get(f"{PATH}/FRA_0_2020/status", headers=headers),
    ):
        assert send({}).status_code == 401
        assert send(reader).status_code == 403
    assert stored(app) == {"FRA_0_2020"}
    admin = {"X-API-Key": key(app, Scope.ADMIN)}
    assert client.post(PATH, json=ROW, headers=admin).status_code == 201


def test_a_request_with_a_key_of_its_own_is_done_once(app: Flask, client: FlaskClient) -> None:
    named = {"Idempotency-Key": "first"}
    made = client.post(PATH, json=ROW, headers=named)
    again = client.post(PATH, json=ROW, headers=named)
    assert (again.status_code, again.data) == (201, made.data)
    assert again.headers["Location"] == made.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = client.post(PATH, json=ROW | {"date": "2023"}, headers=named)
    assert (other.status_code, other.json["type"]) == (409, "/problems/conflict")
    own = made.json["statements"][0]["statement_id"]
    deleted = [
        client.delete(f"{PATH}/{own}", headers={"Idempotency-Key": "second"}) for _ in range(2)
    ]
    assert [answer.json for answer in deleted] == [deleted[0].json] * 2
    assert deleted[1].json["removed"]
    # An error isn't kept: what was wrong may have been put right.
    assert client.delete(f"{PATH}/{own}", headers={"Idempotency-Key": "third"}).status_code == 404
    client.post(PATH, json=ROW)
    assert client.delete(f"{PATH}/{own}", headers={"Idempotency-Key": "third"}).status_code == 200
    # Another's key is another's.
    stranger = {"X-API-Key": key(app, Scope.IMPORT)} | named
    assert client.post(PATH, json=ROW, headers=stranger).json["statements"][0]["change"] == "added"
    assert client.post(PATH, json=ROW, headers={"Idempotency-Key": "ä"}).status_code in (400, 422)


def test_the_same_from_many_threads_is_stored_once(app: Flask, client: FlaskClient) -> None:
    token = client.environ_base["HTTP_X_API_KEY"]

    def send(number: int) -> str:
        answer = app.test_client().post(PATH, json=ROW, headers={"X-API-Key": token})
        assert answer.status_code in (200, 201)
        change: str = answer.json["statements"][0]["change"]
        return change

    with ThreadPoolExecutor(8) as pool:
        changes = list(pool.map(send, range(24)))
    assert sorted(changes) == ["added"] + ["unchanged"] * 23
    assert len(stored(app)) == 2


def test_whoever_else_writes_for_long_makes_us_ask_for_patience(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    store = app.extensions["comparator"].ingest._store
    monkeypatch.setattr(store, "_wait_s", 0.2)
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        answer = client.post(PATH, json=ROW)
    finally:
        other.close()
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/overloaded")
    assert int(answer.headers["Retry-After"]) > 0
    assert client.post(PATH, json=ROW).status_code == 201


# -- a whole service, killed ---------------------------------------------------------------------


@contextmanager
def served(folder: Path, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "CONCORD_INDEXES": str(folder), "CONCORD_STANCE_MODEL": "none",
        "CONCORD_RATE_LIMIT": "none",
    }  # fmt: skip
    with log.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "serve", "--port", str(port)],
            cwd=PROJECT, env=environment, stdout=said, stderr=said,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(900):
            assert process.poll() is None, log.read_text()
            try:
                send(address, "GET", "/readyz")
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail(f"the service didn't get ready: {log.read_text()}")
        yield process, address
    finally:
        process.kill()
        process.wait()


def send(address: str, method: str, path: str, body: Any = None, key: str = "") -> Any:
    asked = urllib.request.Request(address + path, method=method)
    if key:
        asked.add_header("X-API-Key", key)
    if body is not None:
        asked.add_header("Content-Type", "application/json")
        asked.data = json.dumps(body).encode()
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.load(answer)


@pytest.mark.slow
def test_what_was_acknowledged_outlives_a_killed_service_and_comes_to_be_searched(
    tmp_path: Path,
) -> None:
    """Killed at once after the last answer, and then again while it builds."""
    folder, log = tmp_path / "indexes", tmp_path / "log"
    accounts = Accounts(Settings(indexes=folder, database_url=None))
    token = accounts.keys.create("test", [Scope.IMPORT])[1]
    accounts.close()
    acknowledged: list[str] = []

    def store(address: str, number: int) -> None:
        row = ROW | {"text": f"Mine field number {number} must be cleared."}
        found = send(address, "POST", PATH, row, token)
        acknowledged.extend(one["statement_id"] for one in found["statements"])

    def phase(address: str) -> str:
        path = f"{PATH}/{acknowledged[0]}/status"
        return str(send(address, "GET", path, key=token)["build"]["phase"])

    with served(folder, log) as (process, address):
        for number in range(5):
            store(address, number)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with served(folder, log) as (process, address):
        store(address, 5)
        while phase(address) != "building":
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(set(acknowledged)) == 6
    assert set(acknowledged) == set(StatementStore(folder).digests())
    with served(folder, log) as (_, address):
        for statement_id in acknowledged:
            path = f"{PATH}/{statement_id}/status"
            for _ in range(1800):
                if send(address, "GET", path, key=token)["searchable"]:
                    break
                time.sleep(0.1)
            else:
                pytest.fail(f"{statement_id} isn't searched: {log.read_text()}")
        asked = "text=Mine+fields+must+be+cleared.&states=NOR&kind=any&stance=off&fold=false"
        found = send(address, "GET", f"/v1/search?{asked}&group_by=none&limit=50")["results"]
        texts = [hit["text"] for hit in found if hit["statement_id"] in set(acknowledged)]
        assert len(texts) == len(set(texts)) == 6
        with pytest.raises(urllib.error.HTTPError, match="401"):
            send(address, "POST", PATH, ROW)
    generations = Generations(folder)
    verify(generations.folder(generations.current_id() or ""))


def test_a_statement_can_be_read_before_it_is_searched(app: Flask, client: FlaskClient) -> None:
    own = client.post(PATH, json=ROW).json["statements"][0]["statement_id"]
    reader = {"X-API-Key": key(app, Scope.READ)}
    found = client.get(f"{PATH}/{own}", headers=reader)
    assert (found.status_code, found.json["text"]) == (200, ROW["text"])
    assert (found.headers["Cache-Control"], found.headers.get("ETag")) == ("no-store", None)
    build(app.extensions["comparator"])
    built = client.get(f"{PATH}/{own}", headers=reader)
    assert built.json == found.json
    assert built.headers["ETag"]


def test_the_status_of_a_statement_is_only_read(client: FlaskClient) -> None:
    refused = client.delete(f"{PATH}/example-1/status")
    assert refused.status_code == 405
    assert "DELETE" not in refused.headers["Allow"]
