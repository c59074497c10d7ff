"""What an app may change of the simulated store's products: itself, its images, its options.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet, .../productUpdate,
.../productOptionsCreate, .../productOptionUpdate - of productSet only the making of a new product is served.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import DEFAULT_OPTION, DEFAULT_VALUE, Product
from erpsync.systems.shopify.simulator_catalogue_views import number_of, product
from erpsync.systems.shopify.simulator_errors import need, user_error
from erpsync.systems.shopify.simulator_store import Shop
from erpsync.systems.shopify.simulator_variants import MAX_VARIANTS, VariantMutations, price_error

MAX_OPTIONS = 3
MAX_MEDIA = 250
MAX_LENGTH = 255
Given = Mapping[str, Any]
Errors = Iterator[dict[str, Any]]


class ProductMutations:
    """Not thread-safe by itself."""

    def __init__(self, shop: Shop, scopes: frozenset[str], variants: VariantMutations) -> None:
        self.shop = shop
        self._scopes = scopes
        self._variants = variants

    def fields(self) -> dict[str, Any]:
        return {
            "productSet": lambda _info, input, synchronous=True: self._set(input),  # noqa: ARG005
            "productUpdate": lambda _info, product, media=None: self._update(product, media or ()),
            "productOptionsCreate": lambda _info, **given: self._add_options(**given),
            "productOptionUpdate": lambda _info, productId, option: self._rename(productId, option),
        }

    def _set(self, given: Given) -> dict[str, Any]:
        need(self._scopes, "productSet", "write_products")
        variants, options = given.get("variants") or (), given.get("productOptions") or ()
        errors = [*_title_errors(["input", "title"], given.get("title"), code="INVALID_PRODUCT")]
        errors += _option_errors(options) if options or not variants else [_no_options()]
        if not errors:
            errors += _variant_errors(variants, options)
        errors += self._variants.quantity_errors(["input", "variants"], variants, "INVALID_VARIANT")
        if errors:
            return {"product": None, "userErrors": errors}
        names = [each["name"] for each in options] or [DEFAULT_OPTION]
        made = self.shop.catalogue.add_product(given["title"].strip(), names)
        self._write(made, given)
        rows: Sequence[Given] = variants or [{}]
        for each in rows:
            values = {one["optionName"]: one["name"] for one in each.get("optionValues") or ()}
            self._variants.make(made, each, [values.get(name, DEFAULT_VALUE) for name in names])
        return {"product": self._view(made), "userErrors": []}

    def _update(self, given: Given, media: Sequence[Given]) -> dict[str, Any]:
        need(self._scopes, "productUpdate", "write_products")
        found = self.shop.catalogue.products.get(number_of(given.get("id") or ""))
        if found is None:
            return {"product": None, "userErrors": [user_error(["id"], "Product does not exist")]}
        errors = [
            *(_title_errors(["title"], given["title"]) if "title" in given else ()),
            *self._collection_errors(given.get("collectionsToJoin") or ()),
            *_media_errors(media, len(found.media)),
        ]
        if errors:
            return {"product": self._view(found), "userErrors": errors}
        self._write(found, given)
        for each in media:
            self.shop.catalogue.add_media(found, each["originalSource"], each.get("alt") or "", self.shop.now())
        return {"product": self._view(found), "userErrors": []}

    def _write(self, found: Product, given: Given) -> None:
        found.title = (given.get("title") or found.title).strip()
        found.status = given.get("status") or found.status
        found.description = given.get("descriptionHtml", found.description) or ""
        for each in given.get("metafields") or ():
            kept = {
                "id": f"gid://shopify/Metafield/{self.shop.next_id()}",
                "type": each["type"],
                "value": each["value"],
            }
            found.metafields[f"{each['namespace']}.{each['key']}"] = kept
        collections = self.shop.catalogue.collections
        for identity in given.get("collectionsToJoin") or ():
            products = collections[number_of(identity)].products
            products += [found.id] if found.id not in products else []
        for identity in given.get("collectionsToLeave") or ():
            if found.id in collections[number_of(identity)].products:
                collections[number_of(identity)].products.remove(found.id)
        for variant in self.shop.catalogue.of_product(found):
            variant.updated_at = self.shop.now()

    def _collection_errors(self, joined: Sequence[str]) -> Errors:
        for identity in joined:
            found = self.shop.catalogue.collections.get(number_of(identity))
            if found is None:
                yield user_error(["collectionsToJoin"], "Collection does not exist")
            elif found.smart:
                yield user_error(["collectionsToJoin"], "Can't manually add products to a smart collection")

    def _add_options(
        self, productId: str, options: Sequence[Given], variantStrategy: str = "LEAVE_AS_IS"
    ) -> dict[str, Any]:
        need(self._scopes, "productOptionsCreate", "write_products")
        found = self.shop.catalogue.products.get(number_of(productId))
        if found is None or variantStrategy != "LEAVE_AS_IS":
            missing = user_error(["productId"], "Product does not exist", code="PRODUCT_DOES_NOT_EXIST")
            return {"product": None, "userErrors": [missing]}
        plain = all(each.values == [DEFAULT_VALUE] for each in self.shop.catalogue.of_product(found))
        errors = [*_new_option_errors([] if plain else [option.name for option in found.options], options)]
        for each in options if not errors else ():
            self.shop.catalogue.add_option(found, each["name"], each["values"][0]["name"])
        return {"product": self._view(found), "userErrors": errors}

    def _rename(self, productId: str, option: Given) -> dict[str, Any]:
        need(self._scopes, "productOptionUpdate", "write_products")
        found = self.shop.catalogue.products.get(number_of(productId))
        known = [each for each in found.options if each.id == number_of(option["id"])] if found else []
        if found is None or not known:
            missing = user_error(["option", "id"], "Option does not exist", code="OPTION_DOES_NOT_EXIST")
            return {"product": None, "userErrors": [missing]}
        if option.get("name") in [each.name for each in found.options if each is not known[0]]:
            taken = user_error(["option", "name"], "Option already exists", code="OPTION_ALREADY_EXISTS")
            return {"product": self._view(found), "userErrors": [taken]}
        known[0].name = option.get("name") or known[0].name
        return {"product": self._view(found), "userErrors": []}

    def _view(self, found: Product) -> dict[str, Any]:
        return product(found, self.shop.catalogue)


def _title_errors(path: list[str], title: str | None, **code: str) -> Errors:
    if not (title or "").strip():
        yield user_error(path, "Title can't be blank", **code)
    elif len(title or "") > MAX_LENGTH:
        yield user_error(path, f"Title is too long (maximum is {MAX_LENGTH} characters)", **code)


def _no_options() -> dict[str, Any]:
    message = "Product options input is required when updating variants"
    return user_error(["input"], message, code="PRODUCT_OPTIONS_INPUT_MISSING")


def _option_errors(options: Sequence[Given]) -> Errors:
    names = [(each.get("name") or "").lower() for each in options]
    if len(options) > MAX_OPTIONS:
        yield user_error(
            ["input", "productOptions"], "Can only specify a maximum of 3 options", code="OPTIONS_OVER_LIMIT"
        )
    if len(set(names)) < len(names):
        yield user_error(["input", "productOptions"], "Duplicated option name", code="DUPLICATED_OPTION_NAME")
    for i, each in enumerate(options):
        path = ["input", "productOptions", str(i), "values"]
        values = [(one.get("name") or "").lower() for one in each.get("values") or ()]
        if not values or not all(values):
            yield user_error(path, "Option values are missing", code="OPTION_VALUES_MISSING")
        if len(set(values)) < len(values):
            yield user_error(path, "Duplicated option value", code="DUPLICATED_OPTION_VALUE")


def _variant_errors(variants: Sequence[Given], options: Sequence[Given]) -> Errors:
    known = {each["name"]: {one["name"] for one in each["values"]} for each in options}
    if options and not variants:
        yield user_error(["input", "variants"], "Variants input is required", code="VARIANTS_INPUT_MISSING")
    if len(variants) > MAX_VARIANTS:
        yield user_error(["input", "variants"], "Too many variants", code="VARIANTS_OVER_LIMIT")
    seen: list[dict[str, str]] = []
    for i, each in enumerate(variants):
        path = ["input", "variants", str(i)]
        values = {one.get("optionName"): one.get("name") for one in each["optionValues"]}
        if values.keys() != known.keys() or any(value not in known[name] for name, value in values.items()):
            yield user_error([*path, "optionValues"], "Option value does not exist", code="OPTION_VALUE_DOES_NOT_EXIST")
        if values in seen:
            yield user_error(path, "The variant already exists", code="INVALID_VARIANT")
        seen.append(values)
        error = price_error(path, each)
        if error:
            yield error | {"code": "INVALID_VARIANT"}


def _new_option_errors(names: Sequence[str], options: Sequence[Given]) -> Errors:
    if len(names) + len(options) > MAX_OPTIONS:
        yield user_error(["options"], "Can only specify a maximum of 3 options", code="OPTIONS_OVER_LIMIT")
    for i, each in enumerate(options):
        if each.get("name") in names:
            yield user_error(["options", str(i), "name"], "Option already exists", code="OPTION_ALREADY_EXISTS")
        if not each.get("values"):
            yield user_error(["options", str(i)], "Option values are missing", code="OPTION_VALUES_MISSING")


def _media_errors(media: Sequence[Given], there: int) -> Errors:
    if there + len(media) > MAX_MEDIA:
        yield user_error(["media"], "Exceeded 250 media per product")
    for i, each in enumerate(media):
        if not each["originalSource"].startswith(("https://", "http://")) or " " in each["originalSource"]:
            yield user_error(["media", str(i), "originalSource"], "Image URL is invalid")
