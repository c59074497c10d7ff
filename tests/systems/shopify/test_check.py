"""What `erpsync doctor` is told about a store."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from erpsync.ports.checks import Check
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.shopify.simulator_api import SCOPES

OpenBench = Callable[..., Any]
ADDRESS = "https://erpsync.example.com/webhooks/shop"


def checks(bench: Any, **changes: Any) -> dict[str, Check]:
    return {check.name: check for check in bench.store(**changes).check()}


def test_a_store_that_is_set_up_well_passes(bench: Any) -> None:
    found = checks(bench)
    assert {name for name, check in found.items() if not check.ok} == set()
    assert set(found) == {
        "store", "API version", "clock", "access scopes", "access scopes for shipments", "access scopes for stock",
        "access scopes for prices", "access scopes for products", "currency and tax", "locations", "webhooks",
    }  # fmt: skip


@pytest.mark.parametrize("scope", ["read_customers", "write_orders"])
def test_a_missing_scope_is_named(open_bench: OpenBench, scope: str) -> None:
    bench = open_bench(scopes=frozenset({"read_orders", "write_orders", "read_customers"}) - {scope})
    check = checks(bench)["access scopes"]
    assert not check.ok
    assert scope in check.detail
    assert check.next_step


def test_a_scope_to_write_is_one_to_read_as_well(open_bench: OpenBench) -> None:
    check = checks(open_bench(scopes=frozenset({"write_orders", "read_customers"})))["access scopes"]
    assert check.ok
    assert "60 days" in check.detail


@pytest.mark.parametrize(
    ("scope", "check"),
    [
        ("write_merchant_managed_fulfillment_orders", "access scopes for shipments"),
        ("write_inventory", "access scopes for stock"),
        ("write_products", "access scopes for prices"),
        ("write_publications", "access scopes for products"),
    ],
)
def test_what_a_flow_lacks_is_told_by_a_check_of_its_own(open_bench: OpenBench, scope: str, check: str) -> None:
    found = checks(open_bench(scopes=SCOPES - {scope}))
    assert scope in found[check].detail
    assert not found[check].ok
    assert found[check].next_step
    assert found["access scopes"].ok


def test_a_store_without_an_active_location_is_told(bench: Any) -> None:
    for place in bench.simulator.shop.catalogue.locations.values():
        place.active = False
    assert not checks(bench)["locations"].ok


def test_the_currency_and_the_tax_in_prices_are_told(bench: Any) -> None:
    assert "EUR" in checks(bench)["currency and tax"].detail
    assert "do not contain tax" in checks(bench)["currency and tax"].detail


def subscription(topic: str, uri: str = ADDRESS, **more: Any) -> dict[str, Any]:
    return {"topic": topic, "uri": uri} | more


@pytest.mark.parametrize(
    ("subscriptions", "missing"),
    [
        ([], "ORDERS_CREATE (missing), ORDERS_UPDATED (missing)"),
        ([subscription("ORDERS_CREATE")], "ORDERS_UPDATED (missing)"),
        (
            [subscription("ORDERS_CREATE"), subscription("ORDERS_UPDATED", "https://old.example.com")],
            "ORDERS_UPDATED (elsewhere)",
        ),
        ([subscription("ORDERS_CREATE", format="XML"), subscription("ORDERS_UPDATED")], "ORDERS_CREATE (disabled)"),
        ([subscription("ORDERS_CREATE", filter="id:5"), subscription("ORDERS_UPDATED")], "ORDERS_CREATE (disabled)"),
    ],
)
def test_a_subscription_that_is_missing_or_points_elsewhere_is_named(
    open_bench: OpenBench, subscriptions: list[dict[str, Any]], missing: str
) -> None:
    check = checks(open_bench(subscriptions=subscriptions), webhook_address=ADDRESS)["webhooks"]
    assert not check.ok
    assert f"for {missing}." in check.detail
    assert ADDRESS in check.detail


def test_subscriptions_at_the_receiver_pass(open_bench: OpenBench) -> None:
    wanted = [subscription("ORDERS_CREATE"), subscription("ORDERS_UPDATED")]
    assert checks(open_bench(subscriptions=wanted), webhook_address=ADDRESS)["webhooks"].ok


def test_a_subscription_that_leaves_fields_out_is_pointed_out(open_bench: OpenBench) -> None:
    wanted = [subscription("ORDERS_CREATE", includeFields=["id"]), subscription("ORDERS_UPDATED")]
    check = checks(open_bench(subscriptions=wanted))["webhooks"]
    assert check.ok
    assert "ORDERS_CREATE leave fields out" in check.detail


def test_subscriptions_that_the_api_does_not_list_are_not_missed(open_bench: OpenBench) -> None:
    assert checks(open_bench(subscriptions=[]), webhook_subscriptions="elsewhere")["webhooks"].ok


def test_a_version_no_longer_served_is_told_with_the_one_that_answered(bench: Any) -> None:
    check = checks(bench, api_version="2025-01")["API version"]
    assert not check.ok
    assert "2026-01 answered" in check.detail


def test_a_clock_that_is_off_is_told(bench: Any) -> None:
    stale = (bench.clock.now() - timedelta(minutes=10)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    body = (
        b'{"data":{"shop":{"myshopifyDomain":"erpsync-sandbox.myshopify.com","currencyCode":"EUR","taxesIncluded":true},'
        b'"currentAppInstallation":{"accessScopes":[]}}}'
    )
    bench.served.faulty.add(Fault(FaultKind.STATUS, status=200, body=body, headers=(("Date", stale),)))
    check = checks(bench)["clock"]
    assert not check.ok
    assert "600 s" in check.detail


def test_a_token_of_another_store_is_told(bench: Any) -> None:
    check = checks(bench, shop="another.myshopify.com")["store"]
    assert not check.ok
    assert "erpsync-sandbox.myshopify.com" in check.detail


@pytest.mark.parametrize("state", ["frozen", "forbidden", "gone", "locked"])
def test_a_store_that_is_shut_is_one_check_that_says_so(open_bench: OpenBench, state: str) -> None:
    (check,) = checks(open_bench(state=state)).values()
    assert not check.ok
    assert check.next_step


@pytest.mark.parametrize(
    "fault",
    [
        Fault(FaultKind.REFUSE, times=None),
        Fault(FaultKind.STATUS, times=None, status=200, body=b"<html>"),
        Fault(FaultKind.STATUS, times=None, status=200, body=b'{"data":{"shop":null}}'),
        Fault(FaultKind.STATUS, times=None, status=500),
        Fault(FaultKind.STATUS, times=None, status=418),
    ],
)
def test_nothing_that_a_remote_answers_is_raised(bench: Any, fault: Fault) -> None:
    bench.served.faulty.add(fault)
    (check,) = checks(bench).values()
    assert fault.fired
    assert not check.ok


def test_a_wrong_token_is_one_check_that_says_so(bench: Any) -> None:
    (check,) = checks(bench, access_token="shpat_wrong").values()
    assert not check.ok
    assert "credentials" in check.detail
