"""What SAP tells of changes, as domain records. Pure: a reply's rows come in, records go out."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.fulfilments import ErpOrderState, Fulfilment, Invoice, OrderProgress, Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.money import Money
from erpsync.domain.parties import Customer
from erpsync.domain.products import BasePrice, Product, Variant
from erpsync.ports.erp_changes import ErpCustomer
from erpsync.ports.erp_records import RecordRef
from erpsync.systems.sap.soap.client import Reply, moment
from erpsync.systems.sap.soap.rows import shown
from erpsync.systems.sap.soap.settings import SYSTEM, SapSoapSettings
from erpsync.systems.sap.soap.wire import ReadRow

T = TypeVar("T")
# https://help.sap.com: units of mass by their internal codes.
_GRAMS = {
    "KG": Decimal(1000),
    "G": Decimal(1),
    "MG": Decimal("0.001"),
    "TO": Decimal(1000000),
    "LB": Decimal("453.59237"),
    "OZ": Decimal("28.349523125"),
}
Read = tuple[tuple[T, ...], tuple[SyncError, ...]]


def customers(reply: Reply, settings: SapSoapSettings) -> Read[ErpCustomer]:
    groups = {code: name for name, code in settings.customer_groups.items()}
    return _each(reply.rows("ET_CUSTOMER"), "KUNNR", lambda row: _customer(row, groups))


def products(reply: Reply, settings: SapSoapSettings) -> Read[Product]:
    return _each(reply.rows("ET_MATERIAL"), "MATNR", lambda row: _product(row, settings))


def prices(reply: Reply, settings: SapSoapSettings) -> Read[BasePrice]:
    return _each(reply.rows("ET_PRICE"), "MATNR", lambda row: _price(row, settings))


def stock(reply: Reply, settings: SapSoapSettings) -> Read[StockLevel]:
    """A level per material and configured location, those without stock included. A material is told whole or not at all:
    without the row of what is promised it would have too much."""
    rows = _by(reply.rows("ET_STOCK"), "MATNR")
    materials = [{"MATNR": material} for material in rows]
    told, unreadable = _each(materials, "MATNR", lambda one: _levels(one["MATNR"], rows[one["MATNR"]], settings))
    return tuple(level for levels in told for level in levels), unreadable


def progress(reply: Reply, settings: SapSoapSettings) -> Read[OrderProgress]:
    items = _by(reply.rows("ET_ITEM"), "VBELN")
    deliveries = _by(reply.rows("ET_DELIVERY"), "VBELN")
    invoices = _by(reply.rows("ET_INVOICE"), "VBELN")
    parts = reply.rows("ET_DELIVERY_ITEM")

    def one(row: ReadRow) -> OrderProgress:
        order = row["VBELN"]
        return OrderProgress(
            order_id=TargetId(order),
            display=shown(order),
            reference=row["REFERENCE"],
            state=_state(items[order]),
            fulfilments=tuple(_fulfilment(delivery, parts) for delivery in deliveries[order]),
            invoices=tuple(_invoice(invoice, settings) for invoice in invoices[order]),
            changed_at=moment(row["CHANGED_AT"]),
        )

    return _each(reply.rows("ET_ORDER"), "VBELN", one)


def _each(rows: Sequence[ReadRow], key: str, read: Callable[[ReadRow], T]) -> Read[T]:
    """All rows, those that cannot be understood as errors that name them."""
    records: list[T] = []
    unreadable: list[SyncError] = []
    for row in rows:
        try:
            records.append(read(row))
        except (ValidationError, ArithmeticError, ValueError, TypeError) as error:
            unreadable.append(
                Rejected(
                    "row-unreadable",
                    system=SYSTEM,
                    record=f"{key} {shown(str(row[key]))}",
                    what=f"SAP's row could not be understood ({type(error).__name__}).",
                    next_step="Look at the record in SAP; if it is right, report this.",
                )
            )
    return tuple(records), tuple(unreadable)


def _customer(row: ReadRow, groups: dict[str, str]) -> ErpCustomer:
    found = Customer(
        email=row["EMAIL"],
        first_name=row["FIRSTNAME"],
        last_name=row["LASTNAME"],
        company=row["COMPANY"],
        phone=row["PHONE"],
        groups=tuple(name for name in [groups.get(row["KDGRP"], row["KDGRP"])] if name),
    )
    ref = RecordRef(TargetId(row["KUNNR"]), shown(row["KUNNR"]))
    return ErpCustomer(ref, row["REFERENCE"], found, active=not row["BLOCKED"])


def _product(row: ReadRow, settings: SapSoapSettings) -> Product:
    stopped = {row["MSTAV"], row["VMSTA"]} & set(settings.inactive_statuses)
    active = not row["LVORM"] and not stopped
    weight = row["BRGEW"] * _GRAMS[row["GEWEI"]] if row["BRGEW"] and row["GEWEI"] in _GRAMS else None
    variant = Variant(
        sku=Sku(row["MATNR"]), title=row["MAKTX"], barcode=row["EAN11"], weight_grams=weight, active=active
    )
    return Product(
        id=TargetId(row["MATNR"]),
        title=row["MAKTX"] or row["MATNR"],
        active=active,
        categories=tuple(name for name in [row["WGBEZ"] or row["MATKL"]] if name),
        variants=(variant,),
        changed_at=moment(row["CHANGED_AT"]),
    )


def _price(row: ReadRow, settings: SapSoapSettings) -> BasePrice:
    each = row["KBETR"] / (row["KPEIN"] or 1)
    return BasePrice(
        sku=Sku(row["MATNR"]),
        price=Money(amount=each, currency=settings.iso_currency(row["KONWA"])),
        price_list=row["PLTYP"],
        minimum_quantity=row["KSTBM"] or Decimal(1),
        tax_included=settings.prices_include_tax,
        unit=row["KMEIN"],
    )


def _levels(material: str, rows: Sequence[ReadRow], settings: SapSoapSettings) -> list[StockLevel]:
    """What is promised at a plant without a storage location counts at the plant's first configured one."""
    first = {location.partition("/")[0]: location for location in reversed(settings.stock_locations)}
    on_hand: dict[str, Decimal] = defaultdict(Decimal)
    reserved: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        place = f"{row['WERKS']}/{row['LGORT']}" if row["LGORT"] else first.get(row["WERKS"], "")
        on_hand[place] += Decimal(row["LABST"])
        reserved[place] += Decimal(row["RESERVED"])
    unit = rows[0]["MEINS"]
    return [
        StockLevel(sku=Sku(material), location=place, on_hand=on_hand[place], reserved=reserved[place], unit=unit)
        for place in settings.stock_locations
    ]


