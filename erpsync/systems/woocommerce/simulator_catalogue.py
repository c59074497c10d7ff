"""The simulated shop's routes to its catalogue: products, variations, categories."""

from collections.abc import Mapping
from functools import partial
from html import escape
from typing import Any

from erpsync.systems.woocommerce.simulator_goods import Goods
from erpsync.systems.woocommerce.simulator_lists import Answer, Trouble, batch, in_time, listed
from erpsync.systems.woocommerce.simulator_products import ProductWrites
from erpsync.systems.woocommerce.simulator_shapes import Shapes
from erpsync.systems.woocommerce.simulator_shop import Category, Product, Shop


class Shelves:
    """Not thread-safe: the caller holds the lock. `release` is WooCommerce's."""

    def __init__(self, shop: Shop, shapes: Shapes, *, release: tuple[int, int], batch_limit: int) -> None:
        self.shop = shop
        self.goods = Goods(shop, shapes, release)
        self._writes = ProductWrites(shop, release)
        self._shapes = shapes
        self._lists_variations = release >= (10, 3)
        self._batch_limit = batch_limit

    def answer(self, method: str, parts: tuple[str, ...], query: Mapping[str, str], body: Any) -> Answer:
        """Raises Trouble."""
        context = query.get("context", "view")
        match (method, *parts):
            case ("GET", "products"):
                return listed(self._products(query), partial(self.goods.product, context=context), query)
            case ("POST", "products", "batch"):
                return self._batch(body, 0)
            case (_, "products", "categories", *rest):
                return self._categories(method, tuple(rest), query, body)
            case ("PUT" | "POST", "products", product_id):
                _check_types(body)
                return Answer(200, self.goods.product(self._writes.change({**body, "id": product_id}, 0), "edit"))
            case ("GET", "products", parent_id, "variations"):
                found = [one for one in self._variations(query) if one.parent_id == int(parent_id)]
                return listed(found, partial(self.goods.variation, context=context), query)
            case ("POST", "products", parent_id, "variations", "batch"):
                return self._batch(body, int(parent_id))
            case ("GET", "variations") if self._lists_variations:
                return listed(self._variations(query), partial(self.goods.variation, context=context), query)
        raise Trouble(404, "rest_no_route", "No route was found matching the URL and request method.")

    def _batch(self, body: Any, parent_id: int) -> Answer:
        """Writes answer with what is stored, as a read with the context "edit" does."""
        return batch(
            body,
            self._batch_limit,
            partial(self.goods.variation if parent_id else self.goods.product, context="edit"),
            lambda row: self._writes.change(row, parent_id),
            lambda row: self._writes.make(row, parent_id),
        )

    def _products(self, query: Mapping[str, str]) -> list[Product]:
        """By SKU variations are found too, and a SKU with a comma only where it is asked for alone; never the trash."""
        skus = {*query["sku"].split(","), query["sku"]} if query.get("sku") else None
        include = query["include"].split(",") if query.get("include") else None
        return [
            product
            for product in self.shop.products.values()
            if (product.sku in skus if skus is not None else product.type != "variation")
            and (include is None or str(product.id) in include)
            and product.status != "trash"
            and query.get("type", product.type) == product.type
            and in_time(query, product.created_at, product.modified_at, self._shapes.offset)
        ]

    def _variations(self, query: Mapping[str, str]) -> list[Product]:
        return [
            product
            for product in self.shop.products.values()
            if product.type == "variation"
            and in_time(query, product.created_at, product.modified_at, self._shapes.offset)
        ]

    def _categories(self, method: str, rest: tuple[str, ...], query: Mapping[str, str], body: Any) -> Answer:
        """Names are stored with their special characters escaped, and searched as stored; none is there twice under one
        parent."""
        match (method, *rest):
            case ("GET",):
                search = query.get("search", "").lower()
                found = [one for one in self.shop.categories.values() if search in one.name.lower()]
                return listed(found, _category, query)
            case ("POST",):
                name, parent = escape(str(body.get("name") or ""), quote=False), int(body.get("parent") or 0)
                if not name:
                    raise Trouble(400, "empty_term_name", "A name is required for this term.")
                for one in self.shop.categories.values():
                    if one.parent == parent and one.name.lower() == name.lower():
                        message = "A term with the name provided already exists with this parent."
                        raise Trouble(400, "term_exists", message, resource_id=one.id)
                made = Category(self.shop.next_id(), name, parent)
                self.shop.categories[made.id] = made
                return Answer(201, _category(made))
            case ("POST", "batch"):
                return Answer(200, [])
        raise Trouble(404, "rest_no_route", "No route was found matching the URL and request method.")


def _category(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "slug": f"category-{category.id}",
        "parent": category.parent,
        "description": "",
        "display": "default",
        "image": None,
        "menu_order": 0,
        "count": 0,
    }


def _check_types(body: Mapping[str, Any]) -> None:
    if not isinstance(body.get("stock_quantity", 0), int | None):
        params = {"stock_quantity": "stock_quantity is not of type integer."}
        raise Trouble(400, "rest_invalid_param", "Invalid parameter(s): stock_quantity", params=params)
