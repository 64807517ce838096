"""Real databases: SQLite files, and a PostgreSQL and a Redis that the tests start themselves."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import redis

from service.accounts.database import Database
from service.settings import Settings


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


@dataclass(frozen=True)
class Postgres:
    port: int
    password: str

    def url(self, name: str = "postgres", password: str | None = None) -> str:
        return f"postgres://concord:{password or self.password}@127.0.0.1:{self.port}/{name}"


def _binaries() -> Path | None:
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((b for b in found if (b / "postgres").exists() and (b / "initdb").exists()), None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A server of its own, in a folder of its own, stopped and deleted at the end."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("POSTGRESQL IS NOT HERE (apt install postgresql): nothing was tested on it")
    folder = Path(tempfile.mkdtemp(prefix="concord-postgres-"))
    user: dict[str, str] = {}
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        known = {entry.pw_name for entry in pwd.getpwall()}
        user = {"user": "postgres" if "postgres" in known else "nobody"}
        shutil.chown(folder, user["user"])
    password, port = secrets.token_hex(8), free_port()
    word = folder / "word"
    word.write_text(password)
    word.chmod(0o644)  # in a folder that only its owner enters
    made = subprocess.run(
        [binaries / "initdb", "--username=concord", "--auth=scram-sha-256", f"--pwfile={word}",
         "--encoding=UTF8", "--no-sync", folder / "data"],
        capture_output=True, text=True, cwd=folder, **user,
    )  # fmt: skip
    if made.returncode:
        shutil.rmtree(folder)
        pytest.skip(f"POSTGRESQL CAN'T BE STARTED HERE, nothing was tested on it: {made.stderr}")
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder,
             "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            stdout=log, stderr=log, cwd=folder, **user,
        )  # fmt: skip
    try:
        started = Postgres(port, password)
        _until(lambda: psycopg.connect(started.url()).close(), psycopg.OperationalError)
        yield started
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: all of it is deleted
        server.wait()
        shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Of an empty database."""
    if request.param == "sqlite":
        return Settings(indexes=tmp_path, database_url=None)
    server: Postgres = request.getfixturevalue("postgres")
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return Settings(indexes=tmp_path, database_url=server.url(name))


OpenDatabase = Callable[[Settings], Database]


@pytest.fixture
def open_database() -> Iterator[OpenDatabase]:
    """Databases that are closed at the end."""
    opened: list[Database] = []

    def of(settings: Settings) -> Database:
        opened.append(Database.of(settings))
        return opened[-1]

    yield of
    for database in opened:
        database.close()


@pytest.fixture
def database(settings: Settings, open_database: OpenDatabase) -> Database:
    return open_database(settings)


class Redis:
    """A server that can be stopped and started again, empty."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}"

    def start(self) -> None:
        self._server = subprocess.Popen(
            ["redis-server", "--port", str(self._port), "--bind", "127.0.0.1", "--save", ""],
            stdout=subprocess.DEVNULL, cwd=self._folder,
        )  # fmt: skip
        with redis.Redis(port=self._port) as client:
            _until(client.ping, redis.ConnectionError)

    def stop(self) -> None:
        assert self._server is not None
        self._server.terminate()
        self._server.wait()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("REDIS IS NOT HERE (apt install redis-server): nothing was tested on it")
    server = Redis(tmp_path)
    server.start()
    yield server
    server.stop()


def _until(answers: Callable[[], object], refused: type[Exception]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            answers()
            return
        except refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
