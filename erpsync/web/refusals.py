"""Counts deliveries that were not let in, beside the answers and never in their way."""

import queue
import threading

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from erpsync.ledger import inbox
from erpsync.ports.runtime import Clock

log = structlog.get_logger()

# Anybody can cause refusals: what comes faster than it can be counted is not counted.
WAITING = 1000
STOP_SECONDS = 2.0


class Refusals:
    """Hands counts to a thread of its own. `start` and `stop` once each."""

    def __init__(self, database: Engine, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: queue.Queue[tuple[str, str] | None] = queue.Queue(WAITING)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="refusals", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Lets the count under way end; those that wait are dropped."""
        self._stopping.set()
        self._put(None)
        self._thread.join(STOP_SECONDS)

    def count(self, connection: str, reason: str) -> None:
        """Counts one refusal, best effort: returns at once and raises nothing."""
        self._put((connection, reason))

    def _put(self, refusal: tuple[str, str] | None) -> None:
        try:
            self._waiting.put_nowait(refusal)
        except queue.Full:
            log.warning("refusals.uncounted")

    def _work(self) -> None:
        while (refusal := self._waiting.get()) is not None and not self._stopping.is_set():
            try:
                with self._database.begin() as connection:
                    inbox.refuse(connection, *refusal, self._clock.now())
            except SQLAlchemyError as error:
                log.warning("refusals.uncounted", error=type(error).__name__)
