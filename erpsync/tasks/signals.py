"""What Celery tells about itself: failures that never reach a job become dead letters, and a worker sweeps by itself.

Importing this module connects the handlers; `erpsync.tasks.app` includes it in workers only.
"""

import threading
from collections.abc import Callable
from typing import Any

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import (
    task_failure,
    task_rejected,
    task_unknown,
    worker_init,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from sqlalchemy.exc import SQLAlchemyError

from erpsync import config, logs
from erpsync.domain.errors import ConfigurationError, Problem
from erpsync.engine import run
from erpsync.engine.attempt import attempt
from erpsync.engine.sweep import sweep
from erpsync.ledger import dead_letters
from erpsync.tasks.app import assembly, forget_assembly, runtime
from erpsync.tasks.base import DeadLettered, SyncTask, TryAgain
from erpsync.tasks.soft_limit import LedgerUnreachable

log = structlog.get_logger()


class SweepTimer:
    """Sweeps from inside the worker, so that neither beat nor the broker is needed for work to be found.

    Where the broker takes no messages, the due jobs are run here, one batch after the other. It also makes the
    configured connections known to the ledger: at once, or as soon as a database that is away has come back.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="sweep", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _work(self) -> None:
        announced = self._managed(_announce)
        while not self._stop.wait(self._seconds):
            announced = announced or self._managed(_announce)
            self._managed(self._sweep)

    def _managed(self, work: Callable[[], None]) -> bool:
        outcome = attempt(work)
        if isinstance(outcome, Exception):
            log.warning("sweep.failed", error=type(outcome).__name__)
            return False
        return True

    def _sweep(self) -> None:
        for call in sweep(runtime()).unheard:
            if self._stop.is_set():
                return
            run.run(runtime(), call.job_id)


_timers: list[SweepTimer] = []


def _announce() -> None:
    assembly().announce()


@worker_init.connect  # type: ignore[untyped-decorator]
def _configure_logs(**_: Any) -> None:
    logs.configure()


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _start_with_none(**_: Any) -> None:
    forget_assembly()


@worker_ready.connect  # type: ignore[untyped-decorator]
def _start_timer(**_: Any) -> None:
    timer = SweepTimer(config.load().sweep_seconds)
    _timers.append(timer)
    timer.start()


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _stop_timers(**_: Any) -> None:
    for timer in _timers:
        timer.stop()


@task_failure.connect  # type: ignore[untyped-decorator]
def _failed(sender: Any = None, exception: BaseException | None = None, args: Any = (), **_: Any) -> None:
    """A job's own failure is in the ledger already. One without a usable job id exists nowhere but here."""
    task = getattr(sender, "name", "")
    if isinstance(exception, (DeadLettered, TryAgain)):
        return
    if isinstance(exception, LedgerUnreachable):
        log.warning("ledger.unreachable", task=task)
        return
    if isinstance(exception, SoftTimeLimitExceeded):
        log.warning("task.took_too_long", task=task)
        return
    log.error("task.failed", task=task, error=type(exception).__name__, exc_info=exception)
    if isinstance(sender, SyncTask) and not (args and isinstance(args[0], int)):
        _keep(sender.name, "task-without-job", "A message asked for a run but named no job.")


@task_unknown.connect  # type: ignore[untyped-decorator]
def _unknown(name: str = "", **_: Any) -> None:
    _keep(name, "task-unknown", "A message asked for a task that this worker does not know.")


@task_rejected.connect  # type: ignore[untyped-decorator]
def _rejected(**_: Any) -> None:
    _keep("", "message-unreadable", "A message in the queue could not be read as a task.")


def _keep(task: str, code: str, what: str) -> None:
    problem = Problem(
        code=code,
        system="erpsync",
        what=what,
        next_step="Check that all workers run the same version of erpsync and that nothing else uses its broker;"
        " then discard this dead letter. No record is lost by it.",
    )
    try:
        with assembly().database.begin() as connection:
            dead_letters.add(
                connection, problem, subject=f"task {task[:100] or '?'}", now=assembly().clock.now(), task=task[:200]
            )
    except (SQLAlchemyError, ConfigurationError) as error:
        log.error("dead_letter.not_kept", task=task[:100], code=code, error=type(error).__name__)
