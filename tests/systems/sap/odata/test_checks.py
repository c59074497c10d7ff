"""What `erpsync doctor` says of a connection."""

from datetime import timedelta

import pytest

from erpsync.ports.checks import Check
from erpsync.ports.runtime import Tools
from tests.systems.sap.odata.stage import CONDITIONS
from tests.systems.sap.odata.stand import System, moving, system


def bad(checks: object) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.ok}  # type: ignore[attr-defined]


def test_a_connection_that_is_well_says_so_of_each_part(sap: System) -> None:
    checks = sap.erp(
        currencies="EUR=EUR", order_fields={"CustomerGroup": "'01'"}, customer_fields={"SearchTerm1": "'SHOP'"}
    ).check()
    assert bad(checks) == {}
    names = {check.name for check in checks}
    assert {
        "reachable",
        "signed in",
        "clock",
        "sales area 1010/10",
        "company 1010",
        "shipping_charge SHIPPING",
    } <= names
    assert {"stock location 1010/101A", "order_fields CustomerGroup", "tax code 1", "currency EUR"} <= names
    assert [check.detail for check in checks if check.name == "sales area 1010/10"] == [
        "56 products are sold in 1010/10."
    ]


def test_tax_conditions_are_looked_for_in_use(sap: System) -> None:
    checks = {check.name: check for check in sap.erp(**CONDITIONS).check()}
    assert checks["tax code ZT19"].ok
    assert "not be proven" in checks["tax code ZT19"].detail


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"password": "wrong"}, "signed in"),
        ({"sap_client": "200"}, "signed in"),
        ({"sales_organization": "9999"}, "sales area 9999/10"),
        ({"company": "9999"}, "company 9999"),
        ({"division": "99"}, "division 99"),
        ({"shipping_charge": "material NOTHING"}, "shipping_charge NOTHING"),
        ({"stock_locations": "1010, 9999"}, "stock location 9999"),
        ({"stock_locations": "1010/999Z"}, "stock location 1010/999Z"),
        ({"order_fields": {"Nonsense": "'1'"}}, "order_fields Nonsense"),
        ({"order_fields": {"TotalNetAmount": "'1'"}}, "order_fields TotalNetAmount"),
        ({"customer_fields": {"Nonsense": "'1'"}}, "customer_fields Nonsense"),
        ({"tracking_field": "YY1_Tracking_DLH"}, "tracking_field YY1_Tracking_DLH"),
        ({"list_price_condition": "ZPR0"}, "list_price_condition ZPR0"),
        ({"services": "API_PRODUCT_SRV=API_PRODUCT_SRV_2"}, "may read API_PRODUCT_SRV"),
    ],
)
def test_what_is_wrong_is_named_with_its_fix(sap: System, changes: dict[str, object], name: str) -> None:
    found = bad(sap.erp(**changes).check())
    assert name in found
    assert found[name].detail
    assert found[name].next_step


def test_a_missing_right_and_a_service_that_is_not_active_are_told_apart(sap: System) -> None:
    sap.simulator.denied.add("API_BILLING_DOCUMENT_SRV")
    sap.simulator.inactive.add("API_MATERIAL_STOCK_SRV")
    found = bad(sap.erp().check())
    assert set(found) == {"may read API_BILLING_DOCUMENT_SRV", "may read API_MATERIAL_STOCK_SRV"}
    assert "SU53" in found["may read API_BILLING_DOCUMENT_SRV"].next_step
    assert "/IWFND/MAINT_SERVICE" in found["may read API_MATERIAL_STOCK_SRV"].next_step


def test_a_clock_that_is_off_is_told_even_to_one_who_may_not_log_on(tools: Tools) -> None:
    moved, clock = moving(tools)
    clock.offset = timedelta(minutes=10)
    with system(moved) as sap:
        assert set(bad(sap.erp().check())) == {"clock"}
        assert set(bad(sap.erp(stock_locations="9999").check())) == {"clock", "stock location 9999"}
        assert set(bad(sap.erp(password="wrong").check())) == {"signed in", "clock"}


def test_an_address_where_nothing_listens_is_not_reachable(sap: System) -> None:
    found = bad(sap.erp(url="http://127.0.0.1:9").check())
    assert set(found) == {"reachable", "signed in", "clock"}


def test_a_wrong_oauth_client_is_told(tools: Tools) -> None:
    with system(tools, oauth=True) as sap:
        assert bad(sap.erp().check()) == {}
        found = bad(sap.erp(client_secret="wrong").check())
        assert "token endpoint" in found["signed in"].detail
