"""NetSuite by REST as an Erp. See `erpsync.ports.erp.Erp` for what each method promises."""

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
from erpsync.systems.netsuite import rest_checks, rest_progress
from erpsync.systems.netsuite.drafting import drafted
from erpsync.systems.netsuite.mapper import customer_record
from erpsync.systems.netsuite.rest_after_sale import RestAfterSale
from erpsync.systems.netsuite.rest_changes import RestChanges
from erpsync.systems.netsuite.rest_client import RestClient
from erpsync.systems.netsuite.rest_orders import RestOrders
from erpsync.systems.netsuite.rest_reading import Readings
from erpsync.systems.netsuite.rest_writing import RestWriting, refs
from erpsync.systems.netsuite.settings import NetSuiteSettings

_AT_ONCE = 500
_WITH_EMAIL = (
    "SELECT c.id AS id, c.entityid AS display, LOWER(c.email) AS email FROM customer c "
    "WHERE c.isinactive = 'F' AND LOWER(c.email) IN :emails ORDER BY c.id"
)


class NetSuiteRestErp:
    """One account. Not shared between threads or processes."""

    def __init__(self, settings: NetSuiteSettings, tools: Tools) -> None:
        self._settings = settings
        self._client = RestClient(settings, tools)
        self._writing = RestWriting(self._client, settings)
        self._orders = RestOrders(self._client, self._writing, settings)
        self._after_sale = RestAfterSale(self._orders, self._writing, settings)
        self._readings = Readings(self._client)
        self._changes = RestChanges(self._client, settings, self._readings)

    def ping(self) -> None:
        self._client.server_time()

    def check(self) -> Sequence[Check]:
        return rest_checks.run(self._client, self._settings)

    def find_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        ours = self._writing.by_reference("customer", [draft.reference for draft in drafts])
        unknown = {draft.reference: _email(draft) for draft in drafts if not ours[draft.reference]}
        by_email = self._with_emails(sorted(set(unknown.values()) - {""}))
        return {
            reference: tuple(one.ref for one in found) or by_email.get(unknown[reference], ())
            for reference, found in ours.items()
        }

    def upsert_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        known = self._writing.by_reference("customer", [draft.reference for draft in drafts])
        records, results = drafted(
            {draft.reference: draft for draft in drafts},
            lambda key, draft: customer_record(draft, self._settings, is_new=not known[key]),
        )
        names = {draft.reference: f"customer {draft.reference}" for draft in drafts}
        return results | refs(self._writing.create("customer", records, names))

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
        return self._after_sale.post_refunds(drafts)

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        return self._after_sale.post_payments(drafts)

    def preview_order(self, draft: OrderDraft) -> object:
        return self._orders.preview(draft)

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
        return rest_progress.progress(self._client, self._settings, self._readings, since)

    def _with_emails(self, emails: Sequence[str]) -> dict[str, tuple[RecordRef, ...]]:
        found: dict[str, tuple[RecordRef, ...]] = {}
        for start in range(0, len(emails), _AT_ONCE):
            for row in self._client.rows(_WITH_EMAIL, emails=emails[start : start + _AT_ONCE]):
                ref = RecordRef(TargetId(row["id"]), row.get("display") or row["id"])
                found[row["email"]] = (*found.get(row["email"], ()), ref)
        return found


def _email(draft: CustomerDraft) -> str:
    return draft.customer.email.strip().lower()
