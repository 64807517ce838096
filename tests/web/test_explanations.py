"""Why a verdict: through HTTP, as JSON and as a page."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.stance.explanation import explain
from service.web.app import create_app
from service.web.pages import MACHINE_JUDGEMENT

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
    page = client.get("/explain", query_string=asked)
    assert page.status_code == status
    assert 'role="alert"' in page.text
    assert html.escape(answer.get_json()["detail"]) in page.text.replace("&#34;", "&quot;")


def test_without_a_model_nothing_is_explained(bundled: Comparator, claim_id: str) -> None:
    settings = bundled.settings.model_copy(update={"stance_model": None})
    client = create_app(comparator=Comparator(settings), bound_host="127.0.0.1").test_client()
    asked = {"text": TEXT, "claim_id": claim_id}
    answer = client.get("/v1/explanation", query_string=asked)
    assert (answer.status_code, answer.get_json()["field"]) == (422, "stance")
    page = client.get("/", query_string={"text": TEXT}).text
    assert "why?" not in page
    assert MACHINE_JUDGEMENT not in page


def test_each_verdict_on_the_page_leads_to_its_reasons(
    judging: Comparator, client: FlaskClient
) -> None:
    both = f"{TEXT} The external debt of poor countries must be cancelled."
    asked = {"text": both, "stance": "on", "limit": 2, "per_state": 2}
    page = client.get("/", query_string=asked).text
    links = [html.unescape(link) for link in re.findall(r'href="(/explain\?[^"]+)"', page)]
    answer = judging.search(both, stance="on", limit=2, per_state=2)
    shown = [*answer.parts]
    hits = [hit for part in shown for group in part.results for hit in group.hits]
    groups = [group for part in shown for group in part.results]
    assert len(links) == len(hits) > 3
    assert page.count(MACHINE_JUDGEMENT) == len(hits) + len(groups)
    for link, hit in zip(links, hits, strict=True):
        given = parse_qs(urlsplit(link).query)
        assert given == {"text": [answer.query["parts"][hit.asked]["text"]],
                         "claim_id": [hit.claim_id]}  # fmt: skip
    for link, hit in [*zip(links, hits, strict=True)][:3]:
        why = client.get(link).text
        found = client.get(link.replace("/explain", "/v1/explanation")).get_json()
        assert (found["stance"], found["probabilities"]) == (hit.stance, hit.probabilities)
        (quotation,) = re.findall(r'<p class="words">(.*?)</p>', why, re.DOTALL)
        assert html.unescape(re.sub(r"</?mark>", "", quotation)) == hit.text
        marked = [html.unescape(text) for text in re.findall(r"<mark>(.*?)</mark>", quotation)]
        expected = sorted(found["words"], key=lambda word: word["start"])
        assert marked == [word["text"] for word in expected]
        assert MACHINE_JUDGEMENT in why
        assert (f"{100 * found['without']:.1f}%" in why) or not marked
        (twin,) = re.findall(r'href="([^"]+)">as JSON', why)
        assert client.get(html.unescape(twin)).get_json() == found


def test_the_page_shows_markup_as_text(client: FlaskClient, claim_id: str) -> None:
    asked = {"text": "<script>alert(1)</script> veto", "claim_id": claim_id}
    page = client.get("/explain", query_string=asked)
    assert page.status_code == 200
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text
