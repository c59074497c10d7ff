"""Pauses a connection that is down, tests the way with one probe at a time, and lets the backlog go on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypeGuard

import structlog
from sqlalchemy import Connection

from erpsync.domain.errors import OutcomeUnknown, Paced, SyncError, Throttled, Unavailable
from erpsync.domain.ids import ConnectionName
from erpsync.domain.retry import MAX_RETRY_AFTER_SECONDS
from erpsync.engine.attempt import attempt
from erpsync.engine.runtime import Runtime
from erpsync.ledger import connections
from erpsync.ledger.connections import ConnectionRow
from erpsync.ports.flow import Done, Ended

log = structlog.get_logger()

# One cut connection is an accident, three in a row are an outage.
FAILURES_TO_PAUSE = 3
FIRST_PROBE_SECONDS = 2.0
MAX_PROBE_SECONDS = 60.0


def observe(
    connection: Connection, source: ConnectionName, target: ConnectionName, results: Sequence[Ended], now: datetime
) -> None:
    """Counts what a run's results say of the two connections it used."""
    troubled: dict[str, SyncError] = {}
    for result in results:
        if isinstance(result, (Unavailable, OutcomeUnknown)) or _asks_for_patience(result):
            troubled.setdefault(result.connection or target, result)
    well = {source, target} - troubled.keys() if any(isinstance(result, Done) for result in results) else set()
    # In one order, by whomever they are blamed or praised: else two runs could wait for one another.
    for name in sorted({*troubled, *well}):
        if name in troubled:
            _blame(connection, ConnectionName(name), troubled[name], now)
        else:
            connections.succeeded(connection, ConnectionName(name))


def _asks_for_patience(result: object) -> TypeGuard[Throttled]:
    # What our own limiter puts back is no word of the remote's: a backfill that waits must not keep live orders waiting.
    return isinstance(result, Throttled) and not isinstance(result, Paced) and result.retry_after_seconds is not None


def _blame(connection: Connection, name: ConnectionName, error: SyncError, now: datetime) -> None:
    if _asks_for_patience(error):
        wait = min(error.retry_after_seconds or 0.0, MAX_RETRY_AFTER_SECONDS)
        connections.leave_alone(connection, name, now + timedelta(seconds=wait))
        return
    paused = connections.failed(
        connection,
        name,
        error.problem,
        threshold=FAILURES_TO_PAUSE,
        probe_in=timedelta(seconds=FIRST_PROBE_SECONDS),
        now=now,
    )
    if paused:
        log.warning("connection.paused", connection=name, code=error.code)


def probe(runtime: Runtime) -> list[ConnectionName]:
    """Tests every paused connection whose probe is due; returns those that answer and go on."""
    resumed: list[ConnectionName] = []
    tested: set[ConnectionName] = set()
    while (row := _take(runtime, tested)) is not None:
        tested.add(row.name)
        answer = attempt(partial(runtime.ping, row.name))
        if isinstance(answer, Exception) and not isinstance(answer, KeyError):
            _still_down(runtime, row, answer)
            continue
        if isinstance(answer, KeyError):
            log.info("connection.not_configured", connection=row.name)
        with runtime.database.begin() as connection:
            connections.succeeded(connection, row.name)
        log.warning("connection.resumed", connection=row.name)
        resumed.append(row.name)
    return resumed


def probe_delay_seconds(probes: int) -> float:
    """How long after the `probes`-th probe (from 1) the next one comes: 2, 4, 8, ... 60 s."""
    return min(FIRST_PROBE_SECONDS * 2.0 ** min(probes, 10), MAX_PROBE_SECONDS)


def _take(runtime: Runtime, tested: set[ConnectionName]) -> ConnectionRow | None:
    # The next probe, should this worker die at this one.
    spare = timedelta(seconds=MAX_PROBE_SECONDS)
    with runtime.database.begin() as connection:
        return connections.take_probe(connection, spare, runtime.clock.now(), besides=sorted(tested))


def _still_down(runtime: Runtime, row: ConnectionRow, error: Exception) -> None:
    code = error.code if isinstance(error, SyncError) else type(error).__name__
    log.info("connection.still_down", connection=row.name, code=code)
    # Counted from the end of this probe: one that hangs must not make the next one late as well.
    at = runtime.clock.now() + timedelta(seconds=probe_delay_seconds(row.probes))
    with runtime.database.begin() as connection:
        connections.set_probe(connection, row.name, at)
