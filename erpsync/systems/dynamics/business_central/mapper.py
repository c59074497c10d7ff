"""Domain records as Business Central's payloads, and its records as the domain's. Pure: what has to be looked up comes in.

Names are cut to the length of their field, addresses never (`domain.address_fields`).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from erpsync import mapping
from erpsync.domain import address_fields
from erpsync.domain.fulfilments import ErpOrderState, Fulfilment, Invoice, OrderProgress, Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money
from erpsync.domain.parties import Address, Customer
from erpsync.domain.products import BasePrice, Product, Variant
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, RecordRef
from erpsync.systems.dynamics.business_central import wire
from erpsync.systems.dynamics.business_central.lines import Line, named
from erpsync.systems.dynamics.business_central.references import NUMBER_LENGTH, code_of, reference_of
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import LENGTHS, Payload

_CUSTOMER_ADDRESS = ("addressLine1", "addressLine2", "city", "state", "country", "postalCode")
_SELL_TO = (
    "sellToAddressLine1",
    "sellToAddressLine2",
    "sellToCity",
    "sellToState",
    "sellToCountry",
    "sellToPostCode",
)
_SHIP_TO = ("shipToAddressLine1", "shipToAddressLine2", "shipToCity", "shipToState", "shipToCountry", "shipToPostCode")


def customer_payload(draft: CustomerDraft, settings: BusinessCentralSettings) -> Payload:
    """A customer card. Its number is our reference, which makes it unique. Raises Rejected for an address that does not
    fit, and where a merchant's own field cannot be filled."""
    customer, record = draft.customer, f"customer {draft.reference}"
    company = customer.company or (draft.billing.company if draft.billing else "")
    name = company or customer.full_name or (draft.billing.full_name if draft.billing else "") or customer.email
    payload: Payload = {
        "number": code_of(draft.reference, NUMBER_LENGTH),
        "displayName": _cut("displayName", name or draft.reference),
        "type": "Company" if company else "Person",
    }
    payload |= _reached(customer, draft.billing, record)
    if draft.billing is not None:
        payload |= _address(draft.billing, _CUSTOMER_ADDRESS, record)
    values = mapping.customer_values(settings.customer_fields, draft, system=SYSTEM)
    return payload | {key: value for key, value in values.items() if value is not None}


def order_header(
    draft: OrderDraft, settings: BusinessCentralSettings, shipment_method_id: str, payment_terms_id: str
) -> Payload:
    """A sales order without its lines. Raises Rejected for an address that does not fit, and where a merchant's own field
    cannot be filled."""
    order, record = draft.order, named(draft.order)
    to = order.shipping or order.billing
    payload: Payload = {
        "externalDocumentNumber": code_of(draft.reference),
        "orderDate": order.created_at.astimezone(settings.zone).date().isoformat(),
        "customerId": draft.customer_id,
        "currencyCode": settings.currencies.get(order.currency, order.currency),
        "pricesIncludeTax": order.taxes_included,
    }
    payload |= _reached(order.customer, to, record)
    if order.billing is not None:
        payload |= _address(order.billing, _SELL_TO, record)
    if to is not None:
        payload["shipToName"] = _cut("shipToName", to.company or to.full_name)
        payload["shipToContact"] = _cut("shipToContact", to.full_name if to.company else "")
        payload |= _address(to, _SHIP_TO, record)
    if shipment_method_id:
        payload["shipmentMethodId"] = shipment_method_id
    if payment_terms_id:
        payload["paymentTermsId"] = payment_terms_id
    values = mapping.order_values(settings.order_fields, draft, system=SYSTEM)
    return payload | {key: value for key, value in values.items() if value is not None}


def order_payload(header: Payload, lines: Sequence[Line]) -> Payload:
    """A sales order with its lines, made by one request or not at all (deep insert)."""
    return {**header, "salesOrderLines": [line.payload() for line in lines]}


def sku_of(number: str, variant_code: str, settings: BusinessCentralSettings) -> Sku:
    return Sku(f"{number}{settings.sku_separator}{variant_code}" if variant_code else number)


def customer(row: wire.Customer) -> ErpCustomer:
    """A person's name is one field: its last word counts as the last name."""
    first, _, last = row["displayName"].rpartition(" ")
    is_company = row["type"] == "Company"
    return ErpCustomer(
        ref=RecordRef(TargetId(row["id"]), row["number"]),
        reference=reference_of(row["number"]),
        customer=Customer(
            email=row["email"],
            first_name="" if is_company else first,
            last_name="" if is_company else last,
            company=row["displayName"] if is_company else "",
            phone=row["phoneNumber"],
        ),
        active=row["blocked"].strip() in ("", "_x0020_"),
    )


def product(row: Any, categories: Mapping[str, str], settings: BusinessCentralSettings) -> Product:
    """An item with its variants; one without any is its own variant."""
    item: wire.Item = row
    variants: Sequence[wire.ItemVariant] = row["itemVariants"]
    active = not item["blocked"]
    category = item["itemCategoryCode"]
    single = Variant(sku=Sku(item["number"]), title=item["displayName"], barcode=item["gtin"], active=active)
    return Product(
        id=TargetId(item["id"]),
        title=item["displayName"],
        active=active,
        categories=(categories.get(category, category),) if category else (),
        options=("Variant",) if variants else (),
        variants=tuple(
            Variant(
                sku=sku_of(item["number"], variant["code"], settings),
                title=variant["description"] or variant["code"],
                options=(variant["description"] or variant["code"],),
                active=active,
            )
            for variant in variants
        )
        or (single,),
        changed_at=moment(item["lastModifiedDateTime"]),
    )


