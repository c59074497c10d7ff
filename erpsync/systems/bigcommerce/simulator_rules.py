"""What the simulated store refuses of a product or a variant, by https://developer.bigcommerce.com/docs/rest-catalog."""

from decimal import Decimal

from erpsync.systems.bigcommerce.simulator_http import Response, v3_error
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

_MOST = {"name": 250, "sku": 255, "upc": 14}


def complaint(shop: Shop, body: Json, record: Json | None = None) -> Response | None:
    """What is wrong with the fields that are given; `record` is the one that has them already. None: nothing is."""
    for name in ("price", "sale_price", "weight"):
        value = body.get(name)
        if value is not None and (not isinstance(value, (int, float, Decimal)) or value < 0):
            return invalid(name, f"{name} must be a number of at least 0")
    for name, most in _MOST.items():
        value = body.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            return invalid(name, f"{name} must be a string of at most {most} characters")
    if "name" in body and not body["name"].strip():
        return invalid("name", "name must be a non-empty string")
    for category in body.get("categories", ()):
        if category not in shop.categories:
            return v3_error(409, "The category does not exist", {"categories": f"{category} does not exist"})
    if "name" in body and any(_is(one["name"], body["name"]) for one in shop.products.values() if one is not record):
        return v3_error(409, "The product name is a duplicate", {"name": "The product name is a duplicate"})
    return _taken(shop, body.get("sku", ""), record)


def invalid(name: str, text: str) -> Response:
    return v3_error(422, "JSON data is missing or invalid", {name: text})


def _taken(shop: Shop, sku: str, record: Json | None) -> Response | None:
    """A SKU is unique in whatever case, for products and variants alike."""
    holders = [*shop.products.values(), *shop.variants.values()]
    if sku and any(_is(one["sku"], sku) for one in holders if one is not record):
        return v3_error(409, "The product SKU is a duplicate", {"sku": f"The SKU {sku} is already in use"})
    return None


def _is(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
