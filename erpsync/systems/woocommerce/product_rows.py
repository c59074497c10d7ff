"""Drafts as the rows that WooCommerce is sent: all of what is to be made, and of what is there only what differs. Pure.

https://woocommerce.github.io/woocommerce-rest-api-docs/#product-properties. Lists replace what is there, so that each is
sent whole, with what people have put into it. Prices and stock are in no row of what is there.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from html import unescape
from typing import Any

from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.products import Variant
from erpsync.ports.store_records import ProductDraft, ProductField
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.traces import Trace, mark, read_trace
from erpsync.systems.woocommerce.variants import decimal_of

EVERY_FIELD = frozenset(ProductField)
SHOWN, HIDDEN, DRAFT = "publish", "private", "draft"
# What WooCommerce calls its units of weight, in grams.
_GRAMS = {"kg": Decimal(1000), "g": Decimal(1), "lbs": Decimal("453.59237"), "oz": Decimal("28.349523125")}
# Of anything else WooCommerce leaves the digits, which are another item's number then.
_BARCODE = re.compile(r"[0-9-]+")

Row = dict[str, Any]


@dataclass(frozen=True)
class House:
    """What is the same for all products of the shop: its unit of weight, what SKUs in the making begin with, and the custom
    field that erpsync remembers in."""

    weight_unit: str
    prefix: str

    @property
    def field(self) -> str:
        return f"_{self.prefix}_product"

    @property
    def weighs(self) -> bool:
        return self.weight_unit in _GRAMS

    def trace(self, product: wire.WholeProduct) -> Trace:
        return read_trace(product, self.field)

    def mark(self, draft: ProductDraft) -> Sku:
        return Sku(mark(draft.product, self.prefix))


def new_product(draft: ProductDraft, house: House, categories: Sequence[int]) -> Row:
    """Hidden until all of it is there: as a draft, and where it is not active as private, which keeps its address and its
    past orders' links for the shop's users. One with variations has none yet."""
    product = draft.product
    first = product.variants[0]
    trace = Trace(unfinished=True, hidden=True, categories=tuple(categories))
    row: Row = {
        "name": product.title or first.title or first.sku,
        "status": DRAFT if active(draft) else HIDDEN,
        "meta_data": [trace.meta(house.field)],
    }
    if product.description:
        row["description"] = product.description
    if categories:
        row["categories"] = [{"id": number} for number in categories]
    if not product.options:
        return row | {"type": "simple"} | _sold(first, draft.prices.get(first.sku), house)
    return row | {"type": "variable", "sku": house.mark(draft), "attributes": offered(draft, (), product.variants)}


def new_variation(draft: ProductDraft, variant: Variant, attributes: Sequence[Row], house: House) -> Row:
    """Shown with its product, unless it is not active or has no price. `attributes` are those of the product."""
    price = draft.prices.get(variant.sku)
    shown = variant.active and priced(price)
    return {
        **_sold(variant, price, house),
        "status": SHOWN if shown else HIDDEN,
        "attributes": selected(draft, variant, attributes),
        **({} if shown else {"meta_data": [Trace(hidden=True).meta(house.field)]}),
    }


def priced(price: Money | None) -> bool:
    """A price of zero is what ERPs tell where nobody has set one."""
    return price is not None and price.amount > 0


def changed_product(
    draft: ProductDraft,
    product: wire.WholeProduct,
    owned: frozenset[ProductField],
    categories: Sequence[int],
    attributes: Sequence[Row],
    house: House,
) -> Row:
    """What differs of the product itself; hidden at once where it is not active. `attributes`: all that it shall
    have; none: they stay."""
    row, trace = Row(), house.trace(product)
    wanted = draft.product
    if ProductField.TITLE in owned and wanted.title and not _same_text(wanted.title, product.name):
        row["name"] = wanted.title
    text = wanted.description if ProductField.DESCRIPTION in owned else ""
    if text and not _same_text(text, product.description):
        row["description"] = text
    if ProductField.CATEGORIES in owned and categories:
        there = [int(term.id) for term in product.categories]
        shall = [number for number in there if number not in trace.categories or number in categories]
        shall += [number for number in categories if number not in there]
        if shall != there:
            row["categories"] = [{"id": number} for number in shall]
        ours = [number for number in categories if number in trace.categories or number not in there]
        trace = replace(trace, categories=tuple(ours))
    if attributes and attributes != _listed(product.attributes):
        row["attributes"] = attributes
    if not wanted.options:
        row |= _measured(wanted.variants[0], product, owned, house)
    if ProductField.STATUS in owned and not active(draft) and product.status == SHOWN:
        row["status"] = HIDDEN
        trace = replace(trace, hidden=True)
    return _with_trace(row, trace, product, house)


def changed_variation(
    draft: ProductDraft,
    variant: Variant,
    variation: wire.WholeProduct,
    owned: frozenset[ProductField],
    attributes: Sequence[Row],
    house: House,
) -> Row:
    """What differs of a variation. It is shown again where erpsync has hidden it and nothing is missing of it any more."""
    row, trace = _measured(variant, variation, owned, house), house.trace(variation)
    if ProductField.OPTIONS in owned and attributes:
        wanted = selected(draft, variant, attributes)
        now = {_folded(one.name): _folded(one.option) for one in variation.attributes}
        if any(now.get(_folded(each["name"])) != _folded(each["option"]) for each in wanted):
            row["attributes"] = _others(variation, wanted) + wanted
    if ProductField.STATUS in owned:
        shall_show = variant.active if draft.product.options else active(draft)
        whole = not trace.unfinished or "attributes" in row or kept(variant, variation)
        if not shall_show and variation.status == SHOWN:
            row["status"], trace = HIDDEN, replace(trace, hidden=True)
        elif shall_show and trace.hidden and whole and has_price(variation):
            row["status"], trace = SHOWN, replace(trace, unfinished=False, hidden=False)
    return _with_trace(row, trace, variation, house)


def spoilt_variation(variation: wire.WholeProduct, house: House) -> Row:
    """Takes one out of sight that is not as it was sent, until it is."""
    return {
        "id": int(variation.id),
        "status": HIDDEN,
        "meta_data": [Trace(unfinished=True, hidden=True).meta(house.field)],
    }


def finished_product(draft: ProductDraft, product: wire.WholeProduct, *, show: bool, done: bool, house: House) -> Row:
    """What is left to do once its variations are there: it is shown where erpsync has hidden it, and its mark taken away.
    `done`: nothing more comes after that."""
    row, trace = Row(), house.trace(product)
    if done:
        trace = replace(trace, unfinished=False)
    if product.sku == house.mark(draft):
        row["sku"] = ""
    if show and trace.hidden:
        row["status"], trace = SHOWN, replace(trace, hidden=False)
    return _with_trace(row, trace, product, house)


def offered(draft: ProductDraft, there: Sequence[wire.Attribute], variants: Iterable[Variant]) -> list[Row]:
    """All attributes that the product shall have: those that are there as they are, with the options' values added."""
    rows, wanted = _listed(there), list(variants)
    for place, option in enumerate(draft.product.options):
        row = next((row for row in rows if _folded(row["name"]) == _folded(option)), None)
        if row is None:
            row = {"name": option, "position": place, "visible": True, "options": []}
            rows.append(row)
        row["variation"] = True
        for variant in wanted:
            if _folded(variant.options[place]) not in map(_folded, row["options"]):
                row["options"].append(variant.options[place])
    return rows


