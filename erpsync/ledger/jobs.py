"""Jobs: one per flow and source record, moved forward by what is told of the record, and by people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, text

from erpsync.domain.ids import ConnectionName, JobId, SourceId
from erpsync.domain.states import JobState


@dataclass(frozen=True)
class Wanted:
    """A record at a version that a target is to follow. `inbox_id` is the delivery that says so, and `carries_state`
    whether its body is the record. `polled`: a poll says so, which tells the same version again and again. `backfill_id`:
    a backfill says so, and it may wait until nothing live is due."""

    flow: str
    source: ConnectionName
    target: ConnectionName
    source_id: SourceId
    number: str
    version: datetime
    inbox_id: int | None
    carries_state: bool
    polled: bool = False
    backfill_id: int | None = None


class Moved(StrEnum):
    CREATED = "created"
    ADVANCED = "advanced"
    STALE = "stale"
    PREFERRED = "preferred"
    """The version was known from a backfill, behind which the record does not wait any more."""
    DISCARDED = "discarded"
    """A person decided that this record is not synced; only a replay changes that."""


def advance(connection: Connection, wanted: Wanted, now: datetime) -> tuple[Moved, JobId]:
    """Moves the record's job forward to `wanted`, or makes it. An older version changes nothing.

    Two different deliveries of one version do not tell which is the later: then the state is read from the source. A poll
    that tells the version that is known moves the job only where what is known of the record may be from within that
    version's second, for stores count in seconds: where it is from a delivery, or its last run began then. A backfill also
    moves what was skipped, for the route's rules may be others by now, and what waits for another backfill, which may yet
    be cancelled.
    """
    row = connection.execute(_ADVANCE, {**_values(wanted), "now": now}).one_or_none()
    if row is not None:
        if not row.created:
            _supersede(connection, row.id, now)
        return (Moved.CREATED if row.created else Moved.ADVANCED), JobId(row.id)
    existing = connection.execute(_EXISTING, _values(wanted)).one()
    if existing.background and wanted.backfill_id is None and connection.execute(_PREFER, {"id": existing.id}).rowcount:
        return Moved.PREFERRED, JobId(existing.id)
    moved = Moved.DISCARDED if existing.state == JobState.DISCARDED else Moved.STALE
    return moved, JobId(existing.id)


def lock(connection: Connection, wanted: Sequence[Wanted]) -> None:
    """Locks the jobs of these records that exist, in the order of their ids, and keeps other intakes out until the
    transaction ends: two that make new jobs in different orders would wait for one another."""
    keys = {(one.flow, one.source, one.target, one.source_id) for one in wanted}
    columns = dict(zip(("flows", "sources", "targets", "source_ids"), map(list, zip(*keys, strict=True)), strict=False))
    if keys:
        connection.execute(_ONE_INTAKE)
        connection.execute(_LOCK, columns)


def route_of(connection: Connection, job_id: JobId) -> tuple[str, ConnectionName, ConnectionName] | None:
    """The flow, source and target of a job; None where there is no such job."""
    row = connection.execute(_ROUTE, {"id": job_id}).one_or_none()
    return None if row is None else (row.flow, ConnectionName(row.source), ConnectionName(row.target))


def followed(connection: Connection, wanted: Wanted) -> bool:
    """Whether the record has a job that waits for no backfill: then the target has it, or gets it whatever is cancelled."""
    return connection.execute(_FOLLOWED, _values(wanted)).one_or_none() is not None


def again(connection: Connection, job_id: JobId) -> None:
    """The run under way leaves something to do: the job is ready again when it ends."""
    connection.execute(_AGAIN, {"id": job_id})


def of_route(connection: Connection, flow: str, source: ConnectionName, target: ConnectionName) -> JobId | None:
    """The job of a flow that has one for the whole route."""
    values = {"flow": flow, "source": source, "target": target}
    job_id = connection.execute(_OF_ROUTE, values).scalar()
    return None if job_id is None else JobId(job_id)


def run_again(connection: Connection, job_id: JobId, now: datetime) -> None:
    """The job is to run now, whatever it did last, and once more if it runs. Its dead letter is superseded."""
    if reopen(connection, job_id, now):
        _supersede(connection, job_id, now)
    else:
        again(connection, job_id)


def hold(connection: Connection, job_id: JobId) -> None:
    """Locks a job. Whoever changes a job and its dead letter takes them in this order: the job first."""
    connection.execute(_HOLD, {"id": job_id})


def reopen(connection: Connection, job_id: JobId, now: datetime, *, fresh: bool = True) -> bool:
    """Makes a closed job ready again with all its attempts, reading the source afresh; with the delivery that it has where
    the source cannot be read. False where it is not closed. Its dead letter is the caller's to close."""
    return connection.execute(_REOPEN, {"id": job_id, "now": now, "fresh": fresh}).rowcount == 1


def discard(connection: Connection, job_id: JobId, now: datetime) -> bool:
    """Decides that the record is not synced. False where it is neither dead nor ready."""
    return connection.execute(_DISCARD, {"id": job_id, "now": now}).rowcount == 1


