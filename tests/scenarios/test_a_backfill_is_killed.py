"""A month that a shop had before erpsync came, asked for by the script and killed on the way: every order arrives once."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from sqlalchemy import text

from erpsync.ledger import backfills
from erpsync.ledger.backfills import Progress
from erpsync.ports.simulator import Start
from erpsync.sandbox import rehearsal
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.rehearsal import Tally
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.shopify.simulator import ShopifySimulator
from erpsync.systems.shopify.simulator_store import SKUS
from tests.scenarios.stage import Stage, perform

DAYS = 30
ORDERS = 150
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "backfill-orders.sh"
# Short, for what a killed worker had in hand waits for its lease; and long enough for a batch on a busy machine.
TASK_SECONDS = "30"
# Fewer than there are processes: some are left for what is live, however long the shop takes to tell of its past.
CONCURRENCY = "2"
LIVE_SECONDS = 120.0
END_SECONDS = 600.0


class ReticentShop(ShopifySimulator):
    """Tells of its past only while `tells` is set; `refrained` is how often it was asked when it did not."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.tells = threading.Event()
        self.tells.set()
        self.refrained = 0

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        if self.operation(environ, body) == "OrdersListed" and b"CREATED_AT" in body:
            self.refrained += not self.tells.is_set()
            self.tells.wait(LIVE_SECONDS)
        return super().__call__(environ, start_response)


def test_a_backfill_that_is_killed_twice_brings_every_order_once_and_holds_no_live_one_up(tmp_path: Path) -> None:
    shopify = ReticentShop(bucket_points=20_000, restore_rate=1_000)
    netsuite = NetSuiteSimulator(skus=SKUS, customers=10, latency_seconds=0.1)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=DAYS)
    for n in range(ORDERS):
        at = first + timedelta(days=DAYS) * n / ORDERS
        shopify.place_order([{"sku": "SKU-0001"}], created_at=at, updated_at=at)
    with perform(tmp_path, shopify, netsuite, environment={"ERPSYNC_TASK_SECONDS": TASK_SECONDS}) as stage:
        # Slow enough that a worker is found with a chunk in its hands.
        stage.store.faulty.add(Fault(FaultKind.DELAY, times=None, seconds=0.3))
        range_and_pace = ("--from", f"{first:%Y-%m-%d}", "--to", f"{today:%Y-%m-%d}", "--concurrency", CONCURRENCY)
        asked = _ask(stage, *range_and_pace)
        lost = _kill_the_worker_at_a_chunk(stage, set())
        lost_too = _kill_the_worker_at_a_chunk(stage, lost)
        live = _live_order(stage, shopify)
        ended = rehearsal.wait_until(lambda: _progress(stage).ended_at is not None, END_SECONDS)
        told, records = _progress(stage), netsuite.records()["salesOrders"]
    assert asked.startswith("Backfill 1 reads orders of shop")
    assert lost < lost_too, "no chunk was in hand, so that the killing proved nothing"
    assert ended, told
    assert (told.state, told.read, told.moved, told.errors) == ("done", ORDERS, ORDERS, 0)
    assert live, "a live order waited for the backfill"
    references = [record["externalId"] for record in records]
    assert len(references) == len(set(references)) == ORDERS + 1


def _ask(stage: Stage, *arguments: str) -> str:
    environment = {
        **os.environ,
        "ERPSYNC_DATABASE_URL": stage.servers.database_url,
        "ERPSYNC_REDIS_URL": stage.servers.redis_url,
        "ERPSYNC_CONFIG": str(stage.home / "erpsync.toml"),
        "ERPSYNC_HOME": str(stage.home),
    }
    ran = subprocess.run(["bash", str(SCRIPT), *arguments], env=environment, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _kill_the_worker_at_a_chunk(stage: Stage, lost: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Kills it with a chunk in hand, besides those that are `lost` already; returns all that are lost by then."""
    while True:
        assert rehearsal.wait_until(lambda: _in_hand(stage) - lost != set(), 120, 0.01), "no chunk was being read"
        pid = stage.pid_of("worker")
        assert pid is not None
        os.killpg(pid, signal.SIGKILL)
        # Nobody is left who could let go of one: it may just have been done when the blow fell.
        held = _in_hand(stage) - lost
        assert rehearsal.wait_until(lambda pid=pid: stage.pid_of("worker") not in (None, pid), 120)  # type: ignore[misc]
        if held:
            return lost | held


def _in_hand(stage: Stage) -> set[tuple[int, int]]:
    """The chunks that are claimed, each with the number of its claim."""
    with stage.ledger.connect() as connection:
        rows = connection.execute(text("SELECT id, fence FROM backfill_chunks WHERE state = 'running'"))
        return {(row.id, row.fence) for row in rows}


def _live_order(stage: Stage, shopify: ReticentShop) -> bool:
    """Whether an order that is placed now is in the ERP while the backfill still goes on."""
    shopify.tells.clear()
    assert rehearsal.wait_until(lambda: shopify.refrained > 0, LIVE_SECONDS), "the backfill does not go on"
    ((order, rounds),) = rehearsal.place(shopify, 1, 1, unknown_skus=0)
    rehearsal.post(stage.webhooks, rounds, Tally())
    done = text("SELECT state = 'done' AND NOT background FROM jobs WHERE source_id = :id")

    def is_done() -> bool:
        with stage.ledger.connect() as connection:
            return connection.execute(done, {"id": order.source_id}).scalar() is True

    arrived = rehearsal.wait_until(is_done, LIVE_SECONDS)
    goes_on = _progress(stage).ended_at is None
    shopify.tells.set()
    return arrived and goes_on


def _progress(stage: Stage) -> Progress:
    with stage.ledger.connect() as connection:
        found = backfills.progress(connection, 1)
    assert found is not None
    return found
