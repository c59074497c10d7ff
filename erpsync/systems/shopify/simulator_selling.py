"""What an app may change of where the simulated store's products are shown: collections, sales channels, files.

Sources: https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/collectionCreate, .../publishablePublish,
.../publishableUnpublish, .../fileUpdate, .../fileDelete - what is made is on no channel, and a variant on all of its
product's until it is taken off.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import Collection, Product, Variant
from erpsync.systems.shopify.simulator_catalogue_views import collection, media, number_of, product, variant
from erpsync.systems.shopify.simulator_errors import need, user_error
from erpsync.systems.shopify.simulator_store import Shop

_UNPLAIN = re.compile(r"[^a-z0-9]+")


class SellingMutations:
    """Not thread-safe by itself."""

    def __init__(self, shop: Shop, scopes: frozenset[str]) -> None:
        self.shop = shop
        self._scopes = scopes

    def fields(self) -> dict[str, Any]:
        return {
            "collectionCreate": lambda _info, collection: self._make_collection(**collection),
            "publishablePublish": lambda _info, id, input: self._publish(id, input, on=True),
            "publishableUnpublish": lambda _info, id, input: self._publish(id, input, on=False),
            "fileUpdate": lambda _info, files: self._update_files(files),
            "fileDelete": lambda _info, fileIds: self._delete_files(fileIds),
        }

    def _make_collection(self, title: str, handle: str | None = None) -> dict[str, Any]:
        need(self._scopes, "collectionCreate", "write_products")
        wanted = handle or _UNPLAIN.sub("-", title.lower()).strip("-")
        if not title.strip():
            return {"collection": None, "userErrors": [user_error(["collection", "title"], "Title can't be blank")]}
        if any(each.handle == wanted for each in self.shop.catalogue.collections.values()):
            if handle:
                taken = user_error(["collection", "handle"], "Handle has already been taken")
                return {"collection": None, "userErrors": [taken]}
            wanted = f"{wanted}-{self.shop.next_id()}"
        made = self.shop.catalogue.add_collection(title.strip(), self.shop.now(), handle=wanted)
        return {"collection": collection(made), "userErrors": []}

    def _publish(self, identity: str, where: Sequence[Mapping[str, str]], *, on: bool) -> dict[str, Any]:
        need(self._scopes, "publishablePublish" if on else "publishableUnpublish", "write_publications")
        catalogue = self.shop.catalogue
        kind, number = identity.split("/")[-2], number_of(identity)
        records: dict[str, Mapping[int, Product | Variant | Collection]] = {
            "Product": catalogue.products,
            "ProductVariant": catalogue.variants,
            "Collection": catalogue.collections,
        }
        found = records.get(kind, {}).get(number)
        numbers = {number_of(each.get("publicationId") or "") for each in where}
        if found is None or not numbers <= catalogue.publications.keys():
            missing = user_error(["id"], "Resource or publication does not exist")
            return {"publishable": None, "userErrors": [missing]}
        if isinstance(found, Variant):
            found.off = found.off - numbers if on else found.off | numbers
            view = variant(found, catalogue)
        else:
            found.publications = found.publications | numbers if on else found.publications - numbers
            view = product(found, catalogue) if isinstance(found, Product) else collection(found)
        return {"publishable": view, "userErrors": []}

    def _update_files(self, files: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        need(self._scopes, "fileUpdate", "write_files")
        errors = [error for i, each in enumerate(files) if (error := self._file_error(["files", str(i)], each))]
        for each in files if not errors else ():
            for identity in each.get("referencesToRemove") or ():
                self.shop.catalogue.products[number_of(identity)].media.remove(number_of(each["id"]))
        return {"userErrors": errors}

    def _file_error(self, path: list[str], each: Mapping[str, Any]) -> dict[str, Any] | None:
        catalogue = self.shop.catalogue
        found = catalogue.media.get(number_of(each["id"]))
        if found is None:
            return user_error([*path, "id"], "File does not exist", code="FILE_DOES_NOT_EXIST")
        if media(found, catalogue)["status"] != "READY":
            return user_error([*path, "id"], "Non-ready files cannot be updated.", code="NON_READY_STATE")
        for identity in each.get("referencesToRemove") or ():
            owner = catalogue.products.get(number_of(identity))
            if owner is None or found.id not in owner.media:
                code = "REFERENCE_TARGET_DOES_NOT_EXIST"
                return user_error([*path, "referencesToRemove"], "The reference does not exist", code=code)
        return None

    def _delete_files(self, ids: Sequence[str]) -> dict[str, Any]:
        need(self._scopes, "fileDelete", "write_files")
        numbers = [number_of(each) for each in ids]
        unknown = [number for number in numbers if number not in self.shop.catalogue.media]
        if unknown:
            missing = user_error(["fileIds"], "File does not exist", code="FILE_DOES_NOT_EXIST")
            return {"deletedFileIds": None, "userErrors": [missing]}
        for number in numbers:
            self.shop.catalogue.media.pop(number)
            for each in self.shop.catalogue.products.values():
                each.media = [one for one in each.media if one != number]
        return {"deletedFileIds": list(ids), "userErrors": []}
