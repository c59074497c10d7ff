"""The only reader of the environment and of configuration files. Reports every problem at once, not the first."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from erpsync.domain.errors import ConfigurationError
from erpsync.domain.ids import ConnectionName

DEFAULT_FILE = "erpsync.toml"
DEFAULT_HOME = ".erpsync"
# A Shopify order with several hundred lines is about 1 MB.
MAX_WEBHOOK_BYTES = 5 * 1024 * 1024
ROLES = ("viewer", "operator")


@dataclass(frozen=True)
class ConnectionConfig:
    """One `[connections.NAME]` table. Secrets are resolved; the system judges the rest."""

    name: ConnectionName
    system: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Route:
    """From where to where which flows run: one `[[routes]]` table."""

    source: ConnectionName
    target: ConnectionName
    flows: tuple[str, ...]
    send_test_orders: bool = False
    guest_customer: str = ""
    rounding_tolerance: int = 5


@dataclass(frozen=True)
class Operator:
    """A person who may sign in to the console. `role` is one of ROLES; only operators may act."""

    name: str
    password: SecretStr
    role: str


@dataclass(frozen=True)
class WebConfig:
    host: str = "127.0.0.1"
    port: int = 8080
    max_webhook_bytes: int = MAX_WEBHOOK_BYTES
    operators: tuple[Operator, ...] = ()
    secure_cookies: bool = False


@dataclass(frozen=True)
class FlowerConfig:
    """Flower is never served without a password: `erpsync up` makes one where none is configured."""

    host: str = "127.0.0.1"
    port: int = 5555
    user: str = "erpsync"
    password: SecretStr | None = None


@dataclass(frozen=True)
class WorkerLimits:
    """How long a task may take, in seconds, and what follows: soft < hard < lease < visibility."""

    concurrency: int
    hard_seconds: int

    @property
    def soft_seconds(self) -> int:
        return max(self.hard_seconds - 15, self.hard_seconds // 2)

    @property
    def lease_seconds(self) -> int:
        """A claim outlives its task's hard limit, so that a claim set free has no worker behind it any more."""
        return self.hard_seconds + 15

    @property
    def visibility_seconds(self) -> int:
        """Above the lease, and above the longest countdown that travels as a message (`retry.MAX_COUNTDOWN_SECONDS`)."""
        return max(self.lease_seconds * 2, 600)


@dataclass(frozen=True)
class Settings:
    database_url: str
    redis_url: str
    broker_url: str
    home: Path
    limits: WorkerLimits
    sweep_seconds: float
    web: WebConfig
    flower: FlowerConfig
    connections: Mapping[ConnectionName, ConnectionConfig]
    routes: tuple[Route, ...]
    alert_url: SecretStr | None = None


def broker_url() -> str:
    """Where Celery's messages go: ERPSYNC_BROKER_URL, else Redis."""
    return os.environ.get("ERPSYNC_BROKER_URL") or redis_url()


def database_url() -> str:
    """ERPSYNC_DATABASE_URL in SQLAlchemy's spelling, empty when unset."""
    url = os.environ.get("ERPSYNC_DATABASE_URL", "")
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url


def redis_url() -> str:
    """ERPSYNC_REDIS_URL, empty when unset."""
    return os.environ.get("ERPSYNC_REDIS_URL", "")


def home() -> Path:
    """Where erpsync keeps embedded servers' data, caches and its signing key: ERPSYNC_HOME, else `.erpsync`."""
    return Path(os.environ.get("ERPSYNC_HOME") or DEFAULT_HOME).resolve()


def config_file() -> Path:
    return Path(os.environ.get("ERPSYNC_CONFIG") or DEFAULT_FILE)


def worker_limits() -> WorkerLimits:
    """ERPSYNC_CONCURRENCY (processes a worker, default 4) and ERPSYNC_TASK_SECONDS (hard limit of a task, default 300:
    an upsertList of 100 sales orders may take minutes)."""
    return WorkerLimits(
        concurrency=int(os.environ.get("ERPSYNC_CONCURRENCY") or 4),
        hard_seconds=int(os.environ.get("ERPSYNC_TASK_SECONDS") or 300),
    )


def sweep_seconds() -> float:
    """ERPSYNC_SWEEP_SECONDS: how often lost work is looked for, default 10."""
    return float(os.environ.get("ERPSYNC_SWEEP_SECONDS") or 10)


def load(path: Path | None = None) -> Settings:
    """Reads the configuration file and the environment. Raises ConfigurationError with all problems found."""
    problems: list[str] = []
    tables = _read(path or config_file(), problems)
    reader = _Reader(tables, problems)
    settings = Settings(
        database_url=reader.required(database_url(), "ERPSYNC_DATABASE_URL", "postgresql://user@host/database"),
        redis_url=redis_url(),
        broker_url=reader.required(broker_url(), "ERPSYNC_REDIS_URL", "redis://host:6379/0"),
        home=home(),
        limits=worker_limits(),
        sweep_seconds=sweep_seconds(),
        web=reader.web(),
        flower=reader.flower(),
        connections=reader.connections(),
        routes=reader.routes(),
        alert_url=reader.alert_url(),
    )
    if problems:
        raise ConfigurationError(problems)
    return settings


def given_urls() -> tuple[str, str]:
    """ERPSYNC_DATABASE_URL and ERPSYNC_REDIS_URL as they are set, each empty where erpsync starts a server itself."""
    return os.environ.get("ERPSYNC_DATABASE_URL", ""), redis_url()


