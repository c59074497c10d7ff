"""The tasks that beat sends: sweep, the care for webhooks, and purge."""

from datetime import timedelta

import structlog

from erpsync.engine import subscriptions
from erpsync.engine import sweep as sweeping
from erpsync.ledger import retention
from erpsync.tasks.app import app, assembly, runtime

log = structlog.get_logger()


@app.task(name="erpsync.upkeep.sweep")  # type: ignore[untyped-decorator]
def sweep() -> None:
    """Finds what messages lost; see `engine.sweep`."""
    sweeping.sweep(runtime())


@app.task(name="erpsync.upkeep.subscriptions")  # type: ignore[untyped-decorator]
def look_after_subscriptions() -> None:
    """Sees to it that remotes tell of changes; see `engine.subscriptions`."""
    for name, remote, address in assembly().subscribing():
        subscriptions.look_after(runtime(), name, remote, address)


@app.task(name="erpsync.upkeep.purge")  # type: ignore[untyped-decorator]
def purge() -> None:
    """Deletes deliveries and runs that are past their retention. Jobs, links and dead letters stay.

    What it does not come to in its time is left to the next one.
    """
    context = assembly()
    before = context.clock.now() - timedelta(days=retention.DAYS)
    more = True
    while more:
        with context.database.begin() as connection:
            purged = retention.purge(connection, before)
        log.info("ledger.purged", **purged)
        more = retention.BATCH in (purged["deliveries"], purged["runs"])
