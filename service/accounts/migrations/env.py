"""Run by Alembic, on the connection and in the transaction that `database.py` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from service.accounts.tables import VERSION_TABLE, Base

connection = context.config.attributes["connection"]
assert isinstance(connection, Connection)
context.configure(connection=connection, target_metadata=Base.metadata, version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
