"""The user the servers run as when erpsync runs as root.

PostgreSQL refuses to run as root, and Redis gains nothing from it.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from erpsync.servers.errors import ServerError

UNPRIVILEGED = "nobody"


@dataclass(frozen=True)
class Account:
    """A user by name and number."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """Whom to become: `nobody` for root, None (stay who we are) for anybody else."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        raise ServerError(
            f"PostgreSQL does not run as root, and this system has no user {UNPRIVILEGED!r} to run it as: "
            "start erpsync as an ordinary user."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def reaches(account: Account | None, path: Path) -> bool:
    """Whether the account may pass through every folder on the way to `path`, itself included.

    Reads the permission bits; what does not exist yet is not in the way.
    """
    if account is None:
        return True
    path = path.resolve()
    return all(_passes(account, folder) for folder in (path, *path.parents) if folder.exists())


def hand_over(path: Path, account: Account | None) -> None:
    """Make the account the owner of one file or folder; without an account it stays ours."""
    if account:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def own_folder(path: Path, account: Account | None) -> None:
    """Make a folder for the account alone; one that is there must be its own already.

    Raises ServerError when it belongs to somebody else, as after a run by another user.
    """
    if not path.exists():
        path.mkdir(mode=0o700)
        hand_over(path, account)
    wanted = account.uid if account else os.geteuid()
    if path.lstat().st_uid != wanted:
        raise ServerError(
            f"{path} belongs to user {path.lstat().st_uid}, and the server in it would run as user {wanted}. "
            f"Start erpsync as the user of its first run, or hand the folder over: chown -R {wanted} {path}"
        )


def write_private(path: Path, text: str, account: Account | None) -> None:
    """Write a file only the account (and root) can read; whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        if account:
            os.fchown(descriptor, account.uid, account.gid)
        file.write(text)
    fresh.replace(path)


def _passes(account: Account, folder: Path) -> bool:
    state = folder.stat()
    if not folder.is_dir():
        return True
    if state.st_uid == account.uid:
        return bool(state.st_mode & 0o100)
    if state.st_gid == account.gid:
        return bool(state.st_mode & 0o010)
    return bool(state.st_mode & 0o001)
