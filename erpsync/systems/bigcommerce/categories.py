"""Categories by their names, in the tree of the store's first storefront; those that there are not are made.

https://developer.bigcommerce.com/docs/rest-catalog/category-trees/categories: a name is unique among its siblings, so that
making one again is refused and never makes a second.
"""

import hashlib
import re
import unicodedata

from erpsync.domain.errors import Rejected
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.client import BigCommerceClient
from erpsync.systems.bigcommerce.product_rules import same
from erpsync.systems.bigcommerce.reading import read

MAX_NAME = 50
_PATH = "/v3/catalog/trees/categories"
# The storefront that comes with every store: https://developer.bigcommerce.com/docs/storefront/multi-storefront
_FIRST_CHANNEL = "1"


class Categories:
    """Remembered for as long as one put lasts."""

    def __init__(self, client: BigCommerceClient) -> None:
        self._client = client
        self._tree = 0
        self._known: dict[str, int | str] = {}

    def named(self, name: str) -> int | str:
        """The category's id, or a note why there is none."""
        if name not in self._known:
            self._known[name] = self._find(name.strip())
        return self._known[name]

    def _find(self, name: str) -> int | str:
        if not 0 < len(name) <= MAX_NAME:
            return f"The category {name[:60]!r} was left out: BigCommerce takes names of 1 to {MAX_NAME} characters."
        if not self._tree_id():
            return f"The category {name} was left out: the store has no category tree."
        found = self._there(name)
        if found is not None:
            return found
        body = [{"tree_id": self._tree_id(), "parent_id": 0, "name": name, "url": _url(name)}]
        try:
            made = ((self._client.post(_PATH, body).body or {}).get("data") or [None])[0]
            if made is not None:
                return read(wire.Category, made, f"category {name}").category_id
            why = "BigCommerce did not make it"
        except Rejected as error:
            if error.code != "request-refused":
                raise
            why = error.problem.what
        # Another worker may have made it in the meantime.
        found = self._there(name)
        return f"The category {name} was left out: {why}" if found is None else found

    def _there(self, name: str) -> int | str | None:
        """The one at the top where there are several of the name, else the only one."""
        params = {"tree_id:in": str(self._tree_id()), "name": name}
        rows = [read(wire.Category, row, f"category {name}") for row in self._client.pages(_PATH, params)]
        rows = [row for row in rows if same(row.name, name)]
        top = [row for row in rows if row.parent_id == 0]
        if len(rows) > 1 and not top:
            return f"The category {name} was left out: BigCommerce has {len(rows)} of that name."
        return (top or rows)[0].category_id if rows else None

    def _tree_id(self) -> int:
        """0 where there is none."""
        if not self._tree:
            first = (self._client.get("/v3/catalog/trees", {"channel_id:in": _FIRST_CHANNEL}).body or {}).get("data")
            trees = first or (self._client.get("/v3/catalog/trees").body or {}).get("data") or [{}]
            self._tree = int(trees[0].get("id", 0))
        return self._tree


def _url(name: str) -> dict[str, object]:
    """Addresses take Latin letters alone; one that has none gets a digest of its name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return {"path": f"/{slug or 'category-' + hashlib.sha256(name.encode()).hexdigest()[:8]}/", "is_customized": False}
