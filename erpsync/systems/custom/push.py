"""A shop that only sends webhooks: Zapier, a plugin, a script. What they tell is all there is."""

# ruff: noqa: ARG002 - the arguments are the port's, also where the answer is always the same
from collections.abc import Mapping, Sequence
from datetime import datetime

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.ports.checks import Check
from erpsync.ports.pages import Page, Since
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
    StoreVariant,
    StoreWritten,
    Subscription,
)
from erpsync.ports.webhooks import Change
from erpsync.systems.custom.capabilities import SYSTEM, refusal
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.webhooks import order_from_event


class PushStore:
    """The Store port."""

    def __init__(self, settings: CustomSettings) -> None:
        self._settings = settings

    def ping(self) -> None:
        """There is nothing to ask."""

    def check(self) -> Sequence[Check]:
        said = "The shop only sends webhooks: what they fail to tell is not found, and nothing is written back to it."
        return [
            Check("webhooks", True, said),
            Check("secret", True, "Webhooks are believed when they are signed with it, as README.md says."),
        ]

    def order_from_event(self, body: bytes) -> Order:
        return order_from_event(body, pushes=True)

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        """Needed by a replay, and where two events have one time. Nothing can be read, so that each is refused with what
        a person does instead."""
        return {source_id: _not_read(f"order {source_id}") for source_id in source_ids}

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        raise refusal(StoreAbility.MONEY)

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        raise refusal(StoreAbility.WRITE_BACK)

    def mark_orders(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        raise refusal(StoreAbility.MARK_ORDERS)

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        raise refusal(StoreAbility.FULFIL)

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        raise refusal(StoreAbility.STOCK)

    def put_products(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        raise refusal(StoreAbility.PRODUCTS)

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        raise refusal(StoreAbility.BASE_PRICES)

    def orders_changed(self, since: Since) -> Page[Change]:
        raise refusal(StoreAbility.READ_ORDERS)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        raise _not_read("")

    def customers_changed(self, since: Since) -> Page[StoreCustomer]:
        raise refusal(StoreAbility.CUSTOMERS_CHANGED)

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        raise refusal(StoreAbility.VARIANTS)

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        raise refusal(StoreAbility.SUBSCRIBE)

    def subscribe(self, address: str) -> Sequence[Subscription]:
        raise refusal(StoreAbility.SUBSCRIBE)


def _not_read(record: str) -> Rejected:
    return Rejected(
        "cannot-read-orders",
        system=SYSTEM,
        record=record,
        what="This shop only sends webhooks and has no `url`, so that its orders cannot be read from it.",
        next_step="Let the shop send the order again as a new event: that takes the place of a replay. Then discard any"
        " dead letter that is left.",
    )
