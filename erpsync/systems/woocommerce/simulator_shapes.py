"""What the simulated shop's records look like in its API, field by field as in the vendor's examples.

https://woocommerce.github.io/woocommerce-rest-api-docs/; fields that came later are as real 10.0.2 and 7.9.0 shops have
them.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from erpsync.systems.woocommerce.simulator_shop import (
    RATE_ID,
    ZERO,
    Charge,
    Customer,
    Line,
    Order,
    Refund,
    Webhook,
    cents,
)


class Shapes:
    """`offset` is how far the shop's own time is from UTC: the fields without _gmt are in it."""

    def __init__(self, home: str, offset: timedelta) -> None:
        self.home = home
        self.offset = offset

    def order(self, order: Order) -> dict[str, Any]:
        discount = sum((line.subtotal - line.total for line in order.lines), ZERO)
        discount_tax = sum((order.tax_of(line.subtotal - line.total, line.taxed) for line in order.lines), ZERO)
        shipping = {name: value for name, value in order.billing.items() if name != "email"}
        return {
            "id": order.id,
            "parent_id": 0,
            "number": str(order.id),
            "order_key": f"wc_order_{order.id}",
            "created_via": "checkout",
            "version": "10.0.2",
            "status": order.status,
            "currency": order.currency,
            **self.dates(date_created=order.created_at, date_modified=order.modified_at),
            "discount_total": _text(discount),
            "discount_tax": _text(discount_tax),
            "shipping_total": _text(sum((line.total for line in order.shipping), ZERO)),
            "shipping_tax": _text(order.shipping_tax),
            "cart_tax": _text(order.cart_tax),
            "total": _text(order.total),
            "total_tax": _text(order.cart_tax + order.shipping_tax),
            "prices_include_tax": order.prices_include_tax,
            "customer_id": order.customer_id,
            "customer_ip_address": "203.0.113.7",
            "customer_user_agent": "Mozilla/5.0",
            "customer_note": order.note,
            "billing": order.billing,
            "shipping": shipping,
            "payment_method": order.payment_method,
            "payment_method_title": "Direct bank transfer",
            "transaction_id": "",
            **self.dates(date_paid=order.paid_at, date_completed=order.completed_at),
            "cart_hash": "",
            "meta_data": order.meta,
            "line_items": [_line(order, line) for line in order.lines],
            "tax_lines": _rates(order),
            "shipping_lines": [_shipping(order, line) for line in order.shipping],
            "fee_lines": [_fee(order, fee) for fee in order.fees],
            "coupon_lines": [],
            "refunds": [
                {"id": refund.id, "refund": refund.reason, "total": _text(-refund.amount)} for refund in order.refunds
            ],
            **_gift_cards(order),
            "payment_url": f"{self.home}/checkout/order-pay/{order.id}/",
            "is_editable": order.status in ("pending", "on-hold", "auto-draft"),
            "needs_payment": order.status in ("pending", "failed"),
            "needs_processing": True,
            "currency_symbol": "€",
            "_links": self.links(f"orders/{order.id}"),
        }

    def refund(self, order: Order, refund: Refund) -> dict[str, Any]:
        return {
            "id": refund.id,
            "parent_id": order.id,
            **self.dates(date_created=refund.created_at),
            "amount": _text(refund.amount),
            "reason": refund.reason,
            "refunded_by": 1,
            "refunded_payment": False,
            "meta_data": [],
            "line_items": [_refunded(order, refund, line) for line in order.lines if line.id in refund.lines],
            "shipping_lines": [],
            "tax_lines": [],
            "fee_lines": [],
            "_links": self.links(f"orders/{order.id}/refunds/{refund.id}", up=f"orders/{order.id}"),
        }

    def customer(self, customer: Customer) -> dict[str, Any]:
        names = {"first_name": customer.first_name, "last_name": customer.last_name, "company": customer.company}
        place = {"address_1": "", "address_2": "", "city": "", "state": "", "postcode": "", "country": "", "phone": ""}
        return {
            "id": customer.id,
            **self.dates(date_created=customer.created_at, date_modified=customer.modified_at),
            "email": customer.email,
            "first_name": customer.first_name,
            "last_name": customer.last_name,
            "role": customer.role,
            "username": customer.email.partition("@")[0],
            "billing": {**names, **place, "email": customer.email},
            "shipping": {**names, **place},
            "is_paying_customer": False,
            "avatar_url": "",
            "meta_data": [],
            "_links": self.links(f"customers/{customer.id}"),
        }

    def note(self, order: Order, note: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": note["id"],
            "author": "system",
            **self.dates(date_created=note["at"]),
            "note": note["note"],
            "customer_note": note["customer_note"],
            "_links": self.links(f"orders/{order.id}/notes/{note['id']}", up=f"orders/{order.id}"),
        }

    def webhook(self, hook: Webhook) -> dict[str, Any]:
        """Without its secret, which no answer tells."""
        resource, _, event = hook.topic.partition(".")
        return {
            "id": hook.id,
            "name": hook.name,
            "status": hook.status,
            "topic": hook.topic,
            "resource": resource,
            "event": event,
            "hooks": [],
            "delivery_url": hook.delivery_url,
            **self.dates(date_created=hook.created_at, date_modified=hook.created_at),
            "_links": self.links(f"webhooks/{hook.id}"),
        }

    def dates(self, **moments: datetime | None) -> dict[str, str | None]:
        told: dict[str, str | None] = {}
        for name, moment in moments.items():
            told[name] = None if moment is None else (moment + self.offset).strftime("%Y-%m-%dT%H:%M:%S")
            told[f"{name}_gmt"] = None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%S")
        return told

    def links(self, path: str, up: str = "") -> dict[str, Any]:
        base = f"{self.home}/wp-json/wc/v3"
        links = {"self": [{"href": f"{base}/{path}"}], "collection": [{"href": f"{base}/{path.rpartition('/')[0]}"}]}
        return links | ({"up": [{"href": f"{base}/{up}"}]} if up else {})


