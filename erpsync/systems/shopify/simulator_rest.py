"""The simulated store's orders as the bodies of webhooks."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from erpsync.systems.shopify.simulator_orders import (
    ZERO,
    Line,
    Order,
    Person,
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

# Webhooks tell times in the store's own zone, GraphQL in UTC.
_ZONE = timezone(timedelta(hours=-5))


class RestView:
    """Spelled and shaped as the body of an orders/* webhook."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.shop = totals(order, in_shop_money)
        self.presentment = totals(order, in_presentment_money(order))

    def money(self, amount: Decimal) -> dict[str, Any]:
        return self.pair(amount, in_presentment_money(self.order)(amount))

    def pair(self, shop: Decimal, presentment: Decimal) -> dict[str, Any]:
        return {
            "shop_money": {"amount": f"{cents(shop):f}", "currency_code": self.order.currency},
            "presentment_money": {
                "amount": f"{cents(presentment):f}",
                "currency_code": self.order.presentment_currency,
            },
        }

    def total(self, name: str) -> dict[str, Any]:
        return self.pair(self.shop[name], self.presentment[name])

    def text(self, name: str) -> str:
        return f"{cents(self.shop[name]):f}"

    def body(self) -> dict[str, Any]:
        order = self.order
        return {
            "id": order.id,
            "admin_graphql_api_id": gid("Order", order.id),
            "app_id": 1354745,
            "browser_ip": None,
            "buyer_accepts_marketing": False,
            "cancel_reason": "customer" if order.cancelled_at else None,
            "cancelled_at": _time(order.cancelled_at),
            "cart_token": None,
            "checkout_id": None,
            "checkout_token": None,
            "client_details": None,
            "closed_at": _time(order.closed_at),
            "company": None,
            "confirmation_number": f"SIM{order.number}",
            "confirmed": True,
            "contact_email": order.email or None,
            "created_at": _time(order.created_at),
            "currency": order.currency,
            **self._current(),
            "customer_locale": "en",
            "device_id": None,
            "discount_codes": [],
            "duties_included": order.duties_included,
            "email": order.email,
            "estimated_taxes": False,
            "financial_status": order.financial_status.lower(),
            "fulfillment_status": None,
            "landing_site": None,
            "landing_site_ref": None,
            "location_id": None,
            "merchant_business_entity_id": "MTIzNDU",
            "merchant_of_record_app_id": None,
            "name": order.name,
            "note": order.note,
            "note_attributes": [],
            "number": order.number - 1000,
            "order_number": order.number,
            "order_status_url": f"https://example.com/orders/{order.number}",
            "original_total_additional_fees_set": self.money(order.fees) if order.fees else None,
            "original_total_duties_set": self.money(order.duties) if order.duties else None,
            "payment_gateway_names": list(order.gateways),
            "phone": None,
            "po_number": None,
            "presentment_currency": order.presentment_currency,
            "processed_at": _time(order.created_at),
            "reference": None,
            "referring_site": None,
            "source_identifier": None,
            "source_name": "web",
            "source_url": None,
            "subtotal_price": self.text("lines"),
            "subtotal_price_set": self.total("lines"),
            "tags": ", ".join(order.tags),
            "tax_exempt": False,
            "tax_lines": [],
            "taxes_included": order.taxes_included,
            "test": order.test,
            "token": "0" * 32,
            **self._totals(),
            "total_weight": 0,
            "updated_at": _time(order.updated_at),
            "user_id": None,
            "billing_address": _place(order.billing),
            "customer": _customer(order.customer),
            "discount_applications": [],
            "fulfillments": [],
            "line_items": [self._line(line) for line in order.lines],
            "payment_terms": None,
            "refunds": [self.refund(refund) for refund in order.refunds],
            "shipping_address": _place(order.shipping_address),
            "shipping_lines": [self._shipping(shipping) for shipping in order.shipping],
            "returns": [],
        }

    def _current(self) -> dict[str, Any]:
        order = self.order
        return {
            "current_shipping_price_set": self.total("current_shipping"),
            "current_subtotal_price": self.text("current_lines"),
            "current_subtotal_price_set": self.total("current_lines"),
            "current_total_additional_fees_set": self.money(order.fees) if order.fees else None,
            "current_total_discounts": self.text("discounts"),
            "current_total_discounts_set": self.total("discounts"),
            "current_total_duties_set": self.money(order.duties) if order.duties else None,
            "current_total_price": self.text("current_total"),
            "current_total_price_set": self.total("current_total"),
            "current_total_tax": self.text("current_tax"),
            "current_total_tax_set": self.total("current_tax"),
        }

    def _totals(self) -> dict[str, Any]:
        order = self.order
        return {
            "total_cash_rounding_payment_adjustment_set": self.money(order.rounding_paid),
            "total_cash_rounding_refund_adjustment_set": self.money(order.rounding_back),
            "total_discounts": self.text("discounts"),
            "total_discounts_set": self.total("discounts"),
            "total_line_items_price": self.text("lines"),
            "total_line_items_price_set": self.total("lines"),
            "total_outstanding": "0.00",
            "total_price": self.text("total"),
            "total_price_set": self.total("total"),
            "total_shipping_price_set": self.total("shipping"),
            "total_tax": self.text("tax"),
            "total_tax_set": self.total("tax"),
            "total_tip_received": f"{cents(order.tip):f}",
        }

    def _line(self, line: Line) -> dict[str, Any]:
        return {
            "id": line.id,
            "admin_graphql_api_id": gid("LineItem", line.id),
            "attributed_staffs": [],
            "current_quantity": line.current,
            "fulfillable_quantity": line.current,
            "fulfillment_service": "manual",
            "fulfillment_status": None,
            "gift_card": line.gift_card,
            "grams": 0,
            "name": line.title,
            "price": f"{cents(line.unit_price):f}",
            "price_set": self.money(line.unit_price),
            "product_exists": line.sku is not None,
            "product_id": None,
            "properties": [],
            "quantity": line.quantity,
            "requires_shipping": line.requires_shipping,
            "sku": line.sku,
            "taxable": line.taxable,
            "title": line.title,
            "total_discount": "0.00",
            "total_discount_set": self.money(ZERO),
            "variant_id": None,
            "variant_inventory_management": "shopify",
            "variant_title": None,
            "vendor": None,
            "tax_lines": self._taxes(line.taxes),
            "duties": [],
            "discount_allocations": self._discounts(line.discounts),
        }

    def _shipping(self, shipping: Shipping) -> dict[str, Any]:
        after = shipping.price - sum(shipping.discounts, ZERO)
        now = self.pair(
            shipping_now(self.order, shipping, in_shop_money),
            shipping_now(self.order, shipping, in_presentment_money(self.order)),
        )
        return {
            "id": shipping.id,
            "carrier_identifier": None,
            "code": shipping.code,
            "current_discounted_price_set": now,
            "discounted_price": f"{cents(after):f}",
            "discounted_price_set": self.money(after),
            "is_removed": shipping.removed,
            "phone": None,
            "price": f"{cents(shipping.price):f}",
            "price_set": self.money(shipping.price),
            "requested_fulfillment_service_id": None,
            "source": "shopify",
            "title": shipping.title,
            "tax_lines": self._taxes(shipping.taxes),
            "discount_allocations": self._discounts(shipping.discounts),
        }

    def _taxes(self, taxes: Sequence[Tax]) -> list[dict[str, Any]]:
        return [
            {
                "channel_liable": False,
                "price": f"{cents(tax.amount):f}",
                "price_set": self.money(tax.amount),
                "rate": tax.rate,
                "title": tax.title,
            }
            for tax in taxes
        ]

    def _discounts(self, discounts: Sequence[Decimal]) -> list[dict[str, Any]]:
        return [
            {"amount": f"{cents(each):f}", "amount_set": self.money(each), "discount_application_index": i}
            for i, each in enumerate(discounts)
        ]

    def refund(self, refund: Refund) -> dict[str, Any]:
        """Within an order, and, with its order's id, the body of refunds/create."""
        return {
            "id": refund.id,
            "admin_graphql_api_id": gid("Refund", refund.id),
            "created_at": _time(refund.created_at),
            "note": None,
            "order_id": self.order.id,
            "processed_at": _time(refund.created_at),
            "restock": False,
            "user_id": None,
            "order_adjustments": [self._adjustment(refund, *each) for each in refund.adjustments],
            "transactions": [],
            "refund_line_items": [self._refunded_line(each) for each in refund.lines],
            "refund_shipping_lines": [self._refunded_shipping(each) for each in refund.shipping],
            "duties": [],
        }

    def _adjustment(self, refund: Refund, number: int, amount: Decimal) -> dict[str, Any]:
        return {
            "id": number,
            "order_id": self.order.id,
            "refund_id": refund.id,
            "amount": f"{cents(amount):f}",
            "amount_set": self.money(amount),
            "tax_amount": "0.00",
            "tax_amount_set": self.money(ZERO),
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
        }

    def _refunded_line(self, each: RefundedLine) -> dict[str, Any]:
        return {
            "id": each.id,
            "line_item_id": each.line.id,
            "location_id": None,
            "quantity": each.quantity,
            "restock_type": each.restock,
            "subtotal": each.net,
            "subtotal_set": self.money(each.net),
            "total_tax": each.tax,
            "total_tax_set": self.money(each.tax),
            "line_item": self._line(each.line),
        }

    def _refunded_shipping(self, each: RefundedShipping) -> dict[str, Any]:
        return {
            "id": each.id,
            "shipping_line_id": each.shipping.id,
            "subtotal_amount_set": self.money(each.net),
            "tax_amount_set": self.money(each.tax),
        }


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(_ZONE).isoformat() if moment else None


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "first_name": place.first_name,
        "address1": place.address1,
        "phone": place.phone or None,
        "city": place.city,
        "zip": place.zip,
        "province": place.province,
        "country": place.country,
        "last_name": place.last_name,
        "address2": None,
        "company": place.company or None,
        "latitude": None,
        "longitude": None,
        "name": f"{place.first_name} {place.last_name}",
        "country_code": place.country_code,
        "province_code": place.province_code,
    }


def _customer(person: Person | None) -> dict[str, Any] | None:
    if person is None:
        return None
    return {
        "id": person.id,
        "email": person.email,
        "created_at": None,
        "updated_at": None,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "phone": person.phone or None,
        "tags": "",
        "currency": "EUR",
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", person.id),
    }
