"""The options of a product that is there: their names and values, and variants that are added to it.

Options come with a product that is made. Later on a variant takes the ids of values that its options offer, one variant a
call, and what a variant is a combination of cannot be changed:
https://developer.bigcommerce.com/docs/store-operations/catalog#creating-variants
"""

from collections.abc import Mapping, Sequence
from typing import Any

from erpsync.domain.ids import Sku
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductDraft, ProductField
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.product_bodies import new_variant
from erpsync.systems.bigcommerce.product_rules import (
    MAX_VALUES,
    MAX_VARIANTS,
    Terms,
    has_options,
    named,
    same,
    unfit,
)
from erpsync.systems.bigcommerce.reading import read


class ProductOptions:
    """Of one product, during one put."""

    def __init__(self, client: BigCommerceClient, draft: ProductDraft, product: wire.Product) -> None:
        self._client = client
        self._draft = draft
        self._product = product
        self._path = f"/v3/catalog/products/{product.id}"

    def refuse_unfit(self, new: Sequence[Variant]) -> None:
        """Raises Rejected where the variants cannot be added to the product as it is."""
        if not new:
            return
        if not has_options(self._product) or len(self._columns()) != len(self._draft.product.options):
            raise unfit(
                self._draft,
                f"SKU {new[0].sku} is new, and BigCommerce's product {self._product.id} has other options than the ERP's: "
                "they cannot be changed once there are variants.",
            )
        if len(self._product.variants) + len(new) > MAX_VARIANTS:
            raise unfit(self._draft, f"With {len(new)} more variants the product would have over {MAX_VARIANTS}.")

    def differences(self, known: Mapping[Sku, wire.Variant]) -> list[str]:
        """Values of variants that the ERP has changed, where it owns them: BigCommerce cannot follow."""
        if ProductField.OPTIONS not in self._draft.fields or not self._draft.product.options:
            return []
        columns = self._columns()
        if len(columns) != len(self._draft.product.options):
            return [f"The options of BigCommerce's product {self._product.id} are others than the ERP's, and stay so."]
        differ = [
            variant.sku
            for variant in self._draft.product.variants
            if variant.sku in known and not _has(known[variant.sku], dict(zip(columns, variant.options, strict=True)))
        ]
        if not differ:
            return []
        return [
            f"Option values of SKU {', '.join(differ[:5])} stay as they are: BigCommerce changes none of a variant."
        ]

    def add(self, new: Sequence[Variant], terms: Terms, notes: list[str]) -> None:
        """Makes the variants, with the values that their options do not offer yet. SKUs are unique in BigCommerce, so that
        one whose reply was lost is found, or refused, and never made twice."""
        if not new:
            return
        found = self._client.pages(f"{self._path}/options", {})
        options = {option.id: option for option in (read(wire.Option, row, named(self._draft)) for row in found)}
        chosen = [options[column] for column in self._columns()]
        offered = [{choice.label.strip().casefold(): choice.id for choice in option.option_values} for option in chosen]
        for variant in new:
            body = new_variant(variant, self._draft, terms, notes)
            if body["purchasing_disabled"] and variant.active:
                notes.append(f"SKU {variant.sku} cannot be bought yet: it has no price.")
            elif self._product.inventory_tracking == "none":
                notes.append(f"SKU {variant.sku} cannot be bought yet: the product's stock is not tracked.")
                body["purchasing_disabled"] = True
            body["option_values"] = [
                self._value(option, values, label)
                for option, values, label in zip(chosen, offered, variant.options, strict=True)
            ]
            self._client.post(f"{self._path}/variants", body, record=named(self._draft))

    def _value(self, option: wire.Option, offered: dict[str, int], label: str) -> dict[str, Any]:
        """A value by its id, made where the option does not offer it."""
        label = label.strip()
        if label.casefold() not in offered:
            if len(offered) >= MAX_VALUES:
                raise unfit(self._draft, f"The option {option.display_name} would have over {MAX_VALUES} values.")
            answer = self._client.post(
                f"{self._path}/options/{option.id}/values",
                {"label": label, "sort_order": len(offered)},
                record=named(self._draft),
            )
            made = read(wire.Choice, (answer.body or {}).get("data"), named(self._draft))
            offered[label.casefold()] = made.id
        return {
            "id": offered[label.casefold()],
            "option_id": option.id,
            "option_display_name": option.display_name,
            "label": label,
        }

    def _columns(self) -> list[int]:
        """Ids of the product's options in the order of the ERP's: by their names, others by their place."""
        names = {
            value.option_id: value.option_display_name
            for variant in self._product.variants
            for value in variant.option_values
        }
        wanted = self._draft.product.options
        if len(names) != len(wanted):
            return list(names)
        by_name = {place: one for place, name in enumerate(wanted) for one, has in names.items() if same(name, has)}
        others = iter([one for one in names if one not in by_name.values()])
        return [by_name[place] if place in by_name else next(others) for place in range(len(wanted))]


def _has(variant: wire.Variant, wanted: Mapping[int, str]) -> bool:
    has = {value.option_id: value.label for value in variant.option_values}
    return all(same(has.get(option, ""), label) for option, label in wanted.items())
