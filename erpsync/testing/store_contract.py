"""The contract of the Store port as a test suite: subclass `StoreContract` with a fixture `stage`; pytest does the rest.

One that a store lacks must be refused with the sentence that its capabilities give; nothing is skipped.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderStatus, balance
from erpsync.ports.pages import Since
from erpsync.ports.spec import StoreAbility
from erpsync.ports.store import Store
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
    StoreVariant,
    SubscriptionState,
)
from erpsync.ports.webhooks import Change, Delivery, NotAuthentic
from erpsync.testing.product_contract import ProductContract
from erpsync.testing.reading import eur, everything, rest
from erpsync.testing.store_stage import StoreStage

ADDRESS = "https://erpsync.example.com/webhooks/shop"
# Less than the overlap of two reads must cover.
LATE_SECONDS = 5.0


class StoreContract(ProductContract):
    """Held by every store. Override nothing; give a `stage`."""

    def test_the_connection_answers_and_every_check_is_well(self, stage: StoreStage) -> None:
        store = stage.open()
        store.ping()
        if not stage.lacks(StoreAbility.SUBSCRIBE, lambda: store.subscribe(ADDRESS)):
            store.subscribe(ADDRESS)
        checks = store.check()
        assert len(checks) > 1
        assert [check for check in checks if not check.ok] == []

    # -- orders

    def test_an_order_is_read_whole_and_adds_up(self, stage: StoreStage) -> None:
        order_id = stage.controls.place({"SKU-0001": 2, "SKU-0002": 1}, email="ada@example.com")
        order = stage.order(order_id)
        assert (order.source_id, order.status, order.currency) == (order_id, OrderStatus.OPEN, "EUR")
        assert {str(line.sku): int(line.quantity) for line in order.lines} == {"SKU-0001": 2, "SKU-0002": 1}
        assert order.customer.email == "ada@example.com"
        assert order.total.amount == stage.controls.shown(order_id).total
        assert balance(order).residual.amount == 0

    def test_an_order_that_does_not_exist_is_not_an_error_of_the_others(self, stage: StoreStage) -> None:
        order_id = SourceId(stage.controls.place({"SKU-0001": 1}))
        answers = stage.open().read_orders([SourceId("999999999"), order_id])
        assert isinstance(answers[SourceId("999999999")], SyncError)
        assert isinstance(answers[order_id], Order)

    def test_edits_refunds_and_cancellations_are_read(self, stage: StoreStage) -> None:
        edited = stage.controls.place({"SKU-0001": 2, "SKU-0002": 1})
        stage.controls.edit(edited, {"SKU-0001": 5, "SKU-0002": 0})
        order = stage.order(edited)
        assert {str(line.sku): int(line.quantity) for line in order.lines if line.quantity} == {"SKU-0001": 5}
        assert balance(order).residual.amount == 0
        cancelled = stage.controls.place({"SKU-0001": 1})
        stage.controls.cancel(cancelled)
        assert stage.order(cancelled).status is OrderStatus.CANCELLED

    def test_what_was_paid_and_refunded_is_read(self, stage: StoreStage) -> None:
        order_id = SourceId(stage.controls.place({"SKU-0001": 2}))
        store = stage.open()
        if stage.lacks(StoreAbility.MONEY, lambda: store.read_money([order_id])):
            return
        total = stage.order(order_id).total
        given = stage.controls.refund(order_id, {"SKU-0001": 1})
        money = store.read_money([order_id])[order_id]
        assert not isinstance(money, SyncError)
        assert sum(payment.amount.amount for payment in money.payments) == total.amount
        [refund] = money.refunds
        assert refund.total == Money(amount=given, currency="EUR")
        assert [(str(line.sku), int(line.quantity)) for line in refund.lines] == [("SKU-0001", 1)]

    # -- what a poll finds

    def test_a_poll_finds_what_changed_since_the_one_before(self, stage: StoreStage) -> None:
        store = stage.open()
        old = stage.controls.place({"SKU-0001": 1})
        told, watermark = everything(store.orders_changed)
        assert old in {change.source_id for change in told}
        late = stage.controls.place({"SKU-0002": 1}, seconds_ago=LATE_SECONDS)
        stage.controls.edit(old, {"SKU-0001": 3})
        told, _ = everything(stage.open().orders_changed, watermark)
        by_id = {change.source_id: change for change in told}
        assert {old, late} <= by_id.keys()
        assert by_id[SourceId(old)].version >= stage.order(old).version - timedelta(seconds=1)
        assert not any(change.carries_state for change in told)
        assert all(change.number for change in told)

    def test_pages_of_a_poll_leave_nothing_out_though_orders_change_meanwhile(self, stage: StoreStage) -> None:
        placed = [stage.controls.place({"SKU-0001": 1}) for _ in range(7)]
        store = stage.open(page_size=3)
        page = store.orders_changed(Since())
        assert page.cursor is not None
        stage.controls.edit(placed[0], {"SKU-0001": 9})
        told = [*page.records, *rest(store.orders_changed, page)]
        again, _ = everything(stage.open().orders_changed, page.watermark)
        assert set(placed) <= {change.source_id for change in told} | {change.source_id for change in again}
        assert placed[0] in {change.source_id for change in [*told, *again]}

    def test_orders_of_a_time_are_read_for_backfills(self, stage: StoreStage) -> None:
        store = stage.open(page_size=3)
        placed = {stage.controls.place({"SKU-0001": 1}) for _ in range(5)}
        now = datetime.now(UTC)
        found = _between(store, now - timedelta(days=1), now + timedelta(minutes=1))
        assert placed <= {change.source_id for change in found}
        assert _between(store, now - timedelta(days=3), now - timedelta(days=2)) == []

    # -- webhooks

    def test_webhooks_are_made_once_and_repaired(self, stage: StoreStage) -> None:
        store = stage.open()
        if stage.lacks(StoreAbility.SUBSCRIBE, lambda: store.subscribe(ADDRESS)):
            return
        assert {one.state for one in store.subscriptions(ADDRESS)} == {SubscriptionState.MISSING}
        for _ in range(2):
            assert {one.state for one in stage.open().subscribe(ADDRESS)} == {SubscriptionState.ACTIVE}
        stage.controls.drop_subscriptions()
        assert {one.state for one in store.subscriptions(ADDRESS)} <= {
            SubscriptionState.MISSING,
            SubscriptionState.DISABLED,
        }
        assert {one.state for one in store.subscribe(ADDRESS)} == {SubscriptionState.ACTIVE}

    def test_a_delivery_is_believed_and_tells_of_its_order(self, stage: StoreStage) -> None:
        if stage.webhooks is None:
            return
        if StoreAbility.SUBSCRIBE not in stage.capabilities.missing:
            stage.open().subscribe(ADDRESS)
        stage.controls.hooks()
        order_id = stage.controls.place({"SKU-0001": 2})
        deliveries = [_delivery(hook.headers, hook.body) for hook in stage.controls.hooks()]
        assert deliveries
        changes: list[Change] = []
        for delivery in deliveries:
            stage.webhooks.verify(delivery, datetime.now(UTC))
            assert 0 < len(stage.webhooks.delivery_key(delivery)) <= 200
            changes += [one for one in stage.webhooks.changes(delivery) if isinstance(one, Change)]
        assert {change.source_id for change in changes if change.flow == "orders"} == {order_id}
        for delivery, change in zip(deliveries, changes, strict=False):
            if change.carries_state:
                assert (
                    stage.open().order_from_event(delivery.body).content_hash() == stage.order(order_id).content_hash()
                )

    def test_a_delivery_without_proof_is_not_believed(self, stage: StoreStage) -> None:
        if stage.webhooks is None:
            return
        if StoreAbility.SUBSCRIBE not in stage.capabilities.missing:
            stage.open().subscribe(ADDRESS)
        stage.controls.hooks()
        stage.controls.place({"SKU-0001": 2})
        hook = stage.controls.hooks()[0]
        bare = {name: value for name, value in hook.headers.items() if name.lower() in ("content-type", "user-agent")}
        for forged in (_delivery(bare, hook.body), _delivery({}, b"{}")):
            with pytest.raises(NotAuthentic):
                stage.webhooks.verify(forged, datetime.now(UTC))

    # -- what is written on orders

    def test_the_erps_number_is_shown_on_the_order(self, stage: StoreStage) -> None:
        order_id = SourceId(stage.controls.place({"SKU-0001": 1}))
        note = OrderNote(order_id, "erp", TargetId("4711"), "SO-4711")
        for _ in range(2):
            assert stage.open().write_back([note]) == {order_id: None}
        assert "SO-4711" in stage.controls.shown(order_id).notes

    def test_a_held_order_is_marked_and_released(self, stage: StoreStage) -> None:
        order_id = SourceId(stage.controls.place({"SKU-0001": 1}))
        store = stage.open()
        if stage.lacks(StoreAbility.MARK_ORDERS, lambda: store.mark_orders([OrderMark(order_id, "unknown-sku")])):
            return
        before = stage.controls.shown(order_id).marks
        for _ in range(2):
            assert store.mark_orders([OrderMark(order_id, "unknown-sku")]) == {order_id: None}
        marked = stage.controls.shown(order_id).marks
        assert len(marked) == len(before) + 1
        assert store.mark_orders([OrderMark(order_id, "")]) == {order_id: None}
        assert stage.controls.shown(order_id).marks == before

    # -- shipments

    def test_a_shipment_is_made_known_once_with_its_tracking(self, stage: StoreStage) -> None:
        order_id = stage.controls.place({"SKU-0001": 3, "SKU-0002": 1})
        first = fulfilment(stage, order_id, "ship-1", {"SKU-0001": 1}, "00340", notify=True)
        if stage.lacks(StoreAbility.FULFIL, lambda: stage.open().fulfil([first])):
            return
        made = [stage.open().fulfil([first])["ship-1"] for _ in range(2)]
        assert isinstance(made[0], StoreRef)
        assert made[0] == made[1]
        second = fulfilment(stage, order_id, "ship-2", {"SKU-0001": 2, "SKU-0002": 1}, "00341", notify=False)
        assert isinstance(stage.open().fulfil([second])["ship-2"], StoreRef)
        shown = stage.controls.shown(order_id)
        assert shown.shipments == {"00340": {"SKU-0001": 1}, "00341": {"SKU-0001": 2, "SKU-0002": 1}}
        assert shown.messages <= 1

    def test_a_shipment_that_names_no_order_line_is_matched_by_sku(self, stage: StoreStage) -> None:
        """Few ERPs keep the store's lines."""
        order_id = stage.controls.place({"SKU-0001": 3, "SKU-0002": 1})
        draft = fulfilment(stage, order_id, "ship-sku", {"SKU-0002": 1, "SKU-0001": 2}, "00344")
        draft = replace(draft, lines=tuple(replace(line, line_source_id=None) for line in draft.lines))
        if stage.lacks(StoreAbility.FULFIL, lambda: stage.open().fulfil([draft])):
            return
        assert isinstance(stage.open().fulfil([draft])["ship-sku"], StoreRef)
        assert stage.controls.shown(order_id).shipments == {"00344": {"SKU-0002": 1, "SKU-0001": 2}}

    def test_a_lost_reply_makes_no_second_shipment(self, stage: StoreStage) -> None:
        order_id = stage.controls.place({"SKU-0001": 2})
        draft = fulfilment(stage, order_id, "ship-lost", {"SKU-0001": 1}, "00342", notify=True)
        if stage.lacks(StoreAbility.FULFIL, lambda: stage.open().fulfil([draft])):
            return
        fired = stage.lose_reply()
        try:
            answer: object = stage.open().fulfil([draft])["ship-lost"]
        except SyncError as error:
            answer = error
        assert isinstance(answer, OutcomeUnknown), answer
        assert fired() == 1
        assert isinstance(stage.open().fulfil([draft])["ship-lost"], StoreRef)
        assert stage.controls.shown(order_id).shipments == {"00342": {"SKU-0001": 1}}

    def test_more_than_was_ordered_is_not_shipped(self, stage: StoreStage) -> None:
        order_id = stage.controls.place({"SKU-0001": 1})
        draft = fulfilment(stage, order_id, "ship-more", {"SKU-0001": 2}, "00343")
        if stage.lacks(StoreAbility.FULFIL, lambda: stage.open().fulfil([draft])):
            return
        refusal = stage.open().fulfil([draft])["ship-more"]
        assert isinstance(refusal, Rejected)
        assert refusal.problem.next_step
        assert stage.controls.shown(order_id).shipments == {}

    # -- stock and prices

    def test_stock_is_set_in_bulk_and_an_unknown_sku_fails_alone(self, stage: StoreStage) -> None:
        store, location = stage.open(), stage.controls.locations[0]
        changes = [StockChange(Sku(f"SKU-{number:04d}"), location, 100 + number) for number in range(1, 41)]
        if stage.lacks(StoreAbility.STOCK, lambda: store.set_stock(changes)):
            return
        changes.insert(20, StockChange(Sku("SKU-9999"), location, 5))
        answers = dict(store.set_stock(changes))
        assert isinstance(answers.pop((Sku("SKU-9999"), location)), Rejected)
        assert set(answers.values()) == {None}
        assert [stage.controls.stock(f"SKU-{number:04d}", location) for number in range(1, 41)] == list(range(101, 141))

    def test_stock_that_is_not_what_we_believed_is_left_alone(self, stage: StoreStage) -> None:
        """Whether the store compares by itself or is read just before."""
        store, location = stage.open(), stage.controls.locations[0]
        change = StockChange(Sku("SKU-0001"), location, 7, was=10)
        if stage.lacks(StoreAbility.STOCK, lambda: store.set_stock([change])):
            return
        stage.controls.put_stock("SKU-0001", location, 9)
        answer = store.set_stock([change])[Sku("SKU-0001"), location]
        assert isinstance(answer, Stale)
        assert answer.actual in (9, None)
        assert stage.controls.stock("SKU-0001", location) == 9
        again = replace(change, was=9)
        assert store.set_stock([again])[Sku("SKU-0001"), location] is None
        assert stage.controls.stock("SKU-0001", location) == 7

    def test_two_hundred_and_fifty_levels_are_set_in_one_call(self, stage: StoreStage) -> None:
        """All there are, and then again with others: of several of one place, the last one counts."""
        store, places = stage.open(), stage.controls.locations
        keys = [(f"SKU-{number:04d}", place) for number in range(1, 51) for place in places]
        keys = (keys * 250)[:250]
        changes = [StockChange(Sku(sku), place, at) for at, (sku, place) in enumerate(keys, start=1)]
        if stage.lacks(StoreAbility.STOCK, lambda: store.set_stock(changes)):
            return
        answers = store.set_stock(changes)
        wanted = dict(zip(keys, range(1, 251), strict=True))
        assert set(answers) == {(Sku(sku), place) for sku, place in wanted}
        assert set(answers.values()) == {None}
        assert {key: stage.controls.stock(*key) for key in wanted} == wanted

    def test_a_base_price_is_set(self, stage: StoreStage) -> None:
        store = stage.open()
        changes = [PriceChange(Sku("SKU-0003"), eur("12.34")), PriceChange(Sku("SKU-9999"), eur("1.00"))]
        if stage.lacks(StoreAbility.BASE_PRICES, lambda: store.set_base_prices(changes)):
            return
        answers = store.set_base_prices(changes)
        assert answers[Sku("SKU-0003")] is None
        assert isinstance(answers[Sku("SKU-9999")], Rejected)
        assert stage.controls.price("SKU-0003") == (Decimal("12.34"), None)

    @pytest.mark.parametrize("base", ["25.00", "12.00"], ids=["above the promotion", "below the promotion"])
    def test_a_promotion_survives_a_change_of_the_base_price(self, stage: StoreStage, base: str) -> None:
        """Twelve is below the promotion's 15: the store could end the promotion, so nothing is set then."""
        store = stage.open()
        change = PriceChange(Sku("SKU-0004"), eur(base))
        if stage.lacks(StoreAbility.BASE_PRICES, lambda: store.set_base_prices([change])):
            return
        stage.controls.put_price("SKU-0004", Decimal("20.00"), promotion=Decimal("15.00"))
        answer = store.set_base_prices([change])[Sku("SKU-0004")]
        shown_base, promotion = stage.controls.price("SKU-0004")
        assert promotion == Decimal("15.00")
        if isinstance(answer, Staged):
            assert shown_base == Decimal("20.00")
        else:
            assert answer is None
            assert shown_base == Decimal(base)

    def test_variants_are_told_with_price_promotion_and_stock(self, stage: StoreStage) -> None:
        store, location = stage.open(), stage.controls.locations[0]
        if stage.lacks(StoreAbility.VARIANTS, lambda: store.variants_changed(Since())):
            return
        stage.controls.put_price("SKU-0005", Decimal("20.00"), promotion=Decimal("15.00"))
        stage.controls.put_stock("SKU-0005", location, 33)
        told, watermark = everything(store.variants_changed)
        by_sku: dict[str, StoreVariant] = {str(variant.sku): variant for variant in told}
        assert {f"SKU-{number:04d}" for number in range(1, 51)} <= by_sku.keys()
        found = by_sku["SKU-0005"]
        assert (found.price.base, found.price.promotion) == (eur("20.00"), eur("15.00"))
        assert (found.tracked, found.active, found.stock[location]) == (True, True, 33)
        stage.controls.put_price("SKU-0006", Decimal("77.00"))
        again, _ = everything(stage.open().variants_changed, watermark)
        assert {str(one.sku): one.price.base for one in again}["SKU-0006"] == eur("77.00")

    def test_customers_are_told(self, stage: StoreStage) -> None:
        store = stage.open()
        if stage.lacks(StoreAbility.CUSTOMERS_CHANGED, lambda: store.customers_changed(Since())):
            return
        _, watermark = everything(store.customers_changed)
        customer_id = stage.controls.put_customer("Ada Lovelace", "ada@example.com", seconds_ago=LATE_SECONDS)
        told, _ = everything(stage.open().customers_changed, watermark)
        found = {one.customer.source_id: one.customer for one in told}[SourceId(customer_id)]
        assert (found.email, found.full_name) == ("ada@example.com", "Ada Lovelace")


def _between(store: Store, start: datetime, end: datetime) -> list[Change]:
    page = store.orders_between(start, end, None)
    found = [*page.records]
    while page.cursor is not None:
        page = store.orders_between(start, end, page.cursor)
        found += page.records
    return found


def _delivery(headers: Mapping[str, str], body: bytes) -> Delivery:
    return Delivery({name.lower(): value for name, value in headers.items()}, body)


def fulfilment(
    stage: StoreStage,
    order_id: str,
    reference: str,
    quantities: Mapping[str, int],
    number: str,
    *,
    notify: bool = False,
) -> FulfilmentDraft:
    lines = {str(line.sku): line.source_id for line in stage.order(order_id).lines}
    return FulfilmentDraft(
        reference=reference,
        order_id=SourceId(order_id),
        lines=tuple(FulfilledLine(lines[sku], Sku(sku), Decimal(quantity)) for sku, quantity in quantities.items()),
        parcels=(Parcel(carrier="DHL", number=number, url=f"https://track.example.com/{number}"),),
        notify=notify,
    )
