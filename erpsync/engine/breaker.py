"""Pauses a connection that is down, tests the way with one probe at a time, and lets the backlog go on."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from erpsync.domain.errors import OutcomeUnknown, SyncError, Unavailable
from erpsync.domain.ids import ConnectionName
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
        if isinstance(result, (Unavailable, OutcomeUnknown)):
            troubled.setdefault(result.connection or target, result)
    for name, error in troubled.items():
        paused = connections.failed(
            connection,
            ConnectionName(name),
            error.problem,
            threshold=FAILURES_TO_PAUSE,
            probe_in=timedelta(seconds=FIRST_PROBE_SECONDS),
            now=now,
        )
        if paused:
            log.warning("connection.paused", connection=name, code=error.code)
    if any(isinstance(result, Done) for result in results):
        for name in {source, target} - troubled.keys():
            connections.succeeded(connection, ConnectionName(name))


def probe(runtime: Runtime) -> list[ConnectionName]:
    """Tests every paused connection whose probe is due; returns those that answer and go on."""
    resumed: list[ConnectionName] = []
    tested: set[ConnectionName] = set()
    while (row := _take(runtime, tested)) is not None:
        tested.add(row.name)
        try:
            runtime.ping(row.name)
        except SyncError as error:
            log.info("connection.still_down", connection=row.name, code=error.code)
            continue
        except KeyError:
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
    now = runtime.clock.now()
    with runtime.database.begin() as connection:
        row = connections.take_probe(connection, timedelta(seconds=MAX_PROBE_SECONDS), now)
        if row is None or row.name in tested:
            return None
        connections.set_probe(connection, row.name, now + timedelta(seconds=probe_delay_seconds(row.probes)))
        return row
