"""Products as the contract has them: what a shop shall have of each, and what it answers. See `wire` for what is strict."""

from typing import Annotated

from pydantic import Field, StrictBool, StringConstraints

from erpsync.ports.store_records import ProductField
from erpsync.systems.custom.wire import Amount, Currency, Error, Id, Quantity, Text, Wire

MAX_PRODUCTS = 100
"""In one call."""

LongText = Annotated[str, StringConstraints(strict=True, max_length=100_000)]


class ProductVariant(Wire):
    sku: Annotated[Id, Field(description="By which it is found. One that the product lacks is added to it.")]
    title: Text = ""
    options: Annotated[tuple[Text, ...], Field(description="Its values of the product's options, in their order.")] = ()
    barcode: Text = ""
    weight_grams: Annotated[Quantity, Field(ge=0)] | None = None
    active: Annotated[StrictBool, Field(description="False: hide this variant alone.")] = True
    price: Annotated[
        Amount | None,
        Field(description="Base price of a variant that is added; one that is there keeps its own. Without: hide it."),
    ] = None
    currency: Annotated[Currency | None, Field(description="Of `price`.")] = None


class Product(Wire):
    """As the shop shall have it. What is empty changes nothing, and a variant that is not named stays as it is."""

    reference: Annotated[Id, Field(description="The ERP's id. The answer repeats it.")]
    id: Annotated[
        Id | None,
        Field(description="The shop's, where it is known. Else it is the product that has these SKUs, or a new one."),
    ] = None
    fields: Annotated[
        tuple[ProductField, ...],
        Field(description="What to change in a product and variants that are there. A new one gets everything."),
    ]
    title: Text
    description: Annotated[LongText, Field(description="As the ERP has it, perhaps in HTML: clean it before use.")] = ""
    active: Annotated[StrictBool, Field(description="False: hide it from buyers. Never delete it.")] = True
    categories: Annotated[tuple[Text, ...], Field(description="By name; make those that there are not.")] = ()
    image_urls: Annotated[tuple[Text, ...], Field(description="To fetch, but for those that were fetched before.")] = ()
    options: Annotated[tuple[Text, ...], Field(description="Names of what its variants differ in, as Size.")] = ()
    variants: Annotated[tuple[ProductVariant, ...], Field(min_length=1)]


class Products(Wire):
    products: Annotated[tuple[Product, ...], Field(max_length=MAX_PRODUCTS)]


class ProductResult(Wire):
    reference: Id
    id: Annotated[Id | None, Field(description="The shop's id of the product; only an error comes without.")] = None
    variants: Annotated[
        dict[str, Id], Field(default_factory=dict, description="The shop's ids by SKU, of at least those named.")
    ]
    notes: Annotated[
        tuple[Error, ...],
        Field(description='What it could not hold: code "image" with a URL, "no-price" with a SKU as `record`.'),
    ] = ()
    error: Annotated[
        Error | None,
        Field(description='Code "sku-ambiguous" where several products have its SKUs, "not-found" where `id` is gone.'),
    ] = None
    products: Annotated[
        dict[str, tuple[Id, ...]],
        Field(default_factory=dict, description='With "sku-ambiguous": by SKU, the ids of the products that have it.'),
    ]


class ProductResults(Wire):
    results: tuple[ProductResult, ...]
