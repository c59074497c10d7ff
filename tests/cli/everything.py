"""A ledger that holds one of everything."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from erpsync.domain.errors import Problem
from erpsync.domain.ids import ConnectionName, JobId, SourceId, TargetId
from erpsync.domain.retry import Outcome, Verdict
from erpsync.domain.states import JobState
from erpsync.ledger import connections, dead_letters, inbox, jobs, links, runs
from erpsync.ledger.inbox import InboxState, Settled
from erpsync.ledger.jobs import Wanted
from erpsync.ledger.links import Ends, LinkKind
from erpsync.ledger.runs import Claim

SHOP, ERP = ConnectionName("shop-eu"), ConnectionName("netsuite")
BODY = b'{"id": 4711, "note": "\xff\x1b[31mred"}'
UNKNOWN_ITEM = Problem(
    code="item-unknown",
    system="netsuite",
    what="NetSuite has no item with the SKU TSHIRT-RED-M.",
    next_step="Create the item in NetSuite or correct the SKU in the store, then replay.",
    record="order #1001",
)
DOWN = Problem(
    code="http-503",
    system="netsuite",
    what="NetSuite answered 503 Service Unavailable.",
    next_step="Nothing: it is tried again by itself.",
)
UNREADABLE = Problem(
    code="delivery-unreadable",
    system="erpsync",
    what="The delivery could not be read (JSONDecodeError).",
    next_step="Look at it with `erpsync dead show`; replay it after an upgrade, or discard it.",
)
STRAY = Problem(
    code="task-unknown",
    system="erpsync",
    what="A message asked for a task that this worker does not know.",
    next_step="Check that all workers run the same version, then discard this dead letter.",
)


@dataclass(frozen=True)
class Seeded:
    """Ids of what is in the ledger."""

    done: int
    dead: int
    dead_too: int
    waiting: int
    letter: int
    letter_too: int
    unreadable: int
    stray: int


def seed(database: Engine) -> Seeded:
    """Four orders (one done, two dead, one waiting for a paused ERP), an unreadable delivery, a stray task."""
    now = datetime.now(UTC)
    with database.begin() as connection:
        connections.see(connection, SHOP, "shopify", "store", now)
        connections.see(connection, ERP, "netsuite", "erp", now)
        done = _order(connection, "#1000", now - timedelta(hours=3))
        runs.finish(connection, done, JobState.DONE, None, "created SO-77", now - timedelta(hours=3))
        links.record(connection, Ends(LinkKind.ORDER, SHOP, ERP), SourceId("gid-#1000"), TargetId("991"), "SO-77", now)
        dead = _order(connection, "#1001", now - timedelta(minutes=12))
        letter = runs.bury(connection, dead, UNKNOWN_ITEM, now - timedelta(minutes=12))
        dead_too = _order(connection, "#1002", now - timedelta(minutes=5))
        letter_too = runs.bury(connection, dead_too, UNKNOWN_ITEM, now - timedelta(minutes=5))
        waiting = _order(connection, "#1003", now)
        runs.put_back(connection, waiting, Verdict(Outcome.WAIT, DOWN, 45.0, spends_attempt=False), now)
        unreadable = _unreadable(connection, now - timedelta(days=3))
        stray = dead_letters.add(connection, STRAY, subject="task erpsync.gone", now=now, task="erpsync.gone")
        inbox.refuse(connection, SHOP, "signature does not match", now)
    assert letter is not None
    assert letter_too is not None
    return Seeded(done.job_id, dead.job_id, dead_too.job_id, waiting.job_id, letter, letter_too, unreadable, stray)


def pause(database: Engine, name: ConnectionName, since: timedelta) -> None:
    """Makes a connection fail as often as its breaker allows."""
    at = datetime.now(UTC) - since
    with database.begin() as connection:
        assert connections.failed(connection, name, DOWN, threshold=1, probe_in=since + timedelta(seconds=30), now=at)


def _order(connection: Connection, number: str, at: datetime) -> Claim:
    delivery = inbox.store(connection, SHOP, f"delivery {number}", "orders/create", {"x-topic": "t"}, b"{}", at)
    assert delivery is not None
    wanted = Wanted("orders", SHOP, ERP, SourceId(f"gid-{number}"), number, at, delivery, carries_state=True)
    _, job_id = jobs.advance(connection, wanted, at)
    settled = Settled(delivery, InboxState.APPLIED, f"job {job_id}: created", wanted.source_id)
    inbox.settle(connection, [settled], at)
    claims = runs.claim(connection, JobId(job_id), worker="host:1", batch=1, lease=timedelta(minutes=5), now=at)
    return claims[0]


def _unreadable(connection: Connection, at: datetime) -> int:
    headers = {
        "x-shopify-topic": "orders/updated",
        "x-shopify-hmac-sha256": "c2lnbmF0dXJl",
        "authorization": "Basic c2VjcmV0",
    }
    delivery = inbox.store(connection, SHOP, "delivery unreadable", "orders/updated", headers, BODY, at)
    assert delivery is not None
    inbox.settle(connection, [Settled(delivery, InboxState.UNREADABLE, "see its dead letter")], at)
    return dead_letters.add(connection, UNREADABLE, subject=f"{SHOP} orders/updated", now=at, inbox_id=delivery)
