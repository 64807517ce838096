"""Databases that another process holds: who would write is told, and answers go on meanwhile."""

from __future__ import annotations

import json
import sqlite3
import time

import pytest

from tests.faults.places import SEARCH, Place, current, refusal
from tests.faults.service import ask

pytestmark = pytest.mark.slow


@pytest.mark.faults
def test_databases_that_another_process_holds(place: Place) -> None:
    """Whoever would write waits, and is then told; answers are given meanwhile."""
    before = current(place)
    claim = json.loads(place.run(*SEARCH))["results"][0]["hits"][0]["claim_id"]
    key = place.run("keys", "create", "third", "--scope", "import").strip()
    names = ("statements.sqlite", "corrections.sqlite", "accounts.sqlite", "verdicts.sqlite")
    with place.serving() as service:
        held = [sqlite3.connect(place.indexes / name, isolation_level=None) for name in names]
        for connection in held:
            connection.execute("BEGIN EXCLUSIVE")
        waiting = {
            "statements.sqlite": place.start(*place.import_(10)),
            "corrections.sqlite": place.start(
                "correct", "--text", "Nets.", "--claim", claim, "--stance", "unclear",
                "--author", "B", "--reason", "None.",
            ),
            "accounts.sqlite": place.start("keys", "create", "fourth"),
        }  # fmt: skip
        began = time.monotonic()
        assert service.generation() == before
        assert time.monotonic() - began < 5
        row = {"id": "own-20", "state": "NOR", "date": "2024", "text": "Nets must be narrow."}
        status, said = ask(service.port, "/v1/statements", row, headers={"X-API-Key": key})
        assert status == 503, said
        assert "Traceback" not in json.dumps(said)
        for name, process in waiting.items():
            assert name in refusal(process)
        assert service.generation() == before
        for connection in held:
            connection.execute("ROLLBACK")
            connection.close()
        place.run(*place.import_(10))
        status, said = ask(service.port, "/v1/statements", row, headers={"X-API-Key": key})
        assert status == 201, said
    assert {"own-10", "own-20"} <= place.stored()
