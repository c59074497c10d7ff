"""What an app may change of the simulated store's variants, many of one product at once.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productVariantsBulkUpdate,
.../productVariantsBulkCreate - SKUs need not be unique, combinations of option values must be.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import DEFAULT_VALUE, Product, Variant
from erpsync.systems.shopify.simulator_catalogue_views import number_of, product, variant
from erpsync.systems.shopify.simulator_errors import need, refuse_size, user_error
from erpsync.systems.shopify.simulator_store import Shop

MAX_VARIANTS = 2048
MAX_QUANTITIES = 50_000
Given = Mapping[str, Any]


class VariantMutations:
    """Not thread-safe by itself."""

    def __init__(self, shop: Shop, scopes: frozenset[str]) -> None:
        self.shop = shop
        self._scopes = scopes

    def fields(self) -> dict[str, Any]:
        return {
            "productVariantsBulkUpdate": lambda _info, **given: self._update(**given),
            "productVariantsBulkCreate": lambda _info, **given: self._create(**given),
        }

    def _update(self, productId: str, variants: Sequence[Given], allowPartialUpdates: bool = False) -> dict[str, Any]:
        need(self._scopes, "productVariantsBulkUpdate", "write_products")
        refuse_size(len(variants), MAX_VARIANTS)
        checked = [self._update_error(["variants", str(i)], productId, each) for i, each in enumerate(variants)]
        errors = [error for error in checked if error]
        done: list[Variant] = []
        for each, error in zip(variants, checked, strict=True):
            if error or (errors and not allowPartialUpdates):
                continue
            found = self.shop.catalogue.variants[number_of(each["id"])]
            self.write(found, each)
            if each.get("optionValues"):
                found.values = _values(found.product, each["optionValues"], found.values)
            found.updated_at = self.shop.now()
            done.append(found)
        return {"productVariants": [variant(each, self.shop.catalogue) for each in done], "userErrors": errors}

    def _update_error(self, path: list[str], identity: str, each: Given) -> dict[str, Any] | None:
        found = self.shop.catalogue.variants.get(number_of(each.get("id") or ""))
        if found is None or found.product.id != number_of(identity):
            return user_error([*path, "id"], "Product variant does not exist", code="PRODUCT_VARIANT_DOES_NOT_EXIST")
        if each.get("inventoryQuantities"):
            message = "Inventory quantities can only be provided during create"
            return user_error([*path, "inventoryQuantities"], message, code="INVALID_INPUT")
        for given in each.get("optionValues") or ():
            if given.get("optionName") not in {option.name for option in found.product.options}:
                return user_error([*path, "optionValues"], "Option does not exist", code="OPTION_DOES_NOT_EXIST")
        if each.get("optionValues"):
            values = _values(found.product, each["optionValues"], found.values)
            if any(one.values == values for one in self._of(found.product) if one is not found):
                message = f"The variant '{' / '.join(values)}' already exists. Please change at least one option value."
                return user_error(path, message, code="VARIANT_ALREADY_EXISTS")
        return price_error(path, each)

    def _create(self, productId: str, variants: Sequence[Given], strategy: str = "DEFAULT") -> dict[str, Any]:
        need(self._scopes, "productVariantsBulkCreate", "write_products")
        refuse_size(len(variants), MAX_VARIANTS)
        owner = self.shop.catalogue.products.get(number_of(productId))
        if owner is None:
            missing = user_error(["productId"], "Product does not exist", code="PRODUCT_DOES_NOT_EXIST")
            return {"productVariants": [], "userErrors": [missing]}
        taken = [one.values for one in self._of(owner)]
        errors: list[dict[str, Any]] = []
        for i, each in enumerate(variants):
            error = self._create_error(["variants", str(i)], owner, each, taken)
            if error:
                errors.append(error)
            else:
                taken.append(_values(owner, each["optionValues"], []))
        if len(taken) > MAX_VARIANTS:
            errors.append(user_error(["variants"], "You can only have 2048 variants.", code="SUBSCRIPTION_VIOLATION"))
        errors += self.quantity_errors(["variants"], variants, "TRACKED_VARIANT_LOCATION_NOT_FOUND")
        if errors:
            return {"productVariants": [], "userErrors": errors}
        standalone = [one for one in self._of(owner) if one.values == [DEFAULT_VALUE]]
        if strategy != "PRESERVE_STANDALONE_VARIANT" and standalone:
            self.shop.catalogue.variants.pop(standalone[0].id)
        made = [self.make(owner, each, _values(owner, each["optionValues"], [])) for each in variants]
        views = [variant(each, self.shop.catalogue) for each in made]
        return {"productVariants": views, "product": product(owner, self.shop.catalogue), "userErrors": []}

    def _create_error(
        self, path: list[str], owner: Product, each: Given, taken: Sequence[list[str]]
    ) -> dict[str, Any] | None:
        given = {one.get("optionName"): one.get("name") for one in each.get("optionValues") or ()}
        for option in owner.options:
            if not given.get(option.name):
                message = f"You need to add option values for {option.name}"
                return user_error(path, message, code="NEED_TO_ADD_OPTION_VALUES")
        if len(given) > len(owner.options):
            code = "OPTION_VALUES_FOR_NUMBER_OF_UNKNOWN_OPTIONS"
            return user_error([*path, "optionValues"], "Option does not exist", code=code)
        values = _values(owner, each["optionValues"], [])
        if values in taken:
            message = f"The variant '{' / '.join(values)}' already exists. Please change at least one option value."
            return user_error(path, message, code="VARIANT_ALREADY_EXISTS")
        return price_error(path, each)

    # --- what productSet does with variants as well

    def make(self, owner: Product, given: Given, values: list[str]) -> Variant:
        """A new variant: not tracked, for nothing, and stocked at the first location unless all that is said."""
        catalogue = self.shop.catalogue
        made = catalogue.add("", Decimal(0), self.shop.now(), owner)
        made.values, made.tracked, made.made_at = values, False, self.shop.now()
        self.write(made, given)
        levels = {
            number_of(each["locationId"]): each.get("availableQuantity", each.get("quantity", 0))
            for each in given.get("inventoryQuantities") or ()
        }
        made.levels = levels or {next(iter(catalogue.locations)): 0}
        if given.get("published") is False:
            made.off = set(catalogue.publications)
        return made

    def write(self, found: Variant, given: Given) -> None:
        item = given.get("inventoryItem") or {}
        found.sku = given.get("sku") or item.get("sku") or found.sku
        found.tracked = item.get("tracked", found.tracked)
        found.barcode = given.get("barcode") or found.barcode
        found.policy = given.get("inventoryPolicy") or found.policy
        weight = (item.get("measurement") or {}).get("weight")
        if weight:
            found.weight = (Decimal(str(weight["value"])), weight["unit"])
        if given.get("price") is not None:
            found.price = Decimal(str(given["price"]))
        if "compareAtPrice" in given:
            compared = given["compareAtPrice"]
            found.compare_at = None if compared is None else Decimal(str(compared))

    def quantity_errors(self, path: list[str], variants: Sequence[Given], code: str) -> list[dict[str, Any]]:
        given = [each for one in variants for each in one.get("inventoryQuantities") or ()]
        if given:
            need(self._scopes, "inventoryQuantities", "write_inventory")
        if len(given) > MAX_QUANTITIES:
            return [user_error(path, "Too many quantities.", code="INVENTORY_QUANTITIES_LIMIT_EXCEEDED")]
        unknown = [each for each in given if number_of(each["locationId"]) not in self.shop.catalogue.locations]
        return [user_error(path, "Location does not exist", code=code)] if unknown else []

    def _of(self, owner: Product) -> list[Variant]:
        return self.shop.catalogue.of_product(owner)


def price_error(path: list[str], each: Given) -> dict[str, Any] | None:
    for name in ("price", "compareAtPrice"):
        if each.get(name) is not None and not _is_price(each[name]):
            return user_error([*path, name], "is not a price", code="NEGATIVE_PRICE_VALUE")
    return None


def _values(owner: Product, given: Sequence[Given], before: Sequence[str]) -> list[str]:
    """The variant's value of each of the product's options, as it will be."""
    named = {one.get("optionName"): str(one.get("name")) for one in given}
    return [named.get(option.name) or before[i] for i, option in enumerate(owner.options)]


def _is_price(value: object) -> bool:
    try:
        return Decimal(str(value)) >= 0
    except InvalidOperation:
        return False
