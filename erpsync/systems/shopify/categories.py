"""The ERP's categories as the store's collections, by title.

A collection is made where there is none. The search that finds them follows the records, so that one just made is asked
for by its handle, which is unique (https://shopify.dev/docs/api/admin-graphql/2026-10/queries/collectionByIdentifier). A
product is taken only out of collections that erpsync has put it into.
"""

import re
import unicodedata
from collections.abc import Sequence

from pydantic import ValidationError

from erpsync.domain.errors import Rejected
from erpsync.ports.store_records import ProductField
from erpsync.systems.shopify.client import ShopifyClient
from erpsync.systems.shopify.lists import unreadable
from erpsync.systems.shopify.product_kept import metafield_of
from erpsync.systems.shopify.product_work import ProductCalls, Work, words
from erpsync.systems.shopify.sales_channels import SalesChannels
from erpsync.systems.shopify.skus import quoted
from erpsync.systems.shopify.wire_products import Collection


class Categories:
    def __init__(self, calls: ProductCalls, channels: SalesChannels, namespace: str) -> None:
        self._calls = calls
        self._client: ShopifyClient = calls.client
        self._channels = channels
        self._namespace = namespace
        self._known: dict[str, str] = {}

    def apply(self, work: Work) -> None:
        titles = {title.strip().casefold(): title.strip() for title in work.draft.product.categories if title.strip()}
        if not titles or not work.owns(ProductField.CATEGORIES):
            return
        kept, there = work.stored.kept, work.stored.collections
        wanted = {there.get(key) or self._find(work, title): title for key, title in titles.items()}
        joins = [gid for gid in wanted if gid and gid not in there.values()]
        leaves = sorted(kept.collections - wanted.keys())
        if kept.unfinished:
            # An attempt before this one has put it where it is.
            kept.collections |= {gid for gid in wanted if gid}
        if not joins and not leaves:
            return
        refused = self._move(work, joins, leaves)
        if refused is not None and not joins:
            work.notes.append(f"It could not be taken out of a category: {refused}.")
        elif refused is not None:
            # One that chooses its products by rules takes none by hand; the others do.
            for gid in joins:
                refused = self._move(work, [gid], leaves)
                if refused is not None:
                    # It may have been deleted since it was found.
                    self._known.pop(wanted[gid].casefold(), None)
                    work.notes.append(f'It could not be put into the category "{wanted[gid]}": {refused}.')

    def _move(self, work: Work, joins: Sequence[str], leaves: Sequence[str]) -> str | None:
        """Why it was refused. What is remembered is changed by the same call."""
        kept, before = work.stored.kept, set(work.stored.kept.collections)
        kept.collections = (before - set(leaves)) | set(joins)
        product = {
            "id": work.stored.id,
            "collectionsToJoin": list(joins),
            "collectionsToLeave": list(leaves),
            "metafields": [metafield_of(kept, self._namespace)],
        }
        _, refusals = self._calls.send("ChangeProduct", "productUpdate", {"product": product, "made": 1})
        if refusals:
            kept.collections = before - set(joins)
            return words(refusals[0])
        work.stored.kept_text = kept.text()
        return None

    def _find(self, work: Work, title: str) -> str:
        """The collection's id; empty, with a note, where it could not be made."""
        key = title.casefold()
        if key not in self._known:
            found = self._search(title) or self._by_handle(title)
            try:
                self._known[key] = found or self._make(work, title)
            except Rejected as error:
                work.notes.append(f'The category "{title}" could not be made. {error.problem.what}')
                return ""
        return self._known[key]

    def _search(self, title: str) -> str:
        data = self._client.call("CollectionsByTitle", {"query": f"title:{quoted(title)}"}).data
        return _of_title(title, (data.get("collections") or {}).get("nodes") or [])

    def _by_handle(self, title: str) -> str:
        handle = _handle(title)
        data = self._client.call("CollectionByHandle", {"handle": handle}).data if handle else {}
        node = data.get("collectionByIdentifier")
        return _of_title(title, [node] if node else [])

    def _make(self, work: Work, title: str) -> str:
        given = {"title": title} | ({"handle": handle} if (handle := _handle(title)) else {})
        payload = self._calls.write(work.draft, "MakeCollection", "collectionCreate", {"collection": given})
        gid = str(payload["collection"]["id"])
        self._channels.change(self._calls, work.draft, "Publish", gid, self._channels.for_new_products())
        return gid


def _of_title(title: str, nodes: Sequence[object]) -> str:
    try:
        found = [Collection.model_validate(node) for node in nodes]
    except ValidationError:
        raise unreadable("The store's collections could not be read.") from None
    return next((each.id for each in found if each.title.strip().casefold() == title.casefold()), "")


def _handle(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
