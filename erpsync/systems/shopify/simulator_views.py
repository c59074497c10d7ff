"""The simulated store's shipments, money, variants and places as the Admin API's types. See `simulator_graphql`."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import Catalogue, Location, PriceList, Variant
from erpsync.systems.shopify.simulator_orders import (
    Fulfilment,
    FulfilmentOrder,
    Order,
    Person,
    ToShip,
    Transaction,
    cents,
    gid,
)
from erpsync.systems.shopify.simulator_search import matching, page
from erpsync.systems.shopify.simulator_shipping import SHIPPABLE

Line = Callable[[Any], dict[str, Any]]


def connection(records: Sequence[Any], view: Callable[[Any], Any], key: Callable[[Any], Any]) -> Callable[..., Any]:
    """A list of the API's, paged by `key`."""
    return lambda info, first=None, after=None, **_: page(info, records, key, view, first=first, after=after)


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


def variant(each: Variant, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", each.id),
        "sku": each.sku,
        "displayName": f"{each.product.title} - Default Title",
        "price": f"{cents(each.price):f}",
        "compareAtPrice": None if each.compare_at is None else f"{cents(each.compare_at):f}",
        "updatedAt": each.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "product": {
            "__typename": "Product",
            "id": gid("Product", each.product.id),
            "status": each.product.status,
            "title": each.product.title,
        },
        "inventoryItem": item(each, catalogue),
    }


def item(each: Variant, catalogue: Catalogue) -> dict[str, Any]:
    return {
        "__typename": "InventoryItem",
        "id": gid("InventoryItem", each.item_id),
        "sku": each.sku,
        "tracked": each.tracked,
        "inventoryLevel": lambda _info, locationId, **_: _level_at(each, locationId, catalogue),
        "inventoryLevels": connection(
            list(each.levels), lambda place: level(each, catalogue.locations[place]), lambda place: (place,)
        ),
    }


def level(each: Variant, place: Location) -> dict[str, Any]:
    identity = f"gid://shopify/InventoryLevel/{place.id}?inventory_item_id={each.item_id}"
    quantity = {"name": "available", "quantity": each.levels[place.id], "id": identity}
    return {
        "id": identity,
        "isActive": True,
        "location": location(place),
        "quantities": lambda _info, names: [quantity] if "available" in names else [],
    }


def location(place: Location) -> dict[str, Any]:
    return {
        "__typename": "Location",
        "id": gid("Location", place.id),
        "name": place.name,
        "isActive": place.active,
        "isFulfillmentService": bool(place.service),
    }


def price_list(each: PriceList, catalogue: Catalogue) -> dict[str, Any]:
    def prices(
        info: Any, first: int | None = None, after: str | None = None, query: str | None = None, **_: Any
    ) -> Any:
        found = matching(list(each.prices), query, {"variant_id": lambda number: number})
        return page(info, found, lambda number: (number,), one, first=first, after=after)

    def one(number: int) -> dict[str, Any]:
        price, compare_at = each.prices[number]
        return {
            "price": _amount(price),
            "compareAtPrice": None if compare_at is None else _amount(compare_at),
            "variant": variant(catalogue.variants[number], catalogue),
        }

    def _amount(amount: Decimal) -> dict[str, str]:
        return {"amount": f"{amount:f}", "currencyCode": each.currency}

    identity = gid("PriceList", each.id)
    return {
        "__typename": "PriceList", "id": identity, "name": each.name, "currency": each.currency, "prices": prices,
    }  # fmt: skip


def _to_ship(each: ToShip, line: Line) -> dict[str, Any]:
    return {
        "id": gid("FulfillmentOrderLineItem", each.id),
        "remainingQuantity": each.remaining,
        "totalQuantity": each.total,
        "lineItem": line(each.line),
    }


def _level_at(each: Variant, location_id: str, catalogue: Catalogue) -> dict[str, Any] | None:
    number = int(location_id.rpartition("/")[2])
    return level(each, catalogue.locations[number]) if number in each.levels else None
