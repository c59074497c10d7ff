"""Pages of the store's lists, each as long as its cost allows."""

from collections.abc import Mapping

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError, Transient
from erpsync.systems.shopify import refusals, wire
from erpsync.systems.shopify.amounts import SYSTEM
from erpsync.systems.shopify.client import Answer, ShopifyClient
from erpsync.systems.shopify.nodes import affordable

MAX_PAGE = 250
# A variant is asked for with what each location has of it: its cost is learned from a small first page.
_FIRST = {"VariantsListed": 20, "VariantsBySku": 50}
# Far above any store's number of locations, price lists or subscriptions; ends a paging that would not end.
_MAX_PAGES = 100


class ListReader:
    """Reads the lists of one store."""

    def __init__(self, client: ShopifyClient) -> None:
        self.client = client
        self._sizes: dict[str, int] = {}

    def page(
        self, name: str, field: str, variables: Mapping[str, object], wanted: int = MAX_PAGE
    ) -> tuple[wire.Page, Answer]:
        """A page of up to `wanted` records of the list `field` that the document `name` asks for."""
        while True:
            size = min(wanted, self._sizes.get(name, _FIRST.get(name, MAX_PAGE)))
            try:
                answer = self.client.call(name, {**variables, "first": size})
            except refusals.TooCostly:
                if size == 1:
                    raise
                self._sizes[name] = size // 2
                continue
            if answer.cost is not None and answer.cost.requested > 0:
                self._sizes[name] = affordable(answer.cost, size, MAX_PAGE)
            return page_of(answer.data.get(field)), answer

    def all_of(self, name: str, field: str, variables: Mapping[str, object]) -> list[dict[str, object]]:
        """The records of a list that is never long."""
        found: list[dict[str, object]] = []
        after: str | None = None
        for _ in range(_MAX_PAGES):
            page = page_of(self.client.call(name, {**variables, "after": after}).data.get(field))
            found += page.nodes
            if not page.info.has_next:
                return found
            after = page.info.end_cursor
        raise unreadable("An endless list.")

    def rest(self, name: str, field: str, page: wire.Page, variables: Mapping[str, object]) -> list[dict[str, object]]:
        """The records of `page`, and those of the pages after it, which the document `name` reads from a node."""
        found = [*page.nodes]
        for _ in range(_MAX_PAGES):
            if not page.info.has_next:
                return found
            node = self.client.call(name, {**variables, "after": page.info.end_cursor}).data.get("node")
            page = page_of(node.get(field) if isinstance(node, dict) else None)
            found += page.nodes
        raise unreadable("An endless list.")


def page_of(value: object) -> wire.Page:
    try:
        return wire.Page.model_validate(value)
    except ValidationError:
        raise unreadable("A list was not in the form that was asked for.") from None


def unreadable_row(kind: str, name: object, error: ValidationError) -> Rejected:
    """What is told of a row that is not as it should be; `kind` is "order", "customer" or "variant"."""
    field = ".".join(str(part) for part in error.errors()[0]["loc"])
    return Rejected(
        f"{kind}-unreadable",
        system=SYSTEM,
        record=f"{kind} {str(name or 'without an id').rpartition('/')[2][:40]}",
        what=f"In Shopify's list the field {field} of the {kind} cannot be read.",
        next_step=f"Look at the {kind} in Shopify, correct and save it; it is then read again by itself.",
    )


def unreadable(what: str) -> SyncError:
    return Transient("reply-unreadable", system=SYSTEM, what=what)
