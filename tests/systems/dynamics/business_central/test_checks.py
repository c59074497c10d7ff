"""What `erpsync doctor` says of a connection to Business Central."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from erpsync.ports.checks import Check
from erpsync.ports.runtime import Tools
from tests.systems.dynamics.business_central.stand import World, world_of


class SkewedClock:
    def __init__(self, seconds: float) -> None:
        self._by = timedelta(seconds=seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


def bad(checks: Sequence[Check]) -> dict[str, Check]:
    for check in checks:
        assert check.detail.endswith("."), check
        assert check.ok or check.next_step.endswith("."), check
    return {check.name: check for check in checks if not check.ok}


def test_all_is_well_and_each_question_is_told(world: World) -> None:
    checks = world.erp().check()
    assert bad(checks) == {}
    names = [check.name for check in checks]
    assert names[:4] == ["credentials", "environment", "clock", "company"]
    assert {
        "may read salesOrders",
        "ledger_page ItemLedgerEntries",
        "tax_codes VAT19",
        "shipping_methods DHL",
        "shipping_account 6110",
        "stock_locations EAST",
        "payment_methods WEBSHOP",
        "payment_terms PREPAID",
    } <= set(names)


def test_asking_changes_nothing(world: World) -> None:
    before = world.served.records()
    world.erp().check()
    assert world.served.records() == before
    assert not world.simulator.bodies


def test_a_wrong_secret_ends_the_questions(world: World) -> None:
    checks = world.erp(client_secret="wrong").check()
    assert [(check.name, check.ok) for check in checks] == [("credentials", False)]
    assert "client_secret" in checks[0].next_step


def test_an_environment_that_is_not_there_is_told(world: World) -> None:
    checks = world.erp(environment="nowhere").check()
    assert list(bad(checks)) == ["environment"]
    assert "environment" in checks[-1].next_step


def test_a_company_that_is_not_there_is_told(world: World) -> None:
    assert list(bad(world.erp(company="Nowhere").check())) == ["company"]


@pytest.mark.parametrize(("seconds", "side"), [(300, "ahead"), (-300, "behind")])
def test_a_clock_that_is_off_is_told(world: World, seconds: float, side: str) -> None:
    tools = replace(world.tools, clock=SkewedClock(seconds))
    failures = bad(world.erp(tools=tools).check())
    assert list(failures) == ["clock"]
    assert re.search(f"(299|300|301) s {side}", failures["clock"].detail)
    assert "NTP" in failures["clock"].next_step


def test_missing_permissions_are_told_one_by_one(tools: Tools) -> None:
    with world_of(tools, denied=["salesCreditMemos", "itemLedgerEntries"]) as world:
        failures = bad(world.erp().check())
    assert set(failures) == {"may read salesCreditMemos", "may read itemLedgerEntries"}
    assert all("permission sets" in check.next_step for check in failures.values())


def test_pages_that_are_not_published_are_told_with_how_to_publish_them(tools: Tools) -> None:
    with world_of(tools, pages={"ItemLedgerEntries": "page 38"}) as world:
        failures = bad(world.erp().check())
        assert set(failures) == {"sales_lines_page SalesLines", "shipments_page PostedSalesShipments"}
        assert "add page 516 with service name SalesLines" in failures["sales_lines_page SalesLines"].next_step
        assert bad(world.erp(sales_lines_page="", shipments_page="").check()) == {}


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({"tax_codes": "19=NOSUCH"}, "tax_codes NOSUCH"),
        ({"default_tax_code": "NOSUCH"}, "tax_codes NOSUCH"),
        ({"shipping_methods": "fast=ROCKET"}, "shipping_methods ROCKET"),
        ({"default_payment_journal": "NOSUCH"}, "payment_methods NOSUCH"),
        ({"payment_terms": "NEVER"}, "payment_terms NEVER"),
        ({"location": "MOON"}, "location MOON"),
        ({"stock_locations": "EAST, MOON"}, "stock_locations MOON"),
        ({"currencies": "CHF=CHF"}, "currencies CHF"),
        ({"fee_account": "9999"}, "fee_account 9999"),
        ({"shipping_account": "item:NOSUCH"}, "shipping_account NOSUCH"),
    ],
)
def test_each_configured_code_is_looked_up(world: World, changes: dict[str, Any], failing: str) -> None:
    failures = bad(world.erp(**changes).check())
    assert list(failures) == [failing]
    assert f"`{failing.split()[0]}`" in failures[failing].next_step


def test_an_item_charge_cannot_be_looked_up_and_says_so(world: World) -> None:
    [check] = [one for one in world.erp(fee_account="charge:FREIGHT").check() if one.name == "fee_account FREIGHT"]
    assert (check.ok, "no list" in check.detail) == (True, True)
