"""A store in memory, which implements the whole port and fails as it is told."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order
from erpsync.ports.checks import Check
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Clock
from erpsync.ports.store_records import (
    FulfilmentDraft,
    OrderMark,
    OrderMoney,
    OrderNote,
    PriceAnswer,
    PriceChange,
    ProductAnswer,
    ProductDraft,
    Staged,
    Stale,
    StockAnswer,
    StockChange,
    StoreCustomer,
    StoreRef,
    StoreVariant,
    StoreWritten,
    Subscription,
    SubscriptionState,
)
from erpsync.ports.webhooks import Change
from erpsync.testing.fake_catalogue import Catalogue
from erpsync.testing.fakes import fields_of
from erpsync.testing.faults import Faults
from erpsync.testing.pages import page_of

T = TypeVar("T")
PAGE_SIZE = 250
TOPICS = ("orders/created", "orders/updated")


@dataclass
class Shop:
    """What a fake store holds."""

    orders: dict[SourceId, Order] = field(default_factory=dict)
    money: dict[SourceId, OrderMoney] = field(default_factory=dict)
    notes: dict[SourceId, OrderNote] = field(default_factory=dict)
    marks: dict[SourceId, str] = field(default_factory=dict)
    catalogue: Catalogue = field(default_factory=Catalogue)
    customers: dict[SourceId, StoreCustomer] = field(default_factory=dict)
    shipments: dict[str, FulfilmentDraft] = field(default_factory=dict)
    subscriptions: dict[str, str] = field(default_factory=dict)
    price_lists: dict[str, dict[Sku, Money]] = field(default_factory=dict)
    holds_both: bool = True
    """Whether a base price may change beside a promotion; else it must wait until that is over."""
    changed_at: dict[tuple[str, str], datetime] = field(default_factory=dict)

    @property
    def variants(self) -> dict[Sku, StoreVariant]:
        return self.catalogue.variants


class FakeStore:
    """A store; `shop` is what it holds. See `erpsync.ports.store.Store`. It compares stock before it sets it.

    `of` is another FakeStore, whose shop and faults this one shares, as a second worker's adapter does.
    """

    def __init__(
        self, clock: Clock, name: str = "shop", *, page_size: int = PAGE_SIZE, of: "FakeStore | None" = None
    ) -> None:
        self.name = name
        self.faults: Faults = of.faults if of else Faults(name, clock)
        self.shop: Shop = of.shop if of else Shop()
        self._clock = clock
        self._page_size = page_size

    @property
    def orders(self) -> dict[SourceId, Order]:
        return self.shop.orders

    @property
    def notes(self) -> dict[SourceId, OrderNote]:
        """What it was told of each order."""
        return self.shop.notes

    def put(self, order: Order, *, seconds_ago: float = 0.0) -> Order:
        """The shop now has the order in this state."""
        self.shop.orders[order.source_id] = order
        self.touch("order", order.source_id, seconds_ago)
        return order

    def touch(self, kind: str, key: str, seconds_ago: float = 0.0) -> None:
        self.shop.changed_at[kind, key] = self._clock.now() - timedelta(seconds=seconds_ago)

    def ping(self) -> None:
        self.faults.call("ping", lambda: None)

    def check(self) -> Sequence[Check]:
        try:
            self.ping()
        except SyncError as error:
            return [Check("reachable", ok=False, detail=error.problem.what, next_step=error.problem.next_step)]
        return [
            Check("reachable", ok=True, detail=f"{self.name} answers."),
            Check("credentials", ok=True, detail="It asks for none."),
        ]

    def order_from_event(self, body: bytes) -> Order:
        try:
            return Order.model_validate_json(json.dumps(json.loads(body)["order"]))
        except (ValueError, KeyError, TypeError) as error:
            raise Rejected(
                "order-unreadable",
                system=self.name,
                what=f"The event carries no order that can be read: {fields_of(error)}.",
                next_step="Compare the event with the shop's documents.",
            ) from error

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        return self.faults.call("read_orders", lambda: {source_id: self._read(source_id) for source_id in source_ids})

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        money = self.shop.money
        return self.faults.call("read_money", lambda: {each: money.get(each, OrderMoney()) for each in source_ids})

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        return self.faults.call("write_back", lambda: {note.source_id: self._note(note) for note in notes})

    def mark_orders(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        def mark() -> dict[SourceId, SyncError | None]:
            self.shop.marks |= {one.source_id: one.code for one in marks}
            return dict.fromkeys((one.source_id for one in marks), None)

        return self.faults.call("mark_orders", mark)

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        return self.faults.call("fulfil", lambda: {draft.reference: self._fulfil(draft) for draft in drafts})

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        return self.faults.call(
            "set_stock", lambda: {(change.sku, change.location): self._set_stock(change) for change in changes}
        )

    def put_products(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        return self.faults.call(
            "put_products", lambda: {draft.product.id: self._put_product(draft) for draft in drafts}
        )

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        return self.faults.call("set_base_prices", lambda: {change.sku: self._set_price(change) for change in changes})

    def orders_changed(self, since: Since) -> Page[Change]:
        return self._page(since, "order", self.shop.orders, self._change)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        placed = {key: order for key, order in self.shop.orders.items() if start <= order.created_at < end}
        return self._page(Since(None, cursor), "order", placed, self._change)

    def customers_changed(self, since: Since) -> Page[StoreCustomer]:
        return self._page(since, "customer", self.shop.customers, lambda key: self.shop.customers[SourceId(key)])

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        return self._page(since, "variant", self.shop.variants, lambda key: self.shop.variants[Sku(key)])

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        return self.faults.call("subscriptions", lambda: [self._subscription(topic, address) for topic in TOPICS])

    def subscribe(self, address: str) -> Sequence[Subscription]:
        self.faults.call("subscribe", lambda: self.shop.subscriptions.update(dict.fromkeys(TOPICS, address)))
        return self.subscriptions(address)

    def _read(self, source_id: SourceId) -> Order | SyncError:
        gone = Skip("order-gone", what="The shop has no such order any more.", record=f"order {source_id}")
        error = self.faults.refusal_of("read_orders", source_id)
        return error if error is not None else self.shop.orders.get(source_id, gone)

    def _note(self, note: OrderNote) -> SyncError | None:
        error = self.faults.refusal_of("write_back", note.source_id)
        if error is None:
            self.shop.notes[note.source_id] = note
        return error

    def _fulfil(self, draft: FulfilmentDraft) -> StoreWritten:
        error = self.faults.refusal_of("fulfil", draft.reference)
        if error is not None:
            return error
        if draft.reference not in self.shop.shipments:
            left = {line.sku: line.quantity for line in self.shop.orders[draft.order_id].lines}
            sent = [one for one in self.shop.shipments.values() if one.order_id == draft.order_id]
            for line in (line for shipment in (*sent, draft) for line in shipment.lines):
                left[line.sku] = left.get(line.sku, Decimal(0)) - line.quantity
            if min(left.values()) < 0:
                return self._refused("too-much", "More would be shipped than was ordered.")
            self.shop.shipments[draft.reference] = draft
        return StoreRef(SourceId(draft.reference), draft.reference)

    def _set_stock(self, change: StockChange) -> StockAnswer:
        error = self.faults.refusal_of("set_stock", change.sku)
        if error is not None:
            return error
        variant = self.shop.variants.get(change.sku)
        if variant is None:
            return self._refused("unknown-sku", f"There is no variant {change.sku}.")
        actual = variant.stock.get(change.location, 0)
        if change.was is not None and change.was != actual:
            return Stale(actual)
        self.shop.variants[change.sku] = replace(variant, stock={**variant.stock, change.location: change.quantity})
        self.touch("variant", change.sku)
        return None

    def _put_product(self, draft: ProductDraft) -> ProductAnswer:
        error = self.faults.refusal_of("put_products", draft.product.id)
        answer = error or self.shop.catalogue.put(draft, self.name)
        if not isinstance(answer, SyncError):
            self.touch("product", answer.id)
            for sku in answer.variants:
                self.touch("variant", sku)
        return answer

    def _set_price(self, change: PriceChange) -> PriceAnswer:
        error = self.faults.refusal_of("set_base_prices", change.sku)
        if error is not None:
            return error
        variant = self.shop.variants.get(change.sku)
        if variant is None:
            return self._refused("unknown-sku", f"There is no variant {change.sku}.")
        if change.price_list:
            if change.price_list not in self.shop.price_lists:
                return self._refused("price-list-unknown", f"There is no price list {change.price_list}.")
            self.shop.price_lists[change.price_list][change.sku] = change.price
            return None
        if change.price.currency != variant.price.base.currency:
            return self._refused("price-currency", f"The shop has no prices in {change.price.currency}.")
        until = variant.price.promotion_until
        if not self.shop.holds_both and variant.price.promotion and (until is None or until > self._clock.now()):
            return Staged(until)
        self.shop.variants[change.sku] = replace(variant, price=replace(variant.price, base=change.price))
        self.touch("variant", change.sku)
        return None

    def _change(self, key: str) -> Change:
        order = self.shop.orders[SourceId(key)]
        return Change("orders", order.source_id, order.version, order.number, carries_state=False)

    def _subscription(self, topic: str, address: str) -> Subscription:
        there = self.shop.subscriptions.get(topic)
        missing = SubscriptionState.MISSING if there is None else SubscriptionState.ELSEWHERE
        return Subscription(topic, there or "", SubscriptionState.ACTIVE if there == address else missing)

    def _page(self, since: Since, kind: str, keys: Iterable[str], record: Callable[[str], T]) -> Page[T]:
        return self.faults.call(
            f"{kind}s_changed",
            lambda: page_of(
                since,
                keys,
                lambda key: self.shop.changed_at[kind, key],
                lambda key: [record(key)],
                now=self._clock.now(),
                size=self._page_size,
            ),
        )

    def _refused(self, code: str, what: str) -> Rejected:
        return Rejected(code, system=self.name, what=what, next_step="Settle it by hand, then replay or discard.")
