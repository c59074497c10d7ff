"""Orders, refunds and customers as F&O's data entities have them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from erpsync.domain import address_fields
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.orders import Order
from erpsync.domain.parties import Address, Customer
from erpsync.mapping import Value, customer_values, order_values
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import CustomerDraft, OrderDraft, RecordRef
from erpsync.ports.settings import entry_of
from erpsync.systems.dynamics.finance_operations import amounts, refusals
from erpsync.systems.dynamics.finance_operations.amounts import Item, Line
from erpsync.systems.dynamics.finance_operations.numbers import MAX_LENGTH, number_for
from erpsync.systems.dynamics.finance_operations.settings import SYSTEM, FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import CustomerRow, Row

# CustRef, https://learn.microsoft.com/previous-versions/dynamics/ax-2012/reference/gg846831(v=ax.60)
REFERENCE_LENGTH = 60
_REFERENCE_FIELD_LENGTH = 50
# The street is one field, of several lines.
_POSTAL = {"Street": 250, "City": 60, "ZipCode": 10}


@dataclass(frozen=True)
class Document:
    """A sales order to be: its header without the number, and its lines without the order's number."""

    reference: str
    record: str
    header: Row
    lines: tuple[Row, ...]
    expected: tuple[Decimal, ...]
    """What each line must come to."""


def order_document(draft: OrderDraft, items: Mapping[Sku, Item], settings: FinanceOperationsSettings) -> Document:
    """Raises Rejected where the order cannot be booked to the cent, naming what is missing, and where its address does not
    fit."""
    order, record = draft.order, label(draft.order)
    if order.currency not in settings.currencies:
        raise refusals.currency_unknown(record, order.currency)
    lines = _balanced(order, [*_goods(order, items, settings), *_charges(order, settings)], settings)
    header = {**_header(draft, settings), **_plain(order_values(settings.order_fields, draft, system=SYSTEM))}
    return document(draft.reference, record, header, lines, settings, order.currency)


def document(
    reference: str,
    record: str,
    header: Row,
    lines: list[Line],
    settings: FinanceOperationsSettings,
    currency: str,
) -> Document:
    if len(reference) > REFERENCE_LENGTH:
        raise refusals.reference_too_long(record, REFERENCE_LENGTH)
    return Document(
        reference,
        record,
        {**header, "CustomersOrderReference": reference},
        tuple(_line(line, settings) for line in lines),
        tuple(line.amount(currency) for line in lines),
    )


def label(order: Order) -> str:
    return f"order {order.number}"


def tax_group(percent: Decimal, record: str, settings: FinanceOperationsSettings) -> str:
    found = entry_of(settings.tax_codes, percent, None)
    if found is None:
        what = f"There is no item sales tax group for {percent.normalize():f} % in `tax_codes`."
        raise refusals.setting_missing(record, "tax_codes", what)
    return found


def charge_item(setting: str, record: str, settings: FinanceOperationsSettings) -> str:
    item = settings.charges.get(setting)
    if item is None:
        name = setting.removesuffix("_charge")
        raise refusals.setting_missing(record, setting, f"No service item is set for {name}.")
    return item


def customer_row(draft: CustomerDraft, settings: FinanceOperationsSettings) -> Row:
    """The customer's fields, without its account. Raises Rejected where no customer group is set, and where the address
    does not fit."""
    customer, address = draft.customer, draft.billing or draft.shipping
    record = f"customer {draft.reference}"
    group = next(
        (settings.customer_groups[name] for name in customer.groups if name in settings.customer_groups),
        settings.default_customer_group,
    )
    if not group:
        raise refusals.customer_group_missing(record)
    row: Row = {
        **_party(customer, address),
        "CustomerGroupId": group,
        "SalesCurrencyCode": draft.currency,
        "PrimaryContactEmail": customer.email.strip(),
        "PrimaryContactPhone": customer.phone or (address.phone if address else ""),
        settings.customer_reference_field: kept_reference(draft.reference),
    }
    if address is not None:
        row |= _postal(address, "Address", "State", settings, record)
    if settings.sales_tax_group:
        row["SalesTaxGroup"] = settings.sales_tax_group
    row |= _plain(customer_values(settings.customer_fields, draft, system=SYSTEM))
    return {name: value for name, value in row.items() if value not in ("", None)}


