"""The vendor's own examples: their orders parse and balance, and the simulator's answers have their fields."""

import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from erpsync.domain.errors import Skip, SyncError
from erpsync.domain.orders import balance
from erpsync.ports.store_records import ProductDraft
from erpsync.systems.woocommerce import after_sale, mapper
from erpsync.systems.woocommerce.changes import customer_of
from erpsync.systems.woocommerce.product_matches import read_product
from erpsync.systems.woocommerce.product_rows import House, new_product, new_variation, offered
from erpsync.systems.woocommerce.settings import WooCommerceSettings
from erpsync.systems.woocommerce.variants import variant
from erpsync.testing.product_contract import SHIRT
from erpsync.testing.reading import eur
from tests.systems.woocommerce.stand import Stand

SETTINGS = WooCommerceSettings(
    url="https://shop.example.com", consumer_key="ck_1", consumer_secret="cs_1", webhook_secret="s3cretS3cret"
)


@pytest.fixture(scope="module")
def examples(contracts: Path) -> Path:
    folder = contracts / "woocommerce" / "examples"
    if not folder.is_dir():
        pytest.skip(f"no WooCommerce examples at {folder}")
    return folder


def records(folder: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every record of the kind, alone, in lists and in batches."""
    for path in sorted(folder.glob(f"{kind}__*.json")):
        found = json.loads(path.read_text())
        if isinstance(found, dict) and "id" not in found:
            found = [one for part in found.values() for one in part]
        for one in found if isinstance(found, list) else [found]:
            if "id" in one:
                yield path.name, one


def test_every_order_parses_and_balances_or_says_why_not(examples: Path) -> None:
    read = waiting = 0
    for name, record in records(examples, "orders"):
        if record["status"] == "pending":
            with pytest.raises(Skip, match="pending"):
                mapper.read_order(record, SETTINGS)
            waiting += 1
        order = mapper.read_order({**record, "status": "processing"}, SETTINGS)
        assert balance(order).residual.amount == 0, f"{name}: {balance(order)}"
        read += 1
    assert read > 5
    assert waiting > 0


def test_lines_bear_the_tax_that_the_total_is_made_of(examples: Path) -> None:
    """Three lines of 1.125, 0.225 and 0.90 tax make 2.25, while 1.13, 0.23 and 0.90 would be 2.26."""
    record = next(record for _, record in records(examples, "orders") if record["cart_tax"] == "2.25")
    order = mapper.read_order({**record, "status": "processing"}, SETTINGS)
    assert sum(tax.amount.amount for line in order.lines for tax in line.taxes) == Decimal("2.25")


def test_refunds_of_an_example_come_to_what_was_paid_back(examples: Path) -> None:
    orders = {record["id"]: record for _, record in records(examples, "orders")}
    order = mapper.parse(orders[723])
    refunds = [record for name, record in records(examples, "order-refunds") if "list_all" in name]
    money = after_sale.read_money(order, refunds, restock=True)
    assert [str(refund.total) for refund in money.refunds] == ["10.00 USD", "9.00 USD"]
    assert [str(refund.adjustment) for refund in money.refunds] == ["10.00 USD", "0.00 USD"]
    assert [(line.line_source_id, line.quantity) for line in money.refunds[1].lines] == [("311", 1)]


def test_products_variations_and_customers_parse(examples: Path) -> None:
    for kind in ("products", "product-variations"):
        for _, record in records(examples, kind):
            assert not isinstance(variant({**record, "sku": "A"}, "USD"), SyncError)
            assert read_product(record).unreadable == ""
    for name, record in records(examples, "customers"):
        if "email" in record:
            assert not isinstance(customer_of(record, None), SyncError), name


def test_what_is_sent_of_products_has_the_fields_of_the_examples_in_their_types(examples: Path) -> None:
    """The examples are older than `global_unique_id`, which came with 9.1; images are sent by address or id alone."""
    draft = ProductDraft(SHIRT, prices={one.sku: eur("19.90") for one in SHIRT.variants})
    plain = replace(draft, product=SHIRT.model_copy(update={"options": (), "variants": SHIRT.variants[:1]}))
    house = House("kg", "erpsync")
    attributes = offered(draft, (), SHIRT.variants)
    sent = [
        ("products", new_product(plain, house, [9])),
        ("products", new_product(draft, house, [9])),
        ("product-variations", new_variation(draft, SHIRT.variants[0], attributes, house)),
    ]
    for kind, row in sent:
        documented = next(record for name, record in records(examples, kind) if "create_a" in name)
        assert row.keys() - documented.keys() <= {"global_unique_id"}
        for name, value in row.items():
            example = documented.get(name)
            if example is None or name in ("status", "stock_quantity"):
                continue
            assert type(value) is type(example), name
            if isinstance(value, list) and value and example:
                assert value[0].keys() <= example[0].keys(), name
                assert all(type(part) is type(example[0][field]) for field, part in value[0].items()), name
    [image] = [one for name, one in records(examples, "products") if "create_a" in name]
    assert {"id", "src"} <= image["images"][0].keys()


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("orders", "orders"),
        ("products", "products"),
        ("product-variations", "products/{parent}/variations"),
        ("customers", "customers"),
        ("order-refunds", "orders/{order}/refunds"),
        ("order-notes", "orders/{order}/notes"),
        ("webhooks", "webhooks"),
    ],
)
def test_the_simulator_tells_the_fields_of_the_examples(examples: Path, shop: Stand, kind: str, path: str) -> None:
    order_id = shop.shop.place({"SKU-0001": 2})
    shop.shop.refund(order_id, {"SKU-0001": 1})
    store = shop.open()
    store.subscribe("https://erpsync.example.com/webhooks/shop")
    shop.shop.api.answer("POST", ("orders", order_id, "notes"), {}, {"note": "Hello"})
    parent = shop.shop.shop.by_sku("SKU-0005").parent_id
    parts = tuple(path.format(order=order_id, parent=parent).split("/"))
    [told, *_] = shop.shop.api.answer("GET", parts, {}, {}).body
    wanted = next(record for name, record in records(examples, kind) if "retrieve" in name)
    missing = wanted.keys() - told.keys()
    assert missing <= {"_links"}
    for name, value in wanted.items():
        if isinstance(value, list) and value and isinstance(value[0], dict) and told.get(name):
            assert value[0].keys() - told[name][0].keys() == set(), name
