"""Calls to a shop that implements the contract: signatures, faults, limits, and records that fail alone."""

import urllib.request
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import (
    OutcomeUnknown,
    Rejected,
    Skip,
    SyncError,
    Throttled,
    Transient,
    Unavailable,
)
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import StoreAbility
from erpsync.ports.store_records import (
    FulfilledLine,
    FulfilmentDraft,
    OrderMark,
    OrderNote,
    PriceChange,
    Staged,
    StockChange,
    StoreRef,
)
from erpsync.ports.webhooks import Delivery
from erpsync.sandbox.faults import FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.custom.adapter import HttpStore
from erpsync.systems.custom.capabilities import capabilities_of
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.simulator import SECRET, CustomShop
from erpsync.systems.custom.webhooks import CustomWebhooks
from erpsync.testing.barrier import together
from erpsync.testing.clock import TestClock
from erpsync.testing.limits import limited
from erpsync.transport import signing
from tests.systems.custom.http_stand import Stand

OTHER_SECRET = "another secret, which is as long as the first"
CALLS = 5_000


def draft(order_id: str, reference: str = "ship-1", quantity: int = 1, notify: bool = True) -> FulfilmentDraft:
    line = FulfilledLine(SourceId(f"{order_id}-SKU-0001"), Sku("SKU-0001"), Decimal(quantity))
    return FulfilmentDraft(reference, SourceId(order_id), (line,), (Parcel(number="00340"),), notify)


# -- signatures


def test_every_call_is_signed_with_method_path_query_and_body(stand: Stand) -> None:
    headers = signing.call_headers([SECRET.encode()], "GET", "/erpsync/orders", b"", datetime.now(UTC))
    for path, method in (("/erpsync/orders?limit=5", "GET"), ("/erpsync/ping", "GET"), ("/erpsync/orders", "PUT")):
        with pytest.raises(urllib.error.HTTPError) as refused:
            _opener().open(
                urllib.request.Request(stand.served.base_url + path, headers=headers, method=method), timeout=20
            )
        refused.value.close()
        assert refused.value.code == 401


def test_a_copied_call_is_worth_nothing_later(stand: Stand) -> None:
    then = datetime.now(UTC) - timedelta(seconds=301)
    headers = signing.call_headers([SECRET.encode()], "GET", "/erpsync/orders", b"", then)
    with pytest.raises(urllib.error.HTTPError) as refused:
        _opener().open(urllib.request.Request(f"{stand.served.base_url}/erpsync/orders", headers=headers), timeout=20)
    refused.value.close()
    assert refused.value.code == 401


def test_a_shop_that_still_has_the_old_secret_believes_us_too(stand: Stand) -> None:
    stand.open(secret=OTHER_SECRET, previous_secret=SECRET).ping()
    with pytest.raises(Unavailable) as refused:
        stand.open(secret=OTHER_SECRET).ping()
    assert refused.value.code == "credentials-refused"


def test_ids_with_characters_of_addresses_are_quoted_and_signed(stand: Stand) -> None:
    wanted = [SourceId(one) for one in ("50%", "x?y=1", "#5 ü", "a~b.c-d_e", "..")]
    answers = stand.open().read_orders(wanted)
    assert [type(answers[one]) for one in wanted] == [Skip] * 4 + [Rejected]


def test_an_event_with_the_id_alone_makes_the_order_be_fetched(tools: Tools) -> None:
    shop = CustomShop(whole_events=False)
    order_id = shop.place({"SKU-0001": 1})
    with serve({"shop": shop}) as served:
        stand = Stand(shop, served["shop"], tools)
        [hook] = shop.hooks()
        delivery = Delivery({name.lower(): value for name, value in hook.headers.items()}, hook.body)
        webhooks = CustomWebhooks(CustomSettings.model_validate(dict(served["shop"].settings)))
        webhooks.verify(delivery, datetime.now(UTC))
        [change] = webhooks.changes(delivery)
        assert not change.carries_state
        found = stand.open().read_orders([change.source_id])[SourceId(order_id)]
        assert isinstance(found, Order)
        assert change.version >= found.version
        with pytest.raises(Rejected):
            stand.open().order_from_event(hook.body)


# -- records that fail alone


