"""What an ERP tells of its own accord, read in pages from a watermark (see `ports.pages`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from erpsync.domain.fulfilments import OrderProgress
from erpsync.domain.ids import Sku
from erpsync.domain.inventory import StockLevel
from erpsync.domain.parties import Customer
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.erp_records import RecordRef
from erpsync.ports.pages import Page, Since


@dataclass(frozen=True)
class ErpCustomer:
    """A customer as the ERP has it. `reference` is ours, empty where it is not from a store."""

    ref: RecordRef
    reference: str
    customer: Customer
    active: bool = True


class ErpChanges(Protocol):
    """What changed in the ERP. Pages hold up to 500 records, or as many as the remote allows below that.

    A method whose Ability is in `Capabilities.missing` raises Rejected with that sentence.
    """

    def customers_changed(self, since: Since) -> Page[ErpCustomer]: ...

    def products_changed(self, since: Since) -> Page[Product]: ...

    def prices_changed(self, since: Since) -> Page[BasePrice]:
        """Base prices, and those of the price lists named in the settings."""
        ...

    def stock_levels(self, since: Since) -> Page[StockLevel]:
        """Levels per location that may have changed; all of them where `Capabilities.stock_is_diffed`. A SKU that is
        told is told for every location asked for, zero included, so that a level that vanished does not linger."""
        ...

    def stock_of(self, skus: Sequence[Sku]) -> Sequence[StockLevel]:
        """The levels of up to 500 SKUs as they are now, for every location asked for, zero included; nothing of a SKU that
        the ERP does not have."""
        ...

    def progress_changed(self, since: Since) -> Page[OrderProgress]:
        """Sales orders whose status, shipments or invoices may have changed, each with all its shipments and invoices."""
        ...
