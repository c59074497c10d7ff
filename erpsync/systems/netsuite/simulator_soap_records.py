"""The simulated account's records as SuiteTalk SOAP returns them."""

from collections.abc import Mapping
from typing import Any

from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_records import (
    ACCOUNTS,
    CATEGORIES,
    CURRENCIES,
    LOCATIONS,
    PAYMENT_METHODS,
    PRICE_LEVELS,
    SUBSIDIARIES,
    TAX_CODES,
    Customer,
    Deposit,
    Fulfilment,
    Invoice,
    Item,
    Line,
    Transaction,
    Values,
)
from erpsync.systems.netsuite.simulator_views import status_name

NAMED = {
    "subsidiary": ("accounting:Subsidiary", "name", SUBSIDIARIES),
    "location": ("accounting:Location", "name", LOCATIONS),
    "currency": ("accounting:Currency", "symbol", CURRENCIES),
    "salesTaxItem": ("accounting:SalesTaxItem", "itemId", TAX_CODES),
    "priceLevel": ("accounting:PriceLevel", "name", PRICE_LEVELS),
    "paymentMethod": ("accounting:PaymentMethod", "name", PAYMENT_METHODS),
    "customerCategory": ("accounting:CustomerCategory", "name", CATEGORIES),
    "account": ("accounting:Account", "acctName", ACCOUNTS),
}
"""Lists that can be read by id: type, field of the name, and entries."""

_TYPES = {
    "salesOrder": "sales:SalesOrder",
    "creditMemo": "customers:CreditMemo",
    "returnAuthorization": "customers:ReturnAuthorization",
}
# What a kit and an assembly call their description for customers.
_DESCRIBED = ("KitItem", "AssemblyItem")
_MATRIX = ("InventoryItem", "NonInventorySaleItem", "ServiceSaleItem")


def named(kind: str, internal_id: str) -> Values | None:
    """An entry of one of the account's lists."""
    type_name, field, names = NAMED[kind]
    if internal_id not in names:
        return None
    return {"$type": type_name, "internalId": internal_id, field: names[internal_id]}


def stored(found: Customer | Transaction | Deposit) -> Values:
    """A record that erpsync writes, whole."""
    values = _schema_named(found.values)
    known = {"internalId": found.internal_id, "externalId": found.external_id}
    if isinstance(found, Customer):
        return {**values, "lastModifiedDate": found.modified_at, **known, "$type": "relationships:Customer"}
    stamps: Values = {"createdDate": found.created_at, "lastModifiedDate": found.modified_at, "tranId": found.number}
    if isinstance(found, Deposit):
        return {**values, **stamps, **known, "$type": "customers:CustomerDeposit"}
    sums = {"subTotal": found.subtotal, "taxTotal": found.tax, "total": found.total}
    lines = [_line(found, line) for line in found.lines]
    record = {**values, **stamps, **sums, **known, "$type": _TYPES[found.kind], "itemList": {"item": lines}}
    if found.kind == "salesOrder":
        record |= {"orderStatus": found.status, "status": status_name(found.status)}
    return record


def body_only(record: Values) -> Values:
    """A record without its sublists, as a search returns it unless told otherwise."""
    lists = {
        "itemList",
        "addressbookList",
        "pricingMatrix",
        "locationsList",
        "packageList",
        "packageUpsList",
        "memberList",
    }
    return {name: value for name, value in record.items() if name not in lists}


def item(found: Item) -> Values:
    record: Values = {
        "$type": f"accounting:{found.kind}",
        "internalId": found.internal_id,
        "externalId": found.external_id,
        "itemId": found.sku,
        "isInactive": found.inactive,
        "lastModifiedDate": found.modified_at,
    }
    if found.kind in ("OtherChargeSaleItem", "DiscountItem"):
        return record
    record["displayName"] = found.title or None
    record["upcCode"] = found.barcode or None
    record["description" if found.kind in _DESCRIBED else "salesDescription"] = found.description or None
    record["parent"] = {"internalId": found.parent_id} if found.parent_id else None
    if found.weight is not None and found.kind != "ServiceSaleItem":
        unit = (
            {"internalId": "1", "name": found.weight_unit.lstrip("_")} if found.kind == "KitItem" else found.weight_unit
        )
        record |= {"weight": found.weight, "weightUnit": unit}
    if found.kind in _MATRIX and found.matrix:
        record["matrixType"] = found.matrix
        record["matrixOptionList"] = {"matrixOption": [_option(*pair) for pair in found.options.items()]}
    if found.kind == "KitItem":
        members = [{"quantity": quantity, "item": {"internalId": id_}} for id_, quantity in found.members]
        record["memberList"] = {"itemMember": members}
    record["pricingMatrix"] = {"pricing": [_pricing(*key, steps) for key, steps in found.prices.items()]}
    return record


