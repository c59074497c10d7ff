"""Shopify's payments and refunds, under the names that `documents` asks for. See `wire`."""

from typing import Annotated

from pydantic import StrictBool

from erpsync.systems.shopify.wire import (
    Count,
    Identifier,
    Items,
    Moment,
    MoneySet,
    Reference,
    RefundShippingLine,
    Text,
    Wire,
)


class Transaction(Wire):
    """https://shopify.dev/docs/api/admin-graphql/2026-10/objects/OrderTransaction"""

    id: Identifier
    kind: str
    status: str
    gateway: Text = ""
    created_at: Moment | None = None
    processed_at: Moment | None = None
    amount_set: MoneySet
    rounding_set: MoneySet | None = None
    parent: Reference | None = None

    @property
    def succeeded(self) -> bool:
        return self.status == "SUCCESS"


class Transactions(Wire):
    nodes: tuple[Transaction, ...]


class Item(Wire):
    id: Identifier
    sku: Text = ""


class RefundLineItem(Wire):
    line_item: Item
    quantity: Count
    restocked: StrictBool = False
    subtotal_set: MoneySet
    total_tax_set: MoneySet


class Payments(Wire):
    """An order's money. Its refunds are read on their own."""

    id: Identifier
    name: str
    currency: str
    presentment_currency: Text = ""
    taxes_included: StrictBool
    total_received_set: MoneySet
    transactions: tuple[Transaction, ...]


class Refund(Wire):
    id: Identifier
    created_at: Moment | None = None
    updated_at: Moment
    note: Text = ""
    refund_line_items: Annotated[tuple[RefundLineItem, ...], Items] = ()
    refund_shipping_lines: Annotated[tuple[RefundShippingLine, ...], Items] = ()
    transactions: Transactions
