"""NetSuite by SOAP, as the Erp port has it. See `erpsync.ports.erp.Erp` for what each method promises."""

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
from erpsync.systems.netsuite import checks
from erpsync.systems.netsuite.after_sale import AfterSale
from erpsync.systems.netsuite.catalogue import Catalogue
from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.customers import Customers
from erpsync.systems.netsuite.items import Items
from erpsync.systems.netsuite.orders import Orders
from erpsync.systems.netsuite.progress import Progress
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.systems.netsuite.stock import Stock
from erpsync.systems.netsuite.writing import Writing


class NetSuiteErp:
    """One account. Not shared between threads or processes."""

    def __init__(self, settings: NetSuiteSettings, tools: Tools) -> None:
        self._settings = settings
        self._clock = tools.clock
        self._client = SuiteTalk(settings, tools)
        writing = Writing(self._client)
        items = Items(self._client, settings, tools.clock)
        self._customers = Customers(self._client, writing, settings)
        self._orders = Orders(self._client, writing, items, settings)
        self._after_sale = AfterSale(self._client, writing, items, settings)
        self._catalogue = Catalogue(self._client, settings)
        self._stock = Stock(self._client, items, settings)
        self._progress = Progress(self._client, items, settings)

    def ping(self) -> None:
        self._client.server_time()

    def check(self) -> Sequence[Check]:
        return checks.run(self._client, self._settings, self._clock)

    def find_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        return self._customers.find(drafts)

    def upsert_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        return self._customers.upsert(drafts)

    def customers_changed(self, since: Since) -> Page[ErpCustomer]:
        return self._customers.changed(since)

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

    def products_changed(self, since: Since) -> Page[Product]:
        return self._catalogue.products_changed(since)

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        return self._catalogue.prices_changed(since)

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        return self._stock.levels(since)

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        return self._stock.of(skus)

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        return self._progress.changed(since)
