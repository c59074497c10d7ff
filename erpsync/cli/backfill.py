"""`erpsync backfill`: what stores and ERPs had before erpsync came."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from erpsync import bootstrap, questions
from erpsync.bootstrap import Assembly
from erpsync.cli import following, ledger, output, person, wake
from erpsync.cli.failures import ExitCode, WrongUsage
from erpsync.cli.group import Group
from erpsync.cli.output import AsJson
from erpsync.engine import operations
from erpsync.engine.operations import NotPossible
from erpsync.flows import history
from erpsync.ledger import backfills
from erpsync.ledger.backfills import BackfillState, Progress
from erpsync.ports.backfill import Past

CONCURRENCY, MOST = 4, 32
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]

_FROM = "From this day or time on, in UTC unless it says."


def _day(name: str, help: str) -> Any:
    return typer.Option(name, formats=_FORMATS, metavar="DAY", help=help, show_default=False)


Begin = Annotated[datetime, _day("--from", _FROM)]
PerhapsBegin = Annotated[datetime | None, _day("--from", f"{_FROM} Else from the first.")]
End = Annotated[datetime | None, _day("--to", "And before this one; now by default.")]
Connection = Annotated[str, typer.Option(help="Only what comes from, or goes to, this connection.", show_default=False)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read and count, and move nothing.")]
Concurrency = Annotated[int, typer.Option(min=1, max=MOST, help="How many chunks are read at once.")]
Follow = Annotated[
    bool | None,
    typer.Option("--follow/--no-follow", help="Show how far it is until it ends; by default at a terminal."),
]
Id = Annotated[int, typer.Argument(metavar="ID", help="As `backfill list` shows it.")]


def orders(
    begin: Begin,
    end: End = None,
    connection: Connection = "",
    dry_run: DryRun = False,
    concurrency: Concurrency = CONCURRENCY,
    follow: Follow = None,
    as_json: AsJson = False,
) -> None:
    """Send the orders that were placed in a stretch of time.

    Orders that the ERP has are brought up to date, never made twice. Workers do it behind what is live; Ctrl-C leaves
    them to it.

    \b
    Examples:
      erpsync backfill orders --from 2026-01-01 --to 2026-02-01
      erpsync backfill orders --from 2026-01-01 --dry-run
      erpsync backfill orders --from 2026-01-01 --connection shop --no-follow --json
    """
    _start("orders", begin, end, connection, dry_run, concurrency, follow, as_json)


def customers(
    begin: PerhapsBegin = None,
    end: End = None,
    connection: Connection = "",
    dry_run: DryRun = False,
    concurrency: Concurrency = CONCURRENCY,
    follow: Follow = None,
    as_json: AsJson = False,
) -> None:
    """Sync the customers that changed since a time, or all.

    \b
    Examples:
      erpsync backfill customers
      erpsync backfill customers --from 2026-01-01 --connection shop
    """
    _start("customers", begin, end, connection, dry_run, concurrency, follow, as_json)


def products(
    begin: PerhapsBegin = None,
    end: End = None,
    connection: Connection = "",
    dry_run: DryRun = False,
    concurrency: Concurrency = CONCURRENCY,
    follow: Follow = None,
    as_json: AsJson = False,
) -> None:
    """Sync the products that changed since a time, or all.

    With the connection of a store, that store's alone: for one that was added to an ERP with other stores.

    \b
    Examples:
      erpsync backfill products
      erpsync backfill products --connection new-shop --dry-run
    """
    _start("products", begin, end, connection, dry_run, concurrency, follow, as_json)


def stock(
    begin: PerhapsBegin = None,
    end: End = None,
    connection: Connection = "",
    dry_run: DryRun = False,
    concurrency: Concurrency = CONCURRENCY,
    follow: Follow = None,
    as_json: AsJson = False,
) -> None:
    """Read the ERP's stock anew, all or what changed since a time.

    As it is now, whatever --to says: the stores then get what differs from what they have.

    \b
    Examples:
      erpsync backfill stock
      erpsync backfill stock --connection erp --no-follow
    """
    _start("stock", begin, end, connection, dry_run, concurrency, follow, as_json)


def list_backfills(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = backfills.PAGE,
    as_json: AsJson = False,
) -> None:
    """List backfills, newest first.

    \b
    Examples:
      erpsync backfill list
      erpsync backfill list --json
    """
    with ledger.opened() as assembly, assembly.database.connect() as connection:
        found = backfills.everyone(connection, limit=limit + 1)
        now = assembly.clock.now()
    shown = found[:limit]
    if as_json:
        output.document({"backfills": [following.document(one, now) for one in shown], "more": len(found) > limit})
    elif not shown:
        output.line("There is no backfill yet.")
    else:
        output.table(
            ("BACKFILL", "FLOW", "FROM", "STATE", "BEGUN", "HOW FAR"), (following.row(one, now) for one in shown)
        )


def show(
    backfill_id: Id,
    follow: Annotated[bool, typer.Option("--follow", help="Show how far it is until it ends.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far a backfill is.

    And what of it could not be read. Exit code 1 where anything went wrong.

    \b
    Examples:
      erpsync backfill show 3
      erpsync backfill show 3 --follow
    """
    with ledger.opened() as assembly:
        shown = _look(assembly, [backfill_id])
        if follow:
            shown = _follow(assembly, [backfill_id], silent=as_json)
        with assembly.database.connect() as connection:
            failed = backfills.failed_chunks(connection, backfill_id)
        now = assembly.clock.now()
    if as_json:
        output.document({"backfill": following.document(shown[0], now), "failed_chunks": failed})
    else:
        following.show(shown[0], failed, now)
    _end(shown)