def selected(draft: ProductDraft, variant: Variant, attributes: Sequence[Row]) -> list[Row]:
    """The variant's value of each option, under the attribute that the product has for it."""
    rows = []
    for option, value in zip(draft.product.options, variant.options, strict=True):
        row = next((row for row in attributes if _folded(row["name"]) == _folded(option)), {"name": option})
        known = next((one for one in row.get("options", ()) if _folded(one) == _folded(value)), value)
        rows.append({name: row[name] for name in ("id", "name") if name in row} | {"option": known})
    return rows


def lacks_option(draft: ProductDraft, product: wire.WholeProduct) -> bool:
    """Whether buyers choose the product's variations by other options than the ERP's."""
    there = {_folded(one.name) for one in product.attributes if one.variation}
    return bool(there) and not {_folded(option) for option in draft.product.options} <= there


def kept(variant: Variant, variation: wire.WholeProduct) -> bool:
    """Whether a variation has the options that it was sent with."""
    return {_folded(value) for value in variant.options} <= {_folded(one.option) for one in variation.attributes}


def active(draft: ProductDraft) -> bool:
    """One without options is as active as its only variant."""
    product = draft.product
    return product.active and (bool(product.options) or product.variants[0].active)


def has_price(there: wire.WholeProduct) -> bool:
    return (decimal_of(there.regular_price) or 0) > 0