def _values(wanted: Wanted) -> dict[str, object]:
    return {
        "flow": wanted.flow,
        "source": wanted.source,
        "target": wanted.target,
        "source_id": wanted.source_id,
        "number": wanted.number,
        "version": wanted.version,
        "state_inbox_id": wanted.inbox_id if wanted.carries_state else None,
        "polled": wanted.polled,
        "backfill_id": wanted.backfill_id,
    }


def _supersede(connection: Connection, job_id: int, now: datetime) -> None:
    connection.execute(_SUPERSEDE, {"id": job_id, "now": now})


_ADVANCE = text("""
    INSERT INTO jobs AS j
        (flow, source, target, source_id, number, wanted_version, state_inbox_id, backfill_id,
        due_at, created_at, updated_at)
    VALUES (:flow, :source, :target, :source_id, :number, :version, :state_inbox_id, :backfill_id, :now, :now, :now)
    ON CONFLICT (flow, source, target, source_id) DO UPDATE SET
        number = excluded.number,
        wanted_version = excluded.wanted_version,
        wanted_revision = j.wanted_revision + 1,
        state_inbox_id = CASE WHEN excluded.wanted_version > j.wanted_version THEN excluded.state_inbox_id END,
        backfill_id = CASE WHEN j.state NOT IN ('ready', 'running') OR j.background THEN excluded.backfill_id END,
        state = CASE WHEN j.state = 'running' THEN 'running' ELSE 'ready' END,
        attempts = CASE WHEN j.state = 'running' THEN j.attempts ELSE 0 END,
        due_at = CASE WHEN j.state = 'running' THEN j.due_at ELSE GREATEST(j.due_at, excluded.due_at) END,
        woken_at = NULL, problem_code = NULL, problem = NULL, next_step = NULL, updated_at = excluded.updated_at
    WHERE excluded.wanted_version >= j.wanted_version AND j.state <> 'discarded' AND (
        NOT :polled OR excluded.wanted_version > j.wanted_version
        OR (j.state <> 'dead' AND j.state_inbox_id IS NOT NULL)
        OR (j.state IN ('running', 'done', 'skipped') AND EXISTS (
            SELECT 1 FROM runs r WHERE r.job_id = j.id AND r.fence = j.fence
            AND r.started_at < j.wanted_version + interval '2 seconds'))
        OR (j.state = 'skipped' AND excluded.backfill_id IS NOT NULL)
        OR (j.state = 'ready' AND j.backfill_id <> excluded.backfill_id)
    )
    RETURNING id, (wanted_revision = 1) AS created
""")

_ONE_INTAKE = text("SELECT pg_advisory_xact_lock(hashtext('erpsync.intake'))")

_LOCK = text("""
    SELECT j.id FROM jobs j
    JOIN unnest(CAST(:flows AS text[]), CAST(:sources AS text[]), CAST(:targets AS text[]), CAST(:source_ids AS text[]))
        AS w (flow, source, target, source_id) USING (flow, source, target, source_id)
    ORDER BY j.id FOR UPDATE OF j
""")

_ROUTE = text("SELECT flow, source, target FROM jobs WHERE id = :id")

_EXISTING = text("""
    SELECT id, state, background FROM jobs
    WHERE flow = :flow AND source = :source AND target = :target AND source_id = :source_id
""")

_FOLLOWED = text("""
    SELECT 1 FROM jobs WHERE flow = :flow AND source = :source AND target = :target AND source_id = :source_id
    AND NOT (background AND state = 'ready')
""")

_PREFER = text("""
    UPDATE jobs SET backfill_id = NULL, woken_at = NULL WHERE id = :id AND state IN ('ready', 'running')
""")

_SUPERSEDE = text("""
    UPDATE dead_letters SET closed_at = :now, closed_as = 'superseded', closed_by = 'erpsync'
    WHERE job_id = :id AND closed_at IS NULL
""")

_AGAIN = text("UPDATE jobs SET wanted_revision = wanted_revision + 1 WHERE id = :id AND state = 'running'")

_OF_ROUTE = text("""
    SELECT id FROM jobs WHERE flow = :flow AND source = :source AND target = :target ORDER BY id LIMIT 1
""")

_HOLD = text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE")

_REOPEN = text("""
    UPDATE jobs SET state = 'ready', attempts = 0, due_at = :now, woken_at = NULL,
        state_inbox_id = CASE WHEN :fresh THEN NULL ELSE state_inbox_id END, backfill_id = NULL,
        wanted_revision = wanted_revision + 1, problem_code = NULL, problem = NULL, next_step = NULL, updated_at = :now
    WHERE id = :id AND state IN ('dead', 'discarded', 'skipped', 'done')
""")

_DISCARD = text("""
    UPDATE jobs SET state = 'discarded', updated_at = :now WHERE id = :id AND state IN ('dead', 'ready')
""")
