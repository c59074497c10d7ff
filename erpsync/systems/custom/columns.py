"""Which tables and columns of a shop's own database hold what: one model a table, every name the shop's own."""

from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator

from erpsync.ports.settings import Table

_TEXT: TypeAdapter[dict[str, str]] = TypeAdapter(Table)


class Columns(BaseModel):
    """Names are as the database has them. One left empty: there is no such column."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=128)

    @property
    def named(self) -> dict[str, str]:
        """The columns that there are, by what they hold."""
        return {field: name for field, name in self.model_dump().items() if name and field != "table"}

    @model_validator(mode="after")
    def _required_names(self) -> Self:
        empty = [name for name, field in type(self).model_fields.items() if field.is_required() and not self._of(name)]
        if empty:
            raise ValueError(f"{', '.join(empty)} must name a column")
        return self

    def _of(self, field: str) -> str:
        return str(getattr(self, field))


class OrderTable(Columns):
    table: str = Field(description="Table of the orders, as in `orders` or `shop.orders`.")
    id: str = Field(description="Primary key.")
    number: str = Field(description="What people call the order; may be the same column as `id`.")
    created_at: str = Field(description="When it was placed.")
    updated_at: str = Field(description="Moves with every change of the order or its lines. Should have an index.")
    total: str = Field(description="What the buyer owes, with tax.")
    status: str = Field(default="", description="Translated by `statuses`; without it every order is open.")
    currency: str = Field(default="", description="Else the connection's `currency`.")
    paid: str = Field(default="", description="A boolean or a time: true, or not null, is paid.")
    payment_method: str = Field(default="", description="How it is paid.")
    note: str = Field(default="", description="The buyer's remark.")
    test: str = Field(default="", description="A boolean: a test order.")
    customer_id: str = Field(default="", description="The buyer's account; null for a guest.")
    email: str = Field(default="", description="The buyer's address.")
    first_name: str = Field(default="", description="The buyer's name.")
    last_name: str = Field(default="", description="The buyer's name.")
    company: str = Field(default="", description="The buyer's company.")
    phone: str = Field(default="", description="The buyer's telephone.")
    customer_group: str = Field(default="", description="The buyer's group.")
    shipping_method: str = Field(default="", description="Code of the shipping method.")
    shipping_price: str = Field(default="", description="What shipping costs.")
    shipping_tax: str = Field(default="", description="Tax on shipping, an amount.")
    shipping_tax_rate: str = Field(default="", description="In percent, as 19.")
    tip: str = Field(default="", description="An amount.")
    duties: str = Field(default="", description="An amount.")
    fees: str = Field(default="", description="An amount.")
    rounding: str = Field(default="", description="An amount.")
    erp_id: str = Field(default="", description="Written: the order's id in the ERP.")
    erp_number: str = Field(default="", description="Written: the order's number in the ERP.")
    hold: str = Field(default="", description="Written: why the order waits for a person; null when it does not.")


class AddressColumns(Columns):
    """Columns of the orders' table."""

    first_name: str = ""
    last_name: str = ""
    company: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    region_code: str = ""
    postal_code: str = ""
    country: str = Field(default="", description="ISO 3166-1 alpha-2.")
    phone: str = ""


class LineTable(Columns):
    table: str = Field(description="Table of the orders' lines.")
    id: str = Field(description="Primary key.")
    order_id: str = Field(description="The order's `id`.")
    sku: str = Field(description="What the ERP knows the item by.")
    quantity: str = Field(description="How many.")
    unit_price: str = Field(description="Before the discount.")
    title: str = Field(default="", description="What the buyer read.")
    discount: str = Field(default="", description="Of the whole line.")
    tax: str = Field(default="", description="Of the whole line, an amount.")
    tax_rate: str = Field(default="", description="In percent, as 19.")


class CustomerTable(Columns):
    table: str = Field(description="Table of the accounts.")
    id: str = Field(description="Primary key.")
    updated_at: str = Field(description="Moves with every change. Should have an index.")
    email: str = Field(description="Address.")
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    phone: str = ""
    customer_group: str = ""


class StockTable(Columns):
    table: str = Field(description="Table of stock.")
    sku: str = Field(description="The item.")
    quantity: str = Field(description="Written: how many may be sold.")
    location: str = Field(default="", description="The place; without it there is one place, called `main`.")


class PriceTable(Columns):
    table: str = Field(description="Table of prices, perhaps that of the products.")
    sku: str = Field(description="The item.")
    price: str = Field(description="Written: the base price. A promotion's column is never written.")


class FulfilmentTable(Columns):
    table: str = Field(description="Table of shipments; erpsync adds rows.")
    reference: str = Field(description="Our name of the shipment, text of up to 200 characters. Should be unique.")
    order_id: str = Field(description="The order's `id`.")
    number: str = Field(description="Tracking numbers, with commas between.")
    carrier: str = ""
    url: str = ""
    location: str = ""
    notify: str = Field(default="", description="A boolean: the shop is to tell the buyer.")


class FulfilmentLineTable(Columns):
    table: str = Field(description="Table of what is in a shipment; erpsync adds rows.")
    reference: str = Field(description="The shipment's `reference`.")
    line_id: str = Field(description="The order line's `id`.")
    quantity: str = Field(description="How many of it.")
    sku: str = ""


def _from_text(value: Any) -> Any:
    return _TEXT.validate_python(value) if isinstance(value, str) else value


T = TypeVar("T")
Declared = Annotated[T, BeforeValidator(_from_text)]
"""A table of names, or the same as text: "table=orders, id=order_id"."""
