"""Issues' pages over HTTP: what isn't judged says so and can be begun; sides, changes, grounds."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from service.analysis.issue_judge import Recent
from service.comparison import Comparator
from service.domain.access import Scope
from service.domain.standing import Side
from service.jobs import worker
from service.web.app import create_app
from tests.conftest import statement
from tests.peace import CONTRARY, FILLING, FOR, PROPOSITION, STATEMENTS, peaceful
from tests.serving import served

# Not the blueprint, which the package calls by the same name.
module = importlib.import_module("service.web.pages.issue")
EVIL = "<script>alert(1)</script> \u202eyes to peace"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, stance_folder: Path) -> Comparator:
    made = peaceful(
        tmp_path_factory.mktemp("peace"),
        stance_folder,
        (*STATEMENTS, statement("BRA", "2010", EVIL)),
    )
    made.correct(PROPOSITION, f"BRA_0_2010:0-{len(EVIL)}", "opposed", "A. Reader", "it's a trick")
    return made


@pytest.fixture(scope="module")
def key(small: Comparator) -> Iterator[dict[str, str]]:
    """What the site's address is, and a key that may import."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(worker, "POLL_S", 0.02)
        app = create_app(comparator=small, bound_host="127.0.0.1")
        _, token = app.extensions["accounts"].keys.create("a test", [Scope.IMPORT, Scope.READ])
        with served(app) as address:
            yield {"address": address, "token": token}
        app.extensions["work"].worker.close()
        app.extensions["work"].slow.close()
        app.extensions["accounts"].close()


@pytest.fixture
def client(key: dict[str, str]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=key["address"], follow_redirects=True, timeout=30) as made:
        yield made


def forget(comparator: Comparator) -> None:
    """Whatever was judged."""
    (comparator.settings.indexes / "verdicts.sqlite").unlink(missing_ok=True)
    comparator._recent = Recent()


def page(client: httpx.Client, path: str, status: int = 200) -> BeautifulSoup:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("text/html")
    return BeautifulSoup(answer.text, "html.parser")


def words(found: Tag | None) -> str:
    assert found is not None
    return " ".join(found.get_text(" ").split())


def section(shown: BeautifulSoup, name: str) -> Tag:
    found = shown.find(attrs={"aria-labelledby": name})
    assert isinstance(found, Tag)
    return found


