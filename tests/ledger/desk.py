"""A desk to work at the ledger with: records wanted, claims taken, outcomes recorded, rows looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine, RowMapping, text

from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName, JobId, SourceId
from erpsync.domain.retry import Outcome, Verdict
from erpsync.domain.states import JobState
from erpsync.ledger import connections, inbox, jobs, runs
from erpsync.ledger.jobs import Moved, Wanted
from erpsync.ledger.runs import Claim

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LEASE = timedelta(seconds=300)
SHOP = ConnectionName("shop")
ERP = ConnectionName("erp")
PROBLEM = Problem("odd", "erp", "It is odd.", "Look at it.", "order #1")


@dataclass
class Desk:
    """`now` is moved by the test; every method is one transaction."""

    database: Engine
    now: datetime = NOON
    _keys: Iterator[int] = field(default_factory=lambda: count(1))

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def wanted(
        self, source_id: str = "1", version: float = 0, *, inbox_id: int | None = None, source: str = SHOP
    ) -> Wanted:
        """The record at a version: seconds after noon. With `inbox_id`, that delivery carries its state."""
        return Wanted(
            flow="orders",
            source=ConnectionName(source),
            target=ERP,
            source_id=SourceId(source_id),
            number=f"#{source_id}",
            version=NOON + timedelta(seconds=version),
            inbox_id=inbox_id,
            carries_state=inbox_id is not None,
        )

    def want(
        self, source_id: str = "1", version: float = 0, *, inbox_id: int | None = None, source: str = SHOP
    ) -> tuple[Moved, JobId]:
        with self.database.begin() as connection:
            return jobs.advance(connection, self.wanted(source_id, version, inbox_id=inbox_id, source=source), self.now)

    def ready(self, source_id: str = "1", version: float = 0) -> JobId:
        """A job that is due now."""
        return self.want(source_id, version)[1]

    def delivery(self, source: str = SHOP, body: bytes = b"{}") -> int:
        """A delivery of its own in the inbox."""
        with self.database.begin() as connection:
            kept = inbox.store(
                connection, ConnectionName(source), f"key-{next(self._keys)}", "orders/updated", {}, body, self.now
            )
        assert kept is not None
        return kept

    def claim(self, job_id: JobId, *, batch: int = 1, worker: str = "worker-1") -> list[Claim]:
        with self.database.begin() as connection:
            return runs.claim(connection, job_id, worker=worker, batch=batch, lease=LEASE, now=self.now)

    def claim_one(self, job_id: JobId, *, worker: str = "worker-1") -> Claim:
        (claim,) = self.claim(job_id, worker=worker)
        return claim

    def finish(self, claim: Claim, state: JobState = JobState.DONE) -> bool:
        with self.database.begin() as connection:
            return runs.finish(connection, claim, state, None, "done", self.now)

    def put_back(self, claim: Claim, *, delay: float = 0.0, spends: bool = True, alone: bool = False) -> bool:
        verdict = Verdict(Outcome.RETRY if spends else Outcome.WAIT, PROBLEM, delay, spends, alone)
        with self.database.begin() as connection:
            return runs.put_back(connection, claim, verdict, self.now)

    def bury(self, claim: Claim) -> int | None:
        with self.database.begin() as connection:
            return runs.bury(connection, claim, PROBLEM, self.now)

    def dead(self, source_id: str = "1", version: float = 0) -> tuple[JobId, int]:
        """A job that is dead, and its dead letter."""
        job_id = self.ready(source_id, version)
        letter = self.bury(self.claim_one(job_id))
        assert letter is not None
        return job_id, letter

    def see(self, name: str, role: str) -> None:
        with self.database.begin() as connection:
            connections.see(connection, ConnectionName(name), "fake", role, self.now)

    def job(self, job_id: JobId) -> RowMapping:
        return self.one("SELECT * FROM jobs WHERE id = :id", id=job_id)

    def one(self, statement: str, **values: Any) -> RowMapping:
        (row,) = self.rows(statement, **values)
        return row

    def rows(self, statement: str, **values: Any) -> Sequence[RowMapping]:
        with self.database.connect() as connection:
            return connection.execute(text(statement), values).mappings().all()
