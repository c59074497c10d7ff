"""What a draft must be for WooCommerce to hold it, found out before anything is sent. Pure."""

import re
from collections import Counter

from erpsync.domain.errors import Rejected
from erpsync.ports.store_records import ProductDraft
from erpsync.systems.woocommerce.product_matches import record_of
from erpsync.systems.woocommerce.refusals import rejected

# The column of WooCommerce's table wc_product_meta_lookup.
_LONGEST_SKU = 100
_REPLAY = "Correct the item in the ERP, then replay."


def problem(draft: ProductDraft, currency: str) -> Rejected | None:
    """The first thing that is wrong with it."""
    product, record = draft.product, record_of(draft)
    skus = [variant.sku for variant in product.variants]
    doubled = [sku for sku, times in Counter(skus).items() if times > 1]
    if not skus or doubled:
        what = f"It has the SKU {doubled[0]} twice." if doubled else "It has no variants."
        return rejected("variants-unusable", what, _REPLAY, record)
    for sku in skus:
        if not _storable(sku):
            what = f"WooCommerce does not keep the SKU {sku} as it is: it takes up to 100 characters and no markup."
            return rejected("sku-not-storable", what, "Give the item another SKU in the ERP, then replay.", record)
    foreign = [price.currency for sku, price in draft.prices.items() if sku in skus and price.currency != currency]
    if foreign:
        what = f"Its price is in {foreign[0]} and the shop's currency is {currency}."
        step = "Choose the ERP's price list in the shop's currency for this route."
        return rejected("currency-differs", what, step, record)
    return _of_options(draft)


def _of_options(draft: ProductDraft) -> Rejected | None:
    product, record = draft.product, record_of(draft)
    if any(len(variant.options) != len(product.options) or not all(variant.options) for variant in product.variants):
        what = f"Not all of its variants have one value for each of its {len(product.options)} options."
        return rejected("options-differ", what, _REPLAY, record)
    if not product.options and len(product.variants) > 1:
        return rejected("options-missing", "It has several variants and no options to choose by.", _REPLAY, record)
    choices = Counter(tuple(value.casefold() for value in variant.options) for variant in product.variants)
    same = [variant.sku for variant in product.variants if choices[tuple(map(str.casefold, variant.options))] > 1]
    if same:
        what = f"Buyers could not choose between {', '.join(same)}: they have the same options."
        return rejected("options-same", what, _REPLAY, record)
    return None


def _storable(sku: str) -> bool:
    """What WordPress's sanitize_text_field leaves alone, which WooCommerce passes every SKU through."""
    plain = " ".join(sku.split()) == sku and "<" not in sku and not re.search(r"%[0-9A-Fa-f]{2}", sku)
    return 0 < len(sku) <= _LONGEST_SKU and plain
