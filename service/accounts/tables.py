"""The tables. A change here needs a migration beside it, in `migrations/versions`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Index, LargeBinary, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

VERSION_TABLE = "concord_version"  # beside other applications' in one database
# Alembic tells constraints by their names.
NAMES = {"pk": "pk_%(table_name)s", "ix": "ix_%(table_name)s_%(column_0_name)s"}


class Utc(TypeDecorator[datetime]):
    """A moment, aware, in UTC; SQLite keeps none of its own zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        assert isinstance(value, datetime)
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)


class KeyRow(Base):
    """`digest` is the SHA-256 of the whole token; `scopes` are divided by spaces."""

    __tablename__ = "concord_key"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    scopes: Mapped[str] = mapped_column(String(100))
    daily_quota: Mapped[int | None]
    created: Mapped[datetime] = mapped_column(Utc)
    expires: Mapped[datetime | None] = mapped_column(Utc)
    revoked: Mapped[datetime | None] = mapped_column(Utc)
    last_used: Mapped[datetime | None] = mapped_column(Utc)


class UsageRow(Base):
    """The requests of one key on one day in UTC."""

    __tablename__ = "concord_usage"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    requests: Mapped[int]


class RequestRow(Base):
    """A request that was sent with an Idempotency-Key, and what it was answered: `status` is null
    while it is worked on. `attempt` tells who works on it, `digest` is of all that was asked."""

    __tablename__ = "concord_request"

    key_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    attempt: Mapped[str] = mapped_column(String(32))
    started: Mapped[datetime] = mapped_column(Utc, index=True)
    status: Mapped[int | None]
    headers: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    body: Mapped[bytes | None]


class JobRow(Base):
    """Long work. `attempt` tells which process works on it, `heartbeat` when that last said so;
    `losses` counts processes that fell silent over it. `place` names the folder whose files it
    needs, null where any process can do it."""

    __tablename__ = "concord_job"
    __table_args__ = (
        Index("ix_concord_job_owner", "owner", "created"),
        Index("ix_concord_job_state", "state", "created"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    owner: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(200))
    parameters: Mapped[dict[str, Any]] = mapped_column(JSON)
    place: Mapped[str | None] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(10))
    done: Mapped[int]
    total: Mapped[int | None]
    phrase: Mapped[str] = mapped_column(String(200))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[str | None] = mapped_column(Text)
    created: Mapped[datetime] = mapped_column(Utc)
    started: Mapped[datetime | None] = mapped_column(Utc)
    ended: Mapped[datetime | None] = mapped_column(Utc)
    heartbeat: Mapped[datetime | None] = mapped_column(Utc)
    attempt: Mapped[str | None] = mapped_column(String(32))
    losses: Mapped[int]


class JobStepRow(Base):
    """What a job has found so far, step by step from 0: it goes on from here after a restart."""

    __tablename__ = "concord_job_step"

    job_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[dict[str, Any]] = mapped_column(JSON)
