"""`erpsync status`: how the work goes, and what is not well."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import typer
from rich.text import Text

from erpsync.cli import ledger, output
from erpsync.cli.failures import ExitCode
from erpsync.cli.output import AsJson, Cell
from erpsync.domain.states import JobState
from erpsync.engine.limits.records import BucketSeen, Seen
from erpsync.ledger import reads
from erpsync.ledger.connections import ConnectionRow
from erpsync.ledger.inbox import InboxState
from erpsync.ledger.reads import Overview

# The sweep finds due work within seconds; what waits for minutes while nothing runs has no worker.
OVERDUE_SECONDS = 300.0


def status(as_json: AsJson = False) -> None:
    """Show how the work goes.

    Exit code 1 where something is not well: an open dead letter, a paused connection, or due work that no worker takes.

    \b
    Examples:
      erpsync status
      erpsync status --json
    """
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        now = assembly.clock.now()
        overview = reads.overview(connection, now)
        limits = assembly.limits.look([row.name for row in overview.connections])
        is_shared = assembly.limits.is_shared()
    concerns = list(concerns_of(overview, now))
    if as_json:
        limited = [_limit(name, seen, now) for name, seen in limits.items()] if is_shared else None
        output.document({**_document(overview, concerns), "limits": limited})
    else:
        _print(overview, concerns, now)
        _print_limits(limits, is_shared)
    if concerns:
        raise typer.Exit(ExitCode.NOT_WELL)


def concerns_of(overview: Overview, now: datetime) -> Iterator[str]:
    """A sentence for each thing that somebody should look at, with the next step."""
    if overview.dead_letters:
        yield f"{output.count(overview.dead_letters, 'open dead letter')}. Next: see `erpsync dead list`."
    paused = [row for row in overview.connections if row.paused_at is not None]
    for row in paused:
        yield f"{row.name} is paused{_since(row.paused_at, now)}: {row.problem} Next: {row.next_step}"
    overdue = overview.oldest_due_seconds > OVERDUE_SECONDS and not overview.jobs.get(JobState.RUNNING)
    # What is due for a connection that is left alone waits by right.
    if overdue and not paused and not any(_is_quiet(row, now) for row in overview.connections):
        waits = output.span(overview.oldest_due_seconds)
        yield f"Work has been due for {waits} and nothing runs. Next: see with `erpsync doctor` whether a worker does."


def _since(at: datetime | None, now: datetime) -> str:
    return f" for {output.span((now - at).total_seconds())}" if at else ""


def _document(overview: Overview, concerns: list[str]) -> dict[str, object]:
    return {
        "well": not concerns,
        "concerns": concerns,
        "jobs": _counts(overview.jobs, JobState),
        "inbox": _counts(overview.inbox, InboxState),
        "dead_letters": overview.dead_letters,
        "oldest_due_seconds": overview.oldest_due_seconds,
        "connections": overview.connections,
        "refusals": [
            {"connection": connection, "reason": reason, "count": count}
            for connection, reason, count in overview.refusals
        ],
    }


def _counts(found: Mapping[str, int], states: type[JobState] | type[InboxState]) -> dict[str, int]:
    """Every state, those without any too."""
    return {str(state): found.get(state, 0) for state in states}


def _print(overview: Overview, concerns: list[str], now: datetime) -> None:
    for concern in concerns:
        output.judged("not ok", "", concern, "", 0)
    if not concerns:
        output.line("All is well.", "green")
    output.heading("Work")
    waits = output.span(overview.oldest_due_seconds) if overview.oldest_due_seconds > 0 else ""
    output.fields(
        (
            ("jobs", _listed(_counts(overview.jobs, JobState))),
            ("deliveries", _listed(_counts(overview.inbox, InboxState))),
            ("longest due", waits),
        )
    )
    if overview.connections:
        output.heading("Connections")
        output.table(("NAME", "SYSTEM", "ROLE", "STATE"), (_connection(row, now) for row in overview.connections))
    if overview.refusals:
        output.heading("Deliveries that were not let in")
        output.table(("CONNECTION", "REASON", "COUNT"), ((name, why, str(n)) for name, why, n in overview.refusals))


def _limit(connection: str, seen: Seen, now: datetime) -> dict[str, object]:
    return {
        "connection": connection,
        "buckets": [
            {
                "operation": operation,
                "tokens": round(bucket.tokens, 1),
                "per_second": round(bucket.per_second, 3),
                "configured_per_second": bucket.configured_per_second,
                "window_ends_in_seconds": bucket.ends_seconds,
            }
            for operation, bucket in seen.buckets.items()
        ],
        "in_flight": seen.in_flight,
        "slots": seen.slots or None,
        "configured_slots": seen.configured_slots or None,
        "waits_until": now + timedelta(seconds=seen.waits_seconds) if seen.waits_seconds else None,
        "throttles_last_hour": seen.throttles_last_hour,
    }


def _print_limits(limits: Mapping[str, Seen], is_shared: bool) -> None:
    if not is_shared:
        output.heading("Limits")
        output.line("Redis is not there or does not answer: each worker keeps to its own part of them.")
    elif limits:
        output.heading("Limits")
        headings = ("CONNECTION", "RATE", "AT ONCE", "WAITS", "THROTTLED IN THE LAST HOUR")
        output.table(headings, (_limit_row(name, seen) for name, seen in limits.items()))


def _limit_row(connection: str, seen: Seen) -> tuple[Cell, ...]:
    rates = ", ".join(_rate(operation, bucket) for operation, bucket in seen.buckets.items())
    slots = f"{seen.in_flight} of {_of(seen.slots, seen.configured_slots)}" if seen.slots else str(seen.in_flight)
    waits = output.span(seen.waits_seconds) if seen.waits_seconds else ""
    return connection, rates or "any", slots, waits, str(seen.throttles_last_hour)


def _rate(operation: str, bucket: BucketSeen) -> str:
    if bucket.ends_seconds is not None:
        return f"{max(bucket.tokens, 0.0):.0f} {operation} left for {output.span(bucket.ends_seconds)}"
    return f"{_of(bucket.per_second, bucket.configured_per_second)} {operation} a second"


def _of(now: float, configured: float) -> str:
    """What holds now, and what it comes back to where that is more."""
    return f"{now:.4g}" if now >= configured else f"{now:.4g} (of {configured:.4g})"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {state}" for state, number in counts.items() if number) or "none"


def _is_quiet(row: ConnectionRow, now: datetime) -> bool:
    return row.quiet_until is not None and row.quiet_until > now


def _connection(row: ConnectionRow, now: datetime) -> tuple[Cell, ...]:
    if row.paused_at is not None and row.probe_at is not None:
        test = "next test in" if row.probe_at > now else "its test is overdue by"
        waits = output.span(abs((row.probe_at - now).total_seconds()))
        return row.name, row.system, row.role, Text(f"paused, {test} {waits}", "bold red")
    if row.quiet_until is not None and _is_quiet(row, now):
        return row.name, row.system, row.role, f"asked for patience, goes on {output.ago(row.quiet_until, now)}"
    state = f"ok, {output.count(row.failures, 'failure')} in a row" if row.failures else "ok"
    return row.name, row.system, row.role, state
