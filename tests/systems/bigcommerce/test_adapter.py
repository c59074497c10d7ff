"""A BigCommerce store under the conditions that it has, and those that it should not have."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Unavailable
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import (
    FulfilledLine,
    FulfilmentDraft,
    OrderMark,
    OrderNote,
    PriceChange,
    Staged,
    Stale,
    StockChange,
    StoreRef,
    SubscriptionState,
)
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.bigcommerce import SPEC
from erpsync.systems.bigcommerce.adapter import BigCommerceStore
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from erpsync.systems.bigcommerce.simulator import BigCommerceSimulator
from erpsync.testing.barrier import Meeting, together
from erpsync.testing.limits import limited
from tests.systems.bigcommerce.conftest import Bench, HandClock

SHIP = r"POST /v2/orders/\{id\}/shipments"
ADDRESS = "https://erpsync.example.com/webhooks/shop"


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def shipment(order_id: str, reference: str = "ship-1", quantity: int = 1, sku: str = "SKU-0001") -> FulfilmentDraft:
    line = FulfilledLine(None, Sku(sku), Decimal(quantity))
    return FulfilmentDraft(reference, SourceId(order_id), (line,), (Parcel(carrier="DHL", number="00340"),), True)


# -- the pace


def test_five_thousand_calls_keep_within_the_quota(tools: Tools) -> None:
    """By a clock that only pauses move: as if calls took no time, which is the hardest case."""
    clock = HandClock()
    simulator = BigCommerceSimulator(now=clock.now)
    with serve({"shop": simulator}) as served:
        settings = BigCommerceSettings.model_validate(served["shop"].settings)
        ours = Tools(clock, tools.nonce, tools.cache_directory, clock.pause)
        store = BigCommerceStore(settings, limited(ours, SPEC.allowance(settings)))
        failed = 0
        for _ in range(5_000):
            try:
                store.ping()
            except Throttled:
                failed += 1
    assert simulator.served + simulator.refused == 5_000
    assert simulator.refused == failed
    assert simulator.refused < 50
    assert max(clock.paused) <= 5
    # 150 in 30 seconds are 1,000 seconds for 5,000; no more than a tenth of the quota is left unused.
    assert 1_000 * 0.9 < sum(clock.paused) < 1_000 * 1.1


def test_a_quota_that_others_use_up_is_an_error_with_its_wait(tools: Tools) -> None:
    simulator = BigCommerceSimulator(quota=1, now=HandClock().now)
    with serve({"shop": simulator}) as served:
        settings = BigCommerceSettings.model_validate(served["shop"].settings)
        BigCommerceStore(settings, tools).ping()
        with pytest.raises(Throttled) as caught:
            BigCommerceStore(settings, tools).ping()
    assert caught.value.retry_after_seconds == 30


def test_a_long_wait_is_not_sat_out(tools: Tools) -> None:
    """Others have used the quota up: what is left of the window is for the ledger to wait, and no call is made."""
    clock = HandClock()
    simulator = BigCommerceSimulator(now=clock.now)
    with serve({"shop": simulator}) as served:
        settings = BigCommerceSettings.model_validate(served["shop"].settings)
        quiet = Tools(clock, tools.nonce, tools.cache_directory, lambda _: None)
        for _ in range(146):
            BigCommerceStore(settings, quiet).ping()
        ours = BigCommerceStore(settings, limited(quiet, SPEC.allowance(settings)))
        ours.ping()
        with pytest.raises(Throttled) as caught:
            ours.ping()
    assert caught.value.retry_after_seconds == 30
    assert (simulator.served, simulator.refused) == (147, 0)


def test_older_and_silent_refusals_of_pace_are_understood(bench: Bench) -> None:
    bench.served.faulty.add(Fault(FaultKind.STATUS, status=429, headers=(("X-Retry-After", "15"),)))
    bench.served.faulty.add(Fault(FaultKind.STATUS, status=429))
    waits = []
    for _ in range(2):
        with pytest.raises(Throttled) as caught:
            bench.store().ping()
        waits.append(caught.value.retry_after_seconds)
    assert waits == [15, None]


def test_a_shipment_that_was_throttled_was_not_made(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1})
    bench.served.faulty.add(Fault(FaultKind.STATUS, SHIP, status=429))
    assert isinstance(bench.store().fulfil([shipment(order_id)])["ship-1"], Throttled)
    assert bench.simulator.shown(order_id).shipments == {}


# -- shipments


def test_a_late_shipment_is_not_taken_for_one_that_was_not_made(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 2})
    fault = bench.served.faulty.add(Fault(FaultKind.LATE, SHIP, seconds=0.2))
    lost = bench.store(settle_seconds="33").fulfil([shipment(order_id)])["ship-1"]
    assert isinstance(lost, OutcomeUnknown)
    assert lost.settle_seconds == 33
    bench.served.faulty.wait_for_late()
    assert fault.fired == 1
    assert isinstance(bench.store().fulfil([shipment(order_id)])["ship-1"], StoreRef)
    assert bench.simulator.shown(order_id).shipments == {"00340": {"SKU-0001": 1}}


def test_one_reference_is_not_taken_for_another_that_begins_like_it(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 2})
    made = bench.store().fulfil([shipment(order_id, "ship-10"), shipment(order_id, "ship-1")])
    assert made["ship-10"] != made["ship-1"]
    assert len(bench.simulator.records()["shipments"]) == 2


class TwoAtOnce(BigCommerceSimulator):
    """Answers no shipment before two are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self._both = Meeting(2)

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        name = super().operation(environ, body)
        if re.fullmatch(SHIP, name):
            self._both.arrive()
        return name


