"""A shop without an interface: its own tables in PostgreSQL or MySQL, as the flows see them."""

# ruff: noqa: ARG002 - the arguments are the port's, also where the answer is always the same
from collections.abc import Mapping, Sequence
from datetime import datetime

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
    StoreVariant,
    StoreWritten,
    Subscription,
)
from erpsync.ports.webhooks import Change
from erpsync.systems.custom import database_checks
from erpsync.systems.custom.capabilities import SYSTEM, capabilities_of, refusal
from erpsync.systems.custom.database_reading import TableReader
from erpsync.systems.custom.database_writing import TableWriter
from erpsync.systems.custom.mapper import customer_of, order_of
from erpsync.systems.custom.rows import Row, customer_from
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.tables import Tables
from erpsync.systems.custom.webhooks import FLOW, order_from_event
from erpsync.transport.database import Database

_HEAD = ("id", "number", "created_at", "updated_at")


class DatabaseStore:
    """The Store port. Not shared between threads or processes."""

    def __init__(self, settings: CustomSettings, tools: Tools) -> None:
        if settings.database is None:
            raise ValueError("the settings have no database")
        self._settings = settings
        self._clock = tools.clock
        self._database = Database(
            SYSTEM, settings.database.get_secret_value(), statement_seconds=settings.timeout_seconds
        )
        self._tables = Tables(self._database, settings)
        self._reader = TableReader(self._database, self._tables, settings)
        self._writer = TableWriter(self._database, self._tables, settings)
        self._missing = capabilities_of(settings).missing

    def close(self) -> None:
        """Gives the connection to the database back."""
        self._database.close()

    def ping(self) -> None:
        with self._database.reading() as connection:
            self._database.now(connection)

    def check(self) -> Sequence[Check]:
        return database_checks.inspect(self._database, self._tables, self._settings, self._clock)

    def order_from_event(self, body: bytes) -> Order:
        return order_from_event(body, pushes=False)

    def read_orders(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, Order | SyncError]:
        found = self._reader.orders(source_ids)
        return {
            source_id: order if isinstance(order, SyncError) else order_of(order) for source_id, order in found.items()
        }

    def read_money(self, source_ids: Sequence[SourceId]) -> Mapping[SourceId, OrderMoney | SyncError]:
        raise refusal(StoreAbility.MONEY)

    def write_back(self, notes: Sequence[OrderNote]) -> Mapping[SourceId, SyncError | None]:
        """See the port. Without a column for it nothing is written, and no order is held up by that."""
        if not {"erp_id", "erp_number"} & self._tables.orders.columns.keys():
            return dict.fromkeys((note.source_id for note in notes), None)
        return self._writer.on_orders(
            {note.source_id: {"erp_id": note.target_id, "erp_number": note.display} for note in notes}
        )

    def mark_orders(self, marks: Sequence[OrderMark]) -> Mapping[SourceId, SyncError | None]:
        self._need(StoreAbility.MARK_ORDERS)
        return self._writer.on_orders({mark.source_id: {"hold": mark.code or None} for mark in marks})

    def fulfil(self, drafts: Sequence[FulfilmentDraft]) -> Mapping[str, StoreWritten]:
        self._need(StoreAbility.FULFIL)
        answers: dict[str, StoreWritten] = {}
        for place, draft in enumerate(drafts):
            try:
                answers[draft.reference] = self._writer.fulfil(draft)
            except (Unavailable, Throttled) as error:
                if not answers:
                    raise
                return answers | dict.fromkeys((one.reference for one in drafts[place:]), error)
            except SyncError as error:
                answers[draft.reference] = error
        return answers

    def set_stock(self, changes: Sequence[StockChange]) -> Mapping[tuple[Sku, str], StockAnswer]:
        self._need(StoreAbility.STOCK)
        return self._writer.stock(changes)

    def put_products(self, drafts: Sequence[ProductDraft]) -> Mapping[TargetId, ProductAnswer]:
        raise refusal(StoreAbility.PRODUCTS)

    def set_base_prices(self, changes: Sequence[PriceChange]) -> Mapping[Sku, PriceAnswer]:
        self._need(StoreAbility.BASE_PRICES)
        return self._writer.prices(changes)

    def orders_changed(self, since: Since) -> Page[Change]:
        return self._reader.changed(self._tables.orders, _HEAD, self._change, since)

    def orders_between(self, start: datetime, end: datetime, cursor: str | None) -> Page[Change]:
        return self._reader.between(self._tables.orders, _HEAD, self._change, (start, end), cursor)

    def customers_changed(self, since: Since) -> Page[StoreCustomer]:
        self._need(StoreAbility.CUSTOMERS_CHANGED)
        customers = self._tables.customers
        return self._reader.changed(customers, (), lambda row: customer_of(customer_from(row, customers.aware)), since)

    def variants_changed(self, since: Since) -> Page[StoreVariant]:
        raise refusal(StoreAbility.VARIANTS)

    def subscriptions(self, address: str) -> Sequence[Subscription]:
        raise refusal(StoreAbility.SUBSCRIBE)

    def subscribe(self, address: str) -> Sequence[Subscription]:
        raise refusal(StoreAbility.SUBSCRIBE)

    def _need(self, ability: StoreAbility) -> None:
        if ability in self._missing:
            raise refusal(ability)

    def _change(self, row: Row) -> Change:
        version = self._tables.orders.aware(row["updated_at"])
        return Change(FLOW, SourceId(str(row["id"])), version, str(row["number"]), carries_state=False)
