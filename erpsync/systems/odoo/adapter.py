"""Odoo as the Erp port has it."""

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
from erpsync.systems.odoo.checks import Checks
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.customer_changes import CustomerChanges
from erpsync.systems.odoo.customers import Customers
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.orders import Orders
from erpsync.systems.odoo.payments import Payments
from erpsync.systems.odoo.prices import Prices
from erpsync.systems.odoo.products import Products
from erpsync.systems.odoo.progress import Progress
from erpsync.systems.odoo.refunds import Refunds
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.stock import Stock


class OdooErp:
    """See `erpsync.ports.erp.Erp`. One worker process's own."""

    def __init__(self, settings: OdooSettings, tools: Tools) -> None:
        self._client = OdooClient(settings, tools)
        lookups = Lookups(self._client)
        self._checks = Checks(self._client, settings, tools.clock)
        self._customers = Customers(self._client, settings, lookups)
        self._orders = Orders(self._client, settings, lookups)
        self._refunds = Refunds(self._client, settings, lookups)
        self._payments = Payments(self._client, settings, lookups)
        self._customer_changes = CustomerChanges(self._client, settings, lookups)
        self._products = Products(self._client, settings)
        self._prices = Prices(self._client, settings)
        self._stock = Stock(self._client, settings, lookups)
        self._progress = Progress(self._client, settings, lookups)

    def ping(self) -> None:
        self._client.call("res.users", "context_get", write=False)

    def check(self) -> Sequence[Check]:
        return self._checks.run()

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

    def preview_order(self, draft: OrderDraft) -> object:
        return self._orders.preview(draft)

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        return self._refunds.post(drafts)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        return self._payments.post(drafts)

    def customers_changed(self, since: Since) -> Page[ErpCustomer]:
        return self._customer_changes.changed(since)

    def products_changed(self, since: Since) -> Page[Product]:
        return self._products.changed(since)

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        return self._prices.changed(since)

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        return self._stock.levels(since)

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        return self._stock.of(skus)

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        return self._progress.changed(since)
