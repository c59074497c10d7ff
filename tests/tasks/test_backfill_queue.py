"""To which queue messages go, on a broker in memory."""

import runpy
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from erpsync.domain.ids import JobId
from erpsync.ports.runtime import JobCall
from erpsync.tasks.wake import CeleryWake

ROOT = Path(__file__).resolve().parents[2]
QUEUES = ("erpsync.orders", "erpsync.backfill", "erpsync.upkeep")


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery]:
    """An application with the product's own queues and routes."""
    monkeypatch.setenv("ERPSYNC_REDIS_URL", "redis://127.0.0.1:1/0")
    settings = runpy.run_path(str(ROOT / "celeryconfig.py"))
    app = Celery(f"test-{uuid.uuid4()}", broker="memory://", set_as_current=False)
    names = ("task_queues", "task_routes", "task_default_queue", "task_default_exchange", "task_default_routing_key")
    app.conf.update({name: settings[name] for name in names})
    with app.connection_for_write() as connection:
        for queue in settings["task_queues"]:
            queue(connection.default_channel).declare()
            connection.default_channel.queue_purge(queue.name)
    yield app
    app.close()


def waiting(app: Celery) -> dict[str, int]:
    with app.connection_for_read() as connection:
        return {name: connection.default_channel.queue_declare(name, passive=True).message_count for name in QUEUES}


def test_what_is_live_and_what_a_backfill_moved_wait_in_different_queues(app: Celery) -> None:
    wake = CeleryWake(app)
    assert wake.jobs([JobCall(JobId(1), "orders", "shop #1"), JobCall(JobId(2), "orders", "shop #2", background=True)])
    assert waiting(app) == {"erpsync.orders": 1, "erpsync.backfill": 1, "erpsync.upkeep": 0}


def test_each_chunk_that_can_be_read_has_a_message_in_the_queue_of_backfills(app: Celery) -> None:
    assert CeleryWake(app).backfills([7, 7, 7])
    assert waiting(app) == {"erpsync.orders": 0, "erpsync.backfill": 3, "erpsync.upkeep": 0}


def test_that_polls_are_wanted_is_a_message_in_the_queue_of_upkeep(app: Celery) -> None:
    CeleryWake(app).polls()
    assert waiting(app) == {"erpsync.orders": 0, "erpsync.backfill": 0, "erpsync.upkeep": 1}
