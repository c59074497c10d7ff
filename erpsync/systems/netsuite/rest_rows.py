"""Rows of SuiteQL as the port has them. Pure.

A row that lacks what it must have raises KeyError, ValueError or ArithmeticError; `understood` makes an error of each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.fulfilments import ErpOrderState, Fulfilment, Invoice, OrderProgress, Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.money import Money
from erpsync.domain.parties import Customer
from erpsync.domain.products import BasePrice, Product, Variant
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import RecordRef
from erpsync.systems.netsuite.item_rules import grams, own_name, sku_in
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.order_rules import invoiced, status_unknown
from erpsync.systems.netsuite.rest_wire import Row
from erpsync.systems.netsuite.settings import NetSuiteSettings

T = TypeVar("T")
Source = TypeVar("Source", Row, list[Row])

# The one option of a matrix item's variants: SuiteQL does not tell which of an item's fields are its options.
VARIANT = "Variant"
# Pending Approval, Pending Fulfillment, Cancelled, Partially Fulfilled, Pending Billing/Partially Fulfilled, Pending
# Billing, Billed, Closed.
_STATES = {
    "A": ErpOrderState.OPEN,
    "B": ErpOrderState.OPEN,
    "C": ErpOrderState.CANCELLED,
    "D": ErpOrderState.PART_SHIPPED,
    "E": ErpOrderState.PART_SHIPPED,
    "F": ErpOrderState.SHIPPED,
    "G": ErpOrderState.INVOICED,
    "H": ErpOrderState.CLOSED,
}


def understood(
    rows: Iterable[Source], read: Callable[[Source], T], kind: str, key: str = "id"
) -> tuple[list[T], list[SyncError]]:
    """What could be read of the rows, and an error for each of the others."""
    records: list[T] = []
    unreadable: list[SyncError] = []
    for row in rows:
        try:
            records.append(read(row))
        except Rejected as error:
            unreadable.append(error)
        except (KeyError, ValueError, ArithmeticError) as error:
            first = row if isinstance(row, dict) else row[0]
            unreadable.append(_unreadable(kind, first.get(key, "?"), error))
    return records, unreadable


def customer(row: Row, settings: NetSuiteSettings) -> ErpCustomer:
    """Its groups are those of the store whose category it has."""
    groups = [name for name, category in settings.customer_groups.items() if category == row.get("category")]
    person = Customer(
        email=row.get("email", ""),
        first_name=row.get("firstname", ""),
        last_name=row.get("lastname", ""),
        company=row.get("companyname", ""),
        phone=row.get("phone", ""),
        groups=tuple(groups),
    )
    ref = RecordRef(TargetId(row["id"]), row.get("entityid") or row["id"])
    return ErpCustomer(ref, row.get("externalid", ""), person, row["isinactive"] == "F")


def sku_of(row: Row, settings: NetSuiteSettings) -> Sku:
    """The SKU of an item's row, empty where it has none."""
    return sku_in(row.get("itemid"), row.get("externalid"), settings)


def in_matrix(row: Row) -> bool:
    """Whether the item is a matrix item's head or one of its children."""
    return row.get("matrixtype") == "PARENT" or (row.get("matrixtype") == "CHILD" and "parent" in row)


def single(row: Row, settings: NetSuiteSettings) -> Product:
    """An item that is no matrix item."""
    return Product(
        id=TargetId(row["id"]),
        title=_title(row),
        description=row.get("description", ""),
        active=row["isinactive"] == "F",
        variants=(_variant(row, (), settings),),
    )


def family(rows: Sequence[Row], settings: NetSuiteSettings) -> Product:
    """A matrix item: its head, followed by its children."""
    parent, *children = rows
    variants = tuple(_variant(child, (_title(child),), settings) for child in children)
    return Product(
        id=TargetId(parent["id"]),
        title=_title(parent),
        description=parent.get("description", ""),
        active=parent["isinactive"] == "F" and any(variant.active for variant in variants),
        options=(VARIANT,),
        variants=variants,
    )


