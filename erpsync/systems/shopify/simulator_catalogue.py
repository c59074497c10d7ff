"""What the simulated store sells and where it lies: variants, inventory items, locations, price lists."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

# Sold once and since deleted: orders have it, the catalogue has not.
DELETED_SKU = "SKU-9999"
INITIAL_STOCK = 100


@dataclass
class Location:
    """`service` is the name of another company's fulfilment service, empty for the store's own places."""

    id: int
    name: str
    active: bool = True
    service: str = ""


@dataclass
class Product:
    id: int
    title: str
    status: str = "ACTIVE"


@dataclass
class Variant:
    """`levels` are what is available by location; a location that is missing does not stock the item."""

    id: int
    item_id: int
    product: Product
    sku: str
    price: Decimal
    updated_at: datetime
    compare_at: Decimal | None = None
    tracked: bool = True
    levels: dict[int, int] = field(default_factory=dict)


@dataclass
class PriceList:
    """`prices` are the fixed ones, by variant: what is paid, and what it is compared with."""

    id: int
    name: str
    currency: str
    prices: dict[int, tuple[Decimal, Decimal | None]] = field(default_factory=dict)


class Catalogue:
    """Not thread-safe by itself."""

    def __init__(
        self, skus: Mapping[str, Decimal], locations: Iterable[str], next_id: Callable[[], int], now: datetime
    ) -> None:
        self.locations = {(number := next_id()): Location(number, name) for name in locations}
        self.variants: dict[int, Variant] = {}
        self.price_lists: dict[int, PriceList] = {}
        self._next_id = next_id
        for sku, price in skus.items():
            if sku != DELETED_SKU:
                self.add(sku, price, now)

    def add(self, sku: str, price: Decimal, now: datetime, product: Product | None = None) -> Variant:
        """A new variant, of a product of its own unless another is given, stocked everywhere."""
        product = product or Product(self._next_id(), f"Item {sku}")
        variant = Variant(self._next_id(), self._next_id(), product, sku, price, now)
        variant.levels = dict.fromkeys(self.locations, INITIAL_STOCK)
        self.variants[variant.id] = variant
        return variant

    def add_price_list(self, name: str, currency: str) -> PriceList:
        price_list = PriceList(self._next_id(), name, currency)
        self.price_lists[price_list.id] = price_list
        return price_list

    def add_location(self, name: str, *, service: str = "") -> Location:
        """A new place, where nothing is stocked yet."""
        location = Location(self._next_id(), name, service=service)
        self.locations[location.id] = location
        return location

    def by_sku(self, sku: str | None) -> Variant | None:
        return next((variant for variant in self.variants.values() if variant.sku == sku), None)

    def by_item(self, item_id: int) -> Variant | None:
        return next((variant for variant in self.variants.values() if variant.item_id == item_id), None)

    def move_stock(self, sku: str | None, location: int, units: int) -> None:
        """What a sale takes, or what comes back to the shelf."""
        variant = self.by_sku(sku)
        if variant is not None and variant.tracked and location in variant.levels:
            variant.levels[location] += units
