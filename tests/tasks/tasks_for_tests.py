"""Tasks that only tests send; their workers import this by name (`celery worker --include`)."""

import gc
import os
import time
from pathlib import Path

from celery.concurrency.asynpool import Worker as PoolProcess
from sqlalchemy import text

from erpsync.domain.errors import TimeUp
from erpsync.tasks.app import app, assembly

PATIENCE_SECONDS = 180


@app.task(name="tests.work")  # type: ignore[untyped-decorator]
def work(folder: str, size_of_error: int = 0) -> None:
    """Says in `folder` that it has `begun` (the file holds its process id) and how it `ended`: "done" once there is a
    file `go`, or "struck" by the soft limit. With `size_of_error`, it then fails with a message of so many bytes."""
    place = Path(folder)
    _say(place / "begun", str(os.getpid()))
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not (place / "go").exists() and time.monotonic() < end:
            time.sleep(0.01)
        _say(place / "ended", "done")
    except TimeUp:
        _say(place / "ended", "struck")
    if size_of_error:
        raise RuntimeError("x" * size_of_error)


@app.task(name="tests.dawdle")  # type: ignore[untyped-decorator]
def dawdle(folder: str) -> None:
    """Says that it has `begun`, and does not notice that its time is up."""
    _say(Path(folder) / "begun", str(os.getpid()))
    time.sleep(PATIENCE_SECONDS)


@app.task(name="tests.backend")  # type: ignore[untyped-decorator]
def backend(folder: str) -> None:
    """Says in the file `backend` by which process of PostgreSQL it is served."""
    with assembly().database.begin() as connection:
        _say(Path(folder) / "backend", str(connection.execute(text("SELECT pg_backend_pid()")).scalar_one()))


@app.task(name="tests.spoil")  # type: ignore[untyped-decorator]
def spoil() -> None:
    """Announces a message of 20 bytes in the pipe of results and writes 4: it takes the rest from the next one."""
    (process,) = (one for one in gc.get_objects() if isinstance(one, PoolProcess))
    os.write(process.outq._writer.fileno(), b"\x00\x00\x00\x14junk")


def _say(path: Path, text: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.rename(path)
