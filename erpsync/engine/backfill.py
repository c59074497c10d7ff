"""Reads a connection's past, chunk by chunk and page by page, behind live traffic.

The cursor moves in the transaction that takes the page in: what a worker that is killed had read stays read, and is read
by nobody again. A chunk is in the hands of one worker at a time; one that was overtaken takes nothing in. A worker reads
for a few seconds and lets go, so that nothing live waits for it long; a message for each chunk under way keeps it going,
and the sweep sends those that were lost.
"""

from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from sqlalchemy import Connection

from erpsync.domain.errors import Problem, SyncError
from erpsync.domain.retry import Outcome, judge, worker_died
from erpsync.engine import breaker, pages
from erpsync.engine.attempt import attempt_run
from erpsync.engine.intake import tell
from erpsync.engine.letters import route
from erpsync.engine.runtime import Runtime
from erpsync.ledger import backfills, backlog
from erpsync.ledger.backfills import Chunk, Counts
from erpsync.ports import limits
from erpsync.ports.flow import Done, Ended
from erpsync.ports.pages import Page
from erpsync.ports.webhooks import Change

log = structlog.get_logger()

# How long something live may have to wait for the worker, besides the page in hand.
SLICE_SECONDS = 5.0
# Of a page's jobs, as many are called: each takes others along and calls the next, and a hundred thousand messages would
# only fill the broker.
CALLS = 4
# A message that was not answered by a claim for this long is taken for lost.
WOKEN_SECONDS = 30.0
ABANDONED = 100
TOLD_BY = "backfill"


@dataclass
class Slice:
    """What a worker read of a chunk in one go. `done`: to its end. `trouble`: the code of what ended it early."""

    pages: int = 0
    records: int = 0
    done: bool = False
    trouble: str = ""


def read_on(runtime: Runtime, backfill_id: int) -> Slice | None:
    """Reads a chunk of the backfill on. None where there was none to be read: all are done or in other hands, as many as
    allowed are, or the backfill or its connection is paused. Raises only what the ledger raises."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        chunk = backfills.claim(connection, backfill_id, worker=runtime.worker, lease=runtime.lease, now=now)
    if chunk is None:
        return None
    reading = Slice()
    with limits.background():
        result = attempt_run(lambda: _read(runtime, chunk, reading))
    letters: list[int] = []
    wait = 0.0
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        if isinstance(result, Exception):
            wait, letters = _end_early(runtime, connection, chunk, reading, result)
        elif not reading.done:
            backfills.put_back(connection, chunk, now, now, spent=False)
        ended: Ended = result if isinstance(result, Exception) else Done("read")
        breaker.observe(connection, chunk.past.source, chunk.past.source, [ended], now)
    route(runtime, letters)
    _log(chunk, reading)
    if reading.done:
        _close(runtime)
    runtime.wake.backfills([backfill_id], wait)
    return reading


def look_after(runtime: Runtime) -> int:
    """Finds what messages and workers lost: chunks whose worker is gone, backfills that nobody reads on or that are at
    their end. Returns how many chunks it set free."""
    now = runtime.clock.now()
    letters: list[int] = []
    with runtime.database.begin() as connection:
        left = backfills.abandoned(connection, ABANDONED, now)
        for chunk in left:
            verdict = worker_died(chunk.attempt, runtime.jitter())
            if verdict.outcome is Outcome.DEAD:
                letters += _give_up(runtime, connection, chunk, verdict.problem)
            else:
                at = now + timedelta(seconds=verdict.delay_seconds)
                backfills.put_back(connection, chunk, at, now, spent=True, problem=verdict.problem)
            log.warning("backfill.abandoned", backfill_id=chunk.backfill_id, chunk=chunk.id, attempt=chunk.attempt)
    route(runtime, letters)
    _close(runtime)
    with runtime.database.begin() as connection:
        due = backfills.due(connection, now - timedelta(seconds=WOKEN_SECONDS), now)
    if due:
        runtime.wake.backfills(due)
    return len(left)


def _read(runtime: Runtime, chunk: Chunk, reading: Slice) -> None:
    until = runtime.clock.now() + timedelta(seconds=SLICE_SECONDS)
    cursor = chunk.cursor
    while True:
        page = runtime.history(chunk.past, cursor)
        known = runtime.known(chunk.past, page.records) if chunk.dry_run else 0
        if not _take_in(runtime, chunk, page, known):
            return
        reading.pages += 1
        reading.records += _size(page)
        cursor = page.cursor
        reading.done = cursor is None
        if reading.done or runtime.clock.now() >= until:
            return


def _take_in(runtime: Runtime, chunk: Chunk, page: Page[Change], known: int) -> bool:
    """False where the page was left alone: the backfill is paused or cancelled, or the chunk in other hands."""
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        if not backfills.hold(connection, chunk):
            return False
        if chunk.dry_run:
            taken = pages.TakenIn([], [], len(page.unreadable))
        else:
            by = pages.Backfill(chunk.backfill_id, chunk.past.target)
            taken = pages.take_in(runtime, connection, chunk.past.source, page, TOLD_BY, by)
        counts = Counts(_size(page), len(taken.job_ids), known, taken.unreadable)
        backfills.turn(connection, chunk, page.cursor, counts, now + runtime.lease, now)
        called = taken.job_ids[:CALLS]
        calls = backlog.calls(connection, called, now)
    tell(runtime, calls, called)
    route(runtime, taken.letters)
    return True


def _size(page: Page[Change]) -> int:
    return page.kept or len(page.records)


def _end_early(
    runtime: Runtime, connection: Connection, chunk: Chunk, reading: Slice, error: Exception
) -> tuple[float, list[int]]:
    """When a message is to come back, in seconds; and the dead letter of a chunk that is given up."""
    # A page that was read speaks for the chunk: what it failed at before is forgotten.
    verdict = judge(error, 1 if reading.pages else chunk.attempt, runtime.jitter())
    reading.trouble = verdict.problem.code
    unexpected = error if not isinstance(error, SyncError) else None
    log.warning("backfill.failed", backfill_id=chunk.backfill_id, code=reading.trouble, exc_info=unexpected)
    if verdict.outcome not in (Outcome.RETRY, Outcome.WAIT):
        return 0.0, _give_up(runtime, connection, chunk, verdict.problem)
    now = runtime.clock.now()
    at = now + timedelta(seconds=verdict.delay_seconds)
    backfills.put_back(connection, chunk, at, now, spent=verdict.spends_attempt, problem=verdict.problem)
    return verdict.delay_seconds, []


def _give_up(runtime: Runtime, connection: Connection, chunk: Chunk, problem: Problem) -> list[int]:
    """The chunk is not read again until a person resumes its backfill; the other chunks go on."""
    if not backfills.fail(connection, chunk, problem, runtime.clock.now()):
        return []
    resume = f"Then let it be read on with `erpsync backfill resume {chunk.backfill_id}`, and discard this dead letter."
    told = replace(problem, next_step=f"{problem.next_step} {resume}")
    return pages.keep(runtime, connection, chunk.past.source, [told], TOLD_BY)


def _close(runtime: Runtime) -> None:
    with runtime.database.begin() as connection:
        for backfill_id, state in backfills.close(connection, runtime.clock.now()):
            log.info("backfill.ended", backfill_id=backfill_id, state=state)


def _log(chunk: Chunk, reading: Slice) -> None:
    log.info(
        "backfill.read",
        backfill_id=chunk.backfill_id,
        chunk=chunk.id,
        connection=chunk.past.source,
        flow=chunk.past.flow,
        pages=reading.pages,
        records=reading.records,
        done=reading.done,
        trouble=reading.trouble,
    )
