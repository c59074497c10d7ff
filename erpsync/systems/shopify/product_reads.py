"""Finds the store's product for each draft, and reads it with all its variants."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.domain.ids import Sku, TargetId
from erpsync.ports.store_records import ProductDraft
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.catalogue import number_of
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.order_reads import is_id
from erpsync.systems.shopify.product_drafts import refused
from erpsync.systems.shopify.product_kept import KEY, Kept, kept_of
from erpsync.systems.shopify.skus import Skus
from erpsync.systems.shopify.wire_catalogue import Variant as Listed
from erpsync.systems.shopify.wire_products import Option, Product, Variant

# Their lists make a product cost about a hundred points, and a query may cost a thousand.
_PER_READ = 8
# What a product has that has no options: https://shopify.dev/docs/api/admin-graphql/2026-10/objects/ProductOption
DEFAULT_OPTION, DEFAULT_VALUE = "Title", "Default Title"


@dataclass
class StoredProduct:
    """The store's product as it was read, and as it becomes while it is changed."""

    id: str
    title: str
    description: str
    status: str
    options: tuple[Option, ...]
    variants: tuple[Variant, ...]
    collections: dict[str, str]
    """Ids by title in lower case."""
    kept: Kept
    kept_text: str
    """As the store has it."""
    made: dict[Sku, tuple[str, Decimal]] = field(default_factory=dict)
    """Variants that were added since: id and price."""

    @property
    def is_plain(self) -> bool:
        """Whether it has no options."""
        return all(list(variant.options.values()) == [DEFAULT_VALUE] for variant in self.variants)

    def variant(self, draft: ProductDraft, sku: Sku) -> Variant | None:
        """The variant with that SKU, or the one that is known to be it under another. Raises Rejected for two."""
        same = self._by_sku.get(sku, [])
        if len(same) > 1:
            raise refused(
                draft,
                "sku-ambiguous",
                f"Product {number_of(self.id)} of the store has {len(same)} variants with the SKU {sku}.",
                "Give each variant a SKU of its own in Shopify, then replay.",
            )
        return same[0] if same else self._by_id.get(draft.variants.get(sku, ""))

    @cached_property
    def _by_sku(self) -> Mapping[str, Sequence[Variant]]:
        found: defaultdict[str, list[Variant]] = defaultdict(list)
        for variant in self.variants:
            found[variant.sku.strip()].append(variant)
        return found

    @cached_property
    def _by_id(self) -> Mapping[str, Variant]:
        return {number_of(variant.id): variant for variant in self.variants}


class ProductReader:
    def __init__(self, lists: ListReader, skus: Skus, namespace: str) -> None:
        self._lists = lists
        self._skus = skus
        self._namespace = namespace

    @property
    def place_of_kept(self) -> dict[str, str]:
        """Where the metafield lies, as variables of the documents."""
        return {"namespace": self._namespace, "key": KEY}

    def find(self, drafts: Sequence[ProductDraft]) -> dict[TargetId, StoredProduct | SyncError | None]:
        """The store's product of each draft, None for one that is to be made, or why neither can be said."""
        known = self._read([gid for draft in drafts if (gid := _gid(draft))])
        found: dict[TargetId, StoredProduct | SyncError | None] = {}
        missing: list[tuple[ProductDraft, list[Sku]]] = []
        for draft in drafts:
            stored = known.get(_gid(draft))
            found[draft.product.id] = stored
            try:
                if draft.id and stored is None:
                    raise _gone(draft)
                missing.append((draft, _not_in(stored, draft)))
            except Rejected as error:
                found[draft.product.id] = error
        return found | self._by_sku(missing, known)

    def _by_sku(
        self, missing: Sequence[tuple[ProductDraft, Sequence[Sku]]], known: Mapping[str, StoredProduct]
    ) -> dict[TargetId, StoredProduct | SyncError | None]:
        """The products of drafts that name none, by the SKUs that are missing; and those of which another has one."""
        variants = self._skus.found(sku for _, skus in missing for sku in skus)
        owners: dict[TargetId, str] = {}
        found: dict[TargetId, StoredProduct | SyncError | None] = {}
        for draft, skus in missing:
            try:
                owner = _owner(draft, {sku: variants[sku] for sku in skus})
                if owner and not draft.id:
                    owners[draft.product.id] = owner
            except Rejected as error:
                found[draft.product.id] = error
        read = {**known, **self._read([gid for gid in owners.values() if gid not in known])}
        return found | {each: read.get(gid) or _moving() for each, gid in owners.items()}

    def _read(self, gids: Sequence[str]) -> dict[str, StoredProduct]:
        """Those that there are. One that several drafts have is one record."""
        wanted = list(dict.fromkeys(gids))
        found: dict[str, StoredProduct] = {}
        for start in range(0, len(wanted), _PER_READ):
            variables = {"ids": wanted[start : start + _PER_READ]} | self.place_of_kept
            nodes = self._lists.client.call("Products", variables).data.get("nodes") or []
            found |= {product.id: product for node in nodes if node for product in [self.product(node)]}
        return found

    def product(self, node: object) -> StoredProduct:
        """A product as it was told, with its further variants."""
        try:
            told = Product.model_validate(node)
            rows = self._lists.rest("MoreVariants", "items", told.variants, {"id": told.id})
            variants = tuple(Variant.model_validate(row) for row in rows)
        except ValidationError:
            raise unreadable("A product was not in the form that was asked for.") from None
        kept = kept_of(told.kept.value) if told.kept else Kept()
        return StoredProduct(
            id=told.id,
            title=told.title,
            description=told.description,
            status=told.status,
            options=told.options,
            variants=variants,
            collections={each.title.strip().casefold(): each.id for each in told.collections.nodes},
            kept=kept,
            kept_text=kept.text(),
        )


def _gid(draft: ProductDraft) -> str:
    """The product that the draft names; empty where it names none."""
    return f"gid://shopify/Product/{draft.id}" if draft.id and is_id(draft.id) else ""


def _not_in(stored: StoredProduct | None, draft: ProductDraft) -> list[Sku]:
    """The SKUs that the product does not have, all where there is none."""
    skus = [variant.sku for variant in draft.product.variants]
    return [sku for sku in skus if stored is None or stored.variant(draft, sku) is None]


def _owner(draft: ProductDraft, variants: Mapping[Sku, Sequence[Listed]]) -> str | None:
    """The product that has the SKUs. Raises Rejected where it is another than the draft's, or more than one."""
    where = {sku: sorted({each.product.id for each in found}) for sku, found in variants.items() if found}
    owners = {owner for each in where.values() for owner in each}
    if len(owners) <= 1 and (not draft.id or owners <= {_gid(draft)}):
        return next(iter(owners), None)
    listed = "; ".join(f"{sku} in {', '.join(map(number_of, each))}" for sku, each in list(where.items())[:10])
    whose = f"other products of the store than its own, {draft.id}" if draft.id else "several products of the store"
    raise refused(
        draft,
        "sku-ambiguous",
        f"Its SKUs are in {whose}: {listed}.",
        "In Shopify, leave each SKU with one product, and all of this product's SKUs with the same one; then replay.",
    )


def _gone(draft: ProductDraft) -> Rejected:
    return refused(
        draft,
        "product-gone",
        f"The store has no product {draft.id} any more.",
        "It is not made again by itself, for a person has deleted it. Set it inactive in the ERP or take it out of the "
        "products' sync, and discard.",
    )


def _moving() -> Transient:
    return Transient(
        "catalogue-changing", system=SYSTEM, what="A product that the search names is not there, or not any more."
    )
