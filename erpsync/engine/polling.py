"""Asks a connection what changed, page by page, so that what its webhooks failed to tell costs minutes and not a record.

An ERP that tells that something changed, and not what, nudges: the poll is due at once instead of some minutes later, and a
burst of nudges makes one poll.

The checkpoint moves in the transaction that takes the page in: a poll that dies goes on at its next page. One worker at a
time polls a connection; one that was overtaken takes nothing in.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from erpsync.domain.errors import SyncError, Transient
from erpsync.domain.ids import ConnectionName
from erpsync.domain.retry import judge
from erpsync.engine import breaker, pages
from erpsync.engine.attempt import attempt_run
from erpsync.engine.intake import tell
from erpsync.engine.letters import route
from erpsync.engine.runtime import Runtime
from erpsync.ledger import backlog, checkpoints, connections, reservations
from erpsync.ledger.reservations import Room
from erpsync.ports.flow import Done
from erpsync.ports.pages import Page, Since
from erpsync.ports.webhooks import Change

log = structlog.get_logger()
# What changed while nobody listened yet: erpsync was set up, and its webhooks a little later.
FIRST_LOOK_BACK = timedelta(hours=1)
TOLD_BY = "poll"
# From the beginning of a poll to the earliest one that a nudge asks for.
NUDGE_GAP = timedelta(seconds=15)
# A poll of a large catalogue ends long before its time is up, and is called again.
_SLICE = 1 / 3


@dataclass(frozen=True)
class Polled:
    """What a poll did: changes read, jobs that moved. `busy`: another worker is at it, and nothing was done. `trouble`: the
    code of what ended it early; what was taken in before stays taken in. `more`: it has made room for others, and goes on
    when it is called again."""

    read: int = 0
    moved: int = 0
    busy: bool = False
    trouble: str = ""
    more: bool = False


def poll(runtime: Runtime, source: ConnectionName, flow: str) -> Polled:
    """Takes in what changed in `source` since the last poll. What only a person can mend becomes a dead letter, once.

    Raises only what the ledger raises.
    """
    room, holder = Room("poll", source), secrets.token_hex(8)
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        taken = reservations.take(connection, room, [flow], holder, now + runtime.lease, now)
    if not taken:
        return Polled(busy=True)
    try:
        result = attempt_run(lambda: _read_on(runtime, source, flow, room, holder))
    finally:
        with runtime.database.begin() as connection:
            reservations.release(connection, room, [flow], holder)
    if isinstance(result, Exception):
        return _ended_early(runtime, source, flow, result)
    with runtime.database.begin() as connection:
        breaker.observe(connection, source, source, [Done("polled")], runtime.clock.now())
    log.info("connection.polled", connection=source, flow=flow, read=result.read, moved=result.moved)
    return result


def is_due(runtime: Runtime, source: ConnectionName, flow: str, every: timedelta) -> bool:
    """Whether the last poll began `every` ago, its reading was cut short, or a nudge came since it began; and whether the
    connection is not paused."""
    with runtime.database.begin() as connection:
        if connections.is_paused(connection, source):
            return False
        state = checkpoints.get(connection, source, _kind(flow)) or {}
        nudge = checkpoints.nudged(connection, source, flow)
    begun = state.get("begun_at")
    if begun is None or state.get("cursor"):
        return True
    wait = every if nudge == state.get("nudge") else _nudged_wait(state, every)
    return datetime.fromisoformat(begun) + wait <= runtime.clock.now()


def _nudged_wait(state: Any, every: timedelta) -> timedelta:
    """A long read, as of an ERP whose stock is read whole, is not begun again as soon as it ends."""
    return min(every, max(NUDGE_GAP, 2 * timedelta(seconds=state.get("took_seconds", 0.0))))


def _ended_early(runtime: Runtime, source: ConnectionName, flow: str, error: Exception) -> Polled:
    problem = judge(error, attempt=1, jitter=0.0).problem
    unexpected = not isinstance(error, SyncError)
    log.warning("poll.failed", connection=source, flow=flow, code=problem.code, exc_info=error if unexpected else None)
    letters: list[int] = []
    with runtime.database.begin() as connection:
        breaker.observe(connection, source, source, [error], runtime.clock.now())
        if not isinstance(error, Transient):
            letters = pages.keep(runtime, connection, source, [problem], TOLD_BY)
    route(runtime, letters)
    return Polled(trouble=problem.code)


def _read_on(runtime: Runtime, source: ConnectionName, flow: str, room: Room, holder: str) -> Polled:
    read = moved = 0
    with runtime.database.begin() as connection:
        state = checkpoints.get(connection, source, _kind(flow)) or {}
        nudge = checkpoints.nudged(connection, source, flow)
    begun = runtime.clock.now()
    if not state.get("cursor"):
        state |= {"begun_at": begun.isoformat(), "nudge": nudge} | _in_full(runtime, flow, state, begun)
    begin = datetime.fromisoformat(state.setdefault("first_at", (runtime.clock.now() - FIRST_LOOK_BACK).isoformat()))
    while True:
        page = runtime.changes(flow, source, Since(state.get("watermark"), state.get("cursor"), begin))
        # A read that is not over keeps the watermark that it began with.
        state |= {"cursor": page.cursor}
        if page.cursor is None:
            took = runtime.clock.now() - datetime.fromisoformat(state["begun_at"])
            state |= {"watermark": page.watermark, "took_seconds": took.total_seconds()}
        moved += _take_in(runtime, source, flow, page, state, room, holder)
        read += len(page.records)
        if page.cursor is None:
            return Polled(read, moved)
        if runtime.clock.now() - begun > runtime.lease * _SLICE:
            return Polled(read, moved, more=True)


def _take_in(
    runtime: Runtime, source: ConnectionName, flow: str, page: Page[Change], state: Any, room: Room, holder: str
) -> int:
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        if not reservations.keep(connection, room, [flow], holder, now + runtime.lease):
            raise Transient("poll-overtaken", system=source, what="Another worker has taken this poll over.")
        taken = pages.take_in(runtime, connection, source, page, TOLD_BY)
        checkpoints.put(connection, source, _kind(flow), state, now)
        calls = backlog.calls(connection, taken.job_ids, now)
    tell(runtime, calls, taken.job_ids)
    route(runtime, taken.letters)
    return len(taken.job_ids)


def _in_full(runtime: Runtime, flow: str, state: Any, now: datetime) -> dict[str, Any]:
    """From time to time everything is read, which mends what no change has told."""
    every, last = runtime.full_every(flow), state.get("full_at")
    if every is None or (last is not None and datetime.fromisoformat(last) + every > now):
        return {}
    return {"full_at": now.isoformat(), "watermark": None}


def _kind(flow: str) -> str:
    return f"{flow} changed"
