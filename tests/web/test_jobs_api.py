"""Studies as jobs over HTTP: what is taken in, whose it is, its files, and its end."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from frictionless import validate
from werkzeug.test import TestResponse

from service.accounts.accounts import Accounts
from service.analysis import pair_matrix
from service.analysis.kept_blocks import KeptBlocks
from service.comparison import Comparator
from service.domain.access import Scope
from service.jobs import worker as module
from service.jobs.store import State
from service.settings import Settings
from service.studies.catalogue import find_study
from service.studies.checks import OFFERED
from service.studies.formats import Format
from service.studies.package import write_package
from service.web.app import create_app
from service.web.jobs import Work
from tests.studies.test_package import ASKED
from tests.web.pages.test_asking import seen

PATH = "/v1/jobs"
TRENDS = {"study": "trends", "parameters": {"topic": "palestine", "from": 2000}}
MATRIX = {"study": "matrix", "parameters": {"least": 2}}


@pytest.fixture
def app(bundled: Comparator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The bundled positions in a folder of their own, with workers that look often."""
    monkeypatch.setattr(module, "POLL_S", 0.02)
    monkeypatch.setattr(module, "TELL_S", 0.05)
    folder = tmp_path / "indexes"
    apart = shutil.ignore_patterns("accounts.*", "uploads", "jobs")
    shutil.copytree(bundled.settings.indexes, folder, ignore=apart)
    settings = Settings(indexes=folder, stance_model=None, rate_limit="none", database_url=None)
    made = create_app(comparator=Comparator(settings), bound_host="127.0.0.1")
    yield made
    work(made).worker.close()
    work(made).slow.close()
    made.extensions["accounts"].close()


