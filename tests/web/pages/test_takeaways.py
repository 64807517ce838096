"""What is taken away, through the web: the same question gives the same answer."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import docx
import httpx
import pytest
import rispy
from flask.testing import FlaskClient
from lxml import etree
from pypdf import PdfReader

from service.comparison import Comparator
from service.takeaway.brief import MOST_ROWS
from service.web.app import create_app
from service.web.pages.takeaways import file_name
from tests.serving import served

TEXT = "Sanctions decided by the Security Council must be carried out by every State."
FILES = ("brief.docx", "brief.pdf", "brief.md", "table.csv", "citations.bib", "citations.ris")


@pytest.mark.parametrize("name", FILES)
def test_each_is_a_file_with_a_name_that_may_be_held(client: FlaskClient, name: str) -> None:
    asked = {"text": TEXT, "we": "CHN", "limit": "12", "lang": "en"}
    found = client.get(f"/{name}", query_string=asked)
    assert found.status_code == 200
    kind, ending = name.split(".")
    day = datetime.now(UTC).date().isoformat()
    named = f"{kind}-sanctions-decided-by-the-security-council-{day}.{ending}"
    assert found.headers["Content-Disposition"] == f"attachment; filename={named}"
    assert found.headers["X-Generation"]
    again = client.get(
        f"/{name}", query_string=asked, headers={"If-None-Match": found.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    other = client.get(f"/{name}", query_string=asked | {"lang": "fr"})
    assert other.status_code == 200
    assert other.headers["ETag"] != found.headers["ETag"]
    for answer in (found, again):
        assert {"accept-language", "cookie"} <= answer.vary.as_set()


def test_all_hold_the_answer_that_the_page_shows(client: FlaskClient) -> None:
    asked = {"text": TEXT, "we": "CHN", "limit": "30", "lang": "en"}
    page = client.get("/index.json", query_string=asked).get_json()
    hits = [hit for group in page["results"] for hit in group["hits"]]
    assert len(hits) == 30
    assert "CHN" not in {hit["state"] for hit in hits}
    files = {name: client.get(f"/{name}", query_string=asked).data for name in FILES}
    rows = list(csv.DictReader(io.StringIO(files["table.csv"].decode("utf-8-sig"))))
    assert [row["claim_id"] for row in rows] == [hit["claim_id"] for hit in hits]
    assert [row["stance"] for row in rows] == [hit["stance"] for hit in hits]
    entries = rispy.loads(files["citations.ris"].decode())
    statements = list(dict.fromkeys(hit["statement_id"] for hit in hits))
    assert [entry["id"] for entry in entries] == statements
    assert re.findall(r"(?m)^@\w+\{(.+),$", files["citations.bib"].decode()) == statements
    quoted = [
        group["hits"][0]["text"]
        for stance in ("aligned", "partial", "opposed")
        for group in [g for g in page["results"] if g["stance"] == stance][:MOST_ROWS]
    ]
    opened = docx.Document(io.BytesIO(files["brief.docx"]))
    shown = [
        p.text for p in opened.paragraphs if p.style is not None and p.style.name == "Block Text"
    ]
    # The bundled positions are in our words, and say so.
    assert shown[1:] == [f"In our words, not a quotation: {text}" for text in quoted]
    pages = PdfReader(io.BytesIO(files["brief.pdf"])).pages
    printed = "".join("".join(page.extract_text() for page in pages).split())
    for text in quoted:
        assert "".join(text.split()) in printed
    assert "Made for China" in files["brief.md"].decode()
    assert page["generation"] in files["brief.md"].decode()


def test_a_browser_downloads_it(judging: Comparator) -> None:
    with served(create_app(comparator=judging, bound_host="127.0.0.1")) as address:
        found = httpx.get(f"{address}/brief.pdf", params={"text": TEXT, "limit": 3})
    assert found.headers["Content-Type"] == "application/pdf"
    assert found.content.startswith(b"%PDF-")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "text"),
        ({"text": TEXT, "colour": "red"}, "colour"),
        ({"text": TEXT, "we": "Atlantis"}, "exclude"),
        ({"text": TEXT, "from": "never"}, "from"),
    ],
)
def test_refusals_are_problems(
    client: FlaskClient, name: str, asked: dict[str, str], field: str
) -> None:
    found = client.get(f"/{name}", query_string=asked)
    assert (found.status_code, found.content_type) == (400, "application/problem+json")
    assert found.get_json()["field"] == field
    assert "Content-Disposition" not in found.headers


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_figure_stands_alone(client: FlaskClient, ending: str) -> None:
    asked = {"text": TEXT, "figure": "years", "lang": "en", "stance": "off"}
    found = client.get(f"/figure.{ending}", query_string=asked)
    assert found.status_code == 200
    assert found.headers["Content-Disposition"].startswith("attachment; filename=years-sanctions-")
    if ending == "svg":
        assert etree.fromstring(found.data).tag == "{http://www.w3.org/2000/svg}svg"
    else:
        assert found.data.startswith(b"\x89PNG\r\n")


def test_a_map_and_blocs_show_stances(client: FlaskClient) -> None:
    asked = {"text": TEXT, "limit": "20", "we": "FRA", "lang": "en"}
    for figure, word in (("map", "France: we"), ("blocs", "European Union")):
        svg = client.get("/figure.svg", query_string=asked | {"figure": figure})
        assert word in "".join(etree.fromstring(svg.data).itertext())
        unjudged = client.get(
            "/figure.svg", query_string=asked | {"figure": figure, "stance": "off"}
        )
        assert (unjudged.status_code, unjudged.get_json()["field"]) == (400, "stance")
    unknown = client.get("/figure.svg", query_string=asked | {"figure": "pie"})
    assert (unknown.status_code, unknown.get_json()["field"]) == (400, "figure")


def test_a_brief_is_by_state(client: FlaskClient) -> None:
    found = client.get("/brief.md", query_string={"text": TEXT, "group_by": "none"})
    assert (found.status_code, found.get_json()["field"]) == (400, "group_by")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The veto must go!", "brief-the-veto-must-go-2025-11-26.pdf"),
        (
            "L'État, c'est « nous » ; ../../etc\r\nX: y",
            "brief-l-etat-c-est-nous-etc-2025-11-26.pdf",
        ),
        ("否决权", "brief-2025-11-26.pdf"),
    ],
)
def test_names_are_ascii(text: str, name: str) -> None:
    assert file_name("brief", text, datetime(2025, 11, 26).date(), "pdf") == name
