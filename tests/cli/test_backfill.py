"""`erpsync backfill`, and the scripts that ask for it."""

import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text

from erpsync import bootstrap
from erpsync.cli import following
from erpsync.cli.following import Pace
from erpsync.cli.sandbox import secret_fields
from erpsync.engine import backfill
from erpsync.ledger import backfills
from erpsync.ledger.backfills import Progress
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import serve
from erpsync.systems import registry
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.shopify.simulator import ShopifySimulator
from erpsync.systems.shopify.simulator_store import SKUS
from erpsync.testing.fakes import FakeWake
from tests.cli import rows
from tests.cli.conftest import Run

ORDERS = 5
ROOT = Path(__file__).resolve().parents[2]
TOMORROW = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
YESTERDAY = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
RANGE = ("--from", YESTERDAY, "--to", TOMORROW)


@pytest.fixture
def shop(surroundings: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ShopifySimulator]:
    """A shop with some orders, an ERP that has none of them, and a route between them; no worker."""
    shopify = ShopifySimulator()
    for _ in range(ORDERS):
        shopify.place_order([{"sku": next(iter(SKUS))}])
    with serve({"shop": shopify, "erp": NetSuiteSimulator(skus=SKUS)}) as served:
        systems = {"shop": "shopify", "erp": "netsuite"}
        path = write_configuration(
            tmp_path / "practice",
            {name: (systems[name], simulator) for name, simulator in served.items()},
            {system: secret_fields(registry.spec(system)) for system in systems.values()},
            routes=[("shop", "erp")],
        )
        surroundings.setenv("ERPSYNC_CONFIG", str(path))
        yield shopify


@pytest.fixture
def begun(run: Run, shop: ShopifySimulator) -> int:
    return int(run("backfill", "orders", *RANGE, "--json").document["backfills"][0]["id"])


def work() -> None:
    """What a worker does with all the messages that there could be."""
    assembly = bootstrap.configured(pool_size=1)
    try:
        runtime = assembly.runtime(FakeWake(assembly.clock))
        with assembly.database.connect() as connection:
            ids = [one.id for one in backfills.everyone(connection, only_open=True)]
        for one in ids:
            while backfill.read_on(runtime, one) is not None:
                pass
    finally:
        assembly.database.dispose()


