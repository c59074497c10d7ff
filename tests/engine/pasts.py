"""A shop that had orders before erpsync came, and backfills of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from erpsync.engine import operations
from erpsync.engine.runtime import Runtime
from erpsync.flows import history
from erpsync.ledger import backfills
from erpsync.ledger.backfills import Progress
from erpsync.ports.backfill import Past
from erpsync.testing import samples
from erpsync.testing.bench import SHOP, Bench
from erpsync.testing.fake_store import FakeStore

BEGIN = datetime(2025, 12, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=10)


def placed(bench: Bench, count: int, *, page_size: int = 3) -> list[str]:
    """Orders of these ten days, evenly spread, which no webhook ever told of; their ids."""
    bench.runtime = reader(bench, "worker-1", page_size)
    step = (END - BEGIN) / count
    for n in range(count):
        at = BEGIN + step * n
        order = samples.order(f"{n:04}").model_copy(update={"created_at": at, "updated_at": at})
        bench.store.put(order, seconds_ago=(bench.clock.now() - at).total_seconds())
    return [f"{n:04}" for n in range(count)]


def reader(bench: Bench, name: str, page_size: int = 3) -> Runtime:
    """A worker that gets so many records a page, and runs the bench's own flows."""
    store = FakeStore(bench.clock, page_size=page_size, of=bench.store)
    return replace(bench.worker(name, store=store), flow=bench.runtime.flow)


def begun(
    bench: Bench,
    *,
    chunks: int = 4,
    concurrency: int = 4,
    dry_run: bool = False,
    flow: str = "orders",
    until: datetime = END,
) -> int:
    """A backfill of these ten days, cut into that many chunks."""
    past = Past(flow, SHOP, None, BEGIN, until)
    step = (until - BEGIN) / chunks
    windows = [(BEGIN + step * n, BEGIN + step * (n + 1)) for n in range(chunks)]
    return operations.start_backfill(
        bench.runtime,
        past,
        windows if flow == "orders" else history.windows(past),
        dry_run=dry_run,
        concurrency=concurrency,
        actor="ada",
    )


def shown(bench: Bench, backfill_id: int) -> Progress:
    with bench.database.connect() as connection:
        found = backfills.progress(connection, backfill_id)
    assert found is not None
    return found
