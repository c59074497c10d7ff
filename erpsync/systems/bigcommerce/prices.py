"""Sets base prices: `price` alone, never `sale_price`.

BigCommerce keeps both side by side and charges the sale price wherever one is set, lower or not: a base price at or below
it would turn the promotion into a surcharge. Nothing is set then, and the price is staged; a sale has no end that the API
tells.
The same where a variant has no price of its own and its product is on sale: its own price would hide the product's sale
(https://developer.bigcommerce.com/docs/store-operations/pricing/calculations).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.ports.store_records import PriceAnswer, PriceChange, Staged
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.batches import PRODUCTS_PER_CALL, VARIANTS_PER_CALL, put_all
from erpsync.systems.bigcommerce.catalogue import Catalogue, Shelved, other_currency, unknown_sku
from erpsync.systems.bigcommerce.client import BigCommerceClient, chunks
from erpsync.systems.bigcommerce.reading import read
from erpsync.systems.bigcommerce.refusals import SYSTEM

# https://developer.bigcommerce.com/docs/rest-management/price-lists/records
RECORDS_PER_CALL = 1_000


class Prices:
    def __init__(self, client: BigCommerceClient, catalogue: Catalogue) -> None:
        self._client = client
        self._catalogue = catalogue

    def set(self, changes: Sequence[PriceChange]) -> dict[Sku, PriceAnswer]:
        """See the port. Setting a price again is harmless, so a lost reply is an outage."""
        if not changes:
            return {}
        found = self._catalogue.find(change.sku for change in changes)
        answers: dict[Sku, PriceAnswer] = {}
        for name in dict.fromkeys(change.price_list for change in changes):
            of_list = [change for change in changes if change.price_list == name]
            told = self._set_list(name, of_list, found) if name else self._set_base(of_list, found)
            # What went wrong in one list is not hidden by what went well in another.
            answers |= {sku: answers.get(sku) or answer for sku, answer in told.items()}
        return answers

    def _set_base(self, changes: Sequence[PriceChange], found: dict[Sku, Shelved]) -> dict[Sku, PriceAnswer]:
        currency = self._catalogue.currency()
        answers: dict[Sku, PriceAnswer] = {}
        products: list[tuple[Sku, dict[str, Any]]] = []
        variants: list[tuple[Sku, dict[str, Any]]] = []
        for change in changes:
            item = found.get(change.sku)
            answer = _judged(change, item, currency)
            if item is None or answer is not None:
                answers[change.sku] = answer
            elif item.is_base:
                products.append((change.sku, {"id": item.product.id, "price": change.price.amount}))
            else:
                variants.append((change.sku, {"id": item.variant.id, "price": change.price.amount}))
        answers |= self._put("/v3/catalog/products", products, PRODUCTS_PER_CALL)
        return answers | self._put("/v3/catalog/variants", variants, VARIANTS_PER_CALL)

    def _set_list(self, name: str, changes: Sequence[PriceChange], found: dict[Sku, Shelved]) -> dict[Sku, PriceAnswer]:
        list_id = self._list_id(name)
        if list_id is None:
            return {change.sku: _no_list(name, change.sku) for change in changes}
        known = {change.sku: found[change.sku] for change in changes if change.sku in found}
        answers: dict[Sku, PriceAnswer] = {
            change.sku: unknown_sku(change.sku) for change in changes if change.sku not in known
        }
        path = f"/v3/pricelists/{list_id}/records"
        records = self._records(path, known)
        due: list[tuple[Sku, dict[str, Any]]] = []
        for change in changes:
            if change.sku not in known:
                continue
            variant = known[change.sku].variant
            record = records.get((variant.id, change.price.currency))
            if record is not None and record.sale_price and record.sale_price >= change.price.amount:
                answers[change.sku] = Staged(until=None)
            else:
                due.append((change.sku, _record(variant.id, change, record)))
        return answers | self._put(path, due, RECORDS_PER_CALL)

    def _records(self, path: str, known: dict[Sku, Shelved]) -> dict[tuple[int, str], wire.Record]:
        records: dict[tuple[int, str], wire.Record] = {}
        for chunk in chunks([str(one.variant.id) for one in known.values()]):
            params = {"variant_id:in": ",".join(chunk), "include": "bulk_pricing_tiers"}
            for row in self._client.pages(path, params):
                record = read(wire.Record, row, "price list record")
                records[record.variant_id, str(row.get("currency", "")).upper()] = record
        return records

    def _list_id(self, name: str) -> int | None:
        params = {"id:in": name} if name.isdecimal() else {"name": name}
        rows = (self._client.get("/v3/pricelists", params).body or {}).get("data") or []
        return next((int(row["id"]) for row in rows if name in (str(row["id"]), row.get("name"))), None)

    def _put(self, path: str, due: Sequence[tuple[Sku, dict[str, Any]]], most: int) -> dict[Sku, PriceAnswer]:
        answers = put_all(self._client, path, [item for _, item in due], most)
        return {sku: _refused(sku) if answer else None for (sku, _), answer in zip(due, answers, strict=True)}


def _judged(change: PriceChange, item: Shelved | None, currency: str) -> PriceAnswer:
    """What stands in the way of a base price, None where nothing does."""
    if item is None:
        return unknown_sku(change.sku)
    if change.price.currency != currency:
        return other_currency(change.sku, change.price, currency)
    promotion = item.price(currency).promotion
    if promotion is None:
        return None
    hides = not item.is_base and item.variant.price is None and not item.variant.sale_price
    return Staged(until=None) if hides or change.price.amount <= promotion.amount else None


def _record(variant_id: int, change: PriceChange, before: wire.Record | None) -> dict[str, Any]:
    """The whole record: what an update leaves out counts as not set."""
    body: dict[str, Any] = {
        "variant_id": variant_id,
        "currency": change.price.currency.lower(),
        "price": change.price.amount,
    }
    kept: dict[str, Decimal | None] = (
        {"sale_price": before.sale_price, "retail_price": before.retail_price, "map_price": before.map_price}
        if before
        else {}
    )
    body |= {name: amount for name, amount in kept.items() if amount}
    if before is not None and before.bulk_pricing_tiers:
        body["bulk_pricing_tiers"] = list(before.bulk_pricing_tiers)
    return body


def _no_list(name: str, sku: Sku) -> SyncError:
    return Rejected(
        "unknown-price-list",
        system=SYSTEM,
        record=f"SKU {sku}",
        what=f"BigCommerce has no price list {name}.",
        next_step="Correct the price list's name or id in the configuration, or make it in BigCommerce; then replay.",
    )


def _refused(sku: Sku) -> SyncError:
    return Rejected(
        "price-refused",
        system=SYSTEM,
        record=f"SKU {sku}",
        what="BigCommerce refuses the price of this SKU.",
        next_step="Look at the product in BigCommerce, correct what keeps it from being saved, then replay.",
    )
