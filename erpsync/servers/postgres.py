"""A PostgreSQL server of erpsync's own, on the loopback address.

In its folder: the cluster and its password (`cluster.py`). Beside the folder: `postgres.log`, and `postgres.lock`,
which every process of the server holds as long as it lives.
"""

import os
import secrets
import signal
from pathlib import Path

import psycopg
from psycopg import sql

from erpsync.servers.accounts import Account, own_folder, reaches
from erpsync.servers.cluster import Cluster
from erpsync.servers.errors import ServerError
from erpsync.servers.guardian import holders, kill_family, process_of
from erpsync.servers.locks import held, is_held
from erpsync.servers.processes import Child, Command, Guardian
from erpsync.servers.programs import Program, find_postgres, within_reach
from erpsync.servers.readiness import LOOPBACK, start_on_port, wait_until_ready

DATABASE = "erpsync"
USER = "erpsync"
INITDB_SECONDS = 120.0
STOP_SECONDS = 30.0  # a fast shutdown writes all changed pages first
IMMEDIATE_SECONDS = 15.0  # PostgreSQL itself kills its processes after 5
FORMER_RUN_SECONDS = 30.0  # how long the server of a run that was killed may take to stop

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "200",  # every worker process has a pool
    "timezone": "UTC",
    # The log must not collect what orders contain: no row values, no statements.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
# Commits survive a crash of the server, as they must in tests too, but not one of the machine.
FAST_SETTINGS = {"fsync": "off", "full_page_writes": "off"}


class PostgresServer:
    """One server over one data folder. `start` after `stop` finds the same data, port and password."""

    name = "postgres"
    stop_seconds = STOP_SECONDS

    def __init__(
        self,
        folder: Path,
        guardian: Guardian,
        *,
        account: Account | None = None,
        binaries: Path | None = None,
        fast: bool = False,
    ) -> None:
        """`binaries` is a folder with `postgres` and `initdb`; None looks for one (`programs.find_postgres`).

        `fast` gives up surviving a crash of the machine.
        """
        self.folder = folder
        self.log = folder.with_name("postgres.log")
        self._lock = folder.with_name("postgres.lock")
        self._cluster = Cluster(folder, account)
        self._guardian = guardian
        self._account = account
        self._binaries = binaries
        self._fast = fast
        self._child: Child | None = None
        self._port: int | None = None
        self._password = ""

    @property
    def pid(self) -> int | None:
        """The process id while it runs, else None."""
        return self._child.pid if self._child else None

    @property
    def url(self) -> str:
        """The address of the database, with its password: not for logs. Empty before the first start."""
        return f"postgresql://{USER}:{self._password}@{LOOPBACK}:{self._port}/{DATABASE}" if self._port else ""

    def start(self) -> None:
        """Start, making cluster and database the first time; return once the database answers.

        Raises ServerError; nothing is left running then.
        """
        if self.pid is not None:
            raise ServerError(f"{self.name} is running already (process {self.pid}); stop it first.")
        own_folder(self.folder, self._account)
        if not reaches(self._account, self.folder):
            raise ServerError(
                f"User {self._account.name if self._account else ''!r}, as whom PostgreSQL runs when erpsync is root, "
                f"cannot reach {self.folder}. Use a folder outside closed ones such as /root, or an ordinary user."
            )
        self._end_strays()
        with held(self._lock, FORMER_RUN_SECONDS) as lock:
            program, path = self._choose_program()
            if not self._cluster.exists:
                self._create(program, path, lock)
            self._password = self._cluster.password()
            # Nobody holds the lock but us, so that whatever this file says is of a server that is gone.
            self._cluster.pid_file.unlink(missing_ok=True)
            self._port = start_on_port(lambda port: self._start(path, port, lock), self._port)

    def poll(self) -> int | None:
        """None while it runs or before it was started, else its exit code."""
        return self._child.poll() if self._child else None

    def ask_to_stop(self) -> None:
        """Begin a fast shutdown."""
        if self._child:
            self._child.ask_to_stop()

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, all pages written."""
        if self._child:
            self._child.stop()
            self._end_strays()

    def kill(self) -> None:
        """End every process at once, as a crash of the machine would."""
        if self._child:
            self._child.kill()
            self._end_strays()

    def restart_immediate(self) -> None:
        """Stop without a shutdown, as after a crash, and start again, which recovers from the log."""
        if self._child:
            self._child.send(signal.SIGQUIT)
            if self._child.wait(IMMEDIATE_SECONDS) is None:
                self._child.kill()
        self.start()

    def _end_strays(self) -> None:
        """Kill what is left of a server of ours whose first process was killed: those busy with a query do not
        notice it, and no sign of their origin remains but the lock."""
        if self._child and self.pid is None and is_held(self._lock, os.getpid()):
            kill_family({}, holders(str(self._lock.resolve())) - {process_of(os.getpid())})

    def _choose_program(self) -> tuple[Program, Path]:
        program = self._cluster.right_program(find_postgres(self._binaries, self._cluster.made_by))
        return program, within_reach(program, self._account, self.folder.parent)

    def _create(self, program: Program, path: Path, lock: int) -> None:
        options = self._cluster.prepare(program.major, USER, secrets.token_urlsafe(32))
        argv = (str(path.with_name("initdb")), *options, *(("--no-sync",) if self._fast else ()))
        child = self._make_child("initdb", argv)
        try:
            child.start((lock,))
            code = child.wait(INITDB_SECONDS)
        finally:
            child.stop()
        if code != 0:
            raise ServerError(f"PostgreSQL's initdb failed (exit code {code}). Its log is {self.log}: read why.")
        self._cluster.adopt()

    def _start(self, path: Path, port: int, lock: int) -> None:
        settings = SETTINGS | {"port": str(port)} | (FAST_SETTINGS if self._fast else {})
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        child = self._child = self._make_child(self.name, (str(path), "-D", str(self._cluster.data), *options))
        ready = False
        try:
            child.start((lock,))
            wait_until_ready(child, lambda: self._cluster.says_ready(child.pid) and self._answers(port))
            ready = True
        finally:
            if not ready:
                child.stop()

    def _make_child(self, name: str, argv: tuple[str, ...]) -> Child:
        command = Command(
            argv,
            bare=True,
            directory=Path("/"),
            log=self.log,
            account=self._account,
            stop_signal=signal.SIGINT,  # fast shutdown; SIGTERM would wait for every client to leave
            stop_seconds=STOP_SECONDS,
        )
        return Child(name, command, self._guardian)

    def _answers(self, port: int) -> bool:
        """Whether it takes a connection; the database is made on the way."""
        try:
            with psycopg.connect(
                host=LOOPBACK,
                port=port,
                user=USER,
                password=self._password,
                dbname="postgres",
                sslmode="disable",
                connect_timeout=5,
                autocommit=True,
            ) as connection:
                if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        except psycopg.OperationalError:
            return False  # not up yet, or recovering
        return True
