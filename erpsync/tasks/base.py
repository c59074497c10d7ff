"""The base of the tasks that run a job: Celery repeats them, when and how often the ledger's verdict says."""

from datetime import datetime
from typing import Any

import structlog
from celery.exceptions import Reject

from erpsync.domain.ids import JobId
from erpsync.domain.retry import FIRST_DELAY_SECONDS, MAX_COUNTDOWN_SECONDS, MAX_DELAY_SECONDS
from erpsync.engine import run
from erpsync.tasks.app import runtime
from erpsync.tasks.soft_limit import LimitedTask

log = structlog.get_logger()


class TryAgain(Exception):
    """The ledger has put the job back until `delay_seconds` from now."""

    def __init__(self, code: str, delay_seconds: float) -> None:
        self.code = code
        self.delay_seconds = delay_seconds
        super().__init__(f"{code}: again in {delay_seconds:.0f} s")

    def __reduce__(self) -> tuple[type["TryAgain"], tuple[str, float]]:
        return TryAgain, (self.code, self.delay_seconds)


class DeadLettered(Exception):
    """The ledger has closed the job as a dead letter, which is on its way to the queue `erpsync.dead_letter`."""


class SyncTask(LimitedTask):
    """Retries with exponential backoff from 5 s (5, 10, 20, 40, 80), less a jitter, five attempts in all.

    The delay is the one that `domain.retry` gave the ledger's `due_at`, so that message and ledger agree; the ledger
    counts the attempts, so there is no limit here. Waiting for a connection that is down spends none.
    """

    abstract = True
    autoretry_for = (TryAgain,)
    retry_backoff = FIRST_DELAY_SECONDS
    retry_backoff_max = MAX_DELAY_SECONDS
    retry_jitter = True
    max_retries = None
    throws = (*LimitedTask.throws, DeadLettered, TryAgain)

    def retry(
        self,
        args: Any = None,
        kwargs: Any = None,
        exc: BaseException | None = None,
        throw: bool = True,
        eta: datetime | None = None,
        countdown: float | None = None,
        max_retries: int | None = None,
        **options: Any,
    ) -> Any:
        if isinstance(exc, TryAgain):
            countdown = exc.delay_seconds
        options.setdefault("argsrepr", self.request.argsrepr)
        try:
            return super().retry(args, kwargs, exc, throw, eta, countdown, max_retries, **options)
        except Reject as refused:
            # What Celery makes of a message that the broker did not take. The ledger has the job and when it is due:
            # nothing is lost, the sweep wakes it.
            log.warning("broker.unreachable", task=self.name, error=type(refused.reason).__name__)
            raise (exc or refused) from None

    def run_job(self, job_id: JobId) -> None:
        """Runs the job. Raises TryAgain or DeadLettered, for Celery and Flower to show what the ledger has recorded."""
        if not isinstance(job_id, int):
            raise TypeError("the message names no job id")
        report = run.run(runtime(), job_id)
        if report.dead is not None:
            raise DeadLettered(report.dead.code)
        # Longer waits stay in the ledger, where the sweep wakes them: a message must not outlast its visibility timeout.
        if report.again_in_seconds is not None and report.again_in_seconds <= MAX_COUNTDOWN_SECONDS:
            raise TryAgain(report.again_code, report.again_in_seconds)
