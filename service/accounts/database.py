"""The database: SQLite unless an address of PostgreSQL is set, brought to this version's tables."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from service.accounts.tables import VERSION_TABLE
from service.errors import DatabaseUnusable
from service.settings import Settings

MIGRATIONS = Path(__file__).with_name("migrations")
# Seconds: for a lock, or for a server to answer; and for which a server that didn't is let alone.
WAIT_S = 5
PAUSE_S = 2.0
_MIGRATING = 0x636F6E636F7264  # PostgreSQL's advisory lock of whoever migrates
_FORM = "give postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE"


class Database:
    """Opened at the first use, and again after a failure. Safe between threads and processes.

    Every method raises DatabaseUnusable where the database is locked, can't be reached, or was
    written by a newer version.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._opened = False
        self._failed: tuple[float, str] | None = None
        self.is_sqlite = url.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)

    @classmethod
    def of(cls, settings: Settings) -> Database:
        """The database that `settings` name. It isn't touched yet."""
        secret = settings.database_url
        return cls(_url(secret.get_secret_value() if secret else "", settings.indexes))

    @property
    def name(self) -> str:
        """The address for people: without password and parameters."""
        if self.is_sqlite:
            return str(self._url.database)
        shown = self._url.set(drivername="postgresql", query={})._replace(password=None)
        return shown.render_as_string()

    def may_exist(self) -> bool:
        """False where its file wasn't made yet; only connecting tells of a server's. Touches
        nothing."""
        return not self.is_sqlite or Path(str(self._url.database)).exists()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that changes nothing."""
        with self._session(writes=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, durable once the block has ended. IntegrityError is left to the
        caller."""
        with self._session(writes=True) as session:
            yield session

    def open(self) -> None:
        """Connect, and bring the tables to this version, unless that was done. Several processes
        may: one migrates, the others wait for it."""
        if self._opened:
            return
        with self._lock:
            if self._opened:
                return
            if self._failed and time.monotonic() - self._failed[0] < PAUSE_S:
                raise DatabaseUnusable(self._failed[1])
            try:
                with self._told():
                    if self.is_sqlite:
                        self._make_file()
                    self._migrate()
            except DatabaseUnusable as error:
                self._failed = (time.monotonic(), str(error))
                raise
            self._opened = True

    def close(self) -> None:
        self._engine.dispose()
        self._opened = False

    @contextmanager
    def _session(self, *, writes: bool) -> Iterator[Session]:
        self.open()
        with self._told(), self._engine.connect() as connection:
            connection.execution_options(writes=writes)
            with Session(connection, expire_on_commit=False) as session, session.begin():
                yield session

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the drivers' errors into ours."""
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError, sqlite3.Error) as error:
            self._opened = False
            raise DatabaseUnusable(self._explained(error)) from error

    def _explained(self, error: Exception) -> str:
        cause = getattr(error, "orig", None) or error
        if _is_locked(cause):
            return f"the database {self.name} is locked by another process: waited {WAIT_S} s"
        said = " ".join(str(cause).split())
        for secret in (self._url.password, self._url.query.get("password")):
            if secret:
                said = said.replace(str(secret), "***")
        reached = self.is_sqlite or getattr(cause, "sqlstate", None)
        return f"the database {self.name} can't be {'used' if reached else 'reached'}: {said[:400]}"

    def _make_file(self) -> None:
        """With a write-ahead log, which readers needn't wait for. The switch to it doesn't wait
        for a process that makes the same switch."""
        path = Path(str(self._url.database))
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                with self._engine.connect() as connection:
                    raw = connection.connection.driver_connection
                    assert isinstance(raw, sqlite3.Connection)
                    if raw.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                        raw.execute("PRAGMA journal_mode = WAL")
                return
            except (SQLAlchemyError, sqlite3.Error) as error:
                cause = getattr(error, "orig", None) or error
                if not _is_locked(cause) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        script = ScriptDirectory(str(MIGRATIONS))
        with self._engine.connect() as connection:
            if self._version(connection, script) == script.get_current_head():
                return
        with self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text("SET LOCAL statement_timeout = 0"))
                    connection.execute(
                        text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATING}
                    )
                if self._version(connection, script) == script.get_current_head():
                    return  # another process was first
                config = Config()
                config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
                config.attributes["connection"] = connection
                command.upgrade(config, "head")

    def _version(self, connection: Connection, script: Any) -> str | None:
        from alembic.runtime.migration import MigrationContext

        found = MigrationContext.configure(
            connection, opts={"version_table": VERSION_TABLE}
        ).get_current_revision()
        known = {revision.revision for revision in script.walk_revisions()}
        if found is not None and found not in known:
            raise DatabaseUnusable(
                f"the database {self.name} has version {found} of its tables, newer than this "
                f"version of Concord knows ({script.get_current_head()}): use the one that wrote it"
            )
        return found


def _url(address: str, indexes: Path) -> URL:
    if not address.strip():
        return URL.create("sqlite", database=str(indexes / "accounts.sqlite"))
    try:
        url = make_url(address.strip())
    except (ArgumentError, ValueError):  # either may quote the address
        raise DatabaseUnusable(f"DATABASE_URL is no database's address: {_FORM}") from None
    if url.drivername in ("postgres", "postgresql", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername != "sqlite":
        raise DatabaseUnusable(f"DATABASE_URL: {url.drivername} isn't supported: {_FORM}")
    if url.database in (None, "", ":memory:"):
        raise DatabaseUnusable(f"DATABASE_URL: a database in memory forgets its keys: {_FORM}")
    return url


def _sqlite_engine(url: URL) -> Engine:
    """A connection a transaction: a file that was restored from a backup is found at once."""
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"timeout": WAIT_S}, hide_parameters=True
    )

    @event.listens_for(engine, "connect")
    def connected(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # Python's module would begin later than we do
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        # A reader that turns writer fails at once where another wrote in between.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres_engine(url: URL) -> Engine:
    engine = create_engine(
        url, pool_size=4, max_overflow=4, pool_timeout=WAIT_S, pool_pre_ping=True,
        connect_args={"connect_timeout": WAIT_S}, hide_parameters=True,
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _: object) -> None:
        connection.autocommit = True  # or the first rollback would undo it
        connection.execute(f"SET lock_timeout = '{WAIT_S}s'")
        connection.execute(f"SET statement_timeout = '{2 * WAIT_S}s'")
        connection.autocommit = False

    return engine


def _is_locked(cause: object) -> bool:
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(cause, "sqlstate", None) == "55P03"
