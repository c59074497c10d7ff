"""Rows for the console to show, written the way the engine writes them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from erpsync.config import Route, Settings
from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName, JobId, SourceId
from erpsync.domain.retry import Outcome, Verdict
from erpsync.domain.states import JobState
from erpsync.engine import pushes as pushing
from erpsync.flows.stock_rules import StockRules
from erpsync.ledger import connections, dead_letters, inbox, jobs, runs
from erpsync.ledger.inbox import InboxState, Settled
from erpsync.ledger.jobs import Wanted
from erpsync.ledger.runs import Claim
from tests.flows.stock_world import StockWorld
from tests.quiet import silenced

SHOP, ERP = ConnectionName("shop"), ConnectionName("erp")


def problem(what: str = "Item TSHIRT-XL is not known.", next_step: str = "Create the item, then replay.") -> Problem:
    return Problem("unknown-item", "erp", what, next_step)


class Seeds:
    """Jobs, dead letters and connections in a site's ledger."""

    def __init__(self, site: Any, now: datetime) -> None:
        self._database = site.database
        self._now = now

    def job(self, number: str, *, source_id: str = "") -> JobId:
        """A job that is ready."""
        wanted = Wanted("orders", SHOP, ERP, SourceId(source_id or number), number, self._now, None, False)
        with self._database.begin() as connection:
            return jobs.advance(connection, wanted, self._now)[1]

    def dead_job(self, number: str, reason: Problem | None = None) -> tuple[JobId, int]:
        """A job that died, and its dead letter."""
        job_id = self.job(number)
        with self._database.begin() as connection:
            letter = runs.bury(connection, self._claim(connection, job_id), reason or problem(), self._now)
        assert letter is not None
        return job_id, letter

    def dies_again(self, job_id: JobId) -> int:
        """A job that was replayed dies once more, a minute later; its new dead letter."""
        self._now += timedelta(minutes=1)
        with self._database.begin() as connection:
            letter = runs.bury(connection, self._claim(connection, job_id), problem(), self._now)
        assert letter is not None
        return letter

    def done_job(self, number: str) -> JobId:
        job_id = self.job(number)
        with self._database.begin() as connection:
            claim = self._claim(connection, job_id)
            runs.finish(connection, claim, JobState.DONE, None, "Created sales order SO1.", self._now)
        return job_id

    def waiting_job(self, number: str, reason: Problem) -> JobId:
        job_id = self.job(number)
        with self._database.begin() as connection:
            verdict = Verdict(Outcome.RETRY, reason, delay_seconds=20.0)
            runs.put_back(connection, self._claim(connection, job_id), verdict, self._now)
        return job_id

    def unreadable(self, body: bytes, headers: dict[str, str] | None = None, key: str = "u") -> tuple[int, int]:
        """A delivery that could not be read, and its dead letter."""
        with self._database.begin() as connection:
            row = inbox.store(connection, SHOP, key, "orders/create", headers or {}, body, self._now)
            assert row is not None
            inbox.settle(connection, [Settled(row, InboxState.UNREADABLE, "see its dead letter")], self._now)
            reason = problem("The body is not JSON.", "Replay it after an upgrade, or discard it.")
            letter = dead_letters.add(connection, reason, subject="shop orders/create", now=self._now, inbox_id=row)
        return row, letter

    def paused_connection(self, name: str, reason: Problem) -> None:
        with self._database.begin() as connection:
            connections.see(connection, ConnectionName(name), "netsuite", "erp", self._now)
            connections.failed(
                connection,
                ConnectionName(name),
                reason,
                threshold=1,
                probe_in=timedelta(seconds=30),
                now=self._now,
            )

    def _claim(self, connection: Any, job_id: JobId) -> Claim:
        [claim] = runs.claim(connection, job_id, worker="host:1", batch=1, lease=timedelta(minutes=5), now=self._now)
        return claim


@pytest.fixture
def seeds(site: Any, now: datetime) -> Seeds:
    return Seeds(site, now)


@pytest.fixture
def world(database: Engine, now: datetime) -> StockWorld:
    """A shop and its ERP, synced by a route that asks a person of every catalogue, however small."""
    world = StockWorld(database, StockRules(small_catalogue=0))
    # The console goes by the real time.
    world.bench.clock.advance((now - world.bench.clock.now()).total_seconds())
    return world


@pytest.fixture
def held(world: StockWorld) -> int:
    """A push of stock that is held, after one that is done: the ERP has reported zeros for three of four SKUs."""
    for number in range(4):
        world.stock(f"SKU-{number}", 10)
    with silenced():
        world.poll()
        pushing.apply(world.bench.runtime, world.pushes()[0].id, "adam")
        world.bench.work()
        for number in range(3):
            world.stock(f"SKU-{number}", 0, None)
        world.bench.clock.advance(60)
        world.poll()
    return world.pushes()[0].id


@pytest.fixture
def stock_site(open_site: Any, settings: Settings) -> Iterator[Any]:
    """A web process whose configuration takes stock from erp to shop."""
    route = Route(source=SHOP, target=ERP, flows=("orders", "stock"))
    with open_site(replace(settings, routes=(route,))) as running:
        yield running


@pytest.fixture
def stock_seeds(stock_site: Any, now: datetime) -> Seeds:
    return Seeds(stock_site, now)
