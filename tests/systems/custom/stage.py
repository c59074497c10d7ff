"""A shop of one's own for the contract suite: by its own interface, and by its database."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL, make_url

from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.servers.launcher import ensure
from erpsync.systems.custom.adapter import HttpStore
from erpsync.systems.custom.capabilities import capabilities_of
from erpsync.systems.custom.database import DatabaseStore
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.simulator import CustomShop
from erpsync.systems.custom.webhooks import CustomWebhooks
from erpsync.testing.store_contract import StoreStage
from tests.systems.custom.database_shop import SETTINGS, TableShop
from tests.systems.custom.losing_proxy import losing_proxy


@contextmanager
def over_http(tools: Tools) -> Iterator[StoreStage]:
    shop = CustomShop(requests=100_000, clock=tools.clock.now)
    with serve({"shop": shop}) as served:
        settings = dict(served["shop"].settings)

        def open_store(**changes: object) -> HttpStore:
            return HttpStore(CustomSettings.model_validate(settings | changes), tools)

        def lose_reply() -> Callable[[], int]:
            fault = served["shop"].faulty.add(Fault(FaultKind.LOST_REPLY, "PUT orders/ID/fulfilments/REFERENCE"))
            return lambda: fault.fired

        def lose_product_reply(skipped: int) -> Callable[[], int]:
            fault = served["shop"].faulty.add(Fault(FaultKind.LOST_REPLY, "PUT products", skip=skipped))
            return lambda: fault.fired

        checked = CustomSettings.model_validate(settings)
        webhooks = CustomWebhooks(checked)
        yield StoreStage(open_store, webhooks, shop, capabilities_of(checked), lose_reply, lose_product_reply)


@contextmanager
def over_database(tools: Tools) -> Iterator[StoreStage]:
    """On a PostgreSQL of its own, unless ERPSYNC_DATABASE_URL names one."""
    given = os.environ.get("ERPSYNC_DATABASE_URL")
    # Redis is not needed: an address keeps `ensure` from starting one.
    with (
        ensure(given, "redis://127.0.0.1:1/0", tools.cache_directory, fast=True, keep=False) as servers,
        on(servers.database_url, tools) as stage,
    ):
        yield stage


@contextmanager
def on(server_url: str, tools: Tools) -> Iterator[StoreStage]:
    """The shop in a database of its own on that server."""
    with shop_on(server_url) as (shop, address), losing_proxy(address.host or "", address.port or 5432) as proxy:
        through = address.set(host="127.0.0.1", port=proxy.port, query={"sslmode": "disable"})
        opened: list[DatabaseStore] = []

        def open_store(**changes: object) -> DatabaseStore:
            values = {**SETTINGS, "database": through.render_as_string(hide_password=False), **changes}
            opened.append(DatabaseStore(CustomSettings.model_validate(values), tools))
            return opened[-1]

        checked = CustomSettings.model_validate({**SETTINGS, "database": "postgresql://shop"})
        lost = "shipment_line"
        try:
            yield StoreStage(open_store, None, shop, capabilities_of(checked), lambda: proxy.lose(lost))
        finally:
            for store in opened:
                store.close()


@contextmanager
def shop_on(server_url: str) -> Iterator[tuple[TableShop, URL]]:
    """A shop's tables in a new database, and its address."""
    name = f"erpsync_shop_{secrets.token_hex(6)}"
    server = make_url(server_url).set(drivername="postgresql")
    _administer(server, SQL("CREATE DATABASE {}").format(Identifier(name)))
    address = server.set(database=name)
    shop = TableShop(address.render_as_string(hide_password=False))
    try:
        yield shop, address
    finally:
        shop.close()
        _administer(server, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _administer(server: URL, statement: object) -> None:
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


STAGES: dict[str, Callable[[Tools], AbstractContextManager[StoreStage]]] = {
    "custom/http": over_http,
    "custom/database": over_database,
}
