"""What a person should know of a product that was put: what the shop could not hold, and what is left to them. Pure."""

from collections.abc import Iterator

from erpsync.ports.store_records import ProductField
from erpsync.systems.woocommerce import product_rows as rows
from erpsync.systems.woocommerce.product_work import Work


def notes_of(work: Work, house: rows.House) -> Iterator[str]:
    if work.match.of_others_product:
        where = work.parent_id()
        yield f"It is a variation of product {where}, whose title, texts, images and categories stay as they are."
    for sku in work.match.gone:
        yield f"The variation {sku} was deleted in WooCommerce, or has another SKU there; it is not made again."
    yield from _of_details(work, house)
    yield from _of_options(work)
    yield from _of_status(work)


def _of_details(work: Work, house: rows.House) -> Iterator[str]:
    variants = {variant.sku: variant for variant in work.draft.product.variants}
    for sku, there in work.things().items():
        variant = variants[sku]
        if variant.barcode and not there.takes_barcodes:
            yield f"The barcode of {sku} has no place in this WooCommerce; it has since 9.1."
        elif not rows.barcode_fits(variant):
            yield f"The barcode of {sku} was left out: WooCommerce keeps digits and hyphens alone."
        if variant.weight_grams and not house.weighs:
            yield f"The weight of {sku} was left out: the shop's unit of weight is not known."
        if sku in work.made and there.manage_stock is not True:
            yield f"{sku} stays out of stock, for the shop counts none (WooCommerce > Settings > Products > Inventory)."


def _of_options(work: Work) -> Iterator[str]:
    if work.product is not None and work.draft.product.options and rows.lacks_option(work.draft, work.product):
        yield "Its options are left as they are: they have other names in WooCommerce than in the ERP."


def _of_status(work: Work) -> Iterator[str]:
    unpriced = work.unpriced()
    if unpriced:
        yield f"No price yet for {', '.join(unpriced)}: hidden until there is one, and the product is put again."
    hidden = work.product is not None and work.product.status != rows.SHOWN
    if hidden and not unpriced and rows.active(work.draft) and ProductField.STATUS in work.owned:
        yield "It was hidden in WooCommerce by a person, and stays so; publish it there."
