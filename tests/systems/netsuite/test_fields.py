"""A merchant's own fields, from the configuration to the record."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.parties import Customer
from erpsync.ports.erp_records import RecordRef
from erpsync.systems.netsuite import fields
from erpsync.systems.netsuite.fields import Kind
from tests.systems.netsuite.stand import World, customer_draft, order, order_line


def booked(world: World, table: dict[str, str], **changes: Any) -> dict[str, Any]:
    result = world.erp(order_fields=table).create_orders([world.draft(order("1", **changes))])["shop-1"]
    assert isinstance(result, RecordRef), result
    [made] = world.orders()
    return made


def test_custom_fields_of_an_order_have_the_kind_of_their_value_or_the_one_given(world: World) -> None:
    table = {
        "custbody_gift_note": "note",
        "custbody_vip": "contains(customer.groups, 'vip')",
        "custbody_channel:select": "'5'",
        "custbody_goods": "money(sum(lines[].unit_price.amount), currency)",
        "custbody_count:integer": "length(lines)",
        "custbody_day:date": "created_at",
        "custbody_absent": "nothing",
    }

    made = booked(world, table, note="For you", customer=Customer(groups=("vip",)))

    values = {field["scriptId"]: field["value"] for field in made["customFieldList"]["customField"]}
    assert values == {
        "custbody_gift_note": "For you",
        "custbody_vip": True,
        "custbody_channel": {"internalId": "5"},
        "custbody_goods": "6.90",
        "custbody_count": 1,
        "custbody_day": "2026-11-20T12:30:00+00:00",
    }
    kept = world.simulator.books.of_kind("salesOrder")[0].values["customFieldList"]["customField"]
    assert [field["$type"].removesuffix("CustomFieldRef") for field in kept] == [
        "String", "Boolean", "Select", "Double", "Long", "Date",
    ]  # fmt: skip


def test_standard_fields_of_an_order_overrule_what_erpsync_writes(world: World) -> None:
    table = {
        "memo": "join(' ', ['From', number])",
        "location": "'2'",
        "shipComplete": "`true`",
        "shipDate": "'2026-12-24'",
    }

    made = booked(world, table, note="Ignored")

    assert (made["memo"], made["location"], made["shipComplete"]) == ("From 1", {"internalId": "2"}, True)
    assert made["shipDate"] == "2026-12-24T00:00:00+00:00"


def test_a_column_field_stands_on_every_line(world: World) -> None:
    result = world.erp(order_fields={"custcol_engraving": "note"}).create_orders(
        [world.draft(order("1", order_line(), order_line("SKU-0002"), note="AL"))]
    )["shop-1"]

    assert isinstance(result, RecordRef)
    [made] = world.orders()
    assert [line["custom"]["customField"][0]["value"] for line in made["lines"]] == ["AL", "AL"]


def test_an_amendment_empties_a_field_that_has_no_value_any_more(world: World) -> None:
    erp = world.erp(order_fields={"custbody_gift_note": "note", "otherRefNum": "number", "memo": "note"})
    made = erp.create_orders([world.draft(order("1", note="First"))])["shop-1"]
    assert isinstance(made, RecordRef)

    erp.amend_orders({made.target_id: world.draft(order("1"))})

    request = next(m for m in world.witness.messages if b"<" in m and b"updateList" in m and b"nullFieldList" in m)
    assert b">custbody_gift_note<" in request
    assert b">memo<" in request
    assert "memo" not in world.orders()[0]


def test_fields_of_a_customer(world: World) -> None:
    erp = world.erp(
        customer_fields={
            "custentity_loyalty": "customer.phone",
            "comments": "join(', ', customer.groups)",
            "priceLevel": "'5'",
            "creditLimit": "'250.50'",
            "taxable": "`false`",
        }
    )

    result = erp.upsert_customers([customer_draft(phone="0123", groups=("vip", "trade"))])["shop-customer-1"]

    assert isinstance(result, RecordRef)
    [record] = [c for c in world.served.records()["customers"] if c["externalId"]]
    assert record["customFieldList"] == {"customField": [{"scriptId": "custentity_loyalty", "value": "0123"}]}
    assert (record["comments"], record["priceLevel"]) == ("vip, trade", {"internalId": "5"})
    assert (record["creditLimit"], record["taxable"]) == ("250.50", False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("custbody_x:integer", Decimal("1.5")),
        ("custbody_x:integer", "many"),
        ("custbody_x:number", True),
        ("custbody_x:checkbox", "maybe"),
        ("custbody_x:date", "tomorrow"),
        ("location", "Main Warehouse"),
    ],
)
def test_a_value_that_does_not_fit_its_field_names_the_field_and_not_the_value(name: str, value: object) -> None:
    with pytest.raises(Rejected) as refused:
        fields.converted(fields.of_order(name), value, record="order #1")  # type: ignore[arg-type]

    told = str(refused.value)
    assert name.partition(":")[0] in told
    assert "replay" in refused.value.problem.next_step
    assert str(value) not in told


def test_a_value_that_does_not_fit_refuses_its_order_alone(world: World) -> None:
    erp = world.erp(order_fields={"custbody_gift:integer": "note"})

    results = erp.create_orders([world.draft(order("1", note="three")), world.draft(order("2", note="3"))])

    assert isinstance(results["shop-1"], Rejected)
    assert isinstance(results["shop-2"], RecordRef)


@pytest.mark.parametrize(
    ("name", "value", "kind", "expected"),
    [
        ("custbody_x", "text", Kind.TEXT, "text"),
        ("custbody_x", Decimal("1.50"), Kind.NUMBER, Decimal("1.50")),
        ("custbody_x", False, Kind.CHECKBOX, False),
        ("custbody_x:checkbox", "T", Kind.CHECKBOX, True),
        ("custbody_x:text", Decimal("1E+2"), Kind.TEXT, "100"),
        ("custbody_x:select", Decimal(5), Kind.SELECT, "5"),
        ("custbody_x:date", "2026-01-31", Kind.DATE, datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_values_take_the_form_of_their_kind(name: str, value: Any, kind: Kind, expected: object) -> None:
    assert fields.converted(fields.of_order(name), value, record="") == (kind, expected)
