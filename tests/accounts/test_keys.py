"""API keys, on both databases."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import event, text

from service.accounts import database as database_module
from service.accounts import keys as module
from service.accounts.database import Database
from service.accounts.keys import Keys
from service.accounts.quotas import Quotas
from service.cli import main
from service.domain.access import Scope, permits
from service.errors import DatabaseUnusable, InvalidInput, NotFound, Unauthorized
from service.settings import Settings
from tests.accounts.conftest import OpenDatabase


def test_a_key_is_good_until_revoked(database: Database) -> None:
    keys = Keys(database)
    key, token = keys.create("A dashboard", [Scope.IMPORT, Scope.READ], 100)
    assert keys.check(token) == key
    assert (key.name, key.scopes, key.daily_quota) == (
        "A dashboard", (Scope.READ, Scope.IMPORT), 100,
    )  # fmt: skip
    assert Keys(database).check(token) == key  # as another process reads it
    assert keys.revoke(key.id).state == "revoked"
    with pytest.raises(Unauthorized, match=f"the key {key.id} was revoked"):
        keys.check(token)
    revoked = keys.all()[0].revoked
    assert keys.revoke(key.id).revoked == revoked
    with pytest.raises(NotFound, match="no such key: 00000000"):
        keys.revoke("00000000")


def test_only_a_hash_and_the_id_are_kept(database: Database) -> None:
    key, token = Keys(database).create("reader", [Scope.READ])
    assert token.startswith(f"concord_{key.id}_")
    secret = token.removeprefix(f"concord_{key.id}_")
    assert len(secret) == 43  # 256 bits in base64
    with database.read() as session:
        (row,) = session.execute(text("SELECT * FROM concord_key")).all()
    assert hashlib.sha256(token.encode()).digest() in [
        bytes(value) for value in row if isinstance(value, bytes | memoryview)
    ]
    assert secret not in repr(row)
    assert secret not in f"{key!r}{key.to_dict()}"


def test_what_is_no_good_key_is_refused(database: Database) -> None:
    keys = Keys(database)
    key, token = keys.create("one", [Scope.READ])
    _, other = keys.create("two", [Scope.READ])
    forged = f"concord_{key.id}_{other[-43:]}"
    for wrong in ("", "concord_", token[:-1], token + "A", forged, f"concord_ffffffff_{'A' * 43}",
                  token.upper(), "é" * 60, "\udce9" * 60):  # fmt: skip
        with pytest.raises(Unauthorized, match="this key isn't known") as raised:
            keys.check(wrong)
        assert raised.value.sent


def test_a_key_expires(database: Database) -> None:
    keys = Keys(database)
    end = datetime.now(UTC) + timedelta(seconds=4)  # a busy machine may take a while to get there
    key, token = keys.create("short", [Scope.READ], expires=end)
    assert keys.check(token).expires == end
    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds()) + 0.1)
    with pytest.raises(Unauthorized, match=f"the key {key.id} expired on {end:%Y-%m-%d}"):
        keys.check(token)
    assert keys.all()[0].state == "expired"


def test_a_revocation_elsewhere_takes_effect_within_seconds(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.5)
    here, there = Keys(database), Keys(database)
    key, token = here.create("reader", [Scope.READ])
    here.check(token)
    there.revoke(key.id)
    deadline = time.monotonic() + 5
    with pytest.raises(Unauthorized, match="was revoked"):
        while time.monotonic() < deadline:
            here.check(token)


def test_the_database_isnt_asked_at_each_request(
    settings: Settings, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 60.0)
    database = open_database(settings)
    _, token = Keys(database).create("reader", [Scope.READ])
    asked: list[str] = []
    engine: Any = database._engine

    @event.listens_for(engine, "before_cursor_execute")
    def executed(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if "concord_key" in statement:
            asked.append(statement)

    keys, unknown = Keys(database), f"concord_ffffffff_{'A' * 43}"
    for _ in range(50):
        keys.check(token)
        with pytest.raises(Unauthorized):
            keys.check(unknown)
    assert len(asked) == 2
    with pytest.raises(Unauthorized):
        keys.check("no key at all")
    assert len(asked) == 2


def test_a_key_that_was_good_outlasts_the_database(
    tmp_path: Path, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    monkeypatch.setattr(database_module, "PAUSE_S", 0.0)
    database = open_database(Settings(indexes=tmp_path, database_url=None))
    keys = Keys(database)
    key, token = keys.create("seen", [Scope.READ])
    _, unseen = keys.create("unseen", [Scope.READ])
    keys.check(token)
    path = tmp_path / "accounts.sqlite"
    path.rename(tmp_path / "aside")
    path.mkdir()
    assert keys.check(token) == key
    with pytest.raises(DatabaseUnusable):
        keys.check(unseen)
    monkeypatch.setattr(module, "GRACE_S", 0.0)
    with pytest.raises(DatabaseUnusable):
        keys.check(token)
    path.rmdir()
    (tmp_path / "aside").rename(path)
    assert keys.check(unseen).name == "unseen"


def test_threads_agree(database: Database) -> None:
    keys = Keys(database)
    _, token = keys.create("reader", [Scope.READ])
    found: list[str] = []

    def ask() -> None:
        found.extend(keys.check(token).name for _ in range(100))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["reader"] * 800


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"scopes": []}, "scope"),
        ({"daily_quota": 0}, "quota"),
        ({"daily_quota": 2**31}, "quota"),
        ({"expires": datetime.now(UTC)}, "expires"),
    ],
)
def test_what_no_key_can_be(
    given: dict[str, Any], field: str, tmp_path: Path, open_database: OpenDatabase
) -> None:
    keys = Keys(open_database(Settings(indexes=tmp_path, database_url=None)))
    with pytest.raises(InvalidInput) as raised:
        keys.create(**{"name": "n", "scopes": [Scope.READ]} | given)
    assert raised.value.field == field
    assert keys.all() == []


def test_admin_permits_all_and_nothing_else_does() -> None:
    assert {wanted for wanted in Scope if permits([Scope.ADMIN], wanted)} == set(Scope)
    for scope in (Scope.READ, Scope.IMPORT):
        assert [wanted for wanted in Scope if permits([scope], wanted)] == [scope]


def test_the_command_line(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_INDEXES", str(settings.indexes))
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    monkeypatch.setenv("CONCORD_DATABASE_URL", url)

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["keys", *arguments])
        assert done.exit_code == code, done.output
        return done.stdout if code == 0 else done.stderr

    assert "None yet" in run("list")
    token = run("create", "A dashboard", "--quota", "5", "--expires", "2999-12-31").strip()
    made = json.loads(run("create", "feed", "--scope", "import", "--scope", "read", "--format",
                          "json"))  # fmt: skip
    assert (made["scopes"], made["daily_quota"]) == (["read", "import"], None)
    database = Database.of(settings)
    quotas, key = Quotas(database), Keys(database).check(token)
    assert key.expires == datetime(3000, 1, 1, tzinfo=UTC)
    quotas.count(key)
    quotas.close()
    database.close()
    listed = run("list", "--format", "json")
    first, second = json.loads(listed)["keys"]
    assert (first["id"], first["requests_today"], first["daily_quota"]) == (key.id, 1, 5)
    assert first["last_used"] is not None
    assert second == {k: v for k, v in made.items() if k != "key"} | {"requests_today": 0}
    for secret in (token, made["key"]):
        assert secret not in listed + run("list")
    assert key.id in run("revoke", key.id)
    assert "revoked" in run("list")
    assert "no such key: 12345678" in run("revoke", "12345678", code=1)
    assert "--scope" in run("create", "x", "--scope", "write", code=2)
