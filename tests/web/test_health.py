"""Alive is one thing, able to answer another; and watchers must not cost what they watch."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from flask import Flask

from service.accounts.accounts import Accounts
from service.comparison import Comparator
from service.settings import Settings
from service.web.app import create_app
from service.web.health import FRESH_S


def app_on(folder: Path) -> Flask:
    settings = Settings(indexes=folder, stance_model=None, database_url=None)
    app = create_app(comparator=Comparator(settings), bound_host="127.0.0.1")
    app.extensions["accounts"] = Accounts(settings)
    return app


@pytest.fixture
def folder(bundled: Comparator, tmp_path: Path) -> Path:
    made = tmp_path / "ix"
    shutil.copytree(bundled.settings.indexes, made)
    return made


def test_ready_says_from_which_generation(folder: Path, bundled: Comparator) -> None:
    client = app_on(folder).test_client()
    found = client.get("/readyz")
    assert found.status_code == 200
    assert found.json == {
        "status": "ready",
        "generation": bundled.generation.manifest.id,
        "model": bundled.generation.manifest.model,
    }
    assert client.get("/healthz").json == {"status": "ok"}


def test_a_crowd_of_watchers_costs_one_probe(folder: Path) -> None:
    app = app_on(folder)
    client, stages = app.test_client(), app.extensions["figures"].registry

    def probes() -> float:
        count = stages.get_sample_value("concord_stage_seconds_count", {"stage": "search"})
        assert count is not None
        return float(count)

    began = time.monotonic()
    for _ in range(20):
        assert client.get("/readyz").status_code == 200
    lasted = time.monotonic() - began
    assert 1 <= probes() <= 1 + lasted / FRESH_S
    before = probes()
    time.sleep(FRESH_S + 0.05)
    client.get("/readyz")
    assert probes() == before + 1


def test_not_ready_until_there_is_an_index(folder: Path) -> None:
    pointer = (folder / "CURRENT").read_bytes()
    (folder / "CURRENT").unlink()
    client = app_on(folder).test_client()
    for _ in range(2):  # the second time from what is remembered
        found = client.get("/readyz")
        assert (found.status_code, found.content_type) == (503, "application/problem+json")
        assert found.json is not None
        assert found.json["type"] == "/problems/index-unusable"
        assert str(folder) not in found.text
    assert client.get("/healthz").status_code == 200
    (folder / "CURRENT").write_bytes(pointer)
    time.sleep(FRESH_S + 0.05)
    assert client.get("/readyz").status_code == 200


def test_not_ready_without_the_database(folder: Path) -> None:
    (folder / "accounts.sqlite").write_bytes(b"this is no database, and was never one" * 300)
    client = app_on(folder).test_client()
    found = client.get("/readyz")
    assert found.status_code == 503
    assert found.json is not None
    assert found.json["type"] == "/problems/database-unusable"
    assert client.get("/healthz").status_code == 200
