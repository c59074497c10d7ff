"""What is put into a store for one product of an ERP, and what is left to a person. Pure."""

import hashlib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from erpsync import mapping
from erpsync.domain.errors import Rejected, Skip, SyncError, Transient
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.matching import Ambiguous, Listed, Match, distinct, match
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.flows.context import ProductRules
from erpsync.ledger.links import Ends, Link
from erpsync.ports.store_records import ProductDraft, ProductField

# What concerns a variant alone; the rest concerns all variants of its product.
_OF_A_VARIANT = frozenset({ProductField.BARCODE, ProductField.WEIGHT})
_READING_SECONDS = 60.0


class Waiting(Transient):
    """Neither the product nor a connection is to blame."""

    counts_as_attempt = False


class State(StrEnum):
    """How the store is told to have a product: the end of the link's hash, for what a person hides shall stay hidden until
    the ERP shows it anew."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    UNPRICED = "unpriced"
    """Made hidden, for the store would sell it for nothing."""


@dataclass(frozen=True)
class Holder:
    """Another product of the ERP, for which the store was last told of a SKU. `link` says what that one is in the store;
    `sold` that the ERP sells the SKU as a part of it, as far as it has told."""

    product_id: TargetId
    link: Link | None
    sold: bool


@dataclass(frozen=True)
class Known:
    """What the ledger knows of a product: its link and those of its variants, which of its SKUs other products hold, what
    the store has `listed` under its SKUs, how many variants products of the store have, and base prices, as far as they
    are known. `read`: the store's catalogue has been read, or never can be; `pricing`: the ERP is still being asked for
    its prices."""

    ends: Ends
    link: Link | None = None
    variants: Mapping[Sku, SourceId] = field(default_factory=dict)
    holders: Mapping[Sku, Holder] = field(default_factory=dict)
    listed: Sequence[Listed] = ()
    sizes: Mapping[SourceId, int] = field(default_factory=dict)
    prices: Mapping[Sku, Money] = field(default_factory=dict)
    read: bool = True
    pricing: bool = False


@dataclass(frozen=True)
class Plan:
    """A draft, and the hash of what the store has afterwards. `problem` is what remains for a person when it is put;
    `takes_over`: the store was last told of another product in its place; `linked_as`: the product of the ERP whose link
    says what it is in the store, this one or that other."""

    draft: ProductDraft
    content_hash: str
    notes: tuple[str, ...] = ()
    problem: Rejected | None = None
    takes_over: bool = False
    linked_as: TargetId | None = None


def state_of(link: Link) -> State | None:
    """How the store was last told to have a product; None where it never was."""
    return next((state for state in State if link.content_hash.endswith(f" {state}")), None)


def forget_command(ends: Ends, product_id: str) -> str:
    """What a person types to have the product found by its SKUs or made anew."""
    return f"`{shlex.join(('erpsync', 'products', 'forget', ends.source, ends.target, product_id))}`"


def plan(product: Product, known: Known, rules: ProductRules) -> Plan | SyncError:
    if known.link is None and not known.read:
        return Waiting(
            "catalogue-unread",
            system="erpsync",
            record=f"product {product.id}",
            what="The store's catalogue has not been read yet, and may have the product.",
            next_step="Nothing: it waits for the poll of the catalogue. `erpsync products match` reads it at once.",
            retry_after_seconds=_READING_SECONDS,
        )
    own = _own_part(product, known)
    if isinstance(own, SyncError):
        return own
    linked = _linked(own, known)
    there = None if linked is None else SourceId(linked[1].target_id)
    found = match([variant.sku for variant in own.variants], known.listed, there, known.variants)
    if isinstance(found, Ambiguous):
        return _ambiguous(
            product,
            found.what,
            "See `erpsync products match`; let each SKU stand for one thing in the ERP and in one product of the store"
            " alone, spelt alike, then replay.",
        )
    if found.product_id is not None:
        return _plan(own, found, known, rules)
    unwanted = _why_unwanted(own, rules)
    return unwanted or _plan(own, found, known, rules)


def _own_part(product: Product, known: Known) -> Product | SyncError:
    """The product with those of its variants that no other product of the ERP speaks for."""
    variants = distinct(product.variants)
    taken = {sku: holder.product_id for sku, holder in known.holders.items() if holder.sold}
    disputed = {variant.sku: taken[variant.sku] for variant in variants if variant.active and variant.sku in taken}
    if disputed and product.active:
        where = ", ".join(f"{sku} as product {other}" for sku, other in disputed.items())
        commands = ", ".join(forget_command(known.ends, other) for other in dict.fromkeys(disputed.values()))
        return _ambiguous(
            product,
            f"The ERP has told of other products with its SKUs, for which the store has them: {where}.",
            "Let one product alone have each SKU in the ERP, then replay. Where the ERP has those others no longer:"
            f" {commands}, then replay.",
        )
    mine = tuple(variant for variant in variants if variant.sku not in taken)
    if variants and not mine:
        return Skip(
            "sku-elsewhere", what=f"It is not sold, and product {next(iter(taken.values()))} has its SKUs by now."
        )
    return product.model_copy(update={"variants": mine})


def _why_unwanted(product: Product, rules: ProductRules) -> SyncError | None:
    """Why a product that the store does not have is not made there."""
    if not product.active:
        return Skip("not-active", what="It is not active in the ERP, and the store has never had it.")
    if not rules.create:
        return Skip("not-in-store", what="The store does not have it, and the route makes no products.")
    try:
        is_wanted = mapping.holds(
            rules.create_where, product, setting="create_products_where", name=f"product {product.id}"
        )
    except Rejected as failed:  # the expression, on this product alone
        return failed
    if is_wanted:
        return None
    return Skip("not-wanted", what="The store does not have it, and the route's create_products_where leaves it out.")


def _ambiguous(product: Product, what: str, next_step: str) -> Rejected:
    return Rejected("sku-ambiguous", system="erpsync", record=f"product {product.id}", what=what, next_step=next_step)


def _plan(product: Product, found: Match, known: Known, rules: ProductRules) -> Plan | SyncError:
    to_make = [variant for variant in product.variants if _is_to_be_made(variant, product, found, rules)]
    unpriced = [variant.sku for variant in to_make if variant.sku not in known.prices]
    if unpriced and known.pricing:
        return Waiting(
            "prices-unread",
            system="erpsync",
            record=f"product {product.id}",
            what=f"{', '.join(unpriced)} is to be made, and the ERP's prices are still being read.",
            next_step="Nothing: it waits for the poll of the prices.",
            retry_after_seconds=_READING_SECONDS,
        )
    before = _before(product, found, known)
    state = _state(product, found, known, before, lacks_prices=bool(unpriced))
    left_out = [] if state is State.UNPRICED else unpriced
    variants = tuple(
        variant
        for variant in product.variants
        if variant.sku in found.variants or (variant in to_make and variant.sku not in left_out)
    )
    problem = _lacks_prices(product, left_out) if left_out else None
    if not variants:
        return problem or Skip("not-active", what="None of its variants is active in the ERP or known to the store.")
    shared = _is_one_of_several(product, found, known)
    wanted = product.model_copy(update={"variants": variants, "active": state is State.SHOWN})
    draft = ProductDraft(
        product=wanted,
        id=found.product_id,
        variants=found.variants,
        prices={variant.sku: known.prices[variant.sku] for variant in to_make if variant.sku in known.prices},
        fields=_fields(rules.fields, found, before, state, shared=shared),
    )
    notes = []
    if state is State.UNPRICED:
        notes.append("hidden from buyers until its variants have prices")
    if shared:
        notes.append("of a product with several, of which this one is a variant, title, texts and status stay")
    takes_over, linked = bool(_predecessors(product, known)), _linked(product, known)
    content_hash = _hash(wanted, rules, state)
    return Plan(draft, content_hash, tuple(notes), problem, takes_over, linked[0] if linked else None)


def _is_to_be_made(variant: Variant, product: Product, found: Match, rules: ProductRules) -> bool:
    return rules.create and product.active and variant.active and variant.sku not in found.variants


def _predecessors(product: Product, known: Known) -> list[Holder]:
    """The products for which the store has SKUs of this one, and which yield to it."""
    return [known.holders[variant.sku] for variant in product.variants if variant.sku in known.holders]


def _linked(product: Product, known: Known) -> tuple[TargetId, Link] | None:
    """The link that says what it is in the store, and of which of the ERP's products that is."""
    if known.link is not None:
        return product.id, known.link
    links = ((holder.product_id, holder.link) for holder in _predecessors(product, known))
    return next(((product_id, link) for product_id, link in links if link is not None), None)


