"""`erpsync status`."""

import secrets
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.engine.limits.limiter import ConnectionLimiter
from erpsync.engine.limits.shared import SharedBuckets
from erpsync.ledger import connections, jobs, runs
from erpsync.ledger.jobs import Wanted
from erpsync.ports.limits import CALLS, Allowance, Lesson, Rate, Window
from erpsync.servers.launcher import Servers
from tests.cli.conftest import Run
from tests.cli.everything import ERP, SHOP, Seeded, pause

KEYS = {
    *("well", "concerns", "jobs", "inbox", "dead_letters", "oldest_due_seconds", "connections", "refusals", "limits"),
}


def test_an_idle_ledger_is_well(run: Run) -> None:
    ran = run("status")

    assert ran.code == 0
    assert ran.stdout.startswith("All is well.\n")
    document = run("status", "--json").document
    assert set(document) == KEYS
    assert document["well"] is True
    assert document["jobs"] == {"ready": 0, "running": 0, "done": 0, "skipped": 0, "dead": 0, "discarded": 0}
    assert document["inbox"] == {"new": 0, "applied": 0, "stale": 0, "ignored": 0, "unreadable": 0}


def test_open_dead_letters_are_a_concern(run: Run, seeded: Seeded) -> None:
    ran = run("status", "--json")

    assert ran.code == 1
    assert ran.document["dead_letters"] == 4
    assert ran.document["concerns"] == ["4 open dead letters. Next: see `erpsync dead list`."]
    assert ran.document["jobs"]["dead"] == 2
    assert ran.document["refusals"] == [{"connection": SHOP, "reason": "signature does not match", "count": 1}]


def test_a_paused_connection_is_a_concern_with_its_reason_and_next_step(
    run: Run, seeded: Seeded, database: Engine
) -> None:
    pause(database, ERP, timedelta(minutes=12))
    _settle_all(database)

    shown = run("status")
    document = run("status", "--json").document

    assert shown.code == 1
    assert (
        "netsuite is paused for 12 min: NetSuite answered 503 Service Unavailable."
        " Next: Nothing: it is tried again by itself." in shown.stdout
    )
    assert "paused, next test in" in shown.stdout
    netsuite, shop = document["connections"]
    assert netsuite["problem_code"] == "http-503"
    assert netsuite["paused_at"].endswith("Z")
    assert shop["paused_at"] is None
    assert set(shop) >= {
        "name",
        "system",
        "role",
        "failures",
        "probes",
        "paused_at",
        "probe_at",
        "problem_code",
        "problem",
        "next_step",
    }


def test_work_that_no_worker_takes_is_a_concern(run: Run, database: Engine) -> None:
    _due_since(database, timedelta(minutes=20))

    ran = run("status", "--json")

    assert ran.code == 1
    assert ran.document["oldest_due_seconds"] >= 1200
    (concern,) = ran.document["concerns"]
    assert concern.startswith("Work has been due for 20 min and nothing runs.")


def test_work_for_a_connection_that_asked_for_patience_is_no_concern(
    run: Run, seeded: Seeded, database: Engine
) -> None:
    _due_since(database, timedelta(minutes=20))
    _settle_all(database)
    with database.begin() as connection:
        connections.leave_alone(connection, ERP, datetime.now(UTC) + timedelta(minutes=30))

    ran = run("status")

    assert ran.code == 0
    assert "asked for patience, goes on in 29 min" in ran.stdout


def test_work_that_waits_while_other_work_runs_is_a_backlog_and_no_concern(run: Run, database: Engine) -> None:
    _due_since(database, timedelta(minutes=20))
    _due_since(database, timedelta(minutes=19))
    with database.begin() as connection:
        job_id = connection.execute(text("SELECT max(id) FROM jobs")).scalar_one()
        assert runs.claim(connection, job_id, worker="w", batch=1, lease=timedelta(minutes=5), now=datetime.now(UTC))

    assert run("status").code == 0


def test_the_limits_of_connections_are_shown(
    run: Run, database: Engine, servers: Servers, surroundings: pytest.MonkeyPatch
) -> None:
    surroundings.setenv("ERPSYNC_REDIS_URL", servers.redis_url)
    name = ConnectionName(f"shop-{secrets.token_hex(4)}")
    with database.begin() as connection:
        connections.see(connection, name, "woocommerce", "store", datetime.now(UTC))
    buckets = SharedBuckets(servers.redis_url)
    allowance = Allowance({CALLS: Rate(0.01, 4.0)}, slots=4)
    limiter = ConnectionLimiter(name, "woocommerce", allowance, buckets, time.sleep, secrets.token_urlsafe)
    with limiter.permit():
        limiter.learn(Lesson(throttled=True, wait_seconds=1800.0))
        shown, document = run("status").stdout, run("status", "--json").document
    buckets.close()

    assert "0.005 (of 0.01) calls a second" in shown
    assert "1 of 2 (of 4)" in shown
    assert "29 min" in shown
    (limit,) = document["limits"]
    assert limit.pop("waits_until").endswith("Z")
    assert limit == {
        "connection": name,
        "buckets": [
            {
                "operation": "calls",
                "tokens": 0,
                "per_second": 0.005,
                "configured_per_second": 0.01,
                "window_ends_in_seconds": None,
            }
        ],
        "in_flight": 1,
        "slots": 2,
        "configured_slots": 4,
        "throttles_last_hour": 1,
    }


def test_what_is_left_of_a_window_is_shown(
    run: Run, database: Engine, servers: Servers, surroundings: pytest.MonkeyPatch
) -> None:
    surroundings.setenv("ERPSYNC_REDIS_URL", servers.redis_url)
    name = ConnectionName(f"shop-{secrets.token_hex(4)}")
    with database.begin() as connection:
        connections.see(connection, name, "bigcommerce", "store", datetime.now(UTC))
    buckets = SharedBuckets(servers.redis_url)
    limiter = ConnectionLimiter(name, "bigcommerce", Allowance(), buckets, time.sleep, secrets.token_urlsafe)
    limiter.learn(Lesson(level=Window(left=7.0, most=150.0, ends_seconds=600.0)))
    buckets.close()

    assert "7 calls left for 9 min" in run("status").stdout


def test_that_nobody_knows_the_limits_without_redis_is_said(run: Run) -> None:
    assert "each worker keeps to its own part" in run("status").stdout
    assert run("status", "--json").document["limits"] is None


def _due_since(database: Engine, age: timedelta) -> None:
    at = datetime.now(UTC) - age
    wanted = Wanted("orders", SHOP, ConnectionName("erp"), SourceId(str(age)), "#1", at, None, carries_state=False)
    with database.begin() as connection:
        jobs.advance(connection, wanted, at)


def _settle_all(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE dead_letters SET closed_at = now(), closed_as = 'discarded'"))
