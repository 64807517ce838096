"""`keys`: who may ask the API, and how much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from service.cli.output import JSON_OR_TABLE, as_json
from service.domain.access import Scope

if TYPE_CHECKING:
    from service.accounts.database import Database

_format_option = click.option(
    "--format", "format_", type=JSON_OR_TABLE, default="table", show_default=True
)


@click.group()
def keys() -> None:
    """API keys, in the database of CONCORD_DATABASE_URL or indexes/accounts.sqlite."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice([str(s) for s in Scope]),
    default=[str(Scope.READ)], show_default=True,
    help="read, import (add and delete statements) or admin (everything). Repeatable.",
)  # fmt: skip
@click.option("--quota", type=int, help="Requests a day, in UTC; without it there is no limit.")
@click.option(
    "--expires", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD",
    help="The last day, in UTC, on which the key is good.",
)  # fmt: skip
@_format_option
def create(
    name: str, scopes: tuple[str, ...], quota: int | None, expires: datetime | None, format_: str
) -> None:
    """Make a key for NAME. It is shown this once and can't be read again."""
    end = expires.replace(tzinfo=UTC) + timedelta(days=1) if expires else None
    from service.accounts.keys import Keys

    with _database() as database:
        key, token = Keys(database).create(name, [Scope(s) for s in scopes], quota, end)
    if format_ == "json":
        click.echo(as_json({"key": token} | key.to_dict()))
        return
    click.echo(token)
    click.echo(f"Key {key.id} for {key.name}: keep it now, it isn't shown again.", err=True)


@keys.command("list")
@_format_option
def list_(format_: str) -> None:
    """All keys, with their requests of today (UTC) and their last use; never the secret part."""
    from service.accounts.keys import Keys
    from service.accounts.quotas import Quotas
    from service.tables import columns_as_text

    with _database() as database:
        used = Quotas(database).used(datetime.now(UTC).date())
        rows = [
            key.to_dict() | {"requests_today": used.get(key.id, 0)} for key in Keys(database).all()
        ]
    if format_ == "json":
        click.echo(as_json({"keys": rows}))
        return
    columns = ("id", "name", "scopes", "state", "requests_today", "daily_quota", "last_used",
               "created", "expires", "revoked")  # fmt: skip
    cells = [
        ["" if row[c] is None else str(row[c]) for c in columns]
        for row in (row | {"scopes": " ".join(row["scopes"])} for row in rows)
    ]
    click.echo(columns_as_text([list(columns), *cells]) if rows else "None yet: keys create NAME")


@keys.command()
@click.argument("key_id", metavar="ID")
@_format_option
def revoke(key_id: str, format_: str) -> None:
    """Refuse the key ID from now on; running servers do so within a few seconds."""
    from service.accounts.keys import Keys

    with _database() as database:
        key = Keys(database).revoke(key_id)
    click.echo(as_json(key.to_dict()) if format_ == "json" else f"Key {key.id} is revoked.")


@contextmanager
def _database() -> Iterator[Database]:
    from service.accounts.database import Database
    from service.settings import Settings

    database = Database.of(Settings())
    try:
        yield database
    finally:
        database.close()
