"""SAP by its SOAP wrapper, as the Erp port has it. See `erpsync.ports.erp.Erp` for what each method promises."""

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
from erpsync.systems.sap.soap import checks, wire
from erpsync.systems.sap.soap.after_sale import AfterSale
from erpsync.systems.sap.soap.changes import Changes
from erpsync.systems.sap.soap.client import Wrapper
from erpsync.systems.sap.soap.customers import Customers
from erpsync.systems.sap.soap.orders import Orders
from erpsync.systems.sap.soap.settings import SapSoapSettings


class SapSoapErp:
    """One client of one system. Not shared between threads or processes."""

    def __init__(self, settings: SapSoapSettings, tools: Tools) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._wrapper = Wrapper(settings, tools)
        self._customers = Customers(self._wrapper, settings)
        self._orders = Orders(self._wrapper, settings)
        self._after_sale = AfterSale(self._wrapper, settings)
        self._changes = Changes(self._wrapper, settings)

    def ping(self) -> None:
        self._wrapper.call(wire.PING, {})

    def check(self) -> Sequence[Check]:
        return checks.run(self._wrapper, self._settings, self._clock)

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
        return self._after_sale.post_refunds(drafts)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        return self._after_sale.post_payments(drafts)

    def customers_changed(self, since: Since) -> Page[ErpCustomer]:
        return self._changes.customers(since)

    def products_changed(self, since: Since) -> Page[Product]:
        return self._changes.products(since)

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        return self._changes.prices(since)

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        return self._changes.stock(since)

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        return self._changes.stock_of(skus)

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        return self._changes.progress(since)
