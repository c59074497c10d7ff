"""What an ERP tells of its own accord, read in pages from a watermark.

A watermark is the adapter's own text: taken from the remote's clock (or its entry numbers) at the start of a read, less
an overlap longer than the remote's longest transaction, so that a row which commits late is still found. Rows may come
twice; none is left out. What an adapter cannot tell is named in `Capabilities.missing`, and is then not called.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from erpsync.domain.errors import SyncError
from erpsync.domain.fulfilments import OrderProgress
from erpsync.domain.ids import TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.parties import Customer
from erpsync.domain.payments import Payment, Refund
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.erp import RecordRef, Written

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some of what changed. `cursor` continues this read, None at its end; `watermark` is where the next read starts,
    the same on every page of one read. `unreadable` are rows that could not be understood, each a SyncError naming it:
    one bad row never stops a page."""

    records: tuple[T, ...]
    cursor: str | None
    watermark: str
    unreadable: tuple[SyncError, ...] = ()


@dataclass(frozen=True)
class Since:
    """Where a read stands: `watermark` of the read before (None: everything), `cursor` of the page before."""

    watermark: str | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class ErpCustomer:
    """A customer as the ERP has it. `reference` is ours, empty where it is not from a store."""

    ref: RecordRef
    reference: str
    customer: Customer
    active: bool = True


@dataclass(frozen=True)
class RefundDraft:
    """A refund to be posted for a sales order. `reference` is ours, stable and unique per store refund."""

    reference: str
    order_id: TargetId
    order_reference: str
    refund: Refund


@dataclass(frozen=True)
class PaymentDraft:
    """A payment to be posted for a sales order. `reference` is ours, stable and unique per store payment."""

    reference: str
    order_id: TargetId
    customer_id: TargetId
    payment: Payment


class ErpChanges(Protocol):
    """What changed in the ERP. Pages hold up to 500 records, or as many as the remote allows below that."""

    def customers_changed(self, since: Since) -> Page[ErpCustomer]: ...

    def products_changed(self, since: Since) -> Page[Product]: ...

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        """Base prices, and those of the price lists named in the settings."""
        ...

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        """Levels per location that may have changed; all of them where `Capabilities.stock_is_diffed`. A SKU that is
        told is told for every location asked for, zero included, so that a level that vanished does not linger."""
        ...

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        """Sales orders whose status, shipments or invoices may have changed."""
        ...


class ErpMoney(Protocol):
    """What is posted after the sale. Posting again under the same reference never makes a second one, by the same rules
    as for orders (see `Capabilities.unique_references`)."""

    def post_refunds(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        """A credit memo or return each, by `reference`."""
        ...

    def post_payments(self, drafts: Sequence[PaymentDraft]) -> Mapping[str, Written]:
        """A customer deposit or payment each, by `reference`."""
        ...

    def close_orders(self, target_ids: Sequence[TargetId]) -> Mapping[TargetId, Written]:
        """Closes what will not be delivered any more. Closed already is a success."""
        ...
