"""The task that reads a connection's past: a few seconds of one chunk, then a message for the next few."""

from erpsync.engine import backfill
from erpsync.tasks.app import app, runtime


@app.task(name="erpsync.backfill.read_on")  # type: ignore[untyped-decorator]
def read_on(backfill_id: int) -> None:
    """Reads a chunk of a backfill on; see `engine.backfill`."""
    backfill.read_on(runtime(), backfill_id)