def finish(database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(text("UPDATE jobs SET state = 'skipped'"))
        backfills.close(connection, datetime.now(UTC))


def test_orders_are_asked_for_and_nothing_is_read_yet(run: Run, shop: ShopifySimulator, database: Engine) -> None:
    ran = run("backfill", "orders", *RANGE)

    assert ran.code == 0
    assert ran.stdout.startswith(f"Backfill 1 reads orders of shop, from {YESTERDAY} 00:00:00 UTC to ")
    assert "it starts with the next sweep" in ran.stderr
    assert "erpsync backfill show 1 --follow" in ran.stderr
    assert rows.job_states(database) == {}
    assert rows.audits(database) == [(rows.actor(), "start", "backfill 1")]


def test_for_scripts_it_is_one_document(run: Run, shop: ShopifySimulator) -> None:
    document = run("backfill", "orders", *RANGE, "--concurrency", "2", "--connection", "erp", "--json").document

    assert document["told_workers"] is False
    (only,) = document["backfills"]
    expected = {"id": 1, "flow": "orders", "source": "shop", "target": "erp", "state": "running", "concurrency": 2}
    assert expected.items() <= only.items()
    assert only.keys() >= {"chunks", "chunks_done", "read", "moved", "errors", "per_second", "seconds_left", "waiting"}


def test_list_and_show_tell_how_far_it_is(run: Run, begun: int, database: Engine) -> None:
    work()

    listed = run("backfill", "list")
    shown = run("backfill", "show", str(begun))
    document = run("backfill", "show", str(begun), "--json").document

    assert "running" in listed.stdout.splitlines()[1]
    assert "5 read, 0 through" in listed.stdout
    assert "5 jobs, 5 of them on their way" in shown.stdout
    assert (document["backfill"]["read"], document["backfill"]["waiting"], document["failed_chunks"]) == (5, 5, [])
    assert run("backfill", "list", "--json").document["backfills"][0]["id"] == begun
    assert set(rows.job_states(database).values()) == {"ready"}


def test_it_is_followed_to_its_end(run: Run, begun: int, database: Engine) -> None:
    work()
    finish(database)

    ran = run("backfill", "show", str(begun), "--follow")

    assert ran.code == 0
    assert "5 read, 5 through" in ran.stderr
    assert "no error" in ran.stderr


def test_following_ends_when_the_last_record_is_through(run: Run, begun: int, database: Engine) -> None:
    def work_and_finish() -> None:
        try:
            work()
        finally:
            finish(database)

    worker = threading.Timer(0.5, work_and_finish)
    worker.start()

    ran = run("backfill", "show", str(begun), "--follow", "--json")
    worker.join()

    assert ran.document["backfill"]["state"] == "done"
    assert ran.document["backfill"]["read"] == ORDERS
    assert "backfill 1:" not in ran.stderr, "for scripts there is the document alone"


def test_ctrl_c_leaves_it_running_and_says_how_to_come_back(begun: int, database: Engine) -> None:
    terminal, screen = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "erpsync", "backfill", "show", str(begun), "--follow"],
        stdout=screen,
        stderr=screen,
        cwd=ROOT,
        start_new_session=True,
    ) as person:
        os.close(screen)
        seen = b""
        with os.fdopen(terminal, "rb", buffering=0) as looking:
            while b"no error" not in seen:
                seen += looking.read(1000)
            person.send_signal(signal.SIGINT)
            while b"--follow" not in seen:
                seen += looking.read(1000)
        assert person.wait(10) == 0

    assert b"chunks 0 of " in seen
    assert b"It goes on without you." in seen
    with database.connect() as connection:
        assert connection.execute(text("SELECT state FROM backfills")).scalar_one() == "running"


def test_a_dry_run_counts_and_makes_no_job(run: Run, shop: ShopifySimulator, database: Engine) -> None:
    run("backfill", "orders", *RANGE, "--dry-run")
    work()

    shown = run("backfill", "show", "1")

    assert shown.code == 0
    assert "5 read, 0 there already" in shown.stdout
    assert "a dry run" in shown.stdout
    assert rows.job_states(database) == {}


def test_pause_resume_and_cancel(run: Run, begun: int, database: Engine) -> None:
    assert run("backfill", "pause", str(begun)).code == 0
    work()
    assert run("backfill", "show", str(begun), "--json").document["backfill"]["state"] == "paused"
    assert rows.job_states(database) == {}
    assert run("backfill", "pause", str(begun)).stderr.startswith(f"Backfill {begun} is paused, and cannot be paused.")
    assert run("backfill", "resume", str(begun), "--json").document == {"resumed": begun, "told_workers": False}
    work()
    cancelled = run("backfill", "cancel", str(begun), "--json")
    assert cancelled.document == {"cancelled": begun, "withdrawn_jobs": 5}
    assert rows.job_states(database) == {}
    again = run("backfill", "resume", str(begun))
    assert again.code == 1
    assert "is cancelled, and cannot be resumed" in again.stderr
    assert [action for _, action, _ in rows.audits(database)] == ["start", "pause", "resume", "cancel"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["orders"], "--from"),
        (["orders", "--from", "january"], "january"),
        (["orders", "--from", "2026-02-01", "--to", "2026-01-01"], "must be before"),
        (["orders", "--from", "2999-01-01"], "must be before"),
        (["orders", "--from", "2026-01-01", "--connection", "nobody"], "there are: shop, erp"),
        (["customers"], 'add "customers" to the flows'),
        (["orders", "--from", "2026-01-01", "--concurrency", "0"], "concurrency"),
    ],
    ids=str,
)
def test_wrong_usage_says_what_to_write(run: Run, shop: ShopifySimulator, arguments: list[str], said: str) -> None:
    ran = run("backfill", *arguments)

    assert ran.code == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("command", ["show", "pause", "resume", "cancel"])
