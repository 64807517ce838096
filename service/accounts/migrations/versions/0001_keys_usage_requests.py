"""Keys, what each has used, and requests with an Idempotency-Key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "concord_key",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", sa.String(100), nullable=False),
        sa.Column("daily_quota", sa.Integer()),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("expires", MOMENT),
        sa.Column("revoked", MOMENT),
        sa.Column("last_used", MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_concord_key"),
    )
    op.create_table(
        "concord_usage",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "day", name="pk_concord_usage"),
    )
    op.create_table(
        "concord_request",
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("attempt", sa.String(32), nullable=False),
        sa.Column("started", MOMENT, nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.JSON()),
        sa.Column("body", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("key_id", "name", name="pk_concord_request"),
    )
    op.create_index("ix_concord_request_started", "concord_request", ["started"])
