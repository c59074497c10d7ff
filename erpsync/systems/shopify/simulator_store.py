"""What happens in the simulated store: orders are placed, edited, refunded, cancelled. Not thread-safe by itself."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from erpsync.systems.shopify.simulator_orders import (
    ZERO,
    Line,
    Order,
    Person,
    Place,
    Refund,
    RefundedLine,
    RefundedShipping,
    Shipping,
    Tax,
    cents,
    line_net,
    part_of,
)

# Ids above 2^53, which a reader that goes through floating point gets wrong.
FIRST_ORDER_ID = 9_100_000_000_000_001
FIRST_OTHER_ID = 18_200_000_000_000_001
SKUS: Mapping[str, Decimal] = {f"SKU-{i:04d}": Decimal(5 + i) + Decimal("0.90") for i in range(1, 51)} | {
    "SKU-9999": Decimal("99.90")
}


class Shop:
    """The store's records. Times have whole seconds, as Shopify's `updated_at` has."""

    def __init__(self, clock: Callable[[], datetime], skus: Mapping[str, Decimal] = SKUS) -> None:
        self.clock = clock
        self.skus = dict(skus)
        self.orders: dict[int, Order] = {}
        self._order_ids = itertools.count(FIRST_ORDER_ID, 7)
        self._ids = itertools.count(FIRST_OTHER_ID, 3)
        self._numbers = itertools.count(1001)
        self.customers = [self._customer(n) for n in range(1, 11)]

    def find(self, order_id: str) -> Order:
        return self.orders[int(order_id)]

    def now(self) -> datetime:
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def next_id(self) -> int:
        return next(self._ids)

    def place(
        self,
        lines: Sequence[Mapping[str, Any]] | None = None,
        *,
        customer: int | None = None,
        tax_rate: str = "0.19",
        taxes_included: bool = False,
        shipping_price: str = "4.90",
        shipping_discount: str = "0",
        presentment_currency: str = "EUR",
        presentment_rate: str = "1",
        tip: str = "0",
        address: bool = True,
        **fields: Any,
    ) -> Order:
        """A new order. `customer` counts from 1; 0 is a guest. `lines` have sku, and may have quantity, price, discount,
        title, gift_card; without any the order has two. Further `fields` are those of `Order`, amounts as text."""
        number = next(self._numbers)
        who = number % len(self.customers) + 1 if customer is None else customer
        person = self.customers[who - 1] if who else None
        place = self._place(who) if address else None
        now = self.now()
        rate = Decimal(tax_rate)
        wanted = [{"sku": f"SKU-{(number + k) % 50 + 1:04d}", "quantity": k + 1} for k in range(2)]
        order = Order(
            id=next(self._order_ids),
            number=number,
            created_at=now,
            updated_at=now,
            currency="EUR",
            presentment_currency=presentment_currency,
            rate=Decimal(presentment_rate),
            taxes_included=taxes_included,
            lines=[self._line(each, rate, taxes_included) for each in (lines if lines is not None else wanted)],
            shipping=[],
            customer=person,
            email=person.email if person else "",
            billing=place,
            shipping_address=place,
            tip=Decimal(tip),
        )
        if shipping_price:
            order.shipping.append(self._shipping(shipping_price, shipping_discount, rate, taxes_included))
        for name, value in fields.items():
            if not hasattr(order, name):
                raise ValueError(f"an order has no field {name}")
            setattr(order, name, Decimal(value) if isinstance(getattr(order, name), Decimal) else value)
        if order.tip and order.tip_is_a_line:
            order.lines.append(Line(self.next_id(), None, "Tip", 1, order.tip, requires_shipping=False, taxable=False))
        self.orders[order.id] = order
        return order

    def edit(
        self,
        order: Order,
        quantities: Mapping[str, int] | None = None,
        add: Sequence[Mapping[str, Any]] = (),
        note: str | None = None,
    ) -> Order:
        """Sets lines' quantities by SKU, adds lines, changes the note. What is removed is a refund without money."""
        refund = Refund(self.next_id(), self.now())
        for sku, quantity in (quantities or {}).items():
            line = next(line for line in order.lines if line.sku == sku)
            if quantity > line.current:
                self._raise(order, line, quantity)
            elif quantity < line.current:
                self._take(order, refund, line, line.current - quantity, "no_restock")
        if refund.lines:
            order.refunds.append(refund)
        rate = order.lines[0].taxes[0].rate if order.lines and order.lines[0].taxes else ZERO
        order.lines += [self._line(each, rate, order.taxes_included) for each in add]
        order.note = note if note is not None else order.note
        return self.touch(order)

    def refund(
        self,
        order: Order,
        quantities: Mapping[str, int] | None = None,
        shipping: str = "0",
        adjustment: str = "0",
        restock: str = "return",
    ) -> Order:
        """Gives back goods by SKU, shipping, and `adjustment`: money without goods, negative in the customer's favour."""
        refund = Refund(self.next_id(), self.now())
        for sku, quantity in (quantities or {}).items():
            line = next(line for line in order.lines if line.sku == sku)
            self._take(order, refund, line, quantity, restock)
        if Decimal(shipping):
            self._take_shipping(order, refund, Decimal(shipping))
        if Decimal(adjustment):
            refund.adjustments.append((self.next_id(), Decimal(adjustment)))
        taxes = sum((each.tax for each in refund.all), ZERO)
        nets = sum((each.net for each in refund.all), ZERO)
        refund.paid_back = nets + (ZERO if order.taxes_included else taxes) - Decimal(adjustment)
        order.refunds.append(refund)
        order.financial_status = "PARTIALLY_REFUNDED" if any(line.current for line in order.lines) else "REFUNDED"
        return self.touch(order)

    def cancel(self, order: Order) -> Order:
        refund = Refund(self.next_id(), self.now())
        for line in order.lines:
            if line.current:
                self._take(order, refund, line, line.current, "cancel")
        order.refunds.append(refund)
        order.financial_status = "VOIDED"
        order.cancelled_at = order.closed_at = self.now()
        return self.touch(order)

    def touch(self, order: Order) -> Order:
        order.updated_at = self.now()
        return order

    def _raise(self, order: Order, line: Line, quantity: int) -> None:
        rate = line.taxes[0].rate if line.taxes else ZERO
        line.quantity = quantity + line.removed
        line.taxes = self._taxes(line_net(line, lambda amount: amount), rate, order.taxes_included)

    def _take(self, order: Order, refund: Refund, line: Line, quantity: int, restock: str) -> None:
        if not 0 < quantity <= line.current:
            raise ValueError(f"line {line.id} has {line.current} units, not {quantity}")
        net, tax = part_of(line, order, quantity)
        refund.lines.append(RefundedLine(self.next_id(), line, quantity, net, tax, restock))
        line.removed += quantity

    def _take_shipping(self, order: Order, refund: Refund, amount: Decimal) -> None:
        shipping = order.shipping[0]
        whole = shipping.price - sum(shipping.discounts, ZERO)
        tax = sum((tax.amount for tax in shipping.taxes), ZERO)
        part = cents(tax * amount / whole) if whole else ZERO
        refund.shipping.append(RefundedShipping(self.next_id(), shipping, amount, part))

    def _line(self, wanted: Mapping[str, Any], rate: Decimal, taxes_included: bool) -> Line:
        sku = wanted.get("sku")
        price = Decimal(str(wanted.get("price", self.skus.get(str(sku), Decimal("9.90")))))
        line = Line(
            id=self.next_id(),
            sku=sku,
            title=str(wanted.get("title", f"Item {sku}")),
            quantity=int(wanted.get("quantity", 1)),
            unit_price=price,
            discounts=[Decimal(str(part)) for part in _as_list(wanted.get("discount"))],
            gift_card=bool(wanted.get("gift_card", False)),
            requires_shipping=not wanted.get("gift_card", False),
        )
        if not line.gift_card:
            line.taxes = self._taxes(line_net(line, lambda amount: amount), rate, taxes_included)
        return line

    def _shipping(self, price: str, discount: str, rate: Decimal, taxes_included: bool) -> Shipping:
        shipping = Shipping(self.next_id(), "standard", "Standard", Decimal(price))
        if Decimal(discount):
            shipping.discounts.append(Decimal(discount))
        shipping.taxes = self._taxes(shipping.price - Decimal(discount), rate, taxes_included)
        return shipping

    def _taxes(self, net: Decimal, rate: Decimal, included: bool) -> list[Tax]:
        if not rate:
            return []
        return [Tax("VAT", rate, cents(net * rate / (1 + rate) if included else net * rate))]

    def _customer(self, n: int) -> Person:
        return Person(self.next_id(), f"customer-{n}@example.com", "Customer", str(n), f"+49000000{n:04d}")

    def _place(self, n: int) -> Place:
        who = ("Customer", str(n)) if n else ("Guest", "Guest")
        street = f"{n} Example Street"
        return Place(self.next_id(), *who, "", street, "Sample City", "Berlin", "BE", "10115", "Germany", "DE")


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
