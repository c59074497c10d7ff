"""The whole product on a stage: own servers, simulators, and `erpsync up` as a person would run it."""

import os
import socket
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, make_url

from erpsync.cli.sandbox import secret_fields
from erpsync.ledger import session
from erpsync.ports.simulator import Simulator
from erpsync.sandbox import rehearsal
from erpsync.sandbox.practice import write_configuration
from erpsync.sandbox.runner import Served, serve
from erpsync.servers.launcher import Servers, ensure
from erpsync.servers.processes import Child, Command, Guardian
from erpsync.servers.status import read_status
from erpsync.systems import registry

START_SECONDS = 180.0


@dataclass(frozen=True)
class Stage:
    """A running product. `store` and `erp` are the simulators it talks to."""

    home: Path
    web: str
    servers: Servers
    ledger: Engine
    store: Served
    erp: Served | None

    @property
    def webhooks(self) -> str:
        return f"{self.web}/webhooks/shop"

    def pid_of(self, process: str) -> int | None:
        return next((state.pid for state in read_status(self.home / "run") if state.name == process), None)


@contextmanager
def perform(
    directory: Path,
    store: Simulator,
    erp: Simulator | None = None,
    erp_system: str = "netsuite",
    erp_table: str = "",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Stage]:
    """The product with these simulators, or with a real ERP given as a connection table; gone when the block ends."""
    with ExitStack() as stack:
        guardian = stack.enter_context(Guardian())
        servers = stack.enter_context(ensure(None, None, directory, keep=False, guardian=guardian))
        simulators = {"shop": store} | ({"erp": erp} if erp is not None else {})
        served = stack.enter_context(serve(simulators))
        port = _free_port()
        systems = {"shop": "shopify", "erp": erp_system}
        path = write_configuration(
            directory / "home",
            {name: (systems[name], simulator) for name, simulator in served.items()},
            {system: secret_fields(registry.spec(system)) for system in systems.values()},
            routes=[("shop", "erp")],
            tables=[f"[web]\nport = {port}\n", erp_table],
        )
        address = make_url(servers.database_url).set(drivername="postgresql+psycopg")
        ledger = session.open_engine(address.render_as_string(hide_password=False))
        stack.callback(ledger.dispose)
        variables = {
            "ERPSYNC_DATABASE_URL": servers.database_url,
            "ERPSYNC_REDIS_URL": servers.redis_url,
            "ERPSYNC_CONFIG": str(path),
            "ERPSYNC_HOME": str(directory / "home"),
            "ERPSYNC_SWEEP_SECONDS": "2",
            **(environment or {}),
        }
        command = Command(
            (sys.executable, "-m", "erpsync", "up", "--no-flower"),
            env={**os.environ, **variables},
            log=directory / "up.log",
            stop_seconds=60,
        )
        up = Child("erpsync", command, guardian)
        stack.callback(up.stop)
        up.start()
        web = f"http://127.0.0.1:{port}"
        ready = rehearsal.wait_until(lambda: _ready(web) or up.poll() is not None, START_SECONDS)
        assert ready, up.said()
        assert up.poll() is None, up.said()
        yield Stage(directory / "home", web, servers, ledger, served["shop"], served.get("erp"))


def _ready(web: str) -> bool:
    try:
        with urllib.request.urlopen(f"{web}/ready", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
