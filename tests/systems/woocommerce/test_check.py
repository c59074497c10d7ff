"""What `erpsync doctor` finds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from erpsync.ports.checks import Check
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import FaultKind
from erpsync.testing.clock import TestClock
from tests.systems.woocommerce.stand import Stand, stand

ADDRESS = "https://erpsync.example.com/webhooks/shop"


class Shifted:
    def __init__(self, seconds: float) -> None:
        self._by = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


def failed(shop: Stand, **changes: object) -> dict[str, Check]:
    """What is not well, by name; each with the fix."""
    found = {check.name: check for check in shop.open(**changes).check() if not check.ok}
    assert all(check.detail and check.next_step for check in found.values())
    return found


def test_a_shop_that_is_well_has_no_complaint(shop: Stand) -> None:
    shop.open().subscribe(ADDRESS)
    checks = shop.open(webhook_address=ADDRESS).check()
    assert [check for check in checks if not check.ok] == []
    details = {check.name: check.detail for check in checks}
    assert "EUR" in details["currency"]
    assert "without tax" in details["taxes"]
    assert "OAuth" in details["credentials"]
    assert {
        "reachable",
        "site address",
        "reads orders",
        "writes products",
        "clock",
        "stock",
        "webhooks",
    } <= details.keys()


def test_looking_changes_nothing(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1})
    before = shop.shop.records()
    shop.open().check()
    assert shop.shop.records() == before
    assert order_id


def test_plain_permalinks_are_told_as_that(tools: Tools) -> None:
    with stand(tools, pretty_permalinks=False) as shop:
        [check] = failed(shop).values()
        assert check.name == "reachable"
        assert "Permalinks" in check.next_step


def test_an_address_without_a_shop_and_one_that_moved(tools: Tools) -> None:
    with stand(tools, folder="/shop") as shop:
        [check] = failed(shop, url=shop.values["url"].removesuffix("/shop")).values()
        assert "sub-folder" in check.next_step
    with stand(tools, moved_to="https://www.shop.example.com") as shop:
        [check] = failed(shop).values()
        assert "https://www.shop.example.com" in check.detail


def test_a_shop_that_is_down(shop: Stand) -> None:
    [check] = failed(shop, url="http://127.0.0.1:9").values()
    assert check.name == "reachable"


def test_wordpress_without_woocommerce(shop: Stand) -> None:
    fault = shop.fault(FaultKind.STATUS, r"GET wp-json", body=b'{"namespaces": ["wp/v2"]}', status=200)
    [check] = failed(shop).values()
    assert fault.fired == 1
    assert "Activate WooCommerce" in check.next_step


def test_an_index_hidden_from_strangers_is_no_fault(shop: Stand) -> None:
    headers = (("Content-Type", "application/json"),)
    fault = shop.fault(FaultKind.STATUS, r"GET wp-json", body=b'{"code": "x"}', status=401, headers=headers)
    assert failed(shop).keys() <= {"webhooks"}
    assert fault.fired == 1


@pytest.mark.parametrize("change", [{"consumer_key": "ck_other"}, {"consumer_secret": "cs_other"}])
def test_a_wrong_key(shop: Stand, change: dict[str, str]) -> None:
    [check] = failed(shop, **change).values()
    assert check.name == "credentials"
    assert "cs_" not in check.detail + check.next_step


def test_a_key_that_may_only_read(tools: Tools) -> None:
    with stand(tools, permissions="read") as shop:
        found = failed(shop)
        assert found.keys() == {"writes orders", "writes products", "writes categories"}
        assert all("Read/Write" in check.next_step for check in found.values())


@pytest.mark.parametrize(
    ("part", "names"),
    [("products", {"reads products", "writes products", "writes categories"}), ("customers", {"reads customers"})],
)
def test_a_right_that_is_missing(tools: Tools, part: str, names: set[str]) -> None:
    with stand(tools, denied=frozenset({part})) as shop:
        found = failed(shop)
        assert found.keys() == names
        assert all("Shop manager" in check.next_step for check in found.values())


@pytest.mark.parametrize("seconds", [-120.0, 120.0])
def test_a_skewed_clock(tools: Tools, seconds: float) -> None:
    right = TestClock()
    wrong = TestClock(right.now() + timedelta(seconds=seconds))
    with stand(replace(tools, clock=wrong), clock=right.now) as shop:
        [check] = failed(shop).values()
    assert (check.name, "120 s" in check.detail) == ("clock", True)


def test_a_clock_so_wrong_that_signatures_fail(shop: Stand) -> None:
    skewed = replace(shop, tools=replace(shop.tools, clock=Shifted(3600)))
    [check] = failed(skewed).values()
    assert (check.name, "NTP" in check.next_step) == ("credentials", True)


def test_a_shop_that_knows_itself_by_another_address(tools: Tools) -> None:
    with stand(tools, home="https://shop.example.com", folder="/de") as shop:
        found = failed(shop)
        assert found.keys() == {"site address", "credentials"}
        assert 'site_address = "http://shop.example.com/de"' in found["site address"].next_step


def test_a_shop_that_does_not_manage_stock(shop: Stand) -> None:
    shop.shop.shop.manage_stock = False
    [check] = failed(shop).values()
    assert check.name == "stock"


def test_webhooks_that_are_not_well(shop: Stand) -> None:
    assert "order.created is missing" in failed(shop, webhook_address=ADDRESS)["webhooks"].detail
    shop.open().subscribe(ADDRESS)
    shop.shop.drop_subscriptions()
    assert "order.updated is disabled" in failed(shop, webhook_address=ADDRESS)["webhooks"].detail
    assert "is elsewhere" in failed(shop, webhook_address="https://other.example.com/webhooks/shop")["webhooks"].detail
