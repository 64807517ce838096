"""`/v1/feed` as a feed reader reads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from lxml import etree

from service.comparison import Comparator
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from tests.conftest import Quiet, statement

ATOM = "{http://www.w3.org/2005/Atom}"
TOPIC = ("multilateralism",)
SAID = [
    statement("FRA", "2019", "Together we <b>stand</b> & together we speak.", topics=[TOPIC]),
    statement("NOR", "2021-05-03", "One table for all nations.", topics=[TOPIC]),
    statement("NOR", "2022", "Fish must be protected.", number=1),
]


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    comparator = Comparator(Settings(indexes=tmp_path, stance_model=None))
    list(StatementStore(tmp_path).put(SAID))
    Builder(tmp_path, comparator.encoder, comparator.catalogue.topics.ids).build(Quiet())
    return create_app(comparator=comparator, bound_host="127.0.0.1").test_client()


def test_the_latest_on_a_topic_come_first(client: FlaskClient) -> None:
    answer = client.get("/v1/feed?topic=multilateralism")
    assert (answer.status_code, answer.mimetype) == (200, "application/atom+xml")
    feed = etree.fromstring(answer.data)
    entries = feed.findall(f"{ATOM}entry")
    assert [e.findtext(f"{ATOM}content") for e in entries] == [
        SAID[1].claims[0].text, SAID[0].claims[0].text
    ]  # fmt: skip
    assert [e.findtext(f"{ATOM}updated")[:10] for e in entries] == ["2021-05-03", "2019-01-01"]
    for entry in entries:
        assert client.get(entry.find(f"{ATOM}link").get("href")).status_code == 200
    assert len({e.findtext(f"{ATOM}id") for e in entries}) == 2


def test_a_text_and_a_filter(client: FlaskClient) -> None:
    found = etree.fromstring(client.get("/v1/feed?text=Fish+must+be+protected.").data)
    (entry,) = found.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}content") == SAID[2].claims[0].text
    none = etree.fromstring(client.get("/v1/feed?topic=multilateralism&states=BRA").data)
    assert none.findall(f"{ATOM}entry") == []


def test_one_subject_is_wanted(client: FlaskClient) -> None:
    assert client.get("/v1/feed").status_code == 422
    assert client.get("/v1/feed?topic=multilateralism&text=fish").status_code == 422
    assert client.get("/v1/feed?issue=X999").status_code == 404
