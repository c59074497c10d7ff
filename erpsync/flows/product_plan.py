"""What is put into a store for one product of an ERP, and what is left to a person. Pure."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from erpsync import mapping
from erpsync.domain.errors import Rejected, Skip, SyncError, Transient
from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.matching import Ambiguous, Listed, Match, match
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.flows.context import ProductRules
from erpsync.ledger.links import Link
from erpsync.ports.store_records import ProductDraft, ProductField

# What concerns a variant alone; the rest concerns all variants of its product.
_OF_A_VARIANT = frozenset({ProductField.BARCODE, ProductField.WEIGHT})
_UNREAD_SECONDS = 60.0


class _Unread(Transient):
    """Neither the product nor a connection is to blame."""

    counts_as_attempt = False


class _State(StrEnum):
    """How the store is told to have a product: the end of the link's hash, for what a person hides shall stay hidden until
    the ERP shows it anew."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    UNPRICED = "unpriced"
    """Made hidden, for the store would sell it for nothing."""


@dataclass(frozen=True)
class Known:
    """What the ledger knows of a product: its link and those of its variants, what the store has `listed` under its SKUs,
    how many variants products of the store have, and base prices, as far as they are known. `read`: the store's catalogue
    has been read, or never can be."""

    link: Link | None = None
    variants: Mapping[Sku, SourceId] = field(default_factory=dict)
    listed: Sequence[Listed] = ()
    sizes: Mapping[SourceId, int] = field(default_factory=dict)
    prices: Mapping[Sku, Money] = field(default_factory=dict)
    read: bool = True


@dataclass(frozen=True)
class Plan:
    """A draft, and the hash of what the store has afterwards. `problem` is what remains for a person when it is put."""

    draft: ProductDraft
    content_hash: str
    notes: tuple[str, ...] = ()
    problem: Rejected | None = None


def plan(product: Product, known: Known, rules: ProductRules) -> Plan | SyncError:
    if known.link is None and not known.read:
        return _Unread(
            "catalogue-unread",
            system="erpsync",
            record=f"product {product.id}",
            what="The store's catalogue has not been read yet, and may have the product.",
            next_step="Nothing: it waits for the poll of the catalogue. `erpsync products match` reads it at once.",
            retry_after_seconds=_UNREAD_SECONDS,
        )
    linked = SourceId(known.link.target_id) if known.link else None
    found = match([variant.sku for variant in product.variants], known.listed, linked, known.variants)
    if isinstance(found, Ambiguous):
        return Rejected(
            "sku-ambiguous",
            system="erpsync",
            record=f"product {product.id}",
            what=found.what,
            next_step="See `erpsync products match`; let each SKU stand in one product of the store alone, spelt as in the"
            " ERP, then replay.",
        )
    if found.product_id is None and not product.active:
        return Skip("not-active", what="It is not active in the ERP, and the store has never had it.")
    if found.product_id is None and not rules.create:
        return Skip("not-in-store", what="The store does not have it, and the route makes no products.")
    if found.product_id is None and not _is_wanted(product, rules):
        return Skip(
            "not-wanted", what="The store does not have it, and the route's create_products_where leaves it out."
        )
    return _plan(product, found, known, rules)


def _is_wanted(product: Product, rules: ProductRules) -> bool:
    name = f"product {product.id}"
    return mapping.holds(rules.create_where, product, setting="create_products_where", name=name)


def _plan(product: Product, found: Match, known: Known, rules: ProductRules) -> Plan | SyncError:
    to_make = [variant for variant in product.variants if _is_to_be_made(variant, product, found, rules)]
    unpriced = [variant.sku for variant in to_make if variant.sku not in known.prices]
    state = _state(product, found, known, bool(unpriced))
    left_out = [] if state is _State.UNPRICED else unpriced
    variants = tuple(
        variant
        for variant in product.variants
        if variant.sku in found.variants or (variant in to_make and variant.sku not in left_out)
    )
    problem = _lacks_prices(product, left_out) if left_out else None
    if not variants:
        return problem or Skip("not-active", what="None of its variants is active in the ERP or known to the store.")
    shared = _is_one_of_several(product, found, known)
    wanted = product.model_copy(update={"variants": variants, "active": state is _State.SHOWN})
    draft = ProductDraft(
        product=wanted,
        id=found.product_id,
        variants=found.variants,
        prices={variant.sku: known.prices[variant.sku] for variant in to_make if variant.sku in known.prices},
        fields=_fields(rules.fields, found, known, state, shared=shared),
    )
    notes = []
    if state is _State.UNPRICED:
        notes.append("hidden from buyers until its variants have prices")
    if shared:
        notes.append("of a product with several, of which this one is a variant, title, texts and status stay")
    return Plan(draft, _hash(wanted, rules, state), tuple(notes), problem)


def _is_to_be_made(variant: Variant, product: Product, found: Match, rules: ProductRules) -> bool:
    return rules.create and product.active and variant.active and variant.sku not in found.variants


def _state(product: Product, found: Match, known: Known, lacks_prices: bool) -> _State:
    if not product.active:
        return _State.HIDDEN
    if found.product_id is None:
        return _State.UNPRICED if lacks_prices else _State.SHOWN
    waiting = known.link is not None and known.link.content_hash.endswith(_State.UNPRICED)
    priced = {one.variant_id for one in known.listed if one.priced}
    ready = not lacks_prices and priced.issuperset(found.variants.values())
    return _State.UNPRICED if waiting and not ready else _State.SHOWN


def _lacks_prices(product: Product, skus: Sequence[Sku]) -> Rejected:
    """What is on sale would offer them for nothing."""
    return Rejected(
        "price-unknown",
        system="erpsync",
        record=f"product {product.id}",
        what=f"The store lacks {', '.join(skus)}, and no price is known to make it with. The rest is up to date.",
        next_step="Make it in the store with its price: there it is found by its SKU. Then replay.",
    )


def _fields(
    owned: frozenset[ProductField], found: Match, known: Known, state: _State, *, shared: bool
) -> frozenset[ProductField]:
    """What was shown before is not shown again: somebody may have hidden it for good reason. What we hid for want of a
    price is shown, whoever owns that."""
    before = known.link.content_hash if known.link else _State.SHOWN
    if found.product_id is not None and state is _State.SHOWN:
        if before.endswith(_State.SHOWN):
            owned -= {ProductField.STATUS}
        elif before.endswith(_State.UNPRICED):
            owned |= {ProductField.STATUS}
    return owned & _OF_A_VARIANT if shared else owned


def _is_one_of_several(product: Product, found: Match, known: Known) -> bool:
    """Whether a plain item of the ERP is one variant of a product of the store: then it speaks for itself alone."""
    plain = len(product.variants) == 1 and not product.options
    return plain and found.product_id is not None and known.sizes.get(found.product_id, 1) > 1


def _hash(product: Product, rules: ProductRules, state: _State) -> str:
    content = {"product": product.model_dump(mode="json", exclude={"changed_at"}), "fields": sorted(rules.fields)}
    return f"{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()} {state}"