def test_an_order_that_cannot_be_read_fails_alone(stand: Stand) -> None:
    good, bad = (SourceId(stand.shop.place({"SKU-0001": 1})) for _ in range(2))
    stand.shop.spoilt[bad] = {"total": 12.5}
    answers = stand.open().read_orders([bad, good])
    assert isinstance(answers[good], Order)
    refusal = answers[bad]
    assert isinstance(refusal, Rejected)
    assert ("total" in refusal.problem.what, "12.5" in str(refusal), bool(refusal.problem.next_step)) == (
        True,
        False,
        True,
    )


def test_a_row_that_cannot_be_read_does_not_stop_the_poll(stand: Stand) -> None:
    orders = [stand.shop.place({"SKU-0001": 1}) for _ in range(3)]
    stand.shop.spoilt[orders[1]] = {"updated_at": None}
    page = stand.open().orders_changed(Since())
    assert [change.source_id for change in page.records] == [orders[0], orders[2]]
    [error] = page.unreadable
    assert error.problem.record == f"orders {orders[1]}"


def test_an_outage_in_the_middle_leaves_what_was_read(stand: Stand) -> None:
    orders = [SourceId(stand.shop.place({"SKU-0001": 1})) for _ in range(3)]
    fault = stand.fault(FaultKind.REFUSE, "GET orders/ID", skip=1)
    answers = stand.open().read_orders(orders)
    assert fault.fired == 1
    assert isinstance(answers[orders[0]], Order)
    assert {type(answers[one]) for one in orders[1:]} == {Unavailable}
    fault = stand.fault(FaultKind.REFUSE, "GET orders/ID")
    with pytest.raises(Unavailable):
        stand.open().read_orders(orders)
    assert fault.fired == 1


@pytest.mark.parametrize("status", [301, 404, 405, 410])
def test_a_page_that_is_not_the_shops_is_not_taken_for_a_missing_order(stand: Stand, status: int) -> None:
    order_id = SourceId(stand.shop.place({"SKU-0001": 1}))
    fault = stand.fault(FaultKind.STATUS, "GET orders/ID", status=status, body=b"<html>not found</html>")
    with pytest.raises(Unavailable) as error:
        stand.open().read_orders([order_id])
    assert fault.fired == 1
    assert "url" in error.value.problem.next_step


def test_a_redirected_write_waits_and_one_that_the_shop_does_not_know_is_for_a_person(stand: Stand) -> None:
    """A page of maintenance, say; while an ability that is named and not there must not stop all else."""
    notes = [OrderNote(SourceId(stand.shop.place({"SKU-0001": 1})), "erp", TargetId("1"), "SO1")]
    moved = stand.fault(FaultKind.STATUS, "POST orders/ID/erp", status=302)
    with pytest.raises(Unavailable):
        stand.open().write_back(notes)
    unknown = stand.fault(FaultKind.STATUS, "POST orders/ID/erp", status=405, body=b"<html>not allowed</html>")
    [answer] = stand.open().write_back(notes).values()
    assert isinstance(answer, Rejected)
    assert "abilities" in answer.problem.next_step
    assert (moved.fired, unknown.fired) == (1, 1)


def test_an_answer_that_is_not_the_contracts_is_tried_again(stand: Stand) -> None:
    for body in (b"<html>", b"{}", b"[]", b'{"orders": 5, "now": "2026-01-01T00:00:00Z"}'):
        fault = stand.fault(FaultKind.STATUS, "GET orders", status=200, body=body)
        with pytest.raises(Transient) as error:
            stand.open().orders_changed(Since())
        assert (fault.fired, error.value.code) == (1, "reply-unreadable")


def test_a_cursor_that_leads_to_itself_ends_the_read(stand: Stand) -> None:
    body = b'{"orders": [], "cursor": "again", "now": "2026-01-01T00:00:00Z"}'
    fault = stand.fault(FaultKind.STATUS, "GET orders", status=200, body=body, times=2)
    page = stand.open().orders_changed(Since())
    with pytest.raises(Transient):
        stand.open().orders_changed(Since(None, page.cursor))
    assert fault.fired == 2


# -- writes


def test_a_shipment_that_is_put_late_is_one_shipment(stand: Stand) -> None:
    order_id = stand.shop.place({"SKU-0001": 2})
    fault = stand.fault(FaultKind.LATE, "PUT orders/ID/fulfilments/REFERENCE", seconds=0.3)
    answer = stand.open().fulfil([draft(order_id)])["ship-1"]
    assert (isinstance(answer, OutcomeUnknown), fault.fired) == (True, 1)
    again = stand.open().fulfil([draft(order_id)])["ship-1"]
    stand.served.faulty.wait_for_late()
    assert isinstance(again, StoreRef)
    shown = stand.shop.shown(order_id)
    assert (shown.shipments, shown.messages) == ({"00340": {"SKU-0001": 1}}, 1)


