"""What Shopify can hold of a product at all, asked before anything is sent.

Limits: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/productSet (2,048 variants, three options) and
https://matrixify.app/documentation/shopify-limits/ (250 images, 255 characters).
"""

from erpsync.domain.errors import Rejected
from erpsync.ports.store_records import ProductDraft
from erpsync.systems.shopify.amounts import SYSTEM

MAX_VARIANTS = 2048
MAX_OPTIONS = 3
MAX_IMAGES = 250
MAX_LENGTH = 255


def named(draft: ProductDraft) -> str:
    return f'product {draft.product.id} "{draft.product.title[:60]}"'


def refused(draft: ProductDraft, code: str, what: str, next_step: str) -> Rejected:
    return Rejected(code, system=SYSTEM, record=named(draft), what=what, next_step=next_step)


def check(draft: ProductDraft) -> None:
    """Raises Rejected where Shopify cannot hold the product."""
    _check_sizes(draft)
    _check_texts(draft)
    _check_options(draft)


def _check_sizes(draft: ProductDraft) -> None:
    product = draft.product
    for found, most, things in (
        (len(product.variants), MAX_VARIANTS, "variants"),
        (len(product.options), MAX_OPTIONS, "options"),
        (len(product.image_urls), MAX_IMAGES, "images"),
    ):
        if found > most:
            raise refused(
                draft,
                "product-too-large",
                f"It has {found} {things}, and Shopify holds {most}.",
                f"Split it in the ERP into products of at most {most} {things}, or take it out of the products' sync.",
            )
    skus = [variant.sku for variant in product.variants]
    if not skus or not all(sku.strip() for sku in skus) or len(set(skus)) < len(skus):
        raise refused(
            draft,
            "product-unusable",
            "It has no variant, or one without a SKU, or two with the same.",
            "Correct its variants in the ERP; the change is then taken over by itself.",
        )


def _check_texts(draft: ProductDraft) -> None:
    product = draft.product
    texts = [product.title, *product.options, *[value for variant in product.variants for value in variant.options]]
    for text in texts:
        if not text.strip() or len(text) > MAX_LENGTH:
            raise refused(
                draft,
                "product-unusable",
                f"Its title, or an option, is empty or longer than {MAX_LENGTH} characters.",
                "Correct the title and the options in the ERP; the change is then taken over by itself.",
            )


def _check_options(draft: ProductDraft) -> None:
    product = draft.product
    values = [tuple(value.strip().casefold() for value in variant.options) for variant in product.variants]
    names = [name.strip().casefold() for name in product.options]
    complete = all(len(each) == len(names) for each in values)
    if not complete or len(set(values)) < len(values) or len(set(names)) < len(names):
        skus = ", ".join(variant.sku for variant in product.variants[:5])
        raise refused(
            draft,
            "options-unusable",
            f"Shopify tells variants apart by their options, and these do not: {skus}.",
            "Give each variant in the ERP a value of every option, no two variants the same ones; the change is then taken "
            "over by itself.",
        )
