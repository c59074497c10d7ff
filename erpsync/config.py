"""The only reader of the environment and of configuration files. Reports every problem at once, not the first."""

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from erpsync.config_prices import PriceTable
from erpsync.config_stock import StockTable
from erpsync.domain.errors import ConfigurationError
from erpsync.domain.ids import ConnectionName
from erpsync.mapping import Condition
from erpsync.ports.settings import Address
from erpsync.ports.store_records import ProductField
from erpsync.problems import kind, sentences

DEFAULT_FILE = "erpsync.toml"
DEFAULT_HOME = ".erpsync"
# A Shopify order with several hundred lines is about 1 MB.
MAX_WEBHOOK_BYTES = 5 * 1024 * 1024
TABLES = ("connections", "routes", "web", "flower", "alerts")
_NAME = re.compile(r"[A-Za-z0-9_-]+")  # as TOML has them without quotes


def _dereferenced(value: object) -> SecretStr:
    """The secret that `{ env = "NAME" }` or `{ file = "/path" }` points to. A secret itself has no place in the file."""
    if isinstance(value, dict) and value.keys() == {"env"}:
        name = str(value["env"])
        secret = os.environ.get(name, "").strip()  # as in files: a line's end is in no secret, and no header takes it
        if not secret:
            raise PydanticCustomError("reference", "the environment variable {name} is not set", {"name": name})
        return SecretStr(secret)
    if isinstance(value, dict) and value.keys() == {"file"}:
        return _secret_in(str(value["file"]))
    raise PydanticCustomError("secret", "a secret is given by reference")


def _secret_in(path: str) -> SecretStr:
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = {"path": path, "why": type(error).__name__}
        raise PydanticCustomError("reference", "{path} cannot be read ({why})", why) from error
    if not secret:
        raise PydanticCustomError("reference", "{path} is empty", {"path": path})
    return SecretStr(secret)


Secret = Annotated[SecretStr, BeforeValidator(_dereferenced)]
Port = Annotated[int, Field(ge=1, le=65535)]