def pause(backfill_id: Id, as_json: AsJson = False) -> None:
    """Hold a backfill.

    No further page is taken in, and none of its jobs begins, until it is resumed.

    Example: erpsync backfill pause 3
    """
    with ledger.opened() as assembly:
        operations.pause_backfill(assembly.runtime(wake.Announcer(None)), backfill_id, person.actor())
    if as_json:
        output.document({"paused": backfill_id})
    else:
        output.line(f"Backfill {backfill_id} is paused. `erpsync backfill resume {backfill_id}` lets it go on.")


def resume(backfill_id: Id, as_json: AsJson = False) -> None:
    """Let a backfill go on.

    One that was paused, or one of which a part could not be read: that part is read on.

    Example: erpsync backfill resume 3
    """
    with ledger.opened() as assembly:
        announcer = wake.announcer()
        operations.resume_backfill(assembly.runtime(announcer), backfill_id, person.actor())
    if as_json:
        output.document({"resumed": backfill_id, "told_workers": announcer.heard})
        return
    output.line(f"Backfill {backfill_id} goes on. See `erpsync backfill show {backfill_id} --follow`.")
    if not announcer.heard:
        output.note(wake.BY_SWEEP)


def cancel(backfill_id: Id, as_json: AsJson = False) -> None:
    """End a backfill where it is.

    What has reached its target stays there. Jobs that nobody has begun are taken away, as if their records had not been
    read.

    Example: erpsync backfill cancel 3
    """
    with ledger.opened() as assembly:
        withdrawn = operations.cancel_backfill(assembly.runtime(wake.Announcer(None)), backfill_id, person.actor())
    if as_json:
        output.document({"cancelled": backfill_id, "withdrawn_jobs": withdrawn})
    else:
        output.line(f"Backfill {backfill_id} is cancelled. Taken away, not begun: {output.count(withdrawn, 'job')}.")


