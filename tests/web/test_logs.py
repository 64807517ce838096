"""One line of JSON a request: enough to find it again, and nothing of what was asked."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.web.app import create_app
from service.web.logs import json_handler

SECRET = "Sanctions of the Security Council must be enforced"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the process writes to standard error while it serves."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = json_handler(stream), root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def app_with(bundled: Comparator, *, log_queries: bool = False) -> Flask:
    asked = Comparator(bundled.settings.model_copy(update={"log_queries": log_queries}))
    for name in ("encoder", "catalogue", "maker"):
        setattr(asked, name, getattr(bundled, name))
    return create_app(comparator=asked, bound_host="127.0.0.1")


@pytest.fixture
def client(bundled: Comparator) -> FlaskClient:
    return app_with(bundled).test_client()


def test_a_line_a_request(client: FlaskClient, written: io.StringIO, bundled: Comparator) -> None:
    answer = client.get("/v1/search", query_string={"text": SECRET})
    (line,) = lines(written)
    assert line["message"] == "request"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/search", 200)
    assert line["bytes"] == len(answer.data)
    assert line["generation"] == bundled.generation.manifest.id
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert 0 <= line["waited_ms"] <= line["ms"] < 60_000
    assert (line["key"], line["level"]) == (None, "INFO")
    assert line["time"].endswith("+00:00")


def test_nothing_of_what_was_asked(client: FlaskClient, written: io.StringIO) -> None:
    client.get("/v1/search", query_string={"text": SECRET})
    client.post("/v1/search", json={"text": SECRET})
    client.get("/", query_string={"text": SECRET})
    client.get("/v1/search", query_string={"text": SECRET, "from": "never"})
    assert len(lines(written)) == 4
    assert "Sanctions" not in written.getvalue()


def test_queries_where_they_are_asked_for(bundled: Comparator, written: io.StringIO) -> None:
    client = app_with(bundled, log_queries=True).test_client()
    client.get("/v1/search", query_string={"text": "the veto"})
    client.post("/v1/search", json={"text": SECRET})
    by_get, by_post = lines(written)
    assert by_get["query"] == "text=the+veto"
    assert json.loads(by_post["body"]) == {"text": SECRET}


@pytest.mark.parametrize("sent", ["a", "0af7651916cd43dd8448eb211c80319c", "a.b:c_d-e/f+g="])
def test_a_well_formed_id_is_kept(client: FlaskClient, written: io.StringIO, sent: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": sent})
    assert answer.headers["X-Request-ID"] == sent
    assert lines(written)[0]["request_id"] == sent


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, 'a"b', "é", "{}", "a,b"])
def test_any_other_is_replaced(client: FlaskClient, written: io.StringIO, sent: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": sent})
    made = answer.headers["X-Request-ID"]
    assert made != sent
    assert len(made) == 32
    assert lines(written)[0]["request_id"] == made


def test_a_path_cannot_forge_a_line(client: FlaskClient, written: io.StringIO) -> None:
    client.get("/v1/claims/x%0A%7B%22level%22%3A%22ERROR%22%7D")
    (line,) = lines(written)
    assert line["path"] == '/v1/claims/x\n{"level":"ERROR"}'


def test_a_trace_is_in_the_log_and_nowhere_else(bundled: Comparator, written: io.StringIO) -> None:
    app = app_with(bundled)

    def fail() -> str:
        raise RuntimeError("a detail for the operator")

    app.add_url_rule("/fail", view_func=fail)
    answer = app.test_client().get("/fail", headers={"X-Request-ID": "find-me"})
    assert answer.status_code == 500
    assert "detail for the operator" not in answer.text
    assert "Traceback" not in answer.text
    error, line = lines(written)
    assert (error["level"], error["request_id"]) == ("ERROR", "find-me")
    assert "a detail for the operator" in error["trace"]
    assert (line["status"], line["request_id"]) == (500, "find-me")
