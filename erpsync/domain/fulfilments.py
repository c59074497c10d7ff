"""What becomes of a sales order in the ERP: shipped with tracking, invoiced, closed."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money


class ErpOrderState(StrEnum):
    OPEN = "open"
    PART_SHIPPED = "part-shipped"
    SHIPPED = "shipped"
    INVOICED = "invoiced"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Parcel(BaseModel):
    """How a shipment travels; `url` is empty where the ERP knows none."""

    model_config = ConfigDict(frozen=True)

    carrier: str = ""
    number: str = ""
    url: str = ""


class ShippedLine(BaseModel):
    """How many of a SKU a shipment holds. `line_reference` is ours, empty where the ERP does not keep it."""

    model_config = ConfigDict(frozen=True)

    sku: Sku
    quantity: Decimal
    line_reference: str = ""


class Fulfilment(BaseModel):
    """One shipment of a sales order. `id` and `order_id` are the ERP's."""

    model_config = ConfigDict(frozen=True)

    id: TargetId
    order_id: TargetId
    shipped_at: datetime | None
    lines: tuple[ShippedLine, ...]
    parcels: tuple[Parcel, ...] = ()


class Invoice(BaseModel):
    """An invoice of a sales order, under the number its customer sees."""

    model_config = ConfigDict(frozen=True)

    id: TargetId
    number: str
    total: Money
    issued_at: datetime | None = None


class OrderProgress(BaseModel):
    """A sales order as the ERP has it now, with all its shipments and invoices so far.

    `reference` is ours (see `ports.erp.OrderDraft`), empty where the order is not from a store.
    """

    model_config = ConfigDict(frozen=True)

    order_id: TargetId
    display: str
    reference: str
    state: ErpOrderState
    fulfilments: tuple[Fulfilment, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    changed_at: datetime | None = None
