"""Faults round any simulator, aimed by operation and content, and counted: a fault that did not fire proves nothing."""

import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from typing import Any

from erpsync.ports.simulator import Simulator, Start


class ConnectionDropped(Exception):
    """Tells the server to cut the connection instead of answering."""


class FaultKind(StrEnum):
    REFUSE = "refuse"
    """The connection is cut before anything is done."""
    LOST_REPLY = "lost-reply"
    """It is done, and the connection is cut before the reply."""
    LATE = "late"
    """The connection is cut at once, and it is done `seconds` later: the remote commits after the client gave up."""
    STATUS = "status"
    """Answered with `status`, `headers` and `body`; nothing is done."""
    DELAY = "delay"
    """Done `seconds` later, and answered."""


@dataclass
class Fault:
    """One way to go wrong. Applies to requests whose operation matches `operation` (a regular expression) and whose body
    contains `containing`; leaves the first `skip` of them alone, then fires `times` times (None: until removed).
    `fired` counts.
    """

    kind: FaultKind
    operation: str = ".*"
    containing: str = ""
    skip: int = 0
    times: int | None = 1
    seconds: float = 0.0
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    fired: int = field(default=0, init=False)


class FaultySimulator:
    """A simulator that fails as told. Thread-safe."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._late: list[threading.Timer] = []
        self.operations: dict[str, int] = {}
        """How many requests arrived, by operation, those that were cut off included."""

    def add(self, fault: Fault) -> Fault:
        with self._lock:
            self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        with self._lock:
            if fault in self._faults:
                self._faults.remove(fault)

    def wait_for_late(self) -> None:
        """Returns when all that was put off by LATE faults has been done."""
        for timer in list(self._late):
            timer.join()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        operation = self.simulator.operation(environ, body)
        fault = self._take(operation, body)
        if fault is None:
            return self.simulator(environ, start_response)
        if fault.kind is FaultKind.STATUS:
            start_response(f"{fault.status} Fault", [("Content-Length", str(len(fault.body))), *fault.headers])
            return [fault.body]
        if fault.kind is FaultKind.REFUSE:
            raise ConnectionDropped
        if fault.kind is FaultKind.LATE:
            timer = threading.Timer(fault.seconds, self._do, (environ,))
            self._late.append(timer)
            timer.start()
            raise ConnectionDropped
        if fault.kind is FaultKind.LOST_REPLY:
            self._do(environ)
            raise ConnectionDropped
        time.sleep(fault.seconds)
        return self.simulator(environ, start_response)

    def _take(self, operation: str, body: bytes) -> Fault | None:
        with self._lock:
            self.operations[operation] = self.operations.get(operation, 0) + 1
            for fault in self._faults:
                if not re.fullmatch(fault.operation, operation) or fault.containing.encode() not in body:
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                elif fault.times is None or fault.fired < fault.times:
                    fault.fired += 1
                    return fault
        return None

    def _do(self, environ: dict[str, Any]) -> None:
        for _ in self.simulator(environ, lambda *_: None):
            pass