def test_two_workers_do_not_ship_the_same_goods_twice(tools: Tools) -> None:
    """Nothing keeps two workers from both looking before either writes; the store then refuses what is shipped already."""
    simulator = TwoAtOnce()
    order_id = simulator.place({"SKU-0001": 1})
    with serve({"shop": simulator}) as served:
        settings = BigCommerceSettings.model_validate(served["shop"].settings)
        workers = [BigCommerceStore(settings, tools) for _ in range(2)]
        told = together(*(lambda store=store: store.fulfil([shipment(order_id)]) for store in workers), seconds=60)
    assert {type(future.result()["ship-1"]) for future in told} == {StoreRef, Rejected}
    assert len(simulator.records()["shipments"]) == 1


def test_lines_for_several_addresses_are_a_shipment_for_each(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1, "SKU-0002": 1})
    order = bench.simulator.shop.orders[int(order_id)]
    order["addresses"].append({**order["addresses"][0], "id": 9_999})
    order["lines"][1]["address"] = 9_999
    lines = tuple(FulfilledLine(None, Sku(sku), Decimal(1)) for sku in ("SKU-0001", "SKU-0002"))
    draft = FulfilmentDraft("ship-1", SourceId(order_id), lines, (Parcel(carrier="UPS", number="1Z"),), False)
    lost = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, SHIP, skip=1))
    assert isinstance(bench.store().fulfil([draft])["ship-1"], OutcomeUnknown)
    assert lost.fired == 1
    assert isinstance(bench.store().fulfil([draft])["ship-1"], StoreRef)
    made = bench.simulator.records()["shipments"]
    assert [one["order_address_id"] for one in made] == [order["addresses"][0]["id"], 9_999]
    assert {one["shipping_provider"] for one in made} == {"ups"}


def test_one_sku_on_two_addresses_is_shipped_alike_on_a_second_attempt(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1, "SKU-0002": 3})
    order = bench.simulator.shop.orders[int(order_id)]
    order["addresses"].append({**order["addresses"][0], "id": 9_999})
    order["lines"][1].update(address=9_999, sku="SKU-0001")
    lost = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, SHIP))
    assert isinstance(bench.store().fulfil([shipment(order_id, quantity=3)])["ship-1"], OutcomeUnknown)
    assert lost.fired == 1
    assert isinstance(bench.store().fulfil([shipment(order_id, quantity=3)])["ship-1"], StoreRef)
    assert [line["shipped"] for line in order["lines"]] == [1, 2]


