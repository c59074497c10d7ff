"""`erpsync jobs`: one job per flow and source record."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer

from erpsync.cli import ledger, output, person, wake
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson, Cell
from erpsync.domain.ids import JobId
from erpsync.domain.states import JobState
from erpsync.engine import operations
from erpsync.engine.operations import NotPossible
from erpsync.ledger import reads
from erpsync.ledger.reads import DeliveryRow, JobRow, RunRow

MAX_ROWS = 1000

JobNumber = Annotated[int, typer.Argument(metavar="ID", help="The job's id, as `jobs list` shows it.")]


def list_jobs(
    state: Annotated[JobState | None, typer.Option(help="Only jobs in this state.")] = None,
    flow: Annotated[str, typer.Option(help="Only jobs of this flow, such as orders.", show_default=False)] = "",
    search: Annotated[
        str, typer.Option(help="Only the record with this number or source id, exactly.", show_default=False)
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=MAX_ROWS, help="How many at most.")] = reads.PAGE,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first.

    A job is one record on its way from one connection to another: events move it forward, they never add another.

    \b
    Examples:
      erpsync jobs list --state dead
      erpsync jobs list --search 1001
      erpsync jobs list --flow orders --limit 500 --json
    """
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        found = reads.jobs(
            connection,
            state=state or "",
            flow=_text(flow),
            search=_text(search),
            limit=limit + 1,
        )
        now = assembly.clock.now()
    shown = found[:limit]
    if as_json:
        output.document({"jobs": shown, "more": len(found) > limit})
        return
    if not shown:
        output.line("No job is like that." if state or flow or search else "There are no jobs yet.")
        return
    output.table(("JOB", "FLOW", "NUMBER", "FROM", "TO", "STATE", "UPDATED", "RESULT OR PROBLEM"), _rows(shown, now))
    if len(found) > limit:
        output.note(f"These are the newest {limit}; --limit shows more.")


def show(job_id: JobNumber, as_json: AsJson = False) -> None:
    """Show where a job stands.

    And each of its runs, and what the store told of its record.

    \b
    Examples:
      erpsync jobs show 12
      erpsync jobs show 12 --json
    """
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        job = _existing(reads.job(connection, job_id), job_id)
        runs = reads.runs(connection, job_id)
        deliveries = reads.deliveries(connection, job.source, job.source_id)
        now = assembly.clock.now()
    if as_json:
        output.document({"job": job, "runs": runs, "deliveries": deliveries})
        return
    output.line(f"Job {job.id}: {job.flow} {job.number}, from {job.source} to {job.target}", "bold")
    output.fields(_facts(job, now))
    output.heading("Runs, newest first" if runs else "No run yet.")
    if runs:
        output.table(("ATTEMPT", "STARTED", "TOOK", "OUTCOME", "NOTE"), map(_run, runs))
    output.heading("Deliveries of its record, newest first" if deliveries else "No delivery of its record is kept.")
    if deliveries:
        output.table(("DELIVERY", "RECEIVED", "TOPIC", "STATE", "NOTE"), map(_delivery, deliveries))


def replay(
    job_id: JobNumber,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a closed job again.

    From the latest state of its source. The target is looked at first: what is there already is amended, never made
    twice. Asks before it does so.

    \b
    Examples:
      erpsync jobs replay 12
      erpsync jobs replay 12 --yes
    """
    with ledger.opened() as assembly:
        with assembly.database.connect() as connection:
            job = _existing(reads.job(connection, job_id), job_id)
        name = f"job {job.id} ({job.flow} {job.number}, {job.state})"
        person.agree(f"Run {name} again and make {job.target} equal to {job.source}?", yes=yes)
        announcer = wake.announcer()
        operations.replay_job(assembly.runtime(announcer), JobId(job_id), person.actor())
    if as_json:
        output.document({"replayed": [job_id], "told_workers": announcer.heard})
        return
    output.line(f"J{name[1:]} runs again. See `erpsync jobs show {job.id}`.")
    if not announcer.heard:
        output.note(wake.BY_SWEEP)


def _existing(job: JobRow | None, job_id: int) -> JobRow:
    if job is None:
        raise NotPossible(f"There is no job {job_id}. `erpsync jobs list` shows those there are.")
    return job


def _rows(jobs: Iterable[JobRow], now: datetime) -> Iterable[tuple[Cell, ...]]:
    for job in jobs:
        yield (
            str(job.id),
            job.flow,
            job.number,
            job.source,
            job.target,
            output.stated(job.state),
            output.ago(job.updated_at, now),
            _result(job, now),
        )


def _result(job: JobRow, now: datetime) -> str:
    if job.state != JobState.READY:
        return job.problem_code or job.display or ""
    when = f"due {output.ago(job.due_at, now)}"
    return f"{job.problem_code}, {when}" if job.problem_code else when


def _facts(job: JobRow, now: datetime) -> Iterable[tuple[str, Cell]]:
    yield "state", output.stated(job.state)
    yield "attempts", str(job.attempts) if job.attempts else ""
    yield "due", f"{output.moment(job.due_at)}, {output.ago(job.due_at, now)}" if job.state == JobState.READY else ""
    yield "problem", f"{job.problem} ({job.problem_code})" if job.problem else ""
    yield "next step", job.next_step or ""
    yield "then", f"erpsync jobs replay {job.id}" if job.state == JobState.DEAD else ""
    yield f"in {job.source}", job.source_id
    yield f"in {job.target}", f"{job.display} (id {job.target_id})" if job.target_id else ""
    yield "created", output.moment(job.created_at)
    yield "updated", output.moment(job.updated_at)


def _run(run: RunRow) -> tuple[str, ...]:
    took = f"{(run.ended_at - run.started_at).total_seconds():.1f} s" if run.ended_at else ""
    return (
        str(run.attempt),
        output.moment(run.started_at),
        took,
        run.outcome or f"running in {run.worker}",
        run.note or "",
    )


def _delivery(row: DeliveryRow) -> tuple[Cell, ...]:
    return (str(row.id), output.moment(row.received_at), row.topic, output.stated(row.state), row.note)


def _text(argument: str) -> str:
    """The argument without bytes that were no UTF-8: PostgreSQL takes none."""
    return argument.encode("utf-8", "replace").decode("utf-8")


GROUP = Group(
    "jobs",
    """See records on their way, run them again.

    \b
    Examples:
      erpsync jobs list --state dead
      erpsync jobs show 12
    """,
    {"list": list_jobs, "show": show, "replay": replay},
)
