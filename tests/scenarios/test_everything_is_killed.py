"""Workers, broker and database are killed under load; every order is in the ERP exactly once all the same."""

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import redis
from sqlalchemy import text

from erpsync.ledger import reads
from erpsync.sandbox import rehearsal
from erpsync.sandbox.rehearsal import Placed, Tally
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.shopify.simulator import ShopifySimulator
from erpsync.systems.shopify.simulator_store import SKUS
from tests.scenarios.stage import Stage, perform

ORDERS = 300
SEED = 20261101
LEAD = 30  # orders on their way before the first blow
# Short, for what a killed worker had in hand waits for its lease; and long enough for a batch on a busy machine.
TASK_SECONDS = "30"
SETTLE_SECONDS = 600.0


def test_every_order_arrives_once_though_workers_broker_and_database_are_killed(tmp_path: Path) -> None:
    # Slow enough that every blow falls on calls under way; and a shop of the largest plan, whose limits hold nobody up:
    # the first poll finds all orders at once, for they are placed before their webhooks are posted.
    netsuite = NetSuiteSimulator(skus=SKUS, customers=10, latency_seconds=0.15)
    shopify = ShopifySimulator(bucket_points=20_000, restore_rate=1_000)
    with perform(tmp_path, shopify, netsuite, environment={"ERPSYNC_TASK_SECONDS": TASK_SECONDS}) as playing:
        _kill_everything(playing)


def _kill_everything(playing: Stage) -> None:
    placed = rehearsal.place(playing.store.faulty.simulator, ORDERS, SEED, unknown_skus=0)
    tally = Tally()
    blows: list[tuple[str, Callable[[Stage], bool]]] = [
        ("the worker group is killed", _kill_workers),
        ("the broker forgets everything", _flush),
        ("the broker is killed", _kill_redis),
        ("the database restarts at once", _restart_postgres),
    ]
    struck: dict[str, bool] = {}
    with ThreadPoolExecutor(6) as senders:
        quarter = (ORDERS - LEAD) // len(blows)
        futures = []
        for number, (_, rounds) in enumerate(placed):
            futures.append(senders.submit(rehearsal.post, playing.webhooks, rounds, tally))
            time.sleep(0.03)
            if number >= LEAD and (number - LEAD) % quarter == 0 and len(struck) < len(blows):
                name, blow = blows[len(struck)]
                struck[name] = blow(playing)
        for future in futures:
            future.result()
    settled = rehearsal.wait_until(lambda: _settled(playing), SETTLE_SECONDS)

    assert struck == {name: True for name, _ in blows}, "a blow that did not fall proves nothing"
    assert tally.refused == []
    assert settled, _state(playing)
    orders: list[Placed] = [one for one, _ in placed]
    assert playing.erp is not None
    outcome = rehearsal.judge(orders, playing.erp.records()["salesOrders"], {}, "shop")
    assert outcome.sound, outcome
    assert outcome.once == ORDERS
    assert len(playing.erp.records()["salesOrders"]) == ORDERS
    with playing.ledger.connect() as connection:
        jobs = connection.execute(text("SELECT state, count(*) FROM jobs GROUP BY state")).all()
        abandoned = connection.execute(
            text("SELECT count(*) FROM runs WHERE problem_code = 'worker-died'")
        ).scalar_one()
    assert [tuple(row) for row in jobs] == [("done", ORDERS)]
    assert abandoned > 0, "the killed workers held no claim, so their death proved nothing"


def _kill_workers(stage: Stage) -> bool:
    while True:
        assert rehearsal.wait_until(lambda: _running(stage) > 0, 120, 0.01), "no job was running"
        pid = stage.pid_of("worker")
        assert pid is not None
        os.killpg(pid, signal.SIGKILL)
        # Nobody is left who could record one: the last may just have been done when the blow fell.
        struck = _running(stage) > 0
        assert rehearsal.wait_until(lambda pid=pid: stage.pid_of("worker") not in (None, pid), 120)  # type: ignore[misc]
        if struck:
            return True


def _flush(stage: Stage) -> bool:
    client = redis.Redis.from_url(stage.servers.redis_url)
    had = client.dbsize()
    client.flushall()
    client.close()
    return bool(had)


def _kill_redis(stage: Stage) -> bool:
    server = stage.servers.redis
    assert server is not None
    before = server.pid
    server.kill()
    time.sleep(2)
    server.start()
    return server.pid not in (None, before)


def _restart_postgres(stage: Stage) -> bool:
    assert rehearsal.wait_until(lambda: _running(stage) > 0, 120, 0.01), "no job was running"
    before = _started_at(stage)
    assert stage.servers.postgres is not None
    stage.servers.postgres.restart_immediate()
    return _started_at(stage) > before


def _started_at(stage: Stage) -> datetime:
    with stage.ledger.connect() as connection:
        return datetime.fromisoformat(str(connection.execute(text("SELECT pg_postmaster_start_time()")).scalar_one()))


def _running(stage: Stage) -> int:
    with stage.ledger.connect() as connection:
        return reads.overview(connection, datetime.now(UTC)).jobs.get("running", 0)


def _settled(stage: Stage) -> bool:
    with stage.ledger.connect() as connection:
        seen = reads.overview(connection, datetime.now(UTC))
    return not (seen.inbox.get("new") or seen.jobs.get("ready") or seen.jobs.get("running"))


def _state(stage: Stage) -> str:
    with stage.ledger.connect() as connection:
        return str(reads.overview(connection, datetime.now(UTC)))
