"""Long work behind pages: how far it is, whose it is, and its end."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.analysis.draft import summary
from service.comparison import Comparator
from service.domain.access import Scope
from tests.web.pages.posting import DRAFT, ended, post, refused, submitted, token, work
from tests.web.pages.test_asking import seen
from tests.web.test_serving import SHORT, serving


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


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
    _, told = refused(post(client, "/draft", text=DRAFT), 429)
    assert "10 of your jobs are waiting or running already" in told


@pytest.mark.slow
def test_a_restarted_service_goes_on_with_a_draft(said: Comparator, tmp_path: Path) -> None:
    text = " ".join(f"We want peace and trade number {n} now." for n in range(25))
    settings = {
        "stance_model": said.settings.stance_model, "max_body_bytes": 1_000,
        "max_upload_bytes": 100_000,
    }  # fmt: skip
    folder = tmp_path / "ix"
    shutil.copytree(
        said.settings.indexes, folder, ignore=shutil.ignore_patterns("accounts.*", "uploads")
    )
    body = (
        '--b\r\nContent-Disposition: form-data; name="file"; filename="d.txt"\r\n\r\n'
        f"{text}\r\n--b--\r\n"
    )
    with serving(folder, **settings) as service:
        assert service.ask(SHORT).status == 200
        time.sleep(0.2)
        # Until somebody needs it, there is no database.
        assert not list(folder.glob("accounts.*"))
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