def twin(client: httpx.Client, path: str) -> dict[str, Any]:
    plain, _, query = path.partition("?")
    answer = client.get(f"{plain}.json?{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_what_isnt_judged_says_so_and_is_judged_by_a_job(
    client: httpx.Client, small: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "JUDGED_AT_ONCE", 0)
    forget(small)
    shown, plain = page(client, "/issues/peace"), twin(client, "/issues/peace")
    assert not plain["judged"]
    assert plain["pairs"] > 0
    assert f"{plain['pairs']} pairs" in words(section(shown, "judge"))
    assert "not judged yet" in words(page(client, "/issues?q=want+peace+now"))
    assert small.tallies() == {}
    answer = client.post("/issues/peace/judge", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.url.path.startswith("/judging/")
    job = answer.url.path
    while twin(client, job)["job"]["state"] in ("queued", "running"):
        time.sleep(0.02)
    found = twin(client, job)
    assert (found["job"]["state"], found["address"]) == ("done", "/issues/peace")
    assert page(client, job).find("a", href="/issues/peace", string="See where every state stands")
    after = twin(client, "/issues/peace")
    assert after["judged"]
    assert after["counts"] == found["job"]["result"]["counts"]
    assert "judging an issue: peace" in words(page(client, "/jobs"))
    listed = words(page(client, "/issues?q=want+peace+now"))
    assert "for 1" in listed
    assert "not judged yet" not in listed


def test_a_period_is_judged_with_its_filters(
    client: httpx.Client, small: Comparator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "JUDGED_AT_ONCE", 0)
    forget(small)
    shown = page(client, "/issues/peace?from=2005&states=IND&states=FRA")
    fields = section(shown, "judge").find_all("input", type="hidden")
    sent = [(str(one["name"]), str(one["value"])) for one in fields]
    assert sorted(sent) == [("from", "2005"), ("states", "FRA"), ("states", "IND")]
    data = {"from": "2005", "states": ["IND", "FRA"]}
    job = client.post("/issues/peace/judge", data=data).url.path
    assert twin(client, job)["address"] == "/issues/peace?states=IND&states=FRA&from=2005"
    assert "judging an issue: peace · IND, FRA · 2005" in words(page(client, "/jobs"))
    assert client.post("/issues/peace/judge", data={"from": "soon"}).status_code == 400
    assert client.post("/issues/war/judge").status_code == 404
    while twin(client, job)["job"]["state"] in ("queued", "running"):
        time.sleep(0.02)
    assert twin(client, "/issues/peace?from=2005&states=IND")["judged"]


def test_every_state_stands_where_the_library_says(client: httpx.Client, small: Comparator) -> None:
    plain, expected = twin(client, "/issues/peace"), small.standings("peace")
    assert plain["counts"] == expected.counts()
    assert {row["state"]: row["side"] for row in plain["states"]} == {
        "FRA": "for", "CUB": "against", "BRA": "against", "IND": "reservations", "NOR": "silent",
        **dict.fromkeys(FILLING, "silent"),
    }  # fmt: skip
    standings = {found.state: found for found in expected.states}
    for row in plain["states"]:
        found = standings[row["state"]]
        if row["side"] == "silent":
            assert row.keys() == {"state", "side"}
            continue
        assert (row["since"], row["basis"]) == (found.standing.since, found.standing.basis)
        assert [piece["claim_id"] for piece in row["evidence"]] == [
            record.claim.id for record in reversed(found.records)
        ]
        assert row["quotation"] in row["evidence"]
        assert row["quotation"]["side"] == row["side"]
    years = {row["year"]: row["sides"] for row in plain["years"]}
    assert (years[2004]["for"], years[2004]["reservations"]) == (2, 0)
    assert (years[2009]["for"], years[2009]["reservations"]) == (1, 1)


def test_a_state_that_changed_sides_shows_it(client: httpx.Client) -> None:
    (change,) = twin(client, "/issues/peace")["changes"]
    assert change == {
        "state": "IND", "date": "2009", "before": "for", "after": "reservations",
        "tentative": True,
    }  # fmt: skip
    shown = page(client, "/issues/peace")
    told = words(section(shown, "changes"))
    assert "2009 · India · for then with reservations (tentative)" in told
    row = shown.find(id="state-IND")
    assert isinstance(row, Tag)
    assert "1 change of position" in words(row)
    quoted = [words(one) for one in row.find_all("blockquote")]
    assert quoted == ["later some peace perhaps", FOR]
    assert row.find("details") is not None


def test_grounds_are_told_apart_and_each_quotation_is_traced(client: httpx.Client) -> None:
    shown = page(client, "/issues/peace")
    grounds = {"FRA": "machine judgement", "CUB": "by a reader's label", "BRA": "user corrected it"}
    for state, ground in grounds.items():
        row = shown.find(id=f"state-{state}")
        assert isinstance(row, Tag)
        assert ground in words(row)
        (context,) = row.find_all("a", string="in its context")
        assert context["href"].startswith(f"/statements/{state}_0_")
        assert client.get(str(context["href"])).status_code == 200
        assert bool(row.find_all("a", string="why?")) is (state == "FRA")
    said = words(section(shown, "against"))
    assert "machine judgement alone" not in said  # an example and a correction
    assert "1 by machine judgement alone, 0 by a reader's label" in words(section(shown, "for"))
    why = shown.find("a", string="why?")
    assert isinstance(why, Tag)
    assert PROPOSITION in words(page(client, str(why["href"])))


def test_what_is_quoted_is_text(client: httpx.Client) -> None:
    answer = client.get("/issues/peace")
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    (row,) = (r for r in twin(client, "/issues/peace")["states"] if r["state"] == "BRA")
    assert row["quotation"]["text"] == EVIL


def test_filters_narrow_and_refusals_are_pages(client: httpx.Client) -> None:
    one = twin(client, "/issues/peace?states=IND")
    everybody = twin(client, "/issues/peace")["states"]
    assert one["states"] == [row for row in everybody if row["state"] == "IND"]
    late = twin(client, "/issues/peace?from=2005")
    assert {row["state"]: row["side"] for row in late["states"]} == {
        "IND": "reservations", "BRA": "against",
    }  # fmt: skip
    assert late["changes"] == []
    assert late["query"] == {"exclude": [], "states": [], "blocs": [], "from": "2005", "to": None}
    assert "Nobody speaks" in words(page(client, "/issues/peace?from=2030"))
    assert "from" in words(page(client, "/issues/peace?from=soon", 400).find(class_="refused"))
    assert "sort" in words(page(client, "/issues/peace?sort=x", 400).find(class_="refused"))
    page(client, "/issues/war", 404)
    assert client.get("/issues/war.json").headers["Content-Type"] == "application/problem+json"


def test_many_quotations_are_each_on_their_states_address(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_QUOTATIONS", 3)
    rows = {row["state"]: row for row in twin(client, "/issues/peace")["states"]}
    assert rows["IND"]["evidence"] is None
    assert rows["IND"]["quotations"] == 2
    more = page(client, "/issues/peace").find("a", string="1 more over time")
    assert isinstance(more, Tag)
    assert str(more["href"]) == "/issues/peace?states=IND#state-IND"
    (row,) = twin(client, "/issues/peace?states=IND")["states"]
    assert len(row["evidence"]) == 2


def test_silence_is_said(client: httpx.Client) -> None:
    shown = page(client, "/issues/peace?states=NOR&we=NOR")
    assert "No state was found to take a side" in words(shown)
    shown = page(client, "/issues/peace?we=NOR")
    assert "nothing that Norway said was found to take a side" in words(shown)
    assert "Norway" in words(section(shown, "silent"))


@pytest.mark.parametrize("q", ["", "veto", "NUCLEAR  weapons", "peace now", "zanzibarium"])
def test_issues_are_found_by_their_words(client: httpx.Client, small: Comparator, q: str) -> None:
    plain = twin(client, f"/issues?q={q}")
    topics = {topic.id: topic.name for topic in small.catalogue.topics}
    expected = [
        one
        for one in small.issues
        if all(
            word in " ".join(
                (one.id, *one.wordings, *one.contraries, *(topics[t] for t in one.topics))
            ).lower()
            for word in q.lower().split()
        )
    ]  # fmt: skip
    found = {one["id"]: group["topic"] for group in plain["topics"] for one in group["issues"]}
    assert found == {one.id: one.topics[0] for one in expected}
    assert (plain["found"], plain["issues"]) == (len(expected), len(small.issues))
    text = words(page(client, f"/issues?q={q}"))
    assert ("No issue holds all of these words" in text) is (not expected)
    if q == "peace now":
        assert CONTRARY in text


def test_without_a_stance_model_it_says_so(small: Comparator) -> None:
    settings = small.settings.model_copy(update={"stance_model": None})
    other = Comparator(settings)
    other.encoder = small.encoder
    app = create_app(comparator=other, bound_host="127.0.0.1")
    client = app.test_client()
    assert "no stance model" in client.get("/issues/peace").text
    assert "no stance model" in client.get("/issues").text
    found = client.get("/issues/peace.json").json
    assert found is not None
    assert (found["judges"], found["judged"], found["pairs"]) == (False, False, None)
    app.extensions["accounts"].close()


def test_only_this_site_begins_work_and_all_issues_need_a_key(
    client: httpx.Client, key: dict[str, str]
) -> None:
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert client.post("/issues/peace/judge", headers=elsewhere).status_code == 403
    assert client.post("/issues").status_code == 401
    headers = {"X-API-Key": key["token"]}
    answer = client.post("/issues", headers=headers)
    assert "Judging all issues" in answer.text
    job = answer.url.path
    # It is the same work in whatever language it is asked for.
    again = client.post("/issues", headers=headers | {"Accept-Language": "fr"})
    assert again.url.path == job
    assert client.get(f"{job}.json", headers=headers).json()["job"]["kind"] == "judge_issues"
    assert client.get(f"{job}.json").status_code == 404
    assert (
        client.post(f"/jobs{job.removeprefix('/judging')}/cancel", headers=headers).url.path == job
    )


def test_sides_are_counted(client: httpx.Client) -> None:
    plain = twin(client, "/issues/peace")
    for side in Side:
        assert plain["counts"][side] == sum(row["side"] == side for row in plain["states"])
