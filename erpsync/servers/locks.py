"""One user per folder: locks that end with the processes that hold them, however those end."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from erpsync.servers.errors import ServerError

LOOK_SECONDS = 0.05
ALONE_SECONDS = 0.3  # outlasts `is_held`, which takes the lock for an instant


@contextmanager
def held(lock: Path, patience_seconds: float = ALONE_SECONDS) -> Iterator[int]:
    """Hold the lock file; gives its descriptor. A child that inherits it goes on holding the lock.

    Raises ServerError when others hold it for longer than `patience_seconds`.
    """
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        deadline = time.monotonic() + patience_seconds
        while not _try(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                holder = _read(descriptor)
                raise ServerError(
                    f"{lock.parent} is in use by another erpsync (started as process {holder}). "
                    "Stop that one first, or use another folder."
                )
            time.sleep(LOOK_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(lock: Path, taken_by: int | None = None) -> bool:
    """Whether some process holds the lock file now; with `taken_by`, whether that process took it.

    The taker may have passed it on to children and ended.
    """
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_SH) and (taken_by is None or taken_by == _read(descriptor))
    finally:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(descriptor: int) -> int | None:
    text = os.pread(descriptor, 20, 0).strip()
    return int(text) if text else None