@pytest.fixture
def held(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Nothing is done until this is called."""
    wake = {id(one): one.wake for one in (work(app).worker, work(app).slow)}
    for one in (work(app).worker, work(app).slow):
        monkeypatch.setattr(one, "wake", lambda: None)

    def begin() -> None:
        for one in wake.values():
            one()

    return begin


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix in many blocks, each of which takes a while."""
    monkeypatch.setattr(pair_matrix, "BLOCK", 60)
    keep = KeptBlocks.keep

    def kept(blocks: KeptBlocks, number: int, arrays: Any) -> None:
        time.sleep(0.1)
        keep(blocks, number, arrays)

    monkeypatch.setattr(KeptBlocks, "keep", kept)


def work(app: Flask) -> Work:
    found = app.extensions["work"]
    assert isinstance(found, Work)
    return found


def client(app: Flask, *scopes: Scope) -> FlaskClient:
    """With a key of its own."""
    accounts: Accounts = app.extensions["accounts"]
    made = app.test_client()
    made.environ_base["HTTP_X_API_KEY"] = accounts.keys.create("test", scopes or [Scope.READ])[1]
    return made


def submitted(client: FlaskClient, body: Any, **headers: str) -> str:
    """The address."""
    answer = client.post(PATH, json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"{PATH}/{answer.json['id']}"
    return answer.headers["Location"]


def ended(client: FlaskClient, address: str) -> dict[str, Any]:
    return until(client, address, lambda job: State(job["state"]).ended)


def until(
    client: FlaskClient, address: str, what: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while not what(found := dict(client.get(address).json)):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def fetched(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    return client.get(path, headers=headers, buffered=True)


def folders(app: Flask) -> list[Path]:
    return list((app.extensions["comparator"].settings.indexes / "jobs").glob("*"))


def test_a_job_makes_what_the_command_line_makes(app: Flask, tmp_path: Path) -> None:
    mine = client(app)
    address = submitted(mine, TRENDS | {"formats": ["csv", "parquet", "jsonl", "csv"]})
    found = ended(mine, address)
    assert (found["state"], found["study"], found["formats"]) == (
        "done", "trends", ["csv", "parquet", "jsonl"],
    )  # fmt: skip
    assert found["title"] == "trends · topic=palestine · from=2000"
    assert found["parameters"]["topic"] == "palestine"
    assert found["started"] and found["ended"] and found["error"] is None
    comparator = app.extensions["comparator"]
    expected = write_package(
        find_study("trends"), TRENDS["parameters"], tmp_path / "out", comparator, list(Format)  # type: ignore[arg-type]
    )  # fmt: skip
    result = found["result"]
    assert result["generation"] == comparator.generation.manifest.id
    assert {one["name"]: one["rows"] for one in result["tables"]} == expected.rows
    assert [one["name"] for one in result["files"]] == list(expected.files)
    for one in result["files"]:
        answer = fetched(mine, one["href"])
        assert answer.data == (tmp_path / "out" / one["name"]).read_bytes()
        assert len(answer.data) == one["bytes"] == answer.content_length
        assert hashlib.sha256(answer.data).hexdigest() == one["sha256"]
        assert answer.headers["ETag"] == f'"{one["sha256"]}"'
        assert answer.mimetype == one["media_type"]
        assert answer.headers["Content-Disposition"].startswith("attachment")
        (tmp_path / one["name"]).write_bytes(answer.data)
        held = fetched(mine, one["href"], **{"If-None-Match": answer.headers["ETag"]})
        assert (held.status_code, held.data) == (304, b"")
        part = fetched(mine, one["href"], Range="bytes=2-5")
        assert (part.status_code, part.data) == (206, answer.data[2:6])
        zipped = fetched(mine, one["href"], **{"Accept-Encoding": "gzip"})
        assert (zipped.data, zipped.headers["ETag"]) == (answer.data, answer.headers["ETag"])
    assert validate(str(tmp_path / "datapackage.json")).valid


@pytest.mark.slow
def test_no_study_is_left_out(app: Flask) -> None:
    """Each is taken in and done."""
    mine = client(app)
    for name in OFFERED:
        given = {key: value for key, value in ASKED[name].items() if key != "judge_all"}
        address = submitted(mine, {"study": name, "parameters": given})
        found = ended(mine, address)
        assert found["state"] == "done", (name, found["error"])
        assert found["result"]["files"][-1]["name"] == "datapackage.json"
        assert found["result"]["tables"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"study": "matrix", "parameters": {"colour": 1}}, 422, "parameters.colour"),
        ({"study": "matrix", "parameters": {"unit": "speech"}}, 422, "parameters.unit"),
        ({"study": "matrix", "parameters": {"folder": "/tmp"}}, 422, "parameters.folder"),
        ({"study": "matrix", "parameters": {"progress": 1}}, 422, "parameters.progress"),
        ({"study": "profile"}, 422, "parameters.state"),
        ({"study": "trends", "parameters": {"issue": "D999"}}, 422, "parameters.issue"),
        ({"study": "trends", "parameters": {"text": ["x"]}}, 422, "parameters.text"),
        ({"study": "clusters", "parameters": {"seed": 1e400}}, 422, "parameters.seed"),
        ({"study": "poll"}, 400, "study"),
        ({"study": "votes", "parameters": {"votes": "/etc"}}, 400, "study"),
        ({}, 400, "study"),
        ({"study": "matrix", "formats": ["xlsx"]}, 400, "formats[0]"),
        ({"study": "matrix", "formats": []}, 400, "formats"),
        ({"study": "matrix", "parameters": [1]}, 400, "parameters"),
        ({"study": "matrix", "owner": "x"}, 400, "owner"),
    ],
)
def test_wrong_parameters_are_named_and_nothing_is_kept(
    app: Flask, body: Any, status: int, field: str
) -> None:
    mine = client(app)
    answer = mine.post(PATH, data=json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json.get("field")) == (status, field), answer.text
    assert mine.get(PATH).json == {"jobs": []}


def test_a_key_sees_and_ends_its_own_jobs_only(app: Flask) -> None:
    mine, other, nobody = client(app), client(app, Scope.ADMIN), app.test_client()
    address = submitted(mine, TRENDS)
    file = ended(mine, address)["result"]["files"][0]["href"]
    for stranger in (other, nobody):
        for send in (stranger.get, stranger.delete):
            assert refusal(send(address)) == (404, "/problems/not-found")
        assert refusal(stranger.get(file)) == (404, "/problems/not-found")
        assert stranger.get(PATH).json == {"jobs": []}
    (listed,) = mine.get(PATH).json["jobs"]
    assert (f"{PATH}/{listed['id']}", listed["study"]) == (address, "trends")
    assert mine.get(address).status_code == fetched(mine, file).status_code == 200


def test_without_a_key_a_job_is_whoever_s_knows_its_id(app: Flask) -> None:
    mine, colleague = app.test_client(), app.test_client()
    address = submitted(mine, TRENDS)
    assert ended(colleague, address)["state"] == "done"
    assert [one["id"] for one in mine.get(PATH).json["jobs"]] == [address.rpartition("/")[2]]
    assert colleague.get(PATH).json == {"jobs": []}


def test_a_job_of_a_page_is_no_study(app: Flask, held: Callable[[], None]) -> None:
    mine = client(app)
    owner = work(app).jobs.get(submitted(mine, TRENDS).rpartition("/")[2]).owner
    other = work(app).jobs.submit("draft", owner, {"text": "x"})
    assert mine.get(f"{PATH}/{other.id}").status_code == 404
    assert mine.delete(f"{PATH}/{other.id}").status_code == 404
    assert len(mine.get(PATH).json["jobs"]) == 1
    assert len(mine.get("/jobs.json").json["jobs"]) == 2


def test_who_may(app: Flask, held: Callable[[], None]) -> None:
    judging = {"study": "matrix", "parameters": {"judged": 2}}
    everything = {"study": "profile", "parameters": {"state": "FRA", "judge_all": True}}
    reader, importer = client(app), client(app, Scope.IMPORT)
    both, nobody = client(app, Scope.READ, Scope.IMPORT), app.test_client()
    for body in (judging, everything):
        assert refusal(reader.post(PATH, json=body)) == (403, "/problems/forbidden")
        assert refusal(nobody.post(PATH, json=body)) == (401, "/problems/unauthorized")
        submitted(both, body)
        submitted(client(app, Scope.ADMIN), body)
    assert importer.post(PATH, json=TRENDS).status_code == 403
    submitted(reader, {"study": "matrix", "parameters": {"judged": 0}})
    wrong = app.test_client().get(PATH, headers={"X-API-Key": "no"})
    assert wrong.status_code == 401


def test_what_may_take_hours_is_done_apart(app: Flask, held: Callable[[], None]) -> None:
    mine = client(app, Scope.READ, Scope.IMPORT)
    everything = {"study": "cohesion", "parameters": {"bloc": "eu", "judge_all": True}}
    kinds = [
        work(app).jobs.get(submitted(mine, body).rpartition("/")[2]).kind
        for body in (TRENDS, MATRIX, everything)
    ]
    assert kinds == ["study", "long_study", "long_study"]


def test_the_same_request_is_done_once(app: Flask, held: Callable[[], None]) -> None:
    mine, named = client(app), {"Idempotency-Key": "first"}
    first = mine.post(PATH, json=TRENDS, headers=named)
    again = mine.post(PATH, json=TRENDS, headers=named)
    assert (again.status_code, again.data) == (202, first.data)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotency-Replayed"] == "true"
    other = mine.post(PATH, json=MATRIX, headers=named)
    assert refusal(other) == (409, "/problems/conflict")
    assert len(mine.get(PATH).json["jobs"]) == 1
    submitted(client(app), TRENDS, **named)
    cancelled = [
        mine.delete(first.headers["Location"], headers={"Idempotency-Key": "second"})
        for _ in range(2)
    ]
    assert [one.json["removed"] for one in cancelled] == [False, False]


def test_no_file_but_those_of_the_package(app: Flask) -> None:
    mine = client(app)
    address = submitted(mine, TRENDS)
    assert ended(mine, address)["state"] == "done"
    (folder,) = folders(app)
    (folder / "package" / "secret.csv").write_text("x")
    (folder / "secret.csv").write_text("x")
    tried = [
        "secret.csv", "../secret.csv", "..%2Fsecret.csv", "%2e%2e/secret.csv", "..\\secret.csv",
        "..%5csecret.csv", "/etc/passwd", "%2Fetc%2Fpasswd", "....//secret.csv", "trends.csv/",
        "./trends.csv", "trends.csv%00", "%00", ".", "..", "TRENDS.CSV", "../../../CURRENT",
        quote("trends.csv\n"), "../../accounts.sqlite", "",
    ]  # fmt: skip
    for name in tried:
        answer = mine.get(f"{address}/files/{name}", follow_redirects=True)
        assert answer.status_code == 404, (name, answer.data[:80])
    for job_id in ("..", "%2e%2e", "../jobs", ".", "x" * 500, folder.name.upper()):
        answer = mine.get(f"{PATH}/{job_id}/files/datapackage.json")
        assert answer.status_code in (308, 404), job_id
    assert fetched(mine, f"{address}/files/trends.csv").status_code == 200


def test_files_that_a_backup_left_out_are_told_to_be_gone(app: Flask) -> None:
    mine = client(app)
    found = ended(mine, submitted(mine, TRENDS))
    shutil.rmtree(folders(app)[0])
    answer = mine.get(found["result"]["files"][0]["href"])
    assert answer.status_code == 404
    assert "submit it again" in answer.json["detail"]


def test_a_job_that_has_ended_is_removed_with_its_files(app: Flask) -> None:
    mine = client(app)
    address = submitted(mine, TRENDS)
    job_id = ended(mine, address)["id"]
    assert [path.name for path in folders(app)] == [job_id]
    assert mine.delete(address).json == {"id": job_id, "state": "done", "removed": True}
    assert folders(app) == []
    assert refusal(mine.delete(address)) == refusal(mine.get(address)) == (
        404, "/problems/not-found",
    )  # fmt: skip


@pytest.mark.usefixtures("slowly")
def test_a_job_is_cancelled_at_work_and_the_next_one_done(app: Flask) -> None:
    mine = client(app)
    address = submitted(mine, MATRIX)
    following = submitted(mine, {"study": "matrix", "parameters": {"states": ["FRA", "USA"]}})
    found = until(mine, address, lambda job: job["state"] == "running" and job["done"])
    assert 0 < found["done"] < found["total"]
    assert found["phrase"] == "comparing"
    began = time.monotonic()
    assert mine.delete(address).json["state"] == "cancelled"
    assert ended(mine, following)["state"] == "done"
    assert time.monotonic() - began < 5
    found = mine.get(address).json
    assert (found["state"], found["result"]) == ("cancelled", None)
    assert [path.name for path in folders(app)] == [following.rpartition("/")[2]]
    assert mine.delete(address).json["removed"]


@pytest.mark.usefixtures("slowly")
def test_a_job_that_is_forgotten_at_work_leaves_nothing(app: Flask) -> None:
    mine = client(app)
    address = submitted(mine, MATRIX)
    until(mine, address, lambda job: job["state"] == "running" and job["done"])
    work(app).forget(work(app).jobs.get(address.rpartition("/")[2]))
    assert ended(mine, submitted(mine, {"study": "matrix", "parameters": {"states": ["FRA"]}}))
    assert len(folders(app)) == 1


def test_keys_have_their_turns(app: Flask, held: Callable[[], None]) -> None:
    """One that came first with many doesn't keep the other waiting."""
    greedy, modest = client(app), client(app)
    many = [submitted(greedy, TRENDS) for _ in range(6)]
    few = [submitted(modest, TRENDS) for _ in range(2)]
    held()
    for address in many:
        ended(greedy, address)
    for address in few:
        ended(modest, address)
    jobs = {address: work(app).jobs.get(address.rpartition("/")[2]) for address in many + few}
    order = sorted(jobs, key=lambda address: jobs[address].started)  # type: ignore[arg-type, return-value]
    assert order[:4] == [many[0], few[0], many[1], few[1]]
    assert order[4:] == many[2:]


def test_no_key_fills_the_queue(app: Flask, held: Callable[[], None]) -> None:
    mine = client(app)
    for _ in range(10):
        address = submitted(mine, TRENDS)
    refused = mine.post(PATH, json=TRENDS)
    assert refusal(refused) == (429, "/problems/rate-limited")
    assert int(refused.headers["Retry-After"]) > 0
    mine.delete(address)
    submitted(mine, TRENDS)
    submitted(client(app), TRENDS)


def test_nothing_is_begun_where_results_fill_the_disk(app: Flask) -> None:
    mine = client(app)
    ended(mine, submitted(mine, TRENDS))
    comparator = app.extensions["comparator"]
    comparator.settings = comparator.settings.model_copy(update={"max_result_bytes": 100})
    answer = mine.post(PATH, json=TRENDS)
    assert refusal(answer) == (503, "/problems/overloaded")
    assert "remove those" in answer.json["detail"]


def test_its_page_shows_progress_and_files(app: Flask) -> None:
    mine = client(app)
    address = submitted(mine, TRENDS)
    found = ended(mine, address)
    (row,) = seen(mine, "/jobs").select("tbody tr")
    link = row.select_one("a")
    assert " ".join(link.text.split()) == "study: trends · topic=palestine · from=2000"
    assert link["href"] == f"/study/{found['id']}"
    page = seen(mine, link["href"])
    links = [a["href"] for a in page.select("#files a")]
    assert links == [one["href"] for one in found["result"]["files"]]
    assert "étude" in seen(mine, "/jobs?lang=fr").select_one("tbody a").text
    assert client(app).get(link["href"]).status_code == 404


def refusal(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.json["type"]
