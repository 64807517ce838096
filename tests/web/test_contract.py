"""The contract: what it says, and that every example in it holds."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator

from service.comparison import Comparator
from service.domain.access import Scope
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from service.web.contract import Operation, operations
from service.web.documentation import sent
from service.web.problems import TYPES
from tests.conftest import Quiet, statement

SAID = [
    statement("FRA", "2020", "yes to peace", "yes to trade"),
    statement("CHN", "2023", "sanctions of the Security Council must be carried out"),
    statement("NOR", "2021", "no peace without justice", "the veto must go"),
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Iterator[Flask]:
    folder = tmp_path_factory.mktemp("contract")
    comparator = Comparator(Settings(indexes=folder, stance_model=stance_folder))
    list(StatementStore(folder).put(SAID))
    Builder(folder, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())
    made = create_app(comparator=comparator, bound_host="127.0.0.1")
    _, token = made.extensions["accounts"].keys.create("tests", [Scope.ADMIN])
    made.test_client_class = _with_key(token)
    yield made
    work = made.extensions["work"]
    for worker in (work.worker, work.slow):
        worker.close()


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    answer = app.test_client().get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def test_every_example_is_answered_as_the_contract_says(
    app: Flask, document: dict[str, Any]
) -> None:
    """Each is sent as documented; ids in paths and bodies are those of this index."""
    client = app.test_client()
    job, tried = _job_done(client), 0
    for operation in operations(app):
        if operation.path == "/metrics":
            continue  # text of another format
        request = _here(sent(operation), job)
        answer = client.open(
            request["path"],
            method=operation.method,
            json=request.get("body"),
            headers=dict(operation.example.get("headers", {})),
            buffered=True,
        )
        described = document["paths"][operation.path][operation.method.lower()]["responses"]
        assert answer.status_code < 300, (operation.path, answer.get_data(as_text=True))
        schema = described[str(answer.status_code)].get("content", {}).get("application/json")
        if operation.answer is not None and schema:
            checked = Draft202012Validator(
                schema["schema"] | {"components": document["components"]}
            )
            wrong = [f"{error.instance_path}: {error.message}" for error in
                     checked.iter_errors(answer.json)]  # fmt: skip
            assert not wrong, (operation.path, wrong[:3])
        tried += 1
    assert tried >= 15


def test_tables_have_one_row_for_each(app: Flask) -> None:
    client = app.test_client()
    for operation in operations(app):
        if operation.rows is None or operation.method != "GET":
            continue
        path = _here(sent(operation))["path"]
        whole = client.get(path)
        expected = list(_rows(app, operation, whole.json))
        for accept, mimetype in (("text/csv", "text/csv"),
                                 ("application/x-ndjson", "application/x-ndjson")):  # fmt: skip
            answer = client.get(path, headers={"Accept": accept})
            assert (answer.status_code, answer.mimetype) == (200, mimetype), path
            assert "Accept" in answer.headers["Vary"]
        lines = [json.loads(line) for line in answer.text.splitlines()]
        assert lines == expected, path
        refused = client.get(path, headers={"Accept": "image/png"})
        assert (refused.status_code, refused.json["type"]) == (406, "/problems/not-acceptable")


def test_every_name_has_a_page_and_every_problem_too(app: Flask) -> None:
    client = app.test_client()
    page = client.get("/docs").text
    assert all(f'id="{operation.name}"' in page for operation in operations(app))
    assert not re.search(r"<script(?! src=\"/static/)", page)
    for kind in TYPES:
        assert client.get(f"/problems/{kind}").status_code == 200
    assert client.get("/problems/nothing").status_code == 404


def test_operations_have_names_of_their_own_and_say_what_they_need(app: Flask) -> None:
    found = operations(app)
    assert len({operation.name for operation in found}) == len(found)
    for operation in found:
        assert operation.summary, operation.path
        # In a body, for its length; or it is one's own work that is begun and ended.
        asks = operation.path.startswith(("/v1/search", "/v1/compare", "/v1/jobs"))
        if operation.method in ("POST", "DELETE") and not asks:
            assert operation.scope != "read", operation.path


def test_fields_thin_each_row(app: Flask) -> None:
    client = app.test_client()
    asked = {"text": "peace", "fields": "state,text", "kind": "any", "stance": "off"}
    found = client.get("/v1/search", query_string=asked).json
    assert {tuple(hit) for group in found["results"] for hit in group["hits"]} == {
        ("state", "text")
    }
    table = client.get("/v1/search", query_string=asked | {"format": "csv"}).text.splitlines()
    assert table[0] == "state,text"
    refused = client.get("/v1/search", query_string=asked | {"fields": "state,colour"})
    assert (refused.status_code, refused.json["field"]) == (422, "fields")


def test_pages_hold_every_row_once_across_a_new_generation(app: Flask) -> None:
    client, comparator = app.test_client(), app.extensions["comparator"]
    for group_by in ("state", "statement", "none"):
        asked = {"text": "peace", "kind": "any", "limit": 1, "group_by": group_by, "stance": "off"}
        whole = client.get("/v1/search", query_string=asked | {"limit": 50}).json
        assert whole["next"] is None
        first = page = client.get("/v1/search", query_string=asked).json
        results = list(page["results"])
        folder = comparator.settings.indexes
        more = statement("BRA", f"20{len(group_by):02}", f"peace, by all means: {group_by}")
        list(StatementStore(folder).put([more]))
        Builder(folder, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())
        while page["next"]:
            page = client.get("/v1/search", query_string=asked | {"cursor": page["next"]}).json
            assert page["generation"] == first["generation"]
            results += page["results"]
        assert results == whole["results"]
        assert (
            client.get("/v1/search", query_string=asked).json["generation"] != (first["generation"])
        )


def test_no_state_is_lost_where_a_page_has_too_much_to_judge(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a page only so much is judged: the next one begins with what wasn't."""
    client = app.test_client()
    every = "aligned,partial,opposed,unclear"
    asked = {"text": "peace", "kind": "any", "limit": 2, "per_state": 1, "stance": every}
    whole = client.get("/v1/search", query_string=asked | {"limit": 50}).json["results"]
    monkeypatch.setattr("service.answerer.MOST_JUDGED", 1)
    page = client.get("/v1/search", query_string=asked | {"fold": "false"}).json
    found, pages = page["results"], 1
    while page["next"]:
        page = client.get(
            "/v1/search", query_string=asked | {"fold": "false", "cursor": page["next"]}
        ).json
        found, pages = found + page["results"], pages + 1
    assert sorted(group["state"] for group in found) == sorted(group["state"] for group in whole)
    assert pages >= len(whole)