def test_a_shipment_that_is_there_is_found_though_the_order_was_changed_since(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1, "SKU-0002": 1})
    made = bench.store().fulfil([shipment(order_id)])
    bench.simulator.edit(order_id, {"SKU-0001": 0})
    assert bench.store().fulfil([shipment(order_id)]) == made


def test_carriers_and_parcels_are_told_as_far_as_there_is_room(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1})
    parcels = (
        Parcel(carrier="DHL", number="00340", url="https://t.example.com/1"),
        Parcel(carrier="DHL", number="00341"),
    )
    draft = FulfilmentDraft("ship-1", SourceId(order_id), shipment(order_id).lines, parcels, True)
    bench.store(carriers="DHL=dhl").fulfil([draft])
    [made] = bench.simulator.records()["shipments"]
    assert (made["tracking_carrier"], made["tracking_number"], made["shipping_method"]) == ("dhl", "00340", "DHL")
    assert made["tracking_link"] == "https://t.example.com/1"
    assert "00341" in made["comments"]


def test_what_cannot_be_shipped_is_refused_with_what_to_do(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1, "SKU-0002": 1})
    bench.simulator.shop.orders[int(order_id)]["lines"][1]["address"] = 0
    half = FulfilledLine(None, Sku("SKU-0001"), Decimal("0.5"))
    drafts = [
        shipment(order_id, "unknown", sku="SKU-0009"),
        shipment(order_id, "download", sku="SKU-0002"),
        FulfilmentDraft("half", SourceId(order_id), (half,), (), False),
        shipment(order_id, "much", quantity=2),
        FulfilmentDraft("long", SourceId(order_id), shipment(order_id).lines, (Parcel(number="9" * 51),), False),
        shipment(order_id, "good"),
    ]
    answers = bench.store().fulfil(drafts)
    refused = {key: answer for key, answer in answers.items() if isinstance(answer, Rejected)}
    assert {key: error.code for key, error in refused.items()} == {
        "unknown": "line-not-found",
        "download": "line-not-shipped",
        "half": "shipment-not-whole",
        "much": "shipped-too-much",
        "long": "tracking-number-too-long",
    }
    assert all(error.problem.next_step and "Ada" not in str(error) for error in refused.values())
    assert isinstance(answers["good"], StoreRef)


# -- what is written on orders


def test_an_external_id_of_a_sales_channel_is_kept(bench: Bench) -> None:
    order_id = SourceId(bench.simulator.place({"SKU-0001": 1}, external_order_id="304-1234567", staff_notes="VIP"))
    note = OrderNote(order_id, "erp", TargetId("1"), "SO-1")
    for _ in range(2):
        assert bench.store().write_back([note]) == {order_id: None}
    order = bench.simulator.shop.orders[int(order_id)]
    assert order["external_order_id"] == "304-1234567"
    assert order["staff_notes"] == "VIP\n[erpsync] in the ERP as: SO-1 (erp)"


def test_marks_leave_the_notes_of_people_alone_and_write_only_what_changes(bench: Bench) -> None:
    order_id = SourceId(bench.simulator.place({"SKU-0001": 1}, staff_notes="call back\r\nVIP"))
    store = bench.store()
    for code in ("unknown-sku", "unknown-sku", "no-price", ""):
        store.mark_orders([OrderMark(order_id, code)])
    assert bench.simulator.shop.orders[int(order_id)]["staff_notes"] == "call back\nVIP"
    assert bench.served.faulty.operations["PUT /v2/orders/{id}"] == 3


def test_an_order_that_is_gone_fails_alone(bench: Bench) -> None:
    order_id = SourceId(bench.simulator.place({"SKU-0001": 1}))
    notes = [OrderNote(SourceId(key), "erp", TargetId("1"), "SO-1") for key in ("999999", order_id)]
    answers = bench.store().write_back(notes)
    assert isinstance(answers[SourceId("999999")], SyncError)
    assert answers[order_id] is None


def test_a_lost_reply_to_a_note_is_an_outage_and_no_question(bench: Bench) -> None:
    order_id = SourceId(bench.simulator.place({"SKU-0001": 1}))
    fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, r"PUT /v2/orders/\{id\}"))
    answer = bench.store().write_back([OrderNote(order_id, "erp", TargetId("1"), "SO-1")])[order_id]
    assert fault.fired == 1
    assert isinstance(answer, Unavailable)


