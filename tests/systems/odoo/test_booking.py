"""Orders as lines, cells and external ids; no network."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erpsync.domain.errors import Rejected
from erpsync.domain.orders import Order
from erpsync.systems.odoo import booking, mapper, names
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LineRow, OrderRow
from tests.systems.odoo.drafts import HOME, draft, eur, item, order, shipping

LEAST = {"url": "https://mycompany.odoo.com", "database": "mycompany", "api_key": "k", "shipping_product": "SHIPPING"}
CATALOGUE = {
    **{f"SKU-{number:04}": (number,) for number in range(1, 10)},
    **{"SHIPPING": (100,), "DISCOUNT": (101,), "CHARGE": (102,), "ROUNDING": (103,), "TAX": (104,)},
}


def settings(**values: object) -> OdooSettings:
    return OdooSettings.model_validate({**LEAST, **values})


def lines(placed: Order, **values: object) -> list[dict[str, str]]:
    """Cells without the constant ones."""
    made = settings(**values)
    cells = [line.cells(made) for line in booking.order_lines(draft("shop-1", placed, "7"), CATALOGUE, made)]
    return [{name.removeprefix("order_line/"): value for name, value in each.items() if value} for each in cells]


def test_an_order_beside_its_cells() -> None:
    placed = order([item("SKU-0001", "2", "6.90")], "#1001", shipping_lines=(shipping("4.90"),))
    made = settings(company=1, warehouse=2, sales_team=3)
    assert mapper.order_cells(draft("shop-1", placed, "7"), made) == {
        "id": "erpsync.order__shop-1",
        "partner_id/.id": "7",
        "date_order": "2026-03-01 23:30:00",
        "client_order_ref": "shop-1",
        "origin": "#1001",
        "company_id/.id": "1",
        "warehouse_id/.id": "2",
        "team_id/.id": "3",
    }
    assert lines(placed) == [
        {
            "id": "erpsync.line__shop-1__item__line-SKU-0001__SKU-0001",
            "product_id/.id": "1",
            "name": "Title of SKU-0001",
            "product_uom_qty": "2",
            "price_unit": "6.90",
        },
        {
            "id": "erpsync.line__shop-1__shipping__ship",
            "product_id/.id": "100",
            "name": "Shipping: Standard",
            "product_uom_qty": "1",
            "price_unit": "4.90",
        },
    ]


def test_a_discount_that_is_an_exact_percentage_is_one() -> None:
    [line] = lines(order([item("SKU-0001", "3", "20.00", discount="7.50")]))
    assert (line["price_unit"], line["discount"]) == ("20.00", "12.50")


def test_any_other_discount_is_a_line_or_lowers_the_price() -> None:
    placed = order([item("SKU-0001", "3", "10.00", discount="1.00")])
    apart = lines(placed, discount_product="DISCOUNT")
    assert [(line["product_uom_qty"], line["price_unit"]) for line in apart] == [("3", "10.00"), ("1", "-1.00")]
    assert apart[1]["name"] == "Discount: Title of SKU-0001"
    [lowered] = lines(placed)
    assert lowered["price_unit"] == "9.6666666667"


def test_taxes_are_chosen_by_rate_and_by_whether_prices_contain_them() -> None:
    tables = {"taxes": {"0.19": 5}, "taxes_included": {"0.19": 6}}
    for included, tax in ((True, "6"), (False, "5")):
        placed = order([item("SKU-0001", rate="0.190", included=included)], included=included)
        assert [line["tax_ids/.id"] for line in lines(placed, **tables)] == [tax]


def test_two_taxes_on_a_line_are_both_given() -> None:
    line = item("SKU-0001", rate="0.05")
    both = line.model_copy(update={"taxes": (*line.taxes, *item("SKU-0001", rate="0.07").taxes)})
    [cells] = lines(order([both]), taxes_included={"0.05": 5, "0.07": 7})
    assert cells["tax_ids/.id"] == "5,7"


def test_an_exempt_customer_pays_no_tax_though_the_store_names_the_rate() -> None:
    [cells] = lines(order([item("SKU-0001", rate="0.19", tax="0")]))
    assert "tax_ids/.id" not in cells


def test_a_rate_of_zero_may_have_its_own_tax() -> None:
    placed = order([item("SKU-0001", rate="0", tax="0")])
    assert lines(placed, taxes_included={"0": 3})[0]["tax_ids/.id"] == "3"
    assert "tax_ids/.id" not in lines(placed)[0]


def test_taxes_are_left_to_odoo_by_leaving_the_column_out() -> None:
    made = settings(tax_handling="odoo")
    [line] = booking.order_lines(draft("shop-1", order([item("SKU-0001", rate="0.19")]), "7"), CATALOGUE, made)
    assert "order_line/tax_ids/.id" not in line.cells(made)


def test_a_line_without_quantity_is_no_line() -> None:
    assert lines(order([item("SKU-0001", "0"), item("SKU-0002")]))[0]["name"] == "Title of SKU-0002"


@pytest.mark.parametrize(
    ("placed", "values", "code", "words"),
    [
        (order([item("SKU-9999")]), {}, "unknown-sku", "SKU-9999 (line 1)"),
        (order([item("SKU-0001", tax="1.00")]), {}, "tax-rate-missing", "line 1"),
        (order([item("SKU-0001", rate="0.21")]), {}, "unknown-tax-rate", "0.21"),
        (order([item("SKU-0001")], tip="1.00"), {}, "product-not-set", "charge_product"),
        (order([item("SKU-0001")], rounding="0.01"), {}, "product-not-set", "rounding_product"),
        (
            order([item("SKU-0001")], fees="1.00"),
            {"charge_product": "NONE"},
            "unknown-sku",
            "NONE, which charge_product",
        ),
        (
            order([item("SKU-0001")], shipping_lines=(shipping("1.00"),)),
            {"shipping_product": ""},
            "product-not-set",
            "shipping_product",
        ),
    ],
)
def test_what_cannot_be_booked_is_refused_by_name(
    placed: Order, values: dict[str, object], code: str, words: str
) -> None:
    with pytest.raises(Rejected) as caught:
        lines(placed, **values)
    assert (caught.value.code, caught.value.problem.record) == (code, "order #1001")
    assert words in caught.value.problem.what
    assert caught.value.problem.next_step.endswith("replay.")


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_external_ids_are_safe_and_never_collide(a: str, b: str, c: str, d: str) -> None:
    first, second = names.external_name("line", a, b), names.external_name("line", c, d)
    assert (first == second) == ((a, b) == (c, d))
    assert all(character.isascii() and (character.isalnum() or character in "-_") for character in first)


@given(st.text(max_size=20), st.text(max_size=20))
def test_an_external_id_is_read_back(a: str, b: str) -> None:
    assert names.parts_of("line", names.external_name("line", a, b)) == (a, b)
    assert names.reference_of("partner", names.external_name("partner", a)) == a
    assert names.reference_of("partner", names.external_name("address", a)) == ""


@given(
    st.decimals("0.01", "999", places=2),
    st.integers(1, 40),
    st.decimals("0", "0.99", places=2),
    st.booleans(),
)
def test_a_discounted_line_comes_to_its_net_to_the_cent(
    price: Decimal, quantity: int, share: Decimal, apart: bool
) -> None:
    discount = (price * quantity * share).quantize(Decimal("0.01"))
    placed = order([item("SKU-0001", str(quantity), str(price), discount=str(discount))])
    booked = lines(placed, discount_product="DISCOUNT" if apart else "")
    total = sum(
        (
            Decimal(line.get("price_unit", 0))
            * Decimal(line["product_uom_qty"])
            * (100 - Decimal(line.get("discount", 0)))
            / 100
            for line in booked
        ),
        Decimal(0),
    )
    assert eur(total).rounded() == placed.lines[0].net.rounded()


def test_a_line_that_odoo_has_already_is_recognised() -> None:
    made = settings()
    [line] = booking.order_lines(draft("shop-1", order([item("SKU-0001", "2", "6.90")]), "7"), CATALOGUE, made)
    booked: dict[str, Any] = {
        "id": 1,
        "order_id": [1, "S00001"],
        "display_type": False,
        "product_id": [1, "[SKU-0001] Product 1"],
        "name": "Title of SKU-0001",
        "product_uom_qty": Decimal("2.0"),
        "price_unit": Decimal("6.9"),
        "discount": Decimal("0.0"),
        "tax_ids": [],
        "qty_delivered": 0,
        "qty_invoiced_posted": 0,
    }
    assert line.is_booked_as(LineRow.model_validate(booked), made)
    changes: list[tuple[str, object]] = [
        ("product_uom_qty", 3),
        ("price_unit", Decimal("6.91")),
        ("name", "Other"),
        ("tax_ids", [1]),
        ("discount", 1),
        ("product_id", [2, "x"]),
    ]
    for name, value in changes:
        assert not line.is_booked_as(LineRow.model_validate({**booked, name: value}), made)
    assert line.is_booked_as(LineRow.model_validate({**booked, "tax_ids": [1]}), settings(tax_handling="odoo"))


def test_binary_fractions_are_no_difference() -> None:
    placed = order([item("SKU-0001", "1", "26.38")])
    row = {
        **{"id": 1, "name": "S00001", "state": "draft", "locked": False, "client_order_ref": False},
        **{"partner_id": False, "partner_invoice_id": False, "partner_shipping_id": False, "currency_id": [1, "EUR"]},
        **{"amount_untaxed": Decimal(0), "amount_tax": Decimal(0), "amount_total": Decimal("26.380000000000003")},
    }
    assert mapper.lacking(placed, OrderRow.model_validate(row)) == 0


def test_an_address_is_known_by_its_content() -> None:
    same = HOME.model_copy()
    assert mapper.address_name("7", "delivery", HOME) == mapper.address_name("7", "delivery", same)
    for change in ({"line1": "Street 2"}, {"first_name": "Else"}, {"region_code": "BE"}, {"phone": "1"}):
        other = HOME.model_copy(update=change)
        assert mapper.address_name("7", "delivery", other) != mapper.address_name("7", "delivery", HOME)
    assert mapper.address_name("8", "delivery", HOME) != mapper.address_name("7", "delivery", HOME)
