"""Long work behind pages: drafts, imports, and whose they are."""

from __future__ import annotations

import io
import json
import logging
import re
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete
from werkzeug.test import TestResponse

from service.accounts.tables import JobRow
from service.analysis.draft import summary
from service.comparison import Comparator
from service.domain.access import Scope
from service.domain.answers import Group
from service.domain.stance import STANCES
from service.jobs import worker as module
from service.jobs.store import State
from service.settings import Settings
from service.stance.judge import StanceJudge
from service.web.app import create_app
from service.web.jobs import Work
from service.web.pages.uploads import plain_name
from tests.test_corrections import SAID, build
from tests.web.pages.test_asking import seen
from tests.web.test_serving import serving

SECRET = "We want trade now with zanzibarium."
DRAFT = f"We want peace now. {SECRET} We want reform now <b>\u202eand</b> seats."


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Comparator:
    folder = tmp_path_factory.mktemp("said")
    made = Comparator(Settings(indexes=folder, stance_model=stance_folder, database_url=None,
                               max_upload_bytes=200_000))  # fmt: skip
    build(made, SAID)
    return made


@pytest.fixture
def app(said: Comparator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    monkeypatch.setattr(module, "POLL_S", 0.02)
    made = create_app(comparator=said, bound_host="127.0.0.1")
    yield made
    made.extensions["work"].worker.close()
    with made.extensions["accounts"].database.write() as session:
        session.execute(delete(JobRow))
    made.extensions["accounts"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def work(app: Flask) -> Work:
    found = app.extensions["work"]
    assert isinstance(found, Work)
    return found


def token(app: Flask, *scopes: Scope) -> str:
    made: tuple[Any, str] = app.extensions["accounts"].keys.create("a test", scopes)
    return made[1]


def file(content: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def post(client: FlaskClient, path: str, **fields: Any) -> TestResponse:
    return client.post(path, data=fields, content_type="multipart/form-data")


def submitted(client: FlaskClient, path: str = "/draft", **fields: Any) -> str:
    """The address of the job."""
    answer = post(client, path, **fields)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def ended(client: FlaskClient, address: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while True:
        found: dict[str, Any] = client.get(f"{address}.json").get_json()
        if State(found["job"]["state"]).ended:
            return found
        assert time.monotonic() < deadline, found["job"]
        time.sleep(0.02)


def refused(answer: TestResponse, status: int = 400) -> tuple[str, str]:
    """The field and the reason that a page names."""
    assert answer.status_code == status, answer.text[:300]
    told = BeautifulSoup(answer.text, "lxml").select_one("p.refused")
    assert told is not None
    strong = told.select_one("strong")
    return (strong.text if strong else ""), told.text


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


def test_progress_is_shown_while_a_job_runs(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work(app).worker, "wake", lambda: None)
    address = submitted(client, text=DRAFT, we="FRA")
    page = seen(client, address)
    assert page.select_one("[role=status]").text == "waiting"
    assert page.select_one("noscript meta[http-equiv=refresh]") is not None
    taken = work(app).jobs.take(["draft"])
    assert taken is not None
    work(app).jobs.beat(taken, done=1, total=3, phrase="checking claims")
    page = seen(client, address)
    bar = page.select_one("progress")
    assert (bar["value"], bar["max"], bar["aria-label"]) == ("1", "3", "Progress")
    assert "at work · checking claims · 1 of 3" in " ".join(
        page.select_one("#job-progress").text.split()
    )
    (row,) = seen(client, "/jobs").select("tbody tr")
    assert row.select_one("progress")["value"] == "1"
    assert row.select_one("form")["action"] == f"/jobs/{taken.job.id}/cancel"


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


@pytest.mark.parametrize(
    ("given", "plain"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\table.CSV", "table.csv"),
        ("..", "upload"),
        (".csv", "csv"),
        ("\u202e.parquet", "upload.parquet"),
        ("t\x00.csv\n", "t.csv"),
        ("данные.jsonl", "upload.jsonl"),
        ("a" * 999 + ".html", "a" * 100 + ".html"),
        ("x.csv/", "x.csv"),
        ("<script>.html", "script.html"),
        ("con .txt", "con.txt"),
    ],
)
def test_a_files_name_is_made_harmless(given: str, plain: str) -> None:
    from werkzeug.datastructures import FileStorage

    made = plain_name(FileStorage(io.BytesIO(), given))
    assert made == plain
    assert Path(made).name == made


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


def test_a_key_sees_its_own_jobs_only(app: Flask) -> None:
    mine, other, nobody = (app.test_client() for _ in range(3))
    mine.set_cookie("key", token(app, Scope.READ))
    other.set_cookie("key", token(app, Scope.READ))
    address = submitted(mine, text=DRAFT)
    ended(mine, address)
    job = address.rpartition("/")[2]
    for stranger in (other, nobody):
        for path in (address, f"{address}.json"):
            assert stranger.get(path).status_code == 404
        for what in ("cancel", "remove"):
            assert stranger.post(f"/jobs/{job}/{what}").status_code == 404
        assert stranger.get("/jobs.json").get_json() == {"jobs": []}
    (listed,) = mine.get("/jobs.json").get_json()["jobs"]
    assert listed["address"] == address
    assert mine.get(address.replace("draft", "import")).status_code == 404


def test_without_keys_a_job_is_whoevers_knows_its_address(app: Flask) -> None:
    mine, colleague = app.test_client(), app.test_client()
    first, second = (submitted(mine, text=DRAFT) for _ in range(2))
    ended(mine, second)
    assert colleague.get(first).status_code == 200
    assert colleague.get("/jobs.json").get_json() == {"jobs": []}
    listed = mine.get("/jobs.json").get_json()["jobs"]
    assert [job["address"] for job in listed] == [second, first]
    mine.set_cookie("jobs", "x.y." + first.rpartition("/")[2] + ".'; --")
    (listed,) = mine.get("/jobs.json").get_json()["jobs"]
    assert listed["address"] == first


def test_a_job_is_cancelled_and_deleted_from_its_page(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work(app).worker, "wake", lambda: None)
    address = submitted(client, text=DRAFT)
    cancel = seen(client, address).select_one("form[method=post]")["action"]
    assert client.post(cancel, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    answer = client.post(cancel)
    assert (answer.status_code, answer.headers["Location"]) == (303, address)
    page = seen(client, address)
    assert page.select_one("[role=status]").text == "cancelled"
    answer = client.post(page.select_one("form[method=post]")["action"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/jobs")
    assert client.get(address).status_code == 404


def test_no_one_fills_the_queue(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work(app).worker, "wake", lambda: None)
    for _ in range(10):
        submitted(client, text=DRAFT)
    _, told = refused(post(client, "/draft", text=DRAFT), 503)
    assert "10 of your jobs are waiting or running already" in told


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
    for wrong in ("0", "4", "x", "1e9", "９"):
        assert client.get(address, query_string={"page": wrong}).status_code == 400


TABLE = b"state,date,text\nNorway,2024-01-01,The veto must go.\nAtlantis,2024-01-01,We sank.\n"


def test_an_import_needs_a_key_of_its_scope(app: Flask, client: FlaskClient) -> None:
    assert "a key with the scope" in seen(client, "/import").text
    sent = {"format": "table", "file": file(TABLE, "t.csv")}
    assert post(client, "/import", **sent).status_code == 401
    client.set_cookie("key", token(app, Scope.READ))
    sent = {"format": "table", "file": file(TABLE, "t.csv")}
    assert post(client, "/import", **sent).status_code == 403
    assert not list((work(app).uploads._folder).glob("*/*"))


@pytest.fixture
def importer(
    tmp_path: Path, said: Comparator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlaskClient]:
    """With a key that may import, on a folder of its own."""
    monkeypatch.setattr(module, "POLL_S", 0.02)
    made = create_app(
        comparator=Comparator(said.settings.model_copy(update={"indexes": tmp_path / "own"})),
        bound_host="127.0.0.1",
    )
    client = made.test_client()
    client.set_cookie("key", token(made, Scope.READ, Scope.IMPORT))
    yield client
    made.extensions["work"].worker.close()
    made.extensions["accounts"].close()


def test_an_import_is_reported_line_by_line(importer: FlaskClient, tmp_path: Path) -> None:
    hostile = "../<b>\u202ett.csv"
    address = submitted(importer, "/import", format="table", file=file(TABLE, hostile))
    found = ended(importer, address)
    assert found["read"]["changes"] == {"added": 1, "changed": 0, "unchanged": 0}
    (entry,) = found["report"]
    assert (entry["line"], entry["outcome"]) == (3, "skipped")
    assert "unknown state 'Atlantis'" in entry["reason"]
    page = importer.get(address).text
    assert "1 statement is read: 1 added, 0 changed, 0 unchanged; 1 claims." in " ".join(
        re.sub(r"<[^>]+>", "", page).split()
    )
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "\u202e" not in page
    assert str(tmp_path) not in json.dumps(found)
    assert "run “python -m service build”" in page
    assert not list((tmp_path / "own" / "uploads").glob("*/*"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"format": "picture"}, "format"),
        ({"format": "statement", "date": "2024"}, "state"),
        ({"format": "statement", "state": "Atlantis", "date": "2024"}, "state"),
        ({"format": "article", "date": "soon"}, "date"),
        ({"format": "table", "state": "Norway"}, "state"),
        ({"format": "table", "file": None}, "file"),
    ],
)
def test_an_import_that_cant_be_is_told_at_once(
    importer: FlaskClient, tmp_path: Path, fields: dict[str, Any], field: str
) -> None:
    sent = {"file": file(TABLE, "t.csv")} | fields
    answer = post(importer, "/import", **{name: v for name, v in sent.items() if v is not None})
    assert refused(answer)[0] == field
    assert not list((tmp_path / "own" / "uploads").glob("*/*"))


def test_a_file_has_a_limit_of_its_own(importer: FlaskClient) -> None:
    rows = "".join(f"Norway,2024-01-02,Peace {n} now.,{'x' * 5_000}\n" for n in range(32))
    large = f"state,date,text,notes\n{rows}".encode()
    assert len(large) > 150_000
    address = submitted(importer, "/import", format="table", file=file(large, "t.csv"))
    assert ended(importer, address)["read"]["read"] == 32
    sent = {"format": "table", "file": file(large + large, "t.csv")}
    assert post(importer, "/import", **sent).status_code == 413
    assert importer.post("/key", data={"key": "x" * 1_100_000}).status_code == 413


@pytest.mark.slow
def test_a_restarted_service_goes_on_with_a_draft(said: Comparator) -> None:
    text = " ".join(f"We want peace and trade number {n} now." for n in range(25))
    settings = {
        "stance_model": said.settings.stance_model, "max_body_bytes": 1_000,
        "max_upload_bytes": 100_000,
    }  # fmt: skip
    folder = said.settings.indexes
    body = (
        '--b\r\nContent-Disposition: form-data; name="file"; filename="d.txt"\r\n\r\n'
        f"{text}\r\n--b--\r\n"
    )
    with serving(folder, **settings) as service:
        connection = service.connect()
        connection.request(
            "POST", "/draft", body, {"Content-Type": "multipart/form-data; boundary=b"}
        )
        answer = connection.getresponse()
        said_then = answer.read()
        assert answer.status == 303, said_then
        address = answer.headers["Location"]
        assert service.stop() == 0
    with serving(folder, **settings) as service:
        deadline = time.monotonic() + 60
        while (found := service.ask(f"{address}.json").body)["job"]["state"] != "done":
            assert time.monotonic() < deadline, found["job"]
            time.sleep(0.05)
        parts = [service.ask(f"{address}.json?page={n}").body for n in range(1, found["pages"] + 1)]
    expected = [claim.to_dict() for claim in said.check_draft(text)]
    assert [claim for part in parts for claim in part["claims"]] == json.loads(json.dumps(expected))
    assert found["job"]["result"] == summary(expected)
