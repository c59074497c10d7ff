"""The Celery application, and the one Assembly of each process and thread that runs tasks."""

import threading

from celery import Celery

from erpsync import bootstrap
from erpsync.bootstrap import Assembly
from erpsync.engine.runtime import Runtime
from erpsync.tasks.wake import CeleryWake

app = Celery(
    "erpsync",
    include=[
        "erpsync.tasks.sync",
        "erpsync.tasks.poll",
        "erpsync.tasks.dead_letter",
        "erpsync.tasks.upkeep",
        "erpsync.tasks.signals",
    ],
)
# A name, not a module: Celery loads it when a setting is first needed, not when this file is imported.
app.config_from_object("celeryconfig")


class _Process(threading.local):
    """Adapters and connections are for one thread of one process; a forked pool worker starts with none."""

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
