"""Tells workers by messages. Best effort: what a broker does not take, the sweep finds."""

import queue
import threading
from collections.abc import Callable, Sequence

import structlog
from amqp.exceptions import AMQPError  # type: ignore[import-untyped]
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from erpsync.domain.retry import MAX_COUNTDOWN_SECONDS
from erpsync.ports.runtime import JobCall

log = structlog.get_logger()

TASK_OF_FLOW = {
    "orders": "erpsync.sync_order",
    "customers": "erpsync.sync_customer",
    "fulfilments": "erpsync.sync_fulfilment",
    "stock": "erpsync.sync_stock",
    "products": "erpsync.sync_product",
    "prices": "erpsync.sync_prices",
}
# Where both the reading of the past waits and the jobs that come of it, whatever their flow.
BACKFILL_QUEUE = "erpsync.backfill"
# One more try, at once: whoever waits for this has something better to do.
_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_INTAKE_EXPIRES_SECONDS = 60
# Events come in bursts: a little patience makes one poll of them. What comes to nothing, beat finds with its next look.
_POLLS_SECONDS = 2.0
_POLLS_EXPIRE_SECONDS = 30.0
_BACKGROUND_CALLS = 1000


class CeleryWake:
    """Sends messages and waits until the broker has them."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def intake(self) -> None:
        # Any one of these takes in all that is new, so that old ones are worth nothing.
        self._send("erpsync.take_in", [], expires=_INTAKE_EXPIRES_SECONDS)

    def polls(self) -> None:
        self._send("erpsync.poll.start", [], countdown=_POLLS_SECONDS, expires=_POLLS_EXPIRE_SECONDS)

    def jobs(self, calls: Sequence[JobCall], delay_seconds: float = 0.0) -> bool:
        if delay_seconds > MAX_COUNTDOWN_SECONDS:
            return True
        return all(self._send_job(call, delay_seconds or None) for call in calls)

    def dead_letters(self, ids: Sequence[int]) -> bool:
        return all(
            self._send("erpsync.dead_letter", [letter_id], argsrepr=f"(dead letter {letter_id})") for letter_id in ids
        )

    def backfills(self, ids: Sequence[int], delay_seconds: float = 0.0) -> bool:
        if delay_seconds > MAX_COUNTDOWN_SECONDS:
            return True
        task, countdown = "erpsync.backfill.read_on", delay_seconds or None
        return all(self._send(task, [one], countdown=countdown, argsrepr=f"(backfill {one})") for one in ids)

    def _send_job(self, call: JobCall, countdown: float | None) -> bool:
        behind = {"queue": BACKFILL_QUEUE} if call.background else {}
        task, label = TASK_OF_FLOW[call.flow], f"({call.label})"
        return self._send(task, [call.job_id], countdown=countdown, argsrepr=label, **behind)

    def _send(self, name: str, arguments: list[int], **options: object) -> bool:
        try:
            self._app.send_task(name, arguments, retry=True, retry_policy=_RETRY, **options)
        except (OperationalError, RedisError, OSError, AMQPError) as error:
            # The last is what RabbitMQ refuses for good: a queue of another type, a user without the right to write.
            log.warning("broker.unreachable", task=name, error=type(error).__name__)
            return False
        return True


class BackgroundWake:
    """Hands calls to a thread, so that no request waits for a broker that is down or frozen.

    Calls beyond a bound are dropped, and so are those under way when the process ends: the sweep finds their work.
    """

    def __init__(self, wake: CeleryWake) -> None:
        self._wake = wake
        self._calls: queue.Queue[Callable[[], object]] = queue.Queue(_BACKGROUND_CALLS)
        self._intake_waiting = threading.Event()
        threading.Thread(target=self._work, name="wake", daemon=True).start()

    def intake(self) -> None:
        if not self._intake_waiting.is_set():
            self._intake_waiting.set()
            self._put(self._send_intake)

    def polls(self) -> None:
        self._put(self._wake.polls)

    def jobs(self, calls: Sequence[JobCall], delay_seconds: float = 0.0) -> bool:
        return self._put(lambda: self._wake.jobs(calls, delay_seconds))

    def dead_letters(self, ids: Sequence[int]) -> bool:
        return self._put(lambda: self._wake.dead_letters(ids))

    def backfills(self, ids: Sequence[int], delay_seconds: float = 0.0) -> bool:
        return self._put(lambda: self._wake.backfills(ids, delay_seconds))

    def _send_intake(self) -> None:
        # Cleared first: a delivery stored after this point asks again.
        self._intake_waiting.clear()
        self._wake.intake()

    def _put(self, call: Callable[[], object]) -> bool:
        try:
            self._calls.put_nowait(call)
        except queue.Full:
            return False
        return True

    def _work(self) -> None:
        while True:
            self._calls.get()()
