"""Why a verdict: through HTTP, as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.stance.explanation import explain
from service.web.app import create_app

TEXT = "Sanctions decided by the Security Council must be carried out by every State."


@pytest.fixture(scope="module")
def judging(bundled: Comparator, stance_folder: Path) -> Comparator:
    return Comparator(bundled.settings.model_copy(update={"stance_model": stance_folder}))


@pytest.fixture(scope="module")
def client(judging: Comparator) -> FlaskClient:
    return create_app(comparator=judging, bound_host="127.0.0.1").test_client()


@pytest.fixture(scope="module")
def claim_id(bundled: Comparator) -> str:
    (hit,) = bundled.search(TEXT, group_by="none", limit=1).results
    return str(hit.claim_id)


def test_it_explains_the_verdict_of_the_answer(judging: Comparator, client: FlaskClient) -> None:
    answer = judging.search(TEXT, stance="on", group_by="none", limit=5)
    for hit in answer.results:
        asked = {"text": f"  {TEXT} ", "claim_id": hit.claim_id}
        found = client.get("/v1/explanation", query_string=asked).get_json()
        assert found == json.loads(json.dumps(judging.explain(TEXT, hit.claim_id)))
        assert list(found) == ["text", "claim_id", "stance", "probabilities", "words",
                               "probability", "without", "model"]  # fmt: skip
        assert (found["text"], found["claim_id"]) == (TEXT, hit.claim_id)
        assert (found["stance"], found["probabilities"]) == (hit.stance, hit.probabilities)
        assert found["probability"] == hit.probabilities[hit.stance]
        assert found["model"] == answer.stance_model
        own = explain(judging.stance_model, TEXT, hit.text).to_dict()
        assert {name: found[name] for name in own} == own


def test_several_claims_are_one_query(judging: Comparator, claim_id: str) -> None:
    both = f"{TEXT} The external debt of poor countries must be cancelled."
    found = judging.explain(both, claim_id)
    said = judging.claim(claim_id).claim.text
    assert found["text"] == both
    (verdict,) = judging.stance_model.judge([(both, said)])
    assert found["probabilities"] == verdict.to_dict()


@pytest.mark.parametrize(
    ("asked", "status", "field"),
    [
        ({"claim_id": "X:1-2"}, 400, "text"), ({"text": "", "claim_id": "X:1-2"}, 400, "text"),
        ({"text": "..."}, 400, "text"), ({"text": TEXT}, 400, "claim_id"),
        ({"text": TEXT, "claim_id": "X:1-2"}, 404, None),
        ({"text": TEXT, "claim_id": "X:1-2", "colour": "red"}, 400, "colour"),
        ({"text": [TEXT, TEXT], "claim_id": "X:1-2"}, 400, "text"),
    ],
)  # fmt: skip
def test_bad_questions_are_refused(
    client: FlaskClient, asked: dict[str, str], status: int, field: str | None
) -> None:
    answer = client.get("/v1/explanation", query_string=asked)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.get_json().get("field") == field


def test_without_a_model_nothing_is_explained(bundled: Comparator, claim_id: str) -> None:
    settings = bundled.settings.model_copy(update={"stance_model": None})
    client = create_app(comparator=Comparator(settings), bound_host="127.0.0.1").test_client()
    asked = {"text": TEXT, "claim_id": claim_id}
    answer = client.get("/v1/explanation", query_string=asked)
    assert (answer.status_code, answer.get_json()["field"]) == (422, "stance")
