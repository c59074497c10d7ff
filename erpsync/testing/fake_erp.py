"""An ERP in memory, which implements the whole port and fails as it is told."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.fulfilments import ErpOrderState, OrderProgress
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.checks import Check
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, PaymentDraft, RecordRef, RefundDraft, Written
from erpsync.ports.pages import Page, Since
from erpsync.ports.runtime import Clock
from erpsync.testing.books import Books, SalesOrder
from erpsync.testing.faults import Faults
from erpsync.testing.pages import page_of

T = TypeVar("T")
PAGE_SIZE = 500


class FakeErp:
    """An ERP; `books` are what it holds. See `erpsync.ports.erp.Erp`.

    `unique_references`: creating a reference that is there already updates that record; else it makes a second one.
    `of` is another FakeErp, whose books and faults this one shares, as a second worker's adapter does.
    """

    def __init__(
        self,
        clock: Clock,
        name: str = "erp",
        *,
        unique_references: bool = True,
        page_size: int = PAGE_SIZE,
        of: "FakeErp | None" = None,
    ) -> None:
        self.name = name
        self.faults: Faults = of.faults if of else Faults(name, clock)
        self.books: Books = of.books if of else Books(name, clock, self.faults, unique_references=unique_references)
        self._clock = clock
        self._page_size = page_size

    def ping(self) -> None:
        self.faults.call("ping", lambda: None)

    def check(self) -> Sequence[Check]:
        try:
            self.ping()
        except SyncError as error:
            return [Check("reachable", ok=False, detail=error.problem.what, next_step=error.problem.next_step)]
        return [
            Check("reachable", ok=True, detail=f"{self.name} answers."),
            Check("credentials", ok=True, detail="It asks for none."),
            Check("clock", ok=True, detail="It has the same clock."),
        ]

    def find_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, tuple[RecordRef, ...]]:
        return self.faults.call(
            "find_customers", lambda: {draft.reference: self.books.customers_like(draft) for draft in drafts}
        )

    def upsert_customers(self, drafts: Sequence[CustomerDraft]) -> Mapping[str, Written]:
        # Without unique references an adapter can only look and then create, and others may do so in between.
        seen = None if self.books.unique_references else self.books.customer_references()
        return self.faults.call(
            "upsert_customers", lambda: {draft.reference: self.books.keep_customer(draft, seen) for draft in drafts}
        )

    def find_orders(self, references: Sequence[str]) -> Mapping[str, tuple[RecordRef, ...]]:
        return self.faults.call(
            "find_orders",
            lambda: {
                reference: tuple(order.ref for order in self.books.orders_of(reference)) for reference in references
            },
        )

    def create_orders(self, drafts: Sequence[OrderDraft]) -> Mapping[str, Written]:
        return self.faults.call(
            "create_orders", lambda: {draft.reference: self.books.create_order(draft) for draft in drafts}
        )

    def amend_orders(self, drafts: Mapping[TargetId, OrderDraft]) -> Mapping[TargetId, Written]:
        return self.faults.call(
            "amend_orders",
            lambda: {target_id: self.books.amend_order(target_id, draft) for target_id, draft in drafts.items()},
        )

    def cancel_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self.faults.call(
            "cancel_orders", lambda: {target_id: self.books.cancel_order(target_id) for target_id in target_ids}
        )

    def close_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        return self.faults.call(
            "close_orders", lambda: {target_id: self.books.close_order(target_id) for target_id in target_ids}
        )

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        return self._post("post_refunds", {draft.reference: draft.refund.total.amount for draft in drafts})

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        return self._post("post_payments", {draft.reference: draft.payment.amount.amount for draft in drafts})

    def preview_order(self, draft: OrderDraft) -> object:
        sku = self.books.unknown_sku(draft.order)
        if sku is not None:
            raise Rejected("unknown-sku", system=self.name, what=f"There is no item {sku}.", next_step="Make it.")
        return {"reference": draft.reference, "order": json.loads(draft.order.model_dump_json())}

    def customers_changed(self, since: Since) -> Page[ErpCustomer]:
        accounts = self.books.customers
        return self._page(
            since,
            "customer",
            accounts,
            lambda key: [ErpCustomer(accounts[key].ref, accounts[key].reference, accounts[key].customer)],
        )

    def products_changed(self, since: Since) -> Page[Product]:
        return self._page(since, "product", self.books.products, lambda key: [self.books.products[key]])

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        return self._page(since, "price", self.books.prices, lambda key: [self.books.prices[Sku(key)]])

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        skus = {sku for sku, _ in self.books.stock}
        return self._page(since, "stock", skus, lambda key: self.books.levels_of(Sku(key)))

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        return self.faults.call("stock_of", lambda: [level for sku in skus for level in self.books.levels_of(sku)])

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        orders = self.books.orders
        return self._page(since, "order", orders, lambda key: [_progress(orders[key], self._changed("order", key))])

    def _post(self, operation: str, amounts: Mapping[str, Decimal]) -> Mapping[str, Written]:
        kept = self.books.credits if operation == "post_refunds" else self.books.payments
        return self.faults.call(
            operation,
            lambda: {reference: self.books.post(kept, reference, each) for reference, each in amounts.items()},
        )

    def _page(self, since: Since, kind: str, keys: Iterable[str], records: Callable[[TargetId], list[T]]) -> Page[T]:
        return self.faults.call(
            f"{kind}_changed",
            lambda: page_of(
                since,
                keys,
                lambda key: self._changed(kind, key),
                lambda key: records(TargetId(key)),
                now=self._clock.now(),
                size=self._page_size,
            ),
        )

    def _changed(self, kind: str, key: str) -> datetime:
        return self.books.changed_at[kind, key]


def _progress(order: SalesOrder, changed_at: datetime) -> OrderProgress:
    return OrderProgress(
        order_id=order.ref.target_id,
        display=order.ref.display,
        reference=order.reference,
        state=_state(order),
        fulfilments=order.shipments,
        invoices=order.invoices,
        changed_at=changed_at,
    )


def _state(order: SalesOrder) -> ErpOrderState:
    if order.cancelled:
        return ErpOrderState.CANCELLED
    if order.closed:
        return ErpOrderState.CLOSED
    if order.invoices:
        return ErpOrderState.INVOICED
    if not order.shipments:
        return ErpOrderState.OPEN
    return ErpOrderState.PART_SHIPPED if order.open_quantities else ErpOrderState.SHIPPED
