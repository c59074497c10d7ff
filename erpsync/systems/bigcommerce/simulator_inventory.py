"""The simulated API of stock (v3)."""

from erpsync.systems.bigcommerce.simulator_http import Handler, Request, Response, v3_error, v3_list, wanted
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

_IDENTITY = {"sku": "sku", "variant_id": "id", "product_id": "product_id"}


class InventoryApi:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def routes(self) -> dict[tuple[str, str], Handler]:
        return {
            ("GET", "/v3/inventory/locations"): self._locations,
            ("GET", "/v3/inventory/items"): self._items,
            ("PUT", "/v3/inventory/adjustments/absolute"): self._adjust,
        }

    def _locations(self, request: Request) -> Response:
        return v3_list(request, self._shop.locations, 1_000)

    def _items(self, request: Request) -> Response:
        """What is counted; a product that is not tracked is no inventory item."""
        skus, products = wanted(request.query, "sku:in"), wanted(request.query, "product_id:in")
        rows = [
            self._item(variant)
            for variant in self._shop.variants.values()
            if self._shop.product_of(variant)["inventory_tracking"] != "none"
            and (skus is None or variant["sku"] in skus)
            and (products is None or str(variant["product_id"]) in products)
        ]
        return v3_list(request, rows, 1_000)

    def _item(self, variant: Json) -> Json:
        key = self._shop.stock_key(variant)
        levels = [
            (place, self._shop.stock.get((f"{key[0]}-{key[1]}", place["id"]), 0)) for place in self._shop.locations
        ]
        return {
            "identity": {name: variant[of] for name, of in _IDENTITY.items()},
            "locations": [
                {
                    "location_id": place["id"],
                    "location_code": place["code"],
                    "location_name": place["label"],
                    "available_to_sell": level,
                    "total_inventory_onhand": level,
                    "location_enabled": place["enabled"],
                }
                for place, level in levels
            ],
        }

    def _adjust(self, request: Request) -> Response:
        """Taken or refused as a whole; an item must be named at the level at which it is counted."""
        items = request.body.get("items") if isinstance(request.body, dict) else None
        if not items:
            return v3_error(422, "[Items must not be empty]")
        if len(items) > 2_000:
            return v3_error(422, "[Too many items]")
        places = {place["id"] for place in self._shop.locations}
        due: list[tuple[tuple[str, int], int]] = []
        for item in items:
            key = self._adjusted(item)
            if key is None or item.get("location_id") not in places or not 0 <= item.get("quantity", -1) < 2**31:
                return v3_error(422, "[An item is unknown, is tracked at another level, or has no valid quantity]")
            due.append(((key, item["location_id"]), item["quantity"]))
        for where, quantity in due:
            self._shop.stock[where] = quantity
        return Response(200, {"transaction_id": f"tx-{next(self._shop.ids)}"})

    def _adjusted(self, item: Json) -> str | None:
        if "product_id" in item:
            product = self._shop.products.get(item["product_id"])
            return f"product-{product['id']}" if product and product["inventory_tracking"] == "product" else None
        variant = self._shop.variants.get(item.get("variant_id", 0))
        if variant is None or self._shop.product_of(variant)["inventory_tracking"] != "variant":
            return None
        return f"variant-{variant['id']}"
