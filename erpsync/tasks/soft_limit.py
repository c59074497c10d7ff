"""Celery's soft time limit, kept inside the tasks it is meant for.

The worker tells a pool process by SIGUSR1 that its task has had its time, and billiard's handler then raises
SoftTimeLimitExceeded wherever that process is (billiard/pool.py, `soft_timeout_sighandler`). Some of these signals come
when the task is over: a main process that was busy with a lost broker first fires all timers that are overdue, and only
then reads the results that lie there. Raised in the middle of writing a result, the exception leaves half of it in the
pipe, and the main process dies of what it then reads ("Unrecoverable error"); raised while waiting, it ends the process.
"""

import signal
from types import FrameType
from typing import Any

from billiard.pool import SIG_SOFT_TIMEOUT, soft_timeout_sighandler  # type: ignore[import-untyped]
from celery import Task
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import SQLAlchemyError

from erpsync.domain.errors import TimeUp
from erpsync.ledger.session import is_unreachable


class _Strike:
    """The handler of the signal: raises once per task, and only while one is at work."""

    at_work = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        if self.at_work:
            self.at_work = False
            raise TimeUp


_strike = _Strike()


class LedgerUnreachable(Exception):
    """PostgreSQL was away when a task needed it. What the task was to do, the sweep finds."""


class LimitedTask(Task):  # type: ignore[misc]
    """What all tasks of the application are: the soft limit interrupts their own work and nothing else.

    A signal outside of it is spent where it arrives, so that it does not strike the next task either. Without effect
    outside a pool of processes, whose signal this is: there the limit does not exist. A task whose time was up, or whose
    ledger was away, fails for Celery without a trace.
    """

    abstract = True
    throws: tuple[type[Exception], ...] = (SoftTimeLimitExceeded, LedgerUnreachable)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # billiard installs its handler after the last hook in which a process can be prepared: ours replaces it here.
        if signal.getsignal(SIG_SOFT_TIMEOUT) is soft_timeout_sighandler:
            signal.signal(SIG_SOFT_TIMEOUT, _strike)
        before, _strike.at_work = _strike.at_work, True
        try:
            return super().__call__(*args, **kwargs)
        except TimeUp:
            raise SoftTimeLimitExceeded from None
        except SQLAlchemyError as error:
            if is_unreachable(error):
                raise LedgerUnreachable from None
            raise
        finally:
            _strike.at_work = before  # a task may have been called by another
