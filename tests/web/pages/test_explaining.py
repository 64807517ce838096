"""Why a verdict, as a page."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from service.comparison import Comparator

TEXT = "Sanctions decided by the Security Council must be carried out by every State."


@pytest.fixture(scope="module")
def claim_id(bundled: Comparator) -> str:
    (hit,) = bundled.search(TEXT, group_by="none", limit=1).results
    return str(hit.claim_id)


def test_the_words_that_decide_are_marked_in_the_whole_quotation(
    judging: Comparator, client: FlaskClient, claim_id: str
) -> None:
    asked = {"text": TEXT, "claim_id": claim_id}
    page = BeautifulSoup(client.get("/explain", query_string=asked).text, "lxml")
    found = client.get("/v1/explanation", query_string=asked).get_json()
    quotation = page.select_one("blockquote p")
    assert quotation.text == judging.claim(claim_id).claim.text
    expected = [w["text"] for w in sorted(found["words"], key=lambda word: word["start"])]
    assert [mark.text for mark in quotation.select("mark")] == expected
    assert page.select_one(".badge")["class"] == ["badge", found["stance"]]
    assert "machine judgement, check the quotation" in page.text
    twin = client.get(page.select_one('link[rel="alternate"]')["href"]).get_json()
    assert {name: twin[name] for name in found} == found


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"claim_id": "X:1-2"}, 400), ({"text": TEXT}, 400), ({"text": [TEXT, TEXT]}, 400),
        ({"text": TEXT, "claim_id": "X:1-2"}, 404),
        ({"text": TEXT, "claim_id": "X:1-2", "colour": "red"}, 400),
    ],
)  # fmt: skip
def test_bad_questions_are_refused(client: FlaskClient, asked: dict[str, Any], status: int) -> None:
    page = client.get("/explain", query_string=asked)
    twin = client.get("/explain.json", query_string=asked)
    assert (page.status_code, twin.status_code) == (status, status)
    assert page.mimetype == "text/html"
    alert = BeautifulSoup(page.text, "lxml").select_one('[role="alert"]')
    assert twin.get_json()["detail"].rpartition(": ")[2] in alert.text


def test_markup_is_shown_as_text(client: FlaskClient, claim_id: str) -> None:
    asked = {"text": "<script>alert(1)</script> veto", "claim_id": claim_id}
    page = client.get("/explain", query_string=asked)
    assert page.status_code == 200
    assert not re.search(r"<script>", page.text)
    assert html.escape("<script>alert(1)</script>") in page.text
