"""Business Central as the Erp port has it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.fulfilments import OrderProgress
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.checks import Check
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, PaymentDraft, RecordRef, RefundDraft, Written
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Tools
from erpsync.systems.dynamics.business_central import mapper
from erpsync.systems.dynamics.business_central.changes import Changes
from erpsync.systems.dynamics.business_central.checks import Checks
from erpsync.systems.dynamics.business_central.client import BusinessCentral
from erpsync.systems.dynamics.business_central.customers import Customers
from erpsync.systems.dynamics.business_central.lookups import Lookups
from erpsync.systems.dynamics.business_central.orders import Orders
from erpsync.systems.dynamics.business_central.payments import Payments
from erpsync.systems.dynamics.business_central.progress import Progress
from erpsync.systems.dynamics.business_central.refunds import Refunds
from erpsync.systems.dynamics.business_central.revising import Revising
from erpsync.systems.dynamics.business_central.settings import BusinessCentralSettings
from erpsync.systems.dynamics.business_central.stock import Stock
from erpsync.systems.dynamics.business_central.totals import Totals


class BusinessCentralErp:
    """See `erpsync.ports.erp.Erp`. One worker process's own. An order's target id is its number, which its shipments and
    invoices carry on when Business Central deletes it; a customer's is its id."""

    def __init__(self, settings: BusinessCentralSettings, tools: Tools) -> None:
        self._client = BusinessCentral(settings, tools)
        lookups = Lookups(self._client, settings, tools.clock)
        totals = Totals(self._client, settings)
        self._checks = Checks(self._client, settings, tools.clock)
        self._customers = Customers(self._client, settings)
        self._orders = Orders(self._client, settings, lookups, totals)
        self._revising = Revising(self._client, settings, self._orders, totals)
        self._refunds = Refunds(self._client, settings, lookups)
        self._payments = Payments(self._client, settings, lookups)
        self._changes = Changes(self._client, settings, lookups)
        self._progress = Progress(self._client, settings, lookups)
        self._stock = Stock(self._client, settings, lookups)

    def ping(self) -> None:
        self._client.companies()

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
        return self._revising.amend(drafts)

    def cancel_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._revising.cancel(target_ids)

    def close_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._revising.close(target_ids)

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        return self._refunds.post(drafts)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        return self._payments.post(drafts)

    def preview_order(self, draft: OrderDraft) -> object:
        plan = self._orders.preview(draft)
        payload = mapper.order_payload(plan.header, plan.lines)
        return {"reference": draft.reference, "POST salesOrders": _plain(payload)}

    def customers_changed(self, since: Since) -> Page[ErpCustomer]:
        return self._changes.customers(since)

    def products_changed(self, since: Since) -> Page[Product]:
        return self._changes.products(since)

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        return self._changes.prices(since)

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        return self._stock.levels(since)

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        return self._stock.of(skus)

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        return self._progress.changed(since)


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
