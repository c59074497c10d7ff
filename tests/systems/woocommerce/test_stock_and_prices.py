"""Stock and base prices, set in bulk and never by halves."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import PriceAnswer, PriceChange, Staged, Stale, StockAnswer, StockChange
from erpsync.sandbox.faults import FaultKind
from erpsync.testing.clock import TestClock
from tests.systems.woocommerce.stand import Stand, stand


def set_stock(shop: Stand, sku: str, quantity: int, location: str = "shop", **changes: object) -> StockAnswer:
    change = StockChange(Sku(sku), location, quantity)
    return shop.open(**changes).set_stock([change])[change.sku, location]


def set_price(shop: Stand, sku: str, amount: str, currency: str = "EUR", price_list: str = "") -> PriceAnswer:
    price = Money(amount=Decimal(amount), currency=currency)
    return shop.open().set_base_prices([PriceChange(Sku(sku), price, price_list)])[Sku(sku)]


def refused(answer: object, code: str) -> None:
    assert isinstance(answer, Rejected), answer
    assert answer.code == code
    assert answer.problem.next_step
    assert answer.problem.record.startswith("SKU ")


def test_fifty_skus_take_a_lookup_and_a_call_for_each_parent(shop: Stand) -> None:
    changes = [StockChange(Sku(f"SKU-{number:04d}"), "shop", number) for number in range(1, 51)]
    assert set(shop.open().set_stock(changes).values()) == {None}
    assert (shop.calls("GET products"), shop.calls("POST products/batch")) == (1, 1)
    assert shop.calls("POST products/{id}/variations/batch") == 3
    assert [shop.shop.stock(f"SKU-{number:04d}", "shop") for number in (1, 5, 31, 50)] == [1, 5, 31, 50]


def test_stock_that_is_not_counted_is_found_out_and_not_believed_to_be_set(shop: Stand) -> None:
    refused(set_stock(shop, "SKU-0060", 7), "stock-not-tracked")
    assert set_stock(shop, "SKU-0060", 7, enable_stock_tracking=True) is None
    assert shop.shop.shop.by_sku("SKU-0060").manage_stock is True
    assert shop.shop.stock("SKU-0060", "shop") == 7


def test_stock_is_compared_before_it_is_set(shop: Stand) -> None:
    shop.shop.put_stock("SKU-0001", "shop", 9)
    shop.shop.put_stock("SKU-0031", "shop", 9)
    shop.shop.put_stock("SKU-0002", "shop", 10)
    changes = [StockChange(Sku(sku), "shop", 7, was=10) for sku in ("SKU-0001", "SKU-0031", "SKU-0002")]
    assert list(shop.open().set_stock(changes).values()) == [Stale(9), Stale(9), None]
    assert [shop.shop.stock(sku, "shop") for sku in ("SKU-0001", "SKU-0031", "SKU-0002")] == [9, 9, 7]


def test_what_is_not_counted_yet_is_not_compared(shop: Stand) -> None:
    [answer] = shop.open(enable_stock_tracking=True).set_stock([StockChange(Sku("SKU-0060"), "shop", 7, 3)]).values()
    assert answer is None
    assert shop.shop.stock("SKU-0060", "shop") == 7


def test_stock_that_is_counted_on_the_parent_is_never_moved_to_the_variation(shop: Stand) -> None:
    for setting in (False, True):
        refused(set_stock(shop, "SKU-0061", 7, enable_stock_tracking=setting), "stock-on-parent")


def test_a_quantity_that_the_shop_ignored_with_200_is_found_out(shop: Stand) -> None:
    shop.shop.shop.manage_stock = False
    refused(set_stock(shop, "SKU-0001", 77), "stock-not-taken")
    refused(set_stock(shop, "SKU-0031", 77), "stock-not-taken")


def test_one_row_that_fails_leaves_its_neighbours(shop: Stand) -> None:
    changes = [StockChange(Sku(sku), "shop", 5) for sku in ("SKU-0001", "SKU-0002", "SKU-0031")]
    doomed = shop.shop.shop.by_sku("SKU-0002")
    original = shop.shop.api.shelves._products

    def then_gone(query):  # type: ignore[no-untyped-def]
        found = original(query)
        shop.shop.shop.products.pop(doomed.id, None)
        return found

    shop.shop.api.shelves._products = then_gone  # type: ignore[method-assign]
    answers = shop.open().set_stock(changes)
    assert answers[Sku("SKU-0001"), "shop"] is None
    assert answers[Sku("SKU-0031"), "shop"] is None
    error = answers[Sku("SKU-0002"), "shop"]
    assert isinstance(error, Rejected)
    assert "woocommerce_rest_product_invalid_id" in error.problem.what


def test_skus_that_cannot_be_set_say_why(shop: Stand) -> None:
    shop.shop.shop.by_sku("SKU-0009").sku = "SKU-0008"
    shop.shop.shop.products[shop.shop.shop.by_sku("SKU-0005").parent_id].sku = "SHIRT"
    refused(set_stock(shop, "SKU-0008", 1), "sku-twice")
    refused(set_stock(shop, "SHIRT", 1), "sku-of-parent")
    refused(set_stock(shop, "SKU-7777", 1), "unknown-sku")
    refused(set_stock(shop, "SKU-0001", 1, location="back"), "unknown-location")
    refused(set_price(shop, "SHIRT", "1.00"), "sku-of-parent")


def test_stock_that_a_parent_counts_for_its_variations_is_set_on_the_parent(shop: Stand) -> None:
    parent = shop.shop.shop.products[shop.shop.shop.by_sku("SKU-0061").parent_id]
    parent.sku, parent.manage_stock = "SHIRT", True
    assert set_stock(shop, "SHIRT", 12) is None
    assert shop.shop.stock("SHIRT", "shop") == 12
    refused(set_price(shop, "SHIRT", "1.00"), "sku-of-parent")


def test_a_sku_in_every_language_is_not_set_in_some_of_them(shop: Stand) -> None:
    """Fifty SKUs in four languages each: two hundred matches, a hundred a page."""
    for number in range(1, 51):
        original = shop.shop.shop.by_sku(f"SKU-{number:04d}")
        for _ in range(3):
            copy = shop.shop.shop._product(original.sku, original.name, "simple")
            copy.stock = 10
    changes = [StockChange(Sku(f"SKU-{number:04d}"), "shop", 7) for number in range(1, 51)]
    for answer in shop.open().set_stock(changes).values():
        refused(answer, "sku-twice")
    assert {product.stock for product in shop.shop.shop.products.values() if product.type != "variable"} == {10}


@pytest.mark.parametrize("sku", ["A,B", "A & B", "50% off", "Ä/1", "a+b", "A B"])
def test_skus_with_odd_characters_are_found(shop: Stand, sku: str) -> None:
    shop.shop.shop.by_sku("SKU-0001").sku = sku
    answers = shop.open().set_stock([StockChange(Sku(one), "shop", 3) for one in (sku, "SKU-0002")])
    assert set(answers.values()) == {None}


def test_many_long_skus_are_looked_up_in_addresses_of_a_bearable_length(shop: Stand) -> None:
    changes = [StockChange(Sku(f"{number:040d}"), "shop", 1) for number in range(100)]
    assert {type(answer) for answer in shop.open().set_stock(changes).values()} == {Rejected}
    assert shop.calls("GET products") == 2


def test_a_lost_reply_leaves_stock_unknown_and_setting_it_again_is_harmless(shop: Stand) -> None:
    fault = shop.fault(FaultKind.LOST_REPLY, "POST products/batch")
    with pytest.raises(OutcomeUnknown) as unknown:
        set_stock(shop, "SKU-0001", 5)
    assert (fault.fired, unknown.value.settle_seconds) == (1, 1)
    assert set_stock(shop, "SKU-0001", 5) is None


def test_what_was_set_before_the_shop_asked_for_patience_stays_answered(shop: Stand) -> None:
    fault = shop.fault(FaultKind.STATUS, "POST products/{id}/variations/batch", status=429, skip=1)
    skus = ("SKU-0001", "SKU-0005", "SKU-0031", "SKU-0041")
    answers = shop.open().set_stock([StockChange(Sku(sku), "shop", 5) for sku in skus])
    told = [answers[Sku(sku), "shop"] for sku in skus]
    assert fault.fired == 1
    assert told[:2] == [None, None]
    assert all(isinstance(answer, Throttled) for answer in told[2:])


def test_a_price_list_and_another_currency_are_refused(shop: Stand) -> None:
    refused(set_price(shop, "SKU-0001", "9.99", price_list="dealers"), "no-price-lists")
    refused(set_price(shop, "SKU-0001", "9.99", currency="USD"), "currency-differs")


@pytest.mark.parametrize("sku", ["SKU-0004", "SKU-0031"])
@pytest.mark.parametrize("base", ["12.00", "15.00"], ids=["below the sale", "at the sale"])
def test_a_price_that_would_end_the_sale_waits_for_its_end(tools: Tools, sku: str, base: str) -> None:
    clock = TestClock()
    with stand(replace(tools, clock=clock), clock=clock.now) as shop:
        shop.shop.put_price(sku, Decimal("20.00"), promotion=Decimal("15.00"), end_seconds=3600)
        assert set_price(shop, sku, base) == Staged(clock.now() + timedelta(hours=1))
        assert shop.shop.price(sku) == (Decimal("20.00"), Decimal("15.00"))


def test_a_sale_without_an_end_is_waited_for_too(shop: Stand) -> None:
    shop.shop.put_price("SKU-0004", Decimal("20.00"), promotion=Decimal("15.00"))
    assert set_price(shop, "SKU-0004", "10.00") == Staged(None)


def test_a_sale_to_come_is_kept_and_one_that_is_over_is_not(shop: Stand) -> None:
    shop.shop.put_price("SKU-0004", Decimal("20.00"), promotion=Decimal("15.00"), start_seconds=60, end_seconds=120)
    assert isinstance(set_price(shop, "SKU-0004", "12.00"), Staged)
    shop.shop.put_price("SKU-0004", Decimal("20.00"), promotion=Decimal("15.00"), start_seconds=-90, end_seconds=-60)
    assert set_price(shop, "SKU-0004", "12.00") is None
    assert shop.shop.price("SKU-0004") == (Decimal("12.00"), None)


def test_a_price_above_the_sale_is_set_beside_it(shop: Stand) -> None:
    shop.shop.put_price("SKU-0004", Decimal("20.00"), promotion=Decimal("15.00"))
    assert set_price(shop, "SKU-0004", "15.01") is None
    assert shop.shop.price("SKU-0004") == (Decimal("15.01"), Decimal("15.00"))


def test_the_simulated_shop_does_erase_a_sale_without_a_word(shop: Stand) -> None:
    """What the adapter must not let happen."""
    shop.shop.put_price("SKU-0004", Decimal("20.00"), promotion=Decimal("15.00"))
    product_id = shop.shop.shop.by_sku("SKU-0004").id
    answer = shop.shop.api.answer(
        "POST", ("products", "batch"), {}, {"update": [{"id": product_id, "regular_price": "15.00"}]}
    )
    assert answer.status == 200
    assert shop.shop.price("SKU-0004") == (Decimal("15.00"), None)


def test_a_reply_lost_at_a_price_is_unknown(shop: Stand) -> None:
    fault = shop.fault(FaultKind.LOST_REPLY, "POST products/batch")
    with pytest.raises(SyncError) as unknown:
        set_price(shop, "SKU-0001", "5.00")
    assert (fault.fired, unknown.value.code) == (1, "reply-lost")
