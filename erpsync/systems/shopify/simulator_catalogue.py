"""What the simulated store sells and where: products, variants, images, collections, channels, locations, price lists."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

# Sold once and since deleted: orders have it, the catalogue has not.
DELETED_SKU = "SKU-9999"
INITIAL_STOCK = 100
DEFAULT_OPTION, DEFAULT_VALUE = "Title", "Default Title"
ONLINE_STORE = "Online Store"
CHANNELS = (ONLINE_STORE, "Point of Sale")


@dataclass
class Location:
    """`service` is the name of another company's fulfilment service, empty for the store's own places."""

    id: int
    name: str
    active: bool = True
    service: str = ""


@dataclass
class Media:
    """An image; `broken`: its source could not be fetched."""

    id: int
    url: str
    alt: str
    at: datetime
    broken: bool = False


@dataclass
class Option:
    id: int
    name: str


@dataclass
class Product:
    """`media` are ids in their order; `publications` those it is in."""

    id: int
    title: str
    status: str = "ACTIVE"
    description: str = ""
    options: list[Option] = field(default_factory=list)
    media: list[int] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    metafields: dict[str, dict[str, str]] = field(default_factory=dict)
    publications: set[int] = field(default_factory=set)


@dataclass
class Collection:
    """`smart`: it chooses its products by rules, and takes none by hand."""

    id: int
    title: str
    handle: str
    at: datetime
    products: list[int] = field(default_factory=list)
    smart: bool = False
    publications: set[int] = field(default_factory=set)


@dataclass
class Variant:
    """`levels` are what is available by location; a location that is missing does not stock the item. `values` are those
    of the product's options, `off` the publications that it has been taken out of."""

    id: int
    item_id: int
    product: Product
    sku: str
    price: Decimal
    updated_at: datetime
    compare_at: Decimal | None = None
    tracked: bool = True
    levels: dict[int, int] = field(default_factory=dict)
    values: list[str] = field(default_factory=lambda: [DEFAULT_VALUE])
    barcode: str = ""
    weight: tuple[Decimal, str] | None = None
    policy: str = "DENY"
    off: set[int] = field(default_factory=set)
    made_at: datetime | None = None


@dataclass
class PriceList:
    """`prices` are the fixed ones, by variant: what is paid, and what it is compared with."""

    id: int
    name: str
    currency: str
    prices: dict[int, tuple[Decimal, Decimal | None]] = field(default_factory=dict)


class Catalogue:
    """Not thread-safe by itself. Images are fetched `image_seconds` after they came, and what is new is found by a search
    `search_lag_seconds` after it was made; `unreachable` are addresses of images that cannot be fetched."""

    def __init__(
        self,
        skus: Mapping[str, Decimal],
        locations: Iterable[str],
        next_id: Callable[[], int],
        now: Callable[[], datetime],
    ) -> None:
        self.locations = {(number := next_id()): Location(number, name) for name in locations}
        self.publications = {next_id(): name for name in CHANNELS}
        self.products: dict[int, Product] = {}
        self.variants: dict[int, Variant] = {}
        self.media: dict[int, Media] = {}
        self.collections: dict[int, Collection] = {}
        self.price_lists: dict[int, PriceList] = {}
        self.now = now
        self.image_seconds = 0.0
        self.search_lag_seconds = 0.0
        self.unreachable: set[str] = set()
        self._next_id = next_id
        begun = now()
        for sku, price in skus.items():
            if sku != DELETED_SKU:
                self.add(sku, price, begun)

    def add(self, sku: str, price: Decimal, now: datetime, product: Product | None = None) -> Variant:
        """A new variant, of a product of its own unless another is given, stocked everywhere."""
        if product is None:
            product = self.add_product(f"Item {sku}")
            product.publications = set(self.publications)
        variant = Variant(self._next_id(), self._next_id(), product, sku, price, now)
        variant.levels = dict.fromkeys(self.locations, INITIAL_STOCK)
        self.variants[variant.id] = variant
        return variant

    def add_product(self, title: str, options: Iterable[str] = (DEFAULT_OPTION,)) -> Product:
        """A new product without variants, on no channel."""
        product = Product(self._next_id(), title, options=[Option(self._next_id(), name) for name in options])
        self.products[product.id] = product
        return product

    def add_option(self, product: Product, name: str, value: str) -> None:
        """Another option, of which every variant has this value."""
        variants = self.of_product(product)
        if all(each.values == [DEFAULT_VALUE] for each in variants):
            product.options = []
            for each in variants:
                each.values = []
        product.options.append(Option(self._next_id(), name))
        for each in variants:
            each.values.append(value)

    def add_media(self, product: Product, url: str, alt: str, at: datetime) -> Media:
        media = Media(self._next_id(), url, alt, at, broken=url in self.unreachable)
        self.media[media.id] = media
        product.media.append(media.id)
        return media

    def add_collection(self, title: str, at: datetime, *, handle: str = "", smart: bool = False) -> Collection:
        collection = Collection(self._next_id(), title, handle or title.lower().replace(" ", "-"), at, smart=smart)
        self.collections[collection.id] = collection
        return collection

    def of_product(self, product: Product) -> list[Variant]:
        return [variant for variant in self.variants.values() if variant.product is product]

    def is_indexed(self, made_at: datetime | None) -> bool:
        return made_at is None or made_at + timedelta(seconds=self.search_lag_seconds) <= self.now()

    def is_visible(self, variant: Variant) -> bool:
        """Whether buyers find it in the online store."""
        online = next(number for number, name in self.publications.items() if name == ONLINE_STORE)
        product = variant.product
        return product.status == "ACTIVE" and online in product.publications and online not in variant.off

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
