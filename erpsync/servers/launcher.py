"""The two addresses erpsync needs, with servers started for those it was not given."""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from erpsync.servers.accounts import Account, reaches, server_account
from erpsync.servers.errors import ServerError
from erpsync.servers.locks import held
from erpsync.servers.postgres import PostgresServer
from erpsync.servers.processes import Guardian
from erpsync.servers.redis import RedisServer

# For root, when the folder asked for lies where the servers' user cannot go.
OPEN_PLACE = Path("/var/lib/erpsync")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Servers:
    """The addresses, with passwords, and the servers behind them that were started here."""

    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    postgres: PostgresServer | None = None
    redis: RedisServer | None = None


@contextmanager
def ensure(
    database_url: str | None,
    redis_url: str | None,
    directory: Path,
    fast: bool = False,
    *,
    keep: bool = True,
    guardian: Guardian | None = None,
    postgres_binaries: Path | None = None,
    redis_program: Path | None = None,
    open_place: Path = OPEN_PLACE,
) -> Iterator[Servers]:
    """Give both addresses; an address that is missing (None or empty) is of a server started for the `with`.

    The servers stop in reverse order at its end, and before an error leaves it. Their data stays in `directory`; or, for
    root and a directory closed to the servers' user, below `open_place`, which is logged. With `keep` False they begin
    with none, and it is gone when they have stopped. `fast` gives up surviving a crash of the machine. Raises
    ServerError when a server cannot be found or started, or the directory is in use.
    """
    if database_url and redis_url:
        yield Servers(database_url, redis_url)
        return
    account = server_account()
    with ExitStack() as stack:
        wanted = directory.absolute()
        place = _place(wanted, account, open_place) if keep else stack.enter_context(_passing(wanted, account))
        stack.enter_context(held(place / "servers.lock"))
        watcher = guardian or stack.enter_context(Guardian())
        postgres = queue = None
        if not database_url:
            postgres = PostgresServer(
                place / "postgres", watcher, account=account, binaries=postgres_binaries, fast=fast
            )
            stack.callback(postgres.stop)
            postgres.start()
        if not redis_url:
            queue = RedisServer(place / "redis", watcher, account=account, program=redis_program, fast=fast)
            stack.callback(queue.stop)
            queue.start()
        yield Servers(
            database_url or (postgres.url if postgres else ""),
            redis_url or (queue.url if queue else ""),
            postgres,
            queue,
        )


def _place(directory: Path, account: Account | None, open_place: Path) -> Path:
    """A folder the servers' user can reach: the directory asked for where that is possible."""
    if reaches(account, directory):
        return _make(directory, account)
    place = open_place / hashlib.sha256(os.fsencode(directory)).hexdigest()[:12]
    _log.warning(
        "%s is closed to user %s, as whom the servers run; their data is in %s",
        directory,
        account.name if account else "",
        place,
    )
    _make(open_place, account)
    return _make(place, account)


@contextmanager
def _passing(directory: Path, account: Account | None) -> Iterator[Path]:
    """A new folder that ends with the block: in the directory, or among the machine's temporary ones where it is closed."""
    parent = _make(directory, account) if reaches(account, directory) else None
    place = Path(tempfile.mkdtemp(prefix="erpsync-", dir=parent))
    try:
        place.chmod(0o711)
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _make(folder: Path, account: Account | None) -> Path:
    """Make the folder: for its owner alone, but that the servers' user may pass through to its own."""
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o711 if account else 0o700)
        if account and folder.stat().st_uid == account.uid:
            raise ServerError(f"{folder} belongs to {account.name}; root keeps nothing there. Use another folder.")
    except OSError as error:
        raise ServerError(f"{folder} cannot be used: {error.strerror}. Use another folder.") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ServerError(f"{folder} cannot be written to by user {os.geteuid()}. Use another folder.")
    return folder