def test_two_workers_with_one_shipment_make_one(stand: Stand) -> None:
    order_id = stand.shop.place({"SKU-0001": 2})
    stores = [stand.open(), stand.open()]
    futures = together(*(lambda store=store: store.fulfil([draft(order_id)])["ship-1"] for store in stores))
    first, second = (future.result() for future in futures)
    assert isinstance(first, StoreRef)
    assert first == second
    assert len(stand.shop.fulfilments) == 1


def test_one_bad_shipment_leaves_its_neighbours(stand: Stand) -> None:
    order_id = stand.shop.place({"SKU-0001": 2})
    wrong = replace(draft(order_id, "ship-2"), lines=(FulfilledLine(SourceId("none"), Sku("SKU-0009"), Decimal(1)),))
    answers = stand.open().fulfil([wrong, draft(order_id), draft("o-9", "ship-3")])
    assert isinstance(answers["ship-1"], StoreRef)
    assert isinstance(answers["ship-2"], Rejected)
    assert isinstance(answers["ship-3"], Skip)


def test_a_reference_that_stands_for_another_shipment_is_refused(stand: Stand) -> None:
    order_id = stand.shop.place({"SKU-0001": 5})
    stand.open().fulfil([draft(order_id)])
    answer = stand.open().fulfil([draft(order_id, quantity=2)])["ship-1"]
    assert isinstance(answer, Rejected)
    assert "reference-used" in answer.problem.what


def test_what_is_only_set_may_be_set_again_after_a_lost_reply(stand: Stand) -> None:
    order_id = SourceId(stand.shop.place({"SKU-0001": 1}))
    writes: dict[str, Callable[[HttpStore], object]] = {
        "POST orders/ID/erp": lambda store: store.write_back([OrderNote(order_id, "erp", TargetId("1"), "SO1")]),
        "POST orders/ID/hold": lambda store: store.mark_orders([OrderMark(order_id, "unknown-sku")]),
        "PUT stock": lambda store: store.set_stock([StockChange(Sku("SKU-0001"), "shop", 3)]),
        "PUT prices": lambda store: store.set_base_prices([PriceChange(Sku("SKU-0001"), eur("5.00"))]),
    }
    for operation, write in writes.items():
        fault = stand.fault(FaultKind.LOST_REPLY, operation)
        with pytest.raises(Unavailable):
            write(stand.open())
        assert fault.fired == 1
        assert list(write(stand.open()).values()) == [None]  # type: ignore[attr-defined]
    shown = stand.shop.shown(order_id)
    assert (shown.notes, shown.marks, stand.shop.stock("SKU-0001", "shop")) == ("SO1", ("unknown-sku",), 3)


def test_a_thousand_levels_are_set_in_four_calls_and_an_outage_keeps_what_was_set(stand: Stand) -> None:
    changes = [StockChange(Sku(f"SKU-{number:04d}"), "shop", 5) for number in range(1, 1001)]
    answers = stand.open().set_stock(changes)
    assert stand.served.faulty.operations["PUT stock"] == 4
    assert sum(answer is None for answer in answers.values()) == 50
    fault = stand.fault(FaultKind.REFUSE, "PUT stock", skip=1, times=None)
    answers = stand.open().set_stock(changes)
    assert fault.fired == 3
    assert [answers[change.sku, "shop"] for change in changes[:50]] == [None] * 50
    assert isinstance(answers[changes[-1].sku, "shop"], Unavailable)


def test_a_record_that_the_answer_leaves_out_is_no_success(stand: Stand) -> None:
    fault = stand.fault(FaultKind.STATUS, "PUT stock", status=200, body=b'{"results": []}')
    answer = stand.open().set_stock([StockChange(Sku("SKU-0001"), "shop", 3)])[Sku("SKU-0001"), "shop"]
    assert (fault.fired, isinstance(answer, Rejected)) == (1, True)