def _gift_cards(order: Order) -> dict[str, Any]:
    """Of an extension: without it there is no such field."""
    cards = [
        {"id": number, "code": f"G-{number}", "amount": float(card)} for number, card in enumerate(order.gift_cards)
    ]
    return {"gift_cards": cards} if cards else {}


def _line(order: Order, line: Line) -> dict[str, Any]:
    return {
        "id": line.id,
        "name": line.name,
        "product_id": line.product_id,
        "variation_id": line.variation_id,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": _text(line.subtotal),
        "subtotal_tax": _text(order.tax_of(line.subtotal, line.taxed)),
        "total": _text(line.total),
        "total_tax": _text(order.tax_of(line.total, line.taxed)),
        "taxes": _taxes(order, line.total, line.taxed, line.subtotal),
        "meta_data": [],
        "sku": line.sku,
        "price": float(line.total / line.quantity),
        "image": {"id": "", "src": ""},
        "parent_name": None,
    }


def _refunded(order: Order, refund: Refund, line: Line) -> dict[str, Any]:
    quantity, net, tax = refund.lines[line.id]
    return _line(order, line) | {
        "id": refund.id * 1000 + line.id,
        "quantity": -quantity,
        "subtotal": _text(-net),
        "subtotal_tax": _text(-tax),
        "total": _text(-net),
        "total_tax": _text(-tax),
        "taxes": [{"id": RATE_ID, "total": _text(-tax), "subtotal": _text(-tax)}],
        "meta_data": [{"id": line.id, "key": "_refunded_item_id", "value": str(line.id)}],
        "price": float(net / quantity) if quantity else 0,
    }


def _shipping(order: Order, line: Charge) -> dict[str, Any]:
    return {
        "id": line.id,
        "method_title": line.name,
        "method_id": line.method,
        "instance_id": "3",
        "total": _text(line.total),
        "total_tax": _text(order.tax_of(line.total, line.taxed)),
        "taxes": _taxes(order, line.total, line.taxed),
        "meta_data": [],
    }


def _fee(order: Order, fee: Charge) -> dict[str, Any]:
    return {
        "id": fee.id,
        "name": fee.name,
        "tax_class": "",
        "tax_status": "taxable" if fee.taxed else "none",
        "amount": str(fee.total),
        "total": _text(fee.total),
        "total_tax": _text(order.tax_of(fee.total, fee.taxed)),
        "taxes": _taxes(order, fee.total, fee.taxed),
        "meta_data": [],
    }


def _taxes(order: Order, amount: Decimal, taxed: bool, subtotal: Decimal | None = None) -> list[dict[str, Any]]:
    """Unrounded where the shop rounds at the subtotal."""
    if not taxed:
        return []

    def told(value: Decimal) -> str:
        tax = order.tax_of(value, taxed)
        return f"{tax.quantize(Decimal('0.000001')).normalize():f}" if order.round_at_subtotal else _text(tax)

    return [{"id": RATE_ID, "total": told(amount), "subtotal": "" if subtotal is None else told(subtotal)}]


def _rates(order: Order) -> list[dict[str, Any]]:
    if not (order.cart_tax or order.shipping_tax):
        return []
    return [
        {
            "id": order.id * 1000,
            "rate_code": "DE-MWST-1",
            "rate_id": RATE_ID,
            "label": "MwSt",
            "compound": False,
            "tax_total": _text(order.cart_tax),
            "shipping_tax_total": _text(order.shipping_tax),
            "rate_percent": float(order.rate * 100),
            "meta_data": [],
        }
    ]


def _text(amount: Decimal) -> str:
    return f"{cents(amount):f}"


def delivery_id(hook_id: int, moment: datetime) -> str:
    """Of the webhook and the second: two deliveries may well have the same."""
    return hashlib.md5(f"{hook_id}{int(moment.timestamp())}".encode(), usedforsecurity=False).hexdigest()


def only(record: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """`_fields` of any WordPress answer."""
    return {name: value for name, value in record.items() if not fields or name in fields}