def _before(product: Product, found: Match, known: Known) -> State | None:
    """How the store was last told to have what was found there, for whichever of the ERP's products."""
    links = (holder.link for holder in _predecessors(product, known))
    last = next((link for link in links if link and SourceId(link.target_id) == found.product_id), known.link)
    return state_of(last) if last else None


def _state(product: Product, found: Match, known: Known, before: State | None, *, lacks_prices: bool) -> State:
    if not product.active:
        return State.HIDDEN
    if found.product_id is None:
        return State.UNPRICED if lacks_prices else State.SHOWN
    priced = {one.variant_id for one in known.listed if one.priced}
    free = {one.variant_id for one in known.listed if not one.priced}
    if before is State.UNPRICED:
        return State.SHOWN if not lacks_prices and priced.issuperset(found.variants.values()) else before
    if before is State.HIDDEN:
        # Also what waited for its prices when it was hidden. A catalogue that cannot be read knows of none.
        return State.SHOWN if free.isdisjoint(found.variants.values()) else State.UNPRICED
    return State.SHOWN


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
    owned: frozenset[ProductField], found: Match, before: State | None, state: State, *, shared: bool
) -> frozenset[ProductField]:
    """What was shown before is not shown again: somebody may have hidden it for good reason. What we hid for want of a
    price is shown, whoever owns that."""
    if found.product_id is not None and state is State.SHOWN:
        if before in (State.SHOWN, None):
            owned -= {ProductField.STATUS}
        elif before is State.UNPRICED:
            owned |= {ProductField.STATUS}
    return owned & _OF_A_VARIANT if shared else owned


def _is_one_of_several(product: Product, found: Match, known: Known) -> bool:
    """Whether a plain item of the ERP is one variant of a product of the store: then it speaks for itself alone."""
    plain = len(product.variants) == 1 and not product.options
    return plain and found.product_id is not None and known.sizes.get(found.product_id, 1) > 1


def _hash(product: Product, rules: ProductRules, state: State) -> str:
    content = {"product": product.model_dump(mode="json", exclude={"changed_at"}), "fields": sorted(rules.fields)}
    return f"{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()} {state}"
