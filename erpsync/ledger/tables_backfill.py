"""The tables of backfills: what of a connection's past is read, and how far each part of it is."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from erpsync.ledger.columns import identity, stamp, time
from erpsync.ledger.tables import metadata

backfills = Table(
    "backfills",
    metadata,
    identity(),
    Column("flow", Text, nullable=False),
    # From where it reads; and where it goes to, null for every target that a route of the flow has.
    Column("source", Text, nullable=False),
    Column("target", Text),
    # From begins_at on (null: from the first record) and before ends_at.
    time("begins_at"),
    time("ends_at", nullable=False),
    # It reads and counts, and moves no job.
    Column("dry_run", Boolean, nullable=False),
    # How many of its chunks may be in hand at once.
    Column("concurrency", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="running"),
    Column("asked_by", Text, nullable=False),
    time("woken_at"),
    stamp(),
    time("ended_at"),
    CheckConstraint("state IN ('running', 'paused', 'done', 'failed', 'cancelled')", name="state"),
    CheckConstraint("(state IN ('running', 'paused')) = (ended_at IS NULL)", name="ended"),
    CheckConstraint("begins_at < ends_at", name="range"),
    CheckConstraint("concurrency > 0", name="concurrency"),
    Index("backfills_open_idx", "id", postgresql_where=text("ended_at IS NULL")),
)

backfill_chunks = Table(
    "backfill_chunks",
    metadata,
    identity(),
    Column("backfill_id", BigInteger, ForeignKey("backfills.id", ondelete="CASCADE"), nullable=False),
    Column("ordinal", Integer, nullable=False),
    time("begins_at"),
    time("ends_at", nullable=False),
    # How far it is read: where its next page begins. Moves in the transaction that takes the page in.
    Column("cursor", Text),
    Column("state", Text, nullable=False, server_default="ready"),
    # Claims in a row that brought no page.
    Column("attempts", Integer, nullable=False, server_default="0"),
    time("due_at", nullable=False),
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("claimed_by", Text),
    time("lease_until"),
    # Records read; jobs that moved; records that the target has already (counted by a dry run alone); and those that
    # could not be understood.
    Column("read", BigInteger, nullable=False, server_default="0"),
    Column("moved", BigInteger, nullable=False, server_default="0"),
    Column("known", BigInteger, nullable=False, server_default="0"),
    Column("unreadable", BigInteger, nullable=False, server_default="0"),
    Column("problem_code", Text),
    Column("problem", Text),
    Column("next_step", Text),
    stamp("updated_at"),
    UniqueConstraint("backfill_id", "ordinal"),
    CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
    CheckConstraint("state <> 'done' OR cursor IS NULL", name="done"),
    Index("backfill_chunks_lease_idx", "lease_until", postgresql_where=text("state = 'running'")),
)