def fulfilment(found: Fulfilment, books: Books) -> Values:
    packages: Values = {}
    if found.carrier.upper() == "UPS":
        packages["packageUpsList"] = {
            "packageUps": [{"packageTrackingNumberUps": package.tracking} for package in found.packages]
        }
    else:
        packages["packageList"] = {
            "package": [
                {"packageTrackingNumber": package.tracking, "packageDescr": package.description or None}
                for package in found.packages
            ]
        }
    return {
        "$type": "sales:ItemFulfillment",
        "internalId": found.internal_id,
        "createdDate": found.created_at,
        "lastModifiedDate": found.modified_at,
        "tranDate": found.created_at,
        "tranId": found.number,
        "createdFrom": _order_ref(found.order_id, books),
        "shipStatus": found.status,
        "shipMethod": {"internalId": "3", "name": found.carrier} if found.carrier else None,
        **packages,
        "itemList": {
            "item": [
                {
                    "itemName": shipped.sku,
                    "quantity": quantity,
                    "item": {"internalId": shipped.internal_id},
                    "orderLine": line,
                }
                for line, shipped, quantity in found.lines
            ]
        },
    }


def invoice(found: Invoice, books: Books) -> Values:
    return {
        "$type": "sales:Invoice",
        "internalId": found.internal_id,
        "createdDate": found.created_at,
        "lastModifiedDate": found.modified_at,
        "tranDate": found.created_at,
        "tranId": found.number,
        "createdFrom": _order_ref(found.order_id, books),
        "currency": {"internalId": found.currency_id, "name": CURRENCIES[found.currency_id]},
        "total": found.total,
        "status": "Open",
    }


def _order_ref(order_id: str, books: Books) -> Values:
    order = books.transactions.get(order_id)
    return {"internalId": order_id, "name": f"Sales Order #{order.number}" if order else None}


def _line(found: Transaction, line: Line) -> Values:
    values: Values = {
        "item": {"internalId": line.item.internal_id, "name": line.item.sku},
        "quantity": line.quantity or None,
        "description": line.description,
        "rate": None if line.rate is None else f"{line.rate:f}",
        "amount": line.amount,
        "line": line.line,
        "tax1Amt": line.tax,
        "taxCode": {"internalId": line.tax_code} if line.tax_code else None,
    }
    if found.kind == "salesOrder":
        values |= {
            "isClosed": line.closed,
            "quantityBilled": line.billed,
            "quantityFulfilled": line.fulfilled,
            "customFieldList": _schema_named(line.custom) if line.custom else None,
        }
    return values


def _option(script_id: str, value: str) -> Values:
    return {"$type": "core:SelectCustomFieldRef", "scriptId": script_id, "value": {"name": value}}


def _pricing(level: str, currency: str, steps: list[Any]) -> Values:
    return {
        "currency": {"internalId": currency, "name": CURRENCIES[currency]},
        "priceLevel": {"internalId": level, "name": PRICE_LEVELS[level]},
        "priceList": {"price": [{"value": price, "quantity": quantity} for quantity, price in steps]},
    }


def _schema_named(value: Any) -> Any:
    """Values as they were read, without the names of their types, which replies need only where the schema is open."""
    if isinstance(value, Mapping):
        kept = {name: _schema_named(inner) for name, inner in value.items() if name != "$type"}
        return {"$type": f"core:{value['$type']}", **kept} if "scriptId" in kept else kept
    return [_schema_named(inner) for inner in value] if isinstance(value, list) else value