def kept_reference(reference: str) -> str:
    """The customer's reference as F&O keeps it: itself where it fits."""
    return reference if len(reference) <= _REFERENCE_FIELD_LENGTH else number_for(reference)


def customer_told(row: CustomerRow, reference: str) -> ErpCustomer:
    person = row["PartyType"] == "Person"
    name = " ".join(part for part in (row["PersonFirstName"], row["PersonLastName"]) if part)
    return ErpCustomer(
        ref=RecordRef(
            TargetId(row["CustomerAccount"]), (name if person else row["OrganizationName"]) or row["CustomerAccount"]
        ),
        reference=reference,
        customer=Customer(
            email=row["PrimaryContactEmail"],
            first_name=row["PersonFirstName"] if person else "",
            last_name=row["PersonLastName"] if person else "",
            company="" if person else row["OrganizationName"],
            phone=row["PrimaryContactPhone"],
            groups=(row["CustomerGroupId"],) if row["CustomerGroupId"] else (),
        ),
        active=row["OnHoldStatus"] in ("", "No"),
    )


def _header(draft: OrderDraft, settings: FinanceOperationsSettings) -> Row:
    order = draft.order
    address = order.shipping or order.billing
    row: Row = {
        "OrderingCustomerAccountNumber": draft.customer_id,
        "InvoiceCustomerAccountNumber": draft.customer_id,
        "CustomerRequisitionNumber": order.number[:MAX_LENGTH],
        "CurrencyCode": order.currency,
        "ArePricesIncludingSalesTax": "Yes" if order.taxes_included else "No",
        "SalesTaxGroupCode": settings.sales_tax_group,
        "DeliveryModeCode": _delivery_mode(order, settings),
        "CustomerPaymentMethodName": payment_method(order.payment_methods, settings),
        "Email": order.customer.email.strip(),
        **places(settings, "Default"),
    }
    if address is not None:
        row["DeliveryAddressName"] = (address.full_name or address.company or order.customer.full_name)[:60]
        row["IsDeliveryAddressOrderSpecific"] = "Yes"
        row |= _postal(address, "DeliveryAddress", "StateId", settings, label(order))
    return {**fixed(settings), **{name: value for name, value in row.items() if value}}


def fixed(settings: FinanceOperationsSettings) -> Row:
    """What keeps F&O from adding charges and taxes of its own, by which the order would come to something else."""
    row: Row = {"SkipCreateAutoCharges": "Yes"}
    if settings.sales_tax_group:
        row["OverrideSalesTax"] = "Yes"
    if settings.sales_origin:
        row["SalesOrderOriginCode"] = settings.sales_origin
    return row


def places(settings: FinanceOperationsSettings, prefix: str = "") -> Row:
    row = {f"{prefix}ShippingSiteId": settings.site, f"{prefix}ShippingWarehouseId": settings.warehouse}
    return {name: value for name, value in row.items() if value}


def payment_method(methods: tuple[str, ...], settings: FinanceOperationsSettings) -> str:
    known = (settings.payment_methods[method] for method in methods if method in settings.payment_methods)
    return next(known, settings.default_payment_method)


def _delivery_mode(order: Order, settings: FinanceOperationsSettings) -> str:
    codes = (line.code for line in order.shipping_lines)
    known = (settings.shipping_methods[code] for code in codes if code in settings.shipping_methods)
    return next(known, settings.default_shipping_method)


def _goods(order: Order, items: Mapping[Sku, Item], settings: FinanceOperationsSettings) -> list[Line]:
    record = label(order)
    ordered = [line for line in order.lines if line.quantity]
    missing = {line.sku or "(none)" for line in ordered if line.sku not in items}
    if missing:
        raise refusals.sku_unknown(record, missing, settings.company)
    known = [Decimal(percent) for percent in settings.tax_codes]
    lines = []
    for line in ordered:
        percent = amounts.percentage(line.taxes, line.net, known, included=order.taxes_included)
        if percent is None:
            raise refusals.rate_unknown(record, line.sku)
        lines.append(
            Line(
                items[line.sku],
                line.quantity,
                line.unit_price.amount,
                percent,
                tax_group(percent, record, settings),
                amounts.per_unit(line.discount.amount, line.quantity),
                line.title,
            )
        )
    return lines


