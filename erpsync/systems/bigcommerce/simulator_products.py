"""The simulated API by which products, variants and option values are made (v3)."""

from typing import Any

from erpsync.systems.bigcommerce.simulator_catalogue import shown_product, shown_variant
from erpsync.systems.bigcommerce.simulator_http import Handler, Request, Response, exact, v3_error, v3_list
from erpsync.systems.bigcommerce.simulator_rules import complaint, invalid
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

_PRODUCT: Json = {
    **{"sku": "", "description": "", "sale_price": 0, "upc": "", "categories": []},
    **{"inventory_tracking": "none", "is_visible": False, "availability": "available"},
}
_VARIANT: Json = {"sku": "", "price": None, "sale_price": None, "weight": None, "upc": "", "purchasing_disabled": False}


class ProductsApi:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("POST", "/v3/catalog/products"): self._make,
            ("POST", "/v3/catalog/products/{id}/variants"): self._add_variant,
            ("GET", "/v3/catalog/products/{id}/options"): self._options,
            ("POST", "/v3/catalog/products/{id}/options/{id}/values"): self._add_value,
        }

    def _make(self, request: Request) -> Response:
        """With its variants, whose options come from what they say; without any, with its base variant."""
        body = request.body if isinstance(request.body, dict) else {}
        for name in ("name", "type", "weight", "price"):
            if name not in body:
                return invalid(name, f"{name} is required")
        variants = body.get("variants") or []
        wrong = complaint(self._shop, body) or self._variants_complaint(body, variants)
        if wrong is not None:
            return wrong
        number = next(self._shop.ids)
        product = {"id": number, **_PRODUCT, "type": body["type"]}
        product |= {name: exact(body[name]) for name in (*_PRODUCT, "name", "price", "weight") if name in body}
        self._shop.products[number] = product
        self._shop.touch(product)
        product["base_variant_id"] = None if variants else self._variant(number, {"sku": product["sku"]}, [])["id"]
        for one in variants:
            values = [self._value(number, value) for value in one["option_values"]]
            self._variant(number, one, values)
        return Response(200, {"data": shown_product(self._shop, product), "meta": {}})

    def _variants_complaint(self, body: Json, variants: list[Json]) -> Response | None:
        if len(variants) > 600:
            return v3_error(422, "A product may have at most 600 variants", {"variants": "too many"})
        skus = [str(one.get("sku", "")).casefold() for one in variants]
        if "" in skus or len(set(skus)) < len(skus) or str(body.get("sku") or "-").casefold() in skus:
            return invalid("variants", "each variant needs a SKU of its own")
        named = [
            {value["option_display_name"]: value["label"] for value in one.get("option_values", ())} for one in variants
        ]
        if any(not one or one.keys() != named[0].keys() for one in named):
            return invalid("variants.option_values", "each variant needs a value of each option")
        if len({tuple(sorted(one.items())) for one in named}) < len(named):
            return invalid("variants.option_values", "two variants are the same combination")
        return next((wrong for one in variants if (wrong := complaint(self._shop, one)) is not None), None)

    def _variant(self, product_id: int, body: Json, values: list[Json]) -> Json:
        number = next(self._shop.ids)
        variant = {"id": number, "product_id": product_id, "sku_id": number if values else None, **_VARIANT}
        variant |= {name: exact(body[name]) for name in _VARIANT if name in body}
        variant["option_values"] = values
        self._shop.variants[number] = variant
        return variant

    def _value(self, product_id: int, wanted: Json) -> Json:
        """The value of that name, of the option of that name, made where they are not there."""
        name, label = wanted["option_display_name"], wanted["label"]
        mine = [one for one in self._shop.options.values() if one["product_id"] == product_id]
        option = next((one for one in mine if one["display_name"] == name), None)
        if option is None:
            number = next(self._shop.ids)
            option = {"id": number, "product_id": product_id, "display_name": name, "sort_order": len(mine)}
            self._shop.options[number] = option | {"option_values": []}
            option = self._shop.options[number]
        values: list[Json] = option["option_values"]
        value = next((one for one in values if one["label"] == label), None)
        if value is None:
            value = {"id": next(self._shop.ids), "label": label, "sort_order": len(values)}
            values.append(value)
        return {"option_id": option["id"], "id": value["id"]}

    def _options(self, request: Request) -> Response:
        rows = [one for one in self._shop.options.values() if one["product_id"] == request.ids[0]]
        return v3_list(request, [{**one, "type": "rectangles", "config": {}} for one in rows])

    def _add_value(self, request: Request) -> Response:
        option = self._shop.options.get(request.ids[1])
        body: Any = request.body or {}
        if option is None or option["product_id"] != request.ids[0]:
            return v3_error(404, "The option was not found")
        if not body.get("label") or "sort_order" not in body:
            return invalid("label", "label and sort_order are required")
        if len(option["option_values"]) >= 250 or any(one["label"] == body["label"] for one in option["option_values"]):
            return invalid("label", "the option has this value already, or 250 others")
        value = {"id": next(self._shop.ids), "label": body["label"], "sort_order": body["sort_order"]}
        option["option_values"].append(value)
        return Response(200, {"data": value, "meta": {}})

    def _add_variant(self, request: Request) -> Response:
        product, body = self._shop.products.get(request.ids[0]), request.body or {}
        if product is None:
            return v3_error(404, "The product was not found")
        options = {one["id"]: one for one in self._shop.options.values() if one["product_id"] == product["id"]}
        values = [{"option_id": one.get("option_id"), "id": one.get("id")} for one in body.get("option_values", ())]
        offered = {(option["id"], value["id"]) for option in options.values() for value in option["option_values"]}
        chosen = {(one["option_id"], one["id"]) for one in values}
        if not body.get("sku") or not options or not chosen <= offered or {one for one, _ in chosen} != set(options):
            return invalid("option_values", "a SKU and one value of each of the product's options are required")
        mine = [one for one in self._shop.variants.values() if one["product_id"] == product["id"]]
        if len(mine) >= 600:
            return v3_error(422, "A product may have at most 600 variants", {"variants": "too many"})
        if any({(one["option_id"], one["id"]) for one in variant["option_values"]} == chosen for variant in mine):
            return v3_error(409, "The variant exists already", {"option_values": "another variant is this combination"})
        wrong = complaint(self._shop, body)
        if wrong is not None:
            return wrong
        return Response(
            200, {"data": shown_variant(self._shop, self._variant(product["id"], body, values)), "meta": {}}
        )
