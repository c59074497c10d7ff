"""The simulated store's shipments, money and customers as the Admin API's types. See `simulator_graphql`."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import Catalogue
from erpsync.systems.shopify.simulator_catalogue_views import location
from erpsync.systems.shopify.simulator_orders import (
    Fulfilment,
    FulfilmentOrder,
    Order,
    Person,
    ToShip,
    Transaction,
    gid,
)
from erpsync.systems.shopify.simulator_search import connection
from erpsync.systems.shopify.simulator_shipping import SHIPPABLE

Line = Callable[[Any], dict[str, Any]]


def fulfilment_order(each: FulfilmentOrder, order: Order, catalogue: Catalogue, line: Line) -> dict[str, Any]:
    place = catalogue.locations[each.location]
    actions = ["CREATE_FULFILLMENT", "MOVE", "HOLD"] if each.status in SHIPPABLE else ["RELEASE_HOLD"]
    if place.service:
        actions = ["REQUEST_FULFILLMENT"]
    return {
        "__typename": "FulfillmentOrder",
        "id": gid("FulfillmentOrder", each.id),
        "status": each.status,
        "updatedAt": order.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "assignedLocation": {"name": place.name, "location": location(place)},
        "deliveryMethod": {"id": gid("DeliveryMethod", each.id), "methodType": each.delivery},
        "supportedActions": [{"action": action} for action in actions if each.status != "CLOSED"],
        "fulfillmentHolds": [{"id": gid("FulfillmentHold", each.id), "reason": each.hold}] if each.hold else [],
        "lineItems": connection(each.lines, lambda one: _to_ship(one, line), lambda one: (one.id,)),
    }


def fulfilment(each: Fulfilment, line: Line) -> dict[str, Any]:
    urls = [*each.urls, *[None] * len(each.numbers)]
    tracking = [
        {"company": each.company or None, "number": number, "url": url}
        for number, url in zip(each.numbers, urls, strict=False)
    ]
    return {
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", each.id),
        "name": each.name,
        "status": each.status,
        "createdAt": each.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "updatedAt": each.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "trackingInfo": lambda _info, first=None: tracking[:first],
        "fulfillmentLineItems": connection(
            each.lines,
            lambda one: {"id": gid("FulfillmentLineItem", one[0]), "quantity": one[2], "lineItem": line(one[1])},
            lambda one: (one[0],),
        ),
    }


def transaction(each: Transaction, money: Callable[[Decimal], Any], order: Order) -> dict[str, Any]:
    at = each.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    parent = next((one for one in order.transactions if one.id == each.parent), None)
    return {
        "id": gid("OrderTransaction", each.id),
        "kind": each.kind,
        "status": each.status,
        "gateway": each.gateway,
        "amountSet": money(each.amount),
        "amountRoundingSet": money(each.rounding) if each.rounding else None,
        "createdAt": at,
        "processedAt": at if each.status == "SUCCESS" else None,
        "parentTransaction": parent and transaction(parent, money, order),
    }


def customer(person: Person, place: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        "__typename": "Customer",
        "id": gid("Customer", person.id),
        "firstName": person.first_name,
        "lastName": person.last_name,
        "defaultEmailAddress": {"emailAddress": person.email} if person.email else None,
        "defaultPhoneNumber": {"phoneNumber": person.phone} if person.phone else None,
        "defaultAddress": place(person.address),
        "tags": list(person.tags),
        "updatedAt": person.updated_at and person.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _to_ship(each: ToShip, line: Line) -> dict[str, Any]:
    return {
        "id": gid("FulfillmentOrderLineItem", each.id),
        "remainingQuantity": each.remaining,
        "totalQuantity": each.total,
        "lineItem": line(each.line),
    }