# -- stock


def test_stock_is_named_at_the_level_at_which_it_is_counted(bench: Bench) -> None:
    shop = bench.simulator.shop
    shop.products[1]["inventory_tracking"] = "none"
    shop.variants[1050]["product_id"] = 2  # a product with options, counted as a whole
    shop.products[2]["base_variant_id"] = None
    skus = [Sku(f"SKU-{number:04d}") for number in (1, 3, 45, 50)]
    answers = bench.store().set_stock([StockChange(sku, place, 8) for sku in skus for place in ("LOC-1", "2")])
    codes = {key: answer.code if isinstance(answer, Rejected) else answer for key, answer in answers.items()}
    assert {codes[Sku("SKU-0001"), place] for place in ("LOC-1", "2")} == {"stock-not-tracked"}
    assert {codes[Sku("SKU-0050"), place] for place in ("LOC-1", "2")} == {"stock-by-product"}
    assert [codes[sku, place] for sku in skus[1:3] for place in ("LOC-1", "2")] == [None] * 4
    assert [bench.simulator.stock(sku, "LOC-2") for sku in skus[1:3]] == [8, 8]


def test_two_thousand_levels_are_one_adjustment(bench: Bench) -> None:
    changes = [
        StockChange(Sku(f"SKU-{number:04d}"), place, 3) for number in range(1, 51) for place in ("LOC-1", "LOC-2")
    ]
    answers = bench.store().set_stock(changes)
    assert set(answers.values()) == {None}
    called = bench.served.faulty.operations
    assert called["PUT /v3/inventory/adjustments/absolute"] == 1
    assert sum(called.values()) <= 4


def test_levels_are_compared_at_their_location_before_they_are_set(bench: Bench) -> None:
    """By product or by variant, whichever way the location is named."""
    simple, variant = Sku("SKU-0003"), Sku("SKU-0045")
    for sku in (simple, variant):
        bench.simulator.put_stock(sku, "LOC-1", 10)
        bench.simulator.put_stock(sku, "LOC-2", 20)
    changes = [StockChange(sku, place, 5, was=10) for sku in (simple, variant) for place in ("LOC-1", "2")]
    changes.append(StockChange(Sku("SKU-0007"), "LOC-1", 5))
    answers = bench.store().set_stock(changes)
    assert [answers[sku, "LOC-1"] for sku in (simple, variant, Sku("SKU-0007"))] == [None] * 3
    assert [answers[sku, "2"] for sku in (simple, variant)] == [Stale(20)] * 2
    assert [bench.simulator.stock(sku, place) for sku in (simple, variant) for place in ("LOC-1", "LOC-2")] == [
        *(5, 20),
        *(5, 20),
    ]
    called = bench.served.faulty.operations
    assert called["PUT /v3/inventory/adjustments/absolute"] == 1
    assert bench.store().set_stock(changes[1:2]) == {(simple, "2"): Stale(20)}
    assert called["PUT /v3/inventory/adjustments/absolute"] == 1


def test_one_level_that_the_store_refuses_fails_alone(bench: Bench) -> None:
    """Its way to refuse names no record: the halves tell which one it is."""
    refused = bench.served.faulty.add(
        Fault(FaultKind.STATUS, r"PUT /v3/inventory/.*", '"product_id":7}', status=422, body=b"{}", times=None)
    )
    changes = [StockChange(Sku(f"SKU-{number:04d}"), "LOC-1", 3) for number in range(1, 17)]
    answers = bench.store().set_stock(changes)
    assert refused.fired > 1
    bad = {key[0] for key, answer in answers.items() if answer is not None}
    assert bad == {Sku("SKU-0007")}
    assert bench.simulator.stock("SKU-0008", "LOC-1") == 3


def test_many_skus_that_the_store_has_not_cost_no_call_each(bench: Bench) -> None:
    changes = [StockChange(Sku(f"OTHER-{number}"), "LOC-1", 3) for number in range(100)]
    answers = bench.store().set_stock(changes)
    assert all(isinstance(answer, Rejected) and answer.code == "unknown-sku" for answer in answers.values())
    assert sum(bench.served.faulty.operations.values()) <= 5


