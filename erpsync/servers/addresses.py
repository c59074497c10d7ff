"""How other processes of the same user find the servers that one has started: a file in its folder.

Its writer holds a lock on it for as long as it lives, so that the file of one that was killed is known for what it is.
"""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from erpsync.servers.locks import is_held

FILE = "servers.json"


@dataclass(frozen=True)
class Addresses:
    """The addresses of servers, passwords included; empty for a server that was not started there."""

    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)


@dataclass(frozen=True)
class Found:
    """What a folder tells: addresses, and where there are none the sentence that says why."""

    addresses: Addresses
    why_not: str = ""


@contextmanager
def published(folder: Path, addresses: Addresses) -> Iterator[None]:
    """Keep the addresses in a file of `folder` that its user alone may read, until the block ends. None, no file."""
    if addresses == Addresses():
        yield
        return
    file = folder / FILE
    descriptor, path = tempfile.mkstemp(prefix=f"{FILE}.", dir=folder)
    fresh = Path(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps(asdict(addresses)).encode())
        fresh.replace(file)
        yield
    finally:
        fresh.unlink(missing_ok=True)
        file.unlink(missing_ok=True)
        os.close(descriptor)


def find(folder: Path) -> Found:
    """The addresses published in the folder by a process that still runs."""
    file = folder / FILE
    why_not = f"no `erpsync up` with servers of its own runs on {folder}"
    try:
        if is_held(file):
            told = json.loads(file.read_text(encoding="utf-8"))
            return Found(Addresses(told["database_url"], told["redis_url"]))
        if file.exists():
            why_not = f"the `erpsync up` that wrote {file} was killed, and its servers ended with it"
    except PermissionError:
        why_not = f"only the user who runs `erpsync up` may read {file}: be that user"
    except OSError:  # it has stopped this instant, or the folder is none
        pass
    return Found(Addresses(), why_not)
