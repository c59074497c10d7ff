"""A merchant's own fields: exact, checked when they are loaded, and silent about people."""

from decimal import Decimal

import pytest
from pydantic import BaseModel, ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.mapping import FieldTable, Value, customer_values, order_values
from erpsync.ports.erp_records import CustomerDraft, OrderDraft
from erpsync.testing import samples


class Settings(BaseModel):
    order_fields: FieldTable = {}


VIP = samples.KNOWN_CUSTOMER.model_copy(update={"groups": ("vip", "press")})
ORDER = samples.order(
    note="Ring twice",
    customer=VIP,
    lines=(samples.line("A", "3", "0.10"), samples.line("B", "1", "0.20")),
    tip=Money(amount=Decimal("0.30"), currency="EUR"),
)


def value_of(expression: str) -> Value:
    table = Settings(order_fields={"field": expression}).order_fields
    return order_values(table, OrderDraft("shop-1001", ORDER, TargetId("7")), system="erp")["field"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("note", "Ring twice"),
        ("reference", "shop-1001"),
        ("customer_id", "7"),
        ("contains(customer.groups, 'vip')", True),
        ("customer.phone || 'none'", "none"),
        ("lines[?sku=='B'].title | [0]", "A B"),
        ("join(', ', lines[].sku)", "A, B"),
        ("length(lines)", Decimal(2)),
        ("shipping.city", None),
        ("created_at", "2026-01-01T11:00:00+00:00"),
        ("text(total.amount)", "5.80"),
        ("to_string(tip.amount)", "0.30"),
        ("total.amount > `5`", True),
        ("`0.1`", Decimal("0.1")),
    ],
)
def test_an_expression_gives_a_value(expression: str, value: Value) -> None:
    assert value_of(expression) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sum(lines[].unit_price.amount)", "0.30"),
        ("avg(lines[].unit_price.amount)", "0.15"),
        ("to_number('0.1')", "0.1"),
        ("max(lines[].unit_price.amount)", "0.20"),
        ("max_by(lines, &unit_price.amount).unit_price.amount", "0.20"),
        ("abs(tip.amount)", "0.30"),
        ("money('2.345', currency)", "2.35"),
        ("money('2.345', 'JPY')", "2"),
    ],
)
def test_numbers_are_exact(expression: str, value: str) -> None:
    found = value_of(expression)
    assert isinstance(found, Decimal)
    assert found == Decimal(value)


@pytest.mark.parametrize("expression", ["lines[", "nosuch(note)", "money(note)", ""])
def test_what_is_no_expression_is_refused_when_the_configuration_is_loaded(expression: str) -> None:
    with pytest.raises(ValidationError, match=r"field = .* is not a JMESPath expression"):
        Settings(order_fields={"field": expression})


def test_a_table_may_be_text_one_field_a_line() -> None:
    text = "gift = contains(customer.groups, 'vip')\nwhy = note"
    given = Settings.model_validate({"order_fields": text}).order_fields
    assert given == {"gift": "contains(customer.groups, 'vip')", "why": "note"}


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("lines", "a list, not one value"),
        ("customer", "a table, not one value"),
        ("abs(customer.email)", "abs() is given string where it takes number"),
        ("sum(lines[].title)", "str is not a number"),
    ],
)
def test_an_expression_that_fails_on_an_order_names_field_and_reason_and_no_content(expression: str, why: str) -> None:
    with pytest.raises(Rejected) as refused:
        value_of(expression)
    problem = refused.value.problem
    assert why in problem.what
    assert f"field ({expression})" in problem.what
    assert problem.record == "order #1001"
    assert "ada@example.com" not in str(problem)


def test_a_customers_fields_see_the_customer_and_both_addresses() -> None:
    draft = CustomerDraft("shop-customer-77", VIP, ORDER.billing, None, "EUR")
    table = {"street": "billing.line1", "ship_to": "shipping.line1", "vip": "contains(customer.groups, 'vip')"}
    assert customer_values(table, draft, system="erp") == {
        "street": "St James's Square 12",
        "ship_to": None,
        "vip": True,
    }
    assert SourceId("77") == draft.customer.source_id
