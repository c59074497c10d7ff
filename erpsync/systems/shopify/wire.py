"""Shopify's payloads, spelled as webhooks spell them, and checked where they enter.

Orders come in two forms, a webhook's body and a GraphQL reply. The queries in `documents` ask for GraphQL's fields under
the webhooks' names, so that these models read both and no field is mapped twice. What cannot be read raises pydantic's
ValidationError, which names the field.

Source: https://shopify.dev/docs/api/admin-rest/latest/resources/order and
https://shopify.dev/docs/api/admin-graphql/2026-10/objects/Order
"""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, NotRequired, TypedDict

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

# More digits than any currency needs, few enough that no amount can be used to exhaust memory when it is written out.
MAX_DIGITS = 18
_GID = re.compile(r"gid://shopify/[A-Za-z]+/([0-9]{1,25})")
_DIGITS = re.compile(r"[0-9]{1,25}")


def _identifier(value: object) -> str:
    """Ids are numbers in webhooks, global ids in GraphQL, and text here: they exceed 2^53."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    if isinstance(value, str):
        found = _GID.fullmatch(value)
        if found or _DIGITS.fullmatch(value):
            return found[1] if found else value
    raise ValueError("is not an id")


def _gid(value: object) -> str:
    if isinstance(value, str) and _GID.fullmatch(value):
        return value
    raise ValueError("is not a global id")


def _number(value: object) -> Decimal:
    """An exact number from text or from JSON read with Decimals; a float has lost its digits already."""
    if isinstance(value, (bool, float)) or not isinstance(value, (str, int, Decimal)):
        raise ValueError("is not an exact number")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not number.is_finite() or number.adjusted() > MAX_DIGITS or int(number.as_tuple().exponent) < -MAX_DIGITS:
        raise ValueError("is not a number of reasonable size")
    return number


def _moment(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise ValueError("is not a time in ISO 8601")
    return value


def _utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is not a time of our age") from None


def _items(value: object) -> object:
    """A list, which may be missing."""
    return [] if value is None else value


Gid = Annotated[str, BeforeValidator(_gid)]
Identifier = Annotated[str, BeforeValidator(_identifier)]
Number = Annotated[Decimal, BeforeValidator(_number)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_utc)]
Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Count = Annotated[StrictInt, Field(ge=0)]
Items = BeforeValidator(_items)


class Wire(BaseModel):
    """Unknown fields are ignored: Shopify adds some with every version."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Amount(Wire):
    amount: Number
    currency_code: str


class MoneySet(Wire):
    """One amount in the store's currency and in the customer's; GraphQL is asked for one of them."""

    shop_money: Amount | None = None
    presentment_money: Amount | None = None


class TaxLine(Wire):
    title: Text = ""
    rate: Number | None = None
    price_set: MoneySet


class DiscountAllocation(Wire):
    amount_set: MoneySet


class LineItem(Wire):
    id: Identifier
    sku: Text = ""
    name: Text = ""
    title: Text = ""
    quantity: Count
    current_quantity: Count | None = None
    price_set: MoneySet
    discount_allocations: Annotated[tuple[DiscountAllocation, ...], Items] = ()
    tax_lines: Annotated[tuple[TaxLine, ...], Items] = ()
    requires_shipping: StrictBool = True
    gift_card: StrictBool = False


class ShippingLine(Wire):
    id: Identifier | None = None
    code: Text = ""
    title: Text = ""
    price_set: MoneySet
    current_discounted_price_set: MoneySet | None = None
    discount_allocations: Annotated[tuple[DiscountAllocation, ...], Items] = ()
    tax_lines: Annotated[tuple[TaxLine, ...], Items] = ()
    is_removed: StrictBool = False


class Reference(Wire):
    id: Identifier | None = None


class RefundLineItem(Wire):
    line_item_id: Identifier | None = None
    line_item: Reference = Reference()
    quantity: Count
    subtotal_set: MoneySet
    total_tax_set: MoneySet

    @property
    def of(self) -> str:
        return self.line_item_id or self.line_item.id or ""


class RefundShippingLine(Wire):
    shipping_line_id: Identifier | None = None
    shipping_line: Reference = Reference()
    subtotal_amount_set: MoneySet
    tax_amount_set: MoneySet | None = None

    @property
    def of(self) -> str:
        return self.shipping_line_id or self.shipping_line.id or ""


class OrderAdjustment(Wire):
    kind: Text = ""
    amount_set: MoneySet
    tax_amount_set: MoneySet | None = None


class Refund(Wire):
    refund_line_items: Annotated[tuple[RefundLineItem, ...], Items] = ()
    refund_shipping_lines: Annotated[tuple[RefundShippingLine, ...], Items] = ()
    order_adjustments: Annotated[tuple[OrderAdjustment, ...], Items] = ()


class Address(Wire):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    province: Text = ""
    province_code: Text = ""
    zip: Text = ""
    country_code: Text = ""
    phone: Text = ""


class DefaultEmail(Wire):
    email: Text = ""


