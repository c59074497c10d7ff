"""What NetSuite's own rules make of a record that is written: required fields, references, amounts, lines, status."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from erpsync.systems.netsuite.simulator_records import (
    ACCOUNTS,
    CATEGORIES,
    CURRENCIES,
    LOCATIONS,
    PAYMENT_METHODS,
    SHIP_METHODS,
    STOCKED,
    SUBSIDIARIES,
    TAX_RATES,
    Item,
    Line,
    Transaction,
    Values,
)

_CENT = Decimal("0.01")
_HEADER = frozenset({"$type", "internalId", "externalId", "itemList", "nullFieldList", "orderStatus"})


class Refusal(Exception):
    """One record is refused, with NetSuite's status code."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code)


class Lookups(Protocol):
    """What the rules ask the books for."""

    items: dict[str, Item]

    def get(self, kind: str, ref: Mapping[str, Any]) -> object | None: ...


def written(record: Mapping[str, Any]) -> Values:
    """The fields of a record that are kept as they were written."""
    return {name: value for name, value in record.items() if name not in _HEADER}


def merged_customer(known: Values, record: Mapping[str, Any]) -> Values:
    """A customer's fields after an update; entries are added to its address book unless all are replaced."""
    values = _updated(known, record)
    before, given = known.get("addressbookList"), record.get("addressbookList")
    if before and given and not given.get("replaceAll", True):
        entries = [*before.get("addressbook", []), *given.get("addressbook", [])]
        values["addressbookList"] = {"addressbook": entries}
    return values


def check_customer(values: Values, *, one_world: bool) -> None:
    required = ["lastName"] if values.get("isPerson") else ["companyName"]
    _require(values, *required, *(["subsidiary"] if one_world else []))
    _check_reference("subsidiary", values.get("subsidiary"), SUBSIDIARIES)
    _check_reference("currency", values.get("currency"), CURRENCIES)
    _check_reference("category", values.get("category"), CATEGORIES)


def check_deposit(values: Values, books: Lookups) -> None:
    _require(values, "customer", "payment")
    for name, kind in (("customer", "customer"), ("salesOrder", "salesOrder")):
        if values.get(name) and books.get(kind, values[name]) is None:
            raise _bad_reference(name, values[name])
    _check_reference("currency", values.get("currency"), CURRENCIES)
    _check_reference("paymentmethod", values.get("paymentMethod"), PAYMENT_METHODS)
    _check_reference("account", values.get("account"), ACCOUNTS)
    if values["payment"] <= 0:
        raise Refusal("USER_ERROR", "The amount must be positive.")


def fill(transaction: Transaction, record: Mapping[str, Any], books: Lookups) -> None:
    """Puts what was written into a transaction that has lines. Raises Refusal."""
    transaction.values = _updated(transaction.values, record)
    _check_header(transaction.values, books)
    if record.get("itemList"):
        _fill_lines(transaction, record["itemList"], books)
    if not transaction.lines:
        raise Refusal("USER_ERROR", "Please enter at least one line item for this transaction.")
    if transaction.kind == "salesOrder":
        transaction.status = record.get("orderStatus") or status_of(transaction)


def status_of(order: Transaction) -> str:
    """A sales order's status as it follows from its lines."""
    if order.status == "_cancelled" or all(line.closed for line in order.lines):
        return order.status if order.status == "_cancelled" else "_closed"
    goods = [line for line in order.lines if line.is_goods]
    unbilled = any(line.fulfilled > line.billed for line in goods)
    if any(line.undelivered for line in goods):
        if not any(line.fulfilled or line.billed for line in goods):
            return order.status if order.status == "_pendingApproval" else "_pendingFulfillment"
        return "_pendingBillingPartFulfilled" if unbilled else "_partiallyFulfilled"
    billed = all(line.billed for line in goods if line.fulfilled)
    return "_fullyBilled" if goods and billed and not unbilled else "_pendingBilling"


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _updated(known: Values, record: Mapping[str, Any]) -> Values:
    """The fields after a write: custom fields stay where they are not named, and what `nullFieldList` names is empty."""
    values = {**known, **written(record)}
    custom = {_custom_name(field): field for source in (known, record) for field in _custom_fields(source)}
    for name in (record.get("nullFieldList") or {}).get("name", []):
        values.pop(name, None)
        custom.pop(name, None)
    values.pop("customFieldList", None)
    return {**values, "customFieldList": {"customField": list(custom.values())}} if custom else values


