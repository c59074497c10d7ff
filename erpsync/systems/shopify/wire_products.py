"""Shopify's products, as GraphQL spells them. See `wire`."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from pydantic import Field

from erpsync.systems.shopify.wire import Gid, Items, Number, Page, Text, UserError, Wire

GRAMS = {
    "GRAMS": Decimal(1),
    "KILOGRAMS": Decimal(1000),
    "OUNCES": Decimal("28.349523125"),
    "POUNDS": Decimal("453.59237"),
}


class Refusal(UserError):
    """A refusal in Shopify's own words."""

    message: Text = ""


class SelectedOption(Wire):
    name: str
    value: str


class Weight(Wire):
    unit: str
    value: Number


class Measurement(Wire):
    weight: Weight | None = None


class StockItem(Wire):
    measurement: Measurement | None = None


class Variant(Wire):
    id: Gid
    sku: Text = ""
    barcode: Text = ""
    price: Number
    selected: Annotated[tuple[SelectedOption, ...], Items] = Field(default=(), alias="selectedOptions")
    item: StockItem = Field(alias="inventoryItem")

    @property
    def grams(self) -> Decimal | None:
        weight = self.item.measurement.weight if self.item.measurement else None
        return None if weight is None or weight.unit not in GRAMS else weight.value * GRAMS[weight.unit]

    @property
    def options(self) -> dict[str, str]:
        return {each.name: each.value for each in self.selected}


class Option(Wire):
    id: Gid
    name: str


class Collection(Wire):
    id: Gid
    title: str


class Collections(Wire):
    nodes: tuple[Collection, ...]


class Metafield(Wire):
    value: Text = ""


class Product(Wire):
    id: Gid
    title: str
    status: str
    description: Text = Field(default="", alias="descriptionHtml")
    options: tuple[Option, ...]
    variants: Page
    collections: Collections
    kept: Metafield | None = Field(default=None, alias="metafield")


class MadeVariant(Wire):
    id: Gid
    sku: Text = ""


class MediaRef(Wire):
    id: Gid


class MediaError(Wire):
    code: Text = ""


class Image(Wire):
    id: Gid
    status: str
    errors: Annotated[tuple[MediaError, ...], Items] = Field(default=(), alias="mediaErrors")


class Channel(Wire):
    name: str


class Channels(Wire):
    nodes: tuple[Channel, ...]


class Publication(Wire):
    id: Gid
    channels: Channels | None = None


class ValueInput(TypedDict):
    """https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/VariantOptionValueInput"""

    optionName: str
    name: str


class WeightInput(TypedDict):
    unit: str
    value: Decimal


class MeasurementInput(TypedDict):
    weight: WeightInput


class ItemInput(TypedDict):
    """https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/InventoryItemInput"""

    sku: NotRequired[str]
    tracked: NotRequired[bool]
    measurement: NotRequired[MeasurementInput]


class VariantInput(TypedDict):
    """What productSet and the bulk calls for variants have in common:
    https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/ProductVariantsBulkInput and
    .../ProductVariantSetInput. The former takes the SKU with `inventoryItem` alone, and spells quantities otherwise."""

    id: NotRequired[str]
    optionValues: NotRequired[list[ValueInput]]
    barcode: NotRequired[str]
    price: NotRequired[str]
    inventoryItem: NotRequired[ItemInput]
    inventoryPolicy: NotRequired[str]
    inventoryQuantities: NotRequired[list[dict[str, object]]]
    published: NotRequired[bool]
    sku: NotRequired[str]


class MediaInput(TypedDict):
    originalSource: str
    alt: str
    mediaContentType: str
