"""Long work, and what it has found so far."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "concord_job",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(100), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("place", sa.String(32)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer()),
        sa.Column("phrase", sa.String(200), nullable=False),
        sa.Column("result", sa.JSON()),
        sa.Column("error", sa.Text()),
        sa.Column("created", MOMENT, nullable=False),
        sa.Column("started", MOMENT),
        sa.Column("ended", MOMENT),
        sa.Column("heartbeat", MOMENT),
        sa.Column("attempt", sa.String(32)),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_concord_job"),
    )
    op.create_index("ix_concord_job_owner", "concord_job", ["owner", "created"])
    op.create_index("ix_concord_job_state", "concord_job", ["state", "created"])
    op.create_table(
        "concord_job_step",
        sa.Column("job_id", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "number", name="pk_concord_job_step"),
    )
