"""What people in the simulated account do and see. See `erpsync.ports.simulator.ErpControls`."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from erpsync.ports.simulator import Booked
from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_records import (
    CURRENCIES,
    LOCATIONS,
    Fulfilment,
    Invoice,
    Item,
    Line,
    Package,
    Stock,
    Transaction,
)
from erpsync.systems.netsuite.simulator_rules import rounded, status_of


class Clerk:
    """Works in the account by hand."""

    def __init__(self, books: Books) -> None:
        self._books = books

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(LOCATIONS)

    def booked(self, reference: str) -> list[Booked]:
        with self._books.lock:
            orders = [order for order in self._books.of_kind("salesOrder") if order.external_id == reference]
            return [_booked(order) for order in orders]

    def credited(self, reference: str) -> list[Decimal]:
        kinds = ("creditMemo", "returnAuthorization")
        found = [memo for kind in kinds for memo in self._books.of_kind(kind)]
        return [memo.total for memo in found if memo.external_id == reference]

    def paid(self, reference: str) -> list[Decimal]:
        with self._books.lock:
            found = [deposit for deposit in self._books.deposits.values() if deposit.external_id == reference]
            return [deposit.values["payment"] for deposit in found]

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        first, _, last = name.rpartition(" ")
        names = {"firstName": first, "lastName": last, "email": email}
        with self._books.lock:
            known = [c for c in self._books.customers.values() if c.values.get("email") == email]
            home = {"subsidiary": {"internalId": "1"}, "currency": {"internalId": "1"}}
            customer = known[0] if known else self._books.add_customer({"isPerson": True, **home})
            customer.values |= names
            self._books.touch(customer, seconds_ago)
            return customer.internal_id

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        with self._books.lock:
            item = self._find(sku) or self._books.add_item(sku, Decimal(1))
            item.title, item.inactive = title, not active
            self._books.touch(item, seconds_ago)
            return item.internal_id

    def put_price(self, sku: str, price: Decimal, *, seconds_ago: float = 0.0) -> None:
        with self._books.lock:
            item = self._item(sku)
            item.prices[("1", "1")] = [(Decimal(0), price)]
            self._books.touch(item, seconds_ago)

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        with self._books.lock:
            item = self._item(sku)
            item.stock[location] = Stock(on_hand, reserved)
            item.stock_changed_at = self._books.now() - timedelta(seconds=seconds_ago)

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
    ) -> None:
        with self._books.lock:
            order = self._books.order(order_id)
            at = self._books.now() - timedelta(seconds=seconds_ago)
            shipped = [(_line_of(order, sku), quantity) for sku, quantity in quantities.items()]
            self._books.change_order(order, lambda changed: _deliver(changed, shipped))
            order.modified_at = at
            fulfilment = Fulfilment(
                internal_id=self._books.next_id(),
                number=self._books.next_number("IF"),
                order_id=order_id,
                created_at=at,
                modified_at=at,
                lines=[(line.line, line.item, quantity) for line, quantity in shipped],
                packages=[Package(number)] if number else [],
                carrier=carrier,
            )
            self._books.fulfilments[fulfilment.internal_id] = fulfilment
            for line, _ in shipped:
                line.item.stock_changed_at = at

    def invoice(self, order_id: str) -> None:
        with self._books.lock:
            order = self._books.order(order_id)
            shipped = any(line.fulfilled for line in order.lines)
            total = sum((_bill(line, only_shipped=shipped) for line in order.lines), Decimal(0))
            if not any(invoice.order_id == order_id for invoice in self._books.invoices.values()):
                total += order.values.get("shippingCost") or Decimal(0)
            order.status, order.modified_at = status_of(order), self._books.now()
            invoice = Invoice(
                internal_id=self._books.next_id(),
                number=self._books.next_number("INV"),
                order_id=order_id,
                created_at=order.modified_at,
                modified_at=order.modified_at,
                total=total,
                currency_id=(order.values.get("currency") or {}).get("internalId", "1"),
            )
            self._books.invoices[invoice.internal_id] = invoice

    def _find(self, sku: str) -> Item | None:
        return next((item for item in self._books.items.values() if item.sku == sku), None)

    def _item(self, sku: str) -> Item:
        found = self._find(sku)
        if found is None:
            raise KeyError(sku)
        return found


def _booked(order: Transaction) -> Booked:
    quantities: dict[str, Decimal] = {}
    for line in order.lines:
        if line.is_goods:
            quantities[line.item.sku] = quantities.get(line.item.sku, Decimal(0)) + line.quantity
    currency = (order.values.get("currency") or {}).get("internalId", "1")
    return Booked(
        order.internal_id,
        order.number,
        order.external_id or "",
        _state(order),
        order.total,
        CURRENCIES[currency],
        quantities,
    )


def _state(order: Transaction) -> str:
    if order.status == "_cancelled":
        return "cancelled"
    nothing_to_come = not any(line.undelivered for line in order.lines)
    return "closed" if nothing_to_come and any(line.closed for line in order.lines) else "open"


def _line_of(order: Transaction, sku: str) -> Line:
    return next(line for line in order.lines if line.item.sku == sku and not line.closed)


def _deliver(order: Transaction, shipped: list[tuple[Line, Decimal]]) -> None:
    location = (order.values.get("location") or {}).get("internalId", "")
    for line, quantity in shipped:
        line.fulfilled += quantity
        place = line.item.stock.get(location)
        if place is not None:
            place.on_hand -= quantity
    order.status = status_of(order)


def _bill(line: Line, *, only_shipped: bool) -> Decimal:
    """What an invoice charges of a line now; charges that are no goods come with the first one."""
    upto = line.fulfilled if line.is_goods and only_shipped else line.quantity
    due = upto - line.billed
    if line.closed and not line.fulfilled:
        return Decimal(0)
    if not line.quantity:
        due_amount = Decimal(0) if line.billed else line.amount + line.tax
        line.billed = Decimal(1)
        return due_amount
    line.billed = upto
    return rounded((line.amount + line.tax) * due / line.quantity)
