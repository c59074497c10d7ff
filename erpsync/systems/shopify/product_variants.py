"""A product's variants: new ones are added, those there changed in what the ERP owns, and none is ever deleted.

Since 2026-07 a variant can be taken off the sales channels by itself
(https://shopify.dev/changelog/publish-and-unpublish-product-variants-independently-from-product): that hides one that is
not active, or has no price in a product that is sold.
"""

from collections.abc import Sequence
from decimal import Decimal

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.money import Money
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductDraft, ProductField
from erpsync.systems.shopify.lists import unreadable
from erpsync.systems.shopify.places import Places
from erpsync.systems.shopify.product_drafts import MAX_VARIANTS, refused
from erpsync.systems.shopify.product_options import OptionPlan, apply_options, plan_options
from erpsync.systems.shopify.product_work import SHOWN, ProductCalls, Work
from erpsync.systems.shopify.sales_channels import SalesChannels
from erpsync.systems.shopify.wire_products import (
    ItemInput,
    MadeVariant,
    MeasurementInput,
    VariantInput,
    WeightInput,
)
from erpsync.systems.shopify.wire_products import Variant as Stored

# https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/ProductVariantSetInput
MAX_QUANTITIES = 50_000


class VariantWriter:
    def __init__(self, calls: ProductCalls, places: Places, channels: SalesChannels) -> None:
        self._calls = calls
        self._places = places
        self._channels = channels

    def inputs(self, draft: ProductDraft, variants: Sequence[Variant]) -> list[VariantInput]:
        """Each variant to be made, without its options, SKU and quantities, which the calls spell differently."""
        return [self._input(draft, variant) for variant in variants]

    def places(self, variants: int) -> list[str]:
        """Where so many new variants are stocked: at all of the store's own locations, as far as one call allows."""
        own = [
            f"gid://shopify/Location/{each.id}" for each in self._places.all() if each.active and not each.of_service
        ]
        return own[: MAX_QUANTITIES // max(variants, 1)]

    def _input(self, draft: ProductDraft, variant: Variant) -> VariantInput:
        item = ItemInput(tracked=True)
        if variant.weight_grams is not None:
            item["measurement"] = _grams(variant.weight_grams)
        given = VariantInput(inventoryPolicy="DENY", inventoryItem=item, published=variant.active)
        if variant.barcode:
            given["barcode"] = variant.barcode
        price = price_of(draft, variant, self._places.currency)
        if price is not None:
            given["price"] = f"{price.amount:f}"
        return given

    def apply(self, work: Work) -> None:
        variants = work.draft.product.variants
        there = [(each, known) for each in variants if (known := work.stored.variant(work.draft, each.sku))]
        missing = [each for each in variants if work.stored.variant(work.draft, each.sku) is None]
        if len(work.stored.variants) + len(missing) > MAX_VARIANTS:
            raise refused(
                work.draft,
                "product-too-large",
                f"With its new variants it would have more than {MAX_VARIANTS} in Shopify.",
                "Delete variants in Shopify that are no longer sold, then replay.",
            )
        plan = plan_options(work, missing)
        if plan is not None:
            apply_options(self._calls, work, plan)
        self._change(work, plan, there)
        if missing and plan is not None:
            self._add(work, plan, missing)
        self._show_and_hide(work)

    def _change(self, work: Work, plan: OptionPlan | None, there: Sequence[tuple[Variant, Stored]]) -> None:
        changes = [change for wanted, known in there if (change := _change_of(work, plan, wanted, known))]
        if changes:
            variables = {"product": work.stored.id, "variants": changes}
            self._calls.write(work.draft, "ChangeVariants", "productVariantsBulkUpdate", variables)

    def _add(self, work: Work, plan: OptionPlan, missing: Sequence[Variant]) -> None:
        """Adds them; one without a price, in a product that buyers see, is kept off the channels."""
        shown = work.stored.status in SHOWN
        given: list[VariantInput] = []
        places = self.places(len(missing))
        for variant, one in zip(missing, self.inputs(work.draft, missing), strict=True):
            one["optionValues"] = plan.values(variant.options)
            one["inventoryItem"]["sku"] = variant.sku
            one["inventoryQuantities"] = [{"locationId": place, "availableQuantity": 0} for place in places]
            one["published"] = work.wants_active(variant) and ("price" in one or not shown)
            given.append(one)
        variables = {"product": work.stored.id, "variants": given}
        payload = self._calls.write(work.draft, "AddVariants", "productVariantsBulkCreate", variables)
        try:
            made = {each.sku: each.id for each in map(MadeVariant.model_validate, payload["productVariants"])}
            for variant, one in zip(missing, given, strict=True):
                work.stored.made[variant.sku] = (made[variant.sku], Decimal(one.get("price", "0")))
                if not one["published"]:
                    work.stored.kept.hidden.add(made[variant.sku])
        except (KeyError, TypeError, ValidationError):
            raise unreadable("What became of the new variants was not told.") from None

    def _show_and_hide(self, work: Work) -> None:
        """Only what erpsync has hidden is shown again, whoever owns the status."""
        hidden = work.stored.kept.hidden
        for variant in work.draft.product.variants:
            gid = work.variant_id(variant.sku)
            if gid is None:
                continue
            if not work.wants_active(variant):
                if (
                    gid not in hidden
                    and work.owns(ProductField.STATUS)
                    and self._publish(work, "Unpublish", gid, variant)
                ):
                    hidden.add(gid)
            elif gid in hidden and not work.is_priced(variant.sku):
                work.notes.append(f"SKU {variant.sku} has no price yet: it is hidden until it has one.")
            elif gid in hidden and self._publish(work, "Publish", gid, variant):
                hidden.discard(gid)

    def _publish(self, work: Work, name: str, gid: str, variant: Variant) -> bool:
        try:
            self._channels.change(self._calls, work.draft, name, gid, self._channels.all())
        except Rejected as error:
            verb = "shown" if name == "Publish" else "hidden"
            work.notes.append(f"The variant SKU {variant.sku} could not be {verb}. {error.problem.what}")
            return False
        return True


def price_of(draft: ProductDraft, variant: Variant, currency: str) -> Money | None:
    """The price that the variant is made with, in the store's currency. Nought is none: a shop that sells for nothing is
    worse than a late product."""
    given = draft.prices.get(variant.sku)
    price = given.rounded() if given is not None and given.currency == currency else None
    return price if price is not None and price.amount > 0 else None


def _change_of(work: Work, plan: OptionPlan | None, wanted: Variant, known: Stored) -> VariantInput:
    """What is to be changed of a variant; empty where nothing is."""
    given = VariantInput()
    if work.owns(ProductField.BARCODE) and wanted.barcode and wanted.barcode != known.barcode:
        given["barcode"] = wanted.barcode
    if work.owns(ProductField.WEIGHT) and wanted.weight_grams is not None and wanted.weight_grams != known.grams:
        given["inventoryItem"] = ItemInput(measurement=_grams(wanted.weight_grams))
    values = tuple(value.strip() for value in wanted.options)
    if plan is not None and work.owns(ProductField.OPTIONS) and values != plan.current(known):
        given["optionValues"] = plan.values(values)
    if given:
        given["id"] = known.id
    return given


def _grams(weight: Decimal) -> MeasurementInput:
    return MeasurementInput(weight=WeightInput(unit="GRAMS", value=weight))
