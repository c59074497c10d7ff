"""What BigCommerce can hold of a product, and how it spells it. Pure.

Limits: https://support.bigcommerce.com/s/article/Platform-Limits and
https://developer.bigcommerce.com/docs/rest-catalog/products#create-a-product, the smaller where the two differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.ports.store_records import ProductDraft
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.catalogue import other_currency
from erpsync.systems.bigcommerce.refusals import SYSTEM

MAX_VARIANTS = 600
MAX_VALUES = 250
MAX_TITLE = 250
MAX_NAME = 255
"""Of a SKU, of an option and of its values."""
MAX_BARCODE = 14
MAX_WEIGHT = Decimal(9_999_999_999)
# BigCommerce keeps four decimals of a weight.
_FINE = Decimal("0.0001")
# `weight_units` of https://developer.bigcommerce.com/docs/rest-management/store-information: the documents show "Ounces";
# the others are the choices of Settings > Store settings > Physical dimensions, in each spelling that is met.
_GRAMS: Mapping[str, Decimal] = {
    **dict.fromkeys(("lbs", "lb", "pounds"), Decimal("453.59237")),
    **dict.fromkeys(("ounces", "oz"), Decimal("28.349523125")),
    **dict.fromkeys(("kgs", "kg", "kilograms"), Decimal(1_000)),
    **dict.fromkeys(("grams", "g"), Decimal(1)),
    **dict.fromkeys(("tonnes", "metric tons"), Decimal(1_000_000)),
}


@dataclass(frozen=True)
class Terms:
    """What the store counts in. `grams`: in its unit of weight, None where that is not known."""

    currency: str
    unit: str
    grams: Decimal | None

    @staticmethod
    def told(store: Mapping[str, Any]) -> "Terms":
        unit = str(store.get("weight_units") or "")
        return Terms(str(store.get("currency") or ""), unit, _GRAMS.get(unit.strip().lower()))

    def weight(self, grams: Decimal | None) -> Decimal | None:
        """In the store's unit; None where none is given or the unit is not known."""
        if grams is None or self.grams is None:
            return None
        return (grams / self.grams).quantize(_FINE)


def named(draft: ProductDraft) -> str:
    """How errors name the product."""
    product = draft.product
    skus = ", ".join(variant.sku for variant in product.variants[:3])
    return f"product {product.id} ({product.title[:60]}; SKU {skus}{', ...' if len(product.variants) > 3 else ''})"


def refuse_unfit(draft: ProductDraft, terms: Terms) -> None:
    """Raises Rejected where BigCommerce cannot hold the product."""
    product = draft.product
    title = product.title.strip()
    if not title or len(title) > MAX_TITLE:
        raise unfit(draft, f"Its title has {len(title)} characters; BigCommerce takes 1 to {MAX_TITLE}.")
    if not 0 < len(product.variants) <= MAX_VARIANTS:
        raise unfit(
            draft, f"It has {len(product.variants)} variants; BigCommerce takes 1 to {MAX_VARIANTS} of a product."
        )
    _refuse_skus(draft)
    _refuse_options(draft)
    for variant in product.variants:
        weight = terms.weight(variant.weight_grams) or Decimal(0)
        if not 0 <= weight <= MAX_WEIGHT:
            raise unfit(draft, f"The weight of SKU {variant.sku} is none that BigCommerce takes.")
        price = draft.prices.get(variant.sku)
        if price is not None and price.currency != terms.currency:
            raise other_currency(variant.sku, price, terms.currency)


def unfit(draft: ProductDraft, what: str) -> Rejected:
    return Rejected(
        "product-unfit",
        system=SYSTEM,
        record=named(draft),
        what=what,
        next_step="Change the product in the ERP, or take it out of the shop there; then replay.",
    )


def barcode(variant: Variant, notes: list[str]) -> str:
    """The barcode as BigCommerce's UPC/EAN, empty where there is none that it takes."""
    if len(variant.barcode) <= MAX_BARCODE:
        return variant.barcode
    notes.append(f"The barcode of SKU {variant.sku} is longer than {MAX_BARCODE} characters and was left out.")
    return ""


def weight(variant: Variant, terms: Terms, notes: list[str]) -> Decimal | None:
    """In the store's unit, None where there is none to be set."""
    if variant.weight_grams is not None and terms.grams is None:
        notes.append(f"The weight of SKU {variant.sku} was left out: the store's unit {terms.unit!r} is not known.")
    return terms.weight(variant.weight_grams)


def price_of(prices: Mapping[Sku, Money], sku: Sku) -> Decimal | None:
    """What a variant that is made costs. A price of 0 is none: a shop that sells for it is worse than a late product."""
    price = prices.get(sku)
    return price.amount if price is not None and price.amount > 0 else None


def has_options(product: wire.Product) -> bool:
    """Whether its variants are combinations of options; one without has a base variant, whose fields are its own."""
    return any(variant.option_values for variant in product.variants)


def same(one: str, other: str) -> bool:
    """Whether two names are one to a person, and to BigCommerce."""
    return one.strip().casefold() == other.strip().casefold()


def _refuse_skus(draft: ProductDraft) -> None:
    skus = [variant.sku for variant in draft.product.variants]
    bad = next((sku for sku in skus if not 0 < len(sku.strip()) <= MAX_NAME), None)
    if bad is not None:
        raise unfit(draft, f"A SKU of it has {len(bad)} characters; BigCommerce takes 1 to {MAX_NAME}.")
    twice = _twice([sku.casefold() for sku in skus])
    if twice:
        raise unfit(
            draft, f"Two of its variants have the SKU {twice}; to BigCommerce upper and lower case are the same."
        )


def _refuse_options(draft: ProductDraft) -> None:
    product: Product = draft.product
    wrong = [variant.sku for variant in product.variants if len(variant.options) != len(product.options)]
    if wrong:
        raise unfit(draft, f"SKU {wrong[0]} has not one value for each of the {len(product.options)} options.")
    if len(product.variants) > 1 and not product.options:
        raise unfit(draft, "It has several variants and no options to tell them apart.")
    combination = _twice([" / ".join(variant.options).casefold() for variant in product.variants])
    if combination:
        raise unfit(draft, f"Two of its variants have the same options: {combination}.")
    for place, option in enumerate(product.options):
        values = {variant.options[place] for variant in product.variants}
        if any(not 0 < len(name.strip()) <= MAX_NAME for name in (option, *values)):
            raise unfit(
                draft, f"The option {option[:60]!r} or a value of it is empty or longer than {MAX_NAME} characters."
            )
        if len(values) > MAX_VALUES:
            raise unfit(draft, f"The option {option} has {len(values)} values; BigCommerce takes {MAX_VALUES}.")
    twice = _twice([option.casefold() for option in product.options])
    if twice:
        raise unfit(draft, f"Two of its options are named {twice}.")


def _twice(names: Sequence[str]) -> str:
    """The first name that comes twice, empty where none does."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return ""
