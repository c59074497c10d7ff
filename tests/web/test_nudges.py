"""An ERP's word that something changed, at the receiver's door: who is believed, and what comes of it."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

import pytest
import requests
import structlog
from pydantic import SecretStr

from erpsync.bootstrap import Assembly
from erpsync.bound import bind
from erpsync.config import Settings
from erpsync.engine import intake, polling
from erpsync.engine.limits.shared import open_buckets
from erpsync.engine.nudges import SignedNudges
from erpsync.ledger import session
from erpsync.ports.runtime import Tools
from erpsync.sandbox.runner import serve
from erpsync.systems.dynamics.business_central.simulator import CLIENT_SECRET, BusinessCentralSimulator
from erpsync.testing.bench import ERP
from erpsync.web.app import create_app
from tests.flows.stock_world import StockWorld
from tests.web.conftest import Site, WatchingWake, served

SECRET = "a-secret-of-the-erp-that-is-long-enough"
PUBLIC = "https://erpsync.example.com"
STOCK = b'{"changed": ["stock"]}'
EVERY = timedelta(minutes=5)
ODOO = """
[connections.{name}]
system = "odoo"
url = "https://odoo.example.com"
database = "example"
api_key = {{ env = "ODOO_KEY" }}
"""
NUDGE_LINE = 'nudge_secret = { env = "NUDGE_SECRET" }'
NUDGING = f"{ODOO.format(name='erp')}{NUDGE_LINE}\n"
SILENT = ODOO.format(name="silent")

SECRETS = {"client_secret": "BC_SECRET", "webhook_secret": "NUDGE_SECRET", "nudge_secret": "NUDGE_SECRET"}

Open = Callable[[str], AbstractContextManager[tuple[Site, Assembly]]]


@pytest.fixture
def open_door(
    settings_of: Callable[[str, str], Settings], database_url: str, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """A web process whose connections are those of a file."""
    for name, value in {"ODOO_KEY": "key", "NUDGE_SECRET": SECRET, "BC_SECRET": CLIENT_SECRET}.items():
        monkeypatch.setenv(name, value)

    @contextmanager
    def opened(toml: str) -> Iterator[tuple[Site, Assembly]]:
        settings, problems = settings_of(database_url, toml), list[str]()
        bound = [bind(one, problems) for one in settings.connections.values()]
        assert problems == []
        engine = session.open_engine(database_url)
        limits = open_buckets("", tools.clock, 1)
        there = {one.name: one for one in bound if one is not None}
        assembly = Assembly(settings, there, engine, tools.clock, tools, limits)
        try:
            with served(create_app(assembly, wake := WatchingWake(engine))) as url:
                yield Site(url, engine, wake), assembly
        finally:
            limits.close()
            engine.dispose()

    return opened


@pytest.fixture
def door(open_door: Open) -> Iterator[Site]:
    with open_door(NUDGING + SILENT) as (site, _):
        yield site


def _business_central(settings: Mapping[str, str]) -> str:
    """A connection to a simulator that makes its own webhooks, and takes nudges besides."""
    plain = ("base_url", "token_url", "tenant", "environment", "company", "client_id")
    lines = [f'{key} = "{settings[key]}"' for key in plain]
    secrets = [f'{key} = {{ env = "{name}" }}' for key, name in SECRETS.items()]
    table = ["[web]", f'public_url = "{PUBLIC}"', "[connections.erp]", 'system = "dynamics_bc"', *lines, *secrets]
    return "\n".join(table)


def nudge(
    site: Site, body: bytes = STOCK, *, to: str = "erp", secret: str = SECRET, seconds_ago: int = 0
) -> requests.Response:
    at = str(int(time.time()) - seconds_ago)
    signature = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return site.send(f"/webhooks/{to}", body, {"Erpsync-Timestamp": at, "Erpsync-Signature": f"v1={signature}"})


def test_a_signed_nudge_of_any_erp_is_kept_without_its_signature(door: Site) -> None:
    answer = nudge(door)
    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    [(name, topic, headers, body)] = door.rows("SELECT connection, topic, headers, body FROM inbox")
    assert (name, topic, body) == ("erp", "nudge", STOCK)
    assert "erpsync-signature" not in json.dumps(headers)


def test_who_cannot_sign_is_not_let_in(door: Site) -> None:
    refused = [
        nudge(door, secret="another-secret-of-enough-length-12345"),
        nudge(door, seconds_ago=400),
        nudge(door, seconds_ago=-400),
        door.send("/webhooks/erp", STOCK, {}),
        door.send("/webhooks/erp?secret=" + SECRET, STOCK, {}),
    ]
    assert [answer.status_code for answer in refused] == [401] * 5
    assert door.rows("SELECT * FROM inbox") == []


def test_an_erp_without_a_secret_is_not_listened_to(door: Site) -> None:
    answer = nudge(door, to="silent")
    assert (answer.status_code, answer.json()) == (404, {"detail": "This connection sends no webhooks."})


def test_stock_moves_to_the_shop_without_waiting_for_the_next_poll(door: Site) -> None:
    world = StockWorld(door.database)
    bench = world.bench
    bench.webhooks[ERP] = SignedNudges(SecretStr(SECRET))
    world.stock("A", 5)
    world.poll()
    bench.clock.advance(60)
    world.stock("A", 2, None)
    assert not polling.is_due(bench.runtime, ERP, "stock", EVERY)

    assert nudge(door).status_code == 200
    intake.take_in(bench.runtime)
    assert bench.wake.take_polls()
    assert polling.is_due(bench.runtime, ERP, "stock", EVERY)
    world.poll_stock()
    assert world.in_shop("A") == 2
    assert not polling.is_due(bench.runtime, ERP, "stock", EVERY)


def test_a_handshake_is_answered_with_its_token_and_nothing_is_kept(open_door: Open) -> None:
    with (
        serve({"erp": BusinessCentralSimulator()}) as there,
        open_door(_business_central(there["erp"].settings)) as (site, _),
    ):
        answer = site.send("/webhooks/erp?validationToken=4f2c-91.a_b%20c", b"", {})
        assert (answer.status_code, answer.text) == (200, "4f2c-91.a_b c")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        for token in ("%3Cscript%3Ealert(1)%3C/script%3E", "a" * 301, "", "a%0Ab", "%C3%A9"):
            refused = site.send(f"/webhooks/erp?validationToken={token}", b"", {})
            assert (refused.status_code, refused.json()) == (400, {"detail": "This is no token of a handshake."})
        assert site.rows("SELECT * FROM inbox") == []


@pytest.mark.parametrize("query", ["validationToken=abc", "=abc"])
def test_a_system_that_shakes_no_hands_gives_nothing_back(door: Site, query: str) -> None:
    answer = door.send(f"/webhooks/erp?{query}", b"", {})
    assert (answer.status_code, "abc" in answer.text) == (401, False)


def test_business_central_subscribes_and_notifies_at_the_receivers_own_door(open_door: Open) -> None:
    simulator = BusinessCentralSimulator()
    with serve({"erp": simulator}) as there, open_door(_business_central(there["erp"].settings)) as (site, assembly):

        def call(url: str, body: bytes) -> tuple[int, bytes]:
            assert url.startswith(PUBLIC)
            answer = site.send(url.removeprefix(PUBLIC), body, {"Content-Type": "application/json"})
            return answer.status_code, answer.content

        simulator.subscriptions.call = call
        [(name, remote, address)] = assembly.subscribing()
        assert (name, address) == ("erp", f"{PUBLIC}/webhooks/erp")
        assert all(one.delivers for one in remote.subscribe(address))
        simulator.put_product("SKU-0001", "A new title")
        with structlog.testing.capture_logs() as events:
            [(_, status, _)] = simulator.subscriptions.send()
        assert status == 200
        assert site.rows("SELECT connection, topic FROM inbox") == [("erp", "items")]
        states = {row["clientState"] for row in simulator.subscriptions.rows.values()}
        assert all(state not in str(events) for state in states)
        # One connection takes both: what the system sends by itself, and what a script of its owner signs.
        assert nudge(site).status_code == 200
        assert site.rows("SELECT topic FROM inbox ORDER BY id") == [("items",), ("nudge",)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('nudge_secret = "in the file itself, which is long enough"', "nudge_secret is a secret: write"),
        ('nudge_secret = { env = "SHORT" }', "nudge_secret: has fewer than 32 characters"),
    ],
)
def test_a_secret_that_will_not_do_is_refused_with_the_reason(
    settings_of: Callable[[str, str], Settings], monkeypatch: pytest.MonkeyPatch, line: str, said: str
) -> None:
    monkeypatch.setenv("ODOO_KEY", "key")
    monkeypatch.setenv("SHORT", "short")
    settings, problems = settings_of("postgresql://nobody@127.0.0.1/none", SILENT + line), list[str]()
    assert bind(settings.connections["silent"], problems) is None  # type: ignore[index]
    (problem,) = problems
    assert problem.startswith("[connections.silent] ")
    assert said in problem


def test_a_shop_has_no_such_secret(
    settings_of: Callable[[str, str], Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUDGE_SECRET", SECRET)
    lines = ("[connections.shop]", 'system = "custom"', 'secret = { env = "NUDGE_SECRET" }', NUDGE_LINE)
    toml = "\n".join(lines)
    settings, problems = settings_of("postgresql://nobody@127.0.0.1/none", toml), list[str]()
    assert bind(settings.connections["shop"], problems) is None  # type: ignore[index]
    assert "nudge_secret is not a setting" in problems[0]