def _charges(order: Order, settings: FinanceOperationsSettings) -> list[Line]:
    record = label(order)
    known = [Decimal(percent) for percent in settings.tax_codes]
    lines = []
    for shipping in order.shipping_lines:
        if not shipping.net.amount:
            continue
        percent = amounts.percentage(shipping.taxes, shipping.net, known, included=order.taxes_included)
        if percent is None:
            raise refusals.rate_unknown(record, "shipping")
        group = tax_group(percent, record, settings)
        item = charge_item("shipping_charge", record, settings)
        lines.append(amounts.once(item, shipping.net.amount, percent, group, shipping.title))
    extras = {"tip_charge": order.tip, "duty_charge": order.duties, "fee_charge": order.fees}
    for setting, extra in extras.items():
        if extra.amount:
            item = charge_item(setting, record, settings)
            lines.append(amounts.once(item, extra.amount, Decimal(0), tax_group(Decimal(0), record, settings)))
    return lines


def _balanced(order: Order, lines: list[Line], settings: FinanceOperationsSettings) -> list[Line]:
    """The lines with what is missing to the store's total as rounding, if it is as little as `rounding_limit`."""
    rules = {"included": order.taxes_included, "per_line": settings.tax_calculation == "line"}
    wanted = order.total.rounded().amount
    missing = wanted - amounts.total(lines, order.currency, **rules)
    if abs(missing - order.rounding.amount) > settings.rounding_limit:
        with_rounding = [*lines, _rounding(order, order.rounding.amount, settings)] if order.rounding.amount else lines
        raise refusals.totals_differ(label(order), amounts.arithmetic(with_rounding, order.currency, wanted, **rules))
    return [*lines, _rounding(order, missing, settings)] if missing else lines


def _rounding(order: Order, amount: Decimal, settings: FinanceOperationsSettings) -> Line:
    record = label(order)
    item = charge_item("rounding_charge", record, settings)
    return amounts.once(item, amount, Decimal(0), tax_group(Decimal(0), record, settings))


def _line(line: Line, settings: FinanceOperationsSettings) -> Row:
    row: Row = {
        "ItemNumber": line.item.number,
        **dict(line.item.dimensions),
        "OrderedSalesQuantity": line.quantity,
        "SalesPrice": line.price,
        "LineDiscountAmount": line.discount,
        # Trade agreements may give a percentage besides; the store's prices are after all discounts.
        "LineDiscountPercentage": Decimal(0),
        "SalesTaxGroupCode": settings.sales_tax_group,
        "SalesTaxItemGroupCode": line.tax_group,
        "OverrideSalesTax": "Yes",
        "SkipCreateAutoCharges": "Yes",
        "LineDescription": line.text,
        **places(settings),
    }
    return {name: value for name, value in row.items() if value not in ("", None)}


def _party(customer: Customer, address: Address | None) -> Row:
    """A person by its names, a company by its own, cut to F&O's lengths. F&O needs one of them: the e-mail address stands
    in for none."""
    first = customer.first_name or (address.first_name if address else "")
    last = customer.last_name or (address.last_name if address else "")
    company = customer.company or (address.company if address else "")
    if company or not (first or last):
        return {"PartyType": "Organization", "OrganizationName": (company or customer.email or "Guest")[:100]}
    return {"PartyType": "Person", "PersonFirstName": first[:25] or "-", "PersonLastName": last[:25] or "-"}


def _postal(
    address: Address, prefix: str, state: str, settings: FinanceOperationsSettings, record: str
) -> dict[str, str]:
    """The address's fields, whose names begin with `prefix`; `state` is what the entity calls the state. Raises Rejected
    for what does not fit."""
    place = {
        "Street": "\n".join(part for part in (address.company, address.line1, address.line2) if part),
        "City": address.city,
        "ZipCode": address.postal_code,
    }
    row = {
        **address_fields.whole(place, _POSTAL, system=SYSTEM, record=record),
        "CountryRegionISOCode": address.country,
        state: address.region_code if address.country in settings.state_countries else "",
    }
    return {f"{prefix}{name}": value for name, value in row.items() if value}


def _plain(values: Mapping[str, Value]) -> dict[str, Any]:
    """Yes and No are an enumeration of F&O's, not booleans."""
    return {
        name: ("Yes" if value else "No") if isinstance(value, bool) else value
        for name, value in values.items()
        if value is not None
    }
