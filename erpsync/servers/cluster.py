"""The files of a PostgreSQL server: `data`, its cluster, and `password`, readable by the server's user alone."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from erpsync.servers.accounts import Account, hand_over, write_private
from erpsync.servers.errors import ServerError
from erpsync.servers.programs import Program

BUILTIN_LOCALE_MAJOR = 17  # the first with C.UTF-8 of its own, whatever the system has
STATUS_LINE = 7  # of postmaster.pid, counted from 0: what pg_ctl waits for


@dataclass(frozen=True)
class Cluster:
    """A cluster in `folder`, of the user `account` (None: our own)."""

    folder: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """The data folder of the server."""
        return self.folder / "data"

    @property
    def pid_file(self) -> Path:
        """The server's own account of itself: https://www.postgresql.org/docs/current/storage-file-layout.html"""
        return self.data / "postmaster.pid"

    @property
    def exists(self) -> bool:
        """Whether it was made; a cluster half made does not count."""
        return self.data.exists()

    @property
    def made_by(self) -> int | None:
        """The major version of PostgreSQL that made the data; None when there is none yet."""
        version = self.data / "PG_VERSION"
        return int(version.read_text().strip()) if version.exists() else None

    def right_program(self, program: Program) -> Program:
        """The program, if it can work on the data; else raises ServerError saying what can be done."""
        if self.made_by in (None, program.major):
            return program
        raise ServerError(
            f"The data in {self.data} was made by PostgreSQL {self.made_by}, the server found is {program.major} "
            f"({program.path}). Install PostgreSQL {self.made_by}, or upgrade the data with pg_upgrade, or move the "
            "folder away to begin an empty one."
        )

    def prepare(self, major: int, user: str, password: str) -> tuple[str, ...]:
        """Write the password and give the options with which initdb makes the cluster, to be followed by `adopt`."""
        shutil.rmtree(self._fresh, ignore_errors=True)
        self._fresh.mkdir(mode=0o700)
        hand_over(self._fresh, self.account)
        write_private(self._password_file, password, self.account)
        locale = (
            ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
            if major >= BUILTIN_LOCALE_MAJOR
            else ("--lc-collate=C", "--lc-ctype=C.UTF-8", "--lc-messages=C")
        )
        secret = ("--auth=scram-sha-256", f"--pwfile={self._password_file}")
        return ("-D", str(self._fresh), "-E", "UTF8", f"--username={user}", *secret, *locale)

    def adopt(self) -> None:
        """Give the finished cluster its name; under another one until now, half of it is never taken for a whole."""
        self._fresh.rename(self.data)

    def password(self) -> str:
        """The password of the cluster's user. Raises ServerError when its file is missing."""
        try:
            return self._password_file.read_text().strip()
        except FileNotFoundError:
            raise ServerError(
                f"The password of the data in {self.data} is missing: {self._password_file}. Put the file back, "
                "or move the data away to begin an empty database."
            ) from None

    def says_ready(self, pid: int | None) -> bool:
        """Whether the server of that process id says it takes connections.

        Asked before its port is, on which another program may be listening.
        """
        try:
            lines = self.pid_file.read_text().split("\n")
        except FileNotFoundError:
            return False
        return lines[0] == str(pid) and len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready"

    @property
    def _fresh(self) -> Path:
        return self.folder / "data.new"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"
