"""PostgreSQL gone, hanging or blocked: 503 in time, never a confirmation of what was not kept."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from erpsync.ledger import session
from erpsync.servers.accounts import server_account
from erpsync.servers.postgres import PostgresServer
from erpsync.servers.processes import Guardian
from erpsync.web.receiver import STATEMENT_MILLISECONDS

# A store gives up then (https://shopify.dev/docs/apps/build/webhooks). What is not given up here hangs for ever.
BOUND_SECONDS = 5.0


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that may be hurt, with erpsync's tables."""
    place = Path(tempfile.mkdtemp(prefix="erpsync-test-"))
    place.chmod(0o711)
    binaries = os.environ.get("ERPSYNC_TEST_POSTGRES")
    with Guardian() as guardian:
        server = PostgresServer(
            place / "postgres",
            guardian,
            account=server_account(),
            binaries=Path(binaries) if binaries else None,
            fast=True,
        )
        server.start()
        try:
            engine = session.open_engine(_address(server))
            session.upgrade(engine)
            engine.dispose()
            yield server
        finally:
            server.stop()
            shutil.rmtree(place)


@pytest.fixture
def own_site(own_postgres: PostgresServer, settings_of: Callable[..., Any], open_site: Any) -> Iterator[Any]:
    with open_site(settings_of(_address(own_postgres))) as site:
        yield site


def _address(server: PostgresServer) -> str:
    return server.url.replace("postgresql://", "postgresql+psycopg://")


def _timed(call: Callable[[], Any]) -> tuple[Any, float]:
    began = time.monotonic()
    return call(), time.monotonic() - began


def _everything_of(server: PostgresServer) -> list[int]:
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    return [int(server.pid or 0), *map(int, children)]


def test_a_stopped_postgresql_is_a_503_until_it_is_back(own_postgres: PostgresServer, own_site: Any) -> None:
    assert own_site.deliver(b"before").status_code == 200
    own_postgres.kill()
    try:
        for _ in range(3):
            answer, seconds = _timed(lambda: own_site.deliver(b"during", x_shop_delivery="d"))
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "10"
            assert answer.json() == {"detail": "The ledger does not answer; nothing was kept. Deliver again."}
            assert seconds < BOUND_SECONDS
        ready, seconds = _timed(lambda: own_site.send("/ready", None, {}, "GET"))
        assert (ready.status_code, ready.json()["postgresql"]) == (503, "does not answer")
        assert seconds < BOUND_SECONDS
        assert own_site.send("/health", None, {}, "GET").json() == {"status": "alive"}
        page = own_site.visitor().get("/console/sign-in")
        assert page.status_code == 200  # signing in needs no ledger
    finally:
        own_postgres.start()
    assert own_site.deliver(b"during", x_shop_delivery="d").json() == {"status": "stored"}
    assert own_site.rows("SELECT body FROM inbox WHERE delivery_key = 'd'") == [(b"during",)]


def test_a_frozen_postgresql_is_a_503_in_time_and_nothing_is_lost_or_doubled(
    own_postgres: PostgresServer, own_site: Any
) -> None:
    assert own_site.deliver(b"before").status_code == 200
    frozen = _everything_of(own_postgres)
    for process in frozen:
        os.kill(process, signal.SIGSTOP)
    try:
        for _ in range(2):
            answer, seconds = _timed(lambda: own_site.deliver(b"frozen", x_shop_delivery="f"))
            assert answer.status_code == 503
            assert seconds < BOUND_SECONDS
        ready, seconds = _timed(lambda: own_site.send("/ready", None, {}, "GET"))
        assert ready.status_code == 503
        assert seconds < BOUND_SECONDS
        assert own_site.deliver(connection="nobody").status_code == 404  # what needs no ledger is answered
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)
    assert own_site.deliver(b"frozen", x_shop_delivery="f").status_code == 200
    assert own_site.rows("SELECT count(*) FROM inbox WHERE delivery_key = 'f'") == [(1,)]


def test_an_inbox_that_is_locked_is_a_503_in_time(site: Any) -> None:
    with site.database.connect() as other:
        other.execute(text("LOCK TABLE inbox"))
        answer, seconds = _timed(lambda: site.deliver(x_shop_delivery="a"))
        assert answer.status_code == 503
        assert 2 < seconds < BOUND_SECONDS  # it did wait for the lock
        assert site.send("/ready", None, {}, "GET").status_code == 200
        other.rollback()
    assert site.deliver(x_shop_delivery="a").json() == {"status": "stored"}


def test_refusing_does_not_wait_for_the_ledger(site: Any) -> None:
    with site.database.connect() as other:
        other.execute(text("LOCK TABLE refusals"))
        answers = [_timed(lambda: site.send("/webhooks/shop", b"{}", {})) for _ in range(5)]
        assert {answer.status_code for answer, _ in answers} == {401}
        assert max(seconds for _, seconds in answers) < STATEMENT_MILLISECONDS / 1000  # the lock is not waited for
        other.rollback()
    site.eventually("SELECT count(*) FROM refusals", [(1,)])


def test_ready_says_that_there_are_no_tables(site: Any) -> None:
    with site.database.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    answer = site.send("/ready", None, {}, "GET")
    assert (answer.status_code, answer.json()) == (
        503,
        {"status": "not ready", "postgresql": "has no tables of erpsync's"},
    )