class _Table(BaseModel):
    """A table of the file. Its values are as TOML has them: nothing is taken for what it merely looks like."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_T = TypeVar("_T")
_AnyTable = TypeVar("_AnyTable", bound=_Table)


@dataclass(frozen=True)
class ConnectionConfig:
    """One `[connections.NAME]` table. Secrets are resolved; the system judges the rest. A reference that leads nowhere
    is an empty secret among the `values`, and its key is in `unresolved`."""

    name: ConnectionName
    system: str
    values: Mapping[str, Any]
    unresolved: frozenset[str] = frozenset()


class Route(_Table):
    """From where to where which flows run: one `[[routes]]` table."""

    source: ConnectionName = Field(examples=["shop"])
    target: ConnectionName = Field(examples=["erp"])
    flows: tuple[str, ...] = Field(min_length=1, strict=False, examples=[["orders"]])
    send_test_orders: bool = False
    guest_customer: str = Field("", examples=["42"])
    rounding_tolerance: int = Field(5, ge=0)
    poll_seconds: int = Field(300, ge=0)
    notify_buyers: bool = True
    send_closed_orders: bool = True
    orders_from: datetime | None = None
    currencies: tuple[str, ...] = Field((), strict=False, examples=[["EUR"]])
    product_gone_sku: str = Field("", examples=["MISC"])
    product_fields: tuple[Annotated[ProductField, Field(strict=False)], ...] | None = Field(
        None, strict=False, examples=[["title", "status"]]
    )
    create_products: bool = True
    create_products_where: Condition = Field("", examples=["contains(categories, 'Web shop')"])
    new_customers: Literal["buyers", "all"] = "buyers"
    customer_currency: str = Field("", pattern="^([A-Z]{3})?$", examples=["EUR"])
    stock: StockTable = Field(StockTable(), strict=False)
    prices: PriceTable = Field(PriceTable(), strict=False)

    @field_validator("orders_from", mode="before")
    @classmethod
    def _day_or_time(cls, value: object) -> object:
        """A day begins at midnight, and a time that names no zone is meant, in UTC."""
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        return value.replace(tzinfo=value.tzinfo or UTC) if isinstance(value, datetime) else value


@dataclass(frozen=True)
class Operator:
    """A person who may sign in to the console. Only the role `operator` may act; a `viewer` may look."""

    name: str
    password: SecretStr
    role: str


class _OperatorTable(_Table):
    password: Secret
    role: Literal["viewer", "operator"] = "viewer"


class WebConfig(_Table):
    host: str = "127.0.0.1"
    port: Port = 8080
    max_webhook_bytes: int = Field(MAX_WEBHOOK_BYTES, ge=1)
    operator_tables: dict[str, _OperatorTable] = Field({}, alias="operators")
    secure_cookies: bool = False
    public_url: Address = Field("", examples=["https://erpsync.example.com"])

    def webhook_address(self, name: ConnectionName) -> str:
        """Where a store shall deliver its webhooks; empty where nobody has said how stores reach this machine."""
        return f"{self.public_url}/webhooks/{name}" if self.public_url else ""

    @property
    def operators(self) -> tuple[Operator, ...]:
        return tuple(Operator(name, table.password, table.role) for name, table in self.operator_tables.items())


class FlowerConfig(_Table):
    """Flower is never served without a password: `erpsync up` makes one where none is configured."""

    host: str = "127.0.0.1"
    port: Port = 5555
    user: str = "erpsync"
    password: Secret | None = None


class _AlertsTable(_Table):
    url: Secret | None = None


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
    an upsertList of 100 sales orders may take minutes). Raises ConfigurationError."""
    return WorkerLimits(
        concurrency=int(_number("ERPSYNC_CONCURRENCY", 4, least=1, whole=True)),
        hard_seconds=int(_number("ERPSYNC_TASK_SECONDS", 300, least=2, whole=True)),
    )


def sweep_seconds() -> float:
    """ERPSYNC_SWEEP_SECONDS: how often lost work is looked for, default 10. Raises ConfigurationError."""
    return _number("ERPSYNC_SWEEP_SECONDS", 10, least=0.1)


def load(path: Path | None = None) -> Settings:
    """Reads the configuration file and the environment. Raises ConfigurationError with all problems found."""
    settings, problems = read(path)
    if problems:
        raise ConfigurationError(problems)
    return settings


def read(path: Path | None = None, *, without_servers: bool = False) -> tuple[Settings, list[str]]:
    """What can be read of the file and the environment, defaults where that is nothing, and all problems found.
    `without_servers`: that there is no address of PostgreSQL or Redis is no problem."""
    problems: list[str] = []
    missing: list[str] = [] if without_servers else problems
    tables = _tables(path or config_file(), problems)
    settings = Settings(
        database_url=_required(database_url(), "ERPSYNC_DATABASE_URL", "postgresql://user@host/database", missing),
        redis_url=redis_url(),
        broker_url=_required(broker_url(), "ERPSYNC_REDIS_URL", "redis://host:6379/0", missing),
        home=home(),
        limits=_tried(worker_limits, WorkerLimits(concurrency=4, hard_seconds=300), problems),
        sweep_seconds=_tried(sweep_seconds, 10.0, problems),
        web=_checked(WebConfig, "[web]", tables.get("web", {}), problems) or WebConfig(),
        flower=_checked(FlowerConfig, "[flower]", tables.get("flower", {}), problems) or FlowerConfig(),
        connections={one.name: one for one in _connections(tables, problems)},
        routes=tuple(_routes(tables, problems)),
        alert_url=(_checked(_AlertsTable, "[alerts]", tables.get("alerts", {}), problems) or _AlertsTable()).url,
    )
    return settings, problems


def given_urls() -> tuple[str, str]:
    """ERPSYNC_DATABASE_URL and ERPSYNC_REDIS_URL as they are set, each empty where erpsync starts a server itself."""
    return os.environ.get("ERPSYNC_DATABASE_URL", ""), redis_url()