def _custom_fields(values: Mapping[str, Any]) -> list[Values]:
    return list((values.get("customFieldList") or {}).get("customField", []))


def _custom_name(field: Mapping[str, Any]) -> str:
    return str(field.get("scriptId") or field.get("internalId"))


def _check_header(values: Values, books: Lookups) -> None:
    _require(values, "entity")
    if books.get("customer", values["entity"]) is None:
        raise _bad_reference("entity", values["entity"])
    _check_reference("subsidiary", values.get("subsidiary"), SUBSIDIARIES)
    _check_reference("location", values.get("location"), LOCATIONS)
    _check_reference("currency", values.get("currency"), CURRENCIES)
    _check_reference("shipmethod", values.get("shipMethod"), SHIP_METHODS)
    if values.get("shippingCost") and not values.get("shipMethod"):
        raise Refusal("USER_ERROR", "Please enter value(s) for: Ship Via")


def _fill_lines(transaction: Transaction, item_list: Mapping[str, Any], books: Lookups) -> None:
    replace = item_list.get("replaceAll", True)
    kept = {line.line: line for line in transaction.lines}
    next_line = max(kept, default=0) + 1
    named: list[Line] = []
    for values in item_list.get("item", []):
        number = values.get("line")
        if number in kept:
            line = kept[number]
        else:
            line = Line(next_line, _item_of(values, books), Decimal(0), Decimal(0))
            next_line += 1
        _fill_line(line, values, books)
        named.append(line)
    dropped = [line for line in transaction.lines if line not in named] if replace else []
    if any(line.fulfilled or line.billed for line in dropped):
        raise Refusal("CANT_DELETE_LINE", "This line cannot be deleted because it has been fulfilled.")
    others = [] if replace else [line for line in transaction.lines if line not in named]
    transaction.lines = sorted([*others, *named], key=lambda line: line.line)


def _fill_line(line: Line, values: Mapping[str, Any], books: Lookups) -> None:
    if "item" in values:
        line.item = _item_of(values, books)
    line.quantity = values.get("quantity", line.quantity)
    line.description = values.get("description", line.description)
    line.closed = values.get("isClosed", line.closed)
    line.custom = values.get("customFieldList", line.custom)
    if line.item.kind in STOCKED and not line.quantity:
        raise Refusal("USER_ERROR", "Please enter value(s) for: Quantity")
    if line.quantity < line.fulfilled:
        raise Refusal("USER_ERROR", "The quantity cannot be less than what was fulfilled.")
    if "rate" in values or "amount" in values or "quantity" in values:
        rate = Decimal(values["rate"]) if "rate" in values else None
        price = rate if rate is not None else line.item.price
        # An amount that is given stands, whatever rate times quantity is.
        line.amount = values.get("amount", rounded(price * (line.quantity or 1)))
        line.rate = rate
    if "taxCode" in values:
        _check_reference("taxcode", values["taxCode"], TAX_RATES)
        line.tax_code = values["taxCode"].get("internalId")
    if "tax1Amt" in values:
        line.tax = values["tax1Amt"]
    elif "taxCode" in values:
        line.tax = rounded(line.amount * TAX_RATES[line.tax_code or "5"])


def _item_of(values: Mapping[str, Any], books: Lookups) -> Item:
    ref = values.get("item") or {}
    item = books.items.get(ref.get("internalId") or "")
    if item is None or item.inactive or item.matrix == "_parent":
        raise _bad_reference("item", ref)
    return item


def _require(values: Values, *names: str) -> None:
    for name in names:
        if not values.get(name):
            raise Refusal("USER_ERROR", f"Please enter value(s) for: {name}")


def _check_reference(name: str, ref: Mapping[str, Any] | None, known: Any) -> None:
    if ref is not None and ref.get("internalId") not in known:
        raise _bad_reference(name, ref)


def _bad_reference(name: str, ref: Mapping[str, Any]) -> Refusal:
    key = ref.get("internalId") or ref.get("externalId") or ""
    return Refusal("INVALID_KEY_OR_REF", f"Invalid {name} reference key {key}.")
