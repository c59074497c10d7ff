"""Whatever a store charges, the canonical order comes to the same sum."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from erpsync.domain.orders import balance
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import has_more
from erpsync.systems.bigcommerce.mapper import Parts, read_order
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from erpsync.systems.bigcommerce.simulator_http import Request
from erpsync.systems.bigcommerce.simulator_orders import OrdersApi
from erpsync.systems.bigcommerce.simulator_shop import Shop, stocked

SETTINGS = BigCommerceSettings.model_validate(
    {"store_hash": "abc", "access_token": "t", "webhook_secret": "sixteen-characters"}
)
CENTS = st.integers(1, 99_999).map(lambda cents: Decimal(cents) / 100)


@settings(max_examples=150)
@given(
    lines=st.lists(st.tuples(CENTS, st.integers(1, 12)), min_size=1, max_size=6),
    rate=st.sampled_from(["0", "0.07", "0.19", "0.055", "0.0825"]),
    inclusive=st.booleans(),
    on_lines=st.booleans(),
    percent=st.integers(0, 30),
    wrapping=st.sampled_from(["0", "2.50"]),
)
def test_every_order_adds_up(
    lines: list[tuple[Decimal, int]], rate: str, inclusive: bool, on_lines: bool, percent: int, wrapping: str
) -> None:
    shop = stocked(
        Shop(lambda: datetime(2026, 10, 5, tzinfo=UTC), "abc", Decimal(rate), inclusive, frozenset(), "secret")
    )
    for number, (price, _) in enumerate(lines, 1):
        shop.products[number]["price"] = price
    quantities = {f"SKU-{number:04d}": quantity for number, (_, quantity) in enumerate(lines, 1)}
    order = shop.place(quantities, "", 0, wrapping=Decimal(wrapping))
    given_off = [
        (line["price"] * line["quantity"] * percent / 100).quantize(Decimal("0.01")) for line in order["lines"]
    ]
    order["discount_amount"] = sum(given_off, Decimal(0))
    if on_lines:
        for line, amount in zip(order["lines"], given_off, strict=True):
            line["discounts"] = [{"id": "x", "amount": str(amount), "name": "x", "code": None, "target": "order"}]
    shop.add_up(order)
    routes = OrdersApi(shop).routes()
    request = Request("GET", "", {"include": "consignments.line_items,fees", "details": "true"}, None, (order["id"],))
    head = routes["GET", "/v2/orders/{id}"](request).body
    [place] = head["consignments"]["shipping"]
    parts = Parts(
        order=wire.Order.model_validate(head),
        lines=[wire.Line.model_validate(line) for line in place["line_items"]],
        shipping=[wire.Shipping.model_validate(place)],
        taxes=[wire.Tax.model_validate(row) for row in routes["GET", "/v2/orders/{id}/taxes"](request).body or []],
    )
    found = read_order(parts, SETTINGS)
    assert balance(found).residual.amount == 0
    assert found.total.amount == order["total"]
    assert all(line.discount.amount >= 0 and line.unit_price.amount >= 0 for line in found.lines)


def test_a_list_goes_on_while_the_store_says_so_however_few_it_answers_with() -> None:
    told = {"data": [1, 2], "meta": {"pagination": {"total_pages": 3}}}
    assert [has_more(told, page, 1_000) for page in (1, 2, 3)] == [True, True, False]
    assert [has_more({"data": [1] * rows}, 1, 5) for rows in (5, 4)] == [True, False]