def adopt(variables: Mapping[str, str]) -> None:
    """Sets environment variables for this process and for those it starts: the addresses of servers that it runs."""
    os.environ.update(variables)


def environment(**variables: str) -> dict[str, str]:
    """The environment for a process that erpsync starts: this one's, with `variables` on top."""
    return {**os.environ, **variables}


def _number(variable: str, default: float, *, least: float, whole: bool = False) -> float:
    try:
        value = float(os.environ.get(variable) or default)
    except ValueError:
        value = -1
    if not least <= value < float("inf") or (whole and value != int(value)):
        wanted = f"a {'whole ' * whole}number of at least {least}"
        raise ConfigurationError([f"{variable} is not {wanted}, as in {variable}={default}."])
    return value


def _tried(reading: Callable[[], _T], instead: _T, problems: list[str]) -> _T:
    try:
        return reading()
    except ConfigurationError as error:
        problems += error.problems
        return instead


def _required(value: str, variable: str, example: str, problems: list[str]) -> str:
    if not value:
        problems.append(f"{variable} is not set; it looks like {example}. `erpsync up` brings its own.")
    return value


def _tables(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problems.append(
            f"There is no {path}. Write one (see README, 'Pointing it at real systems'), name another by ERPSYNC_CONFIG,"
            " or let `erpsync sandbox` make one to practise with."
        )
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path} cannot be read: {error}")
        return {}
    for name, table in tables.items():
        if name not in TABLES:
            where = f"[{name}]" if isinstance(table, dict) else name
            there = f"{', '.join(TABLES[:-1])} and {TABLES[-1]}"
            problems.append(f"{where} is not a table of erpsync's; there are {there}.")
    return tables


def _checked(model: type[_AnyTable], where: str, table: object, problems: list[str]) -> _AnyTable | None:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        problems += sentences(error, model, where)
        return None


def _connections(tables: Mapping[str, Any], problems: list[str]) -> Iterator[ConnectionConfig]:
    found = tables.get("connections", {})
    if not isinstance(found, dict):
        problems.append(
            f"connections is {kind(found)}; each one is a table that begins with a line like [connections.shop]."
        )
        return
    for name, table in found.items():
        if not _NAME.fullmatch(name):
            problems.append(
                f"[connections.{name}]: a name is of letters, digits, - and _, as in [connections.shop], for addresses and"
                " the ERP's references are built on it."
            )
        if not isinstance(table, dict) or not isinstance(table.get("system"), str):
            problems.append(f'[connections.{name}] needs a line like system = "shopify".')
            continue
        values = {key: value for key, value in table.items() if key != "system"}
        unresolved = set()
        for key, value in values.items():
            if isinstance(value, dict) and value.keys() in ({"env"}, {"file"}):
                try:
                    values[key] = _dereferenced(value)
                except PydanticCustomError as error:
                    problems.append(f"[connections.{name}] {key}: {error.message()}.")
                    values[key] = SecretStr("")
                    unresolved.add(key)
        yield ConnectionConfig(ConnectionName(name), table["system"], values, frozenset(unresolved))


def _routes(tables: Mapping[str, Any], problems: list[str]) -> Iterator[Route]:
    found, connections = tables.get("routes", []), tables.get("connections", {})
    if not isinstance(found, list):
        problems.append(f"routes is {kind(found)}; each route is a table that begins with a line [[routes]].")
        return
    known = connections if isinstance(connections, dict) else None  # which is said already
    for number, table in enumerate(found, 1):
        where = f"[[routes]] number {number}"
        route = _checked(Route, where, table, problems)
        for end in ("source", "target"):
            name = table.get(end) if isinstance(table, dict) else None
            if isinstance(name, str) and known is not None and name not in known:
                problems.append(f"{where}: {end} = {name!r} is not one of the connections.")
        if route is not None:
            yield route
