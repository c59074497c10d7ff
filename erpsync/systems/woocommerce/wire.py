"""What WooCommerce sends, spelled as it spells it; only what is read of it.

Source: https://woocommerce.github.io/woocommerce-rest-api-docs/ and answers of real 10.0.2 and 7.9.0 shops. Amounts are
text, and times ending in _gmt are UTC without saying so.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _amount(value: object) -> object:
    """Empty is nothing: a product without a price, a fee without tax."""
    return Decimal(0) if value in ("", None, False) else value


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


def _text(value: object) -> object:
    if value is None or value is False:
        return ""
    return str(value) if isinstance(value, (int, Decimal)) else value


def _number(value: object) -> object:
    return None if value == "" else value


Amount: TypeAlias = Annotated[Decimal, BeforeValidator(_amount)]
Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment)]
Text: TypeAlias = Annotated[str, BeforeValidator(_text)]
Maybe: TypeAlias = Annotated[Decimal | None, BeforeValidator(_number)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Meta(_Record):
    key: Text = ""
    value: Any = None


def meta_of(metas: Sequence[Meta], key: str) -> Any:
    """The value of that name, the last one where there are several; None where there is none."""
    return next((meta.value for meta in reversed(metas) if meta.key == key), None)


class Tax(_Record):
    """`total` is unrounded, where the shop rounds at the end."""

    id: Text
    total: Amount = Decimal(0)


class TaxRate(_Record):
    rate_id: Text
    rate_code: Text = ""
    label: Text = ""
    rate_percent: Maybe = None
    tax_total: Amount = Decimal(0)
    shipping_tax_total: Amount = Decimal(0)


class Line(_Record):
    """Amounts are without tax, whatever the shop's prices are. `subtotal` is before discounts."""

    id: Text
    name: Text = ""
    product_id: Text = ""
    variation_id: Text = ""
    sku: Text = ""
    quantity: Decimal
    subtotal: Amount
    subtotal_tax: Amount = Decimal(0)
    total: Amount
    total_tax: Amount = Decimal(0)
    taxes: tuple[Tax, ...] = ()
    meta_data: tuple[Meta, ...] = ()


class Shipping(_Record):
    id: Text
    method_title: Text = ""
    method_id: Text = ""
    instance_id: Text = ""
    total: Amount
    total_tax: Amount = Decimal(0)
    taxes: tuple[Tax, ...] = ()


class Fee(_Record):
    id: Text
    name: Text = ""
    total: Amount
    total_tax: Amount = Decimal(0)
    taxes: tuple[Tax, ...] = ()


class GiftCard(_Record):
    """Of the Gift Cards extension (https://woocommerce.com/document/gift-cards/rest-api-reference/): the order's total is
    what was left to pay."""

    amount: Amount


class RefundMark(_Record):
    id: Text
    total: Amount = Decimal(0)


class Address(_Record):
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    address_1: Text = ""
    address_2: Text = ""
    city: Text = ""
    state: Text = ""
    postcode: Text = ""
    country: Text = ""
    email: Text = ""
    phone: Text = ""


class Order(_Record):
    id: Text
    number: Text
    status: str
    currency: str
    date_created_gmt: Moment
    date_modified_gmt: Moment
    date_paid_gmt: Moment | None = None
    date_completed_gmt: Moment | None = None
    prices_include_tax: bool = False
    total: Amount
    customer_id: Text = ""
    customer_note: Text = ""
    billing: Address = Address()
    shipping: Address = Address()
    payment_method: Text = ""
    payment_method_title: Text = ""
    line_items: tuple[Line, ...]
    tax_lines: tuple[TaxRate, ...] = ()
    shipping_lines: tuple[Shipping, ...] = ()
    fee_lines: tuple[Fee, ...] = ()
    refunds: tuple[RefundMark, ...] = ()
    gift_cards: tuple[GiftCard, ...] = ()
    meta_data: tuple[Meta, ...] = ()

    def meta(self, key: str) -> Any:
        return meta_of(self.meta_data, key)


class OrderHead(_Record):
    """What a poll and a webhook need of an order."""

    id: Text
    number: Text = ""
    status: Text = ""
    date_modified_gmt: Moment
    date_created_gmt: Moment | None = None


class Refund(_Record):
    """Of lines with negative amounts, and an `amount` that is not."""

    id: Text
    date_created_gmt: Moment
    amount: Amount
    reason: Text = ""
    line_items: tuple[Line, ...] = ()
    shipping_lines: tuple[Shipping, ...] = ()


class Customer(_Record):
    id: Text
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    role: Text = ""
    date_created_gmt: Moment | None = None
    date_modified_gmt: Moment | None = None
    billing: Address = Address()
    shipping: Address = Address()


class Product(_Record):
    """A product or a variation; a variation's own list tells no `type`, and no `parent_id` in some releases."""

    id: Text
    name: Text = ""
    parent_id: Text = ""
    type: Text = ""
    sku: Text = ""
    status: Text = ""
    price: Text = ""
    regular_price: Text = ""
    sale_price: Text = ""
    date_on_sale_from_gmt: Moment | None = None
    date_on_sale_to_gmt: Moment | None = None
    date_modified_gmt: Moment | None = None
    manage_stock: bool | str = False
    stock_quantity: Maybe = None


class Term(_Record):
    id: Text
    name: Text = ""
    parent: Text = ""


class Attribute(_Record):
    """Of a product with all its `options`, of a variation with its one `option`. An `id` of 0: the product's own, and not
    one of the whole shop."""

    id: Text = ""
    name: Text = ""
    position: int = 0
    visible: bool = False
    variation: bool = False
    options: tuple[Text, ...] = ()
    option: Text = ""


class Image(_Record):
    id: int


class WholeProduct(Product):
    """A product or a variation with what an ERP may own of it. Releases before 9.1 do not tell `global_unique_id`.
    `unreadable` names the field that could not be read; then there is no more of it here than what tells which it is."""

    description: Text = ""
    weight: Text = ""
    global_unique_id: Text = ""
    categories: tuple[Term, ...] = ()
    images: tuple[Image, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    meta_data: tuple[Meta, ...] = ()
    unreadable: str = ""

    @property
    def takes_barcodes(self) -> bool:
        return "global_unique_id" in self.model_fields_set

    def meta(self, key: str) -> Any:
        return meta_of(self.meta_data, key)


class Webhook(_Record):
    id: Text
    name: Text = ""
    status: Text = ""
    topic: Text = ""
    delivery_url: Text = ""
