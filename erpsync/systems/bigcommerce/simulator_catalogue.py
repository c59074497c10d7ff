"""The simulated API of products, variants and customers (v3)."""

from collections.abc import Callable, Collection

from erpsync.systems.bigcommerce.simulator_http import (
    Handler,
    Request,
    Response,
    at,
    exact,
    iso,
    v3_error,
    v3_list,
    wanted,
)
from erpsync.systems.bigcommerce.simulator_rules import complaint
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

_PRODUCT_FIELDS = (
    *("name", "type", "sku", "description", "price", "sale_price", "weight", "upc", "categories"),
    *("inventory_tracking", "is_visible", "availability", "base_variant_id"),
)


def shown_product(shop: Shop, product: Json, include: Collection[str] = ()) -> Json:
    found = {name: product[name] for name in ("id", *_PRODUCT_FIELDS)}
    found["date_modified"] = iso(product["date_modified"])
    if "variants" in include:
        rows = [one for one in shop.variants.values() if one["product_id"] == product["id"]]
        found["variants"] = [shown_variant(shop, one) for one in rows]
    if "images" in include:
        found["images"] = [shown_image(one) for one in shop.images.values() if one["product_id"] == product["id"]]
    return found


def shown_variant(shop: Shop, variant: Json) -> Json:
    base, sale = shop.prices(variant)
    return {**variant, "calculated_price": sale or base, "option_values": shop.values_of(variant)}


def shown_image(image: Json) -> Json:
    """Where it was fetched from is not told."""
    return {name: value for name, value in image.items() if name != "source"}


class CatalogueApi:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/v3/catalog/products"): self._products,
            ("PUT", "/v3/catalog/products"): self._update_products,
            ("GET", "/v3/catalog/variants"): self._variants,
            ("PUT", "/v3/catalog/variants"): self._update_variants,
            ("GET", "/v3/customers"): self._customers,
        }

    def _products(self, request: Request) -> Response:
        query = request.query
        ids, skus = wanted(query, "id:in"), wanted(query, "sku:in")
        rows = [
            product
            for product in sorted(self._shop.products.values(), key=lambda one: one["id"])
            if (ids is None or str(product["id"]) in ids)
            and (skus is None or product["sku"] in skus)
            and product["id"] > int(query.get("id:greater", 0))
            and ("date_modified:min" not in query or _since(product, query["date_modified:min"]))
        ]
        include = query.get("include", "").split(",")
        return v3_list(request, [shown_product(self._shop, product, include) for product in rows])

    def _update_products(self, request: Request) -> Response:
        return self._update(request, self._shop.products, 10, lambda product: self._shop.touch(product))

    def _update_variants(self, request: Request) -> Response:
        """A product's `date_modified` is not moved by its variants."""
        return self._update(request, self._shop.variants, 50, lambda _: None)

    def _update(self, request: Request, table: dict[int, Json], most: int, done: Callable[[Json], None]) -> Response:
        """All or nothing. No price is compared with another: a sale price may be above the price."""
        if not isinstance(request.body, list) or not request.body:
            return v3_error(422, "JSON data is missing or invalid", {"body": "is empty"})
        if len(request.body) > most:
            return v3_error(413, f"Batches are limited to {most}")
        for item in request.body:
            if item.get("id") not in table:
                return v3_error(404, "The record was not found")
            wrong = complaint(self._shop, item, table[item["id"]])
            if wrong is not None:
                return wrong
        for item in request.body:
            record = table[item["id"]]
            record |= {key: exact(value) for key, value in item.items() if key != "id"}
            done(record)
        return Response(200, {"data": [self._shown(table[item["id"]]) for item in request.body], "meta": {}})

    def _shown(self, record: Json) -> Json:
        return shown_variant(self._shop, record) if "sku_id" in record else shown_product(self._shop, record)

    def _variants(self, request: Request) -> Response:
        sku = request.query.get("sku")
        of = wanted(request.query, "product_id:in")
        rows = [
            shown_variant(self._shop, one)
            for one in self._shop.variants.values()
            if (sku is None or one["sku"] == sku) and (of is None or str(one["product_id"]) in of)
        ]
        return v3_list(request, rows)

    def _customers(self, request: Request) -> Response:
        query = request.query
        ids = wanted(query, "id:in")
        rows = [
            _customer(customer)
            for customer in sorted(self._shop.customers.values(), key=lambda one: one["id"])
            if (ids is None or str(customer["id"]) in ids)
            and ("date_modified:min" not in query or _since(customer, query["date_modified:min"]))
        ]
        return v3_list(request, rows, cursors=True)


def _customer(customer: Json) -> Json:
    return {**customer, "date_modified": iso(customer["date_modified"]), "date_created": iso(customer["date_created"])}


def _since(record: Json, start: str) -> bool:
    return int(record["date_modified"].timestamp()) >= int(at(start).timestamp())
