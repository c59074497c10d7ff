"""Shopify's variants, stock and prices, as GraphQL spells them. See `wire`."""

from typing import Annotated, NotRequired, TypedDict

from pydantic import Field, StrictBool, StrictInt

from erpsync.systems.shopify.wire import Gid, Identifier, Items, Moment, Number, Text, Wire


class Quantity(Wire):
    """Null where Shopify does not count the item."""

    quantity: StrictInt | None = None


class Place(Wire):
    id: Identifier
    name: Text = ""
    active: StrictBool = Field(default=True, alias="isActive")
    of_service: StrictBool = Field(default=False, alias="isFulfillmentService")


class LevelAt(Wire):
    """What one location has of an item."""

    active: StrictBool = Field(default=True, alias="isActive")
    quantities: Annotated[tuple[Quantity, ...], Items] = ()

    @property
    def available(self) -> int | None:
        return self.quantities[0].quantity if self.quantities else None


class Level(LevelAt):
    location: Place


class Item(Wire):
    id: Gid
    tracked: StrictBool


class ItemAt(Wire):
    id: Gid
    tracked: StrictBool
    level: LevelAt | None = Field(default=None, alias="inventoryLevel")


class Product(Wire):
    id: Gid
    status: str


class Variant(Wire):
    id: Gid
    sku: Text = ""
    title: Text = Field(default="", alias="displayName")
    price: Number
    compare_at: Number | None = Field(default=None, alias="compareAtPrice")
    updated_at: Moment = Field(alias="updatedAt")
    product: Product
    item: Item = Field(alias="inventoryItem")


class PriceList(Wire):
    id: Gid
    name: str
    currency: str


class PriceAmount(Wire):
    amount: Number


class VariantRef(Wire):
    id: Gid


class FixedPrice(Wire):
    price: PriceAmount
    compare_at: PriceAmount | None = Field(default=None, alias="compareAtPrice")
    variant: VariantRef


class QuantityInput(TypedDict):
    """https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/InventoryQuantityInput - `changeFromQuantity` must
    be given; null skips the comparison."""

    inventoryItemId: str
    locationId: str
    quantity: int
    changeFromQuantity: int | None


class VariantInput(TypedDict):
    """https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/ProductVariantsBulkInput - prices as text."""

    id: str
    price: NotRequired[str]
    compareAtPrice: NotRequired[str | None]
