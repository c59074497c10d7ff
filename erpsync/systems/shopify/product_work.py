"""One product while it is being put into the store, and the calls that change it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductDraft, ProductField
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.lists import unreadable
from erpsync.systems.shopify.product_drafts import refused
from erpsync.systems.shopify.product_reads import StoredProduct
from erpsync.systems.shopify.refusals import refuse_daily_limit
from erpsync.systems.shopify.wire_products import Refusal

SHOWN = frozenset({"ACTIVE", "UNLISTED"})
_OF_VARIANTS = frozenset({ProductField.BARCODE, ProductField.WEIGHT, ProductField.STATUS})


@dataclass
class Work:
    """`images` are those that have been sent: Shopify's id by address."""

    draft: ProductDraft
    stored: StoredProduct
    notes: list[str] = field(default_factory=list)
    images: dict[str, str] = field(default_factory=dict)

    @property
    def is_grouped(self) -> bool:
        """Whether a plain item of the ERP is one of several variants of the store's product, where a person has put it:
        then title, status and the like are those of the whole group, and are left alone."""
        return not self.draft.product.options and len(self.stored.variants) > 1

    def owns(self, what: ProductField) -> bool:
        if self.is_grouped and what not in _OF_VARIANTS:
            return False
        return self.stored.kept.unfinished or what in self.draft.fields

    def wants_active(self, variant: Variant) -> bool:
        return variant.active and (self.draft.product.active or not self.is_grouped)

    def variant_id(self, sku: Sku) -> str | None:
        """Shopify's id of the variant, None where it has not been made."""
        known = self.stored.variant(self.draft, sku)
        return known.id if known is not None else self.stored.made.get(sku, (None,))[0]

    def is_priced(self, sku: Sku) -> bool:
        known = self.stored.variant(self.draft, sku)
        return (known.price if known is not None else self.stored.made[sku][1]) > 0


class ProductCalls:
    """Changes products by the documents of `documents_products`."""

    def __init__(self, client: ShopifyClient) -> None:
        self.client = client

    def write(self, draft: ProductDraft, name: str, field: str, variables: Mapping[str, object]) -> Mapping[str, Any]:
        """What the store says of a change. Raises Rejected with the store's words where it refuses, and OutcomeUnknown
        where the reply was lost: all is read again before any of it is done again."""
        payload, refusals = self.send(name, field, variables)
        if refusals:
            raise refused_by_store(draft, refusals[0])
        return payload

    def send(
        self, name: str, field: str, variables: Mapping[str, object]
    ) -> tuple[Mapping[str, Any], tuple[Refusal, ...]]:
        """What the store says of a change, and why it was refused."""
        payload = self.client.call(name, variables, once=True).data.get(field) or {}
        try:
            refusals = tuple(Refusal.model_validate(error) for error in payload["userErrors"])
        except (KeyError, TypeError, ValidationError):
            raise unreadable("What became of a product was not told.") from None
        refuse_daily_limit([refusal.message for refusal in refusals])
        return payload, refusals


def words(refusal: Refusal) -> str:
    """The store's own, which are about the product and name nobody."""
    return refusal.message[:200].rstrip(".") or refusal.code or "no reason given"


def refused_by_store(draft: ProductDraft, refusal: Refusal) -> Rejected:
    where = f" ({'.'.join(refusal.field)})" if refusal.field else ""
    return refused(
        draft,
        "product-refused",
        f"Shopify says: {words(refusal)}{where}.",
        "Correct the product in the ERP, which is then taken over by itself; or in Shopify, and replay.",
    )
