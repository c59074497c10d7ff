"""What the fake store's users and buyers do and see. See `erpsync.ports.simulator.StoreControls`."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money, zero
from erpsync.domain.orders import Order, OrderStatus, balance
from erpsync.domain.parties import Customer
from erpsync.domain.payments import Payment, Refund, RefundLine
from erpsync.ports.runtime import Clock
from erpsync.ports.simulator import Hook, Shown, ShownProduct
from erpsync.ports.store_records import OrderMoney, StoreCustomer, StorePrice, StoreVariant
from erpsync.testing import samples
from erpsync.testing.fake_store import FakeStore
from erpsync.testing.fakes import change_of, delivery_of


class FakeBuyers:
    """At work in a FakeStore, whose shelves they fill first: SKU-0001 to SKU-0050."""

    locations = ("front", "back")

    def __init__(self, store: FakeStore, clock: Clock) -> None:
        self._store = store
        self._shop = store.shop
        self._clock = clock
        self._hooks: list[Hook] = []
        self._numbers = count(1)
        for number in range(1, 51):
            sku = Sku(f"SKU-{number:04d}")
            price = StorePrice(base=_eur("10.00"))
            self._shop.variants[sku] = StoreVariant(
                sku, SourceId(f"v{number}"), SourceId(f"p{number}"), sku, price, True, True
            )
            store.touch("variant", sku)

    def place(self, quantities: Mapping[str, int], *, email: str = "", seconds_ago: float = 0.0) -> str:
        number = next(self._numbers)
        now = self._clock.now() - timedelta(seconds=seconds_ago)
        order = samples.order(
            str(number),
            created_at=now,
            updated_at=now,
            lines=tuple(samples.line(sku, str(quantity)) for sku, quantity in quantities.items()),
            customer=Customer(email=email or f"buyer-{number}@example.com"),
        )
        payment = Payment(source_id=SourceId(f"pay-{number}"), method="card", amount=order.total, paid_at=now)
        self._shop.money[order.source_id] = OrderMoney(payments=(payment,))
        self._keep(order, seconds_ago=seconds_ago)
        return order.source_id

    def edit(self, order_id: str, quantities: Mapping[str, int]) -> None:
        order = self._order(order_id)
        left = {str(line.sku): str(line.quantity) for line in order.lines} | {
            sku: str(quantity) for sku, quantity in quantities.items()
        }
        lines = tuple(samples.line(sku, quantity) for sku, quantity in left.items() if quantity != "0")
        changed = order.model_copy(update={"lines": lines, "updated_at": self._clock.now()})
        self._keep(changed.model_copy(update={"total": balance(changed).computed}))

    def cancel(self, order_id: str) -> None:
        order = self._order(order_id)
        self._keep(order.model_copy(update={"status": OrderStatus.CANCELLED, "updated_at": self._clock.now()}))

    def refund(self, order_id: str, quantities: Mapping[str, int]) -> Decimal:
        order, lines = self._order(order_id), []
        for line in order.lines:
            quantity = quantities.get(line.sku, 0)
            tax = (line.taxes[0].amount * Decimal(quantity)).amount / line.quantity
            amount = line.unit_price * quantity
            lines.append(
                RefundLine(
                    line_source_id=line.source_id,
                    sku=line.sku,
                    quantity=Decimal(quantity),
                    amount=amount,
                    tax=_eur(tax).rounded(),
                    restocked=True,
                )
            )
        total = sum((line.amount.amount + line.tax.amount for line in lines), Decimal(0))
        refund = Refund(
            source_id=SourceId(f"refund-{next(self._numbers)}"),
            order_source_id=order.source_id,
            created_at=self._clock.now(),
            lines=tuple(lines),
            shipping=zero("EUR"),
            adjustment=zero("EUR"),
            total=_eur(total),
        )
        money = self._shop.money[order.source_id]
        self._shop.money[order.source_id] = replace(money, refunds=(*money.refunds, refund))
        self._keep(order.model_copy(update={"updated_at": self._clock.now()}))
        return total

    def shown(self, order_id: str) -> Shown:
        order = self._order(order_id)
        note, mark = self._shop.notes.get(order.source_id), self._shop.marks.get(order.source_id)
        sent = [draft for draft in self._shop.shipments.values() if draft.order_id == order.source_id]
        return Shown(
            state=order.status,
            total=order.total.amount,
            notes=note.display if note else "",
            marks=(mark,) if mark else (),
            shipments={
                draft.parcels[0].number: {str(line.sku): int(line.quantity) for line in draft.lines} for draft in sent
            },
            messages=sum(draft.notify for draft in sent),
        )

    def put_stock(self, sku: str, location: str, quantity: int) -> None:
        variant = self._shop.variants[Sku(sku)]
        self._put(replace(variant, stock={**variant.stock, location: quantity}))

    def stock(self, sku: str, location: str) -> int:
        return self._shop.variants[Sku(sku)].stock.get(location, 0)

    def put_price(
        self,
        sku: str,
        base: Decimal,
        *,
        promotion: Decimal | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> None:
        now = self._clock.now()
        price = StorePrice(
            base=_eur(base),
            promotion=None if promotion is None else _eur(promotion),
            promotion_from=None if start_seconds is None else now + timedelta(seconds=start_seconds),
            promotion_until=None if end_seconds is None else now + timedelta(seconds=end_seconds),
        )
        self._put(replace(self._shop.variants[Sku(sku)], price=price))

    def price(self, sku: str) -> tuple[Decimal, Decimal | None]:
        price = self._shop.variants[Sku(sku)].price
        return price.base.amount, None if price.promotion is None else price.promotion.amount

    def product(self, sku: str) -> list[ShownProduct]:
        return self._shop.catalogue.shown(Sku(sku))

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        customer_id = SourceId(f"c{next(self._numbers)}")
        first, _, last = name.partition(" ")
        customer = Customer(source_id=customer_id, email=email, first_name=first, last_name=last)
        self._shop.customers[customer_id] = StoreCustomer(customer, None, None, self._clock.now())
        self._store.touch("customer", customer_id, seconds_ago)
        return customer_id

    def hooks(self) -> list[Hook]:
        taken, self._hooks = self._hooks, []
        return taken

    def drop_subscriptions(self) -> None:
        self._shop.subscriptions.clear()

    def _order(self, order_id: str) -> Order:
        return self._shop.orders[SourceId(order_id)]

    def _keep(self, order: Order, *, seconds_ago: float = 0.0) -> None:
        self._store.put(order, seconds_ago=seconds_ago)
        if self._shop.subscriptions:
            delivery = delivery_of(f"hook-{next(self._numbers)}", [change_of(order)], order)
            self._hooks.append(Hook(delivery.headers, delivery.body))

    def _put(self, variant: StoreVariant) -> None:
        self._shop.variants[variant.sku] = variant
        self._store.touch("variant", variant.sku)


def _eur(amount: str | Decimal) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")