def test_a_few_skus_are_not_sought_among_all_the_variants_of_a_large_store(bench: Bench) -> None:
    shop = bench.simulator.shop
    for number in range(250 * 15):
        shop.variants[100_000 + number] = {**shop.variants[1041], "id": 100_000 + number, "sku": f"V-{number}"}
    answers = bench.store().set_stock([StockChange(Sku(f"OTHER-{number}"), "LOC-1", 3) for number in range(12)])
    assert all(isinstance(answer, Rejected) and answer.code == "unknown-sku" for answer in answers.values())
    assert sum(bench.served.faulty.operations.values()) <= 4 + 12


def test_a_sku_with_a_comma_is_found(bench: Bench) -> None:
    bench.simulator.shop.variants[1045]["sku"] = "A,B"
    assert bench.store().set_stock([StockChange(Sku("A,B"), "LOC-1", 3)]) == {(Sku("A,B"), "LOC-1"): None}


def test_an_unknown_location_and_an_impossible_level_are_refused(bench: Bench) -> None:
    changes = [StockChange(Sku("SKU-0001"), "Mars", 1), StockChange(Sku("SKU-0001"), "LOC-1", 2**31)]
    answers = bench.store().set_stock(changes)
    assert {answer.code for answer in answers.values() if isinstance(answer, Rejected)} == {
        "unknown-location",
        "stock-out-of-range",
    }


# -- prices


def test_a_price_at_or_below_the_sale_price_waits(bench: Bench) -> None:
    bench.simulator.put_price("SKU-0001", Decimal("20.00"), promotion=Decimal("15.00"))
    for price in ("15.00", "14.99"):
        answer = bench.store().set_base_prices([PriceChange(Sku("SKU-0001"), eur(price))])[Sku("SKU-0001")]
        assert answer == Staged(until=None)
    assert bench.simulator.price("SKU-0001") == (Decimal("20.00"), Decimal("15.00"))


def test_a_variants_price_does_not_hide_the_sale_of_its_product(bench: Bench) -> None:
    shop = bench.simulator.shop
    shop.variants[1045]["price"] = None
    shop.products[41]["sale_price"] = Decimal("7.00")
    sku = Sku("SKU-0045")
    assert bench.store().set_base_prices([PriceChange(sku, eur("9.00"))]) == {sku: Staged(until=None)}
    assert bench.simulator.price(sku) == (Decimal("10.00"), Decimal("7.00"))
    shop.products[41]["sale_price"] = Decimal(0)
    assert bench.store().set_base_prices([PriceChange(sku, eur("9.00"))]) == {sku: None}
    assert bench.simulator.price(sku) == (Decimal("9.00"), None)


def test_prices_go_in_batches_of_ten_products_and_fifty_variants(bench: Bench) -> None:
    changes = [PriceChange(Sku(f"SKU-{number:04d}"), eur("12.00")) for number in range(1, 51)]
    assert set(bench.store().set_base_prices(changes).values()) == {None}
    called = bench.served.faulty.operations
    assert (called["PUT /v3/catalog/products"], called["PUT /v3/catalog/variants"]) == (4, 1)
    assert bench.simulator.price("SKU-0050") == (Decimal("12.00"), None)


def test_one_price_that_the_store_refuses_or_does_not_save_fails_alone(bench: Bench) -> None:
    for status in (207, 404, 422):
        fault = bench.served.faulty.add(
            Fault(FaultKind.STATUS, "PUT /v3/catalog/products", '"id":3,', status=status, body=b"{}", times=None)
        )
        changes = [PriceChange(Sku(f"SKU-{number:04d}"), eur("12.00")) for number in range(1, 8)]
        answers = bench.store().set_base_prices(changes)
        assert fault.fired > 1
        assert {sku for sku, answer in answers.items() if isinstance(answer, Rejected)} == {Sku("SKU-0003")}
        bench.served.faulty.remove(fault)


