"""The simulated store's orders as the Admin API's types."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from erpsync.systems.shopify.simulator_catalogue import Catalogue
from erpsync.systems.shopify.simulator_orders import (
    Line,
    Order,
    Place,
    Refund,
    RefundedLine,
    RefundedShipping,
    Shipping,
    Tax,
    cents,
    gid,
    in_presentment_money,
    in_shop_money,
    shipping_now,
    totals,
)
from erpsync.systems.shopify.simulator_search import connection
from erpsync.systems.shopify.simulator_views import fulfilment, fulfilment_order, transaction


class GraphqlView:
    """Spelled and shaped as the Admin API's types. Values that take arguments are functions."""

    def __init__(
        self, order: Order, catalogue: Catalogue, scopes: frozenset[str], deny: Callable[[str, str], Any]
    ) -> None:
        """`deny(field, scope)` raises the error for a field that the app may not read."""
        self.order = order
        self.catalogue = catalogue
        self.scopes = scopes
        self.deny = deny
        self.shop = totals(order, in_shop_money)
        self.presentment = totals(order, in_presentment_money(order))

    def money(self, amount: Decimal) -> dict[str, Any]:
        return self.pair(amount, in_presentment_money(self.order)(amount))

    def pair(self, shop: Decimal, presentment: Decimal) -> dict[str, Any]:
        return {
            "shopMoney": {"amount": _decimal(shop), "currencyCode": self.order.currency},
            "presentmentMoney": {
                "amount": _decimal(presentment),
                "currencyCode": self.order.presentment_currency,
            },
        }

    def total(self, name: str) -> dict[str, Any]:
        return self.pair(self.shop[name], self.presentment[name])

    def node(self) -> dict[str, Any]:
        order = self.order
        return {
            "__typename": "Order",
            "id": gid("Order", order.id),
            "name": order.name,
            "test": order.test,
            "note": order.note,
            "email": order.email or None,
            "phone": None,
            "createdAt": _time(order.created_at),
            "updatedAt": _time(order.updated_at),
            "cancelledAt": _time(order.cancelled_at),
            "closedAt": _time(order.closed_at),
            "currencyCode": order.currency,
            "presentmentCurrencyCode": order.presentment_currency,
            "taxesIncluded": order.taxes_included,
            "dutiesIncluded": order.duties_included,
            "displayFinancialStatus": order.financial_status,
            "paymentGatewayNames": list(order.gateways),
            "customer": self._customer,
            "billingAddress": place(order.billing),
            "shippingAddress": place(order.shipping_address),
            "lineItems": _connection([self.line(line) for line in order.lines]),
            "shippingLines": _connection([self._shipping(each) for each in order.shipping if not each.removed]),
            "refunds": [self.refund(refund) for refund in order.refunds],
            "currentTotalPriceSet": self.total("current_total"),
            "currentTotalTaxSet": self.total("current_tax"),
            "currentTotalDutiesSet": self.money(order.duties) if order.duties else None,
            "currentTotalAdditionalFeesSet": self.money(order.fees) if order.fees else None,
            "totalTipReceivedSet": self.money(order.tip),
            "refundDiscrepancySet": self.total("adjusted"),
            "totalCashRoundingAdjustment": {
                "paymentSet": self.money(order.rounding_paid),
                "refundSet": self.money(order.rounding_back),
            },
            "totalReceivedSet": self.money(order.received),
            "tags": list(order.tags),
            "metafields": self._metafields,
            "transactions": lambda _info, first=None: [
                transaction(each, self.money, order) for each in order.transactions[:first]
            ],
            "fulfillments": lambda _info, first=None: [fulfilment(e, self.line) for e in order.fulfilments[:first]],
            "fulfillmentOrders": self._fulfilment_orders,
        }

    def refund(self, refund: Refund) -> dict[str, Any]:
        return {
            "__typename": "Refund",
            "id": gid("Refund", refund.id),
            "createdAt": _time(refund.created_at),
            "note": None,
            "order": lambda _info: self.node(),
            "totalRefundedSet": self.money(refund.paid_back),
            "transactions": connection(
                [each for each in self.order.transactions if each.refund == refund.id],
                lambda each: transaction(each, self.money, self.order),
                lambda each: (each.id,),
            ),
            "updatedAt": _time(refund.created_at),
            "refundLineItems": _connection([self._refunded_line(each) for each in refund.lines]),
            "refundShippingLines": _connection([self._refunded_shipping(each) for each in refund.shipping]),
        }

    def _fulfilment_orders(self, info: Any, first: int | None = None, after: str | None = None) -> dict[str, Any]:
        if not self.scopes & {"read_merchant_managed_fulfillment_orders", "write_merchant_managed_fulfillment_orders"}:
            self.deny("fulfillmentOrders", "read_merchant_managed_fulfillment_orders")
        listed: dict[str, Any] = connection(
            self.order.fulfilment_orders,
            lambda each: fulfilment_order(each, self.order, self.catalogue, self.line),
            lambda each: (each.id,),
        )(info, first, after)
        return listed

    def _metafields(
        self, info: Any, first: int | None = None, after: str | None = None, namespace: str = "", **_: Any
    ) -> Any:
        prefix = f"{namespace}." if namespace else ""
        names = sorted(name for name in self.order.metafields if name.startswith(prefix))
        return connection(names, self._metafield, lambda name: (name,))(info, first, after)

    def _metafield(self, name: str) -> dict[str, Any]:
        namespace, _, key = name.partition(".")
        return self.order.metafields[name] | {"__typename": "Metafield", "namespace": namespace, "key": key}

    def _customer(self, info: object) -> dict[str, Any] | None:  # noqa: ARG002 - as graphql calls it
        if "read_customers" not in self.scopes:
            self.deny("customer", "read_customers")
        person = self.order.customer
        if person is None:
            return None
        return {
            "id": gid("Customer", person.id),
            "firstName": person.first_name,
            "lastName": person.last_name,
            "defaultEmailAddress": {"emailAddress": person.email},
            "defaultPhoneNumber": {"phoneNumber": person.phone} if person.phone else None,
        }

    def line(self, line: Line) -> dict[str, Any]:
        return {
            "id": gid("LineItem", line.id),
            "sku": line.sku,
            "name": line.title,
            "title": line.title,
            "quantity": line.quantity,
            "currentQuantity": line.current,
            "requiresShipping": line.requires_shipping,
            "isGiftCard": line.gift_card,
            "originalUnitPriceSet": self.money(line.unit_price),
            "discountAllocations": [{"allocatedAmountSet": self.money(each)} for each in line.discounts],
            "taxLines": self._taxes(line.taxes),
        }

    def _shipping(self, shipping: Shipping) -> dict[str, Any]:
        return {
            "id": gid("ShippingLine", shipping.id),
            "code": shipping.code,
            "title": shipping.title,
            "isRemoved": shipping.removed,
            "originalPriceSet": self.money(shipping.price),
            "currentDiscountedPriceSet": self.pair(
                shipping_now(self.order, shipping, in_shop_money),
                shipping_now(self.order, shipping, in_presentment_money(self.order)),
            ),
            "discountAllocations": [{"allocatedAmountSet": self.money(each)} for each in shipping.discounts],
            "taxLines": self._taxes(shipping.taxes),
        }

    def _taxes(self, taxes: Sequence[Tax]) -> list[dict[str, Any]]:
        return [{"title": tax.title, "rate": float(tax.rate), "priceSet": self.money(tax.amount)} for tax in taxes]

    def _refunded_line(self, each: RefundedLine) -> dict[str, Any]:
        return {
            "quantity": each.quantity,
            "restocked": each.restock != "no_restock",
            "lineItem": self.line(each.line),
            "subtotalSet": self.money(each.net),
            "totalTaxSet": self.money(each.tax),
        }

    def _refunded_shipping(self, each: RefundedShipping) -> dict[str, Any]:
        return {
            "shippingLine": self._shipping(each.shipping),
            "subtotalAmountSet": self.money(each.net),
            "taxAmountSet": self.money(each.tax),
        }


def _connection(nodes: Sequence[Mapping[str, Any]]) -> Callable[..., dict[str, Any]]:
    def page(info: object, first: int | None = None, after: str | None = None) -> dict[str, Any]:  # noqa: ARG001
        if first is None:
            raise ValueError("you must provide one of first or last")
        start = int(after.removeprefix("cursor-")) if after else 0
        shown = nodes[start : start + first]
        end = start + len(shown)
        return {
            "nodes": shown,
            "pageInfo": {"hasNextPage": end < len(nodes), "endCursor": f"cursor-{end}" if shown else None},
        }

    return page


def _time(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _decimal(amount: Decimal) -> str:
    """As Shopify writes it: 10.0, 10.9, 10.95."""
    text = f"{cents(amount):f}"
    return text[:-1] if text.endswith("0") else text


def place(given: Place | None) -> dict[str, Any] | None:
    if given is None:
        return None
    return {
        "firstName": given.first_name,
        "lastName": given.last_name,
        "company": given.company or None,
        "address1": given.address1,
        "address2": None,
        "city": given.city,
        "province": given.province,
        "provinceCode": given.province_code,
        "zip": given.zip,
        "countryCodeV2": given.country_code,
        "phone": given.phone or None,
    }