def test_one_that_is_not_there(run: Run, command: str) -> None:
    ran = run("backfill", command, "7")

    assert ran.code == 1
    assert ran.stderr == "There is no backfill 7. `erpsync backfill list` shows those there are.\n"


def test_no_backfill_yet_is_a_sentence(run: Run) -> None:
    assert run("backfill", "list").stdout == "There is no backfill yet.\n"


def test_what_could_not_be_read_is_shown_with_its_next_step(run: Run, begun: int, shop: Any, database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(
            text(
                "UPDATE backfill_chunks SET state = 'failed', problem_code = 'no-permission',"
                " problem = 'It may not read orders.', next_step = 'Grant read_orders.' WHERE ordinal = 2"
            )
        )

    shown = run("backfill", "show", str(begun))

    assert shown.code == 1
    assert "It may not read orders. (no-permission)" in shown.stdout
    assert "Grant read_orders." in shown.stdout
    assert f"erpsync backfill resume {begun}" in shown.stdout


def progress(**facts: Any) -> Progress:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    plain: dict[str, Any] = dict.fromkeys(
        ("chunks_running", "chunks_failed", "read", "moved", "known", "unreadable", "waiting", "dead"), 0
    )
    plain |= {"id": 1, "flow": "orders", "source": "shop", "target": None, "begins_at": at, "ends_at": at}
    plain |= {"dry_run": False, "state": "running", "concurrency": 4, "asked_by": "ada", "created_at": at}
    plain |= {"ended_at": None, "chunks": 10, "chunks_done": 0}
    return Progress(**(plain | facts))


def test_the_time_left_counts_what_is_still_to_be_read_and_what_is_on_its_way() -> None:
    """After 100 s half of the chunks are read: 1,000 records, 500 of them through, and 1,000 more to be expected."""
    begun_at = datetime(2026, 1, 1, tzinfo=UTC)
    now = begun_at + timedelta(seconds=100)
    shown = progress(chunks_done=5, read=1_000, waiting=500)

    assert Pace(begun_at, 0).per_second(shown, now) == 5
    assert Pace(begun_at, 0).seconds_left(shown, now) == 300
    assert following.sentence(shown, Pace(begun_at, 0), now) == (
        "chunks 5 of 10, 1000 read, 500 through, 5 a second, 5 min left, no error"
    )


def test_nobody_knows_the_time_left_before_a_chunk_is_read() -> None:
    begun_at = datetime(2026, 1, 1, tzinfo=UTC)
    assert Pace(begun_at, 0).seconds_left(progress(read=50), begun_at + timedelta(seconds=10)) is None


@pytest.mark.parametrize("kind", ["orders", "customers", "products", "stock"])
def test_each_script_tells_how_it_is_used(kind: str) -> None:
    script = ROOT / "scripts" / f"backfill-{kind}.sh"

    ran = subprocess.run(["bash", str(script), "--help"], capture_output=True, text=True, check=True)

    assert f"Usage: erpsync backfill {kind}" in ran.stdout
    assert len(script.read_text().splitlines()) < 20
    assert os.access(script, os.X_OK)


def test_a_script_asks_and_does_not_wait(run: Run, shop: ShopifySimulator, tmp_path: Path) -> None:
    """From any folder, with its arguments handed on."""
    script = ROOT / "scripts" / "backfill-orders.sh"

    ran = subprocess.run(
        ["bash", str(script), *RANGE, "--concurrency", "2"], capture_output=True, text=True, check=True, cwd=tmp_path
    )

    assert ran.stdout.startswith("Backfill 1 reads orders of shop")
    assert run("backfill", "show", "1", "--json").document["backfill"]["concurrency"] == 2
