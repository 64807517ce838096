"""`/v1/corrections` on a real index."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.domain.access import Scope
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from tests.conftest import Quiet, statement

PEACE = "we want peace now"
SAID = [statement("FRA", "2020", "yes to peace", "yes to trade"), statement("NOR", "2020", "peace")]
CLAIM, OTHER = (claim.id for claim in SAID[0].claims)
GIVEN = {
    "text": PEACE, "claim_id": CLAIM, "stance": "opposed", "author": "A. Reader",
    "reason": "Said with <b>irony</b>.",
}  # fmt: skip


@pytest.fixture
def client(tmp_path: Path, stance_folder: Path) -> FlaskClient:
    comparator = Comparator(Settings(indexes=tmp_path, stance_model=stance_folder))
    list(StatementStore(tmp_path).put(SAID))
    Builder(tmp_path, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())
    app = create_app(comparator=comparator, bound_host="127.0.0.1")
    client = app.test_client()
    _, token = app.extensions["accounts"].keys.create("tests", [Scope.READ, Scope.IMPORT])
    client.environ_base["HTTP_X_API_KEY"] = token
    return client


def kept(client: FlaskClient, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/v1/corrections{query}")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json["corrections"]
    return found


def test_it_is_made_once_listed_and_shown(client: FlaskClient) -> None:
    assert kept(client) == []
    made = client.post("/v1/corrections", json=GIVEN)
    assert made.status_code == 201
    assert list(made.json) == [
        "text", "claim_id", "statement_id", "state", "start", "end", "sha256", "stance", "author",
        "reason", "date", "was",
    ]  # fmt: skip
    again = client.post("/v1/corrections", json=GIVEN)
    assert (again.status_code, again.json) == (200, made.json)
    client.post("/v1/corrections", json=GIVEN | {"claim_id": OTHER})
    assert len(kept(client)) == 2
    assert kept(client, f"?claim_id={CLAIM}") == [
        made.json | {"claim_text": "yes to peace", "holds": True}
    ]
    assert kept(client, "?claim_id=nowhere") == []
    asked = {"text": PEACE, "stance": ["on"], "kind": ["any"]}
    rows = client.post("/v1/search", json=asked).json["results"]
    (french,) = [row for row in rows if row["state"] == "FRA"]
    assert french["stance"] == "opposed"
    corrected = {hit["claim_id"]: hit["corrected"] for hit in french["hits"]}[CLAIM]
    assert corrected == {name: made.json[name] for name in ("author", "reason", "date", "was")}
    assert [hit["corrected"] for row in rows if row["state"] == "NOR" for hit in row["hits"]] == [
        None
    ]
    page = client.get(f"/?text={PEACE}&stance=on&kind=any").text
    assert "corrected by A. Reader" in page
    assert "Said with &lt;b&gt;irony" in page


@pytest.mark.parametrize("field", ["text", "claim_id", "stance", "author", "reason"])
def test_every_field_is_needed_and_named(client: FlaskClient, field: str) -> None:
    for body in (
        {name: value for name, value in GIVEN.items() if name != field},
        GIVEN | {field: "\x07"},
        GIVEN | {field: {"a": 1}},
        GIVEN | {field: "\ud800"},
    ):
        answer = client.post(
            "/v1/corrections", data=json.dumps(body), content_type="application/json"
        )
        # What isn't even Unicode makes no JSON, and so the whole body is at fault.
        at_fault = "body" if "\ud800" in body.values() else field
        assert (answer.status_code, answer.json["field"]) == (400, at_fault)
        assert answer.content_type == "application/problem+json"
    assert kept(client) == []


def test_what_is_not_asked_for_is_refused(client: FlaskClient) -> None:
    answer = client.post("/v1/corrections", json=GIVEN | {"date": "2020-01-01"})
    assert (answer.status_code, answer.json["field"]) == (400, "date")
    assert client.post("/v1/corrections?text=x", json=GIVEN).json["field"] == "text"
    broken = client.post("/v1/corrections", data="{", content_type="application/json")
    assert broken.json["field"] == "body"
    assert client.post("/v1/corrections", data="{}").status_code == 415
    assert client.post("/v1/corrections", json=[GIVEN]).json["field"] == "body"
    assert client.get("/v1/corrections?author=x").json["field"] == "author"
    twice = client.get("/v1/corrections?claim_id=x&claim_id=y")
    assert (twice.status_code, twice.json["field"]) == (400, "claim_id")
    missing = client.post("/v1/corrections", json=GIVEN | {"claim_id": "FRA_1_1999:0-3"})
    assert missing.status_code == 404
    assert client.delete("/v1/corrections").status_code == 405
    assert kept(client) == []


def test_many_at_once_are_all_kept_and_one_said_often_once(client: FlaskClient) -> None:
    app, key = client.application, client.environ_base["HTTP_X_API_KEY"]

    def say(number: int) -> int:
        body = GIVEN | {"reason": f"Reason {number}."} if number % 2 else GIVEN | {"text": "peace"}
        return (
            app.test_client()
            .post("/v1/corrections", json=body, headers={"X-API-Key": key})
            .status_code
        )

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(say, range(40)))
    assert sorted(said) == [200] * 19 + [201] * 21
    assert len(kept(client, f"?claim_id={CLAIM}")) == 21
    assert sum(row["holds"] for row in kept(client)) == 2
