"""A Redis server of erpsync's own, on the loopback address, with a password.

In its folder: `redis.conf` and what Redis saves. Beside it: `redis.log`, and `redis.lock`, which the server holds
as long as it lives.
"""

import secrets
import signal
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from erpsync.servers.accounts import Account, own_folder, reaches, write_private
from erpsync.servers.errors import ServerError
from erpsync.servers.locks import held
from erpsync.servers.processes import Child, Command, Guardian
from erpsync.servers.programs import find_redis, within_reach
from erpsync.servers.readiness import LOOPBACK, start_on_port, wait_until_ready

STOP_SECONDS = 15.0
FORMER_RUN_SECONDS = 30.0  # how long the server of a run that was killed may take to stop
PROBE_SECONDS = 0.5  # tried again until it answers

DURABLE = ("appendonly yes", "appendfsync everysec")
FORGETFUL = ("appendonly no",)


class RedisServer:
    """One server over one folder. `start` after `stop` or `kill` has the same port and password."""

    name = "redis"
    stop_seconds = STOP_SECONDS

    def __init__(
        self,
        folder: Path,
        guardian: Guardian,
        *,
        account: Account | None = None,
        program: Path | None = None,
        fast: bool = False,
    ) -> None:
        """`program` is the redis-server to run; None looks for one (`programs.find_redis`). `fast` keeps nothing."""
        self.folder = folder
        self.log = folder.with_name("redis.log")
        self._config = folder / "redis.conf"
        self._guardian = guardian
        self._account = account
        self._program = program
        self._fast = fast
        self._child: Child | None = None
        self._port: int | None = None
        self._password = secrets.token_urlsafe(32)

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self._child.pid if self._child else None

    @property
    def url(self) -> str:
        """The address, with its password: not for logs. Empty before the first start."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0" if self._port else ""

    def start(self) -> None:
        """Start and return once it answers. Raises ServerError; nothing is left running then."""
        if self.pid is not None:
            raise ServerError(f"{self.name} is running already (process {self.pid}); stop it first.")
        own_folder(self.folder, self._account)
        if not reaches(self._account, self.folder):
            raise ServerError(
                f"User {self._account.name if self._account else ''!r}, as whom Redis runs when erpsync is root, "
                f"cannot reach {self.folder}. Use a folder outside closed ones such as /root, or an ordinary user."
            )
        with held(self.folder.with_name("redis.lock"), FORMER_RUN_SECONDS) as lock:
            path = within_reach(find_redis(self._program), self._account, self.folder.parent)
            self._port = start_on_port(lambda port: self._start(path, port, lock), self._port)

    def poll(self) -> int | None:
        """None while it runs or before it was started, else its exit code."""
        return self._child.poll() if self._child else None

    def ask_to_stop(self) -> None:
        """Ask it to save and end."""
        if self._child:
            self._child.ask_to_stop()

    def stop(self) -> None:
        """Save (unless `fast`) and end."""
        if self._child:
            self._child.stop()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._child:
            self._child.kill()

    def freeze(self) -> None:
        """Make it hang: connections stay open and nothing answers, until `thaw`."""
        if self._child:
            self._child.send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after `freeze`."""
        if self._child:
            self._child.send(signal.SIGCONT)

    def _start(self, path: Path, port: int, lock: int) -> None:
        # The password is in a file because anybody can read the arguments of a process.
        write_private(self._config, "\n".join(self._directives(port)) + "\n", self._account)
        command = Command(
            (str(path), str(self._config)),
            bare=True,
            directory=self.folder,  # where Redis saves: `dir` stays at its default, the current folder
            log=self.log,
            account=self._account,
            stop_seconds=STOP_SECONDS,
        )
        child = self._child = Child(self.name, command, self._guardian)
        ready = False
        try:
            child.start((lock,))
            wait_until_ready(child, lambda: self._answers(port))
            ready = True
        finally:
            if not ready:
                child.stop()

    def _directives(self, port: int) -> tuple[str, ...]:
        return (
            f"bind {LOOPBACK}",
            f"port {port}",
            "protected-mode yes",
            f"requirepass {self._password}",
            "daemonize no",
            "maxmemory-policy noeviction",  # evicting would drop queued messages
            'save ""',
            *(FORGETFUL if self._fast else DURABLE),
        )

    def _answers(self, port: int) -> bool:
        client = redis.Redis(
            host=LOOPBACK,
            port=port,
            password=self._password,
            socket_connect_timeout=PROBE_SECONDS,
            socket_timeout=PROBE_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False  # not up yet, or still loading
        finally:
            client.close()
