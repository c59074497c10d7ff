"""Child processes that leave nothing behind, however their parent ends.

Two nets hold them. The guardian (`guardian.py`) is a process that sees the parent die and ends every child
with all its descendants. Should the guardian itself be killed, Linux's parent-death signal still asks each
direct child to stop. That signal is tied to the *thread* that started the child, so it is asked for only
when that is the main thread; a child started from another thread has the guardian alone.
"""

import contextlib
import json
import logging
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from erpsync.servers import enter, guardian
from erpsync.servers.accounts import Account
from erpsync.servers.errors import ServerError

LOG_BYTES = 10 * 1024 * 1024  # a log above this is moved aside when its process starts

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Command:
    """A program to run.

    `env` is the whole environment, None the parent's own; `bare` gives none of it. `log` takes both outputs
    (None: the parent's own). `account` is the user to become, for which the parent must be root.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] | None = None
    bare: bool = False
    directory: Path | None = None
    log: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0


class Guardian:
    """The parent's end of the guardian process. Use as a context manager round everything it guards."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._watched: dict[int, str] = {}

    def __enter__(self) -> "Guardian":
        self.renew()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def renew(self) -> None:
        """Start the guardian when it is not running, and tell it again what it has to watch."""
        if self._process and self._process.poll() is None:
            return
        self._discard()
        self._process = subprocess.Popen(  # noqa: S603 - our own file
            [sys.executable, "-I", "-S", guardian.__file__, str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            bufsize=0,
            start_new_session=True,
        )
        for pid, orders in self._watched.items():
            self._tell(f"+{pid} {orders}\n")

    def check(self) -> None:
        """Renew a guardian that has ended; nothing when it was never started or has been closed."""
        if self._process and self._process.poll() is not None:
            self.renew()

    def descriptor(self) -> int:
        """The pipe through which a new child announces itself."""
        self.renew()
        return self._pipe().fileno()

    def watches(self, pid: int, stop_signal: int, mark: str) -> None:
        """Remember a child that has announced itself, in case the guardian has to be started anew."""
        self._watched[pid] = f"{stop_signal:d} {mark}"

    def forget(self, pid: int) -> None:
        """Tell the guardian that a child has ended."""
        if self._watched.pop(pid, None) is not None:
            self._tell(f"-{pid}\n")

    def close(self) -> None:
        """Let the guardian go; it ends whatever is still running, and this waits for it."""
        if self._process:
            self._pipe().close()
            self._process.wait()
            self._process = None

    def _pipe(self) -> IO[bytes]:
        if self._process is None or self._process.stdin is None:
            raise ServerError("The guardian of child processes is not running: start children inside its `with`.")
        return self._process.stdin

    def _tell(self, line: str) -> None:
        if self._process is None:
            return  # closed: it has ended all children itself
        with contextlib.suppress(BrokenPipeError):  # a dead guardian is renewed before the next child
            self._pipe().write(line.encode())

    def _discard(self) -> None:
        if self._process:
            _log.warning("the guardian of child processes had ended; starting another")
            self._pipe().close()
            self._process = None


class Child:
    """One command as a process of its own session. It can be started again once it has ended."""

    def __init__(self, name: str, command: Command, watcher: Guardian) -> None:
        self.name = name
        self.command = command
        self._guardian = watcher
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._mark = ""

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self._process.pid if self._process and self.poll() is None else None

    @property
    def stop_seconds(self) -> float:
        """How long `stop` waits before it kills."""
        return self.command.stop_seconds

    def start(self, keep: tuple[int, ...] = ()) -> None:
        """Start the process, which inherits the descriptors in `keep`.

        Raises ServerError when the program is not there or is running already.
        """
        if self.pid is not None:
            raise ServerError(f"{self.name} is running already (process {self.pid}); stop it first.")
        program = self._program()
        self._mark = secrets.token_hex(8)
        log = _open_log(self.command.log) if self.command.log else None
        self._log_start = os.fstat(log).st_size if log is not None else 0
        try:
            descriptor = self._guardian.descriptor()
            entry = [sys.executable, "-I", "-S", enter.__file__, self._order(descriptor)]
            self._process = subprocess.Popen(  # noqa: S603 - running commands is what a Child is for
                [*entry, program, *self.command.argv[1:]],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.command.directory,
                env=self.command.env,
                pass_fds=(descriptor, *keep),
                start_new_session=True,
            )
        finally:
            if log is not None:
                os.close(log)
        self._guardian.watches(self._process.pid, self.command.stop_signal, self._mark)

    def poll(self) -> int | None:
        """None while it runs or before it was started; else its exit code, minus the signal if one ended it.

        When it has ended, so has everything it had started. Sees to the guardian on the way, since whoever keeps
        a child running keeps asking.
        """
        self._guardian.check()
        process = self._process
        if process is None or process.returncode is not None:
            return process.returncode if process else None
        # Not reaped until its family is gone: till then its id cannot become another process's.
        with contextlib.suppress(ChildProcessError):  # reaped already, where SIGCHLD is ignored
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                return None
        guardian.kill_family({process.pid: self._mark})
        code = process.wait()
        self._guardian.forget(process.pid)
        return code

    def wait(self, seconds: float) -> int | None:
        """Wait until it has ended; None when it has not after that time."""
        deadline = time.monotonic() + seconds
        while (code := self.poll()) is None and time.monotonic() < deadline:
            time.sleep(guardian.POLL_SECONDS)
        return code

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process alone; no error when it has ended."""
        if (pid := self.pid) is not None:
            guardian.send(pid, number)

    def ask_to_stop(self) -> None:
        """Send the stop signal, and let it run to see it should it be frozen."""
        self.send(self.command.stop_signal)
        self.send(signal.SIGCONT)

    def stop(self) -> None:
        """Ask it to stop, wait `stop_seconds`, then kill it and all it has started."""
        if (pid := self.pid) is None:
            return
        members = guardian.family({pid: self._mark})
        self.ask_to_stop()
        if self.wait(self.stop_seconds) is None:
            self.kill()
        guardian.kill_family({}, members)

    def kill(self) -> None:
        """Kill it and all it has started, at once."""
        if (pid := self.pid) is None:
            return
        if not guardian.kill_family({pid: self._mark}):
            _log.error("process %s (%s) does not go away after SIGKILL", pid, self.name)
        self.wait(guardian.KILL_SECONDS)

    def said(self) -> str:
        """What the process has written to its log since it was last started; at most the first 64 kB."""
        if self.command.log is None:
            return ""
        with self.command.log.open("rb") as file:
            file.seek(self._log_start)
            return file.read(65536).decode(errors="replace")

    def _program(self) -> str:
        env = self.command.env
        program = shutil.which(self.command.argv[0], path=None if env is None else env.get("PATH"))
        if program is None:
            raise ServerError(
                f"{self.name}: the program {self.command.argv[0]} was not found. Install it, or name its path."
            )
        return os.path.abspath(program)

    def _order(self, descriptor: int) -> str:
        account = self.command.account
        in_main_thread = threading.current_thread() is threading.main_thread()
        order: enter.Order = {
            "parent": os.getpid(),
            "guardian": descriptor,
            "stop_signal": self.command.stop_signal,
            "death_signal": self.command.stop_signal if in_main_thread and sys.platform == "linux" else 0,
            "user": (account.uid, account.gid) if account else None,
            "bare": self.command.bare,
            "mark": (guardian.MARK, self._mark),
        }
        return json.dumps(order)


def _open_log(path: Path) -> int:
    """Open for appending; a large log is first moved to `<name>.1`. The file is for its owner alone."""
    if path.is_file() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_name(path.name + ".1"))
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
