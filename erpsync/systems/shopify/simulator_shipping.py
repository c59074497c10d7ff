"""What the simulated store ships: fulfilment orders, which say what is to be sent from where, and fulfilments.

Source: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/fulfillmentCreate
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import Catalogue
from erpsync.systems.shopify.simulator_orders import Fulfilment, FulfilmentOrder, Line, Order, ToShip

# What may still be shipped.
SHIPPABLE = ("OPEN", "IN_PROGRESS")


class ShippingRefused(Exception):
    """`field` is the path of the input at fault, the text Shopify's."""

    def __init__(self, field: Sequence[str], message: str) -> None:
        self.field = list(field)
        super().__init__(message)


class Shipping:
    """Not thread-safe by itself."""

    def __init__(self, catalogue: Catalogue, next_id: Callable[[], int]) -> None:
        self._catalogue = catalogue
        self._next_id = next_id

    def assign(self, order: Order, line: Line, quantity: int, location: int | None = None) -> None:
        """That much more of a line is to be shipped, from the first place that has it unless one is named."""
        place = location if location is not None else self._place_for(line, quantity)
        found = [each for each in order.fulfilment_orders if each.location == place and each.status in SHIPPABLE]
        if not found:
            found = [FulfilmentOrder(self._next_id(), place)]
            order.fulfilment_orders += found
        known = next((each for each in found[0].lines if each.line is line), None)
        if known is None:
            found[0].lines.append(ToShip(self._next_id(), line, quantity, quantity))
        else:
            known.total += quantity
            known.remaining += quantity
        self._catalogue.move_stock(line.sku, place, -quantity)

    def release(self, order: Order, line: Line, quantity: int) -> None:
        """That much less of a line is to be shipped; what is shipped already stays so."""
        for fulfilment_order in reversed(order.fulfilment_orders):
            for each in fulfilment_order.lines:
                if each.line is line:
                    gone = min(quantity, each.remaining)
                    each.remaining -= gone
                    quantity -= gone
                    self._catalogue.move_stock(line.sku, fulfilment_order.location, gone)
            _close_if_done(fulfilment_order)

    def create(self, orders: Mapping[int, Order], wanted: Mapping[str, Any], now: datetime) -> tuple[Order, Fulfilment]:
        """fulfillmentCreate: `wanted` is its input with plain ids, checked as Shopify does. Raises ShippingRefused."""
        path = ("fulfillment", "lineItemsByFulfillmentOrder")
        chosen = [_find(orders, part, [*path, str(i)]) for i, part in enumerate(wanted["parts"])]
        if len({order.id for order, _, _ in chosen}) != 1:
            raise ShippingRefused(path, "All fulfillment orders must belong to the same order.")
        if len({each.location for _, each, _ in chosen}) != 1:
            raise ShippingRefused(path, "All fulfillment orders must be assigned to a single location.")
        if len({each.delivery for _, each, _ in chosen}) != 1:
            raise ShippingRefused(path, "All fulfillment orders must have the same delivery method type.")
        order, first, _ = chosen[0]
        sent: list[tuple[int, Line, int]] = []
        for _, fulfilment_order, lines in chosen:
            for to_ship, quantity in lines:
                to_ship.remaining -= quantity
                sent.append((self._next_id(), to_ship.line, quantity))
            _close_if_done(fulfilment_order)
        fulfilment = Fulfilment(
            id=self._next_id(),
            name=f"{order.name}-F{len(order.fulfilments) + 1}",
            created_at=now,
            location=first.location,
            lines=sent,
            numbers=list(wanted["numbers"]),
            urls=list(wanted["urls"]),
            company=wanted["company"],
            notified=bool(wanted["notify"] and order.email),
        )
        order.fulfilments.append(fulfilment)
        return order, fulfilment

    def _place_for(self, line: Line, quantity: int) -> int:
        variant = self._catalogue.by_sku(line.sku)
        places = [each.id for each in self._catalogue.locations.values() if each.active]
        enough = [place for place in places if variant and variant.levels.get(place, 0) >= quantity]
        return (enough or places)[0]


def is_done(order: Order) -> bool:
    return not any(line.remaining for each in order.fulfilment_orders for line in each.lines)


def _close_if_done(fulfilment_order: FulfilmentOrder) -> None:
    if not any(each.remaining for each in fulfilment_order.lines):
        fulfilment_order.status = "CLOSED"


def _find(
    orders: Mapping[int, Order], part: Mapping[str, Any], path: list[str]
) -> tuple[Order, FulfilmentOrder, list[tuple[ToShip, int]]]:
    for order in orders.values():
        for fulfilment_order in order.fulfilment_orders:
            if fulfilment_order.id == part["id"]:
                return order, fulfilment_order, _lines(fulfilment_order, part["lines"], path)
    raise ShippingRefused([*path, "fulfillmentOrderId"], "Fulfillment order does not exist.")


def _lines(
    fulfilment_order: FulfilmentOrder, wanted: Mapping[int, int] | None, path: list[str]
) -> list[tuple[ToShip, int]]:
    if fulfilment_order.status not in SHIPPABLE:
        raise ShippingRefused(
            path, f"Fulfillment order {fulfilment_order.id} has an unfulfillable status= {fulfilment_order.status}."
        )
    if wanted is None:
        return [(each, each.remaining) for each in fulfilment_order.lines if each.remaining]
    known = {each.id: each for each in fulfilment_order.lines}
    if not wanted.keys() <= known.keys():
        raise ShippingRefused(path, "Fulfillment order line item does not exist.")
    if any(not 0 < quantity <= known[number].remaining for number, quantity in wanted.items()):
        raise ShippingRefused(path, "Invalid fulfillment order line item quantity requested.")
    return [(known[number], quantity) for number, quantity in wanted.items()]
