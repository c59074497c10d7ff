"""A shop that implements the contract, as the flows see it."""

# ruff: noqa: ARG002 - the arguments are the port's, also where the answer is always the same
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from erpsync.domain.errors import SyncError, Throttled, Unavailable
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.ports.checks import Check
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import StoreAbility
from erpsync.ports.store_records import (
    FulfilmentDraft,
    OrderMark,
    OrderMoney,
    OrderNote,
    PriceAnswer,
    PriceChange,
    ProductAnswer,
    ProductDraft,
    StockAnswer,
    StockChange,
    StoreCustomer,
    StoreRef,
    StoreVariant,
    StoreWritten,
    Subscription,
)
from erpsync.ports.webhooks import Change
from erpsync.systems.custom import checks, wire
from erpsync.systems.custom.bulk import price_answers, stock_answers
from erpsync.systems.custom.capabilities import capabilities_of, refusal
from erpsync.systems.custom.client import CustomClient, part, read
from erpsync.systems.custom.mapper import customer_of, fulfilment_from, money_of, order_of, variant_of
from erpsync.systems.custom.products import product_answers
from erpsync.systems.custom.reading import Reader
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.webhooks import FLOW, order_from_event

A = TypeVar("A")


class HttpStore:
    """The Store port. Not shared between threads or processes."""

    def __init__(self, settings: CustomSettings, tools: Tools) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._client = CustomClient(settings, tools)
        self._reader = Reader(self._client, settings)
        self._missing = capabilities_of(settings).missing

    def ping(self) -> None:
        read(self._client.get("/ping"), wire.Ping)

    def check(self) -> Sequence[Check]:
        return checks.inspect(self._client, self._settings, self._clock)

    def order_from_event(self, body: bytes) -> Order:
        return order_from_event(body, pushes=False)

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        return _each(source_ids, lambda source_id: order_of(self._reader.order(source_id)))

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        self._need(StoreAbility.MONEY)
        return _each(source_ids, lambda source_id: money_of(self._reader.order(source_id)))

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        """See the port. A shop that does not implement it is told nothing, and no order is held up by that."""
        if "write_back" not in self._settings.abilities:
            return dict.fromkeys((note.source_id for note in notes), None)
        by_id = {note.source_id: note for note in notes}
        return _each(list(by_id), lambda source_id: self._note(by_id[source_id]))

    def mark_orders(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        self._need(StoreAbility.MARK_ORDERS)
        codes = {mark.source_id: mark.code for mark in marks}
        return _each(list(codes), lambda source_id: self._post(source_id, "hold", wire.Hold(code=codes[source_id])))

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        self._need(StoreAbility.FULFIL)
        by_reference = {draft.reference: draft for draft in drafts}
        return _each(list(by_reference), lambda reference: self._fulfil(by_reference[reference]))

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        self._need(StoreAbility.STOCK)
        return stock_answers(self._client, changes)

    def put_products(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        self._need(StoreAbility.PRODUCTS)
        return product_answers(self._client, drafts)

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        self._need(StoreAbility.BASE_PRICES)
        return price_answers(self._client, changes)

    def orders_changed(self, since: Since) -> Page[Change]:
        return self._reader.changed("orders", wire.OrderHead, _change, since)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        return self._reader.between(start, end, cursor, wire.OrderHead, _change)

    def customers_changed(self, since: Since) -> Page[StoreCustomer]:
        self._need(StoreAbility.CUSTOMERS_CHANGED)
        return self._reader.changed("customers", wire.Customer, customer_of, since)

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        self._need(StoreAbility.VARIANTS)
        return self._reader.changed("variants", wire.Variant, variant_of, since)

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        raise refusal(StoreAbility.SUBSCRIBE)

    def subscribe(self, address: str) -> Sequence[Subscription]:
        raise refusal(StoreAbility.SUBSCRIBE)

    def _need(self, ability: StoreAbility) -> None:
        if ability in self._missing:
            raise refusal(ability)

    def _note(self, note: OrderNote) -> None:
        self._post(note.source_id, "erp", wire.WriteBack(erp=note.erp, id=note.target_id, number=note.display))

    def _post(self, source_id: SourceId, what: str, body: wire.Wire) -> None:
        self._client.post(f"/orders/{part(source_id)}/{what}", body, f"order {source_id}")

    def _fulfil(self, draft: FulfilmentDraft) -> StoreWritten:
        path = f"/orders/{part(draft.order_id)}/fulfilments/{part(draft.reference)}"
        record = f"order {draft.order_id}, shipment {draft.reference}"
        made = self._client.put(path, fulfilment_from(draft), wire.FulfilmentMade, record=record, once=True)
        return StoreRef(SourceId(made.id), made.number or made.id)


def _each(keys: Sequence[A], work: Callable[[A], Any]) -> dict[A, Any]:
    """The answer for each, one call each. What stops the shop as a whole is raised at the first; later it is the answer of
    all that are left, and what was done stays done."""
    answers: dict[A, Any] = {}
    for place, key in enumerate(keys):
        try:
            answers[key] = work(key)
        except (Unavailable, Throttled) as error:
            if not answers:
                raise
            return answers | dict.fromkeys(keys[place:], error)
        except SyncError as error:
            answers[key] = error
    return answers


def _change(head: wire.OrderHead) -> Change:
    return Change(FLOW, SourceId(head.id), head.updated_at, head.number, carries_state=False)
