"""The contract's records, as a shop spells them: what it sends, and what it is sent.

Strict: amounts are decimal text, ids are text, times have an offset, and a field that the contract does not know is an
error, for it is a misspelt one. `contract.openapi()` publishes these models.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    StrictBool,
    StrictInt,
    StringConstraints,
    Tag,
    WithJsonSchema,
)

AMOUNT = r"-?\d{1,12}(\.\d{1,6})?"
QUANTITY = r"\d{1,9}(\.\d{1,6})?"
MAX_ID = 150
ABILITIES = ("write_back", "hold", "money", "fulfilments", "stock", "prices", "variants", "products", "customers")
"""What a shop may implement besides orders."""


def _amount(value: object) -> object:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or not re.fullmatch(AMOUNT, value):
        raise ValueError('must be decimal text such as "19.90"')
    return Decimal(value)


def _quantity(value: object) -> object:
    if isinstance(value, Decimal):
        if value < 0:
            raise ValueError("must not be negative")
        return value
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return Decimal(value)
    if not isinstance(value, str) or not re.fullmatch(QUANTITY, value):
        raise ValueError('must be a whole number, or decimal text such as "1.5"')
    return Decimal(value)


def _moment(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise ValueError('must be text such as "2026-11-26T14:00:00Z"')
    return value


def _plain(value: Decimal) -> str:
    return f"{value:f}"


Text = Annotated[str, StringConstraints(strict=True, max_length=2000)]
Id = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=MAX_ID)]
Currency = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Z]{3}$")]
Country = Annotated[str, StringConstraints(strict=True, pattern=r"^([A-Z]{2})?$")]
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{AMOUNT}$", "examples": ["19.90"]}),
]
"""Money in major units of the currency beside it."""
Quantity = Annotated[
    Decimal,
    BeforeValidator(_quantity),
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"oneOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": f"^{QUANTITY}$"}]}),
]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
ZERO = Decimal(0)


class Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tax(Wire):
    title: Text = ""
    amount: Amount
    rate: Annotated[Amount | None, Field(description='As a fraction: "0.19" for 19 %.')] = None


class Line(Wire):
    id: Id
    sku: Text
    title: Text = ""
    quantity: Quantity
    unit_price: Annotated[
        Amount, Field(description="Before the discount; with tax where the order says taxes_included.")
    ]
    discount: Annotated[Amount, Field(description="Of the whole line, not negative.", ge=0)] = ZERO
    taxes: tuple[Tax, ...] = ()
    requires_shipping: StrictBool = True
    gift_card: Annotated[StrictBool, Field(description="A gift card that is sold. One that pays is a payment.")] = False


class Shipping(Wire):
    id: Id
    code: Annotated[Text, Field(description="The method, by which it is looked up in `shipping_methods` of the ERP.")]
    title: Text = ""
    price: Amount
    discount: Annotated[Amount, Field(ge=0)] = ZERO
    taxes: tuple[Tax, ...] = ()


class Address(Wire):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    line1: Text = ""
    line2: Text = ""
    city: Text = ""
    region: Text = ""
    region_code: Text = ""
    postal_code: Text = ""
    country: Annotated[Country, Field(description="ISO 3166-1 alpha-2.")] = ""
    phone: Text = ""


class Person(Wire):
    id: Annotated[Id | None, Field(description="None for a guest.")] = None
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    phone: Text = ""
    groups: tuple[Text, ...] = ()


class Payment(Wire):
    id: Id
    method: Text
    amount: Amount
    paid_at: Moment


class RefundLine(Wire):
    line_id: Id
    sku: Text
    quantity: Quantity
    amount: Annotated[Amount, Field(description="With tax where the order says taxes_included.")]
    tax: Amount = ZERO
    restocked: StrictBool = False


class Refund(Wire):
    id: Id
    created_at: Moment
    lines: tuple[RefundLine, ...] = ()
    shipping: Amount = ZERO
    adjustment: Annotated[Amount, Field(description="What belongs to no line.")] = ZERO
    total: Annotated[Amount, Field(description="What the buyer received, with tax.")]
    reason: Text = ""


class Order(Wire):
    """The whole order as it is now. The sum of its parts is its `total`; a refund changes neither lines nor total."""

    id: Id
    number: Annotated[Id, Field(description="What people call it.")]
    created_at: Moment
    updated_at: Annotated[Moment, Field(description="Moves forward with every change, best in milliseconds.")]
    status: Literal["open", "closed", "cancelled"] = "open"
    test: StrictBool = False
    currency: Currency
    taxes_included: StrictBool
    customer: Person = Person()
    billing_address: Address | None = None
    shipping_address: Address | None = None
    lines: tuple[Line, ...]
    shipping_lines: tuple[Shipping, ...] = ()
    tip: Amount = ZERO
    duties: Amount = ZERO
    fees: Amount = ZERO
    rounding: Amount = ZERO
    total: Annotated[
        Amount, Field(description="What the buyer owes: lines, shipping, tax, tip, duties, fees, rounding.")
    ]
    paid: StrictBool = False
    payment_methods: tuple[Text, ...] = ()
    note: Text = ""
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()


class OrderId(Wire):
    """Only which order: it is then fetched from the shop."""

    id: Id


def _kind(value: Any) -> str:
    """Whatever is no object at all is held against the order's model, which says what is wrong with it."""
    return "id" if isinstance(value, OrderId) or (isinstance(value, dict) and value.keys() == {"id"}) else "order"