def test_a_price_in_another_currency_is_refused(bench: Bench) -> None:
    price = Money(amount=Decimal(1), currency="USD")
    answer = bench.store().set_base_prices([PriceChange(Sku("SKU-0001"), price)])[Sku("SKU-0001")]
    assert isinstance(answer, Rejected)
    assert answer.code == "other-currency"


def test_a_price_lists_other_prices_are_kept(bench: Bench) -> None:
    shop = bench.simulator.shop
    shop.price_lists[7] = "Wholesale"
    tiers = [{"quantity_min": 10, "type": "price", "amount": 1}]
    shop.price_records[7, 1001, "eur"] = {"price": Decimal(9), "sale_price": Decimal(8), "bulk_pricing_tiers": tiers}
    usd = Money(amount=Decimal("11.00"), currency="USD")
    store = bench.store()
    answers = store.set_base_prices(
        [PriceChange(Sku("SKU-0001"), eur("9.50"), "Wholesale"), PriceChange(Sku("SKU-0002"), usd, "Wholesale")]
    )
    assert set(answers.values()) == {None}
    assert shop.price_records[7, 1001, "eur"]["price"] == Decimal("9.50")
    assert shop.price_records[7, 1001, "eur"]["sale_price"] == Decimal(8)
    assert shop.price_records[7, 1001, "eur"]["bulk_pricing_tiers"] == tiers
    assert shop.price_records[7, 1002, "usd"]["price"] == Decimal("11.00")
    below = store.set_base_prices([PriceChange(Sku("SKU-0001"), eur("8.00"), "7")])
    assert below == {Sku("SKU-0001"): Staged(until=None)}
    unknown = store.set_base_prices([PriceChange(Sku("SKU-0001"), eur("8.00"), "Retail")])[Sku("SKU-0001")]
    assert isinstance(unknown, Rejected)
    assert bench.simulator.price("SKU-0001")[0] == Decimal("10.00")


def test_a_price_that_waits_is_told_though_one_of_a_list_was_set(bench: Bench) -> None:
    shop = bench.simulator.shop
    shop.price_lists[7] = "Wholesale"
    bench.simulator.put_price("SKU-0001", Decimal("20.00"), promotion=Decimal("15.00"))
    sku = Sku("SKU-0001")
    changes = [PriceChange(sku, eur("12.00")), PriceChange(sku, eur("9.00"), "Wholesale")]
    for one_after_the_other in (changes, changes[::-1]):
        assert bench.store().set_base_prices(one_after_the_other) == {sku: Staged(until=None)}
    assert shop.price_records[7, 1001, "eur"]["price"] == Decimal("9.00")


# -- polls and webhooks


def test_a_price_of_an_options_variant_is_found_though_its_product_does_not_change(bench: Bench) -> None:
    watermark = "2100-01-01T00:00:00Z"
    bench.simulator.put_price("SKU-0045", Decimal("33.00"))
    told = bench.store().variants_changed(Since(watermark)).records
    assert {one.sku: one.price.base for one in told}[Sku("SKU-0045")] == eur("33.00")
    assert bench.store(variants_read="changed").variants_changed(Since(watermark)).records == ()


def test_one_bad_row_does_not_stop_a_poll(bench: Bench) -> None:
    bad, good = (bench.simulator.place({"SKU-0001": 1}) for _ in range(2))
    bench.simulator.shop.orders[int(bad)]["total"] = Decimal("NaN")
    page = bench.store().orders_changed(Since())
    assert [change.source_id for change in page.records] == [good]
    [error] = page.unreadable
    assert bad in str(error)


def test_a_poll_goes_on_in_another_process_and_keeps_its_watermark(bench: Bench) -> None:
    ids = [bench.simulator.place({"SKU-0001": 1}) for _ in range(4)]
    first = bench.store(page_size="3").orders_changed(Since())
    assert first.cursor is not None
    second = bench.store(page_size="3").orders_changed(Since(None, first.cursor))
    assert [change.source_id for change in (*first.records, *second.records)] == ids
    assert (second.watermark, second.cursor) == (first.watermark, None)


