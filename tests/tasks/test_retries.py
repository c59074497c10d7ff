"""What becomes of a retry whose message the broker does not take."""

import socket
from collections.abc import Iterator

import pytest
from celery import Celery

from erpsync.tasks.base import SyncTask, TryAgain


@pytest.fixture
def app() -> Iterator[Celery]:
    """An application whose broker is down."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"redis://127.0.0.1:{free.getsockname()[1]}/0"
        with Celery("tests", broker=address, set_as_current=False) as app:
            app.conf.task_publish_retry = False
            yield app


def test_a_retry_that_the_broker_does_not_take_is_the_failure_that_the_ledger_has_recorded(app: Celery) -> None:
    @app.task(base=SyncTask, name="tests.again")  # type: ignore[untyped-decorator]
    def again() -> None:
        raise TryAgain("erp-down", 5.0)

    again.push_request(id="1", called_directly=False, is_eager=False, args=[], kwargs={}, argsrepr="()", retries=0)
    try:
        with pytest.raises(TryAgain) as failure:
            again.run()
    finally:
        again.pop_request()
    assert failure.value.code == "erp-down"
    assert failure.value.__suppress_context__, "the broker's own trace would go through the pipe of results"
