"""`GET /v1/matrix` on the bundled index."""

from __future__ import annotations

import csv
import io
import json

import pytest
from flask.testing import FlaskClient

from service.analysis import matrices
from service.comparison import Comparator
from service.web.app import create_app

PATH = "/v1/matrix"
ASKED = {"states": "MLI,COM,ECU,USA", "least": "2"}


@pytest.fixture(scope="module")
def client(bundled: Comparator) -> FlaskClient:
    return create_app(comparator=bundled, bound_host="127.0.0.1").test_client()


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        (ASKED, {"states": ["MLI", "COM", "ECU", "USA"], "least": 2}),
        ({"topics": "palestine,multilateralism"}, {"topics": ["palestine", "multilateralism"]}),
        ({"unit": "statement", "blocs": "brics", "from": "2015", "least": "2"},
         {"unit": "statement", "blocs": ["brics"], "from": "2015", "least": 2}),
        ({"blocs": "P5", "kind": "any", "intervals": "false", "to": "2020", "exclude": "USA"},
         {"blocs": ["P5"], "kind": ["any"], "intervals": False, "to": "2020", "exclude": ["USA"]}),
    ],
)  # fmt: skip
def test_it_answers_as_python_does(
    client: FlaskClient, bundled: Comparator, sent: dict[str, str], asked: dict[str, object]
) -> None:
    answer = client.get(PATH, query_string=sent)
    assert answer.status_code == 200, answer.text
    assert answer.json == json.loads(json.dumps(bundled.matrix(**asked).to_dict()))  # type: ignore[arg-type]
    units = len(answer.json["units"])
    assert len(answer.json["cells"]) == units * (units - 1) // 2 > 0
    again = client.get(PATH, query_string=sent, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_one_row_a_pair(client: FlaskClient) -> None:
    cells = client.get(PATH, query_string=ASKED).json["cells"]
    table = client.get(PATH, query_string=ASKED | {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert [(row["a"], row["b"]) for row in rows] == [(c["a"], c["b"]) for c in cells]
    assert [row["similarity"] for row in rows] == [
        "" if c["similarity"] is None else str(c["similarity"]) for c in cells
    ]
    lines = client.get(PATH, query_string=ASKED, headers={"Accept": "application/x-ndjson"})
    assert [json.loads(line) for line in lines.text.splitlines()] == cells


def test_too_much_is_a_job_s(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = client.get(PATH, query_string={"unit": "statement"})
    assert (answer.status_code, answer.json["field"]) == (422, "from")
    assert "POST /v1/jobs" in answer.json["detail"]
    monkeypatch.setattr(matrices, "MOST_OF_REQUEST", 10)
    assert client.get(PATH).status_code == 422


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"unit": "speech"}, 400, "unit"),
        ({"topics": "weather"}, 400, "topics"),
        ({"least": "1"}, 400, "least"),
        ({"judged": "3"}, 400, "judged"),
        ({"judge_all": "true"}, 400, "judge_all"),
        ({"intervals": "maybe"}, 400, "intervals"),
        ({"from": "2020", "to": "2010"}, 422, "to"),
    ],
)
def test_what_is_refused(
    client: FlaskClient, asked: dict[str, str], status: int, field: str
) -> None:
    answer = client.get(PATH, query_string=asked)
    assert (answer.status_code, answer.json["field"].partition("[")[0]) == (status, field)
