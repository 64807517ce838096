"""Topics' pages over HTTP, on a real index of the bundled positions."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from bs4 import Tag

from service.comparison import Comparator
from service.web.app import create_app
from tests.serving import served
from tests.web.pages.test_issue import page, section, twin, words

TOPIC = "palestine"


@pytest.fixture(scope="module")
def address(judging: Comparator) -> Iterator[str]:
    app = create_app(comparator=judging, bound_host="127.0.0.1")
    with served(app) as found:
        yield found
    app.extensions["accounts"].close()


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, follow_redirects=True, timeout=30) as made:
        yield made


def test_every_topic_is_listed_and_leads_to_its_page(
    client: httpx.Client, judging: Comparator
) -> None:
    rows = {row["topic"]: row for row in twin(client, "/topics")["topics"]}
    assert set(rows) == {topic.id for topic in judging.catalogue.topics}
    for topic in judging.catalogue.topics:
        assert rows[topic.id]["issues"] == sum(topic.id in i.topics for i in judging.issues)
    assert rows[TOPIC]["claims"] == judging.topic(TOPIC).positions
    linked = page(client, "/topics").find("a", href=f"/topics/{TOPIC}")
    assert isinstance(linked, Tag)
    assert words(linked) == rows[TOPIC]["name"]


def test_a_topic_shows_what_the_library_finds(client: httpx.Client, judging: Comparator) -> None:
    plain, expected = twin(client, f"/topics/{TOPIC}"), judging.topic(TOPIC).to_dict()
    assert plain.pop("judges")
    assert plain == expected
    shown = page(client, f"/topics/{TOPIC}")
    assert expected["definition"] in words(shown)
    assert all(synonym in words(shown) for synonym in expected["synonyms"])
    (first,) = section(shown, "who").find_all("tbody")[:1]
    listed = [words(row.th) for row in first.find_all("tr")]
    speaking = [one["name"] for one in expected["states"] if one["positions"]]
    assert listed == speaking[: len(listed)]
    assert len(section(shown, "issues").find_all("li")) == len(expected["issues"])
    quoted = [words(one.p) for one in section(shown, "latest").find_all("blockquote")]
    assert quoted == [" ".join(hit["text"].split()) for hit in expected["latest"]]
    alike = words(section(shown, "alike"))
    assert "never agreement" in alike


def test_it_is_asked_within_the_topic(client: httpx.Client) -> None:
    shown = page(client, f"/topics/{TOPIC}?from=2010")
    form = shown.find("form", role="search")
    assert isinstance(form, Tag)
    sent = {str(one["name"]): str(one.get("value")) for one in form.find_all("input")}
    assert (form["action"], sent) == ("/", {"topics": TOPIC, "from": "2010"})
    answer = client.get("/", params={"text": "Settlements must stop.", **sent})
    assert answer.status_code == 200
    assert f'value="{TOPIC}" selected' in answer.text


def test_names_and_synonyms_lead_there_too(client: httpx.Client) -> None:
    assert twin(client, "/topics/Palestine")["topic"] == TOPIC
    assert twin(client, "/topics/Gaza")["topic"] == TOPIC


def test_what_is_empty_or_doubtful_says_so(client: httpx.Client) -> None:
    shown = page(client, f"/topics/{TOPIC}?from=2100")
    assert "No position here is on this topic" in words(shown)
    assert shown.find("a", href=f"/topics/{TOPIC}", string="look at all years")
    assert "rise and fall by chance" in words(page(client, f"/topics/{TOPIC}"))
    page(client, "/topics/atlantis", 404)
    assert "from" in words(page(client, f"/topics/{TOPIC}?from=soon", 400).find(class_="refused"))
    assert client.get(f"/topics/{TOPIC}?states=FRA").status_code == 400
