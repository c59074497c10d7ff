"""Keeps a set of processes running until it is told to stop: what is behind `erpsync up`.

One thread, the main one: a signal wakes the loop through a pipe.
"""

import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from erpsync.servers.errors import ServerError
from erpsync.servers.locks import held
from erpsync.servers.status import LOCK_FILE, ProcessState, write_status

LOOK_SECONDS = 1.0  # the longest the loop sleeps; an exit or a signal wakes it at once
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_log = logging.getLogger(__name__)


class Supervised(Protocol):
    """A process that can be started more than once: a `processes.Child`, a server."""

    @property
    def name(self) -> str:
        """How the process is called in logs and states."""

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""

    @property
    def stop_seconds(self) -> float:
        """How long to wait between asking it to stop and killing it."""

    def start(self) -> None:
        """Start it. Raises ServerError when that fails."""

    def poll(self) -> int | None:
        """None while it runs or before it was started, else its exit code."""

    def ask_to_stop(self) -> None:
        """Send its stop signal."""

    def kill(self) -> None:
        """End it and all it has started at once, and wait for that."""


@dataclass(frozen=True)
class RestartPolicy:
    """A process that ends is started again after `first_seconds`; each further time after twice as long, up to
    `most_seconds`; from the beginning once it has run for `healthy_seconds`."""

    first_seconds: float = 1.0
    most_seconds: float = 30.0
    healthy_seconds: float = 60.0


@dataclass
class _Slot:
    process: Supervised
    owned: bool  # started here, hence stopped here
    restarts: int = -1  # the first start is none
    delay: float = 0.0  # before the next restart
    due: float | None = 0.0  # when to start; None while it runs
    started: float = 0.0
    up_since: datetime | None = None
    last_exit: int | None = None


def _now() -> datetime:
    return datetime.now(UTC)


class Supervisor:
    """Runs processes in order, restarts each that ends, and stops them in reverse order."""

    def __init__(
        self,
        processes: Sequence[Supervised],
        directory: Path,
        *,
        tended: Sequence[Supervised] = (),
        policy: RestartPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
    ) -> None:
        """`directory` takes the status file. `tended` run already, as servers do inside `launcher.ensure`: they are
        restarted like the others, before them, but stopping is left to whoever started them."""
        self._directory = directory
        self._policy = policy or RestartPolicy()
        self._clock = clock
        self._now = now
        self._slots = [_Slot(process, owned=False, restarts=0, due=None) for process in tended]
        self._slots += [_Slot(process, owned=True) for process in processes]
        for slot in self._slots:
            slot.delay = self._policy.first_seconds
        self._stop_requests = 0
        self._written: tuple[ProcessState, ...] | None = None

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Start all, call `ready`, and keep them running until SIGINT, SIGTERM or SIGHUP; then stop all.

        A second such signal while they stop kills them. Only for the main thread. Raises ServerError when a process
        cannot be started the first time or another supervisor uses the directory; nothing is left running then.
        """
        with ExitStack() as stack:
            self._directory.mkdir(parents=True, exist_ok=True)
            stack.enter_context(held(self._directory / LOCK_FILE))
            wake = stack.enter_context(self._signals())
            stack.callback(self._stop, wake)
            self._start()
            if not self._stop_requests:
                ready()
            while not self._stop_requests:
                self._sleep(wake, self._until_due())
                self._tend()

    def request_stop(self) -> None:
        """Make `run` stop all and return; a second request kills what has not stopped."""
        self._stop_requests += 1

    def state(self) -> tuple[ProcessState, ...]:
        """The processes as they are now, in order of start."""
        return tuple(self._state_of(slot) for slot in self._slots)

    def _start(self) -> None:
        for slot in self._slots:
            if self._stop_requests:
                return
            if slot.due is None:
                slot.started, slot.up_since = self._clock(), self._now()
            else:
                self._begin(slot)
        self._report()

    def _tend(self) -> None:
        """Start what is due, and see what has ended."""
        for slot in self._slots:
            if slot.due is None:
                code = slot.process.poll()
                if code is not None:
                    self._ended(slot, code)
            elif slot.due <= self._clock() and not self._stop_requests:
                try:
                    self._begin(slot)
                except ServerError as error:
                    _log.error("%s cannot be started again: %s", slot.process.name, error)
                    self._ended(slot, slot.last_exit)
        self._report()

    def _begin(self, slot: _Slot) -> None:
        slot.started = self._clock()
        slot.restarts += 1
        slot.process.start()
        slot.due = None
        slot.started, slot.up_since = self._clock(), self._now()
        _log.info("%s started (process %s)", slot.process.name, slot.process.pid)

    def _ended(self, slot: _Slot, code: int | None) -> None:
        if self._clock() - slot.started >= self._policy.healthy_seconds:
            slot.delay = self._policy.first_seconds
        _log.warning("%s ended (exit code %s); it is started again in %.1f s", slot.process.name, code, slot.delay)
        slot.last_exit, slot.up_since = code, None
        slot.due = self._clock() + slot.delay
        slot.delay = min(slot.delay * 2, self._policy.most_seconds)

    def _stop(self, wake: int) -> None:
        try:
            for slot in reversed(self._slots):
                if slot.owned:
                    self._stop_one(slot, wake)
        finally:
            self._report()

    def _stop_one(self, slot: _Slot, wake: int) -> None:
        process = slot.process
        if process.pid is not None:
            process.ask_to_stop()
            deadline = self._clock() + process.stop_seconds
            while process.poll() is None:
                if self._stop_requests > 1 or self._clock() >= deadline:
                    _log.warning("%s is killed: it did not stop when asked", process.name)
                    process.kill()
                    break
                self._sleep(wake, deadline - self._clock())
            slot.last_exit = process.poll()
            _log.info("%s stopped", process.name)
        slot.due, slot.up_since = None, None

    def _until_due(self) -> float:
        return min((slot.due - self._clock() for slot in self._slots if slot.due is not None), default=LOOK_SECONDS)

    def _sleep(self, wake: int, seconds: float) -> None:
        """Until a signal or the exit of a child, at most that long."""
        if select.select([wake], [], [], min(max(seconds, 0.0), LOOK_SECONDS))[0]:
            os.read(wake, 4096)

    @contextmanager
    def _signals(self) -> Iterator[int]:
        """Count stop signals, and let these and the exit of a child wake the loop through the pipe given."""
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        before = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)}
        wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            for number in STOP_SIGNALS:
                if before[number] is not signal.SIG_IGN:  # as SIGHUP under nohup
                    signal.signal(number, lambda *_: self.request_stop())
            signal.signal(signal.SIGCHLD, lambda *_: None)
            yield reader
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(wakeup)
            os.close(reader)
            os.close(writer)

    def _state_of(self, slot: _Slot) -> ProcessState:
        pid = slot.process.pid
        state = "running" if pid is not None else "waiting" if slot.due is not None else "stopped"
        return ProcessState(slot.process.name, state, pid, max(slot.restarts, 0), slot.up_since, slot.last_exit)

    def _report(self) -> None:
        states = self.state()
        if states != self._written:
            write_status(self._directory, states)
            self._written = states
