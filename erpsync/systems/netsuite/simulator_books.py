"""The simulated account's records, and what NetSuite's own rules make of a write."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias

Values: TypeAlias = dict[str, Any]
_CENT = Decimal("0.01")
_STATUS = {
    "_pendingApproval": "Pending Approval",
    "_pendingFulfillment": "Pending Fulfillment",
    "_partiallyFulfilled": "Partially Fulfilled",
    "_closed": "Closed",
}
_CURRENCIES = {"1": "EUR", "2": "USD", "3": "GBP"}
_TAX_RATES = {"5": Decimal(0), "6": Decimal("0.19"), "7": Decimal("0.07")}
_SHIP_METHODS = frozenset({"3", "4"})


class Refusal(Exception):
    """One record is refused, with NetSuite's status code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code)


@dataclass
class Item:
    """An item that can be sold. `kind` is its record type in the schema."""

    internal_id: str
    sku: str
    price: Decimal
    kind: str = "InventoryItem"
    inactive: bool = False


@dataclass
class Customer:
    internal_id: str
    external_id: str | None
    values: Values


@dataclass
class OrderLine:
    """A line as it is kept. `line` is the key that NetSuite gives it and never changes."""

    line: int
    item: Item
    quantity: Decimal
    amount: Decimal
    rate: Decimal | None = None
    tax: Decimal = Decimal(0)
    tax_code: str | None = None
    description: str | None = None
    closed: bool = False
    fulfilled: Decimal = Decimal(0)


