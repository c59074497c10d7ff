"""From the inbox to the jobs: each delivery moves its record's job forward, makes a poll due, or is recorded as why not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection

from erpsync.domain.errors import Problem, Rejected
from erpsync.domain.ids import ConnectionName, JobId
from erpsync.engine.attempt import attempt
from erpsync.engine.letters import route
from erpsync.engine.runtime import Runtime
from erpsync.ledger import backlog, checkpoints, dead_letters, inbox, jobs
from erpsync.ledger.inbox import InboxRow, InboxState, Settled
from erpsync.ledger.jobs import Moved, Wanted
from erpsync.ledger.texts import is_key
from erpsync.ports.runtime import JobCall
from erpsync.ports.webhooks import Change, Delivery

log = structlog.get_logger()
BATCH = 200


@dataclass(frozen=True)
class _Read:
    """What a delivery asks for: jobs, and the flows that are to be polled."""

    wanted: list[Wanted] = field(default_factory=list)
    nudged: list[str] = field(default_factory=list)


def take_in(runtime: Runtime) -> int:
    """Makes jobs of all new deliveries; returns how many deliveries it read. Several workers may do so at once."""
    total = 0
    while (count := _take_batch(runtime)) > 0:
        total += count
    return total


def _take_batch(runtime: Runtime) -> int:
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        rows = inbox.take_new(connection, BATCH)
        settled: list[Settled] = []
        letters: list[int] = []
        wanted: list[Wanted] = []
        nudges: dict[tuple[ConnectionName, str], int] = {}
        for row in rows:
            read = attempt(lambda row=row: _read(runtime, row))  # type: ignore[misc]
            if isinstance(read, Exception):
                letters.append(_keep_unreadable(runtime, connection, row, read))
                settled.append(Settled(row.id, InboxState.UNREADABLE, "see its dead letter"))
                continue
            wanted += read.wanted
            nudges |= {(row.connection, flow): row.id for flow in read.nudged}
            if not read.wanted:
                settled.append(_without_job(row, read.nudged))
        moved, job_ids = advance_all(runtime, connection, wanted)
        # In one order, so that two workers with the same nudges wait for one another at most for a transaction.
        for (source, flow), inbox_id in sorted(nudges.items()):
            checkpoints.nudge(connection, source, flow, inbox_id, now)
        inbox.settle(connection, settled + moved, now)
        calls = backlog.calls(connection, job_ids, now)
    tell(runtime, calls, job_ids)
    if nudges:
        runtime.wake.polls()
    route(runtime, letters)
    return len(rows)


def tell(runtime: Runtime, calls: Sequence[JobCall], job_ids: Sequence[JobId]) -> None:
    """Calls workers to these jobs; those that the broker does not take are the sweep's at once."""
    if calls and not runtime.wake.jobs(calls):
        with runtime.database.begin() as connection:
            backlog.unheard(connection, job_ids)


def _read(runtime: Runtime, row: InboxRow) -> _Read:
    read = _Read()
    for told in runtime.webhooks(row.connection).changes(Delivery(row.headers, row.body)):
        if isinstance(told, Change):
            read.wanted.extend(wanted_of(runtime, row.connection, told, row.id))
        elif runtime.targets(told.flow, row.connection):
            read.nudged.append(told.flow)
    return read


def _without_job(row: InboxRow, nudged: Sequence[str]) -> Settled:
    if nudged:
        return Settled(row.id, InboxState.APPLIED, f"polled soon: {', '.join(nudged)}")
    return Settled(row.id, InboxState.IGNORED, "no route syncs this")


def wanted_of(runtime: Runtime, source: ConnectionName, change: Change, inbox_id: int | None) -> list[Wanted]:
    """The record at that version for each target that a route takes it to; without `inbox_id` a poll tells it. Raises
    Rejected for an id that none can be."""
    if not (is_key(change.source_id) and is_key(change.number)):
        raise Rejected(
            "delivery-unreadable",
            system="erpsync",
            what="The record's id or number is empty, too long, or holds characters that no system has.",
            next_step="Look at the delivery with `erpsync dead show`; correct the record in the store, or discard it.",
        )
    return [
        Wanted(
            flow=change.flow,
            source=source,
            target=target,
            source_id=change.source_id,
            number=change.number,
            version=change.version,
            inbox_id=inbox_id,
            carries_state=change.carries_state,
            polled=inbox_id is None,
        )
        for target in runtime.targets(change.flow, source)
    ]


def advance_all(runtime: Runtime, connection: Connection, wanted: list[Wanted]) -> tuple[list[Settled], list[JobId]]:
    """Locks the jobs in the order of their ids, as every other transaction over several jobs does, then moves them."""
    now = runtime.clock.now()
    wanted = sorted(wanted, key=lambda one: (one.flow, one.source, one.target, one.source_id, one.version))
    jobs.lock(connection, wanted)
    settled: dict[int, Settled] = {}
    job_ids: list[JobId] = []
    for one in wanted:
        moved, job_id = jobs.advance(connection, one, now)
        applied = moved in (Moved.CREATED, Moved.ADVANCED)
        if applied or moved is Moved.PREFERRED:
            job_ids.append(job_id)
        if one.inbox_id is not None and (applied or one.inbox_id not in settled):
            state = InboxState.APPLIED if applied else InboxState.STALE
            settled[one.inbox_id] = Settled(one.inbox_id, state, f"job {job_id}: {moved}", one.source_id)
    return list(settled.values()), list(dict.fromkeys(job_ids))


def _keep_unreadable(runtime: Runtime, connection: Connection, row: InboxRow, error: Exception) -> int:
    if isinstance(error, Rejected):
        problem = error.problem
    else:
        log.error("inbox.unreadable", inbox_id=row.id, connection=row.connection, exc_info=error)
        problem = Problem(
            code="delivery-unreadable",
            system="erpsync",
            what=f"The delivery could not be read ({type(error).__name__}).",
            next_step="Look at it with `erpsync dead show`; replay it after an upgrade, or discard it.",
        )
    subject = f"{row.connection} {row.topic or 'delivery'}"
    return dead_letters.add(connection, problem, subject=subject, now=runtime.clock.now(), inbox_id=row.id)
