"""The Celery application, and the one Assembly of each process and thread that runs tasks."""

import threading

from celery import Celery

from erpsync import bootstrap
from erpsync.bootstrap import Assembly
from erpsync.engine.runtime import Runtime
from erpsync.tasks.soft_limit import LimitedTask
from erpsync.tasks.stopping import StopDeadline
from erpsync.tasks.wake import CeleryWake

app = Celery(
    "erpsync",
    task_cls=LimitedTask,
    include=[
        "erpsync.tasks.sync",
        "erpsync.tasks.poll",
        "erpsync.tasks.backfill",
        "erpsync.tasks.dead_letter",
        "erpsync.tasks.upkeep",
        "erpsync.tasks.signals",
    ],
)
# A name, not a module: Celery loads it when a setting is first needed, not when this file is imported.
app.config_from_object("celeryconfig")
app.steps["worker"].add(StopDeadline)


class _Process(threading.local):
    """Adapters and connections are for one thread of one process."""

    assembly: Assembly | None = None
    runtime: Runtime | None = None


_process = _Process()


def assembly() -> Assembly:
    """This thread's Assembly, built from the configuration when first asked for. Raises ConfigurationError."""
    if _process.assembly is None:
        _process.assembly = bootstrap.configured(pool_size=2)
    return _process.assembly


def runtime() -> Runtime:
    if _process.runtime is None:
        _process.runtime = assembly().runtime(CeleryWake(app))
    return _process.runtime


def forget_assembly() -> None:
    """For a process that was just forked: what its parent had open is its parent's, and two cannot talk on one line.

    Nothing is closed: psycopg and redis-py see that another process opened these connections, and leave them alone.
    """
    _process.assembly = _process.runtime = None
