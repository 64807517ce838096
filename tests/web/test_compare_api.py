"""`POST /v1/compare` on the bundled index."""

from __future__ import annotations

import csv
import io
import json

import pytest
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.questions import LONGEST_TEXT, MOST_PARTS
from service.web.app import create_app

TEXT = "Sanctions on the Niger must be eased. Every State must join the treaty against mines."


@pytest.fixture(scope="module")
def client(bundled: Comparator) -> FlaskClient:
    return create_app(comparator=bundled, bound_host="127.0.0.1").test_client()


def test_it_answers_as_python_does(client: FlaskClient, bundled: Comparator) -> None:
    for body in (
        {"a": "MLI_78_2023", "b": "NZL:2023"},
        {"a": "MLI:2023", "text_b": TEXT, "seed": 4},
        {"text_a": TEXT, "text_b": "Ease sanctions on the Niger."},
    ):
        answer = client.post("/v1/compare", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json == json.loads(json.dumps(bundled.compare(**body).to_dict()))
        assert client.post("/v1/compare", json=body).data == answer.data


def test_one_row_a_position(client: FlaskClient) -> None:
    body = {"a": "MLI_78_2023", "text_b": TEXT}
    positions = client.post("/v1/compare", json=body).json["positions"]
    table = client.post("/v1/compare", json=body, headers={"Accept": "text/csv"}).text
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [row["claim_id"] for row in rows] == [p["claim_id"] for p in positions]
    lines = client.post("/v1/compare", json=body, headers={"Accept": "application/x-ndjson"}).text
    assert [json.loads(line) for line in lines.splitlines()] == positions


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"a": "MLI:2023"}, 422, "b"),
        ({"a": "MLI:2023", "text_a": TEXT, "b": "NZL:2023"}, 422, "a"),
        ({"a": "MLI:2023", "b": "Atlantis:2023"}, 422, "b"),
        ({"a": "MLI:2023", "text_b": "x " * LONGEST_TEXT}, 400, "text_b"),
        ({"a": "MLI:2023", "text_b": "We must ban mines. " * (MOST_PARTS + 1)}, 422, "text_b"),
        ({"a": "MLI:2023", "b": "NZL:2023", "seed": -1}, 400, "seed"),
        ({"a": "MLI:2023", "b": "NZL:2023", "c": 1}, 400, "c"),
        ({"a": "MLI:1950", "b": "NZL:2023"}, 404, None),
    ],
)
def test_what_cannot_be_compared(
    client: FlaskClient, body: dict[str, object], status: int, field: str | None
) -> None:
    answer = client.post("/v1/compare", json=body)
    assert (answer.status_code, answer.json.get("field")) == (status, field), answer.text