class DefaultPhone(Wire):
    phone: Text = ""


class Customer(Wire):
    """`default_email` and `default_phone` are GraphQL's form of `email` and `phone`."""

    id: Identifier
    email: Text = ""
    phone: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    default_email: DefaultEmail | None = None
    default_phone: DefaultPhone | None = None


class CashRounding(Wire):
    payment_set: MoneySet
    refund_set: MoneySet


class Order(Wire):
    """An order. `total_tip_received_set`, `total_cash_rounding` and `refund_discrepancy_set` are GraphQL's alone, the
    plain `total_tip_received` and the two rounding adjustments are the webhook's."""

    id: Identifier
    name: str
    created_at: Moment
    updated_at: Moment
    cancelled_at: Moment | None = None
    closed_at: Moment | None = None
    test: StrictBool = False
    currency: str
    presentment_currency: Text = ""
    taxes_included: StrictBool
    duties_included: StrictBool = False
    email: Text = ""
    contact_email: Text = ""
    phone: Text = ""
    note: Text = ""
    financial_status: Text = ""
    payment_gateway_names: tuple[str, ...] = ()
    customer: Customer | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    line_items: tuple[LineItem, ...]
    shipping_lines: Annotated[tuple[ShippingLine, ...], Items] = ()
    refunds: Annotated[tuple[Refund, ...], Items] = ()
    total_price_set: MoneySet | None = None
    current_total_price_set: MoneySet | None = None
    current_total_tax_set: MoneySet | None = None
    current_total_duties_set: MoneySet | None = None
    current_total_additional_fees_set: MoneySet | None = None
    total_tip_received: Number = Decimal(0)
    total_tip_received_set: MoneySet | None = None
    total_cash_rounding_payment_adjustment_set: MoneySet | None = None
    total_cash_rounding_refund_adjustment_set: MoneySet | None = None
    total_cash_rounding: CashRounding | None = None
    refund_discrepancy_set: MoneySet | None = None


class OrderEdit(Wire):
    """The body of orders/edited: what was edited, not the order."""

    order_id: Identifier
    created_at: Moment | None = None
    committed_at: Moment | None = None


class MetafieldInput(TypedDict):
    """https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/MetafieldsSetInput"""

    ownerId: str
    namespace: str
    key: str
    type: str
    value: str


class ErrorExtensions(TypedDict):
    code: NotRequired[str]
    requiredAccess: NotRequired[str]


class GraphqlError(TypedDict):
    message: str
    path: NotRequired[list[str | int]]
    extensions: NotRequired[ErrorExtensions]


class ThrottleStatus(Wire):
    """Points of the calculated query cost: https://shopify.dev/docs/api/usage/limits"""

    maximum_available: Number = Field(alias="maximumAvailable")
    currently_available: Number = Field(alias="currentlyAvailable")
    restore_rate: Number = Field(alias="restoreRate")


class Cost(Wire):
    requested: Number = Field(alias="requestedQueryCost")
    actual: Number | None = Field(default=None, alias="actualQueryCost")
    throttle: ThrottleStatus = Field(alias="throttleStatus")


class PageInfo(Wire):
    has_next: StrictBool = Field(alias="hasNextPage")
    end_cursor: str | None = Field(default=None, alias="endCursor")


class Page(Wire):
    nodes: tuple[dict[str, object], ...]
    info: PageInfo = Field(alias="pageInfo")


class AccessScope(Wire):
    handle: str


class AppInstallation(Wire):
    access_scopes: tuple[AccessScope, ...] = Field(alias="accessScopes")


class WebhookSubscription(Wire):
    id: str
    topic: str
    uri: str
    include_fields: Annotated[tuple[str, ...], Items] = Field(default=(), alias="includeFields")
    format: str = "JSON"
    filter: Text = ""


class Shop(Wire):
    domain: str = Field(alias="myshopifyDomain")
    currency: str = Field(alias="currencyCode")
    taxes_included: StrictBool = Field(alias="taxesIncluded")


class Inspection(Wire):
    """What the query Inspect answers."""

    shop: Shop
    installation: AppInstallation = Field(alias="currentAppInstallation")


class ListedOrder(Wire):
    id: Identifier
    name: str
    created_at: Moment = Field(alias="createdAt")
    updated_at: Moment = Field(alias="updatedAt")


class ListedCustomer(Wire):
    id: Identifier
    first_name: Text = ""
    last_name: Text = ""
    tags: tuple[str, ...] = ()
    updated_at: Moment
    default_email: DefaultEmail | None = None
    default_phone: DefaultPhone | None = None
    default_address: Address | None = None


class UserError(Wire):
    field: Annotated[tuple[str, ...], Items] = ()
    code: Text = ""
    element_index: int | None = Field(default=None, alias="elementIndex")

    @property
    def place(self) -> int | None:
        """Which of the records sent it is about, None where it is about all."""
        if self.element_index is not None:
            return self.element_index
        places = [int(part) for part in self.field if part.isdecimal()]
        return places[0] if places else None
