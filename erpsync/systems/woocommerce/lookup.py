"""What the shop has under SKUs and ids, as it is stored and not as it is shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.systems.woocommerce.client import MOST_PER_CALL, WooCommerceClient
from erpsync.systems.woocommerce.paging import Place, fetch
from erpsync.systems.woocommerce.refusals import rejected

Row = Mapping[str, Any]

# Characters of SKUs in one address: web servers take 8,000, and each may need three in the query.
_MOST_CHARACTERS = 2000
# In the context "view" plugins and themes change texts and prices on their way out.
_AS_STORED = {"status": "any", "context": "edit"}


def rows_by_sku(client: WooCommerceClient, skus: Iterable[Sku]) -> dict[Sku, list[Row]]:
    """Products and variations by exact SKU: the list takes several, with commas, and finds variations too. Translation
    plugins have a product in each language under one SKU."""
    found: dict[Sku, list[Row]] = {}
    for some in _by_length(dict.fromkeys(skus)):
        for row in every_row(client, "products", {**_AS_STORED, "sku": ",".join(some)}):
            if row.get("sku") in some:
                found.setdefault(Sku(row["sku"]), []).append(row)
    return found


def rows_by_id(client: WooCommerceClient, ids: Iterable[str]) -> dict[str, Row]:
    """Products by id, those in the trash left out. Variations are not found by theirs."""
    wanted = [product_id for product_id in dict.fromkeys(ids) if product_id.isdecimal()]
    found: dict[str, Row] = {}
    for first in range(0, len(wanted), MOST_PER_CALL):
        include = ",".join(wanted[first : first + MOST_PER_CALL])
        found |= {str(row.get("id")): row for row in every_row(client, "products", {**_AS_STORED, "include": include})}
    return found


def every_row(client: WooCommerceClient, path: str, query: Mapping[str, str]) -> Iterator[Row]:
    rest: Place | None = Place("", "")
    while rest is not None:
        fetched = fetch(client, path, query, rest, MOST_PER_CALL)
        yield from fetched.rows
        rest = fetched.place


def sku_twice(sku: Sku, ids: Sequence[str]) -> Rejected:
    return rejected(
        "sku-twice",
        f"Several products in WooCommerce have this SKU: {', '.join(ids)}.",
        "Leave it to one of them, then replay.",
        f"SKU {sku}",
    )


def _by_length(skus: Iterable[Sku]) -> Iterator[list[Sku]]:
    """Lists of up to a hundred that fit an address; a SKU with a comma is asked for alone."""
    some: list[Sku] = []
    for sku in skus:
        if "," in sku:
            yield [sku]
            continue
        if some and (len(some) >= MOST_PER_CALL or sum(map(len, some)) + len(sku) > _MOST_CHARACTERS):
            yield some
            some = []
        some.append(sku)
    if some:
        yield some
