"""The ledger from empty."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_pkey")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("connection", "kind", name=op.f("checkpoints_pkey")),
    )
    op.create_table(
        "connections",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("probes", sa.Integer(), server_default="0", nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("probe_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.CheckConstraint("role IN ('store', 'erp')", name=op.f("connections_role_check")),
        sa.CheckConstraint("(paused_at IS NULL) = (probe_at IS NULL)", name=op.f("connections_paused_has_probe_check")),
        sa.PrimaryKeyConstraint("name", name=op.f("connections_pkey")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("delivery_key", sa.String(length=200), nullable=False),
        sa.Column("topic", sa.String(length=100), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), server_default="new", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("source_id", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(state = 'new') = (taken_at IS NULL)", name=op.f("inbox_taken_check")),
        sa.CheckConstraint(
            "state IN ('new', 'applied', 'stale', 'ignored', 'unreadable')", name=op.f("inbox_state_check")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("inbox_pkey")),
        sa.UniqueConstraint("connection", "delivery_key", name=op.f("inbox_connection_delivery_key_key")),
    )
    op.create_index("inbox_connection_source_id_idx", "inbox", ["connection", "source_id"], unique=False)
    op.create_index("inbox_new_idx", "inbox", ["id"], unique=False, postgresql_where=sa.text("state = 'new'"))
    op.create_table(
        "links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_id", sa.Text(), nullable=False),
        sa.Column("display", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), server_default="", nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("links_pkey")),
        sa.UniqueConstraint(
            "kind", "source", "source_id", "target", name=op.f("links_kind_source_source_id_target_key")
        ),
    )
    op.create_index(
        "links_target_key",
        "links",
        ["kind", "target", "target_id", "source"],
        unique=True,
        postgresql_where=sa.text("kind = 'order'"),
    )
    op.create_table(
        "refusals",
        sa.Column("connection", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("connection", "reason", name=op.f("refusals_pkey")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("flow", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="ready", nullable=False),
        sa.Column("wanted_version", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wanted_revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("claimed_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("done_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state_inbox_id", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("alone", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("woken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("next_step", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name=op.f("jobs_lease_check")),
        sa.CheckConstraint("state <> 'done' OR done_revision = wanted_revision", name=op.f("jobs_done_check")),
        sa.CheckConstraint(
            "state IN ('ready', 'running', 'done', 'skipped', 'dead', 'discarded')", name=op.f("jobs_state_check")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("jobs_attempts_check")),
        sa.CheckConstraint(
            "done_revision <= wanted_revision AND claimed_revision <= wanted_revision",
            name=op.f("jobs_revisions_check"),
        ),
        sa.ForeignKeyConstraint(
            ["state_inbox_id"], ["inbox.id"], name=op.f("jobs_state_inbox_id_fkey"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("jobs_pkey")),
        sa.UniqueConstraint(
            "flow", "source", "target", "source_id", name=op.f("jobs_flow_source_target_source_id_key")
        ),
    )
    op.create_index(
        "jobs_due_idx",
        "jobs",
        ["flow", "source", "target", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "jobs_lease_idx", "jobs", ["lease_until"], unique=False, postgresql_where=sa.text("state = 'running'")
    )
    op.create_index("jobs_state_inbox_id_idx", "jobs", ["state_inbox_id"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("inbox_id", sa.BigInteger(), nullable=True),
        sa.Column("task", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("next_step", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("routed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_as", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "closed_as IN ('replayed', 'discarded', 'superseded')", name=op.f("dead_letters_closed_as_check")
        ),
        sa.CheckConstraint("(closed_at IS NULL) = (closed_as IS NULL)", name=op.f("dead_letters_closed_check")),
        sa.ForeignKeyConstraint(
            ["inbox_id"], ["inbox.id"], name=op.f("dead_letters_inbox_id_fkey"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("dead_letters_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("dead_letters_pkey")),
    )
    op.create_index("dead_letters_job_id_idx", "dead_letters", ["job_id"], unique=False)
    op.create_index("dead_letters_inbox_id_idx", "dead_letters", ["inbox_id"], unique=False)
    op.create_index(
        "dead_letters_open_idx", "dead_letters", ["id"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )
    op.create_index(
        "dead_letters_open_job_key",
        "dead_letters",
        ["job_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL AND job_id IS NOT NULL"),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("problem_code", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("runs_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("runs_pkey")),
        sa.UniqueConstraint("job_id", "fence", name=op.f("runs_job_id_fence_key")),
    )
