"""What happens in the simulated store: orders are placed, edited, refunded, cancelled. Not thread-safe by itself."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import Catalogue
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
    Transaction,
    cents,
    in_shop_money,
    line_net,
    part_of,
    totals,
)
from erpsync.systems.shopify.simulator_shipping import Shipping as Shipments

# Ids above 2^53, which a reader that goes through floating point gets wrong.
FIRST_ORDER_ID = 9_100_000_000_000_001
FIRST_OTHER_ID = 18_200_000_000_000_001
SKUS: Mapping[str, Decimal] = {f"SKU-{i:04d}": Decimal(5 + i) + Decimal("0.90") for i in range(1, 51)} | {
    "SKU-9999": Decimal("99.90")
}


LOCATIONS = ("Main Street", "Warehouse")


class Shop:
    """The store's records. Times have whole seconds, as Shopify's `updated_at` has."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        skus: Mapping[str, Decimal] = SKUS,
        locations: Sequence[str] = LOCATIONS,
    ) -> None:
        self.clock = clock
        self.skus = dict(skus)
        self.orders: dict[int, Order] = {}
        self._order_ids = itertools.count(FIRST_ORDER_ID, 7)
        self._ids = itertools.count(FIRST_OTHER_ID, 3)
        self._numbers = itertools.count(1001)
        self.catalogue = Catalogue(skus, locations, self.next_id, self.now)
        self.shipments = Shipments(self.catalogue, self.next_id)
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
        title, gift_card, location (an id); without any the order has two. Further `fields` are those of `Order`, amounts as
        text."""
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
        places = [each.get("location") for each in lines or []]
        for i, line in enumerate(order.lines):
            if line.requires_shipping:
                self.shipments.assign(order, line, line.quantity, places[i] if i < len(places) else None)
        self._pay(order)
        self.orders[order.id] = order
        return order

    def capture(self, order: Order) -> Order:
        """Takes the money that was only reserved."""
        reserved = next(each for each in order.transactions if each.kind == "AUTHORIZATION")
        order.transactions.append(
            Transaction(self.next_id(), "CAPTURE", reserved.gateway, reserved.amount, self.now(), parent=reserved.id)
        )
        order.financial_status = "PAID"
        return self.touch(order)

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
        added = [self._line(each, rate, order.taxes_included) for each in add]
        order.lines += added
        for line in added:
            self.shipments.assign(order, line, line.quantity)
        order.note = note if note is not None else order.note
        return self.touch(order)

    def refund(
        self,
        order: Order,
        quantities: Mapping[str, int] | None = None,
        shipping: str = "0",
        adjustment: str = "0",
        restock: str = "return",
        status: str = "SUCCESS",
    ) -> Order:
        """Gives back goods by SKU, shipping, and `adjustment`: money without goods, negative in the customer's favour.
        `status` is what becomes of the money on its way."""
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
        paid = next((each for each in order.transactions if each.kind in ("SALE", "CAPTURE")), None)
        if refund.paid_back and paid is not None:
            order.transactions.append(
                Transaction(
                    self.next_id(), "REFUND", paid.gateway, refund.paid_back, self.now(),
                    status=status, parent=paid.id, refund=refund.id,
                )
            )  # fmt: skip
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

    def _pay(self, order: Order) -> None:
        """The money that comes in with the order, by halves where there are two gateways."""
        kind = {"PAID": "SALE", "AUTHORIZED": "AUTHORIZATION"}.get(order.financial_status)
        if kind is None:
            return
        left = totals(order, in_shop_money)["current_total"]
        for i, gateway in enumerate(order.gateways, 1):
            amount = left if i == len(order.gateways) else cents(left / 2)
            left -= amount
            order.transactions.append(Transaction(self.next_id(), kind, gateway, amount, order.created_at))
        order.transactions[-1].rounding = order.rounding_paid

    def _raise(self, order: Order, line: Line, quantity: int) -> None:
        self.shipments.assign(order, line, quantity - line.current)
        rate = line.taxes[0].rate if line.taxes else ZERO
        line.quantity = quantity + line.removed
        line.taxes = self._taxes(line_net(line, lambda amount: amount), rate, order.taxes_included)

    def _take(self, order: Order, refund: Refund, line: Line, quantity: int, restock: str) -> None:
        if not 0 < quantity <= line.current:
            raise ValueError(f"line {line.id} has {line.current} units, not {quantity}")
        net, tax = part_of(line, order, quantity)
        refund.lines.append(RefundedLine(self.next_id(), line, quantity, net, tax, restock))
        line.removed += quantity
        self.shipments.release(order, line, quantity)

    def _take_shipping(self, order: Order, refund: Refund, amount: Decimal) -> None:
        shipping = order.shipping[0]
        whole = shipping.price - sum(shipping.discounts, ZERO)
        tax = sum((tax.amount for tax in shipping.taxes), ZERO)
        part = cents(tax * amount / whole) if whole else ZERO
        refund.shipping.append(RefundedShipping(self.next_id(), shipping, amount, part))

    def _line(self, wanted: Mapping[str, Any], rate: Decimal, taxes_included: bool) -> Line:
        sku = wanted.get("sku")
        variant = self.catalogue.by_sku(sku)
        usual = variant.price if variant else self.skus.get(str(sku), Decimal("9.90"))
        price = Decimal(str(wanted.get("price", usual)))
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
        email, phone = f"customer-{n}@example.com", f"+49000000{n:04d}"
        return Person(self.next_id(), email, "Customer", str(n), phone, self.now(), address=self._place(n))

    def _place(self, n: int) -> Place:
        who = ("Customer", str(n)) if n else ("Guest", "Guest")
        street = f"{n} Example Street"
        return Place(self.next_id(), *who, "", street, "Sample City", "Berlin", "BE", "10115", "Germany", "DE")


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
