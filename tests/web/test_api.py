"""The API through HTTP: a real server, on a real index."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from service.comparison import Comparator
from service.settings import Settings
from service.web.app import create_app
from tests.serving import served

TEXT = "Sanctions decided by the Security Council must be carried out by every State."


@pytest.fixture(scope="module")
def address(bundled: Comparator) -> Iterator[str]:
    with served(create_app(comparator=bundled, bound_host="127.0.0.1")) as address:
        yield address


def call(url: str, body: object = None, raw: bytes | None = None) -> tuple[int, str, Any]:
    data = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json"} if data is not None else {}
    )
    try:
        with urllib.request.urlopen(request) as answer:
            status, kind, content = answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, kind, content = error.code, error.headers["Content-Type"], error.read()
    return status, kind, json.loads(content) if "json" in kind else content.decode()


def test_get_post_and_library_agree(address: str, bundled: Comparator) -> None:
    filters = {"exclude": ["CHN", "USA"], "from": "2005", "limit": 4, "per_state": 2}
    query = urllib.parse.urlencode({"text": TEXT, **filters}, doseq=True)
    status, _, by_get = call(f"{address}/v1/search?{query}")
    assert status == 200
    assert call(f"{address}/v1/search", {"text": TEXT, **filters})[2] == by_get
    assert json.loads(json.dumps(bundled.search(TEXT, **filters).to_dict())) == by_get
    assert list(by_get) == ["query", "generation", "model", "level", "results", "next"]
    assert list(by_get["results"][0]) == ["state", "name", "count", "hits"]


def test_an_ungrouped_hit_has_the_documented_fields(address: str) -> None:
    _, _, found = call(f"{address}/v1/search", {"text": TEXT, "group_by": "none", "limit": 1})
    documented = """claim_id statement_id state text start end before after speaker office date
    date_precision forum symbol source topics similarity percentile rendered""".split()
    assert set(documented) <= set(found["results"][0])
    assert found["results"][0]["rendered"] is True


def test_statements_and_claims(address: str) -> None:
    _, _, found = call(f"{address}/v1/search", {"text": TEXT, "group_by": "none", "limit": 1})
    hit = found["results"][0]
    status, _, claim = call(f"{address}/v1/claims/{hit['claim_id']}")
    assert status == 200
    assert (claim["text"], claim["statement"]["state"]) == (hit["text"], hit["state"])
    status, _, statement = call(f"{address}/v1/statements/{hit['statement_id']}")
    assert status == 200
    assert hit["claim_id"] in [c["claim_id"] for c in statement["claims"]]
    assert statement["text"] is None  # a rendering has no text of the document


def test_catalogue(address: str) -> None:
    states = call(f"{address}/v1/states")[2]["states"]
    assert len(states) == 200
    assert {"code", "name", "status", "blocs"} == set(states[0])
    blocs = call(f"{address}/v1/blocs?on=1960")[2]
    (eu,) = [bloc for bloc in blocs["blocs"] if bloc["id"] == "eu"]
    assert len(eu["members"]) == 6
    assert len(call(f"{address}/v1/topics")[2]["topics"]) >= 40


def test_health(address: str) -> None:
    assert call(f"{address}/healthz")[:1] == (200,)
    status, _, ready = call(f"{address}/readyz")
    assert (status, ready["status"]) == (200, "ready")


def test_not_ready_without_an_index(tmp_path: Any) -> None:
    client = create_app(
        comparator=Comparator(Settings(indexes=tmp_path)), bound_host="127.0.0.1"
    ).test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503
    assert client.get("/v1/search?text=veto").status_code == 503
    assert client.get("/?text=veto").status_code == 503


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "text"), ("text=", "text"), ("text=veto&exclude=Atlantis", "exclude"),
        ("text=veto&limit=0", "limit"), ("text=veto&colour=red", "colour"),
        ("text=veto&text=debt", "text"), ("text=veto&from=x", "from"),
    ],
)  # fmt: skip
def test_bad_queries_name_the_field(address: str, query: str, field: str) -> None:
    status, kind, body = call(f"{address}/v1/search?{query}")
    assert (status, kind, body["field"]) == (400, "application/problem+json", field)
    assert body["detail"].startswith(f"{field}: ")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'"veto"', b"null", b'{"text": 3}', b'{"text": "veto", "limit": {}}',
            b'{"text": "veto", "exclude": {"a": 1}}', b'{"text": null}', b"\xff\xfe"],
)  # fmt: skip
def test_bad_bodies_are_refused(address: str, raw: bytes) -> None:
    status, kind, body = call(f"{address}/v1/search", raw=raw)
    assert (status, kind) == (400, "application/problem+json")
    assert "field" in body
    assert "Traceback" not in json.dumps(body)


@pytest.mark.parametrize(
    "path", ["/v1/nothing", "/v1/statements/NOPE_1_1999", "/v1/claims/NOPE:1-2", "/v1/claims/x",
             "/v1/claims/..%2f..%2fetc%2fpasswd", "/v1/claims/a:99999999999999999999-1"],
)  # fmt: skip
def test_what_is_not_there_is_a_404(address: str, path: str) -> None:
    status, kind, _ = call(address + path)
    assert (status, kind) == (404, "application/problem+json")


def test_unknown_parameters_are_refused_everywhere(address: str) -> None:
    for path in ("/v1/states", "/v1/topics", "/v1/blocs"):
        assert call(f"{address}{path}?x=1")[2]["field"] == "x"


def test_the_wrong_method_and_a_huge_body(address: str) -> None:
    assert call(f"{address}/v1/states", {"a": 1})[0] == 405
    assert call(f"{address}/v1/search", {"text": "x " * 600_000})[0] == 413


def test_the_page_asks_the_same_question(address: str, bundled: Comparator) -> None:
    query = urllib.parse.urlencode({"text": TEXT, "exclude": "CHN"})
    status, _, page = call(f"{address}/?{query}")
    assert status == 200
    first = bundled.search(TEXT, exclude=["CHN"]).results[0]
    assert first.name in page
    assert "Rendered in our words" in page
    assert call(f"{address}/")[0] == 200


def test_the_page_shows_markup_as_text_and_says_what_is_wrong(address: str) -> None:
    nasty = urllib.parse.quote("<script>alert(1)</script> veto")
    status, _, page = call(f"{address}/?text={nasty}")
    assert status == 200
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    status, _, page = call(f"{address}/?text=veto&from=x")
    assert status == 400
    assert 'role="alert"' in page
