"""The example shops of docs/custom-shop, run as their reader runs them, against a real receiver and the order flow."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
import uvicorn
from fastapi import FastAPI

from erpsync.bootstrap import Assembly
from erpsync.engine import intake, polling, run
from erpsync.ports.runtime import Tools
from erpsync.systems.custom.settings import CustomSettings
from erpsync.testing.fake_erp import FakeErp
from erpsync.testing.fakes import FakeWake
from erpsync.web.app import create_app
from tests.systems.custom.assembled import SHOP, assembled
from tests.systems.custom.example import SECONDS, SECRET, buy, running, sell


@pytest.fixture
def assembly(database_url: str, tools: Tools, erp: FakeErp, shop_port: int, quiet: None) -> Iterator[Assembly]:
    address = f"http://127.0.0.1:{shop_port}"
    settings = CustomSettings.model_validate({"url": address, "secret": SECRET, "abilities": "write_back"})
    with assembled(settings, database_url, tools, erp) as ready:
        yield ready


def test_an_order_of_the_example_shop_reaches_the_erp_by_its_webhook(
    assembly: Assembly, erp: FakeErp, shop_port: int, tools: Tools
) -> None:
    wake = FakeWake(tools.clock)
    runtime = assembly.runtime(wake)
    with served(create_app(assembly, wake)) as receiver, running(shop_port, f"{receiver}/webhooks/shop") as shop:
        assert [check for check in assembly.store(SHOP).check() if not check.ok] == []
        buy(shop_port, "MUG", 2, "9.95", "19.90")
        assert intake.take_in(runtime) == 1
        [call] = wake.take_jobs()
        assert run.run(runtime, call.job_id).dead is None
        [order] = erp.books.orders.values()
        assert (order.reference, order.order.total.amount) == ("shop-1001", Decimal("19.90"))
    assert f"order 1001 is {order.ref.display} in the ERP" in shop.said()


def test_an_order_whose_webhook_was_lost_is_found_by_the_poll(
    assembly: Assembly, erp: FakeErp, shop_port: int, tools: Tools
) -> None:
    wake = FakeWake(tools.clock)
    runtime = assembly.runtime(wake)
    with running(shop_port, "http://127.0.0.1:1/nobody"):
        with pytest.raises(OSError, match=r".*"):
            buy(shop_port, "MUG", 1, "9.95", "9.95")
        assert polling.poll(runtime, SHOP, "orders").moved == 1
        [call] = wake.take_jobs()
        assert run.run(runtime, call.job_id).dead is None
    assert len(erp.books.orders) == 1


def test_an_order_of_the_smallest_shop_reaches_the_erp(
    database_url: str, tools: Tools, erp: FakeErp, quiet: None
) -> None:
    wake = FakeWake(tools.clock)
    settings = CustomSettings.model_validate({"secret": SECRET})
    with assembled(settings, database_url, tools, erp) as assembly, served(create_app(assembly, wake)) as receiver:
        sell(f"{receiver}/webhooks/shop", "MUG", "2", "9.95", "19.90")
        runtime = assembly.runtime(wake)
        assert intake.take_in(runtime) == 1
        [call] = wake.take_jobs()
        assert run.run(runtime, call.job_id).dead is None
    [order] = erp.books.orders.values()
    assert [(line.sku, line.quantity) for line in order.order.lines] == [("MUG", 2)]
    assert order.order.total.amount == Decimal("19.90")


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws="none", lifespan="on"))
    thread = threading.Thread(target=server.run, name="uvicorn")
    thread.start()
    try:
        deadline = time.monotonic() + SECONDS
        while not server.started:
            assert thread.is_alive(), "the server ended while starting"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(SECONDS)
