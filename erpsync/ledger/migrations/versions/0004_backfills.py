"""Backfills: their chunks, and the jobs that they move, which wait behind live traffic."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_DUE = ("flow", "source", "target", "background", "due_at", "id")


def upgrade() -> None:
    op.create_table(
        "backfills",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default="running", nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("woken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'paused', 'done', 'failed', 'cancelled')", name=op.f("backfills_state_check")
        ),
        sa.CheckConstraint("(state IN ('running', 'paused')) = (ended_at IS NULL)", name=op.f("backfills_ended_check")),
        sa.CheckConstraint("begins_at < ends_at", name=op.f("backfills_range_check")),
        sa.CheckConstraint("concurrency > 0", name=op.f("backfills_concurrency_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("backfills_pkey")),
    )
    op.create_index(
        "backfills_open_idx", "backfills", ["id"], unique=False, postgresql_where=sa.text("ended_at IS NULL")
    )
    op.create_table(
        "backfill_chunks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("backfill_id", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("moved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("known", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unreadable", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name=op.f("backfill_chunks_state_check")),
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name=op.f("backfill_chunks_lease_check")),
        sa.CheckConstraint("state <> 'done' OR cursor IS NULL", name=op.f("backfill_chunks_done_check")),
        sa.ForeignKeyConstraint(
            ["backfill_id"], ["backfills.id"], name=op.f("backfill_chunks_backfill_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("backfill_chunks_pkey")),
        sa.UniqueConstraint("backfill_id", "ordinal", name=op.f("backfill_chunks_backfill_id_ordinal_key")),
    )
    op.create_index(
        "backfill_chunks_lease_idx",
        "backfill_chunks",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state = 'running'"),
    )
    _let_jobs_wait_behind()


def _let_jobs_wait_behind() -> None:
    op.add_column("jobs", sa.Column("backfill_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        op.f("jobs_backfill_id_fkey"), "jobs", "backfills", ["backfill_id"], ["id"], ondelete="SET NULL"
    )
    op.add_column(
        "jobs",
        sa.Column("background", sa.Boolean(), sa.Computed("backfill_id IS NOT NULL", persisted=True), nullable=False),
    )
    op.create_index(
        "jobs_backfill_id_idx",
        "jobs",
        ["backfill_id", "state"],
        unique=False,
        postgresql_where=sa.text("backfill_id IS NOT NULL"),
    )
    op.drop_index("jobs_due_idx", "jobs")
    op.create_index("jobs_due_idx", "jobs", list(_DUE), unique=False, postgresql_where=sa.text("state = 'ready'"))
