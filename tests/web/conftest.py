"""A web process over a real ledger, with a store whose webhooks need no vendor."""

import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import Engine, text

from erpsync import config
from erpsync.bootstrap import Assembly
from erpsync.bound import Bound
from erpsync.config import Settings
from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.engine.limits.shared import open_buckets
from erpsync.ledger import session
from erpsync.ports.runtime import JobCall, Tools
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic, Webhooks
from erpsync.web.app import create_app

SECRET = b"between the shop and us"
OPERATORS = """
[web]
max_webhook_bytes = 100_000
[web.operators.olga]
password = { env = "OLGA_PASSWORD" }
role = "operator"
[web.operators.vera]
password = { env = "VERA_PASSWORD" }
role = "viewer"
"""
PASSWORDS = {"olga": "opal-lantern-7", "vera": "violet-harbour-9"}


class ShopWebhooks:
    """Signed with HMAC over the raw body; one order a delivery."""

    def verify(self, delivery: Delivery, now: datetime) -> None:
        if "x-shop-hmac" not in delivery.headers:
            raise NotAuthentic("The delivery is not signed.")
        expected = hmac.new(SECRET, delivery.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), delivery.headers["x-shop-hmac"].encode("latin-1")):
            raise NotAuthentic("The signature does not match the body.")

    def delivery_key(self, delivery: Delivery) -> str:
        return delivery.headers.get("x-shop-delivery", "")

    def topic(self, delivery: Delivery) -> str:
        return delivery.headers.get("x-shop-topic", "")

    def changes(self, delivery: Delivery) -> Sequence[Change]:
        order = json.loads(delivery.body)
        return [Change("orders", SourceId(order["id"]), datetime.fromisoformat(order["at"]), order["number"], True)]


class BrokenWebhooks(ShopWebhooks):
    def verify(self, delivery: Delivery, now: datetime) -> None:
        raise RuntimeError("a fault of the system's own")


class NoSettings(BaseModel):
    pass


def _bound(name: str, role: Role, webhooks: Callable[[], Webhooks] | None) -> Bound:
    spec = SystemSpec(
        name=f"fake-{name}",
        title=name.title(),
        role=role,
        settings=NoSettings,
        capabilities=Capabilities(),
        open_webhooks=(lambda *_: webhooks()) if webhooks else None,
    )
    return Bound(ConnectionName(name), spec, NoSettings())


class WatchingWake:
    """Notes what the ledger held, as seen by others, when it was called."""

    def __init__(self, database: Engine) -> None:
        self._database = database
        self.rows_at_intake: list[int] = []

    def intake(self) -> None:
        with self._database.connect() as connection:
            self.rows_at_intake.append(connection.execute(text("SELECT count(*) FROM inbox")).scalar_one())

    def polls(self) -> None:
        pass

    def jobs(self, calls: Sequence[JobCall], delay_seconds: float = 0.0) -> bool:
        return True

    def dead_letters(self, ids: Sequence[int]) -> bool:
        return True

    def backfills(self, ids: Sequence[int], delay_seconds: float = 0.0) -> bool:
        return True


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The address of a real server that runs the application until the block ends."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws="none", lifespan="on"))
    thread = threading.Thread(target=server.run, name="uvicorn")
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started:
            assert thread.is_alive(), "the server ended while starting"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@dataclass
