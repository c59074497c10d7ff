"""Domain records as Business Central's records, and back. What has to be looked up comes in as arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.fulfilments import ErpOrderState, Fulfilment, Invoice, OrderProgress, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address, Customer
from erpsync.domain.products import BasePrice, Product, Variant
from erpsync.ports.erp import CustomerDraft, OrderDraft, RecordRef
from erpsync.ports.erp_changes import ErpCustomer, PaymentDraft
from erpsync.systems.dynamics import refusals, wire
from erpsync.systems.dynamics.amounts import Line, named, order_lines
from erpsync.systems.dynamics.names import NUMBER_LENGTH, SYSTEM, stored_reference
from erpsync.systems.dynamics.settings import DynamicsSettings
from erpsync.systems.dynamics.wire import Row

_NO_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Lookups:
    """Ids by what people call the records: items by number, G/L accounts by number, shipment methods by code."""

    items: Mapping[str, str]
    accounts: Mapping[str, str]
    shipment_methods: Mapping[str, str]


def order_record(draft: OrderDraft, lookups: Lookups, settings: DynamicsSettings) -> wire.SalesOrder:
    """A sales order with its lines, for a deep insert. Raises Rejected for what cannot be posted as it is."""
    order = draft.order
    lines = order_lines(order, settings, prices_include_tax=settings.prices_include_tax)
    record = wire.SalesOrder(
        externalDocumentNumber=stored_reference(draft.reference),
        orderDate=order.created_at.astimezone(UTC).date().isoformat(),
        customerId=draft.customer_id,
        currencyCode=currency_code(order.currency, settings, named(order)),
        salesOrderLines=[sales_line(line, lookups, settings, named(order)) for line in lines],
    )
    if order.customer.email and len(order.customer.email) <= 80:
        record["email"] = order.customer.email
    method = shipping_method(order, settings)
    if method:
        if method not in lookups.shipment_methods:
            raise refusals.missing_entry("shipmentMethods in Business Central", method, named(order))
        record["shipmentMethodId"] = lookups.shipment_methods[method]
    record.update(ship_to(order.shipping or order.billing))
    return record


def sales_line(line: Line, lookups: Lookups, settings: DynamicsSettings, record: str) -> wire.SalesLine:
    sent = wire.SalesLine(
        lineType="Account" if line.sku is None else "Item",
        quantity=line.quantity,
        unitPrice=line.unit_price,
        discountAmount=line.discount,
        taxCode=settings.taxes[line.rate],
    )
    if line.sku is None:
        if line.charge not in lookups.accounts:
            raise _no_account(line.charge, record)
        sent["accountId"] = lookups.accounts[line.charge]
        sent["description"] = line.title[:100]
    else:
        if line.sku.upper() not in lookups.items:
            raise no_item(line.sku, record)
        sent["itemId"] = lookups.items[line.sku.upper()]
    return sent


def ship_to(address: Address | None) -> wire.ShipTo:
    """The address in Business Central's lengths; what is longer is cut, since it refuses the record otherwise."""
    if address is None:
        return wire.ShipTo()
    return wire.ShipTo(
        shipToName=(address.company or address.full_name)[:100],
        shipToContact=address.full_name[:100],
        shipToAddressLine1=address.line1[:100],
        shipToAddressLine2=address.line2[:50],
        shipToCity=address.city[:30],
        shipToState=(address.region_code or address.region)[:30],
        shipToPostCode=address.postal_code[:20],
        shipToCountry=address.country[:10],
    )


def customer_record(draft: CustomerDraft, settings: DynamicsSettings, *, is_new: bool) -> wire.Customer:
    customer, address = draft.customer, draft.billing or draft.shipping
    name = customer.company or customer.full_name or (address.full_name if address else "") or "Customer"
    record = wire.Customer(displayName=name[:100])
    if is_new:
        record["type"] = "Company" if customer.company else "Person"
        record["currencyCode"] = currency_code(draft.currency, settings, f"customer {draft.reference}")
        if settings.customer_numbers == "reference":
            record["number"] = customer_number(draft.reference)
    if customer.email and len(customer.email) <= 80:
        record["email"] = customer.email
    if customer.phone:
        record["phoneNumber"] = _phone(customer.phone)
    if address is not None:
        record["addressLine1"] = address.line1[:100]
        record["addressLine2"] = address.line2[:50]
        record["city"] = address.city[:30]
        record["state"] = (address.region_code or address.region)[:30]
        record["postalCode"] = address.postal_code[:20]
        record["country"] = address.country[:10]
    return record


def customer_number(reference: str) -> str:
    return stored_reference(reference, NUMBER_LENGTH)


def customer_of(row: Row) -> ErpCustomer:
    """The name goes into `company`, or is parted at its last blank: Business Central has one field for it."""
    name = str(row["displayName"])
    person = row.get("type") == "Person"
    first, _, last = name.rpartition(" ")
    number = str(row["number"])
    return ErpCustomer(
        ref=RecordRef(TargetId(row["id"]), number),
        # Ours are told by the mark of a shortened reference: a number series has none.
        reference=number if "~" in number else "",
        customer=Customer(
            email=row.get("email") or "",
            first_name=first if person else "",
            last_name=last if person else "",
            company="" if person else name,
            phone=row.get("phoneNumber") or "",
        ),
        active=row.get("blocked") in (None, "", " ", "_x0020_"),
    )