class Event(Wire):
    """The body of a webhook."""

    id: Annotated[Id, Field(description="Of this event: the same in every repeat of it, and in no other event.")]
    type: Literal["order.changed", "order.deleted"]
    occurred_at: Moment
    order: Annotated[
        Annotated[Order, Tag("order")] | Annotated[OrderId, Tag("id")],
        Discriminator(_kind),
        Field(description="The whole order; or its id alone, where erpsync may fetch it and for one that is deleted."),
    ]


class Error(Wire):
    code: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]{0,59}$")]
    message: Annotated[Text, Field(description="For the shop's own log. erpsync shows only the code.")] = ""
    record: Annotated[Text, Field(description="Which record it is about.")] = ""


class Refusal(Wire):
    """The body of every answer of 400 and above."""

    error: Error


class Ping(Wire):
    contract: Annotated[Literal["1"], Field(description="Version of this contract.")]
    name: Text
    abilities: tuple[Text, ...]
    currency: Annotated[Currency, Field(description="The shop's own, in which its base prices are.")]
    locations: Annotated[tuple[Text, ...], Field(description="Places that hold stock.")] = ()
    webhook_address: Annotated[Text, Field(description="Where the shop delivers its webhooks.")] = ""
    now: Annotated[Moment, Field(description="The shop's clock.")]


class OrderHead(Wire):
    """What a list of changed orders tells of each; more may be told and is not read."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: Id
    number: Id
    updated_at: Moment


class Promotion(Wire):
    price: Amount
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class Variant(Wire):
    id: Id
    product_id: Id
    sku: Id
    title: Text = ""
    price: Annotated[Amount, Field(description="The base price, without any promotion.")]
    currency: Currency
    promotion: Promotion | None = None
    tracked: Annotated[StrictBool, Field(description="Whether the shop counts its stock.")] = True
    active: StrictBool = True
    stock: Annotated[dict[str, StrictInt], Field(description="How many each location has.")] = {}
    updated_at: Moment


class Customer(Person):
    id: Id
    billing_address: Address | None = None
    shipping_address: Address | None = None
    updated_at: Moment


class Page(Wire):
    """What all lists have: where the next page begins, none at the end, and the shop's clock before it looked."""

    cursor: Annotated[Text | None, Field(description="Ask for the next page with it; null at the end.")] = None
    now: Moment


class OrderPage(Page):
    orders: tuple[OrderHead, ...]


class VariantPage(Page):
    variants: tuple[Variant, ...]


class CustomerPage(Page):
    customers: tuple[Customer, ...]


class WriteBack(Wire):
    erp: Text
    id: Text
    number: Text


class Hold(Wire):
    code: Annotated[Text, Field(description="Why the order waits for a person; empty: it waits no more.")]


class FulfilmentLine(Wire):
    line_id: Id | None
    sku: Text
    quantity: Quantity


class Parcel(Wire):
    carrier: Text = ""
    number: Text = ""
    url: Text = ""


class Fulfilment(Wire):
    lines: tuple[FulfilmentLine, ...]
    parcels: tuple[Parcel, ...] = ()
    notify: Annotated[StrictBool, Field(description="Whether to tell the buyer; once, however often this is put.")]
    location: Text = ""


class FulfilmentMade(Wire):
    id: Id
    number: Text = ""


class StockChange(Wire):
    sku: Text
    location: Text
    quantity: StrictInt
    was: Annotated[
        StrictInt | None, Field(description="What erpsync believes there is: with anything else, change nothing.")
    ] = None


class StockChanges(Wire):
    changes: Annotated[tuple[StockChange, ...], Field(max_length=250)]


class StockResult(Wire):
    sku: Text
    location: Text
    error: Annotated[Error | None, Field(description='Code "stale" where `was` is not what there is.')] = None
    actual: StrictInt | None = None


class StockResults(Wire):
    results: tuple[StockResult, ...]


class PriceChange(Wire):
    sku: Text
    price: Amount
    currency: Currency
    price_list: Text = ""


class PriceChanges(Wire):
    changes: Annotated[tuple[PriceChange, ...], Field(max_length=250)]


class PriceResult(Wire):
    sku: Text
    error: Annotated[
        Error | None, Field(description='Code "promotion" where the price cannot stand beside one that runs.')
    ] = None
    until: Annotated[Moment | None, Field(description="When that promotion ends.")] = None


class PriceResults(Wire):
    results: tuple[PriceResult, ...]
