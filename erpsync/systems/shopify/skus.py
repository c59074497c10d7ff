"""Which variant a SKU is. Shopify allows one SKU on several variants, and finds SKUs in any case."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.wire_catalogue import Variant

# A query of that many names is well within what Shopify takes.
_PER_READ = 25
_ROWS = 50
# A SKU may move to another variant: how long a worker may go on with the one before.
_KNOWN_FOR = timedelta(minutes=30)
_MAX_PAGES = 20


@dataclass(frozen=True)
class _Known:
    item: str
    at: datetime


class Skus:
    """Looks variants up by SKU. Not shared between threads."""

    def __init__(self, lists: ListReader) -> None:
        self._lists = lists
        self._items: dict[Sku, _Known] = {}

    def variants(self, skus: Iterable[Sku]) -> dict[Sku, Variant | Rejected]:
        """Each SKU's variant as it is now."""
        return {sku: _one(sku, variants) for sku, variants in self.found(skus).items()}

    def found(self, skus: Iterable[Sku]) -> dict[Sku, list[Variant]]:
        """All variants that have each SKU."""
        wanted = list(dict.fromkeys(skus))
        found: dict[Sku, list[Variant]] = {sku: [] for sku in wanted}
        for start in range(0, len(wanted), _PER_READ):
            for variant in self._read(wanted[start : start + _PER_READ]):
                if variant.sku.strip() in found:
                    found[Sku(variant.sku.strip())].append(variant)
        return found

    def items(self, skus: Iterable[Sku]) -> dict[Sku, str | Rejected]:
        """The inventory item that counts each SKU, from memory where it is known; why there is none to count."""
        now = self._lists.client.clock.now()
        wanted = list(dict.fromkeys(skus))
        known = {sku: each for sku in wanted if (each := self._items.get(sku)) and now - each.at < _KNOWN_FOR}
        answers: dict[Sku, str | Rejected] = {sku: each.item for sku, each in known.items()}
        for sku, variant in self.variants(sku for sku in wanted if sku not in known).items():
            if isinstance(variant, Rejected):
                answers[sku] = variant
            elif not variant.item.tracked:
                answers[sku] = _untracked(sku)
            else:
                self._items[sku] = _Known(variant.item.id, now)
                answers[sku] = variant.item.id
        return answers

    def forget(self, sku: Sku) -> None:
        self._items.pop(sku, None)

    def _read(self, skus: list[Sku]) -> list[Variant]:
        variables: Mapping[str, object] = {"query": " OR ".join(f"sku:{quoted(sku)}" for sku in skus)}
        found: list[Variant] = []
        after: str | None = None
        for _ in range(_MAX_PAGES):
            page, _answer = self._lists.page(
                "VariantsBySku", "productVariants", {**variables, "after": after}, wanted=_ROWS
            )
            try:
                found += [Variant.model_validate(node) for node in page.nodes]
            except ValidationError:
                raise unreadable("A variant was not in the form that was asked for.") from None
            if not page.info.has_next:
                return found
            after = page.info.end_cursor
        raise unreadable("An endless list.")


def quoted(text: str) -> str:
    """As a search term takes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _one(sku: Sku, variants: list[Variant]) -> Variant | Rejected:
    if len(variants) == 1:
        return variants[0]
    if not variants:
        return Rejected(
            "sku-unknown",
            system=SYSTEM,
            record=f"SKU {sku}",
            what="The store has no variant with this SKU.",
            next_step="Create the variant in Shopify or correct its SKU (capitals count), then replay; or take the item "
            "out of the connection's sync.",
        )
    return Rejected(
        "sku-ambiguous",
        system=SYSTEM,
        record=f"SKU {sku}",
        what=f"The store has {len(variants)} variants with this SKU.",
        next_step="Give each variant a SKU of its own in Shopify, then replay.",
    )


def _untracked(sku: Sku) -> Rejected:
    return Rejected(
        "stock-not-tracked",
        system=SYSTEM,
        record=f"SKU {sku}",
        what="Shopify does not count this variant's stock.",
        next_step="Switch on Inventory > Track quantity at the variant in Shopify, then replay; or take the item out of "
        "the stock's sync.",
    )
