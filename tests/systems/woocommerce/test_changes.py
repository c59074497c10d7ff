"""What polls and backfills find, while the shop goes on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import SourceId
from erpsync.domain.orders import Order
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Start
from erpsync.ports.webhooks import Change
from erpsync.systems.woocommerce.adapter import WooCommerceStore
from erpsync.systems.woocommerce.simulator import WooCommerceSimulator
from erpsync.testing.clock import TestClock
from erpsync.testing.store_contract import everything
from tests.systems.woocommerce.stand import Stand, stand


def ids(changes: list[Change]) -> list[str]:
    return [change.source_id for change in changes]


def rest(store: WooCommerceStore, page: Page[Change]) -> list[Change]:
    told: list[Change] = []
    while page.cursor is not None:
        page = store.orders_changed(Since(None, page.cursor))
        told += page.records
    return told


def test_orders_are_told_once_each_in_the_order_of_their_ids(shop: Stand) -> None:
    placed = [shop.shop.place({"SKU-0001": 1}, seconds_ago=seconds) for seconds in (5, 400, 90, 3, 7, 8, 0)]
    told, _ = everything(shop.open(page_size=3).orders_changed)
    assert ids(told) == placed


def test_an_order_deleted_between_two_pages_hides_none_of_the_others(shop: Stand) -> None:
    """WooCommerce pages by position: the rest moves up by one for each that goes."""
    placed = [shop.shop.place({"SKU-0001": 1}) for _ in range(12)]
    store = shop.open(page_size=3)
    page = store.orders_changed(Since())
    for gone in placed[:3]:
        shop.shop.trash(gone)
    assert ids([*page.records, *rest(shop.open(page_size=3), page)]) == placed


class WithoutTotals(WooCommerceSimulator):
    """Behind a proxy that lets no header through that it does not know."""

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]]) -> None:
            start_response(status, [(name, value) for name, value in headers if not name.startswith("X-WP-")])

        return super().__call__(environ, start)


def test_a_list_whose_total_is_not_told_is_read_to_its_end(tools: Tools) -> None:
    with stand(tools, WithoutTotals()) as shop:
        placed = [shop.shop.place({"SKU-0001": 1}) for _ in range(9)]
        told, _ = everything(shop.open(page_size=3).orders_changed)
        assert ids(told) == placed


def test_an_order_changed_between_two_pages_is_told_again_by_the_next_read(shop: Stand) -> None:
    old = shop.shop.place({"SKU-0001": 1}, seconds_ago=9000)
    placed = [shop.shop.place({"SKU-0001": 1}) for _ in range(7)]
    begin = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    store = shop.open(page_size=3)
    page = store.orders_changed(Since(begin))
    shop.shop.edit(old, {"SKU-0001": 2})
    assert ids([*page.records, *rest(store, page)]) == placed
    assert old in ids(everything(store.orders_changed, page.watermark)[0])


@pytest.mark.parametrize("hours", [-10.0, 0.0, 5.5])
def test_the_shops_own_time_zone_does_not_matter(tools: Tools, hours: float) -> None:
    with stand(tools, hours_from_utc=hours) as shop:
        shop.shop.place({"SKU-0001": 1}, seconds_ago=3600)
        now = datetime.now(UTC)
        late = shop.shop.place({"SKU-0001": 1}, seconds_ago=60)
        page = shop.open().orders_changed(Since((now - timedelta(minutes=2)).isoformat()))
        assert ids(list(page.records)) == [late]
        between = shop.open().orders_between(now - timedelta(minutes=2), now, None)
        assert ids(list(between.records)) == [late]


def test_a_change_in_the_second_of_the_watermark_is_found(shop: Stand) -> None:
    """`modified_after` leaves out its own second."""
    order_id = shop.shop.place({"SKU-0001": 1}, seconds_ago=60)
    changed_at = shop.order(order_id).version
    assert ids(list(shop.open().orders_changed(Since(changed_at.isoformat())).records)) == [order_id]


def test_the_limits_of_a_backfill_are_kept_to_the_second(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, seconds_ago=60)
    placed_at = shop.order(order_id).created_at
    second = timedelta(seconds=1)
    store = shop.open()
    assert ids(list(store.orders_between(placed_at, placed_at + second, None).records)) == [order_id]
    assert ids(list(store.orders_between(placed_at - second, placed_at, None).records)) == []
    assert ids(list(store.orders_between(placed_at + second, placed_at + 2 * second, None).records)) == []


def test_the_first_read_begins_where_it_is_told(shop: Stand) -> None:
    shop.shop.place({"SKU-0001": 1}, seconds_ago=7200)
    late = shop.shop.place({"SKU-0001": 1})
    begin = datetime.now(UTC) - timedelta(hours=1)
    assert ids(list(shop.open().orders_changed(Since(begin=begin)).records)) == [late]
    assert len(shop.open().orders_changed(Since()).records) == 2


def test_drafts_of_the_checkout_are_not_told(shop: Stand) -> None:
    shop.shop.place({"SKU-0001": 1}, status="checkout-draft")
    placed = shop.shop.place({"SKU-0001": 1})
    assert ids(list(shop.open().orders_changed(Since()).records)) == [placed]


def test_the_watermark_is_the_shops_clock_before_the_read_less_an_overlap(tools: Tools) -> None:
    ours = TestClock()
    theirs = TestClock(ours.now() + timedelta(seconds=40))
    with stand(replace(tools, clock=ours), clock=theirs.now) as shop:
        watermark = datetime.fromisoformat(shop.open().orders_changed(Since()).watermark)
    assert watermark == theirs.now() - timedelta(minutes=5)


def test_a_row_that_cannot_be_read_does_not_stop_a_page(shop: Stand) -> None:
    broken, well = shop.shop.place({"SKU-0001": 1}), shop.shop.place({"SKU-0001": 1})
    shop.shop._shapes.order = _without_time(shop.shop._shapes.order, broken)  # type: ignore[method-assign]
    page = shop.open().orders_changed(Since())
    assert ids(list(page.records)) == [well]
    [error] = page.unreadable
    assert isinstance(error, Rejected)
    assert error.problem.record == f"order {broken}"


def _without_time(shape, broken):  # type: ignore[no-untyped-def]
    return lambda order: shape(order) | ({"date_modified_gmt": None} if str(order.id) == broken else {})


def test_a_cursor_of_another_kind_is_refused(shop: Stand) -> None:
    with pytest.raises(Rejected, match="cannot be understood"):
        shop.open().orders_changed(Since(None, "7"))


def test_a_hundred_orders_are_read_in_one_call_and_more_in_two(shop: Stand) -> None:
    placed = [SourceId(shop.shop.place({"SKU-0001": 1})) for _ in range(101)]
    store = shop.open()
    store.read_orders(placed[:100])
    assert shop.calls("GET orders") == 1
    assert len(store.read_orders(placed)) == 101
    assert shop.calls("GET orders") == 3


def test_a_host_that_takes_smaller_pages_is_asked_for_no_more_orders_at_once(shop: Stand) -> None:
    placed = [SourceId(shop.shop.place({"SKU-0001": 1})) for _ in range(50)]
    answers = shop.open(page_size=20).read_orders(placed)
    assert all(isinstance(answer, Order) for answer in answers.values())
    assert (len(answers), shop.calls("GET orders")) == (50, 3)


def test_ids_that_no_order_can_have_are_not_asked_for(shop: Stand) -> None:
    answers = shop.open().read_orders([SourceId("1,2"), SourceId("x"), SourceId("")])
    assert {error.code for error in answers.values() if not hasattr(error, "lines")} == {"order-gone"}
    assert shop.calls("GET orders") == 0


# -- variants


@pytest.mark.parametrize("release", [(9, 9), (10, 3), (10, 4)])
def test_variations_are_told_by_every_release(tools: Tools, release: tuple[int, int]) -> None:
    with stand(tools, release=release) as shop:
        told, _ = everything(shop.open(page_size=20).variants_changed)
        by_sku = {str(one.sku): one for one in told}
        assert len(told) == len(by_sku) == 52
        variation, parent = by_sku["SKU-0031"], shop.shop.shop.by_sku("SKU-0031").parent_id
        assert variation.product_id == str(parent)
        assert variation.stock == {"shop": 10}


@pytest.mark.parametrize("release", [(9, 9), (10, 4)])
def test_a_variation_that_changed_without_its_parent_is_told(tools: Tools, release: tuple[int, int]) -> None:
    with stand(tools, release=release) as shop:
        for product in shop.shop.shop.products.values():
            product.modified_at -= timedelta(hours=1)
        _, watermark = everything(shop.open().variants_changed)
        shop.shop.put_price("SKU-0031", Decimal("77.00"))
        told, _ = everything(shop.open().variants_changed, watermark)
        assert [str(one.sku) for one in told] == ["SKU-0031"]


def test_stock_that_is_not_counted_is_not_told(shop: Stand) -> None:
    told, _ = everything(shop.open().variants_changed)
    loose = {str(one.sku): (one.tracked, one.stock) for one in told}
    assert loose["SKU-0060"] == loose["SKU-0061"] == (False, {})


def test_a_sale_is_told_with_its_times(shop: Stand) -> None:
    shop.shop.put_price("SKU-0008", Decimal("20.00"), promotion=Decimal("15.00"), start_seconds=60, end_seconds=3600)
    told, _ = everything(shop.open().variants_changed)
    price = next(one.price for one in told if one.sku == "SKU-0008")
    assert price.promotion_from is not None
    assert price.promotion_until is not None
    assert price.promotion_until - price.promotion_from == timedelta(seconds=3540)


# -- customers


def test_customers_are_told_with_their_role_and_staff_is_not(shop: Stand) -> None:
    dealer = shop.shop.put_customer("Grace Hopper", "grace@example.com", role="wholesale_customer")
    plain = shop.shop.put_customer("Ada Lovelace", "ada@example.com")
    shop.shop.put_customer("The Boss", "boss@example.com", role="shop_manager")
    told, _ = everything(shop.open().customers_changed)
    groups = {str(one.customer.source_id): one.customer.groups for one in told}
    assert groups[dealer] == ("wholesale_customer",)
    assert groups[plain] == ()
    assert "boss@example.com" not in {one.customer.email for one in told}


def test_customers_that_did_not_change_are_not_told_again(shop: Stand) -> None:
    for customer in shop.shop.shop.customers.values():
        customer.created_at -= timedelta(hours=1)
    _, watermark = everything(shop.open().customers_changed)
    changed = shop.shop.put_customer("Ada Lovelace", "ada@example.com", seconds_ago=5)
    told, _ = everything(shop.open().customers_changed, watermark)
    assert [one.customer.source_id for one in told] == [changed]
