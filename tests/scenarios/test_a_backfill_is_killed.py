"""A month that a shop had before erpsync came, asked for by the script and killed on the way: every order arrives once."""

import os
import signal
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from erpsync.ledger import backfills
from erpsync.ledger.backfills import Progress
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
TASK_SECONDS = "10"
END_SECONDS = 180.0


def test_a_backfill_that_is_killed_twice_brings_every_order_once_and_holds_no_live_one_up(tmp_path: Path) -> None:
    shopify = ShopifySimulator(bucket_points=20_000, restore_rate=1_000)
    netsuite = NetSuiteSimulator(skus=SKUS, customers=10, latency_seconds=0.1)
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = today - timedelta(days=DAYS)
    for n in range(ORDERS):
        at = first + timedelta(days=DAYS) * n / ORDERS
        shopify.place_order([{"sku": "SKU-0001"}], created_at=at, updated_at=at)
    with perform(tmp_path, shopify, netsuite, environment={"ERPSYNC_TASK_SECONDS": TASK_SECONDS}) as stage:
        # Slow enough that a worker is surely killed with a chunk in its hands.
        stage.store.faulty.add(Fault(FaultKind.DELAY, times=None, seconds=0.3))
        asked = _ask(stage, "--from", f"{first:%Y-%m-%d}", "--to", f"{today:%Y-%m-%d}")
        killed = [_kill_the_worker_at_a_chunk(stage) for _ in range(2)]
        live = _live_order(stage, shopify)
        ended = rehearsal.wait_until(lambda: _progress(stage).ended_at is not None, END_SECONDS)
        told, records = _progress(stage), netsuite.records()["salesOrders"]
        with stage.ledger.connect() as connection:
            claims = connection.execute(text("SELECT sum(fence) FROM backfill_chunks")).scalar_one()

    assert asked.startswith("Backfill 1 reads orders of shop")
    assert killed == [True, True]
    assert ended, told
    assert (told.state, told.read, told.moved, told.errors) == ("done", ORDERS, ORDERS, 0)
    assert claims > told.chunks, "no chunk was in hand, so that the killing proved nothing"
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


def _kill_the_worker_at_a_chunk(stage: Stage) -> bool:
    assert rehearsal.wait_until(lambda: _progress(stage).chunks_running > 0, 60, 0.01), "no chunk was being read"
    pid = stage.pid_of("worker")
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    return rehearsal.wait_until(lambda: stage.pid_of("worker") not in (None, pid), 30)


def _live_order(stage: Stage, shopify: ShopifySimulator) -> bool:
    """Whether an order that is placed now is in the ERP while the backfill still goes on."""
    ((order, rounds),) = rehearsal.place(shopify, 1, 1, unknown_skus=0)
    rehearsal.post(stage.webhooks, rounds, Tally())
    done = text("SELECT state = 'done' AND NOT background FROM jobs WHERE source_id = :id")

    def is_done() -> bool:
        with stage.ledger.connect() as connection:
            return connection.execute(done, {"id": order.source_id}).scalar() is True

    assert rehearsal.wait_until(is_done, 60)
    return _progress(stage).ended_at is None


def _progress(stage: Stage) -> Progress:
    with stage.ledger.connect() as connection:
        found = backfills.progress(connection, 1)
    assert found is not None
    return found
