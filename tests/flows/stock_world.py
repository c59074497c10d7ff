"""A shop that takes what it sells off its stock, an ERP that reserves what it has orders for, and erpsync between them."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count

from sqlalchemy import Engine

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderStatus
from erpsync.engine import polling
from erpsync.flows.stock_rules import StockRules
from erpsync.ledger import pushes
from erpsync.ledger.pushes import Push, PushKind
from erpsync.ports.store_records import StorePrice, StoreVariant
from erpsync.testing import samples
from erpsync.testing.bench import ERP, SHOP, Bench
from erpsync.testing.clock import TestClock


class StockWorld:
    """`bench` with a shop's shelves and an ERP's; SKUs are put into both by `stock`."""

    def __init__(self, database: Engine, rules: StockRules | None = None, **more: object) -> None:
        self.bench = Bench(database, stock=rules or StockRules(), clock=TestClock(ticks=True), **more)  # type: ignore[arg-type]
        self.bench.erp.books.reserves = True
        self.shop = self.bench.store.shop
        self._orders = count(1)

    def stock(self, sku: str, on_hand: int, in_shop: int | None = 0, *, erp: str = "east", shop: str = "front") -> None:
        """The ERP holds that much there; the shop sells it, and has `in_shop` (None: it does not sell it)."""
        self.bench.erp.books.stock[Sku(sku), erp] = StockLevel(sku=Sku(sku), location=erp, on_hand=Decimal(on_hand))
        self.bench.erp.books.touch("stock", sku)
        if in_shop is not None:
            self.sell(sku, in_shop, shop=shop)

    def sell(self, sku: str, quantity: int, *, shop: str = "front", tracked: bool = True, variant: str = "") -> None:
        """The shop has a variant of that SKU, with that much at one of its places."""
        known = self.shop.variants.get(Sku(sku))
        stock = {**(known.stock if known else {}), shop: quantity}
        price = StorePrice(base=Money(amount=Decimal(10), currency="EUR"))
        key = variant or f"v-{sku}"
        self.shop.variants[Sku(sku)] = StoreVariant(
            Sku(sku), SourceId(key), SourceId(f"p-{sku}"), sku, price, tracked, True, stock
        )
        self.bench.store.touch("variant", sku)

    def in_shop(self, sku: str, place: str = "front") -> int:
        return self.shop.variants[Sku(sku)].stock[place]

    def buy(self, quantities: Mapping[str, int], *, place: str = "front", told: bool = True) -> Order:
        """A buyer takes these; the shop counts them off, and tells of it where it is `told`."""
        for sku, quantity in quantities.items():
            self._count_off(sku, quantity, place)
        lines = tuple(samples.line(sku, str(quantity)) for sku, quantity in quantities.items())
        now = self.bench.clock.now()
        order = samples.order(f"A{next(self._orders)}", lines=lines, created_at=now, updated_at=now)
        self.tell(order) if told else self.bench.store.put(order)
        return order

    def tell(self, order: Order) -> None:
        """The webhook of an order comes; what follows of it waits for workers."""
        if self.bench.deliver(order) is not None:
            self.bench.wake.intake()

    def cancel(self, order: Order) -> None:
        """The shop cancels the order and puts the goods back."""
        for line in order.lines:
            self._count_off(line.sku, -int(line.quantity), "front")
        now = self.bench.clock.now()
        self.tell(order.model_copy(update={"status": OrderStatus.CANCELLED, "updated_at": now}))

    def poll(self) -> None:
        """What beat does every few minutes, and what workers make of it."""
        for source, flow in ((SHOP, "orders"), (SHOP, "catalogue"), (ERP, "stock")):
            while polling.poll(self.bench.runtime, source, flow).more:
                pass
        self.bench.work()

    def poll_stock(self) -> None:
        """The ERP's stock alone."""
        while polling.poll(self.bench.runtime, ERP, "stock").more:
            pass
        self.bench.work()

    def pushes(self) -> list[Push]:
        with self.bench.database.connect() as connection:
            return pushes.latest(connection, PushKind.STOCK, 50)

    def notes(self) -> dict[str, str]:
        """How each change of the last push ended."""
        rows = self.bench.rows(
            "SELECT sku, state, note FROM push_changes WHERE push_id = (SELECT max(id) FROM pushes) ORDER BY sku"
        )
        return {row["sku"]: f"{row['state']} {row['note']}".strip() for row in rows}

    def _count_off(self, sku: str, quantity: int, place: str) -> None:
        variant = self.shop.variants[Sku(sku)]
        left = {**variant.stock, place: variant.stock.get(place, 0) - quantity}
        self.shop.variants[Sku(sku)] = replace(variant, stock=left)
        self.bench.store.touch("variant", sku)
