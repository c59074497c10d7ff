"""WooCommerce's order as the canonical order. Pure.

A partial refund leaves the order as it was bought: what was given back is in its refunds (see `after_sale`). Lines always
have their amounts without tax; where the shop's prices contain it (`prices_include_tax`) it is added to them again.
Source: https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties.
"""

import html
import re
from collections.abc import Mapping

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.ids import SourceId
from erpsync.domain.money import Money, total
from erpsync.domain.orders import Order, OrderStatus, ShippingLine
from erpsync.domain.parties import Address, Customer
from erpsync.systems.woocommerce import wire
from erpsync.systems.woocommerce.order_lines import Sums, order_lines
from erpsync.systems.woocommerce.refusals import rejected
from erpsync.systems.woocommerce.settings import WooCommerceSettings

_CURRENCY = re.compile(r"[A-Z]{3}")
DRAFTS = frozenset({"auto-draft", "checkout-draft", "draft", "new", "trash"})
GIFT_CARD = "gift_card"


def read_order(payload: Mapping[str, object], settings: WooCommerceSettings) -> Order:
    """The canonical order. Raises Rejected naming the field that cannot be read, and Skip for what is no order yet.
    Whether it adds up is for the flow."""
    order = parse(payload)
    record = f"order {order.number[:40]}"
    if order.status in DRAFTS or order.status in settings.unplaced_statuses:
        what = f'The order has the status "{order.status}": the buyer has not placed it, or the shop has put it away.'
        raise Skip("order-not-placed", what=what, record=record)
    if not _CURRENCY.fullmatch(order.currency):
        raise unreadable(record, "currency", "is not a currency's three letters")
    if any(line.quantity < 0 or (line.total and not line.quantity) for line in order.line_items):
        raise unreadable(record, "line_items.quantity", "is negative, or zero for a line that has a price")
    return _order(order, settings)


def parse(payload: Mapping[str, object]) -> wire.Order:
    """The order as WooCommerce has it. Raises Rejected naming the field that cannot be read."""
    record = f"order {str(payload.get('number') or payload.get('id') or 'without a number')[:40]}"
    try:
        return wire.Order.model_validate(payload)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        complaint = "is missing" if first["type"] == "missing" else "cannot be read"
        raise unreadable(record, field, complaint) from None


def unreadable(record: str, field: str, complaint: str) -> Rejected:
    return rejected(
        "order-unreadable",
        f"The field {field} {complaint}.",
        "Look at the order in WooCommerce: a plugin may have changed what its REST API tells. Correct it, then replay.",
        record,
    )


def money(amount: object, currency: str) -> Money:
    return Money.model_validate({"amount": amount, "currency": currency})


def address(given: wire.Address) -> Address | None:
    """None where there is nothing in it: a shop that ships nothing asks for no address."""
    found = Address(
        first_name=given.first_name,
        last_name=given.last_name,
        company=given.company,
        line1=given.address_1,
        line2=given.address_2,
        city=given.city,
        region=given.state,
        region_code=given.state,
        postal_code=given.postcode,
        country=given.country,
        phone=given.phone,
    )
    return None if found == Address() else found


def _order(order: wire.Order, settings: WooCommerceSettings) -> Order:
    goods = order_lines(order)
    gift_cards = total([money(card.amount, order.currency) for card in order.gift_cards], order.currency)
    nothing = money(0, order.currency)
    return Order(
        source_id=SourceId(order.id),
        number=order.number,
        created_at=order.date_created_gmt,
        updated_at=order.date_modified_gmt,
        status=_status(order, settings),
        # WooPayments notes it on the order; core WooCommerce has no test orders.
        test=order.meta("_wcpay_mode") == "test",
        currency=order.currency,
        taxes_included=order.prices_include_tax,
        customer=_customer(order),
        billing=address(order.billing),
        shipping=address(order.shipping) or address(order.billing),
        lines=goods.lines,
        shipping_lines=_shipping(order, goods, settings),
        tip=nothing,
        duties=nothing,
        fees=goods.fees,
        rounding=nothing,
        # Gift cards pay for an order, they do not make it cheaper.
        total=money(order.total, order.currency) + gift_cards,
        paid=order.date_paid_gmt is not None,
        payment_methods=payment_methods(order),
        note=order.customer_note,
    )


def payment_methods(order: wire.Order) -> tuple[str, ...]:
    return tuple(method for method in (order.payment_method, GIFT_CARD if order.gift_cards else "") if method)


def _status(order: wire.Order, settings: WooCommerceSettings) -> OrderStatus:
    """Refunded in full: closed where the goods were sent before, else cancelled, so that they are not sent now."""
    if order.status == "refunded":
        return OrderStatus.CANCELLED if order.date_completed_gmt is None else OrderStatus.CLOSED
    if order.status in settings.cancelled_statuses:
        return OrderStatus.CANCELLED
    return OrderStatus.CLOSED if order.status in settings.closed_statuses else OrderStatus.OPEN


def _customer(order: wire.Order) -> Customer:
    billing = order.billing
    return Customer(
        source_id=SourceId(order.customer_id) if order.customer_id not in ("", "0") else None,
        email=billing.email,
        first_name=billing.first_name or order.shipping.first_name,
        last_name=billing.last_name or order.shipping.last_name,
        company=billing.company,
        phone=billing.phone,
    )


def _shipping(order: wire.Order, goods: Sums, settings: WooCommerceSettings) -> tuple[ShippingLine, ...]:
    return tuple(
        ShippingLine(
            source_id=SourceId(line.id),
            code=_code(line, settings),
            title=html.unescape(line.method_title),
            price=money(line.total + (line.total_tax if order.prices_include_tax else 0), order.currency),
            discount=money(0, order.currency),
            taxes=goods.shipping_taxes[line.id],
        )
        for line in order.shipping_lines
    )


def _code(line: wire.Shipping, settings: WooCommerceSettings) -> str:
    """Old releases put the instance into the method's id ("flat_rate:3")."""
    method, _, instance = line.method_id.partition(":")
    title = html.unescape(line.method_title)
    instance = instance or line.instance_id
    by_instance = f"{method}:{instance}" if instance else method
    return {"method": method, "instance": by_instance, "title": title}[settings.shipping_code] or title