def product_of(row: Row) -> Product:
    sku = Sku(_text(row, "number"))
    active = not row["blocked"]
    return Product(
        id=TargetId(row["id"]),
        title=row.get("displayName") or sku,
        active=active,
        categories=(row["itemCategoryCode"],) if row.get("itemCategoryCode") else (),
        variants=(Variant(sku=sku, title=row.get("displayName") or "", barcode=row.get("gtin") or "", active=active),),
        changed_at=instant(row["lastModifiedDateTime"]),
    )


def price_of(row: Row, currency: str) -> BasePrice:
    return BasePrice(
        sku=Sku(_text(row, "number")),
        price=Money(amount=Decimal(row["unitPrice"]), currency=currency),
        tax_included=bool(row.get("priceIncludesTax")),
        unit=row.get("baseUnitOfMeasureCode") or "",
    )


def progress_of(number: str, orders: Sequence[Row], shipments: Sequence[Row], invoices: Sequence[Row]) -> OrderProgress:
    """All that Business Central has of the order called `number`. It deletes an order once all of it is invoiced."""
    order = orders[0] if orders else None
    newest = (orders or invoices or shipments)[0]
    order_id = TargetId(order["id"] if order else order_id_of(newest))
    return OrderProgress(
        order_id=order_id,
        display=number,
        reference=newest.get("externalDocumentNumber") or "",
        state=_state(order, shipments, invoices),
        fulfilments=tuple(_fulfilment(row, order_id) for row in shipments),
        invoices=tuple(_invoice(row) for row in invoices),
        changed_at=max(instant(row["lastModifiedDateTime"]) for row in (*orders, *shipments, *invoices)),
    )


def payment_record(draft: PaymentDraft) -> wire.CustomerPayment:
    """A line of a payment journal. What a customer pays is a credit, hence negative."""
    return wire.CustomerPayment(
        customerId=draft.customer_id,
        postingDate=draft.payment.paid_at.astimezone(UTC).date().isoformat(),
        documentNumber=stored_reference(draft.reference, NUMBER_LENGTH),
        externalDocumentNumber=stored_reference(draft.reference),
        amount=-draft.payment.amount.rounded().amount,
        description=f"Store payment {draft.payment.source_id}"[:100],
    )


def currency_code(currency: str, settings: DynamicsSettings, record: str) -> str:
    if currency not in settings.currencies:
        raise refusals.missing_entry("currencies", currency, record)
    return settings.currencies[currency]


def shipping_method(order: Order, settings: DynamicsSettings) -> str:
    """The method of the first shipping charge; empty where the settings name none at all."""
    if not order.shipping_lines or not (settings.shipping_methods or settings.default_shipping_method):
        return ""
    code = order.shipping_lines[0].code
    method = settings.shipping_methods.get(code, settings.default_shipping_method)
    if not method:
        raise refusals.missing_entry("shipping_methods", code, named(order))
    return method


def order_id_of(row: Row) -> str:
    """The order's id as a shipment or invoice tells it; its own id where Business Central no longer knows."""
    order_id = row.get("orderId")
    return str(row["id"]) if order_id in (None, "", _NO_ID) else str(order_id)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def no_item(sku: str, record: str) -> Rejected:
    return Rejected(
        "unknown-sku",
        system=SYSTEM,
        record=record,
        what=f"Dynamics has no item {sku}." if sku else "A line has no SKU.",
        next_step="Create the item in Dynamics under this number, or correct the SKU in the store, then replay.",
    )


def _no_account(number: str, record: str) -> Rejected:
    return Rejected(
        "unknown-account",
        system=SYSTEM,
        record=record,
        what=f"Business Central has no G/L account {number} for direct posting.",
        next_step="Correct the charge in this connection's settings, then replay.",
    )


def _state(order: Row | None, shipments: Sequence[Row], invoices: Sequence[Row]) -> ErpOrderState:
    if order is None:
        return ErpOrderState.INVOICED if invoices else ErpOrderState.SHIPPED
    if order.get("fullyShipped") and shipments:
        return ErpOrderState.SHIPPED
    return ErpOrderState.PART_SHIPPED if shipments else ErpOrderState.OPEN


def _fulfilment(row: Row, order_id: TargetId) -> Fulfilment:
    lines = [line for line in row.get("salesShipmentLines", ()) if line["lineType"] == "Item" and line["quantity"]]
    return Fulfilment(
        id=TargetId(row["id"]),
        order_id=order_id,
        shipped_at=instant(row["lastModifiedDateTime"]),
        lines=tuple(
            ShippedLine(sku=Sku(line["lineObjectNumber"]), quantity=Decimal(line["quantity"])) for line in lines
        ),
    )


def _invoice(row: Row) -> Invoice:
    total = Money(amount=Decimal(row["totalAmountIncludingTax"]), currency=row["currencyCode"])
    issued_at = datetime.fromisoformat(row["invoiceDate"]).replace(tzinfo=UTC) if row.get("invoiceDate") else None
    return Invoice(id=TargetId(row["id"]), number=row["number"], total=total, issued_at=issued_at)


def _text(row: Row, field: str) -> str:
    if not row[field]:
        raise ValueError(f"{field} is empty")
    return str(row[field])


def _phone(phone: str) -> str:
    """Business Central refuses letters in telephone numbers, and more than 30 characters."""
    return "".join(char for char in phone if char in "+0123456789 -/().")[:30]