def barcode_fits(variant: Variant) -> bool:
    return not variant.barcode or bool(_BARCODE.fullmatch(variant.barcode))


def _sold(variant: Variant, price: Money | None, house: House) -> Row:
    """Counted from nothing. "outofstock" is for shops that count no stock at all, where the rest of it is ignored."""
    row: Row = {
        "sku": variant.sku,
        "manage_stock": True,
        "stock_quantity": 0,
        "stock_status": "outofstock",
        "backorders": "no",
    }
    if price is not None and priced(price):
        row["regular_price"] = f"{price.amount:f}"
    if variant.barcode and barcode_fits(variant):
        row["global_unique_id"] = variant.barcode
    if weight := _weight(variant, house):
        row["weight"] = weight
    return row


def _measured(variant: Variant, there: wire.WholeProduct, owned: frozenset[ProductField], house: House) -> Row:
    """Barcode and weight, where they differ and the shop can hold them."""
    row = Row()
    fits = bool(variant.barcode) and barcode_fits(variant) and there.takes_barcodes
    if ProductField.BARCODE in owned and fits and variant.barcode != there.global_unique_id:
        row["global_unique_id"] = variant.barcode
    weight = _weight(variant, house)
    if ProductField.WEIGHT in owned and weight and decimal_of(weight) != decimal_of(there.weight):
        row["weight"] = weight
    return row


def _weight(variant: Variant, house: House) -> str:
    """In the shop's unit, to a tenth of a gram and better; empty where either is unknown."""
    if not variant.weight_grams or not house.weighs:
        return ""
    return f"{(variant.weight_grams / _GRAMS[house.weight_unit]).quantize(Decimal('0.0001')).normalize():f}"


def _with_trace(row: Row, trace: Trace, product: wire.WholeProduct, house: House) -> Row:
    return row if trace == house.trace(product) else row | {"meta_data": [trace.meta(house.field)]}


def _listed(attributes: Sequence[wire.Attribute]) -> list[Row]:
    return [
        _identified(one)
        | {"position": one.position, "visible": one.visible, "variation": one.variation, "options": list(one.options)}
        for one in attributes
    ]


def _others(variation: wire.WholeProduct, wanted: Sequence[Row]) -> list[Row]:
    """What people have set of it besides."""
    ours = {_folded(each["name"]) for each in wanted}
    kept_rows = [_identified(one) | {"option": one.option} for one in variation.attributes]
    return [each for each in kept_rows if _folded(each["name"]) not in ours]


def _identified(attribute: wire.Attribute) -> Row:
    """One of the whole shop by id, the product's own by name."""
    number = {"id": int(attribute.id)} if attribute.id not in ("", "0") else {}
    return number | {"name": attribute.name}


def _same_text(wanted: str, stored: str) -> bool:
    """WordPress stores texts with bare ampersands escaped."""
    return unescape(wanted).split() == unescape(stored).split()


def _folded(text: str) -> str:
    return unescape(text).strip().casefold()