class Site:
    """A running web process and the ledger behind it."""

    url: str
    database: Engine
    wake: WatchingWake
    _deliveries: Iterator[int] = field(default_factory=itertools.count)

    def signed(self, body: bytes, **headers: str) -> dict[str, str]:
        """The headers of a good delivery; `x_shop_topic="..."` sets one."""
        return {
            "X-Shop-Hmac": hmac.new(SECRET, body, hashlib.sha256).hexdigest(),
            "X-Shop-Delivery": f"delivery-{next(self._deliveries)}",
            "X-Shop-Topic": "orders/create",
            "Content-Type": "application/json",
        } | {name.replace("_", "-"): value for name, value in headers.items()}

    def deliver(self, body: bytes = b"{}", connection: str = "shop", **headers: str) -> requests.Response:
        return self.send(f"/webhooks/{connection}", body, self.signed(body, **headers))

    def send(self, path: str, body: object, headers: dict[str, str], method: str = "POST") -> requests.Response:
        with requests.Session() as client:
            client.trust_env = False
            return client.request(method, self.url + path, data=body, headers=headers, timeout=30)

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(statement))]

    def eventually(self, statement: str, rows: list[tuple[object, ...]]) -> None:
        """Waits until the ledger says so: some of it is written beside the answer."""
        deadline = time.monotonic() + 60
        while (found := self.rows(statement)) != rows:
            assert time.monotonic() < deadline, found
            time.sleep(0.02)

    def visitor(self) -> "Visitor":
        return Visitor(self.url)

    def signed_in(self, name: str = "olga") -> "Visitor":
        visitor = self.visitor()
        assert visitor.sign_in(name, PASSWORDS[name]).status_code == 303
        return visitor


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


class _Forms(HTMLParser):
    """The hidden fields of a page's forms, and where they go. A name that comes more than once has a list of values."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, Any]] = {}
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = given["action"]
            self.forms[self._open] = {}
        elif tag == "input" and self._open and given.get("type") == "hidden":
            form, name = self.forms[self._open], given["name"]
            form[name] = [*_listed(form[name]), given["value"]] if name in form else given["value"]


class Visitor:
    """A browser that follows no redirect by itself."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.browser = requests.Session()
        self.browser.trust_env = False

    def get(self, path: str, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.browser.get(self._url + path, headers=named, allow_redirects=False, timeout=30)

    def post(self, path: str, **fields: Any) -> requests.Response:
        return self.browser.post(self._url + path, data=fields, allow_redirects=False, timeout=30)

    def forms(self, path: str) -> dict[str, dict[str, Any]]:
        parser = _Forms()
        parser.feed(self.get(path).text)
        return parser.forms

    def submit(self, page: str, action: str, **fields: str) -> requests.Response:
        """Sends a form of a page as the page made it."""
        return self.post(action, **self.forms(page)[action], **fields)

    def sign_in(self, name: str, password: str) -> requests.Response:
        return self.submit("/console/sign-in", "/console/sign-in", name=name, password=password)


@pytest.fixture
def settings(tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    return _settings(tmp_path, database_url, monkeypatch, OPERATORS)


@pytest.fixture
def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Settings]:
    """Settings over another database, from the text of another configuration file."""
    return lambda database_url, toml=OPERATORS: _settings(tmp_path, database_url, monkeypatch, toml)


def _settings(folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch, toml: str) -> Settings:
    monkeypatch.setenv("ERPSYNC_DATABASE_URL", database_url)
    monkeypatch.setenv("ERPSYNC_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("ERPSYNC_HOME", str(folder / "home"))
    for name, password in PASSWORDS.items():
        monkeypatch.setenv(f"{name.upper()}_PASSWORD", password)
    file = folder / "erpsync.toml"
    file.write_text(toml, encoding="utf-8")
    return config.load(file)


Open = Callable[[Settings], AbstractContextManager[Site]]


@pytest.fixture
def open_site(tools: Tools) -> Open:
    """A web process over these settings, with a shop, a broken shop and an ERP that sends no webhooks."""

    @contextmanager
    def opened(settings: Settings) -> Iterator[Site]:
        bound = [
            _bound("shop", Role.STORE, ShopWebhooks),
            _bound("second", Role.STORE, ShopWebhooks),
            _bound("broken", Role.STORE, BrokenWebhooks),
            _bound("erp", Role.ERP, None),
        ]
        engines = [session.open_engine(settings.database_url), session.open_engine(settings.database_url)]
        limits = open_buckets(settings.redis_url, tools.clock, 1)
        assembly = Assembly(settings, {one.name: one for one in bound}, engines[0], tools.clock, tools, limits)
        wake = WatchingWake(engines[1])
        try:
            with served(create_app(assembly, wake)) as url:
                yield Site(url, engines[1], wake)
        finally:
            limits.close()
            for engine in engines:
                engine.dispose()

    return opened


@pytest.fixture
def site(open_site: Open, settings: Settings) -> Iterator[Site]:
    with open_site(settings) as running:
        yield running


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)
