"""What `erpsync doctor` says of an SAP connection."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from erpsync.ports.checks import Check
from tests.systems.sap.soap.stand import World


def bad(world: World, **changes: Any) -> dict[str, Check]:
    checks = world.erp(**changes).check()
    assert all(check.next_step for check in checks if not check.ok)
    return {check.name: check for check in checks if not check.ok}


def test_a_right_connection_is_well_and_says_where_it_is(world: World) -> None:
    checks = {check.name: check for check in world.erp(order_fields={"ZZGIFT": "note"}, price_lists="01").check()}

    assert all(check.ok for check in checks.values())
    assert "SIM client 100, release 750, time zone CET" in checks["reachable"].detail
    assert {
        "may create sales documents",
        "sales area 1000/10/00",
        "tax_codes A1",
        "order_fields ZZGIFT",
    } <= checks.keys()
    assert world.calls("Z_ERPSYNC_CHECK") == 1


def test_a_wrong_password_is_told_and_nothing_more_asked(world: World) -> None:
    world.erp().ping()

    assert list(bad(world, password="wrong")) == ["credentials"]
    assert world.calls("Z_ERPSYNC_CHECK") == 0


def test_a_wrong_client_is_told(world: World) -> None:
    told = bad(world, client="200")

    assert "client" in told["reachable"].next_step


def test_an_address_where_nobody_answers_is_told(world: World) -> None:
    assert "reachable" in bad(world, base_url="http://127.0.0.1:9")


def test_a_missing_right_is_named(world: World) -> None:
    world.simulator.denied.add("V_VBAK_VKO/02")

    [told] = bad(world).values()
    assert told.name == "may change sales documents"
    assert "V_VBAK_VKO with activity 02" in told.next_step


@pytest.mark.parametrize(("seconds", "side"), [(600, "ahead of"), (-600, "behind")])
def test_a_clock_that_is_off_is_told(world: World, seconds: int, side: str) -> None:
    world.clock.moved = timedelta(seconds=seconds)

    assert side in bad(world)["clock"].detail


def test_a_wrapper_that_says_otherwise_of_its_references_is_told(open_world: Callable[..., World]) -> None:
    told = bad(open_world(keeps_unique=False), wrapper_keeps_references_unique="true")

    assert "wrapper_keeps_references_unique = false" in told["unique references"].next_step


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"stock_locations": "1000/0001, 9999/0001"}, "stock_locations 9999/0001"),
        ({"sales_organization": "9999"}, "sales area 9999/10/00"),
        ({"company": "9999"}, "company 9999"),
        ({"plant": "9999"}, "plant 9999"),
        ({"tip_condition": "ZZZZ"}, "tip_condition ZZZZ"),
        ({"price_condition": "ZZZZ"}, "price_condition ZZZZ"),
        ({"tax_codes": "19=Z9"}, "tax_codes Z9"),
        ({"currencies": "EUR=EURO"}, "currencies EURO"),
        ({"payment_methods": "card=4711"}, "payment_methods 4711"),
        ({"shipping_methods": "express=99"}, "shipping_methods 99"),
        ({"customer_groups": "vip=99"}, "customer_groups 99"),
        ({"refund_material": "NONE"}, "refund_material NONE"),
        ({"model_customer": "4711"}, "model_customer 4711"),
        ({"order_fields": {"ZZNONE": "number"}}, "order_fields ZZNONE"),
        ({"customer_fields": {"ZZNONE": "reference"}}, "customer_fields ZZNONE"),
        ({"cancel_reason": "99"}, "cancel_reason 99"),
        ({"price_lists": "99"}, "price_lists 99"),
    ],
)
def test_each_code_that_sap_has_not_is_named(world: World, changes: dict[str, Any], name: str) -> None:
    assert list(bad(world, **changes)) == [name]
