"""A message that the broker does not take is no failure: whoever sends it hears so, and the sweep has the work."""

from typing import Any

import pytest
from amqp.exceptions import AccessRefused, NotAllowed, PreconditionFailed
from celery import Celery
from kombu.exceptions import OperationalError

from erpsync.domain.ids import JobId
from erpsync.ports.runtime import JobCall
from erpsync.tasks.wake import CeleryWake


class Refusing(Celery):
    """An application whose broker answers each message with this."""

    error: Exception

    def send_task(self, *_arguments: Any, **_options: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("it is away"),
        PreconditionFailed("the queue is there, and is no quorum queue"),
        AccessRefused("this user may not write to the exchange"),
        NotAllowed("there is no such virtual host"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_broker_answers_nothing_is_raised(error: Exception) -> None:
    with Refusing("tests", broker="memory://", set_as_current=False) as app:
        app.error = error
        wake = CeleryWake(app)
        assert not wake.jobs([JobCall(JobId(1), "orders", "shop #1")])
        assert not wake.dead_letters([1])
        assert not wake.backfills([1])
        wake.intake()
        wake.polls()
