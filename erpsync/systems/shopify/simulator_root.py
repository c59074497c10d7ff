"""What the simulated store's queries find."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from graphql import GraphQLError

from erpsync.systems.shopify.simulator_catalogue_views import (
    collection,
    item,
    location,
    media,
    number_of,
    price_list,
    product,
    publication,
    variant,
)
from erpsync.systems.shopify.simulator_errors import deny, need, refuse_size
from erpsync.systems.shopify.simulator_graphql import GraphqlView, place
from erpsync.systems.shopify.simulator_orders import Order, gid
from erpsync.systems.shopify.simulator_search import matching, page
from erpsync.systems.shopify.simulator_store import Shop
from erpsync.systems.shopify.simulator_views import customer, fulfilment, fulfilment_order

_GID = re.compile(r"gid://shopify/([A-Z][A-Za-z]+)/([0-9]+)")
# Older orders are shown with the scope read_all_orders alone: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
_SHOWN_FOR = timedelta(days=60)
_ORDER_KEYS: Mapping[str, Callable[[Order], tuple[Any, ...]]] = {
    "UPDATED_AT": lambda order: (order.updated_at, order.id),
    "CREATED_AT": lambda order: (order.created_at, order.id),
    "PROCESSED_AT": lambda order: (order.created_at, order.id),
    "ID": lambda order: (order.id,),
}


class Root:
    """The query fields. Not thread-safe by itself."""

    def __init__(self, shop: Shop, domain: str, scopes: frozenset[str], max_ids: int) -> None:
        self.shop = shop
        self._domain = domain
        self._scopes = scopes
        self._max_ids = max_ids

    def fields(self) -> dict[str, Any]:
        return {
            "shop": {
                "__typename": "Shop",
                "id": gid("Shop", 1),
                "name": "Sandbox",
                "myshopifyDomain": self._domain,
                "currencyCode": "EUR",
                "taxesIncluded": False,
            },
            "node": lambda _info, id: self._node(id),
            "nodes": lambda _info, ids: self._nodes(ids),
            "currentAppInstallation": {
                "id": gid("AppInstallation", 1),
                "accessScopes": [{"handle": scope, "description": scope} for scope in sorted(self._scopes)],
            },
            "orders": self._orders,
            "customers": self._customers,
            "productVariants": self._variants,
            "productVariantsCount": lambda _info, limit=10_000, query=None: {
                "count": min(limit, len(matching(self._of_catalogue(), query, _VARIANT_FIELDS)))
            },
            "collections": self._collections,
            "collectionByIdentifier": lambda _info, identifier: self._collection(**identifier),
            "publications": self._publications,
            "locations": self._locations,
            "priceLists": self._price_lists,
            "priceList": lambda _info, id: self._node(id),
        }

    def _orders(self, info: Any, sortKey: str, query: str | None = None, **rest: Any) -> Any:
        need(self._scopes, "orders", "read_orders")
        fields = {
            "updated_at": lambda order: order.updated_at,
            "created_at": lambda order: order.created_at,
            "id": lambda order: order.id,
        }
        found = matching(list(self.orders().values()), query, fields)
        return _paged(info, found, _ORDER_KEYS[sortKey], lambda order: self.view(order).node(), rest)

    def _customers(self, info: Any, sortKey: str, query: str | None = None, **rest: Any) -> Any:
        need(self._scopes, "customers", "read_customers")
        fields = {
            # Matches whole days only.
            "updated_at": lambda person: person.updated_at.replace(hour=23, minute=59, second=59),
            "id": lambda person: person.id,
        }
        found = matching(self.shop.customers, query, fields)
        key = (lambda each: (each.id,)) if sortKey == "ID" else (lambda each: (each.updated_at, each.id))
        return _paged(info, found, key, lambda each: customer(each, place), rest)

    def _variants(self, info: Any, sortKey: str, query: str | None = None, **rest: Any) -> Any:
        listed = [
            each for each in self._of_catalogue() if query is None or self.shop.catalogue.is_indexed(each.made_at)
        ]
        found = matching(listed, query, _VARIANT_FIELDS)
        key = (lambda each: (each.id,)) if sortKey == "ID" else (lambda each: (each.sku, each.id))
        return _paged(info, found, key, lambda each: variant(each, self.shop.catalogue), rest)

    def _collections(self, info: Any, query: str | None = None, **rest: Any) -> Any:
        need(self._scopes, "collections", "read_products")
        listed = [each for each in self.shop.catalogue.collections.values() if self.shop.catalogue.is_indexed(each.at)]
        found = matching(listed, query, {"title": lambda each: each.title, "id": lambda each: each.id})
        return _paged(info, found, lambda each: (each.id,), collection, rest)

    def _collection(self, handle: str | None = None, id: str | None = None) -> Any:
        need(self._scopes, "collectionByIdentifier", "read_products")
        number = number_of(id) if id else None
        found = [
            each for each in self.shop.catalogue.collections.values() if each.id == number or each.handle == handle
        ]
        return collection(found[0]) if found else None

    def _publications(self, info: Any, **rest: Any) -> Any:
        need(self._scopes, "publications", "read_publications")
        found = list(self.shop.catalogue.publications.items())
        return _paged(info, found, lambda each: (each[0],), lambda each: publication(*each), rest)

    def _of_catalogue(self) -> list[Any]:
        need(self._scopes, "productVariants", "read_products")
        return list(self.shop.catalogue.variants.values())

    def _locations(self, info: Any, **rest: Any) -> Any:
        need(self._scopes, "locations", "read_locations")
        found = [each for each in self.shop.catalogue.locations.values() if each.active]
        return _paged(info, found, lambda each: (each.name, each.id), location, rest)

    def _price_lists(self, info: Any, **rest: Any) -> Any:
        need(self._scopes, "priceLists", "read_products")
        found = list(self.shop.catalogue.price_lists.values())
        return _paged(info, found, lambda each: (each.id,), lambda each: price_list(each, self.shop.catalogue), rest)

    def _nodes(self, ids: Sequence[str]) -> list[Any]:
        refuse_size(len(ids), self._max_ids)
        return [self._node_or_error(each) for each in ids]

    def _node_or_error(self, global_id: str) -> Any:
        try:
            return self._node(global_id)
        except GraphQLError as error:
            return error

    def _node(self, global_id: str) -> Any:
        found = _GID.fullmatch(global_id)
        if found is None:
            raise GraphQLError(f"Invalid global id '{global_id}'", extensions={"code": "INVALID_ID"})
        kind, number = found[1], int(found[2])
        if kind == "Order":
            order = self.orders().get(number)
            return order and self.view(order).node()
        if kind in ("Product", "MediaImage"):
            need(self._scopes, "nodes", "read_products")
            catalogue = self.shop.catalogue
            if kind == "Product":
                known = catalogue.products.get(number)
                return known and product(known, catalogue)
            image = catalogue.media.get(number)
            return image and media(image, catalogue)
        if kind == "InventoryItem":
            need(self._scopes, "inventoryItem", "read_inventory")
            stocked = self.shop.catalogue.by_item(number)
            return stocked and item(stocked, self.shop.catalogue)
        if kind == "PriceList":
            listed = self.shop.catalogue.price_lists.get(number)
            return listed and price_list(listed, self.shop.catalogue)
        return self._part_of_an_order(kind, number)

    def _part_of_an_order(self, kind: str, number: int) -> Any:
        for order in self.orders().values():
            view = self.view(order)
            for refund in order.refunds if kind == "Refund" else ():
                if refund.id == number:
                    return view.refund(refund)
            for sent in order.fulfilments if kind == "Fulfillment" else ():
                if sent.id == number:
                    return fulfilment(sent, view.line)
            for each in order.fulfilment_orders if kind == "FulfillmentOrder" else ():
                if each.id == number:
                    return fulfilment_order(each, order, self.shop.catalogue, view.line)
        return None

    def orders(self) -> dict[int, Order]:
        """Those that the app may see."""
        if "read_all_orders" in self._scopes:
            return self.shop.orders
        since = self.shop.now() - _SHOWN_FOR
        return {number: order for number, order in self.shop.orders.items() if order.created_at >= since}

    def view(self, order: Order) -> GraphqlView:
        need(self._scopes, "nodes", "read_orders")
        return GraphqlView(order, self.shop.catalogue, self._scopes, deny)


_VARIANT_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "sku": lambda each: each.sku,
    "updated_at": lambda each: each.updated_at,
    "id": lambda each: each.id,
    "product_id": lambda each: each.product.id,
}


def _paged(
    info: Any, records: Sequence[Any], key: Callable[[Any], Any], view: Callable[[Any], Any], rest: Mapping[str, Any]
) -> Any:
    return page(info, records, key, view, first=rest.get("first"), after=rest.get("after"))
