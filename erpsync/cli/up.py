"""`erpsync up`: everything on one machine, supervised."""

import logging
import secrets
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from erpsync import bootstrap, config
from erpsync.cli import checks
from erpsync.cli.running import addresses_of, how_to_stop
from erpsync.config import Settings
from erpsync.domain.errors import ConfigurationError
from erpsync.ledger import session
from erpsync.servers.addresses import published
from erpsync.servers.launcher import Servers, ensure
from erpsync.servers.processes import Child, Command, Guardian
from erpsync.servers.supervisor import Supervised, Supervisor

_WORKER_STOP_SECONDS = 45.0  # above worker_soft_shutdown_timeout, so that calls under way are recorded
_CELERY = (sys.executable, "-m", "celery", "--app", "erpsync.tasks.app")


def up(
    with_flower: Annotated[bool, typer.Option("--flower/--no-flower", help="Serve the Flower dashboard.")] = True,
) -> None:
    """Run everything on this machine, supervised.

    That is web, worker, beat and Flower, and PostgreSQL and Redis where no address is set. Whatever ends is started
    again; Ctrl-C or SIGTERM stops all of it. Logs are in .erpsync/logs. Other commands in the same folder find the
    servers by .erpsync/servers.json.

    Example: erpsync up
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    checks.refuse_faults()
    home = config.home()
    home.mkdir(parents=True, exist_ok=True)
    with (
        Guardian() as guardian,
        ensure(*config.given_urls(), home / "servers", guardian=guardian) as servers,
        published(home, addresses_of(servers)),
    ):
        config.adopt(
            {
                "ERPSYNC_DATABASE_URL": servers.database_url,
                "ERPSYNC_REDIS_URL": servers.redis_url,
                "ERPSYNC_HOME": str(home),
            }
        )
        settings = _prepared()
        _refuse_taken_ports(settings, with_flower)
        processes = _processes(settings, guardian, with_flower)
        Supervisor(processes, home / "run", tended=_started(servers)).run(lambda: _say(settings, with_flower))


def _prepared() -> Settings:
    """Finds out what is wrong with the database before anything works with it, and brings it up to date."""
    assembly = bootstrap.configured()
    session.upgrade(assembly.database)
    assembly.announce()
    assembly.database.dispose()
    return assembly.settings


def _refuse_taken_ports(settings: Settings, with_flower: bool) -> None:
    """Raises ConfigurationError: a process that cannot listen would be started again for ever, and say why in its log."""
    listening = {"web": (settings.web.host, settings.web.port)}
    if with_flower:
        listening["flower"] = (settings.flower.host, settings.flower.port)
    problems = []
    for table, (host, port) in listening.items():
        try:
            family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            problems.append(
                f"[{table}] nothing can listen on {host}:{port} ({error.strerror}). Set another port, or end what has it."
            )
    if problems:
        raise ConfigurationError(problems)


def _processes(settings: Settings, guardian: Guardian, with_flower: bool) -> list[Child]:
    web = settings.web
    uvicorn = (
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "erpsync.web.app:create",
        "--no-access-log",
        "--timeout-graceful-shutdown=10",
    )
    beat = ("beat", "--schedule", str(settings.home / "beat-schedule"), "--pidfile=", "--max-interval", "30")
    commands = {
        "web": Command((*uvicorn, "--host", web.host, "--port", str(web.port))),
        "worker": Command((*_CELERY, "worker", "--loglevel", "INFO"), stop_seconds=_WORKER_STOP_SECONDS),
        "beat": Command((*_CELERY, *beat, "--loglevel", "INFO")),
    }
    if with_flower:
        flower = settings.flower
        # Its default columns leave out the arguments, by which an order is found.
        columns = "--tasks-columns=name,args,state,received,started,runtime,retries,worker"
        options = (f"--address={flower.host}", f"--port={flower.port}", "--read-only", columns)
        login = f"{flower.user}:{flower_password(settings)}"
        commands["flower"] = Command((*_CELERY, "flower", *options), env=config.environment(FLOWER_BASIC_AUTH=login))
    logs = settings.home / "logs"
    logs.mkdir(exist_ok=True)
    return [Child(name, _logged(command, logs / f"{name}.log"), guardian) for name, command in commands.items()]


def flower_password(settings: Settings) -> str:
    """The configured password, else one made here once and kept in a file that only this user may read."""
    if settings.flower.password is not None:
        return settings.flower.password.get_secret_value()
    path = settings.home / "flower.password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(18))
    return path.read_text().strip()


def _logged(command: Command, log: Path) -> Command:
    env = command.env or config.environment()
    return Command(command.argv, env=env, log=log, stop_seconds=command.stop_seconds)


def _started(servers: Servers) -> list[Supervised]:
    return [server for server in (servers.postgres, servers.redis) if server is not None]


def _say(settings: Settings, with_flower: bool) -> None:
    typer.echo(f"console   http://{settings.web.host}:{settings.web.port}/")
    typer.echo(f"webhooks  http://{settings.web.host}:{settings.web.port}/webhooks/CONNECTION")
    if with_flower:
        where = f"http://{settings.flower.host}:{settings.flower.port}/"
        kept = "" if settings.flower.password else f", password in {settings.home / 'flower.password'}"
        typer.echo(f"flower    {where} (user {settings.flower.user}{kept})")
    typer.echo(f"logs      {settings.home / 'logs'}")
    typer.echo(f"{how_to_stop()} stops everything.")
