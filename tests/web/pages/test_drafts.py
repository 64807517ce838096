"""Drafts behind pages: taken in, checked claim by claim, and shown."""

from __future__ import annotations

import io
import json
import logging
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from docx import Document
from flask import Flask
from flask.testing import FlaskClient

from service.analysis.draft import summary
from service.comparison import Comparator
from service.domain.answers import Group
from service.domain.stance import STANCES
from service.stance.judge import StanceJudge
from tests.web.pages.posting import DRAFT, ended, file, post, refused, submitted, work
from tests.web.pages.test_asking import seen


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def test_a_draft_is_checked_and_shown_claim_by_claim(client: FlaskClient, said: Comparator) -> None:
    address = submitted(client, text=DRAFT, we="FRA")
    found = ended(client, address)
    assert found["job"]["state"] == "done"
    assert found["claims"] == [
        json.loads(json.dumps(claim.to_dict())) for claim in said.check_draft(DRAFT, we="FRA")
    ]
    assert found["summary"] == found["job"]["result"] == summary(found["claims"])
    page = seen(client, address)
    rows = page.select("#claims-table tr")
    assert len(rows) == len(found["claims"]) == 3
    for row, claim in zip(rows, found["claims"], strict=True):
        answer = said.search(claim["text"], exclude=["FRA"], limit=200, per_state=1, stance="on")
        groups = [group for group in answer.results if isinstance(group, Group)]
        counts = {stance: sum(g.stance == stance for g in groups) for stance in STANCES}
        figures = [int(cell.text) for cell in row.select("td.number")]
        assert figures[1:] == [counts[s] for s in ("aligned", "partial", "opposed")]
        shown = page.select_one(row.select_one("a")["href"].partition("?")[2].partition("#")[2]
                                and f"#claim-{claim['number'] + 1}")  # fmt: skip
        link = shown.select_one("h3 a")["href"]
        answered = seen(client, link)
        assert answered.select_one("#text").text.strip() == claim["text"]
        quoted = [place.text for place in shown.select("blockquote p")]
        everybody = [claim["ally"], claim["opponent"], *claim["said_otherwise"],
                     *claim["said_before"]]  # fmt: skip
        assert quoted == [hit["text"] for hit in everybody if hit]
    assert not page.select("[data-running], noscript, progress")


def test_a_draft_is_text_whatever_it_holds(client: FlaskClient) -> None:
    address = submitted(client, text=DRAFT)
    ended(client, address)
    page = client.get(address).text
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "\u202e" not in page
    assert "U+202E" in page


def test_a_running_draft_shows_what_it_has(
    app: Flask, client: FlaskClient, said: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work(app).worker, "wake", lambda: None)
    address = submitted(client, text=DRAFT, we="FRA")
    taken = work(app).jobs.take(["draft"])
    assert taken is not None
    first = next(said.check_draft(DRAFT, we="FRA")).to_dict()
    work(app).jobs.beat(taken, done=1, total=3, phrase="checking claims", steps=[first])
    page = seen(client, address)
    assert len(page.select("#claims-table tr")) == len(page.select("#claims > li")) == 1
    assert page.select("[data-running]")


@pytest.mark.parametrize("suffix", ["txt", "md", "html", "docx", "pdf"])
def test_a_draft_comes_as_a_file(
    client: FlaskClient, said: Comparator, suffix: str, tmp_path: Path
) -> None:
    sentences = ["We want peace now, and for all.", "We want trade now, and for all."]
    if suffix == "docx":
        made = Document()
        for sentence in sentences:
            made.add_paragraph(sentence)
        held = io.BytesIO()
        made.save(held)
        content = held.getvalue()
    elif suffix == "pdf":
        content = one_page_pdf(sentences)
    elif suffix == "html":
        content = f"<!doctype html><p>{sentences[0]}</p><p>{sentences[1]}</p>".encode()
    else:
        content = "\n\n".join(sentences).encode()
    address = submitted(client, file=file(content, f"draft.{suffix}"), we="NOR")
    found = ended(client, address)
    assert [claim["text"] for claim in found["claims"]] == sentences
    assert found["job"]["title"] == f"draft.{suffix}"
    assert found["we"] == "NOR"


