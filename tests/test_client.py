"""The client through HTTP: against the real service, and against servers that shed."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask, request

from service.accounts.accounts import Accounts
from service.client import ApiProblem, Client, Group, SearchResult, Unreachable
from service.comparison import Comparator
from service.domain.access import Scope
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.studies.catalogue import find_study
from service.studies.formats import Format as FileFormat
from service.studies.package import write_package
from service.web.app import create_app
from tests.conftest import PROJECT, Quiet, statement
from tests.serving import served

TEXT = "Sanctions decided by the Security Council must be carried out by every State."
BOTH = (Scope.READ, Scope.IMPORT)
ROW = {"state": "NOR", "date": "2024-09", "text": "Mines must be cleared. We thank them."}
Environ = dict[str, Any]
Start = Callable[..., Any]


@dataclass
class Service:
    """A served application, and what it was sent and answered: (method, path, status)."""

    app: Flask
    address: str
    seen: list[tuple[str, str, int]] = field(default_factory=list)

    def key(self, *scopes: Scope) -> str:
        accounts: Accounts = self.app.extensions["accounts"]
        return accounts.keys.create("test", scopes)[1]


def watched(app: Flask) -> Iterator[Service]:
    with served(app) as address:
        made = Service(app, address)

        @app.after_request
        def note(answer: Any) -> Any:
            made.seen.append((request.method, request.path, answer.status_code))
            return answer

        yield made
    app.extensions["accounts"].close()


@pytest.fixture(scope="module")
def service(bundled: Comparator) -> Iterator[Service]:
    yield from watched(create_app(comparator=bundled, bound_host="127.0.0.1"))


@pytest.fixture
def client(service: Service) -> Iterator[Client]:
    service.seen.clear()
    with Client(service.address) as made:
        yield made


@pytest.fixture
def importing(tmp_path: Path) -> Iterator[Service]:
    """A small index of its own, and a service whose address is new each time."""
    comparator = Comparator(Settings(indexes=tmp_path, stance_model=None, rate_limit="none"))
    list(StatementStore(tmp_path).put([statement("FRA", "2020", "yes to peace")]))
    build(comparator)
    yield from watched(create_app(comparator=comparator, bound_host="127.0.0.1"))


def build(comparator: Comparator) -> None:
    folder = comparator.settings.indexes
    Builder(folder, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())


def test_it_needs_nothing_else_of_the_package() -> None:
    code = (
        "import sys, service.client\n"
        "ours = [m for m in sys.modules if m.startswith('service')]\n"
        "print(sorted(m for m in ours if not m.startswith('service.client')))\n"
        "assert not {'torch', 'faiss', 'numpy', 'flask', 'pydantic'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "['service']"), done


def test_an_answer_is_the_library_s(client: Client, bundled: Comparator) -> None:
    found = client.search(TEXT, exclude=["CHN"], from_="2005", limit=4, per_state=2)
    expected = bundled.search(TEXT, **{"exclude": ["CHN"], "from": "2005"}, limit=4, per_state=2)
    assert found.raw == json.loads(json.dumps(expected.to_dict()))
    assert [group.state for group in found.groups] == [
        group["state"] for group in found.raw["results"]
    ]
    assert found.hits == tuple(hit for group in found.groups for hit in group.hits)
    assert isinstance(found.groups[0], Group)
    assert (found.hits[0].text, found.hits[0].raw["percentile"]) == (
        found.raw["results"][0]["hits"][0]["text"],
        found.raw["results"][0]["hits"][0]["percentile"],
    )


@pytest.mark.parametrize("group_by", ["state", "none"])
def test_pages_are_one_big_page(client: Client, group_by: str) -> None:
    whole = client.search(TEXT, group_by=group_by, from_=2017, limit=60)
    pages = list(client.pages(TEXT, group_by=group_by, from_=2017, limit=7))
    assert len(pages) > 8
    assert all(page.next for page in pages[:-1])
    assert pages[-1].next is None
    found = [result for page in pages for result in page.raw["results"]]
    assert found[:60] == whole.raw["results"]
    ids = [hit.claim_id for page in pages for hit in page.hits]
    assert len(set(ids)) == len(ids)
    rows = list(client.hits(TEXT, group_by=group_by, from_=2017, limit=50))
    assert [row["claim_id"] for row in rows] == ids
    assert all(row["name"] for row in rows)


def test_rows_are_flat_and_thinned(client: Client) -> None:
    rows = list(client.hits(TEXT, limit=50, fields=["state", "date", "similarity"]))
    assert len(rows) > 50
    assert {tuple(sorted(row)) for row in rows} == {("date", "similarity", "state")}
    hit = client.search(TEXT, fields=["state"]).hits[0]
    assert (hit.raw, hit.text) == ({"state": hit.state}, "")


def test_a_text_too_long_for_an_address_is_sent_as_a_body(client: Client, service: Service) -> None:
    long = TEXT + " We say so every year, and mean it." * 100
    found = client.search(long, exclude="CHN", limit=2)  # type: ignore[arg-type]
    assert service.seen[-1] == ("POST", "/v1/search", 200)
    assert found.raw["query"]["exclude"] == ["CHN"]
    rows = client.hits(long, limit=2)
    assert len([next(rows), next(rows)]) == 2


def test_a_batch_longer_than_one_keeps_its_order(client: Client, service: Service) -> None:
    asked: list[Any] = [TEXT, {"text": TEXT, "from_": 2010, "to": 1990}]
    asked += [{"text": f"Lift embargo number {n}.", "limit": 1, "stance": "off"} for n in range(99)]
    found = client.batch(asked)
    assert [path for _, path, _ in service.seen] == ["/v1/search/batch"] * 2
    assert found[0] == client.search(TEXT)
    refused = found[1]
    assert isinstance(refused, ApiProblem)
    assert (refused.type, refused.status) == ("/problems/unprocessable", 422)
    texts = [one.raw["query"]["text"] for one in found[2:] if isinstance(one, SearchResult)]
    assert texts == [one["text"] for one in asked[2:]]


def test_figures_and_lists(client: Client) -> None:
    facets = client.facets(TEXT, stance=["off"])
    assert sum(count.count for count in facets.counts["state"]) == facets.total
    agreed = client.agreement("multilateralism", states=["CHN", "FRA", "NOR"])
    assert {cell.state_a for cell in agreed.cells} <= {"CHN", "FRA", "NOR"}
    assert len(agreed.cells) == len(agreed.raw["cells"]) > 0
    trends = client.trends("multilateralism", from_="2000", by="bloc")
    assert trends.rows and all(row.year >= 2000 and row.group for row in trends.rows)
    assert len(client.states()) == 200
    assert [topic.id for topic in client.topics()].count("multilateralism") == 1
    (eu,) = [bloc for bloc in client.blocs(on=1960) if bloc.id == "eu"]
    assert len(eu.members) == 6
    assert client.issues()[0].proposition
    news = client.changes("CHN_78_2023")
    assert news.against and news.against["statement_id"] == "CHN_77_2022"
    assert sum(news.counts.values()) == len(news.changes) > 0
    turned = client.changes("CHN_77_2022", "CHN:2023")
    assert turned.counts["new"] == news.counts["dropped"]
    assert {one.claim_id for one in turned.changes} == {one.counterpart_id for one in news.changes}


def test_standings_and_corrections(tmp_path: Path, stance_folder: Path) -> None:
    """With a stance model, which both need."""
    comparator = Comparator(Settings(indexes=tmp_path, stance_model=stance_folder))
    list(StatementStore(tmp_path).put([statement("FRA", "2020", "the veto must go")]))
    build(comparator)
    for service in watched(create_app(comparator=comparator, bound_host="127.0.0.1")):
        with Client(service.address, service.key(Scope.READ, Scope.IMPORT)) as client:
            (hit,) = client.search("the veto must go").hits
            assert hit.stance
            said = (hit.claim_id, "partial", "A. Reader", "It says when, too.")
            kept = client.correct("the veto must go", *said)
            assert (kept.stance, kept.state, kept.raw["was"]["stance"]) == (
                "partial", "FRA", hit.stance
            )  # fmt: skip
            assert client.correct("the veto must go", *said) == kept
            assert client.search("the veto must go").hits[0].stance == "partial"
            issue = client.issues()[0]
            found = client.issue(issue.id, evidence=True, states=["FRA"])
            assert found.issue == issue
            assert [one.state for one in found.states] == ["FRA"]
            assert "evidence" in found.states[0].raw
            assert sum(found.counts.values()) == 1


def test_records(client: Client) -> None:
    hit = client.search(TEXT).hits[0]
    claim = client.claim(hit.claim_id)
    assert (claim.text, claim.statement and claim.statement["state"]) == (hit.text, hit.state)
    found = client.statement(hit.statement_id)
    assert hit.claim_id in [one.claim_id for one in found.claims]
    assert found.text is None  # a rendering


def test_a_refusal_is_typed_and_not_sent_again(client: Client, service: Service) -> None:
    with pytest.raises(ApiProblem, match="Atlantis") as raised:
        client.search(TEXT, exclude=["Atlantis"])
    error = raised.value
    assert (error.type, error.status, error.field) == ("/problems/invalid-input", 400, "exclude")
    assert error.request_id
    with pytest.raises(ApiProblem) as raised:
        client.statement("no/such ?id")
    assert (raised.value.type, raised.value.status) == ("/problems/not-found", 404)
    with pytest.raises(ApiProblem) as raised, Client(service.address, key="wrong") as other:
        other.topics()
    assert (raised.value.type, raised.value.status) == ("/problems/unauthorized", 401)
    assert len(service.seen) == 3
    with pytest.raises(ValueError, match="address"):
        Client("concord.example")


def test_an_answer_that_still_holds_is_not_sent_again(client: Client, service: Service) -> None:
    first, second = client.search(TEXT), client.search(TEXT)
    rows = [list(client.hits(TEXT, group_by="none", limit=50)) for _ in range(2)]
    assert [status for *_, status in service.seen[:2]] == [200, 304]
    assert 304 in [status for *_, status in service.seen[3:]]
    assert first == second
    assert rows[0] == rows[1]
    first.raw["results"].clear()  # type: ignore[attr-defined]
    assert client.search(TEXT) == second  # an answer is the asker's, what is kept isn't
    client.search(TEXT, limit=1)
    assert service.seen[-1][-1] == 200


def test_what_changed_is_sent_anew(importing: Service) -> None:
    comparator: Comparator = importing.app.extensions["comparator"]
    with Client(importing.address) as client:
        before = client.search("peace")
        more = [statement("PER", "2021", "peace for all")]
        list(StatementStore(comparator.settings.indexes).put(more))
        build(comparator)
        after = client.search("peace")
    assert before.generation != after.generation
    assert {hit.state for hit in after.hits} == {"FRA", "PER"}


@pytest.mark.slow
def test_stored_searched_deleted(importing: Service) -> None:
    comparator: Comparator = importing.app.extensions["comparator"]
    with comparator.ingest.building(), Client(importing.address, importing.key(*BOTH)) as c:
        made = c.import_statements(ROW)
        own = made.statements[0].statement_id
        assert (made.statements[0].change, made.searchable) == ("added", False)
        c.wait_until_searchable(made, timeout=180)
        assert c.search("Mines must be cleared.", states=["NOR"], kind=["any"]).hits
        assert c.delete_statement(own).removed
        assert not c.delete_statement(own).removed
    with Client(importing.address, importing.key(*BOTH)) as c:
        made = c.import_statements([ROW | {"text": "Ships must pass freely."}])
        with pytest.raises(TimeoutError, match="off"):  # nobody builds any more
            c.wait_until_searchable(made, timeout=0.5)
    with Client(importing.address, importing.key(Scope.READ)) as c:
        with pytest.raises(ApiProblem) as raised:
            c.import_statements(ROW)
        assert raised.value.type == "/problems/forbidden"


def test_an_import_whose_answer_was_lost_is_done_once(importing: Service) -> None:
    """The service answers, and the connection drops before the answer arrives."""
    lost: list[tuple[str, bytes]] = []
    inner = importing.app.wsgi_app

    def losing(environ: Environ, start: Start) -> Any:
        answer = inner(environ, start)
        if environ["REQUEST_METHOD"] == "POST" and len(lost) < 2:
            lost.append((environ["HTTP_IDEMPOTENCY_KEY"], b"".join(answer)))
            return _cut()
        return answer

    importing.app.wsgi_app = losing  # type: ignore[method-assign]
    with Client(importing.address, importing.key(Scope.IMPORT)) as client:
        made = client.import_statements(ROW)
    assert [status for *_, status in importing.seen] == [201, 201, 201]
    assert len({name for name, _ in lost}) == 1
    assert [json.loads(body) for _, body in lost] == [made.raw, made.raw]
    assert made.statements[0].change == "added"  # that of the first time


def _cut() -> Iterator[bytes]:
    """A body that ends before the length that was told."""
    yield b"{"


def test_a_name_of_one_s_own_holds_for_one_body(importing: Service) -> None:
    key = importing.key(Scope.IMPORT)
    with Client(importing.address, key) as client:
        client.import_statements(ROW, idempotency_key="mine")
    with Client(importing.address, key) as client:
        again = client.import_statements(ROW, idempotency_key="mine")
        assert again.statements[0].change == "added"
        with pytest.raises(ApiProblem) as raised:
            client.import_statements(ROW | {"date": "2023"}, idempotency_key="mine")
    assert (raised.value.type, raised.value.status) == ("/problems/conflict", 409)


@dataclass
class Shedding:
    """Answers what it is told to, one after the other, then `{"topics": []}`; notes the times."""

    answers: list[tuple[str, dict[str, str], bytes]]
    times: list[float] = field(default_factory=list)

    def __call__(self, environ: Environ, start: Start) -> list[bytes]:
        self.times.append(time.monotonic())
        given = self.answers.pop(0) if self.answers else None
        status, headers, body = given or ("200 OK", {}, b'{"topics": []}')
        start(status, [*headers.items(), ("Content-Length", str(len(body)))])
        return [body]


PROBLEM = json.dumps(
    {"type": "/problems/overloaded", "title": "Service Unavailable", "status": 503, "detail": "."}
).encode()


@pytest.mark.parametrize("status", ["503 Service Unavailable", "429 Too Many Requests"])
def test_what_is_shed_is_asked_again_when_it_is_told_to(status: str) -> None:
    shedding = Shedding([(status, {"Retry-After": "1"}, PROBLEM)] * 2)
    with served(shedding) as address, Client(address) as client:
        assert client.topics() == ()
    first, second, third = shedding.times
    assert second - first >= 1
    assert third - second >= 1


def test_retries_end_and_what_takes_too_long_is_told() -> None:
    shedding = Shedding([("503 Service Unavailable", {}, PROBLEM)] * 9)
    with served(shedding) as address, Client(address, retries=2) as client:
        with pytest.raises(ApiProblem) as raised:
            client.topics()
        assert (raised.value.type, len(shedding.times)) == ("/problems/overloaded", 3)
        shedding.answers[:] = [("429 Too Many Requests", {"Retry-After": "40000"}, PROBLEM)]
        with pytest.raises(ApiProblem) as raised:
            client.topics()
        assert (raised.value.retry_after, len(shedding.times)) == (40_000, 4)
        shedding.answers[:] = [("502 Bad Gateway", {}, b"<h1>A proxy</h1>")]
        with pytest.raises(ApiProblem) as raised:
            client.topics()
        assert (raised.value.type, raised.value.title) == ("about:blank", "Bad Gateway")


def test_where_nobody_answers() -> None:
    with served(Shedding([])) as address:
        pass
    began = time.monotonic()
    with Client(address, retries=1) as client, pytest.raises(Unreachable, match="t answer"):
        client.topics()
    assert time.monotonic() - began < 10
    with Client("http://127.0.0.1:9", retries=0, key="secret") as client:
        with pytest.raises(Unreachable) as raised:
            client.topics()
        assert "secret" not in str(raised.value) + repr(client)
        assert isinstance(raised.value.__cause__, httpx.ConnectError)


@dataclass
class Deployment:
    """The bundled positions in a folder of their own, with workers that look often."""

    service: Service
    comparator: Comparator


@pytest.fixture
def working(bundled: Comparator, tmp_path: Path) -> Iterator[Deployment]:
    folder = tmp_path / "indexes"
    apart = shutil.ignore_patterns("accounts.*", "uploads", "jobs")
    shutil.copytree(bundled.settings.indexes, folder, ignore=apart)
    comparator = Comparator(Settings(indexes=folder, stance_model=None, rate_limit="none"))
    app = create_app(comparator=comparator, bound_host="127.0.0.1")
    for service in watched(app):
        yield Deployment(service, comparator)
        for worker in (app.extensions["work"].worker, app.extensions["work"].slow):
            worker.close()


def test_comparisons_are_the_library_s(client: Client, bundled: Comparator) -> None:
    found = client.compare("MLI:2023", text_b="Sanctions on the Niger must be eased.", seed=4)
    expected = bundled.compare(
        "MLI:2023", text_b="Sanctions on the Niger must be eased.", seed=4
    )  # fmt: skip
    assert found.raw == json.loads(json.dumps(expected.to_dict()))
    assert [one.claim_id for one in found.positions] == [
        one["claim_id"] for one in found.raw["positions"]
    ]
    assert found.similarity is None or found.similarity.low <= found.similarity.value
    pairs = client.matrix(states=["MLI", "COM", "ECU"], least=2, intervals=False, from_=2020)
    asked: Any = {"states": ["MLI", "COM", "ECU"], "least": 2, "intervals": False, "from": 2020}
    assert pairs.raw == json.loads(json.dumps(bundled.matrix(**asked).to_dict()))
    assert [(cell.a, cell.b) for cell in pairs.cells] == [
        (cell["a"], cell["b"]) for cell in pairs.raw["cells"]
    ]
    assert {unit.unit for unit in pairs.units} <= {"MLI", "COM", "ECU"}
    with pytest.raises(ApiProblem, match="/v1/jobs") as raised:
        client.matrix("statement")
    assert (raised.value.status, raised.value.field) == (422, "from")


def test_a_study_is_submitted_waited_for_and_fetched(working: Deployment, tmp_path: Path) -> None:
    service = working.service
    asked = {"topic": "palestine", "from_": 2000, "states": "FRA"}
    with Client(service.address, service.key(Scope.READ)) as client:
        job = client.submit("trends", asked, formats=["csv", "jsonl"])
        assert (job.study, job.parameters["from"], job.parameters["states"]) == (
            "trends", 2000, ["FRA"],
        )  # fmt: skip
        found = client.wait(job.id, timeout=60)
        assert (found.state, found.is_over, found.error) == ("done", True, None)
        paths = client.download(found, tmp_path / "new" / "folder")
        assert [path.name for path in paths] == [one.name for one in found.files]
        assert "trends.csv" in {path.name for path in paths}
        given = {"topic": "palestine", "from": 2000, "states": ["FRA"]}
        formats = [FileFormat.CSV, FileFormat.JSONL]
        write_package(find_study("trends"), given, tmp_path / "whole", working.comparator, formats)
        for path in paths:
            assert path.read_bytes() == (tmp_path / "whole" / path.name).read_bytes()
        assert len(list((tmp_path / "new" / "folder").iterdir())) == len(paths)
        assert [one.id for one in client.jobs()] == [job.id]
        assert client.cancel(job)
        with pytest.raises(ApiProblem) as raised:
            client.job(job)
        assert raised.value.status == 404
        with pytest.raises(ApiProblem) as raised:
            client.submit("matrix", {"unit": "speech"})
        assert (raised.value.status, raised.value.field) == (422, "parameters.unit")


def test_a_job_is_left_or_given_up(working: Deployment, tmp_path: Path) -> None:
    service, work = working.service, working.service.app.extensions["work"]
    work.worker.wake = lambda: None
    with Client(service.address, service.key(Scope.READ)) as client:
        job = client.submit("trends", {"topic": "palestine"}, idempotency_key="mine")
        assert client.submit("trends", {"topic": "palestine"}, idempotency_key="mine").id == job.id
        with pytest.raises(TimeoutError, match="queued"):
            client.wait(job, timeout=0.3)
        with pytest.raises(ValueError, match="is queued"):
            client.download(job, tmp_path / "none")
        assert not client.cancel(job)
        assert client.wait(job).state == "cancelled"
        with pytest.raises(ValueError, match="is cancelled"):
            client.download(job, tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "..", "a/b", ""])
def test_no_file_is_saved_elsewhere(tmp_path: Path, name: str) -> None:
    """Whatever a service says."""
    file = {"name": name, "media_type": "text/csv", "bytes": 1, "sha256": "0", "href": "/x"}
    with (
        served(Shedding([_job_with(file)])) as address,
        Client(address) as client,
        pytest.raises(ValueError, match="plain name"),
    ):
        client.download("x", tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["into"]


def test_a_file_that_isn_t_what_it_should_be_is_not_kept(tmp_path: Path) -> None:
    sha256 = hashlib.sha256(b"x").hexdigest()
    file = {"name": "a.csv", "media_type": "text/csv", "bytes": 1, "sha256": sha256, "href": "/x"}
    good: tuple[str, dict[str, str], bytes] = ("200 OK", {}, b"x")
    bad: tuple[str, dict[str, str], bytes] = ("200 OK", {}, b"y")
    shed: tuple[str, dict[str, str], bytes] = ("503 Busy", {"Retry-After": "0"}, PROBLEM)
    shedding = Shedding([_job_with(file), shed, bad, _job_with(file), shed, good])
    with served(shedding) as address, Client(address) as client:
        with pytest.raises(ValueError, match="didn't arrive"):
            client.download("x", tmp_path)
        assert list(tmp_path.iterdir()) == []
        assert client.download("x", tmp_path) == (tmp_path / "a.csv",)
    assert (tmp_path / "a.csv").read_bytes() == b"x"


def _job_with(file: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    job = {
        "id": "x", "study": "trends", "title": "", "state": "done", "done": 1, "total": 1,
        "phrase": "", "error": None, "created": "", "started": None, "ended": None,
        "parameters": {}, "result": {"tables": [], "files": [file]},
    }  # fmt: skip
    return "200 OK", {"Content-Type": "application/json"}, json.dumps(job).encode()
