"""The simulated API of products, variants and customers (v3)."""

from collections.abc import Callable
from decimal import Decimal

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
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

_PRODUCT_FIELDS = ("name", "type", "sku", "price", "sale_price", "inventory_tracking", "is_visible", "availability")


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
        return v3_list(request, [self._product(product, "variants" in include) for product in rows])

    def _product(self, product: Json, with_variants: bool) -> Json:
        found = {name: product[name] for name in ("id", *_PRODUCT_FIELDS)}
        found |= {"date_modified": iso(product["date_modified"]), "base_variant_id": product["base_variant_id"]}
        if with_variants:
            found["variants"] = [
                self._variant(one) for one in self._shop.variants.values() if one["product_id"] == product["id"]
            ]
        return found

    def _variant(self, variant: Json) -> Json:
        base, sale = self._shop.prices(variant)
        return {**variant, "calculated_price": sale or base, "option_values": []}

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
            if not isinstance(item.get("price", 0), (int, float, Decimal)) or item.get("price", 0) < 0:
                return v3_error(422, "JSON data is missing or invalid", {"price": "must not be negative"})
        for item in request.body:
            record = table[item["id"]]
            record |= {key: exact(value) for key, value in item.items() if key != "id"}
            done(record)
        return Response(200, {"data": [self._shown(table[item["id"]]) for item in request.body], "meta": {}})

    def _shown(self, record: Json) -> Json:
        return self._variant(record) if "sku_id" in record else self._product(record, False)

    def _variants(self, request: Request) -> Response:
        sku = request.query.get("sku")
        of = wanted(request.query, "product_id:in")
        rows = [
            self._variant(one)
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
