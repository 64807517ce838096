"""The question in a form, its answer state by state: real index, real templates."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.domain.answers import Group
from service.domain.stance import STANCES

TEXT = "Sanctions decided by the Security Council must be carried out by every State."
WORDS = {"aligned": "aligned", "partial": "with reservations", "opposed": "opposed",
         "unclear": "unclear"}  # fmt: skip


def seen(client: FlaskClient, path: str = "/", status: int = 200, **query: Any) -> BeautifulSoup:
    answer = client.get(path, query_string=query or None)
    assert answer.status_code == status, answer.text[:500]
    assert answer.mimetype == "text/html"
    return BeautifulSoup(answer.text, "lxml")


def test_the_answer_is_the_comparators(client: FlaskClient, judging: Comparator) -> None:
    page = seen(client, text=TEXT, we="CHN", to="2010")
    answer = judging.search(TEXT, exclude=["CHN"], to="2010", limit=250, per_state=1)
    groups = [group for group in answer.results if isinstance(group, Group)]
    assert len(groups) > 100
    by_state = {row["id"].removeprefix("state-"): row for row in page.select("li.state")}
    near = [group for group in groups if group.hits[0].probabilities]
    assert by_state.keys() == {group.state for group in near}
    far = page.select('section[aria-labelledby="far"] li')
    assert {li["id"].removeprefix("state-") for li in far} == {
        group.state for group in groups if group not in near
    }
    assert not page.select("#state-CHN")
    for group in near:
        row, (hit,) = by_state[group.state], group.hits
        assert row.select_one("blockquote p").text == hit.text
        assert row.select_one("time")["datetime"] == hit.date
        assert (hit.forum or "") in row.text
        context = row.select_one('a[href^="/statements/"]')["href"]
        assert parse_qs(urlsplit(context).query) == {"claim": [hit.claim_id]}
        assert urlsplit(context).fragment == f"claim-{hit.start}"
        assert row.find_parent("section")["aria-labelledby"] == group.stance
        assert WORDS[group.stance] in row.select_one(".badge").text
        assert "machine judgement, check the quotation" in row.text


def test_counts_map_and_blocs_are_of_the_rows(client: FlaskClient) -> None:
    page = seen(client, text=TEXT, we="CHN")
    twin = client.get("/index.json", query_string={"text": TEXT, "we": "CHN"}).get_json()
    sections = {
        str(stance): page.select(f'section[aria-labelledby="{stance}"] li.state')
        for stance in STANCES
    }
    counts = {stance: len(rows) for stance, rows in sections.items()}
    assert counts == twin["overview"]["counts"]
    assert sum(counts.values()) + len(twin["overview"]["far"]) == len(twin["results"])
    tops = {li["class"][0]: li.strong.text for li in page.select(".counts li")}
    assert tops == {stance: str(count) for stance, count in counts.items()}
    titles = [title.text for title in page.select("svg.tile-map title")]
    for stance, word in WORDS.items():
        assert sum(title.endswith(f": {word}") for title in titles) == counts[stance]
    links = {a["href"] for a in page.select("svg.tile-map a")}
    assert links
    assert all(page.select_one(link) for link in links)
    (g77,) = [bloc for bloc in twin["overview"]["blocs"] if bloc["id"] == "g77"]
    assert sum(g77["counts"].values()) < g77["members"]


def test_who_we_are_is_remembered_and_left_out(client: FlaskClient) -> None:
    page = seen(client, text=TEXT, we="Norway")
    assert not page.select("#state-NOR")
    assert page.select_one('select[name="we"] option[selected]')["value"] == "NOR"
    assert seen(client).select_one('select[name="we"] option[selected]')["value"] == "NOR"
    # An address sent by a colleague asks what it says, whoever opens it.
    assert seen(client, text=TEXT).select("#state-NOR")
    seen(client, text=TEXT, we="")
    assert not seen(client).select('select[name="we"] option[selected]')


def test_the_address_holds_the_question_and_the_form_shows_it(client: FlaskClient) -> None:
    asked = {"text": TEXT, "we": "BRA", "from": "2001", "to": "2015",
             "blocs": ["g77", "non-aligned-movement"],
             "stance": ["unclear", "opposed"], "kind": "any", "per_state": "2"}  # fmt: skip
    page = seen(client, **asked)
    form = page.select_one("form.ask")
    assert form.select_one("textarea").text == TEXT
    shown: dict[str, Any] = {}
    for select in form.select("select"):
        shown[select["name"]] = [o["value"] for o in select.select("option[selected]")]
    assert (shown["we"], set(shown["blocs"])) == (["BRA"], {"g77", "non-aligned-movement"})
    assert set(shown["stance"]) == {"unclear", "opposed"}
    assert form.select_one('input[name="from"]')["value"] == "2001"
    assert form.select_one("details").has_attr("open")
    rows = page.select("li.state")
    assert rows
    assert all(len(row.select("figure.quotation")) <= 2 for row in rows)


def test_more_of_a_state(client: FlaskClient) -> None:
    page = seen(client, text="Climate change threatens small island states.", we="CHN")
    link = page.select_one("li.state h3 small a")["href"]
    assert parse_qs(urlsplit(link).query)["we"] == ["CHN"]
    more = seen(client, link)
    assert len(more.select("li.state")) == 1
    assert len(more.select("figure.quotation")) > 1


def test_several_claims_are_answered_as_a_whole(client: FlaskClient) -> None:
    both = f"{TEXT} The external debt of poor countries must be cancelled."
    page = seen(client, text=both)
    twin = client.get("/index.json", query_string={"text": both}).get_json()
    assert "parts" not in twin
    assert len(twin["query"]["parts"]) == 2
    assert "Your text holds 2 positions" in page.text
    asked = {q["data-asked"] for q in page.select("figure.quotation")}
    assert asked == {part["text"] for part in twin["query"]["parts"]}
    assert page.select('a[href="/draft"]')


def test_doubt_is_said_and_a_next_step_offered(client: FlaskClient) -> None:
    page = seen(client, text="My neighbour's cat sleeps on the warm piano all afternoon.")
    (alert,) = page.select("p.refused")
    assert "No position here is on the point" in alert.text
    assert len(alert.select("a")) == 2
    assert not page.select("#state-FRA .badge.aligned")
    empty = seen(client, text=TEXT, **{"from": "1946", "to": "1950"})
    assert "Nothing passes these filters" in empty.text
    (step,) = [a for a in empty.select("a") if a.text == "ask without filters"]
    assert seen(client, step["href"]).select("li.state")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"text": ""}, None), ({"text": "", "from": "2000"}, "text"),
        ({"text": TEXT, "we": "Atlantis"}, "exclude"), ({"text": TEXT, "colour": "red"}, "colour"),
        ({"text": TEXT, "from": "2010", "to": "2000"}, "to"),
        ({"text": TEXT, "group_by": "none"}, "group_by"), ({"text": "..."}, "text"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_the_form(
    client: FlaskClient, asked: dict[str, str], field: str | None
) -> None:
    page = seen(client, status=400 if field else 200, **asked)
    assert page.select_one("form.ask textarea").text == asked["text"]
    alerts = page.select('[role="alert"] strong')
    assert [alert.text for alert in alerts] == ([field] if field else [])


def test_without_a_stance_model_nothing_is_said_of_stances(bundled: Comparator) -> None:
    from service.web.app import create_app

    client = create_app(comparator=bundled, bound_host="127.0.0.1").test_client()
    page = seen(client, text=TEXT)
    assert len(page.select("li.state")) > 100
    assert not page.select(".badge, .counts, svg.tile-map")
    assert "why?" not in page.text
    assert not page.select('select[name="stance"]')


def test_suggestions_begin_the_words_that_were_typed(
    client: FlaskClient, judging: Comparator
) -> None:
    found = client.get("/suggest.json", query_string={"text": "veto abol"}).get_json()
    assert found["suggestions"]
    for text in found["suggestions"]:
        words = text.lower().split()
        assert any(word.startswith("veto") for word in words)
    known = {w for issue in judging.issues for w in (issue.proposition, issue.contrary)}
    assert set(found["suggestions"]) <= known
    assert client.get("/suggest.json?text=ve").get_json() == {"suggestions": []}
    assert client.get("/suggest.json").get_json() == {"suggestions": []}


def test_no_page_has_an_inline_script_or_style(client: FlaskClient) -> None:
    answer = client.get("/", query_string={"text": TEXT})
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    page = BeautifulSoup(answer.text, "lxml")
    assert not page.select("[style], style, script:not([src])")
    assert not re.findall(r"\son[a-z]+=", answer.text)
    for link in page.select("[src], link[href]"):
        assert (link.get("src") or link["href"]).startswith("/")


def test_the_twin_repeats_byte_by_byte(client: FlaskClient) -> None:
    first, second = (client.get("/index.json", query_string={"text": TEXT}) for _ in range(2))
    assert first.data == second.data
    assert json.loads(first.data)["query"]["text"] == TEXT
