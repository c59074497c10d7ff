"""Shopify's fulfilment orders and fulfilments, as GraphQL spells them. See `wire`."""

from typing import Annotated, NotRequired, TypedDict

from pydantic import Field, StrictInt

from erpsync.systems.shopify.wire import Count, Gid, Identifier, Items, Page, Text, Wire
from erpsync.systems.shopify.wire_catalogue import Place


class OrderLine(Wire):
    id: Identifier
    sku: Text = ""


class ToShip(Wire):
    id: Gid
    remaining: Count = Field(alias="remainingQuantity")
    line: OrderLine = Field(alias="lineItem")


class Assigned(Wire):
    """`location` is null where it has since been deleted."""

    location: Place | None = None


class Delivery(Wire):
    method: Text = Field(default="", alias="methodType")


class Action(Wire):
    action: str


class Hold(Wire):
    reason: str


class FulfilmentOrder(Wire):
    id: Gid
    status: str
    assigned: Assigned = Field(alias="assignedLocation")
    delivery: Delivery | None = Field(default=None, alias="deliveryMethod")
    actions: Annotated[tuple[Action, ...], Items] = Field(default=(), alias="supportedActions")
    holds: Annotated[tuple[Hold, ...], Items] = Field(default=(), alias="fulfillmentHolds")
    lines: Page = Field(alias="lineItems")


class Tracking(Wire):
    number: Text = ""


class Shipped(Wire):
    quantity: StrictInt | None = None
    line: OrderLine = Field(alias="lineItem")


class Fulfilment(Wire):
    id: Gid
    name: str
    status: str
    tracking: Annotated[tuple[Tracking, ...], Items] = Field(default=(), alias="trackingInfo")
    lines: Page = Field(alias="fulfillmentLineItems")


class Metafield(Wire):
    key: str
    value: str


class Order(Wire):
    """What is known of an order's shipments."""

    id: Gid
    metafields: Page
    fulfilments: tuple[Fulfilment, ...] = Field(alias="fulfillments")
    fulfilment_orders: Page = Field(alias="fulfillmentOrders")


class LineInput(TypedDict):
    id: str
    quantity: int


class PartInput(TypedDict):
    fulfillmentOrderId: str
    fulfillmentOrderLineItems: list[LineInput]


class TrackingInput(TypedDict):
    company: NotRequired[str]
    numbers: list[str]
    urls: NotRequired[list[str]]


class FulfilmentInput(TypedDict):
    """https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/FulfillmentInput"""

    lineItemsByFulfillmentOrder: list[PartInput]
    notifyCustomer: bool
    trackingInfo: NotRequired[TrackingInput]
