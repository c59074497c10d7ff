"""How the simulated API writes orders and what belongs to them: amounts are text of four decimals in v2."""

from decimal import Decimal

from erpsync.systems.bigcommerce.simulator_http import rfc, text
from erpsync.systems.bigcommerce.simulator_shop import Json, Shop

STATUSES = {
    0: "Incomplete",
    1: "Pending",
    2: "Shipped",
    3: "Partially Shipped",
    4: "Refunded",
    5: "Cancelled",
    6: "Declined",
    7: "Awaiting Payment",
    8: "Awaiting Pickup",
    9: "Awaiting Shipment",
    10: "Completed",
    11: "Awaiting Fulfillment",
    12: "Manual Verification Required",
    13: "Disputed",
    14: "Partially Refunded",
}


def head_json(order: Json, shop: Shop) -> Json:
    lines, shipping, wrapped = order["lines"], order["shipping"], order["wrapped"]
    subtotal = {key: sum((line[key] for line in lines), Decimal(0)) for key in ("ex", "inc", "tax")}
    return {
        "id": order["id"],
        "customer_id": order["customer_id"],
        "date_created": rfc(order["date_created"]),
        "date_modified": rfc(order["date_modified"]),
        "date_shipped": "",
        "status_id": order["status_id"],
        "status": STATUSES[order["status_id"]],
        "subtotal_ex_tax": text(subtotal["ex"]),
        "subtotal_inc_tax": text(subtotal["inc"]),
        "subtotal_tax": text(subtotal["tax"]),
        "shipping_cost_ex_tax": text(shipping["ex"]),
        "shipping_cost_inc_tax": text(shipping["inc"]),
        "shipping_cost_tax": text(shipping["tax"]),
        "handling_cost_ex_tax": "0.0000",
        "handling_cost_inc_tax": "0.0000",
        "handling_cost_tax": "0.0000",
        "wrapping_cost_ex_tax": text(wrapped["ex"]),
        "wrapping_cost_inc_tax": text(wrapped["inc"]),
        "wrapping_cost_tax": text(wrapped["tax"]),
        "total_ex_tax": text(order["total"] - order["tax"]),
        "total_inc_tax": text(order["total"]),
        "total_tax": text(order["tax"]),
        "is_tax_inclusive_pricing": shop.inclusive,
        "items_total": sum(line["quantity"] for line in lines),
        "items_shipped": sum(line["shipped"] for line in lines),
        "payment_method": order["payment_method"],
        "payment_status": order["payment_status"],
        "refunded_amount": text(sum((refund["total_amount"] for refund in order["refunds"]), Decimal(0))),
        "store_credit_amount": text(order["store_credit"]),
        "gift_certificate_amount": text(order["gift_certificate"]),
        "currency_code": order["currency"],
        "default_currency_code": order["currency"],
        "store_default_currency_code": shop.currency,
        "staff_notes": order["staff_notes"],
        "customer_message": order["customer_message"],
        "discount_amount": text(order["discount_amount"]),
        "coupon_discount": text(order["coupon_discount"]),
        "shipping_address_count": len(order["addresses"]),
        "is_deleted": order["is_deleted"],
        "billing_address": order["billing"],
        "channel_id": 1,
        "external_order_id": order["external_order_id"],
        "products": link_json(order, None),
    }


def line_json(order: Json, line: Json) -> Json:
    given = sum((Decimal(one["amount"]) for one in line["discounts"]), Decimal(0))
    return {
        "id": line["id"],
        "order_id": order["id"],
        "product_id": line["product_id"],
        "variant_id": line["variant_id"],
        "order_address_id": line["address"],
        "name": line["name"],
        "sku": line["sku"],
        "type": line["type"],
        "base_price": text(line["price"]),
        "price_ex_tax": text(line["price_ex"]),
        "price_inc_tax": text(line["price_inc"]),
        "price_tax": text(line["price_inc"] - line["price_ex"]),
        "total_ex_tax": text(line["ex"]),
        "total_inc_tax": text(line["inc"]),
        "total_tax": text(line["tax"]),
        "quantity": line["quantity"],
        "quantity_shipped": line["shipped"],
        "quantity_refunded": line["refunded"],
        "is_refunded": line["refunded"] >= line["quantity"],
        "applied_discounts": line["discounts"],
        "discounted_total_inc_tax": text(line["inc"] - given),
    }


def tax_json(order: Json, address: int, amount: Decimal, rate: Decimal, told: Json) -> Json:
    return {
        "id": 1,
        "order_id": order["id"],
        "order_address_id": address,
        "name": "VAT",
        "class": "Default Tax Class",
        "rate": text(rate * 100),
        "priority": 0,
        "priority_amount": text(amount),
        "line_amount": text(amount),
        **told,
    }


def fee_json(fee: Json) -> Json:
    return {
        "id": fee["id"],
        "type": "custom_fee",
        "display_name_customer": fee["name"],
        "base_cost": text(fee["inc"] - fee["tax"]),
        "cost_ex_tax": text(fee["inc"] - fee["tax"]),
        "cost_inc_tax": text(fee["inc"]),
        "cost_tax": text(fee["tax"]),
    }


def link_json(order: Json, line: Json | None) -> Json:
    path = f"/orders/{order['id']}/products" + (f"/{line['id']}" if line else "")
    return {"url": f"https://api.bigcommerce.com/stores/x/v2{path}", "resource": path}
