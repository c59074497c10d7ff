"""Stock for product pages, which may ask many times a second and put up with a number some minutes old."""

from collections.abc import Mapping
from typing import Protocol, TypeAlias

from erpsync.domain.ids import ConnectionName

ByProduct: TypeAlias = Mapping[str, Mapping[str, Mapping[str, int]]]
"""What a store has, by product, SKU and location."""


class StockCache(Protocol):
    def put(self, store: ConnectionName, products: ByProduct) -> None:
        """Keeps these for an hour. Best effort: nothing is raised, and a page that finds nothing asks the store."""
        ...


class NoCache:
    """Keeps nothing."""

    def put(self, store: ConnectionName, products: ByProduct) -> None:
        pass
