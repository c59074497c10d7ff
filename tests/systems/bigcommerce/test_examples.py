"""The examples of BigCommerce's own documents are read, and its orders add up or are refused."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from erpsync.domain.errors import SyncError
from erpsync.domain.orders import Balance, rounded
from erpsync.systems.bigcommerce import wire
from erpsync.systems.bigcommerce.mapper import Parts, read_order
from erpsync.systems.bigcommerce.money import payments, refund
from erpsync.systems.bigcommerce.order_lines import Basis
from erpsync.systems.bigcommerce.reading import read
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from tests.systems.bigcommerce.contract import contract_in

SETTINGS = BigCommerceSettings.model_validate(
    {"store_hash": "abc", "access_token": "t", "webhook_secret": "sixteen-characters"}
)
READ = [
    ("/v2/orders", wire.Order),
    ("/v2/orders/1", wire.Order),
    ("/v2/orders/1/products", wire.Line),
    ("/v2/orders/1/shipping_addresses", wire.Shipping),
    ("/v2/orders/1/taxes", wire.Tax),
    ("/v2/orders/1/shipments", wire.Shipment),
    ("/v3/orders/1/transactions", wire.Transaction),
    ("/v3/orders/1/payment_actions/refunds", wire.Refund),
    ("/v3/catalog/products", wire.Product),
    ("/v3/catalog/variants", wire.Variant),
    ("/v3/catalog/products/1/images", wire.Image),
    ("/v3/catalog/products/1/metafields", wire.Metafield),
    ("/v3/customers", wire.Customer),
    ("/v3/inventory/items", wire.Item),
    ("/v3/inventory/locations", wire.Location),
    ("/v3/pricelists/1/records", wire.Record),
    ("/v3/hooks", wire.Hook),
]


def rows(contracts: Path, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for example in contract_in(contracts).examples("GET", path):
        data = example.get("data", example) if isinstance(example, dict) else example
        found += data if isinstance(data, list) else [data]
    # Examples are numbers of YAML; the client reads JSON's as Decimals. Some are of a record that is to be made.
    exact: list[dict[str, Any]] = json.loads(json.dumps(found, default=str), parse_float=Decimal)
    return [row for row in exact if row and (path != "/v3/customers" or "id" in row)]


@pytest.mark.parametrize(("path", "model"), READ)
def test_documented_records_are_read(contracts: Path, path: str, model: type[BaseModel]) -> None:
    for row in rows(contracts, path):
        read(model, row, "example")


def test_documented_orders_add_up_or_are_refused_with_their_sums(contracts: Path) -> None:
    """An order's example comes without its lines: one line of its subtotal stands for them."""
    told: dict[int, str] = {}
    for row in [*rows(contracts, "/v2/orders"), *rows(contracts, "/v2/orders/1")]:
        for fees in {False, "fees" in row}:
            head = read(wire.Order, {"default_currency_code": "USD", **row}, "example")
            given = head.discount_amount + head.coupon_discount
            line = wire.Line.model_validate(
                {
                    "id": 1,
                    "quantity": 1,
                    "price_ex_tax": row["subtotal_ex_tax"],
                    "price_inc_tax": row["subtotal_inc_tax"],
                    "total_ex_tax": row["subtotal_ex_tax"],
                    "total_inc_tax": row["subtotal_inc_tax"],
                    "total_tax": row["subtotal_tax"],
                    "applied_discounts": [{"amount": given}],
                }
            )
            charged = [read(wire.Fee, fee, "example") for fee in row.get("fees", ())] if fees else []
            outcome = _outcome(Parts(head, [line], fees=charged))
            told[head.id] = outcome if told.get(head.id) != "adds up" else "adds up"
    assert told[218] == told[247] == "adds up"
    # Its total with tax is its subtotal with tax, and the tax of the same order is nothing.
    assert told[100] in ("adds up", "refused")


def test_documented_money_is_read(contracts: Path) -> None:
    transactions = [read(wire.Transaction, row, "example") for row in rows(contracts, "/v3/orders/1/transactions")]
    assert all(payment.amount.amount > 0 for payment in payments(transactions))
    for row in rows(contracts, "/v3/orders/1/payment_actions/refunds"):
        found = refund(read(wire.Refund, row, "example"), [], Basis("USD", included=False))
        parts = sum((line.amount.amount + line.tax.amount for line in found.lines), Decimal(0))
        assert parts + found.shipping.amount + found.adjustment.amount == found.total.amount


def _outcome(parts: Parts) -> str:
    try:
        order = read_order(parts, SETTINGS)
    except SyncError:
        return "refused"
    return "refused" if isinstance(rounded(order, 3), Balance) else "adds up"