def prices(row: Any, currency: str, settings: BusinessCentralSettings) -> list[BasePrice]:
    """The item's price, which its variants share."""
    item: wire.Item = row
    codes = [variant["code"] for variant in row["itemVariants"]] or [""]
    return [
        BasePrice(
            sku=sku_of(item["number"], code, settings),
            price=Money(amount=Decimal(item["unitPrice"]), currency=currency),
            tax_included=item["priceIncludesTax"],
            unit=item["baseUnitOfMeasureCode"],
        )
        for code in codes
    ]


def progress(
    number: str,
    order: Any | None,
    shipments: Sequence[Any],
    invoices: Sequence[Any],
    parcels: Mapping[str, Parcel],
    skus: Mapping[tuple[int, str], Sku],
    settings: BusinessCentralSettings,
) -> OrderProgress:
    """One sales order as it stands. `order` is None once Business Central has deleted it, which it does by itself when all
    of it is shipped and invoiced. `skus`: by sequence and item number of the order's lines, for those that are variants."""
    documents = [one for one in (order, *shipments, *invoices) if one is not None]
    return OrderProgress(
        order_id=TargetId(number),
        display=number,
        reference=next((reference_of(one["externalDocumentNumber"]) for one in documents), ""),
        state=_state(order, shipments, invoices, settings),
        fulfilments=tuple(_fulfilment(number, one, parcels, skus, settings) for one in shipments),
        invoices=tuple(_invoice(one, settings.iso_currency(one["currencyCode"])) for one in invoices),
        changed_at=max(moment(one["lastModifiedDateTime"]) for one in documents),
    )


def moment(text: str) -> datetime:
    """A time of Business Central, always in UTC and sometimes with more digits than Python has."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    at = datetime.fromisoformat(whole)
    return at.replace(microsecond=int(fraction[:6].ljust(6, "0")) if fraction else 0, tzinfo=UTC)


def goods_of(lines: Sequence[Any], settings: BusinessCentralSettings) -> list[Any]:
    """The lines of goods of which there are any, charges apart."""
    return [
        line
        for line in lines
        if line["lineType"] == "Item" and line["quantity"] and line["lineObjectNumber"] not in settings.charge_items
    ]


def _state(
    order: Any | None, shipments: Sequence[Any], invoices: Sequence[Any], settings: BusinessCentralSettings
) -> ErpOrderState:
    if order is None:
        return ErpOrderState.INVOICED if invoices else ErpOrderState.CLOSED
    goods = goods_of(order["salesOrderLines"], settings)
    if any(line["shippedQuantity"] < line["quantity"] for line in goods) or not goods:
        return ErpOrderState.PART_SHIPPED if shipments else ErpOrderState.OPEN
    if all(line["invoicedQuantity"] >= line["quantity"] for line in goods):
        return ErpOrderState.INVOICED
    return ErpOrderState.SHIPPED


def _fulfilment(
    number: str,
    shipment: Any,
    parcels: Mapping[str, Parcel],
    skus: Mapping[tuple[int, str], Sku],
    settings: BusinessCentralSettings,
) -> Fulfilment:
    parcel = parcels.get(shipment["number"])
    return Fulfilment(
        id=TargetId(shipment["number"]),
        order_id=TargetId(number),
        shipped_at=datetime.fromisoformat(shipment["postingDate"]).replace(tzinfo=UTC),
        lines=tuple(
            ShippedLine(
                sku=skus.get((line["sequence"], line["lineObjectNumber"]), Sku(line["lineObjectNumber"])),
                quantity=Decimal(line["quantity"]),
            )
            for line in goods_of(shipment["salesShipmentLines"], settings)
        ),
        parcels=(parcel,) if parcel else (),
    )


def _invoice(invoice: wire.SalesInvoice, currency: str) -> Invoice:
    return Invoice(
        id=TargetId(invoice["id"]),
        number=invoice["number"],
        total=Money(amount=Decimal(invoice["totalAmountIncludingTax"]), currency=currency),
        issued_at=datetime.fromisoformat(invoice["invoiceDate"]).replace(tzinfo=UTC),
    )


def _reached(customer: Customer, address: Address | None, record: str) -> Payload:
    """How the buyer is reached, where the store knows."""
    phone = customer.phone or (address.phone if address else "")
    reached = {"email": customer.email, "phoneNumber": phone}
    whole = address_fields.whole(reached, LENGTHS, system=SYSTEM, record=record)
    return {key: value for key, value in whole.items() if value}


def _address(address: Address, fields: tuple[str, str, str, str, str, str], record: str) -> Payload:
    """All of it, empty fields too: else the customer card's own second line would stand below the order's first."""
    line1, line2, city, state, country, post_code = fields
    lengths = {name: LENGTHS[name] for name in (line1, line2)}
    place = {
        city: address.city,
        # "Ciudad Autónoma de Buenos Aires" is too long, and nobody can shorten it in the store: its code says the same.
        state: address.region if len(address.region) <= LENGTHS[state] else address.region_code,
        country: address.country,
        post_code: address.postal_code,
    }
    return {
        **address_fields.street((address.line1, address.line2), lengths, system=SYSTEM, record=record),
        **address_fields.whole(place, LENGTHS, system=SYSTEM, record=record),
    }


def _cut(field: str, name: str) -> str:
    return name[: LENGTHS[field]].strip()