def _state(items: Sequence[ReadRow]) -> ErpOrderState:
    """From quantities, not from status tables: those are in VBUK in ECC and in VBAK in S/4HANA
    (https://blogs.sap.com/2016/07/03/sap-s4-hana-simplifications-in-sales-distribution-data-models/)."""
    shipped = [item for item in items if item["SHIPPED"] > 0]
    billed = [item for item in items if item["BILLED"] > 0]
    live = [item for item in items if not item["ABGRU"]]
    if items and not live and not shipped and not billed:
        return ErpOrderState.CANCELLED
    done = all(item["SHIPPED"] >= item["KWMENG"] or item["BILLED"] >= item["KWMENG"] for item in live)
    if done and len(live) < len(items):
        return ErpOrderState.CLOSED
    if live and all(item["BILLED"] >= item["KWMENG"] for item in live):
        return ErpOrderState.INVOICED
    if live and done:
        return ErpOrderState.SHIPPED
    return ErpOrderState.PART_SHIPPED if shipped else ErpOrderState.OPEN


def _fulfilment(delivery: ReadRow, parts: Iterable[ReadRow]) -> Fulfilment:
    lines = tuple(
        ShippedLine(sku=Sku(part["MATNR"]), quantity=part["LFIMG"])
        for part in parts
        if (part["VBELN"], part["DELIVERY"]) == (delivery["VBELN"], delivery["DELIVERY"])
    )
    parcel = Parcel(carrier=delivery["CARRIER"], number=delivery["TRACKING"])
    return Fulfilment(
        id=TargetId(delivery["DELIVERY"]),
        order_id=TargetId(delivery["VBELN"]),
        shipped_at=moment(delivery["SHIPPED_AT"]),
        lines=lines,
        parcels=(parcel,) if delivery["TRACKING"] else (),
    )


def _invoice(row: ReadRow, settings: SapSoapSettings) -> Invoice:
    return Invoice(
        id=TargetId(row["INVOICE"]),
        number=shown(row["INVOICE"]),
        total=Money(amount=row["TOTAL"], currency=settings.iso_currency(row["WAERK"])),
        issued_at=moment(row["ISSUED_AT"]),
    )


def _by(rows: Iterable[ReadRow], key: str) -> dict[str, list[ReadRow]]:
    found: dict[str, list[ReadRow]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found
