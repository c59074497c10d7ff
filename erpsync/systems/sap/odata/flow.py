"""A sales order with its deliveries and invoices, as one picture. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from erpsync.domain.fulfilments import ErpOrderState, Fulfilment, Invoice, OrderProgress, Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money
from erpsync.systems.sap.odata.edm import instant, local_instant, number
from erpsync.systems.sap.odata.mapper import ORDER_REFERENCE
from erpsync.systems.sap.odata.settings import SapODataSettings
from erpsync.systems.sap.odata.wire import Row, nested, text

_COMPLETE = "C"
_INVOICE = "M"  # SDDocumentCategory
_LINE = "line:"


@dataclass(frozen=True)
class Documents:
    """What belongs to one sales order: delivery items with their headers, billing items with theirs, by number."""

    delivery_items: Sequence[Row]
    deliveries: Mapping[str, Row]
    billing_items: Sequence[Row]
    billing: Mapping[str, Row]


def progress_of(order: Row, documents: Documents, settings: SapODataSettings) -> OrderProgress:
    """Raises ValueError for a quantity or an amount that is none."""
    items = {text(item, "SalesOrderItem"): item for item in nested(order, "to_Item")}
    fulfilments = tuple(_fulfilments(order, items, documents, settings))
    invoices = tuple(_invoices(order, documents, settings))
    return OrderProgress(
        order_id=TargetId(text(order, "SalesOrder")),
        display=text(order, "SalesOrder"),
        reference=text(order, "PurchaseOrderByCustomer"),
        state=_state(order, items, documents, bool(fulfilments), bool(invoices)),
        fulfilments=fulfilments,
        invoices=invoices,
        changed_at=instant(text(order, "LastChangeDateTime")),
    )


def _fulfilments(
    order: Row, items: Mapping[str, Row], documents: Documents, settings: SapODataSettings
) -> Iterator[Fulfilment]:
    """Deliveries count from their goods issue on: before, nothing has left."""
    by_delivery: dict[str, list[Row]] = {}
    for item in documents.delivery_items:
        if number(item.get("ActualDeliveryQuantity")):
            by_delivery.setdefault(text(item, "DeliveryDocument"), []).append(item)
    for delivery, rows in sorted(by_delivery.items()):
        header = documents.deliveries.get(delivery)
        if header is None or not _has_left(header):
            continue
        yield Fulfilment(
            id=TargetId(delivery),
            order_id=TargetId(text(order, "SalesOrder")),
            shipped_at=local_instant(
                text(header, "ActualGoodsMovementDate"), text(header, "ActualGoodsMovementTime"), settings.zone
            ),
            lines=tuple(_shipped(row, items) for row in rows),
            parcels=tuple(_parcels(header, settings)),
        )


def _shipped(row: Row, items: Mapping[str, Row]) -> ShippedLine:
    ordered = items.get(text(row, "ReferenceSDDocumentItem").lstrip("0"), {})
    reference = text(ordered, "PurchaseOrderByShipToParty")
    # One that fills the field may be shortened, and is then no longer the store's.
    known = reference.startswith(_LINE) and len(reference) < ORDER_REFERENCE
    return ShippedLine(
        sku=Sku(text(row, "Material")),
        quantity=number(row.get("ActualDeliveryQuantity")),
        line_reference=reference.removeprefix(_LINE) if known else "",
    )


def _parcels(header: Row, settings: SapODataSettings) -> Iterator[Parcel]:
    partners = nested(header, "to_DeliveryDocumentPartner")
    supplier = next(
        (text(one, "Supplier") for one in partners if text(one, "PartnerFunction") == settings.carrier_function), ""
    )
    carrier = settings.carriers.get(supplier, supplier)
    numbers = text(header, settings.tracking_field).replace(";", ",").split(",")
    for parcel in filter(None, (one.strip() for one in numbers)):
        yield Parcel(carrier=carrier, number=parcel)


def _invoices(order: Row, documents: Documents, settings: SapODataSettings) -> Iterator[Invoice]:
    """Of a collective invoice only what belongs to this order; cancelled ones and credit memos are none."""
    by_invoice: dict[str, list[Row]] = {}
    for item in documents.billing_items:
        by_invoice.setdefault(text(item, "BillingDocument"), []).append(item)
    for key, rows in sorted(by_invoice.items()):
        header = documents.billing.get(key)
        if header is None or text(header, "SDDocumentCategory") != _INVOICE or header.get("BillingDocumentIsCancelled"):
            continue
        currency = text(header, "TransactionCurrency") or text(order, "TransactionCurrency")
        total = sum((number(row.get("NetAmount")) + number(row.get("TaxAmount")) for row in rows), Decimal(0))
        yield Invoice(
            id=TargetId(key),
            number=text(header, "DocumentReferenceID") or key,
            total=Money(amount=total, currency=settings.iso_currency(currency)),
            issued_at=instant(text(header, "BillingDocumentDate")),
        )


def _state(
    order: Row, items: Mapping[str, Row], documents: Documents, fulfilled: bool, invoiced: bool
) -> ErpOrderState:
    live = {key: item for key, item in items.items() if not text(item, "SalesDocumentRjcnReason")}
    if items and not live:
        return ErpOrderState.CLOSED if fulfilled else ErpOrderState.CANCELLED
    if text(order, "OverallSDProcessStatus") == _COMPLETE:
        return ErpOrderState.INVOICED if invoiced and len(live) == len(items) else ErpOrderState.CLOSED
    if not fulfilled:
        return ErpOrderState.OPEN
    shipped: dict[str, Decimal] = {}
    for row in documents.delivery_items:
        if _has_left(documents.deliveries.get(text(row, "DeliveryDocument"))):
            key = text(row, "ReferenceSDDocumentItem").lstrip("0")
            shipped[key] = shipped.get(key, Decimal(0)) + number(row.get("ActualDeliveryQuantity"))
    # Items without a delivery status are services: nothing of them is shipped.
    goods = {key: number(item.get("RequestedQuantity")) for key, item in live.items() if text(item, "DeliveryStatus")}
    whole = all(shipped.get(key, Decimal(0)) >= quantity for key, quantity in goods.items())
    if not whole:
        return ErpOrderState.PART_SHIPPED
    return ErpOrderState.SHIPPED if len(live) == len(items) else ErpOrderState.CLOSED


def _has_left(header: Row | None) -> bool:
    return header is not None and text(header, "OverallGoodsMovementStatus") == _COMPLETE
