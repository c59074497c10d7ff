"""What `erpsync doctor` is told."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from erpsync.ports.checks import Check
from tests.systems.dynamics.finance_operations.stand import MovableClock, World, world


def wrong(checks: Any) -> list[Check]:
    """The checks that failed; each must say what to do."""
    failed = [check for check in checks if not check.ok]
    assert all(check.next_step and check.detail for check in failed)
    return failed


def test_all_is_well_and_each_entity_and_setting_is_named(fo: World) -> None:
    checks = fo.erp(order_fields={"SalesOrderName": "number"}).check()
    assert wrong(checks) == []
    names = {check.name for check in checks}
    assert {"credentials", "reachable", "clock", "company", "may read SalesOrderHeadersV2", "tax_codes"} <= names
    assert {"charges", "payment_methods", "shipping_methods", "customer_groups", "stock_locations"} <= names
    assert {"order_fields", "customer_fields", "currencies"} <= names


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"client_secret": "wrong"}, "credentials"),
        ({"client_id": "wrong"}, "credentials"),
        ({"token_url": "http://127.0.0.1:1/token"}, "credentials"),
        ({"company": "none"}, "company"),
        ({"stock_locations": "11, 99"}, "stock_locations"),
        ({"warehouse": "99"}, "warehouse"),
        ({"tax_codes": "19=NOPE"}, "tax_codes"),
        ({"sales_tax_group": "NOPE"}, "sales_tax_group"),
        ({"tip_charge": "NOPE"}, "charges"),
        ({"payment_methods": "card=NOPE"}, "payment_methods"),
        ({"payment_journal": "NOPE"}, "payment_journal"),
        ({"default_shipping_method": "NOPE"}, "shipping_methods"),
        ({"default_customer_group": "NOPE"}, "customer_groups"),
        ({"currencies": "EUR, XXX"}, "currencies"),
        ({"order_fields": {"NoSuchField": "number"}}, "order_fields"),
        ({"customer_reference_field": "NoSuchField"}, "customer_fields"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(fo: World, settings: dict[str, Any], name: str) -> None:
    assert [check.name for check in wrong(fo.erp(**settings).check())] == [name]


def test_a_missing_right_is_told_per_entity(tmp_path: Path) -> None:
    with world(tmp_path, denied=[("GET", "SalesInvoiceHeadersV2")]) as fo:
        [failed] = wrong(fo.erp().check())
        assert failed.name == "may read SalesInvoiceHeadersV2"
        assert "roles" in failed.next_step


def test_fields_that_may_not_be_read_are_not_called_missing(tmp_path: Path) -> None:
    with world(tmp_path, denied=[("GET", "CustomersV3")]) as fo:
        failed = wrong(fo.erp().check())
    assert {check.name for check in failed} == {"may read CustomersV3", "customer_fields"}
    assert {check.detail for check in failed} == {"The application's user in F&O has no right to this."}


def test_an_application_that_f_and_o_does_not_know_is_told_apart_from_a_wrong_secret(fo: World) -> None:
    fo.simulator.access.knows = lambda authorization: not authorization  # type: ignore[method-assign]
    [failed] = [check for check in wrong(fo.erp().check()) if check.name == "reachable"]
    assert "Microsoft Entra ID applications" in failed.next_step


def test_a_clock_that_is_off_is_told(fo: World, clock: MovableClock) -> None:
    clock.moved = timedelta(minutes=4)
    [failed] = wrong(fo.erp().check())
    assert failed.name == "clock"
    assert "NTP" in failed.next_step
