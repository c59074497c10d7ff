"""What an app may change of the simulated store's stock, under idempotency keys, and in its price lists.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/inventorySetQuantities, .../inventoryActivate,
.../priceListFixedPricesAdd, https://shopify.dev/docs/api/usage/implementing-idempotency
"""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from graphql import GraphQLError, value_from_ast_untyped

from erpsync.systems.shopify.simulator_catalogue import PriceList, Variant
from erpsync.systems.shopify.simulator_catalogue_views import level, number_of
from erpsync.systems.shopify.simulator_errors import need, refuse_size, user_error
from erpsync.systems.shopify.simulator_store import Shop

PER_CALL = 250
MAX_QUANTITY = 1_000_000_000
# The first version in which an item that is not stocked at a location is no error of its own any more.
STOCKS_BY_ITSELF = "2026-10"
REASONS = frozenset({"correction", "cycle_count_available", "damaged", "received", "restock", "shrinkage", "other"})


class CatalogueMutations:
    """Not thread-safe by itself. `version` tells the API version that is answering."""

    def __init__(self, shop: Shop, scopes: frozenset[str], version: Callable[[], str]) -> None:
        self.shop = shop
        self._scopes = scopes
        self._version = version
        self._answered: dict[str, tuple[str, Any]] = {}

    def fields(self) -> dict[str, Any]:
        return {
            "inventorySetQuantities": lambda info, input: self._once(info, input, self._set_quantities),
            "inventoryActivate": lambda info, **given: self._once(info, given, self._activate),
            "priceListFixedPricesAdd": lambda _info, priceListId, prices: self._fix_prices(priceListId, prices),
        }

    def _once(self, info: Any, given: Mapping[str, Any], act: Callable[[Mapping[str, Any]], Any]) -> Any:
        """The answer to the first request with the key, whatever it was that came again."""
        key = _key(info)
        if key is None or not key.strip():
            raise GraphQLError(
                "The @idempotent directive is required for this mutation but was not provided.",
                extensions={"code": "BAD_REQUEST"},
            )
        asked = json.dumps([info.field_name, given], sort_keys=True)
        if key in self._answered:
            before, answer = self._answered[key]
            if before != asked:
                return _idempotency("KEY_PARAMETER_MISMATCH")
            return _idempotency("PREVIOUS_ATTEMPT_FAILED") if answer["userErrors"] else answer
        answer = act(given)
        self._answered[key] = (asked, answer)
        return answer

    def _set_quantities(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        need(self._scopes, "inventorySetQuantities", "write_inventory")
        refuse_size(len(wanted["quantities"]), PER_CALL)
        errors = [*self._input_errors(wanted)]
        for i, each in enumerate(wanted["quantities"]):
            errors += self._quantity_errors(["input", "quantities", str(i)], each)
        if not errors:
            for each in wanted["quantities"]:
                found = self._item(each["inventoryItemId"])
                assert found is not None  # noqa: S101 - checked before
                found.levels[number_of(each["locationId"])] = each["quantity"]
        return {"userErrors": errors}

    def _input_errors(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        pairs = [(each["inventoryItemId"], each["locationId"]) for each in wanted["quantities"]]
        if any("changeFromQuantity" not in each for each in wanted["quantities"]):
            raise GraphQLError("changeFromQuantity must be given, null to skip it", extensions={"code": "BAD_REQUEST"})
        if wanted["name"] not in ("available", "on_hand"):
            return [user_error(["input", "name"], "Invalid name", code="INVALID_NAME")]
        if wanted["reason"] not in REASONS:
            return [user_error(["input", "reason"], "Invalid reason", code="INVALID_REASON")]
        if ":" not in (wanted.get("referenceDocumentUri") or "x:"):
            field = ["input", "referenceDocumentUri"]
            return [user_error(field, "Invalid reference", code="INVALID_REFERENCE_DOCUMENT")]
        if len(set(pairs)) != len(pairs):
            code = "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
            return [user_error(["input", "quantities"], "Pairs must be unique", code=code)]
        return []

    def _quantity_errors(self, path: list[str], each: Mapping[str, Any]) -> list[dict[str, Any]]:
        found, place = self._item(each["inventoryItemId"]), number_of(each["locationId"])
        if found is None:
            return [user_error([*path, "inventoryItemId"], "Not found", code="INVALID_INVENTORY_ITEM")]
        if place not in self.shop.catalogue.locations:
            return [user_error([*path, "locationId"], "Not found", code="INVALID_LOCATION")]
        if abs(each["quantity"]) > MAX_QUANTITY:
            code = "INVALID_QUANTITY_TOO_HIGH" if each["quantity"] > 0 else "INVALID_QUANTITY_TOO_LOW"
            return [user_error([*path, "quantity"], "Out of range", code=code)]
        if place not in found.levels and self._version() < STOCKS_BY_ITSELF:
            return [user_error([*path, "locationId"], "Not stocked", code="ITEM_NOT_STOCKED_AT_LOCATION")]
        before = each["changeFromQuantity"]
        if before is not None and before != found.levels.get(place, 0):
            return [user_error([*path, "changeFromQuantity"], "Stale", code="CHANGE_FROM_QUANTITY_STALE")]
        return []

    def _activate(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        need(self._scopes, "inventoryActivate", "write_inventory")
        found, place = self._item(wanted["inventoryItemId"]), number_of(wanted["locationId"])
        if found is None or place not in self.shop.catalogue.locations:
            missing = user_error(["inventoryItemId"], "The product couldn't be stocked because it wasn't found.")
            return {"inventoryLevel": None, "userErrors": [missing]}
        found.levels.setdefault(place, wanted.get("available") or 0)
        return {"inventoryLevel": level(found, self.shop.catalogue.locations[place]), "userErrors": []}

    def _fix_prices(self, identity: str, prices: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        need(self._scopes, "priceListFixedPricesAdd", "write_products")
        refuse_size(len(prices), PER_CALL)
        listed = self.shop.catalogue.price_lists.get(number_of(identity))
        if listed is None:
            missing = user_error(["priceListId"], "Price list not found.", code="PRICE_LIST_NOT_FOUND")
            return {"userErrors": [missing]}
        errors = [error for i, each in enumerate(prices) if (error := self._price_error(i, listed, each))]
        for each in prices if not errors else ():
            compared = each.get("compareAtPrice")
            listed.prices[number_of(each["variantId"])] = (
                Decimal(str(each["price"]["amount"])),
                None if compared is None else Decimal(str(compared["amount"])),
            )
        return {"userErrors": errors}

    def _price_error(self, place: int, listed: PriceList, each: Mapping[str, Any]) -> dict[str, Any] | None:
        path = ["prices", str(place)]
        if number_of(each["variantId"]) not in self.shop.catalogue.variants:
            return user_error([*path, "variantId"], "Variant not found.", code="VARIANT_NOT_FOUND")
        if each["price"]["currencyCode"] != listed.currency:
            return user_error([*path, "price"], "Currency differs.", code="PRICE_LIST_CURRENCY_MISMATCH")
        return None

    def _item(self, identity: str) -> Variant | None:
        return self.shop.catalogue.by_item(number_of(identity))


def _key(info: Any) -> str | None:
    for directive in info.field_nodes[0].directives:
        if directive.name.value == "idempotent":
            return str(value_from_ast_untyped(directive.arguments[0].value, info.variable_values) or "")
    return None


def _idempotency(code: str) -> dict[str, Any]:
    return {"userErrors": [user_error(None, "The idempotency key was used before.", code=f"IDEMPOTENCY_{code}")]}