def adopt(variables: Mapping[str, str]) -> None:
    """Sets environment variables for this process and for those it starts: the addresses of servers that it runs."""
    os.environ.update(variables)


def environment(**variables: str) -> dict[str, str]:
    """The environment for a process that erpsync starts: this one's, with `variables` on top."""
    return {**os.environ, **variables}


def _read(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(f"There is no {path}. Write one (see README, 'Configuration') or set ERPSYNC_CONFIG.")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path} cannot be read: {error}")
    return {}


@dataclass
class _Reader:
    tables: dict[str, Any]
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in self.tables.keys() - {"connections", "routes", "web", "flower", "alerts"}:
            self.problems.append(
                f"[{name}] is not a table of erpsync's; there are connections, routes, web, flower and alerts."
            )

    def required(self, value: str, variable: str, example: str) -> str:
        if not value:
            self.problems.append(f"{variable} is not set; it looks like {example}.")
        return value

    def connections(self) -> dict[ConnectionName, ConnectionConfig]:
        found = {}
        for name, table in self.tables.get("connections", {}).items():
            where = f"[connections.{name}]"
            if not isinstance(table, dict) or not isinstance(table.get("system"), str):
                self.problems.append(f'{where} needs a line like system = "shopify".')
                continue
            values = {key: self._resolve(value, f"{where} {key}") for key, value in table.items() if key != "system"}
            found[ConnectionName(name)] = ConnectionConfig(ConnectionName(name), table["system"], values)
        return found

    def routes(self) -> tuple[Route, ...]:
        found = []
        known = self.tables.get("connections", {})
        for number, table in enumerate(self.tables.get("routes", []), 1):
            source, target, flows = table.get("source"), table.get("target"), table.get("flows")
            for end, name in (("source", source), ("target", target)):
                if name not in known:
                    self.problems.append(f"[[routes]] number {number}: {end} = {name!r} is not one of the connections.")
            if not isinstance(flows, list) or not flows:
                self.problems.append(f'[[routes]] number {number} needs a line like flows = ["orders"].')
                continue
            for key in table.keys() - {"source", "target", "flows", "send_test_orders", "guest_customer", "rounding_tolerance"}:
                self.problems.append(f"[[routes]] number {number}: {key} is not a setting.")
            found.append(
                Route(
                    ConnectionName(str(source)),
                    ConnectionName(str(target)),
                    tuple(map(str, flows)),
                    bool(table.get("send_test_orders", False)),
                    str(table.get("guest_customer", "")),
                    int(table.get("rounding_tolerance", 5)),
                )
            )
        return tuple(found)

    def web(self) -> WebConfig:
        table = self.tables.get("web", {})
        for key in table.keys() - {"host", "port", "max_webhook_bytes", "operators", "secure_cookies"}:
            self.problems.append(f"[web] {key} is not a setting.")
        operators = []
        for name, entry in table.get("operators", {}).items():
            password = self._resolve(entry.get("password"), f"[web.operators.{name}] password")
            if not isinstance(password, SecretStr):
                self.problems.append(f'[web.operators.{name}] needs password = {{ env = "VARIABLE" }}.')
                continue
            if entry.get("role", "viewer") not in ROLES:
                self.problems.append(f"[web.operators.{name}] role is one of {', '.join(ROLES)}.")
            operators.append(Operator(name, password, entry.get("role", "viewer")))
        return WebConfig(
            host=str(table.get("host", "127.0.0.1")),
            port=int(table.get("port", 8080)),
            max_webhook_bytes=int(table.get("max_webhook_bytes", MAX_WEBHOOK_BYTES)),
            operators=tuple(operators),
            secure_cookies=bool(table.get("secure_cookies", False)),
        )

    def flower(self) -> FlowerConfig:
        table = self.tables.get("flower", {})
        for key in table.keys() - {"host", "port", "user", "password"}:
            self.problems.append(f"[flower] {key} is not a setting.")
        password = self._resolve(table.get("password"), "[flower] password")
        if password is not None and not isinstance(password, SecretStr):
            self.problems.append('[flower] password is a reference: password = { env = "VARIABLE" }.')
            password = None
        return FlowerConfig(
            host=str(table.get("host", "127.0.0.1")),
            port=int(table.get("port", 5555)),
            user=str(table.get("user", "erpsync")),
            password=password,
        )

    def alert_url(self) -> SecretStr | None:
        url = self._resolve(self.tables.get("alerts", {}).get("url"), "[alerts] url")
        if url is not None and not isinstance(url, SecretStr):
            self.problems.append('[alerts] url holds a token, so it is a reference: url = { env = "VARIABLE" }.')
            return None
        return url

    def _resolve(self, value: Any, where: str) -> Any:
        """`{ env = "NAME" }` and `{ file = "/path" }` become the secret they point to; other values stay."""
        if not isinstance(value, dict) or value.keys() not in ({"env"}, {"file"}):
            return value
        if "env" in value:
            secret = os.environ.get(str(value["env"]), "")
            if not secret:
                self.problems.append(f"{where}: the environment variable {value['env']} is not set.")
            return SecretStr(secret)
        try:
            return SecretStr(Path(str(value["file"])).read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(f"{where}: {value['file']} cannot be read ({type(error).__name__}).")
            return SecretStr("")