def test_refusals_say_what_to_do(stand: Stand) -> None:
    store, order_id = stand.open(), stand.shop.place({"SKU-0001": 1})
    stand.shop.cancel(order_id)
    answers: list[object] = [
        store.set_stock([StockChange(Sku("SKU-0001"), "moon", 3)])[Sku("SKU-0001"), "moon"],
        store.set_base_prices([PriceChange(Sku("SKU-0001"), Money(amount=Decimal(1), currency="USD"))])[
            Sku("SKU-0001")
        ],
        store.fulfil([draft(order_id)])["ship-1"],
    ]
    for answer, code in zip(answers, ("unknown-location", "currency", "cancelled"), strict=True):
        assert isinstance(answer, Rejected)
        assert code in answer.problem.what
        assert answer.problem.next_step
        assert "simulator" not in str(answer)


def test_a_promotion_puts_a_price_off_until_it_ends(stand: Stand) -> None:
    stand.shop.put_price("SKU-0001", Decimal("20.00"), promotion=Decimal("15.00"), end_seconds=3600)
    answer = stand.open().set_base_prices([PriceChange(Sku("SKU-0001"), eur("12.00"))])[Sku("SKU-0001")]
    assert isinstance(answer, Staged)
    assert answer.until is not None
    assert abs(answer.until - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)


# -- abilities


def test_a_shop_without_an_ability_is_never_asked_for_it(stand: Stand) -> None:
    store = stand.open(abilities="")
    missing = capabilities_of(CustomSettings.model_validate({**stand.served.settings, "abilities": ""})).missing
    calls: dict[StoreAbility, Callable[[], object]] = {
        StoreAbility.STOCK: lambda: store.set_stock([]),
        StoreAbility.BASE_PRICES: lambda: store.set_base_prices([]),
        StoreAbility.PRODUCTS: lambda: store.put_products([]),
        StoreAbility.FULFIL: lambda: store.fulfil([]),
        StoreAbility.MARK_ORDERS: lambda: store.mark_orders([]),
        StoreAbility.MONEY: lambda: store.read_money([]),
        StoreAbility.VARIANTS: lambda: store.variants_changed(Since()),
        StoreAbility.CUSTOMERS_CHANGED: lambda: store.customers_changed(Since()),
    }
    assert set(missing) == {*calls, StoreAbility.SUBSCRIBE}
    for ability, call in calls.items():
        with pytest.raises(Rejected) as refused:
            call()
        assert refused.value.problem.what == missing[ability]
    note = OrderNote(SourceId("o-1"), "erp", TargetId("1"), "SO1")
    assert store.write_back([note]) == {"o-1": None}
    assert stand.served.faulty.operations == {}


def test_an_ability_that_the_shop_has_not_is_a_setting_to_correct(tools: Tools) -> None:
    shop = CustomShop(abilities=[])
    with serve({"shop": shop}) as served:
        order_id = SourceId(shop.place({"SKU-0001": 1}))
        stand = Stand(shop, served["shop"], tools)
        answer = stand.open(abilities="hold").mark_orders([OrderMark(order_id, "unknown-sku")])[order_id]
    assert isinstance(answer, SyncError)
    assert answer.problem.next_step


# -- pace


def test_too_many_calls_are_told_to_wait(tools: Tools) -> None:
    clock = TestClock()
    shop = CustomShop(requests=1, per_seconds=60, clock=clock.now)
    with serve({"shop": shop}) as served:
        stand = Stand(shop, served["shop"], replace(tools, clock=clock))
        stand.open().ping()
        clock.advance(10)
        with pytest.raises(Throttled) as throttled:
            stand.open().ping()
    assert throttled.value.retry_after_seconds == 50


def test_five_thousand_calls_of_two_workers_keep_the_shops_pace(tools: Tools) -> None:
    clock = TestClock()
    shop = CustomShop(requests=300, per_seconds=10, clock=clock.now)
    order_id = SourceId(shop.place({"SKU-0001": 1}))
    moved = limited(replace(tools, clock=clock, pause=clock.advance))
    with serve({"shop": shop}) as served:
        stores = [Stand(shop, served["shop"], moved).open() for _ in range(2)]
        for number in range(CALLS):
            try:
                stores[number % 2].read_orders([order_id])
            except Throttled as throttled:
                clock.advance(throttled.retry_after_seconds or 1.0)
    assert sum(shop.answered.values()) == CALLS
    assert shop.answered.get(429, 0) < CALLS / 100
    # The limit was really met: thirty calls a second.
    assert clock.now() - TestClock().now() >= timedelta(seconds=CALLS / 30 - 10)


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