def _start(
    flow: str,
    begin: datetime | None,
    end: datetime | None,
    connection: str,
    dry_run: bool,
    concurrency: int,
    follow: bool | None,
    as_json: bool,
) -> None:
    follows = follow if follow is not None else not as_json and person.watches()
    assembly = bootstrap.configured(pool_size=1)
    try:
        announcer = wake.announcer()
        ids = [
            operations.start_backfill(
                assembly.runtime(announcer),
                past,
                history.windows(past),
                dry_run=dry_run,
                concurrency=concurrency,
                actor=person.actor(),
            )
            for past in _pasts(assembly, flow, begin, end, connection)
        ]
        shown = _look(assembly, ids)
        if not as_json:
            _say(shown, heard=announcer.heard, follows=follows)
        if follows:
            shown = _follow(assembly, ids, silent=as_json)
        now = assembly.clock.now()
    finally:
        assembly.database.dispose()
    if as_json:
        listed = [following.document(one, now) for one in shown]
        output.document({"backfills": listed, "told_workers": announcer.heard})
    if follows:
        _end(shown)


def _say(shown: Sequence[Progress], *, heard: bool, follows: bool) -> None:
    for one in shown:
        output.line(following.begun(one))
    if not heard:
        output.note(wake.BY_SWEEP)
    if not follows:
        output.note(_how_to_come_back([one.id for one in shown]))


def _pasts(assembly: Assembly, flow: str, begin: datetime | None, end: datetime | None, connection: str) -> list[Past]:
    now = assembly.clock.now()
    # What is yet to come is live.
    first, last = _utc(begin), min(_utc(end) or now, now)
    if first is not None and first >= last:
        raise WrongUsage(f"--from ({output.moment(first)}) must be before --to ({output.moment(last)}).")
    there = [str(name) for name in assembly.bound]
    if connection and connection not in there:
        raise WrongUsage(f"{connection!r} is not a connection; there are: {', '.join(there) or 'none'}.")
    pasts = questions.pasts(assembly, flow, connection, first, last)
    if not pasts:
        where = f" with {connection}" if connection else ""
        raise WrongUsage(f'No route{where} has the flow {flow}: add "{flow}" to the flows of its [[routes]] table.')
    return pasts


def _utc(at: datetime | None) -> datetime | None:
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def _look(assembly: Assembly, ids: Sequence[int]) -> list[Progress]:
    with assembly.database.connect() as connection:
        found = {one: backfills.progress(connection, one) for one in ids}
    for one, shown in found.items():
        if shown is None:
            raise NotPossible(f"There is no backfill {one}. `erpsync backfill list` shows those there are.")
    return [shown for shown in found.values() if shown is not None]


def _follow(assembly: Assembly, ids: Sequence[int], *, silent: bool) -> list[Progress]:
    try:
        following.follow(lambda: _look(assembly, ids), assembly.clock.now, silent=silent)
    except KeyboardInterrupt:
        output.note(f"It goes on without you. {_how_to_come_back(ids)}")
        raise typer.Exit(ExitCode.OK) from None
    return _look(assembly, ids)


def _how_to_come_back(ids: Sequence[int]) -> str:
    shows = ", ".join(f"`erpsync backfill show {one} --follow`" for one in ids)
    return f"See {shows}; `pause` holds it and `cancel` ends it."


def _end(shown: Sequence[Progress]) -> None:
    """Exit code 1 where something went wrong, or ended before its end."""
    if any(one.errors or one.state in (BackfillState.FAILED, BackfillState.CANCELLED) for one in shown):
        raise typer.Exit(ExitCode.NOT_WELL)


GROUP = Group(
    "backfill",
    """Load what stores and ERPs had before.

    \b
    Examples:
      erpsync backfill orders --from 2026-01-01 --to 2026-02-01
      erpsync backfill list
    """,
    {
        "orders": orders,
        "customers": customers,
        "products": products,
        "stock": stock,
        "list": list_backfills,
        "show": show,
        "pause": pause,
        "resume": resume,
        "cancel": cancel,
    },
)
