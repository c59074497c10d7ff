"""Finance & Operations as the Erp port has it."""

from collections.abc import Mapping, Sequence

from erpsync.domain.fulfilments import OrderProgress
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.checks import Check
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, PaymentDraft, RecordRef, RefundDraft, Written
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Tools
from erpsync.systems.dynamics.finance_operations import checks
from erpsync.systems.dynamics.finance_operations.booking import Booking
from erpsync.systems.dynamics.finance_operations.catalog import Catalog
from erpsync.systems.dynamics.finance_operations.client import FoClient, Read
from erpsync.systems.dynamics.finance_operations.customers import Customers
from erpsync.systems.dynamics.finance_operations.items import Items
from erpsync.systems.dynamics.finance_operations.orders import Orders
from erpsync.systems.dynamics.finance_operations.payments import Payments
from erpsync.systems.dynamics.finance_operations.progress import Progress
from erpsync.systems.dynamics.finance_operations.refunds import Refunds
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import COMPANIES


class FinanceOperationsErp:
    """See `erpsync.ports.erp.Erp`. One worker process's own."""

    def __init__(self, settings: FinanceOperationsSettings, tools: Tools) -> None:
        self._client = FoClient(settings, tools)
        self._settings = settings
        self._clock = tools.clock
        items = Items(self._client, tools.clock)
        booking = Booking(self._client, settings)
        self._customers = Customers(self._client, settings)
        self._orders = Orders(self._client, settings, items, booking)
        self._refunds = Refunds(self._client, settings, items, booking)
        self._payments = Payments(self._client, settings)
        self._catalog = Catalog(self._client, settings, items, tools.clock)
        self._progress = Progress(self._client, settings, items, tools.clock)

    def ping(self) -> None:
        self._client.read(Read(COMPANIES, top=1))

    def check(self) -> Sequence[Check]:
        return checks.run(self._client, self._settings, self._clock)

    def find_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        return self._customers.find(drafts)

    def upsert_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        return self._customers.upsert(drafts)

    def find_orders(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        return self._orders.find(references)

    def create_orders(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        return self._orders.create(drafts)

    def amend_orders(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        return self._orders.amend(drafts)

    def cancel_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._orders.cancel(target_ids)

    def close_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._orders.close(target_ids)

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        return self._refunds.post(drafts)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        return self._payments.post(drafts)

    def preview_order(self, draft: OrderDraft) -> object:
        return self._orders.preview(draft)

    def customers_changed(self, since: Since) -> Page[ErpCustomer]:
        return self._customers.changed(since)

    def products_changed(self, since: Since) -> Page[Product]:
        return self._catalog.products(since)

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        return self._catalog.prices(since)

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        return self._catalog.stock(since)

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        return self._catalog.stock_of(skus)

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        return self._progress.changed(since)
