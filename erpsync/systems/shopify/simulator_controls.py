"""What the simulated store's own users and buyers do and see. See `erpsync.ports.simulator.StoreControls`."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from erpsync.ports.simulator import Hook, Shown, ShownProduct
from erpsync.systems.shopify.simulator import ShopifySimulator
from erpsync.systems.shopify.simulator_catalogue import DEFAULT_VALUE, Variant
from erpsync.systems.shopify.simulator_orders import Order, Person, in_shop_money, totals

_GRAMS = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}


class ShopifyControls:
    """The hands of people in one simulated store."""

    def __init__(self, simulator: ShopifySimulator) -> None:
        self._simulator = simulator
        self._shop = simulator.shop

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(str(number) for number in self._shop.catalogue.locations)

    def place(self, quantities: Mapping[str, int], *, email: str = "", seconds_ago: float = 0.0) -> str:
        with self._simulator.lock:
            wanted = {"email": email} if email else {}
            order_id = self._simulator.place_order(
                [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()], **wanted
            )
            order = self._order(order_id)
            order.created_at = order.updated_at = order.updated_at - timedelta(seconds=seconds_ago)
            return order_id

    def edit(self, order_id: str, quantities: Mapping[str, int]) -> None:
        self._simulator.edit_order(order_id, quantities=quantities)

    def cancel(self, order_id: str) -> None:
        self._simulator.cancel_order(order_id)

    def refund(self, order_id: str, quantities: Mapping[str, int]) -> Decimal:
        with self._simulator.lock:
            self._simulator.refund_order(order_id, quantities=quantities)
            return self._order(order_id).refunds[-1].paid_back

    def shown(self, order_id: str) -> Shown:
        with self._simulator.lock:
            order = self._order(order_id)
            shipments: dict[str, dict[str, int]] = {}
            for fulfilment in order.fulfilments:
                lines = shipments.setdefault(", ".join(fulfilment.numbers), {})
                for _, line, quantity in fulfilment.lines:
                    lines[str(line.sku)] = lines.get(str(line.sku), 0) + quantity
            state = "cancelled" if order.cancelled_at else ("closed" if order.closed_at else "open")
            return Shown(
                state=state,
                total=totals(order, in_shop_money)["current_total"],
                notes=json.dumps({name: each["value"] for name, each in order.metafields.items()}),
                marks=tuple(order.tags),
                shipments=shipments,
                messages=order.messages,
            )

    def put_stock(self, sku: str, location: str, quantity: int) -> None:
        with self._simulator.lock:
            self._variant(sku).levels[int(location)] = quantity

    def stock(self, sku: str, location: str) -> int:
        return self._variant(sku).levels[int(location)]

    def put_price(
        self,
        sku: str,
        base: Decimal,
        *,
        promotion: Decimal | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
    ) -> None:
        if start_seconds is not None or end_seconds is not None:
            raise NotImplementedError("a variant's compare-at price has neither a start nor an end")
        with self._simulator.lock:
            variant = self._variant(sku)
            variant.price = base if promotion is None else promotion
            variant.compare_at = None if promotion is None else base
            variant.updated_at = self._shop.now()

    def price(self, sku: str) -> tuple[Decimal, Decimal | None]:
        variant = self._variant(sku)
        if variant.compare_at is None or variant.compare_at <= variant.price:
            return variant.price, None
        return variant.compare_at, variant.price

    def product(self, sku: str) -> list[ShownProduct]:
        with self._simulator.lock:
            return [self._shown(each) for each in self._shop.catalogue.variants.values() if each.sku == sku]

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        with self._simulator.lock:
            first, _, last = name.partition(" ")
            at = self._shop.now() - timedelta(seconds=seconds_ago)
            known = next((each for each in self._shop.customers if each.email == email), None)
            if known is None:
                known = Person(self._shop.next_id(), email, first, last, "")
                self._shop.customers.append(known)
            known.first_name, known.last_name, known.updated_at = first, last, at
            return str(known.id)

    def hooks(self) -> list[Hook]:
        wanted = {each["topic"].lower().replace("_", "/", 1) for each in self._simulator.api.subscriptions}
        due = self._simulator.webhook_requests()
        return [Hook(headers, body) for headers, body in due if headers["X-Shopify-Topic"] in wanted]

    def drop_subscriptions(self) -> None:
        with self._simulator.lock:
            self._simulator.api.subscriptions.clear()

    def _shown(self, variant: Variant) -> ShownProduct:
        catalogue, product = self._shop.catalogue, variant.product
        weight, unit = variant.weight or (None, "GRAMS")
        return ShownProduct(
            id=str(product.id),
            title=product.title,
            description=product.description,
            visible=catalogue.is_visible(variant),
            categories=tuple(each.title for each in catalogue.collections.values() if product.id in each.products),
            images=tuple(catalogue.media[number].url for number in product.media),
            options={
                option.name: value
                for option, value in zip(product.options, variant.values, strict=True)
                if value != DEFAULT_VALUE
            },
            barcode=variant.barcode,
            weight_grams=None if weight is None else weight * _GRAMS[unit],
        )

    def _order(self, order_id: str) -> Order:
        return self._shop.find(order_id)

    def _variant(self, sku: str) -> Variant:
        found = self._shop.catalogue.by_sku(sku)
        if found is None:
            raise KeyError(sku)
        return found