def test_customers_are_read_by_the_cursor_of_the_store(bench: Bench) -> None:
    ids = [bench.simulator.put_customer("Ada Lovelace", f"ada{number}@example.com") for number in range(5)]
    store, since, told = bench.store(page_size="2"), Since(), []
    while True:
        page = store.customers_changed(since)
        told += [one.customer.source_id for one in page.records]
        if page.cursor is None:
            break
        since = Since(None, page.cursor)
    assert told == ids


def test_a_webhook_of_another_program_is_left_alone(bench: Bench) -> None:
    scope = "store/order/updated"
    other = "https://other.example.com/hook"
    bench.simulator.shop.hooks[1] = {
        "id": 1,
        "client_id": "client",
        "store_hash": "simstore1",
        "scope": scope,
        "destination": other,
        "headers": None,
        "is_active": True,
        "created_at": 0,
        "updated_at": 0,
    }
    bench.store().subscribe(ADDRESS)
    assert bench.simulator.shop.hooks[1]["destination"] == other
    assert len([hook for hook in bench.simulator.shop.hooks.values() if hook["scope"] == scope]) == 2


def test_webhooks_follow_a_new_address_and_a_new_secret(bench: Bench) -> None:
    bench.store().subscribe(ADDRESS)
    moved = ADDRESS.replace("shop", "store")
    assert {one.state for one in bench.store().subscriptions(moved)} == {SubscriptionState.ELSEWHERE}
    assert {one.state for one in bench.store().subscribe(moved)} == {SubscriptionState.ACTIVE}
    rotated = bench.store(webhook_secret="another-secret-of-ours")
    assert {one.state for one in rotated.subscriptions(moved)} == {SubscriptionState.DISABLED}
    assert {one.state for one in rotated.subscribe(moved)} == {SubscriptionState.ACTIVE}
    assert len(bench.simulator.shop.hooks) == 4


# -- refusals


def test_a_wrong_store_does_not_make_its_orders_look_gone(bench: Bench) -> None:
    order_id = SourceId(bench.simulator.place({"SKU-0001": 1}))
    store = bench.store(store_hash="other1")
    with pytest.raises(Unavailable):
        store.orders_changed(Since())
    for read in (store.read_orders, store.read_money):
        with pytest.raises(Unavailable):
            read([order_id])
    assert isinstance(store.write_back([OrderNote(order_id, "erp", TargetId("1"), "SO-1")])[order_id], Unavailable)
    assert isinstance(store.fulfil([shipment(order_id)])["ship-1"], Unavailable)


def test_a_scope_that_is_missing_is_named(tools: Tools) -> None:
    simulator = BigCommerceSimulator(scopes={"orders:read"})
    with serve({"shop": simulator}) as served:
        store = BigCommerceStore(BigCommerceSettings.model_validate(served["shop"].settings), tools)
        with pytest.raises(Rejected) as caught:
            store.variants_changed(Since())
    assert caught.value.code == "permission-missing"
    assert "Products" in caught.value.problem.what
    assert caught.value.problem.next_step


def test_a_refusals_text_never_reaches_ours(bench: Bench) -> None:
    order_id = SourceId(bench.simulator.place({"SKU-0001": 1}))
    for body in (
        b'[{"status": 400, "message": "ada@example.com is invalid", "details": {"billing_address.email": "ada"}}]',
        b'{"status": 422, "title": "ada@example.com is invalid", "errors": {"billing_address.email": "ada@example.com"}}',
    ):
        bench.served.faulty.add(Fault(FaultKind.STATUS, r"PUT /v2/orders/\{id\}", status=400, body=body))
        answer = bench.store().write_back([OrderNote(order_id, "erp", TargetId("1"), "SO-1")])[order_id]
        assert isinstance(answer, Rejected)
        assert "billing_address.email" in str(answer)
        assert "ada@example.com" not in str(answer)
        assert answer.problem.next_step


def test_a_proxys_page_in_place_of_a_shipment_leaves_it_unknown(bench: Bench) -> None:
    order_id = bench.simulator.place({"SKU-0001": 1})
    bench.served.faulty.add(Fault(FaultKind.STATUS, SHIP, status=200, body=b"<html>"))
    assert isinstance(bench.store().fulfil([shipment(order_id)])["ship-1"], OutcomeUnknown)
