"""erpsync as configured for one custom shop, with an ERP in memory and a real ledger."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

from erpsync import config
from erpsync.bootstrap import Assembly
from erpsync.bound import Bound
from erpsync.config import Route
from erpsync.domain.ids import ConnectionName
from erpsync.ledger import session
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.systems.custom import SPEC
from erpsync.systems.custom.settings import CustomSettings
from erpsync.testing.fake_erp import FakeErp

SHOP, ERP = ConnectionName("shop"), ConnectionName("erp")


@contextmanager
def assembled(shop: CustomSettings, database_url: str, tools: Tools, erp: FakeErp) -> Iterator[Assembly]:
    read, _ = config.read(tools.cache_directory / "none.toml", without_servers=True)
    route = Route(source=SHOP, target=ERP, flows=("orders",))
    settings = dataclasses.replace(read, database_url=database_url, routes=(route,), home=tools.cache_directory)
    capabilities = Capabilities(order_batch=10, unique_references=True)
    fake = SystemSpec("fake", "Fake ERP", Role.ERP, CustomSettings, capabilities, open_erp=lambda *_: erp)
    bound = {SHOP: Bound(SHOP, SPEC, shop), ERP: Bound(ERP, fake, shop)}
    database = session.open_engine(database_url)
    try:
        assembly = Assembly(settings, bound, database, tools.clock, tools)
        assembly.announce()
        yield assembly
    finally:
        database.dispose()
