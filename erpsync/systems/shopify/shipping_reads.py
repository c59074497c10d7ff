"""Reads what an order has been shipped, what it waits for, and what we keep on it of our shipments."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from erpsync.domain.ids import SourceId
from erpsync.systems.shopify import wire_shipping as wire
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.order_reads import order_gid
from erpsync.systems.shopify.reach import Reach
from erpsync.systems.shopify.shipping_plan import Kept, OrderShipments, Sent, ToShip, Waiting

R = TypeVar("R", bound=BaseModel)
_KEY = "shipment_"
_SHIPPABLE = frozenset({"OPEN", "IN_PROGRESS"})
_VOID = frozenset({"CANCELLED", "ERROR", "FAILURE"})
_OVER = frozenset({"CLOSED", "CANCELLED", "INCOMPLETE"})


class ShippingReader:
    def __init__(self, lists: ListReader, reach: Reach, namespace: str) -> None:
        self._lists = lists
        self._reach = reach
        self._namespace = namespace

    def read(self, order_id: SourceId) -> OrderShipments:
        """Raises Skip where the order is gone, Rejected where it may only be too old to be seen."""
        variables = {"id": order_gid(order_id), "namespace": self._namespace}
        node = self._lists.client.call("Shipping", variables).data.get("node")
        if node is None:
            raise self._reach.missing(order_id)
        (order,) = _read(wire.Order, [node])
        kept = self._lists.rest("MoreMetafields", "items", order.metafields, variables)
        waiting = self._lists.rest("MoreFulfilmentOrders", "items", order.fulfilment_orders, {"id": order.id})
        return OrderShipments(
            id=order.id,
            sent=tuple(self._sent(each) for each in order.fulfilments),
            waiting=tuple(self._waiting(each) for each in _read(wire.FulfilmentOrder, waiting)),
            kept={one.reference: one for each in _read(wire.Metafield, kept) if (one := _kept(each))},
        )

    def _sent(self, each: wire.Fulfilment) -> Sent:
        lines = _read(wire.Shipped, self._lists.rest("MoreShipped", "items", each.lines, {"id": each.id}))
        return Sent(
            id=each.id,
            name=each.name,
            cancelled=each.status in _VOID,
            numbers=frozenset(tracking.number.strip() for tracking in each.tracking if tracking.number.strip()),
            lines=tuple((one.line.id, one.line.sku, one.quantity) for one in lines if one.quantity),
        )

    def _waiting(self, each: wire.FulfilmentOrder) -> Waiting:
        lines = _read(wire.ToShip, self._lists.rest("MoreToShip", "items", each.lines, {"id": each.id}))
        place = each.assigned.location
        return Waiting(
            id=each.id,
            location=place.id if place else "",
            method=each.delivery.method if each.delivery else "",
            obstacle=_obstacle(each),
            lines=tuple(ToShip(one.id, one.line.id, one.line.sku, one.remaining) for one in lines),
        )


def metafield_of(kept: Kept, order: OrderShipments, namespace: str) -> dict[str, str]:
    """A metafield for each shipment, by a key of its own: two workers on one order never overwrite each other's."""
    value = {
        "reference": kept.reference,
        "fulfilments": list(kept.fulfilments),
        "display": kept.display,
        "before": sorted(kept.before),
    }
    key = _KEY + hashlib.sha256(kept.reference.encode()).hexdigest()[:32]
    return {"ownerId": order.id, "namespace": namespace, "key": key, "type": "json", "value": json.dumps(value)}


def _kept(metafield: wire.Metafield) -> Kept | None:
    """None for a metafield that is something else, or that somebody has changed into it."""
    if not metafield.key.startswith(_KEY):
        return None
    try:
        found = json.loads(metafield.value)
        return Kept(
            reference=str(found["reference"]),
            fulfilments=tuple(str(each) for each in found["fulfilments"]),
            display=str(found.get("display", "")),
            before=frozenset(str(each) for each in found.get("before", [])),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _obstacle(each: wire.FulfilmentOrder) -> str:
    """Why nothing can be shipped for it."""
    actions = {action.action for action in each.actions}
    if each.status == "ON_HOLD":
        reasons = ", ".join(hold.reason.lower().replace("_", " ") for hold in each.holds)
        return f"it is on hold ({reasons or 'no reason given'})"
    if each.status == "SCHEDULED":
        return "it is scheduled for a later day"
    place = each.assigned.location
    if place is not None and place.of_service and "CREATE_FULFILLMENT" not in actions:
        return "another company's fulfilment service ships it"
    if each.status in _OVER:
        return "it is closed"
    if each.status not in _SHIPPABLE or "CREATE_FULFILLMENT" not in actions:
        return f"its state {each.status.lower()} does not allow it for this app"
    return ""


def _read(model: type[R], nodes: Sequence[Mapping[str, Any]]) -> list[R]:
    try:
        return [model.model_validate(node) for node in nodes]
    except ValidationError:
        raise unreadable("An order's shipments were not in the form that was asked for.") from None