def one_page_pdf(lines: list[str]) -> bytes:
    shown = " T* ".join(f"({line}) Tj" for line in lines)
    content = f"BT /F1 12 Tf 14 TL 72 720 Td {shown} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + (
        b"xref\n0 6\n0000000000 65535 f \n%strailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n"
        b"%%%%EOF\n" % (table, len(made))
    )


def bomb() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"<a>" + b" " * 20_000_000 + b"</a>")
    return held.getvalue()


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"text": " "}, "text", "is missing"),
        ({"text": "?!"}, "text", "has no words"),
        ({"text": "a " * 50_001}, "text", "at most 100000 are read"),
        ({"text": "We want peace now.", "we": "Atlantis"}, "we", "is no state we know"),
        ({"text": "We want peace now.", "from": "soon"}, "from", "is no date"),
        ({"file": (b"", "x.txt")}, "file", "x.txt: the file is empty"),
        ({"file": (b"%PDF-1.4 broken", "x.pdf")}, "file", "x.pdf: a broken PDF"),
        ({"file": (b"PK\x03\x04broken", "x.docx")}, "file", "x.docx: a broken DOCX"),
        ({"file": (bytes(range(32)) * 9, "../../x.txt")}, "file", "x.txt: neither text nor"),
        ({"file": (bomb(), "x.docx")}, "file", "unpacks to 20,000,007 bytes"),
        ({"file": (b"Peace.", "x.txt"), "text": "Peace."}, "file", "send one of them"),
    ],
)
def test_what_is_wrong_is_told_at_once(
    client: FlaskClient, fields: dict[str, Any], field: str, reason: str
) -> None:
    sent = {name: file(*value) if name == "file" else value for name, value in fields.items()}
    answer = post(client, "/draft", **sent)
    found = refused(answer)
    assert found[0] == field
    assert reason in found[1]
    assert "/tmp" not in answer.text
    kept = BeautifulSoup(answer.text, "lxml").select_one("textarea")
    assert kept.text.strip() == fields.get("text", "").strip()
    assert seen(client, "/jobs").select("tbody tr") == []


def test_nothing_of_a_draft_is_logged(
    client: FlaskClient, said: Comparator, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    with caplog.at_level(logging.DEBUG):
        address = submitted(client, text=DRAFT)
        ended(client, address)
        model: StanceJudge = said.stance_model

        def broken(pairs: Any) -> Any:
            raise RuntimeError(f"broke on {pairs}")

        monkeypatch.setattr(model, "judge", broken)
        failing = submitted(client, text=f"{DRAFT} We want clean water now.")
        assert ended(client, failing)["job"]["error"] == "something went wrong on our side"
    logged = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "job failed" in logged
    for secret in ("zanzibarium", address.rpartition("/")[2]):
        assert secret not in logged


def test_a_long_draft_is_shown_in_parts(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["service.web.pages.drafts"], "_CLAIMS_A_PAGE", 3)
    text = " ".join(f"We want peace number {n} now." for n in range(7))
    address = submitted(client, text=text)
    ended(client, address)
    page = seen(client, address)
    assert len(page.select("#claims-table tr")) == 7
    assert len(page.select("#claims > li")) == 3
    (last,) = seen(client, address, page=3).select("#claims > li")
    assert last["id"] == "claim-7"
    assert page.select("#claims-table a")[-1]["href"].endswith("page=3#claim-7")
    for wrong in ("0", "4", "x", "1e9", "９", "0000000004", "1" * 5_000):
        assert client.get(address, query_string={"page": wrong}).status_code == 400
