"""What the fake ERP's own users do and see. See `erpsync.ports.simulator.ErpControls`."""

from collections.abc import Mapping
from decimal import Decimal

from erpsync.domain.fulfilments import Parcel, ShippedLine
from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.money import Money
from erpsync.domain.products import BasePrice, Product, Variant
from erpsync.ports.simulator import Booked
from erpsync.testing.books import Books


class FakeUsers:
    """Work at the books of a FakeErp, whose shelves they fill first: SKU-0001 to SKU-0050."""

    locations = ("east", "west")

    def __init__(self, books: Books) -> None:
        self._books = books
        for number in range(1, 51):
            sku = f"SKU-{number:04d}"
            self.put_product(sku, f"Article {number}")
            self.put_price(sku, Decimal("10.00"))
            self.put_stock(sku, "east", Decimal(100))

    def booked(self, reference: str) -> list[Booked]:
        found = []
        for order in self._books.orders_of(reference):
            state = "cancelled" if order.cancelled else "closed" if order.closed else "open"
            quantities = {str(line.sku): line.quantity for line in order.order.lines}
            total = order.order.total
            found.append(
                Booked(
                    order.ref.target_id, order.ref.display, reference, state, total.amount, total.currency, quantities
                )
            )
        return found

    def credited(self, reference: str) -> list[Decimal]:
        return [self._books.credits[reference].amount] if reference in self._books.credits else []

    def paid(self, reference: str) -> list[Decimal]:
        return [self._books.payments[reference].amount] if reference in self._books.payments else []

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        made = self._books.add_customer("", name, email)
        self._books.touch("customer", made.ref.target_id, seconds_ago)
        return made.ref.target_id

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        product_id = TargetId(f"P-{sku}")
        variant = Variant(sku=Sku(sku), active=active)
        self._books.products[product_id] = Product(id=product_id, title=title, active=active, variants=(variant,))
        self._books.touch("product", product_id, seconds_ago)
        return product_id

    def put_price(self, sku: str, price: Decimal, *, seconds_ago: float = 0.0) -> None:
        self._books.prices[Sku(sku)] = BasePrice(sku=Sku(sku), price=Money(amount=price, currency="EUR"))
        self._books.touch("price", sku, seconds_ago)

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        level = StockLevel(sku=Sku(sku), location=location, on_hand=on_hand, reserved=reserved)
        self._books.stock[Sku(sku), location] = level
        self._books.touch("stock", sku, seconds_ago)

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
    ) -> None:
        lines = tuple(ShippedLine(sku=Sku(sku), quantity=quantity) for sku, quantity in quantities.items())
        parcel = Parcel(carrier=carrier, number=number) if number else None
        self._books.add_shipment(TargetId(order_id), lines, parcel)
        self._books.touch("order", order_id, seconds_ago)

    def invoice(self, order_id: str) -> None:
        self._books.add_invoice(TargetId(order_id))
