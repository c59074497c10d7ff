"""S/4HANA as the ERP. One connection; each of its parts does what its module says."""

from collections.abc import Mapping, Sequence

from erpsync.domain.errors import Rejected
from erpsync.domain.fulfilments import OrderProgress
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.checks import Check
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, PaymentDraft, RecordRef, RefundDraft, Written
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Tools
from erpsync.systems.sap.odata import checks
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.customers import Customers
from erpsync.systems.sap.odata.ending import Endings
from erpsync.systems.sap.odata.items import Materials
from erpsync.systems.sap.odata.masters import Masters
from erpsync.systems.sap.odata.orders import Orders
from erpsync.systems.sap.odata.prices import Prices
from erpsync.systems.sap.odata.progress import Progress
from erpsync.systems.sap.odata.refunds import Refunds
from erpsync.systems.sap.odata.settings import NO_PAYMENTS, SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.stock import Stock


class SapODataErp:
    """One client of one system. Not shared between threads or processes."""

    def __init__(self, settings: SapODataSettings, tools: Tools) -> None:
        self._settings = settings
        self._tools = tools
        self._gateway = Gateway(settings, tools)
        materials = Materials(self._gateway, settings, tools.clock)
        self._customers = Customers(self._gateway, settings)
        self._orders = Orders(self._gateway, settings, materials)
        self._endings = Endings(self._gateway, settings, self._orders)
        self._refunds = Refunds(self._gateway, settings, materials, self._orders)
        self._masters = Masters(self._gateway, settings)
        self._prices = Prices(self._gateway, settings)
        self._stock = Stock(self._gateway, settings)
        self._progress = Progress(self._gateway, settings, self._orders)

    def ping(self) -> None:
        self._gateway.ping()

    def check(self) -> Sequence[Check]:
        return checks.run(self._gateway, self._settings, self._tools.clock)

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
        return self._endings.cancel(target_ids)

    def close_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self._endings.close(target_ids)

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        return self._refunds.post(drafts)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:  # noqa: ARG002
        raise Rejected(
            "no-payments",
            system=SYSTEM,
            what=NO_PAYMENTS,
            next_step="Take payments off the routes to this connection, and discard this.",
        )

    def preview_order(self, draft: OrderDraft) -> object:
        return self._orders.preview(draft)

    def customers_changed(self, since: Since) -> Page[ErpCustomer]:
        return self._masters.customers(since)

    def products_changed(self, since: Since) -> Page[Product]:
        return self._masters.products(since)

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        return self._prices.changed(since)

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        return self._stock.levels(since)

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        return self._stock.of(skus)

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        return self._progress.changed(since)
