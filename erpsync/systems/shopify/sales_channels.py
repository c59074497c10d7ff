"""Where products are sold: the store's sales channels, each with a publication that products are put into.

What is made by the API is in none of them, and no buyer sees it
(https://shopify.dev/docs/apps/build/sales-channels/product-publishing).
"""

from collections.abc import Sequence

from pydantic import ValidationError

from erpsync.ports.store_records import ProductDraft
from erpsync.systems.shopify.lists import ListReader, unreadable
from erpsync.systems.shopify.product_work import ProductCalls
from erpsync.systems.shopify.wire_products import Publication

_FIELDS = {"Publish": "publishablePublish", "Unpublish": "publishableUnpublish"}


class SalesChannels:
    """`names` are those that new products are published to."""

    def __init__(self, lists: ListReader, names: Sequence[str]) -> None:
        self._lists = lists
        self._names = {name.casefold() for name in names}
        self._publications: tuple[Publication, ...] = ()

    def all(self) -> list[str]:
        return [each.id for each in self._read()]

    def for_new_products(self) -> list[str]:
        """The publications of the channels that were named; none where the store has none of that name."""
        return [each.id for each in self._read() if _names_of(each) & self._names]

    def change(self, calls: ProductCalls, draft: ProductDraft, name: str, gid: str, where: Sequence[str]) -> None:
        """Puts a product, a variant or a collection on channels ("Publish"), or takes it off ("Unpublish")."""
        if where:
            variables = {"id": gid, "where": [{"publicationId": each} for each in where]}
            calls.write(draft, name, _FIELDS[name], variables)

    def _read(self) -> tuple[Publication, ...]:
        if not self._publications:
            found = self._lists.all_of("SalesChannels", "publications", {})
            try:
                self._publications = tuple(Publication.model_validate(each) for each in found)
            except ValidationError:
                raise unreadable("The store's sales channels could not be read.") from None
        return self._publications


def _names_of(publication: Publication) -> set[str]:
    return {each.name.casefold() for each in publication.channels.nodes} if publication.channels else set()
