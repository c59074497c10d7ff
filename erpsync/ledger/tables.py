"""All tables, constraints and indexes. An invariant stands here first, in code second."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from erpsync.ledger.columns import identity, stamp, time

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    }
)


connections = Table(
    "connections",
    metadata,
    Column("name", Text, primary_key=True),
    Column("system", Text, nullable=False),
    Column("role", Text, nullable=False),
    stamp("seen_at"),
    # The breaker: failures in a row; paused while probe_at is set; problem is why.
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("probes", Integer, nullable=False, server_default="0"),
    time("paused_at"),
    time("probe_at"),
    # A remote that throttles says until when to leave it alone.
    time("quiet_until"),
    Column("problem_code", Text),
    Column("problem", Text),
    Column("next_step", Text),
    CheckConstraint("role IN ('store', 'erp')", name="role"),
    CheckConstraint("(paused_at IS NULL) = (probe_at IS NULL)", name="paused_has_probe"),
)

inbox = Table(
    "inbox",
    metadata,
    identity(),
    Column("connection", Text, nullable=False),
    Column("delivery_key", String(200), nullable=False),
    Column("topic", String(100), nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default="new"),
    Column("note", Text, nullable=False, server_default=""),
    Column("source_id", Text, nullable=False, server_default=""),
    stamp("received_at"),
    time("taken_at"),
    # A store's repeat of a delivery is the same delivery, however often and however concurrently it comes.
    UniqueConstraint("connection", "delivery_key"),
    CheckConstraint("state IN ('new', 'applied', 'stale', 'ignored', 'unreadable')", name="state"),
    CheckConstraint("(state = 'new') = (taken_at IS NULL)", name="taken"),
    Index("inbox_connection_source_id_idx", "connection", "source_id"),
    Index("inbox_new_idx", "id", postgresql_where=text("state = 'new'")),
)

jobs = Table(
    "jobs",
    metadata,
    identity(),
    Column("flow", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="ready"),
    # What the source has, by its own time; and how often that moved, against how far the target has followed.
    time("wanted_version", nullable=False),
    Column("wanted_revision", Integer, nullable=False, server_default="1"),
    Column("claimed_revision", Integer, nullable=False, server_default="0"),
    Column("done_revision", Integer, nullable=False, server_default="0"),
    # The delivery that carries the wanted state; null where it must be read from the source.
    Column("state_inbox_id", BigInteger, ForeignKey("inbox.id", ondelete="SET NULL")),
    # The backfill that moved it: it waits behind live traffic. Null as soon as something live tells of the record.
    Column("backfill_id", BigInteger, ForeignKey("backfills.id", ondelete="SET NULL")),
    Column("background", Boolean, Computed("backfill_id IS NOT NULL", persisted=True), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("alone", Boolean, nullable=False, server_default=text("false")),
    time("due_at", nullable=False),
    time("woken_at"),
    # A claim: who runs it until when. Every claim raises the fence; recording an outcome needs the claim's own.
    Column("fence", BigInteger, nullable=False, server_default="0"),
    Column("claimed_by", Text),
    time("lease_until"),
    Column("problem_code", Text),
    Column("problem", Text),
    Column("next_step", Text),
    stamp(),
    stamp("updated_at"),
    # One job per flow and source record: events move it forward, they never add another.
    UniqueConstraint("flow", "source", "target", "source_id"),
    CheckConstraint("state IN ('ready', 'running', 'done', 'skipped', 'dead', 'discarded')", name="state"),
    CheckConstraint("(state = 'running') = (lease_until IS NOT NULL)", name="lease"),
    CheckConstraint("done_revision <= wanted_revision AND claimed_revision <= wanted_revision", name="revisions"),
    CheckConstraint("state <> 'done' OR done_revision = wanted_revision", name="done"),
    CheckConstraint("attempts >= 0", name="attempts"),
    Index(
        "jobs_due_idx",
        "flow",
        "source",
        "target",
        "background",
        "due_at",
        "id",
        postgresql_where=text("state = 'ready'"),
    ),
    Index("jobs_lease_idx", "lease_until", postgresql_where=text("state = 'running'")),
    Index("jobs_state_inbox_id_idx", "state_inbox_id"),
    Index("jobs_backfill_id_idx", "backfill_id", "state", postgresql_where=text("backfill_id IS NOT NULL")),
)

runs = Table(
    "runs",
    metadata,
    identity(),
    Column("job_id", BigInteger, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("worker", Text, nullable=False),
    time("started_at", nullable=False),
    time("ended_at"),
    Column("outcome", Text),
    Column("problem_code", Text),
    Column("note", Text),
    UniqueConstraint("job_id", "fence"),
)

links = Table(
    "links",
    metadata,
    identity(),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("display", Text, nullable=False),
    # What we last made the target equal to; an echo of our own write has the same hash.
    Column("content_hash", Text, nullable=False, server_default=""),
    # When the source was told of target_id; null until it was.
    time("noted_at"),
    stamp(),
    stamp("updated_at"),
    UniqueConstraint("kind", "source", "source_id", "target"),
    # One sales order answers to one store order. Customers are exempt: a guest and an account may be one person.
    Index(
        "links_target_key",
        "kind",
        "target",
        "target_id",
        "source",
        unique=True,
        postgresql_where=text("kind = 'order'"),
    ),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    identity(),
    Column("job_id", BigInteger, ForeignKey("jobs.id", ondelete="CASCADE")),
    Column("inbox_id", BigInteger, ForeignKey("inbox.id", ondelete="SET NULL")),
    Column("task", Text, nullable=False, server_default=""),
    Column("subject", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("next_step", Text, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    stamp(),
    time("routed_at"),
    time("announced_at"),
    time("closed_at"),
    Column("closed_as", Text),
    Column("closed_by", Text),
    CheckConstraint("closed_as IN ('replayed', 'discarded', 'superseded')", name="closed_as"),
    CheckConstraint("(closed_at IS NULL) = (closed_as IS NULL)", name="closed"),
    # A job is a dead letter once, however it died.
    Index(
        "dead_letters_open_job_key",
        "job_id",
        unique=True,
        postgresql_where=text("closed_at IS NULL AND job_id IS NOT NULL"),
    ),
    Index("dead_letters_open_idx", "id", postgresql_where=text("closed_at IS NULL")),
    Index("dead_letters_job_id_idx", "job_id"),
    Index("dead_letters_inbox_id_idx", "inbox_id"),
)

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("connection", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", JSONB, nullable=False),
    stamp("updated_at"),
)

reservations = Table(
    "reservations",
    metadata,
    # Whoever is about to make a record of a person holds it, so that two workers never make one each.
    Column("kind", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    time("until", nullable=False),
)

audit = Table(
    "audit",
    metadata,
    identity(),
    stamp("at"),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
)

refusals = Table(
    "refusals",
    metadata,
    # Deliveries that were not let in, counted: storing what anybody may send would let anybody fill the disk.
    Column("connection", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    stamp("first_at"),
    stamp("last_at"),
)
