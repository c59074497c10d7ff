"""What `erpsync doctor` says of a NetSuite connection."""

from datetime import timedelta

import pytest

from erpsync.ports.checks import Check
from erpsync.sandbox.faults import Fault, FaultKind
from tests.systems.netsuite.stand import World


def bad(checks: object) -> dict[str, Check]:
    return {check.name: check for check in checks if not check.ok}  # type: ignore[attr-defined]


def test_all_is_well_with_the_simulators_own_settings(world: World) -> None:
    checks = world.erp().check()

    assert bad(checks) == {}
    names = [check.name for check in checks]
    assert names[:3] == ["address", "signed in", "clock"]
    assert {"may read sales orders", "may read customers", "may read items", "subsidiary 1", "tax_codes 5"} <= {*names}


def test_the_concurrency_limit_is_told_to_administrators_only(world: World) -> None:
    def limit() -> Check:
        return next(check for check in world.erp().check() if check.name == "concurrency limit")

    assert (limit().ok, limit().detail) == (True, "Account limit: only administrators are told.")
    world.simulator.soap.administrator = True
    assert "5 requests at once" in limit().detail


def test_asking_changes_nothing(world: World) -> None:
    before = world.served.records()

    world.erp().check()

    assert world.served.records() == before
    assert not [name for name in world.served.faulty.operations if name.startswith(("upsert", "update"))]


def test_a_clock_that_drifts_is_told_before_netsuite_refuses_it(world: World) -> None:
    world.clock.moved = timedelta(seconds=120)

    clock = bad(world.erp().check())["clock"]

    assert "120 s ahead" in clock.detail
    assert "NTP" in clock.next_step


@pytest.mark.parametrize(
    ("denied", "name", "right"),
    [
        ("salesOrder", "may read sales orders", "Sales Order"),
        ("customer", "may read customers", "Customers"),
        ("transaction", "may read item fulfilments and invoices", "Item Fulfillment"),
        ("creditMemo", "may read credit memos", "Credit Memo"),
        ("customerDeposit", "may read customer deposits", "Customer Deposit"),
        ("deletedRecord", "may read deleted records", "Deleted Records"),
    ],
)
def test_each_missing_right_is_named(world: World, denied: str, name: str, right: str) -> None:
    world.simulator.denied.add(denied)

    failures = bad(world.erp().check())

    assert list(failures) == [name]
    assert right in failures[name].next_step


def test_the_rights_asked_for_are_those_of_what_a_refund_becomes(world: World) -> None:
    world.simulator.denied.add("creditMemo")

    assert bad(world.erp(refund_as="return_authorization").check()) == {}


def test_a_wrong_account_is_a_refused_token(world: World) -> None:
    failures = bad(world.erp(account="7654321").check())

    assert list(failures) == ["signed in"]
    assert "`account`" in failures["signed in"].next_step


def test_custom_fields_that_the_account_lacks_are_named(world: World) -> None:
    known = {"custbody_gift_note": "note", "custcol_engraving": "note", "memo": "note"}
    assert bad(world.erp(order_fields=known, customer_fields={"custentity_vip": "reference"}).check()) == {}

    erp = world.erp(
        order_fields={**known, "custbody_typo": "note", "custcol_typo": "note"},
        customer_fields={"custentity_typo": "reference"},
        payment_field="custbody_paid_with",
    )
    failures = bad(erp.check())

    assert list(failures) == ["fields custbody_*", "fields custcol_*", "fields custentity_*"]
    assert "custbody_paid_with, custbody_typo" in failures["fields custbody_*"].detail
    assert "`order_fields`" in failures["fields custbody_*"].next_step


@pytest.mark.parametrize(("minutes", "side"), [(20, "ahead"), (-20, "behind")])
def test_a_refusal_for_the_clock_says_so(world: World, minutes: int, side: str) -> None:
    world.clock.moved = timedelta(minutes=minutes)

    failures = bad(world.erp().check())

    assert set(failures) == {"signed in", "clock"}
    assert "clock is off by" in failures["signed in"].detail
    assert side in failures["clock"].detail
    assert "NTP" in failures["signed in"].next_step


def test_a_refused_token_ends_the_questions_that_need_one(world: World) -> None:
    checks = world.erp(token_secret="wrong").check()

    assert [(check.name, check.ok) for check in checks] == [("address", True), ("signed in", False), ("clock", True)]
    assert "Login Audit Trail" in checks[1].next_step


def test_a_missing_permission_names_what_to_grant(world: World) -> None:
    world.simulator.denied.add("item")

    failures = bad(world.erp(tax_item="", discount_item="", tip_item="").check())

    assert "Items" in failures["may read items"].next_step


@pytest.mark.parametrize(
    ("setting", "value", "name"),
    [
        ("subsidiary", "77", "subsidiary 77"),
        ("location", "77", "location 77"),
        ("currencies", {"EUR": "77"}, "currencies 77"),
        ("tax_code", "77", "tax_codes 77"),
        ("tip_item", "77", "tip_item 77"),
        ("refund_item", "77", "refund_item 77"),
        ("stock_locations", "1, 77", "stock_locations 77"),
        ("base_price_level", "77", "base_price_level 77"),
        ("price_lists", "Wholesale, 77", "price_lists 77"),
        ("price_lists", "5, Level 77", "price_lists Level 77"),
        ("payment_methods", "card=5, cash=77", "payment_methods 77"),
        ("payment_account", "77", "payment_account 77"),
        ("customer_groups", "trade=77", "customer_groups 77"),
    ],
)
def test_a_configured_id_that_does_not_exist_names_its_setting(
    world: World, setting: str, value: object, name: str
) -> None:
    failures = bad(world.erp(**{setting: value}).check())

    assert list(failures) == [name]
    assert "77" in failures[name].detail
    assert "Correct `" in failures[name].next_step


def test_an_account_that_lives_elsewhere_is_told_its_address(world: World) -> None:
    version = world.settings().endpoint_version
    elsewhere = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
        f'<getDataCenterUrlsResponse xmlns="urn:messages_{version}.platform.webservices.netsuite.com">'
        f'<getDataCenterUrlsResult xmlns="urn:core_{version}.platform.webservices.netsuite.com">'
        '<status isSuccess="true"/><dataCenterUrls><restDomain>x</restDomain>'
        "<webservicesDomain>https://765.suitetalk.api.netsuite.com</webservicesDomain>"
        "<systemDomain>x</systemDomain></dataCenterUrls></getDataCenterUrlsResult></getDataCenterUrlsResponse>"
        "</e:Body></e:Envelope>"
    ).encode()
    fault = world.served.faulty.add(Fault(FaultKind.STATUS, "getDataCenterUrls", status=200, body=elsewhere))

    failures = bad(world.erp().check())

    assert fault.fired == 1
    assert list(failures) == ["address"]
    assert "https://765.suitetalk.api.netsuite.com" in failures["address"].detail


def test_a_system_that_is_down_is_a_failed_check_not_an_error(world: World) -> None:
    world.served.faulty.add(Fault(FaultKind.STATUS, "get.*", status=503, times=None))

    failures = bad(world.erp().check())

    assert set(failures) == {"address", "signed in"}


def test_an_address_where_nothing_is_leaves_a_sentence(world: World) -> None:
    failures = bad(world.erp(base_url="http://127.0.0.1:9").check())

    assert "could not be made" in failures["signed in"].detail