def price(row: Row, names: Mapping[str, str], settings: NetSuiteSettings) -> BasePrice:
    """`names` are what price levels are called, by id."""
    return BasePrice(
        sku=sku_of(row, settings),
        price=Money(amount=Decimal(row["unitprice"]), currency=settings.currency_of(row.get("currency", ""))),
        price_list=names[row["pricelevel"]],
        # NetSuite says 0 for "from the first one on".
        minimum_quantity=max(Decimal(row["quantity"]), Decimal(1)),
    )


def stock(
    row: Row, held: Mapping[tuple[str, str], Row], locations: Iterable[str], settings: NetSuiteSettings
) -> list[StockLevel]:
    """An item's level at each configured location, zero where NetSuite has no place for it; at each place there is where
    none is configured."""
    levels = []
    for location in locations:
        place = held.get((row["id"], location))
        if place is None and not settings.stock_locations:
            continue
        told = place or {}
        levels.append(
            StockLevel(
                sku=sku_of(row, settings),
                location=location,
                on_hand=Decimal(told.get("onhand", "0")),
                reserved=Decimal(told.get("committed", "0")) + Decimal(told.get("promised", "0")),
            )
        )
    return levels


def progress(
    row: Row,
    shipped: Mapping[str, Sequence[Row]],
    numbers: Mapping[str, Sequence[str]],
    invoices: Sequence[Row],
    settings: NetSuiteSettings,
) -> OrderProgress:
    """A sales order. `shipped` are the lines of its fulfilments and `numbers` their tracking numbers, by fulfilment."""
    return OrderProgress(
        order_id=TargetId(row["id"]),
        display=row.get("tranid") or row["id"],
        reference=row.get("externalid", ""),
        state=_state(row),
        fulfilments=tuple(_fulfilment(lines, numbers.get(id_, ()), settings) for id_, lines in shipped.items()),
        invoices=tuple(_invoice(invoice, settings) for invoice in invoices),
    )


def letter(row: Row) -> str:
    """A transaction's status. It may have the type in front, "SalesOrd:B"."""
    return row.get("status", "").rpartition(":")[2]


def _state(row: Row) -> ErpOrderState:
    state = _STATES.get(letter(row))
    if state is None:
        raise status_unknown(row.get("tranid") or row["id"], row.get("status", "(none)"))
    return state


def _fulfilment(lines: Sequence[Row], numbers: Sequence[str], settings: NetSuiteSettings) -> Fulfilment:
    carrier = next((line["carrier"] for line in lines if line.get("carrier")), "")
    return Fulfilment(
        id=TargetId(lines[0]["id"]),
        order_id=TargetId(lines[0]["order_id"]),
        shipped_at=_day(lines[0].get("shipped_on")),
        lines=tuple(ShippedLine(sku=sku_of(line, settings), quantity=Decimal(line["quantity"])) for line in lines),
        parcels=tuple(Parcel(carrier=carrier, number=number) for number in dict.fromkeys(numbers) if number),
    )


def _invoice(row: Row, settings: NetSuiteSettings) -> Invoice:
    number = row.get("tranid") or row["id"]
    total = invoiced(number, abs(Decimal(row["total"])), row.get("currency", ""), settings)
    return Invoice(id=TargetId(row["id"]), number=number, total=total, issued_at=_day(row.get("issued_on")))


def _variant(row: Row, options: tuple[str, ...], settings: NetSuiteSettings) -> Variant:
    weight = Decimal(row["weight"]) if "weight" in row else None
    return Variant(
        sku=sku_of(row, settings),
        title=_title(row),
        options=options,
        barcode=row.get("upccode", ""),
        weight_grams=grams(weight, row.get("weightunit", "")),
        active=row["isinactive"] == "F",
    )


def _title(row: Row) -> str:
    return row.get("displayname") or own_name(row.get("itemid"))


def _day(text: str | None) -> datetime | None:
    """A document's day; NetSuite keeps no hour of it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def _unreadable(kind: str, internal_id: str, error: Exception) -> Rejected:
    why = f"it has no {error.args[0]}" if isinstance(error, KeyError) else "a value is not of its kind"
    return Rejected(
        "row-unreadable",
        system=SYSTEM,
        record=f"{kind} {internal_id}",
        what=f"NetSuite's row could not be understood: {why}.",
        next_step="Look at the record in NetSuite and complete it; it is read again when it is saved.",
    )