@dataclass
class SalesOrder:
    internal_id: str
    external_id: str | None
    number: str
    status: str
    created_at: datetime
    values: Values
    lines: list[OrderLine] = field(default_factory=list)

    @property
    def subtotal(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((line.tax for line in self.lines), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.subtotal + self.tax + (self.values.get("shippingCost") or Decimal(0))


class Books:
    """Customers, items and sales orders of one account. Thread-safe.

    `between` is called with the external id after a record was found absent and before it is made: two writes that meet
    there are what makes NetSuite refuse the second one.
    """

    def __init__(self, now: Callable[[], datetime], between: Callable[[str], None], *, one_world: bool) -> None:
        self.items: dict[str, Item] = {}
        self.customers: dict[str, Customer] = {}
        self.orders: dict[str, SalesOrder] = {}
        self._now = now
        self._between = between
        self._one_world = one_world
        self._lock = threading.RLock()
        self._last_id = 5000

    def add_item(self, sku: str, price: Decimal, kind: str = "InventoryItem", internal_id: str = "") -> Item:
        with self._lock:
            item = Item(internal_id or self._next_id(), sku, price, kind)
            self.items[item.internal_id] = item
            return item

    def add_customer(self, values: Values, external_id: str | None = None) -> Customer:
        with self._lock:
            internal_id = self._next_id()
            number = f"CUST{1001 + len(self.customers)}"
            customer = Customer(internal_id, external_id, {"entityId": number, **values})
            self.customers[internal_id] = customer
            return customer

    def upsert(self, record: Mapping[str, Any]) -> tuple[str, str]:
        """Makes or updates the record that has this external id. Its type and internal id; raises Refusal."""
        if record.get("internalId"):
            raise Refusal("CANT_SET_INTERNALID", "Internal IDs are not accepted by upsert.")
        external_id = record.get("externalId")
        if not external_id:
            raise Refusal("EXTERNALID_REQD", "An external ID is required.")
        kind = _kind(record)
        with self._lock:
            existing = self.by_external_id(kind, external_id)
            if existing is not None:
                return kind, self._change(existing, record)
        self._between(external_id)
        with self._lock:
            if self.by_external_id(kind, external_id) is not None:
                raise Refusal("DUP_RCRD", "This record already exists.")
            return kind, self._make(kind, external_id, record)

    def update(self, record: Mapping[str, Any]) -> tuple[str, str]:
        """Changes the record that has this internal id. Its type and internal id; raises Refusal."""
        kind = _kind(record)
        with self._lock:
            found = self.get(kind, record)
            if found is None:
                raise Refusal("RCRD_DSNT_EXIST", "That record does not exist.")
            return kind, self._change(found, record)

    def get(self, kind: str, ref: Mapping[str, Any]) -> Customer | SalesOrder | None:
        """By internal id, else by external id."""
        with self._lock:
            known: Mapping[str, Customer | SalesOrder] = self.customers if kind == "customer" else self.orders
            if ref.get("internalId"):
                return known.get(ref["internalId"])
            return self.by_external_id(kind, ref.get("externalId") or "")

    def by_external_id(self, kind: str, external_id: str) -> Customer | SalesOrder | None:
        known: Mapping[str, Customer | SalesOrder] = self.customers if kind == "customer" else self.orders
        return next((record for record in list(known.values()) if record.external_id == external_id), None)

    def fulfil(self, external_id: str) -> None:
        """Ships the first line of a sales order, as a clerk would."""
        with self._lock:
            order = self.by_external_id("salesOrder", external_id)
            if not isinstance(order, SalesOrder):
                raise KeyError(external_id)
            order.lines[0].fulfilled = order.lines[0].quantity
            order.status = "_partiallyFulfilled"

    def delete_order(self, external_id: str) -> None:
        with self._lock:
            order = self.by_external_id("salesOrder", external_id)
            if order is not None:
                del self.orders[order.internal_id]

    def described(self) -> dict[str, list[dict[str, Any]]]:
        """All records as plain JSON values; amounts as text."""
        with self._lock:
            return {
                "salesOrders": [self._described_order(order) for order in self.orders.values()],
                "customers": [
                    {"internalId": c.internal_id, "externalId": c.external_id, **_plain(c.values)}
                    for c in self.customers.values()
                ],
                "items": [
                    {"internalId": item.internal_id, "itemId": item.sku, "isInactive": item.inactive}
                    for item in self.items.values()
                ],
            }

    def _make(self, kind: str, external_id: str, record: Mapping[str, Any]) -> str:
        if kind == "customer":
            values = _customer_values(record)
            self._check_customer(values)
            return self.add_customer(values, external_id).internal_id
        order = SalesOrder(
            internal_id="",
            external_id=external_id,
            number="",
            status=record.get("orderStatus") or "_pendingFulfillment",
            created_at=self._now(),
            values={},
        )
        self._fill_order(order, record)
        # Numbered last: a refused record uses up neither an id nor a number.
        order.internal_id = self._next_id()
        order.number = f"SO{1001 + len(self.orders)}"
        self.orders[order.internal_id] = order
        return order.internal_id

    def _change(self, found: Customer | SalesOrder, record: Mapping[str, Any]) -> str:
        if isinstance(found, Customer):
            values = {**found.values, **_customer_values(record)}
            known, given = found.values.get("addressbookList"), record.get("addressbookList")
            if known and given and not given.get("replaceAll", True):
                entries = [*known.get("addressbook", []), *given.get("addressbook", [])]
                values["addressbookList"] = {"addressbook": entries}
            self._check_customer(values)
            found.values = values
        else:
            draft = SalesOrder(
                found.internal_id,
                found.external_id,
                found.number,
                record.get("orderStatus") or found.status,
                found.created_at,
                dict(found.values),
                [OrderLine(**vars(line)) for line in found.lines],
            )
            self._fill_order(draft, record)
            self.orders[found.internal_id] = draft
        return found.internal_id

    def _check_customer(self, values: Values) -> None:
        required = ["lastName"] if values.get("isPerson") else ["companyName"]
        for name in [*required, *(["subsidiary"] if self._one_world else [])]:
            if not values.get(name):
                raise Refusal("USER_ERROR", f"Please enter value(s) for: {name}")
        _check_reference("subsidiary", values.get("subsidiary"), {"1"})
        _check_reference("currency", values.get("currency"), _CURRENCIES)

    def _fill_order(self, order: SalesOrder, record: Mapping[str, Any]) -> None:
        skipped = {"$type", "internalId", "externalId", "itemList", "nullFieldList", "orderStatus"}
        order.values |= {name: value for name, value in record.items() if name not in skipped}
        for name in (record.get("nullFieldList") or {}).get("name", []):
            order.values.pop(name, None)
        self._check_order(order)
        if record.get("itemList"):
            self._fill_lines(order, record["itemList"])
        if not order.lines:
            raise Refusal("USER_ERROR", "Please enter at least one line item for this transaction.")
        if all(line.closed for line in order.lines):
            order.status = "_closed"

    def _check_order(self, order: SalesOrder) -> None:
        entity = order.values.get("entity")
        if not entity:
            raise Refusal("USER_ERROR", "Please enter value(s) for: Customer")
        if self.get("customer", entity) is None:
            raise _bad_reference("entity", entity)
        _check_reference("subsidiary", order.values.get("subsidiary"), {"1"})
        _check_reference("location", order.values.get("location"), {"1"})
        _check_reference("currency", order.values.get("currency"), _CURRENCIES)
        _check_reference("shipmethod", order.values.get("shipMethod"), _SHIP_METHODS)
        if order.values.get("shippingCost") and not order.values.get("shipMethod"):
            raise Refusal("USER_ERROR", "Please enter value(s) for: Ship Via")

    def _fill_lines(self, order: SalesOrder, item_list: Mapping[str, Any]) -> None:
        replace = item_list.get("replaceAll", True)
        kept = {line.line: line for line in order.lines}
        next_line = max(kept, default=0) + 1
        named: list[OrderLine] = []
        for values in item_list.get("item", []):
            number = values.get("line")
            if number in kept:
                line = kept[number]
            else:
                line = OrderLine(next_line, self._item_of(values), Decimal(0), Decimal(0))
                next_line += 1
            self._fill_line(line, values)
            named.append(line)
        dropped = [line for line in order.lines if line not in named] if replace else []
        if any(line.fulfilled for line in dropped):
            raise Refusal("CANT_DELETE_LINE", "This line cannot be deleted because it has been fulfilled.")
        others = [] if replace else [line for line in order.lines if line not in named]
        order.lines = sorted([*others, *named], key=lambda line: line.line)

    def _fill_line(self, line: OrderLine, values: Mapping[str, Any]) -> None:
        if "item" in values:
            line.item = self._item_of(values)
        line.quantity = values.get("quantity", line.quantity)
        line.description = values.get("description", line.description)
        line.closed = values.get("isClosed", line.closed)
        if line.item.kind == "InventoryItem" and not line.quantity:
            raise Refusal("USER_ERROR", "Please enter value(s) for: Quantity")
        if "rate" in values or "amount" in values or "quantity" in values:
            rate = Decimal(values["rate"]) if "rate" in values else None
            price = rate if rate is not None else line.item.price
            # An amount that is given stands, whatever rate times quantity is.
            line.amount = values.get("amount", _rounded(price * (line.quantity or 1)))
            line.rate = rate
        if "taxCode" in values:
            _check_reference("taxcode", values["taxCode"], _TAX_RATES)
            line.tax_code = values["taxCode"].get("internalId")
        if "tax1Amt" in values:
            line.tax = values["tax1Amt"]
        elif "taxCode" in values:
            line.tax = _rounded(line.amount * _TAX_RATES[line.tax_code or "5"])

    def _item_of(self, values: Mapping[str, Any]) -> Item:
        ref = values.get("item") or {}
        item = self.items.get(ref.get("internalId") or "")
        if item is None or item.inactive:
            raise _bad_reference("item", ref)
        return item

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    def _described_order(self, order: SalesOrder) -> dict[str, Any]:
        return {
            "internalId": order.internal_id,
            "externalId": order.external_id,
            "tranId": order.number,
            "orderStatus": order.status,
            "status": _STATUS.get(order.status, ""),
            **_plain(order.values),
            "entity": order.values["entity"].get("internalId") or order.values["entity"].get("externalId"),
            "lines": [
                {
                    "line": line.line,
                    "item": line.item.sku,
                    "quantity": f"{line.quantity:f}",
                    "rate": None if line.rate is None else f"{line.rate:f}",
                    "amount": f"{line.amount:f}",
                    "tax": f"{line.tax:f}",
                    "isClosed": line.closed,
                }
                for line in order.lines
            ],
            "total": f"{order.total:f}",
        }


def _kind(record: Mapping[str, Any]) -> str:
    kinds = {"SalesOrder": "salesOrder", "Customer": "customer"}
    if record["$type"] not in kinds:
        raise Refusal("INVALID_RCRD_TYPE", "This record type is not supported here.")
    return kinds[record["$type"]]


def _customer_values(record: Mapping[str, Any]) -> Values:
    skipped = {"$type", "internalId", "externalId", "nullFieldList"}
    return {name: value for name, value in record.items() if name not in skipped}


def _check_reference(name: str, ref: Mapping[str, Any] | None, known: Any) -> None:
    if ref is not None and ref.get("internalId") not in known:
        raise _bad_reference(name, ref)


def _bad_reference(name: str, ref: Mapping[str, Any]) -> Refusal:
    key = ref.get("internalId") or ref.get("externalId") or ""
    return Refusal("INVALID_KEY_OR_REF", f"Invalid {name} reference key {key}.")


def _rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items() if name != "$type"}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value
