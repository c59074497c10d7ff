"""What is sold: products with their variants, and base prices apart from any promotion."""

from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.money import Money


class Variant(BaseModel):
    """One thing with a SKU. `options` are its values of the product's options, in their order ("M", "red")."""

    model_config = ConfigDict(frozen=True)

    sku: Sku
    title: str = ""
    options: tuple[str, ...] = ()
    barcode: str = ""
    weight_grams: Decimal | None = None
    active: bool = True


class Product(BaseModel):
    """A product of the ERP. A plain item is a product with one variant and no options.

    `id` is the ERP's. `changed_at` is by the ERP's clock, None where it does not tell.
    """

    model_config = ConfigDict(frozen=True)

    id: TargetId
    title: str
    description: str = ""
    active: bool = True
    categories: tuple[str, ...] = ()
    image_urls: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    variants: tuple[Variant, ...]
    changed_at: datetime | None = None


class BasePrice(BaseModel):
    """What a SKU costs before any promotion. `price_list` is the ERP's name of the list, empty for its base list;
    `unit` is the ERP's sales unit; `minimum_quantity` from how many on it applies."""

    model_config = ConfigDict(frozen=True)

    sku: Sku
    price: Money
    price_list: str = ""
    minimum_quantity: Decimal = Decimal(1)
    tax_included: bool = False
    unit: str = ""
