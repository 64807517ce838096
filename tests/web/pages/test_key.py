"""A browser's key, where a deployment asks for one; and forms that other sites' pages send."""

from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.domain.access import Scope
from service.web.app import create_app


@pytest.fixture
def closed(bundled: Comparator, tmp_path: Path) -> FlaskClient:
    """A deployment where nobody reads without a key, with keys of its own."""
    settings = bundled.settings.model_copy(update={"anonymous_read": False, "database_url": None})
    app = create_app(comparator=Comparator(settings), bound_host="0.0.0.0")
    return app.test_client()


def new_key(client: FlaskClient) -> str:
    return client.application.extensions["accounts"].keys.create("a reader", [Scope.READ])[1]


def test_a_page_without_a_key_asks_for_one(closed: FlaskClient) -> None:
    answer = closed.get("/?text=veto", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    form = BeautifulSoup(answer.text, "lxml").select_one('form[action="/key"]')
    assert form.select_one("input")["type"] == "password"
    assert closed.get("/key").status_code == 200


def test_a_good_key_is_kept_out_of_reach_and_forgotten(closed: FlaskClient) -> None:
    token = new_key(closed)
    kept = closed.post("/key", data={"key": f" {token} "})
    assert (kept.status_code, kept.location) == (303, "/")
    cookie = kept.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = closed.get("/key")
    assert "This browser has a key" in page.text
    assert token not in page.text
    assert closed.get("/").status_code == 200
    assert closed.get("/v1/topics").status_code == 200
    closed.post("/key", data={"key": ""})
    assert closed.get("/").status_code == 401


def test_a_bad_key_is_refused_and_not_kept(closed: FlaskClient) -> None:
    for token in ("hunter2", new_key(closed)[:-1] + "!"):
        answer = closed.post("/key", data={"key": token})
        assert (answer.status_code, answer.mimetype) == (401, "text/html")
        assert token not in answer.text
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}]
)
def test_another_sites_form_does_nothing(closed: FlaskClient, headers: dict[str, str]) -> None:
    answer = closed.post("/key", data={"key": new_key(closed)}, headers=headers)
    assert answer.status_code == 403
    assert "own pages only" in answer.text
    assert "Set-Cookie" not in answer.headers
    own = closed.post("/key", data={"key": new_key(closed)}, headers={"Origin": "http://localhost"})
    assert own.status_code == 303
