"""Answers that needn't be made again, on a real index; and when they must be."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.comparison import Comparator
from service.domain.access import Scope
from service.retrieval.build import Builder
from service.retrieval.store import StatementStore
from service.settings import Settings
from service.web.app import create_app
from service.web.caching import Answers, Kept
from tests.conftest import Quiet, statement

PEACE = "we want peace now"
SAID = [statement("FRA", "2020", "yes to peace", "yes to trade"), statement("NOR", "2020", "peace")]


@pytest.fixture
def settings(tmp_path: Path, stance_folder: Path, request: pytest.FixtureRequest) -> Settings:
    room = getattr(request, "param", 1_000_000)
    return Settings(indexes=tmp_path, stance_model=stance_folder, cache_bytes=room)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    comparator = Comparator(settings)
    build(comparator)
    app = create_app(comparator=comparator, bound_host="127.0.0.1")
    yield app
    app.extensions["accounts"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def build(comparator: Comparator, *more: str) -> None:
    said = [*SAID, *(statement("CHN", "2021", text) for text in more)]
    list(StatementStore(comparator.settings.indexes).put(said))
    Builder(
        comparator.settings.indexes, comparator.encoder, comparator.catalogue.topics.ids
    ).build(Quiet())  # fmt: skip


def ask(client: FlaskClient, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/v1/search", query_string={"text": PEACE}, headers=named)


def encoded(app: Flask) -> float:
    """Questions encoded so far."""
    found = app.extensions["figures"].registry.get_sample_value(
        "concord_stage_seconds_count", {"stage": "encode"}
    )
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize(
    "settings", [0], indirect=True, ids=["where the server itself keeps nothing"]
)
def test_an_answer_that_still_holds_is_not_made_again(app: Flask, client: FlaskClient) -> None:
    first = ask(client)
    assert first.status_code == 200
    assert first.headers["ETag"].startswith('"')  # a strong one
    assert first.headers["Cache-Control"] == "public, no-cache"
    before = encoded(app)
    again = ask(client, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary"):
        assert again.headers[name] == first.headers[name]
    assert encoded(app) == before
    assert ask(client, If_None_Match='"another"').data == first.data
    assert encoded(app) == before + 1


def test_the_kept_answer_is_the_answer(app: Flask, client: FlaskClient) -> None:
    first, again = ask(client), ask(client)
    assert encoded(app) == 1
    assert (again.data, again.headers["ETag"]) == (first.data, first.headers["ETag"])
    fresh = create_app(comparator=app.extensions["comparator"], bound_host="127.0.0.1")
    assert ask(fresh.test_client()).data == first.data
    assert ask(fresh.test_client()).headers["ETag"] == first.headers["ETag"]  # as on a replica
    fresh.extensions["accounts"].close()


@pytest.mark.parametrize(
    "changes",
    [{"text": "we want trade now"}, {"limit": 1}, {"fields": "text"}, {"format": "csv"}],
    ids=str,
)
def test_another_question_or_form_has_another_tag(
    client: FlaskClient, changes: dict[str, str]
) -> None:
    first = ask(client)
    other = client.get("/v1/search", query_string={"text": PEACE} | changes)
    assert other.status_code == 200
    assert other.headers["ETag"] != first.headers["ETag"]
    assert other.data != first.data


def test_what_is_left_out_is_what_is_said_of_it(client: FlaskClient) -> None:
    said = client.get("/v1/search", query_string={"limit": 20, "text": PEACE, "mode": "dense"})
    assert said.headers["ETag"] == ask(client).headers["ETag"]


def test_compressed_it_is_another_representation(app: Flask, client: FlaskClient) -> None:
    plain, small = ask(client), ask(client, Accept_Encoding="gzip")
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    assert {"Accept", "Accept-Encoding"} <= {
        name.strip() for name in small.headers["Vary"].split(",")
    }
    assert small.headers["ETag"] != plain.headers["ETag"]
    crossed = ask(client, Accept_Encoding="gzip", If_None_Match=plain.headers["ETag"])
    assert (crossed.status_code, crossed.data) == (200, small.data)
    held = ask(client, Accept_Encoding="gzip", If_None_Match=f"W/{small.headers['ETag']}")
    assert held.status_code == 304


def test_a_new_generation_and_its_roll_back(app: Flask, client: FlaskClient) -> None:
    comparator = app.extensions["comparator"]
    first = ask(client)
    build(comparator, "peace and peace again")
    second = ask(client, If_None_Match=first.headers["ETag"])
    assert second.status_code == 200
    assert b"peace and peace again" in second.data
    comparator.generations.roll_back()
    assert ask(client, If_None_Match=second.headers["ETag"]).data == first.data
    assert ask(client, If_None_Match=first.headers["ETag"]).status_code == 304


def test_a_correction_is_shown_at_once(app: Flask, client: FlaskClient) -> None:
    _, token = app.extensions["accounts"].keys.create("tests", [Scope.READ, Scope.IMPORT])
    tags = [ask(client).headers["ETag"]]
    for stance in ("opposed", "aligned"):
        given = {
            "text": PEACE, "claim_id": SAID[0].claims[0].id, "stance": stance,
            "author": "A. Reader", "reason": "Read it.",
        }  # fmt: skip
        made = client.post("/v1/corrections", json=given, headers={"X-API-Key": token})
        assert made.status_code == 201
        shown = ask(client, If_None_Match=tags[-1])
        assert shown.status_code == 200
        hits = [hit for group in shown.json["results"] for hit in group["hits"]]  # type: ignore[index]
        (corrected,) = [hit for hit in hits if hit["corrected"]]
        assert corrected["stance"] == stance
        tags.append(shown.headers["ETag"])
    assert len(set(tags)) == 3


def test_a_keys_answer_is_for_its_holder_alone(app: Flask, client: FlaskClient) -> None:
    _, token = app.extensions["accounts"].keys.create("tests", [Scope.READ])
    assert ask(client, X_API_Key=token).headers["Cache-Control"] == "private, no-cache"


def test_what_may_not_be_kept(app: Flask, client: FlaskClient) -> None:
    refused = client.get("/v1/search", query_string={"text": PEACE, "colour": "red"})
    missing = client.get("/v1/claims/nobody:1-2")
    posted = client.post("/v1/search", json={"text": PEACE})
    health = client.get("/healthz")
    for answer in (refused, missing, posted, health):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers
    assert client.get("/v1/claims/nobody:1-2", headers={"If-None-Match": "*"}).status_code == 404
    # The client may not keep what was posted; the server may.
    before = encoded(app)
    assert client.post("/v1/search", json={"text": PEACE}).data == posted.data
    assert encoded(app) == before


def test_unusable_corrections_leave_answers_unkept(app: Flask, client: FlaskClient) -> None:
    (app.extensions["comparator"].settings.indexes / "corrections.sqlite").write_bytes(b"x" * 5000)
    found = client.get("/v1/search", query_string={"text": PEACE, "stance": "off"})
    assert found.status_code == 200
    assert "ETag" not in found.headers


def test_only_so_many_bytes_are_kept() -> None:
    answers = Answers(100_000)
    for number in range(100):
        answers.put(str(number), Kept(bytes(9_000), ()))
        assert answers.get("0") is not None  # asked for all the time
    assert answers.bytes <= 100_000
    assert answers.get("99") is not None
    assert answers.get("50") is None
    answers.put("large", Kept(bytes(50_000), ()))
    assert answers.get("large") is None
    assert answers.get("99") is not None


def test_many_threads_leave_the_count_right() -> None:
    answers = Answers(200_000)

    def work(seed: int) -> None:
        for number in range(2_000):
            tag = str((number * seed) % 97)
            if answers.get(tag) is None:
                answers.put(tag, Kept(bytes(1_000 + number % 5_000), ()))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (1, 3, 5, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [answer for tag in range(97) if (answer := answers.get(str(tag)))]
    assert kept
    assert answers.bytes == sum(answer.size for answer in kept) <= 200_000
