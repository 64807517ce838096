"""The database itself: opened, migrated, locked, out of reach."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import traceback
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

from service.accounts import database as module
from service.accounts.database import Database
from service.accounts.keys import Keys
from service.accounts.tables import VERSION_TABLE, Base, KeyRow
from service.domain.access import Scope
from service.errors import DatabaseUnusable
from service.settings import Settings
from tests.accounts.conftest import OpenDatabase, Postgres
from tests.conftest import PROJECT

SECRET = "hunter2hunter2"
OPENER = """
import sys
from service.accounts.database import Database
from service.settings import Settings

database = Database.of(Settings())
print("ready", flush=True)
sys.stdin.readline()
database.open()
database.close()
"""


def environment(settings: Settings) -> dict[str, str]:
    url = settings.database_url.get_secret_value() if settings.database_url else ""
    return os.environ | {"CONCORD_INDEXES": str(settings.indexes), "CONCORD_DATABASE_URL": url}


def test_the_migrations_make_the_tables_that_are_declared(database: Database) -> None:
    with database.read() as session:
        context = MigrationContext.configure(
            session.connection(), opts={"version_table": VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, Base.metadata) == []


def test_processes_that_open_an_empty_database_at_once(
    settings: Settings, open_database: OpenDatabase
) -> None:
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER], cwd=PROJECT, env=environment(settings), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    for opener in openers:
        assert opener.stdout is not None
        assert opener.stdout.readline() == "ready\n"
    ended = [opener.communicate("go\n") for opener in openers]
    assert [(opener.returncode, said[1]) for opener, said in zip(openers, ended, strict=True)] == [
        (0, "")
    ] * 3
    with open_database(settings).read() as session:
        assert session.scalar(text(f"SELECT count(*) FROM {VERSION_TABLE}")) == 1
        assert session.scalars(select(KeyRow)).all() == []


def test_a_newer_database_is_left_alone(settings: Settings, open_database: OpenDatabase) -> None:
    with open_database(settings).write() as session:
        session.execute(text(f"UPDATE {VERSION_TABLE} SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match="version 9999 of its tables, newer than"):
        open_database(settings).open()


def test_a_locked_database_is_told_and_still_read(
    settings: Settings, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WAIT_S", 1)
    locked = open_database(settings)
    key, token = Keys(locked).create("reader", [Scope.READ])
    if settings.database_url is None:
        with closing(sqlite3.connect(locked.name)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseUnusable, match="is locked by another process: waited 1 s"):
                Keys(locked).revoke(key.id)
            assert Keys(locked).check(token) == key
    else:
        with psycopg.connect(settings.database_url.get_secret_value()) as connection:
            connection.execute("LOCK TABLE concord_key IN EXCLUSIVE MODE")
            with pytest.raises(DatabaseUnusable, match="is locked by another process: waited 1 s"):
                Keys(locked).revoke(key.id)
            assert Keys(locked).check(token) == key
    assert Keys(locked).revoke(key.id).state == "revoked"


@pytest.mark.parametrize(
    "address",
    [
        f"postgres://user:{SECRET}@127.0.0.1:1/name",
        f"postgresql://user@127.0.0.1:1/name?password={SECRET}",
        f"postgresql://user:{SECRET}@127.0.0.1:port/name",
        f"mysql://user:{SECRET}@127.0.0.1/name",
        f"{SECRET}",
        "sqlite://",
    ],
)
def test_what_cant_be_reached_is_told_without_its_password(
    address: str, tmp_path: Path, open_database: OpenDatabase
) -> None:
    settings = Settings(indexes=tmp_path, database_url=address)
    assert SECRET not in f"{settings!r} {settings} {settings.model_dump()}"
    with pytest.raises(DatabaseUnusable) as raised:
        open_database(settings).open()
    assert SECRET not in "".join(traceback.format_exception(raised.value))
    assert "127.0.0.1:1/name can't be reached" in str(raised.value) or "DATABASE_URL" in str(
        raised.value
    )


def test_a_wrong_password_is_told_without_it(
    postgres: Postgres, tmp_path: Path, open_database: OpenDatabase
) -> None:
    url = postgres.url(password=SECRET)
    with pytest.raises(DatabaseUnusable, match="password authentication failed") as raised:
        open_database(Settings(indexes=tmp_path, database_url=url)).open()
    assert SECRET not in "".join(traceback.format_exception(raised.value))


def test_the_file_is_its_owners_and_damage_is_told(
    tmp_path: Path, open_database: OpenDatabase
) -> None:
    settings = Settings(indexes=tmp_path / "new", database_url=None)
    open_database(settings).open()
    path = tmp_path / "new" / "accounts.sqlite"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_bytes(b"This is no database. " * 500)
    with pytest.raises(DatabaseUnusable, match=r"accounts\.sqlite can't be used: .*not a database"):
        open_database(settings).open()


def test_it_is_found_again_after_a_failure(
    tmp_path: Path, open_database: OpenDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.0)
    folder = tmp_path / "here"
    folder.write_text("a file where the folder should be")
    database = open_database(Settings(indexes=folder, database_url=None))
    with pytest.raises(DatabaseUnusable, match="can't be used"):
        database.open()
    folder.unlink()
    key, token = Keys(database).create("reader", [Scope.READ])
    kept = (folder / "accounts.sqlite").read_bytes()
    Keys(database).revoke(key.id)
    (folder / "accounts.sqlite").write_bytes(kept)  # a backup is restored under the server
    assert Keys(database).check(token) == key


def test_the_variables_that_name_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://a@one/x")
    assert Database.of(Settings()).name == "postgresql://a@one/x"
    monkeypatch.setenv("CONCORD_DATABASE_URL", "postgresql://a@two/x")
    assert Database.of(Settings()).name == "postgresql://a@two/x"
