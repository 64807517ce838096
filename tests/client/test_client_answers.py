"""The client's answers: the library's own, in pages and typed, sent anew only where changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.client import ApiProblem, Client, Group, SearchResult
from service.comparison import Comparator
from service.domain.access import Scope
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from tests.client.servers import Service, build, watched
from tests.conftest import PROJECT, statement

TEXT = "Sanctions decided by the Security Council must be carried out by every State."


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
