"""The simulated system's tables, its clock, its locks and its update task."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

SALES_AREA = ("1000", "10", "00")
LOCATIONS = (("1000", "0001"), ("1000", "0002"))
_STAMP = "%Y%m%d%H%M%S"


@dataclass
class Item:
    """VBAP with what came of it."""

    matnr: str
    kwmeng: Decimal
    werks: str = ""
    lgort: str = ""
    arktx: str = ""
    abgru: str = ""
    shipped: Decimal = Decimal(0)
    billed: Decimal = Decimal(0)

    @property
    def open(self) -> Decimal:
        return Decimal(0) if self.abgru else max(self.kwmeng - self.shipped, Decimal(0))


@dataclass
class Document:
    """VBAK with its items, conditions, partners, texts; a sales order (vbtyp C) or a credit memo request (K)."""

    vbeln: str
    vbtyp: str
    header: dict[str, Any]
    items: dict[int, Item]
    conditions: list[dict[str, Any]]
    net: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    block: str = ""
    addresses: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    extras: dict[str, str] = field(default_factory=dict)
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    invoices: list[dict[str, Any]] = field(default_factory=list)

    @property
    def reference(self) -> str:
        return str(self.header["BSTKD"])

    @property
    def state(self) -> str:
        items = self.items.values()
        rejected = [item for item in items if item.abgru]
        if rejected and all(item.abgru or item.shipped >= item.kwmeng for item in items):
            return "closed" if any(item.shipped or item.billed for item in items) else "cancelled"
        return "open"


class UpdateEnded(Exception):
    """The update task ended: nothing of the unit of work is in the database."""


class Tables:
    """Everything the system holds. `mutex` is the database's: held for one step, never across a whole call.

    `keeps_unique` says whether ZERPSYNC_REF has its key: kind and reference, written by the same update as the document.
    """

    def __init__(self, *, keeps_unique: bool, time_shift: timedelta = timedelta(), time_zone: str = "CET") -> None:
        self.mutex = threading.RLock()
        self.keeps_unique = keeps_unique
        self.time_shift = time_shift
        self.time_zone = time_zone
        self.materials: dict[str, dict[str, Any]] = {}
        self.customers: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, Document] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.references: dict[tuple[str, str], list[str]] = defaultdict(list)
        """ZERPSYNC_REF: what was made under a reference; one document each where the key is kept."""
        self.prices: dict[tuple[str, str, Decimal], dict[str, Any]] = {}
        self.mard: dict[tuple[str, str, str], Decimal] = {}
        self.reservations: dict[tuple[str, str, str], Decimal] = {}
        self.changes: dict[tuple[str, str], datetime] = {}
        """CDHDR and the documents' own dates: when an object was last changed."""
        self.locked: set[str] = set()
        """Sales documents that somebody has open in VA02."""
        self._enqueued: set[tuple[str, str]] = set()
        self._numbers = {
            "KUNNR": 100000,
            "VBELN": 4968,
            "CREDIT": 60000000,
            "LIKP": 80000000,
            "VBRK": 90000000,
            "BELNR": 1400000000,
        }

    def now(self) -> datetime:
        return datetime.now(UTC) + self.time_shift

    def stamp(self, moment: datetime | None) -> Decimal:
        return Decimal(moment.strftime(_STAMP)) if moment else Decimal(0)

    def since(self, stamp: Decimal) -> datetime | None:
        return datetime.strptime(f"{stamp:.0f}".zfill(14), _STAMP).replace(tzinfo=UTC) if stamp else None

    def number(self, kind: str) -> str:
        """The next of a number range, taken at once and never given back."""
        with self.mutex:
            self._numbers[kind] += 1
            return str(self._numbers[kind]).zfill(10)

    def changed(self, kind: str, key: str, seconds_ago: float = 0.0) -> None:
        with self.mutex:
            moment = self.now() - timedelta(seconds=seconds_ago)
            self.changes[kind, key] = max(moment, self.changes.get((kind, key), moment))

    @contextmanager
    def enqueued(self, kind: str, reference: str) -> Iterator[bool]:
        """ENQUEUE_EZERPSYNC without waiting, and DEQUEUE at the end: whether the lock was had."""
        with self.mutex:
            had = (kind, reference) not in self._enqueued
            if had:
                self._enqueued.add((kind, reference))
        try:
            yield had
        finally:
            if had:
                with self.mutex:
                    self._enqueued.discard((kind, reference))

    def under(self, kind: str, reference: str) -> list[str]:
        """The look before a create: ZERPSYNC_REF, and for orders the purchase order number, by whomever entered."""
        with self.mutex:
            found = list(self.references.get((kind, reference), []))
            if kind == "O":
                found += [
                    one.vbeln for one in self.documents.values() if one.vbtyp == "C" and one.reference == reference
                ]
            return list(dict.fromkeys(found))

    def commit(self, kind: str, reference: str, key: str, store: Any) -> None:
        """COMMIT WORK AND WAIT: the key and the document in one database transaction. Raises UpdateEnded where the key
        is taken already."""
        with self.mutex:
            if self.keeps_unique and self.references.get((kind, reference)):
                raise UpdateEnded
            self.references[kind, reference].append(key)
            store()


def seeded(tables: Tables) -> Tables:
    """The catalogue that all simulators share, in this system's terms, with a little history."""
    for number in range(1, 51):
        sku = f"SKU-{number:04d}"
        tables.materials[sku] = _material(f"Item {number}")
        tables.prices["", sku, Decimal(1)] = {"KBETR": Decimal("9.90") + number, "KONWA": "EUR", "KPEIN": 1}
        for plant, place in LOCATIONS:
            tables.mard[sku, plant, place] = Decimal(100)
        tables.changed("MATERIAL", sku, 86400 * 30)
    tables.materials["SERVICE"] = _material("Service")
    tables.changed("MATERIAL", "SERVICE", 86400 * 30)
    tables.customers["0000000001"] = {"COMPANY": "Model customer", "BLOCKED": "X", "EMAIL": ""}
    return tables


def _material(title: str) -> dict[str, Any]:
    return {"MAKTX": title, "MATKL": "001", "WGBEZ": "Goods", "BRGEW": Decimal("0.5"), "GEWEI": "KG"}
