"""What the simulated shop's users and buyers do and see. See `erpsync.ports.simulator.StoreControls`."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

from erpsync.ports.simulator import Hook, Shown, ShownProduct
from erpsync.systems.woocommerce.simulator_outbox import FAILURES_TO_DISABLE, Outbox
from erpsync.systems.woocommerce.simulator_shapes import Shapes
from erpsync.systems.woocommerce.simulator_shop import Customer, Order, Product, Shop

_TRACKING = "_wc_shipment_tracking_items"
_GRAMS = {"kg": Decimal(1000), "g": Decimal(1), "lbs": Decimal("453.59237"), "oz": Decimal("28.349523125")}


class People:
    """At work in the shop; takes its lock for each thing done. `lock` is the simulator's."""

    locations = ("shop",)

    def __init__(self, shop: Shop, shapes: Shapes, outbox: Outbox, lock: Any) -> None:
        self.shop = shop
        self._shapes = shapes
        self._outbox = outbox
        self._lock = lock

    def place(self, quantities: Mapping[str, int], *, email: str = "", seconds_ago: float = 0.0, **fields: Any) -> str:
        """`fields` are those of the simulator's Order."""
        with self._lock:
            at = self.shop.now() - timedelta(seconds=seconds_ago)
            return str(self.shop.place(quantities, email=email, at=at, **fields).id)

    def edit(self, order_id: str, quantities: Mapping[str, int]) -> None:
        with self._lock:
            self.shop.edit(self.order(order_id), quantities)

    def cancel(self, order_id: str) -> None:
        self.set_status(order_id, "cancelled")

    def set_status(self, order_id: str, status: str) -> None:
        with self._lock:
            self.shop.set_status(self.order(order_id), status)
            self.shop.touch(self.order(order_id))

    def trash(self, order_id: str, *, force: bool = False) -> None:
        with self._lock:
            self.shop.trash(self.order(order_id), force=force)

    def refund(self, order_id: str, quantities: Mapping[str, int]) -> Decimal:
        with self._lock:
            return self.shop.refund(self.order(order_id), quantities).amount

    def shown(self, order_id: str) -> Shown:
        """Custom fields that begin with an underscore are hidden from the shop's users."""
        with self._lock:
            order = self.order(order_id)
            seen = {meta["key"]: meta["value"] for meta in order.meta if not meta["key"].startswith("_")}
            notes = [f"{key}: {value}" for key, value in seen.items()] + [note["note"] for note in order.notes]
            return Shown(
                state=order.status,
                total=order.total,
                notes="\n".join(notes),
                marks=tuple(str(value) for key, value in seen.items() if key.endswith("_hold")),
                shipments=_shipments(order),
                messages=sum(note["customer_note"] for note in order.notes),
            )

    def put_stock(self, sku: str, location: str, quantity: int) -> None:  # noqa: ARG002 - there is one place
        with self._lock:
            product = self.shop.by_sku(sku)
            product.stock, product.modified_at = quantity, self.shop.now()

    def stock(self, sku: str, location: str) -> int:  # noqa: ARG002 - there is one place
        with self._lock:
            return self.shop.by_sku(sku).stock or 0

    def put_price(
        self,
        sku: str,
        base: Decimal,
        *,
        promotion: Decimal | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> None:
        with self._lock:
            product, now = self.shop.by_sku(sku), self.shop.now()
            product.regular_price = f"{base:f}"
            product.sale_price = "" if promotion is None else f"{promotion:f}"
            product.sale_from = None if start_seconds is None else now + timedelta(seconds=start_seconds)
            product.sale_to = None if end_seconds is None else now + timedelta(seconds=end_seconds)
            product.modified_at = now

    def price(self, sku: str) -> tuple[Decimal, Decimal | None]:
        with self._lock:
            product = self.shop.by_sku(sku)
            return Decimal(product.regular_price or 0), Decimal(product.sale_price) if product.sale_price else None

    def product(self, sku: str) -> list[ShownProduct]:
        with self._lock:
            return [self._shown(product) for product in self.shop.products.values() if product.sku == sku]

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0, role: str = "customer") -> str:
        with self._lock:
            first, _, last = name.partition(" ")
            at = self.shop.now() - timedelta(seconds=seconds_ago)
            customer_id = self.shop.next_id()
            self.shop.customers[customer_id] = Customer(customer_id, email, first, last, at, at, role)
            return str(customer_id)

    def hooks(self) -> list[Hook]:
        with self._lock:
            return self._outbox.take(self.shop, self._shapes)

    def drop_subscriptions(self) -> None:
        """The receiver fails to answer until the shop has had enough of it."""
        with self._lock:
            for hook in self.shop.webhooks.values():
                for _ in range(FAILURES_TO_DISABLE):
                    self._outbox.failed(hook)

    def _shown(self, product: Product) -> ShownProduct:
        """Buyers find a variation where it and its product are published."""
        whole = self.shop.products[product.parent_id] if product.parent_id else product
        return ShownProduct(
            id=str(whole.id),
            title=unescape(whole.name),
            description=whole.description,
            visible=product.status == whole.status == "publish",
            categories=tuple(unescape(self.shop.categories[number].name) for number in whole.categories),
            images=tuple(self.shop.attachments[number] for number in whole.images),
            options={one.name: one.options[0] for one in product.attributes if product.parent_id},
            barcode=product.gtin,
            weight_grams=Decimal(product.weight) * _GRAMS[self.shop.weight_unit] if product.weight else None,
        )

    def order(self, order_id: str) -> Order:
        return self.shop.orders[int(order_id)]


def _shipments(order: Order) -> dict[str, dict[str, int]]:
    skus = {str(line.id): line.sku for line in order.lines}
    items: list[dict[str, Any]] = next((meta["value"] for meta in order.meta if meta["key"] == _TRACKING), [])
    return {
        item["tracking_number"]: {
            skus[content["item_id"]]: int(Decimal(content["qty"])) for content in item["products_list"]
        }
        for item in items
    }
