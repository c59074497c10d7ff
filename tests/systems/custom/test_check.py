"""What `erpsync doctor` says of a shop that implements the contract."""

from collections.abc import Iterator
from typing import Any

import pytest

from erpsync.ports.checks import Check
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import Served, serve
from erpsync.systems.custom.adapter import HttpStore
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.simulator import CustomShop


@pytest.fixture
def shop() -> CustomShop:
    return CustomShop(abilities=("stock", "prices"))


@pytest.fixture
def served(shop: CustomShop) -> Iterator[Served]:
    with serve({"shop": shop}) as served:
        yield served["shop"]


def failing(served: Served, tools: Tools, **changes: Any) -> list[Check]:
    store = HttpStore(CustomSettings.model_validate({**served.settings, **changes}), tools)
    found = [check for check in store.check() if not check.ok]
    assert all(check.detail and check.next_step for check in found)
    return found


def test_all_is_well(served: Served, tools: Tools, shop: CustomShop) -> None:
    shop.place({"SKU-0001": 1})
    assert failing(served, tools) == []


def test_a_wrong_secret(served: Served, tools: Tools) -> None:
    [check] = failing(served, tools, secret="x" * 40)
    assert check.name == "credentials"
    assert "secret" in check.next_step


def test_a_wrong_address(served: Served, tools: Tools) -> None:
    [check] = failing(served, tools, url="http://127.0.0.1:1/erpsync")
    assert check.name == "reachable"
    [check] = failing(served, tools, url=served.base_url)
    assert check.name == "reachable"


def test_a_proxy_that_answers_in_the_shops_place(served: Served, tools: Tools) -> None:
    fault = served.faulty.add(Fault(FaultKind.STATUS, "GET ping", status=200, body=b"<html>sign in</html>"))
    [check] = failing(served, tools)
    assert (check.name, fault.fired) == ("reachable", 1)


def test_an_ability_that_ping_does_not_name(served: Served, tools: Tools) -> None:
    [check] = failing(served, tools, abilities="stock, fulfilments")
    assert (check.name, "fulfilments" in check.detail) == ("abilities", True)


def test_an_ability_that_is_not_used_is_mentioned(served: Served, tools: Tools) -> None:
    store = HttpStore(CustomSettings.model_validate({**served.settings, "abilities": "stock"}), tools)
    [check] = [check for check in store.check() if check.name == "abilities"]
    assert (check.ok, "prices" in check.detail) == (True, True)


def test_a_clock_that_is_off(served: Served, tools: Tools, shop: CustomShop) -> None:
    shop.skew_seconds = -3600
    [check] = failing(served, tools)
    assert (check.name, "offset" in check.next_step) == ("clock", True)


def test_webhooks_that_go_elsewhere(served: Served, tools: Tools, shop: CustomShop) -> None:
    shop.webhook_address = "https://old.example.com/webhooks/shop"
    assert failing(served, tools) == []
    [check] = failing(served, tools, webhook_address="https://new.example.com/webhooks/shop")
    assert check.name == "webhooks"


def test_another_currency(served: Served, tools: Tools) -> None:
    [check] = failing(served, tools, currency="USD")
    assert check.name == "currency"


def test_an_order_that_is_not_the_contracts(served: Served, tools: Tools, shop: CustomShop) -> None:
    shop.spoilt[shop.place({"SKU-0001": 1})] = {"taxes_included": None}
    [check] = failing(served, tools)
    assert (check.name, "taxes_included" in check.detail) == ("orders", True)
