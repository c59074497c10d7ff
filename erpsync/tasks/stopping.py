"""A worker that stops comes to its end, so that whoever supervises it can start another."""

import faulthandler
from typing import Any

from celery import bootsteps
from celery.apps.worker import Worker

from erpsync import config


class StopDeadline(bootsteps.StartStopStep):  # type: ignore[misc]
    """Ends the worker, with exit code 1, when it has been stopping for as long as a claim lives.

    Celery stops by waiting for the pool without a limit. After an error of its main loop ("Unrecoverable error") that
    can be for ever, for nobody reads the results any more: the process lives, consumes nothing, and no supervisor sees
    a reason to act. Every task that runs when the stop begins is past its hard limit, and its claim free, by the time
    this strikes; the pool's processes get SIGKILL from the kernel as their parent goes (celery/concurrency/prefork.py,
    `process_initializer`). Where the worker hung is on its standard error. It is a thread of C code that waits here: it
    needs no lock and no part of a process that may have lost its way.
    """

    def include_if(self, parent: Any) -> bool:
        # A worker inside another program, as in celery.contrib.testing, has no process that is its own to end.
        return isinstance(parent, Worker)

    def close(self, _worker: Any) -> None:
        """The first thing that Celery calls when a worker stops, whatever the reason."""
        faulthandler.dump_traceback_later(config.worker_limits().lease_seconds, exit=True)
