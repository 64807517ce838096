"""Imports behind pages: reported line by line, refused at once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.comparison import Comparator
from service.domain.access import Scope
from service.jobs import worker as module
from service.web.app import create_app
from tests.web.pages.posting import cleared, ended, file, post, refused, submitted, token, work
from tests.web.pages.test_asking import seen

TABLE = b"state,date,text\nNorway,2024-01-01,The veto must go.\nAtlantis,2024-01-01,We sank.\n"


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def importer(
    tmp_path: Path, said: Comparator, monkeypatch: pytest.MonkeyPatch
) -> Iterator[FlaskClient]:
    """With a key that may import, on a folder of its own."""
    monkeypatch.setattr(module, "POLL_S", 0.02)
    made = create_app(
        comparator=Comparator(said.settings.model_copy(update={"indexes": tmp_path / "own"})),
        bound_host="127.0.0.1",
    )
    client = made.test_client()
    client.set_cookie("key", token(made, Scope.READ, Scope.IMPORT))
    yield client
    made.extensions["work"].worker.close()
    made.extensions["accounts"].close()


def test_an_import_needs_a_key_of_its_scope(app: Flask, client: FlaskClient) -> None:
    assert "a key with the scope" in seen(client, "/import").text
    sent = {"format": "table", "file": file(TABLE, "t.csv")}
    assert post(client, "/import", **sent).status_code == 401
    client.set_cookie("key", token(app, Scope.READ))
    sent = {"format": "table", "file": file(TABLE, "t.csv")}
    assert post(client, "/import", **sent).status_code == 403
    assert not list((work(app).uploads._folder).glob("*/*"))


def test_an_import_is_reported_line_by_line(importer: FlaskClient, tmp_path: Path) -> None:
    hostile = "../<b>\u202ett.csv"
    address = submitted(importer, "/import", format="table", file=file(TABLE, hostile))
    found = ended(importer, address)
    assert found["read"]["changes"] == {"added": 1, "changed": 0, "unchanged": 0}
    (entry,) = found["report"]
    assert (entry["line"], entry["outcome"]) == (3, "skipped")
    assert "unknown state 'Atlantis'" in entry["reason"]
    page = importer.get(address).text
    assert "1 statement is read: 1 added, 0 changed, 0 unchanged; 1 claims." in " ".join(
        re.sub(r"<[^>]+>", "", page).split()
    )
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "\u202e" not in page
    assert str(tmp_path) not in json.dumps(found)
    assert "run “python -m service build”" in page
    assert cleared(tmp_path / "own" / "uploads")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"format": "picture"}, "format"),
        ({"format": "statement", "date": "2024"}, "state"),
        ({"format": "statement", "state": "Atlantis", "date": "2024"}, "state"),
        ({"format": "article", "date": "soon"}, "date"),
        ({"format": "table", "state": "Norway"}, "state"),
        ({"format": "table", "file": None}, "file"),
    ],
)
def test_an_import_that_cant_be_is_told_at_once(
    importer: FlaskClient, tmp_path: Path, fields: dict[str, Any], field: str
) -> None:
    sent = {"file": file(TABLE, "t.csv")} | fields
    answer = post(importer, "/import", **{name: v for name, v in sent.items() if v is not None})
    assert refused(answer)[0] == field
    assert not list((tmp_path / "own" / "uploads").glob("*/*"))


def test_a_file_has_a_limit_of_its_own(importer: FlaskClient) -> None:
    rows = "".join(f"Norway,2024-01-02,Peace {n} now.,{'x' * 5_000}\n" for n in range(32))
    large = f"state,date,text,notes\n{rows}".encode()
    assert len(large) > 150_000
    address = submitted(importer, "/import", format="table", file=file(large, "t.csv"))
    assert ended(importer, address)["read"]["read"] == 32
    sent = {"format": "table", "file": file(large + large, "t.csv")}
    assert post(importer, "/import", **sent).status_code == 413
    assert importer.post("/key", data={"key": "x" * 1_100_000}).status_code == 413
