"""Worker processes at a remote, all from the same moment on."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PROGRAM = Path(__file__).with_name("worker.py")
_SECONDS = 180.0


def throttled_pings(
    redis_url: str, connection: str, system: str, values: Mapping[str, Any], folder: Path, *, processes: int, calls: int
) -> int:
    """Each process pings until it was answered so often. Returns how often the remote itself throttled."""
    arguments = [redis_url, connection, "ping", system, json.dumps(dict(values)), str(folder), str(calls)]
    workers = [_started(*arguments) for _ in range(processes)]
    for worker in workers:
        assert _line(worker) == "ready"
    outputs = []
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    for worker in workers:
        outputs.append(worker.communicate(timeout=_SECONDS)[0])
        assert worker.returncode == 0
    return sum(int(output) for output in outputs)


def killed_holder(redis_url: str, connection: str, seconds: float) -> None:
    """A process takes the one slot, for requests that take that long at most, and is killed with it."""
    worker = _started(redis_url, connection, "hold", str(seconds))
    assert _line(worker) == "held"
    worker.kill()
    worker.communicate(timeout=_SECONDS)


def _started(*arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(_PROGRAM), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(worker: "subprocess.Popen[str]") -> str:
    assert worker.stdout is not None
    return worker.stdout.readline().strip()