def test_a_cursor_belongs_to_its_question(app: Flask) -> None:
    client = app.test_client()
    asked = {"text": "peace", "kind": "any", "limit": 1, "stance": "off"}
    cursor = client.get("/v1/search", query_string=asked).json["next"]
    other = client.get("/v1/search", query_string=asked | {"text": "trade", "cursor": cursor})
    assert (other.status_code, other.json["field"]) == (422, "cursor")
    broken = client.get("/v1/search", query_string=asked | {"cursor": "x"})
    assert (broken.status_code, broken.json["field"]) == (422, "cursor")


def test_a_batch_answers_each_by_itself(app: Flask) -> None:
    client = app.test_client()
    asked = [{"text": "peace", "kind": ["any"]}, {"text": "peace", "from": "2020", "to": "2010"}]
    found = client.post("/v1/search/batch", json={"queries": asked}).json["answers"]
    assert found[0] == client.post("/v1/search", json=asked[0]).json
    assert (found[1]["status"], found[1]["field"]) == (422, "to")
    many = client.post("/v1/search/batch", json={"queries": asked * 51})
    assert (many.status_code, many.json["field"]) == (400, "queries")
    wrong = client.post("/v1/search/batch", json={"queries": [{"text": "x", "limit": "3"}]})
    assert (wrong.status_code, wrong.json["field"]) == (400, "queries[0].limit")


def _with_key(token: str) -> type[FlaskClient]:
    class WithKey(FlaskClient):
        def __init__(self, *args: Any, **given: Any) -> None:
            super().__init__(*args, **given)
            self.environ_base["HTTP_X_API_KEY"] = token

    return WithKey


def _job_done(client: FlaskClient) -> str:
    """The id of a job with files."""
    body = {"study": "matrix", "parameters": {"least": 2}}
    job: str = client.post("/v1/jobs", json=body).json["id"]
    deadline = time.monotonic() + 60
    while client.get(f"/v1/jobs/{job}").json["state"] != "done":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return job


def _here(request: dict[str, Any], job: str = "") -> dict[str, Any]:
    """With this index's ids in place of the example's."""
    claim = SAID[1].claims[0].id
    text = json.dumps(request).replace("0123456789abcdef0123456789abcdef", job)
    text = text.replace("CHN_78_2023:1-2", claim).replace("CHN_78_2023%3A1-2", claim)
    found: dict[str, Any] = json.loads(text.replace("CHN_78_2023", SAID[1].id))
    return found


def _rows(app: Flask, operation: Operation, answer: Any) -> Any:
    assert operation.rows is not None
    with app.test_request_context():
        return list(operation.rows.of(answer))
