"""BigCommerce's records as its REST API spells them: only the fields that are read.

https://developer.bigcommerce.com/docs/rest-management/orders and its neighbours. Amounts come as text, as
numbers, as empty text and as null; times as RFC 2822 in v2 and as ISO 8601 in v3.
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _amount(value: object) -> Decimal:
    if value is None or value == "":
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise ValueError("is not an amount")
    try:
        amount = Decimal(value)
    except InvalidOperation:
        raise ValueError("is not an amount") from None
    if not amount.is_finite():
        raise ValueError("is not an amount")
    return amount


def _maybe_amount(value: object) -> Decimal | None:
    return None if value is None or value == "" else _amount(value)


def moment(value: object) -> datetime:
    """A time in either spelling, aware, in UTC. Raises ValueError."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("is not a time")
    text = value.strip()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = parsedate_to_datetime(text)
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _list(value: object) -> object:
    return value if isinstance(value, list) else []


Amount = Annotated[Decimal, BeforeValidator(_amount)]
MaybeAmount = Annotated[Decimal | None, BeforeValidator(_maybe_amount)]
Moment = Annotated[datetime, BeforeValidator(moment)]
Text = Annotated[str, BeforeValidator(_text)]
Rows = Annotated[tuple[dict[str, Any], ...], BeforeValidator(_list)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Address(_Record):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    street_1: Text = ""
    street_2: Text = ""
    city: Text = ""
    state: Text = ""
    zip: Text = ""
    country_iso2: Text = ""
    phone: Text = ""
    email: Text = ""


class Discount(_Record):
    amount: Amount


class Line(_Record):
    """An order product. `quantity` is as ordered, refunded units included."""

    id: int
    product_id: int = 0
    order_address_id: int = 0
    name: Text = ""
    sku: Text = ""
    type: Text = "physical"
    quantity: Amount
    quantity_shipped: Amount = Decimal(0)
    price_ex_tax: Amount
    price_inc_tax: Amount
    total_ex_tax: Amount
    total_inc_tax: Amount
    total_tax: Amount = Decimal(0)
    applied_discounts: tuple[Discount, ...] = ()


class Shipping(Address):
    """A shipping consignment, which is also an order's shipping address: both have one id."""

    id: int
    shipping_method: Text = ""
    cost_ex_tax: Amount = Decimal(0)
    cost_inc_tax: Amount = Decimal(0)
    cost_tax: Amount = Decimal(0)


class Tax(_Record):
    """A row of an order's taxes, with `details=true`. `rate` is in percent."""

    name: Text = ""
    rate: Amount = Decimal(0)
    line_amount: Amount = Decimal(0)
    order_address_id: int | None = None
    order_product_id: Text = ""
    line_item_type: Text = ""


class Fee(_Record):
    cost_inc_tax: Amount = Decimal(0)
    cost_tax: Amount = Decimal(0)


class Order(_Record):
    """An order's head. Amounts are in `default_currency_code`, the currency that the shopper pays in."""

    id: int
    customer_id: int = 0
    date_created: Moment
    date_modified: Moment
    status_id: int
    is_deleted: bool = False
    is_tax_inclusive_pricing: bool = False
    default_currency_code: Text = ""
    currency_code: Text = ""
    items_total: Amount = Decimal(0)
    shipping_cost_ex_tax: Amount = Decimal(0)
    shipping_cost_inc_tax: Amount = Decimal(0)
    shipping_cost_tax: Amount = Decimal(0)
    handling_cost_inc_tax: Amount = Decimal(0)
    handling_cost_tax: Amount = Decimal(0)
    wrapping_cost_inc_tax: Amount = Decimal(0)
    wrapping_cost_tax: Amount = Decimal(0)
    discount_amount: Amount = Decimal(0)
    coupon_discount: Amount = Decimal(0)
    total_inc_tax: Amount
    total_tax: Amount = Decimal(0)
    payment_method: Text = ""
    payment_status: Text = ""
    store_credit_amount: Amount = Decimal(0)
    gift_certificate_amount: Amount = Decimal(0)
    customer_message: Text = ""
    staff_notes: Text = ""
    external_order_id: Text = ""
    billing_address: Address = Address()

    @property
    def currency(self) -> str:
        """The transactional one: https://developer.bigcommerce.com/docs/store-operations/currencies"""
        return self.default_currency_code or self.currency_code


class Transaction(_Record):
    id: int
    event: Text
    method: Text = ""
    gateway: Text = ""
    amount: Amount
    currency: Text
    status: Text = "ok"
    reference_transaction_id: int | None = None
    date_created: Moment


class RefundItem(_Record):
    item_type: Text
    item_id: int
    quantity: Amount = Decimal(0)
    requested_amount: MaybeAmount = None


class Refund(_Record):
    id: int
    order_id: int
    created: Moment
    reason: Text = ""
    total_amount: Amount
    total_tax: Amount = Decimal(0)
    items: tuple[RefundItem, ...] = ()


class CustomerAddress(_Record):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address1: Text = ""
    address2: Text = ""
    city: Text = ""
    state_or_province: Text = ""
    postal_code: Text = ""
    country_code: Text = ""
    phone: Text = ""


class Customer(_Record):
    id: int
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    phone: Text = ""
    customer_group_id: int | None = None
    date_modified: Moment
    addresses: tuple[CustomerAddress, ...] = ()


class OptionValue(_Record):
    """A variant's value of one of its product's options."""

    id: int
    option_id: int
    label: Text = ""
    option_display_name: Text = ""


class Variant(_Record):
    id: int
    product_id: int
    sku: Text = ""
    price: MaybeAmount = None
    sale_price: MaybeAmount = None
    weight: MaybeAmount = None
    upc: Text = ""
    purchasing_disabled: bool = False
    option_values: tuple[OptionValue, ...] = ()


class Image(_Record):
    """`image_file` is the path at which BigCommerce keeps it; where it was fetched from is not told."""

    id: int
    image_file: Text = ""
    sort_order: int = 0


class Product(_Record):
    id: int
    name: Text = ""
    sku: Text = ""
    description: Text = ""
    price: Amount = Decimal(0)
    sale_price: MaybeAmount = None
    weight: Amount = Decimal(0)
    upc: Text = ""
    categories: tuple[int, ...] = ()
    inventory_tracking: Text = "none"
    is_visible: bool = True
    availability: Text = "available"
    base_variant_id: int | None = None
    date_modified: Moment | None = None
    variants: tuple[Variant, ...] = ()
    images: tuple[Image, ...] = ()


class Choice(_Record):
    """One of the values that an option offers."""

    id: int
    label: Text = ""
    sort_order: int = 0


class Option(_Record):
    id: int
    display_name: Text = ""
    type: Text = ""
    option_values: tuple[Choice, ...] = ()


class Category(_Record):
    category_id: int
    name: Text = ""
    parent_id: int = 0


class Metafield(_Record):
    id: int
    value: Text = ""


class Stock(_Record):
    location_id: int
    location_code: Text = ""
    total_inventory_onhand: int = 0


class Identity(_Record):
    sku: Text = ""
    variant_id: int
    product_id: int


class Item(_Record):
    identity: Identity
    locations: tuple[Stock, ...] = ()


class Location(_Record):
    id: int
    code: Text = ""
    label: Text = ""
    enabled: bool = True


class ShipmentItem(_Record):
    order_product_id: int
    quantity: int


class Shipment(_Record):
    id: int
    order_address_id: int = 0
    comments: Text = ""
    items: tuple[ShipmentItem, ...] = ()


class Hook(_Record):
    id: int
    scope: Text
    destination: Text
    is_active: bool = True
    headers: dict[str, Any] | None = None


class Record(_Record):
    """A price list's prices of one variant."""

    variant_id: int
    sku: Text = ""
    price: MaybeAmount = None
    sale_price: MaybeAmount = None
    retail_price: MaybeAmount = None
    map_price: MaybeAmount = None
    bulk_pricing_tiers: Rows = ()
