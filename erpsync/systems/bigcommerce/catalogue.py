"""Finds what the store has under a SKU: the variant, its product, its prices, and how its stock is counted.

BigCommerce finds many SKUs at once among its inventory items and the main SKUs of products, and one at a time among all
variants: https://developer.bigcommerce.com/docs/rest-catalog/product-variants
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.ports.store_records import StorePrice
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import MAX_LIST, BigCommerceClient, chunks
from erpsync.systems.bigcommerce.order_lines import Basis
from erpsync.systems.bigcommerce.reading import read
from erpsync.systems.bigcommerce.refusals import SYSTEM

INVENTORY_PAGE = 1_000
# Up to so many variants are asked for one by one without asking how many there are.
_SINGLY = 10
_FIELDS = "name,sku,price,sale_price,inventory_tracking,base_variant_id,is_visible,availability,date_modified"


@dataclass(frozen=True)
class Shelved:
    """A variant with its product. `is_base`: the product has no options, and its prices and stock are its own."""

    product: wire.Product
    variant: wire.Variant

    @property
    def is_base(self) -> bool:
        return self.product.base_variant_id == self.variant.id

    @property
    def tracked(self) -> bool:
        return self.product.inventory_tracking != "none"

    @property
    def sku(self) -> str:
        return self.variant.sku or (self.product.sku if self.is_base else "")

    def price(self, currency: str) -> StorePrice:
        """Its own price comes before the product's, and hides the product's sale:
        https://developer.bigcommerce.com/docs/store-operations/pricing/calculations"""
        basis = Basis(currency, included=False)
        base, sale = self.variant.price, self.variant.sale_price
        if base is None:
            base, sale = self.product.price, sale or self.product.sale_price
        return StorePrice(base=basis.money(base), promotion=basis.money(sale) if sale else None)


class Catalogue:
    """Reads of one adapter; nothing is remembered but the store's currency, which must not change
    (https://developer.bigcommerce.com/docs/store-operations/currencies)."""

    def __init__(self, client: BigCommerceClient) -> None:
        self._client = client
        self._currency = ""

    def currency(self) -> str:
        if not self._currency:
            self._currency = str((self._client.get("/v2/store").body or {}).get("currency", ""))
        return self._currency

    def find(self, skus: Iterable[Sku]) -> dict[Sku, Shelved]:
        """What each SKU is, without those that the store has not."""
        wanted = list(dict.fromkeys(skus))
        products = self._products_of(wanted)
        found = {Sku(one.sku): one for product in products for one in shelved(product) if one.sku}
        missing = [sku for sku in wanted if sku not in found]
        for product in self.products(self._owners(missing)):
            found |= {Sku(one.sku): one for one in shelved(product) if one.sku}
        return {sku: found[sku] for sku in wanted if sku in found}

    def products(self, ids: Sequence[str]) -> list[wire.Product]:
        return self._products(ids, "variants", _FIELDS)

    def whole_products(self, ids: Sequence[str]) -> list[wire.Product]:
        """Products with their texts, categories, variants and images."""
        return self._products(ids, "variants,images", f"{_FIELDS},description,weight,upc,categories")

    def locations(self) -> list[wire.Location]:
        rows = self._client.pages("/v3/inventory/locations", {}, INVENTORY_PAGE)
        return [read(wire.Location, row, f"location {row.get('id')}") for row in rows]

    def stock_of(self, products: Sequence[wire.Product]) -> dict[int, dict[str, int]]:
        """What each location has, by variant. On hand: what BigCommerce's safety stock holds back is there."""
        found: dict[int, dict[str, int]] = {}
        for chunk in chunks([str(product.id) for product in products if product.inventory_tracking != "none"]):
            for row in self._client.pages("/v3/inventory/items", {"product_id:in": ",".join(chunk)}, INVENTORY_PAGE):
                item = read(wire.Item, row, "inventory item")
                found[item.identity.variant_id] = {
                    one.location_code or str(one.location_id): one.total_inventory_onhand for one in item.locations
                }
        return found

    def _products(self, ids: Sequence[str], include: str, fields: str) -> list[wire.Product]:
        rows = (
            row
            for chunk in chunks(list(dict.fromkeys(ids)))
            for row in self._client.pages(
                "/v3/catalog/products", {"id:in": ",".join(chunk), "include": include, "include_fields": fields}
            )
        )
        return [read(wire.Product, row, f"product {row.get('id')}") for row in rows]

    def _owners(self, skus: Sequence[Sku]) -> list[str]:
        """The products of these variants: each asked for, or all variants looked through where that takes fewer calls."""
        if len(skus) > _SINGLY and self._pages_of_variants() < len(skus):
            sought = set(skus)
            every = self._client.pages("/v3/catalog/variants", {"include_fields": "sku,product_id"})
            return [str(row.get("product_id")) for row in every if row.get("sku") in sought]
        found: list[str] = []
        for sku in skus:
            rows = (self._client.find("/v3/catalog/variants", {"sku": sku}).body or {}).get("data") or []
            found += [str(row.get("product_id")) for row in rows if row.get("sku") == sku]
        return found

    def _pages_of_variants(self) -> int:
        body = self._client.get("/v3/catalog/variants", {"limit": "1", "include_fields": "sku"}).body or {}
        told = ((body.get("meta") or {}).get("pagination") or {}).get("total") or 0
        return -(-int(told) // MAX_LIST)

    def _products_of(self, skus: Sequence[Sku]) -> list[wire.Product]:
        """The products of those SKUs that can be found many at once. A comma would cut a SKU in two."""
        ids: list[str] = []
        for chunk in chunks([sku for sku in skus if "," not in sku]):
            known: set[str] = set()
            for row in self._client.pages("/v3/inventory/items", {"sku:in": ",".join(chunk)}, INVENTORY_PAGE):
                identity = row.get("identity") or {}
                ids.append(str(identity.get("product_id")))
                known.add(str(identity.get("sku")))
            others = [sku for sku in chunk if sku not in known]
            for part in chunks(others):
                params = {"sku:in": ",".join(part), "include_fields": "sku"}
                ids += [str(row.get("id")) for row in self._client.pages("/v3/catalog/products", params)]
        return self.products(ids)


def shelved(product: wire.Product) -> list[Shelved]:
    return [Shelved(product, variant) for variant in product.variants]


def unknown_sku(sku: str) -> SyncError:
    return Rejected(
        "unknown-sku",
        system=SYSTEM,
        record=f"SKU {sku}",
        what="BigCommerce has no product or variant of this SKU.",
        next_step="Give the product or variant this SKU in BigCommerce, or take the item out of the shop in the ERP.",
    )


def other_currency(sku: str, price: Money, currency: str) -> SyncError:
    return Rejected(
        "other-currency",
        system=SYSTEM,
        record=f"SKU {sku}",
        what=f"The price is in {price.currency}, and the store's is {currency}.",
        next_step="Send prices of other currencies to a price list, or correct its currency in the ERP.",
    )
