"""Every call of the adapter's is an operation that BigCommerce documents, and the simulator answers as documented."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import (
    FulfilledLine,
    FulfilmentDraft,
    OrderMark,
    OrderNote,
    PriceChange,
    ProductDraft,
    StockChange,
    StoreProduct,
    StoreRef,
)
from erpsync.ports.webhooks import Delivery
from erpsync.sandbox.runner import serve
from erpsync.systems.bigcommerce.adapter import BigCommerceStore
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from erpsync.systems.bigcommerce.simulator import SECRET, BigCommerceSimulator
from erpsync.systems.bigcommerce.webhooks import BigCommerceWebhooks
from tests.systems.bigcommerce.contract import Watched, contract_in

ADDRESS = "https://erpsync.example.com/webhooks/shop"


@pytest.fixture
def watched(contracts: Path) -> Watched:
    simulator = BigCommerceSimulator(quota=10_000)
    simulator.shop.price_lists[7] = "Wholesale"
    simulator.shop.price_records[7, 1002, "eur"] = {"price": Decimal("9.00"), "sale_price": Decimal("8.00")}
    return Watched(simulator, contract_in(contracts))


@pytest.fixture
def store(watched: Watched, tools: Tools) -> Iterator[BigCommerceStore]:
    with serve({"shop": watched}) as served:
        values = {**served["shop"].settings, "customer_groups": "2=wholesale", "webhook_address": ADDRESS}
        yield BigCommerceStore(BigCommerceSettings.model_validate(values), tools)
    assert not watched.complaints, "\n".join(watched.complaints)


def test_orders_are_read_as_documented(store: BigCommerceStore, watched: Watched) -> None:
    shop = watched.simulator
    customer = shop.put_customer("Ada Lovelace", "ada@example.com")
    first = SourceId(shop.place({"SKU-0001": 2, "SKU-0041": 1}, customer_id=int(customer)))
    second = SourceId(shop.place({"SKU-0003": 1}))
    shop.refund(first, {"SKU-0001": 1})
    assert all(not isinstance(answer, Exception) for answer in store.read_orders([first, second]).values())
    assert all(not isinstance(answer, Exception) for answer in store.read_orders([first]).values())
    assert store.read_money([first, second])
    now = datetime.now(UTC)
    assert store.orders_between(now - timedelta(days=1), now + timedelta(days=1), None).records
    assert store.orders_changed(Since(begin=now - timedelta(hours=1))).records
    assert {"GET /v2/orders", "GET /v2/orders/{id}", "GET /v2/orders/{id}/taxes"} <= watched.seen
    assert {"GET /v3/orders/{id}/transactions", "GET /v3/orders/payment_actions/refunds"} <= watched.seen


def test_lines_and_addresses_of_orders_without_consignments_are_read_as_documented(
    store: BigCommerceStore, watched: Watched
) -> None:
    order_id = SourceId(watched.simulator.place({"SKU-0001": 2}))
    watched.simulator.shop.orders[int(order_id)]["lines"][0]["address"] = 0
    assert not isinstance(store.read_orders([order_id])[order_id], Exception)
    assert "GET /v2/orders/{id}/products" in watched.seen


def test_what_is_written_on_orders_is_documented(store: BigCommerceStore, watched: Watched) -> None:
    order_id = SourceId(watched.simulator.place({"SKU-0001": 2}))
    assert store.write_back([OrderNote(order_id, "erp", TargetId("1"), "SO-1")]) == {order_id: None}
    assert store.mark_orders([OrderMark(order_id, "unknown-sku")]) == {order_id: None}
    line = FulfilledLine(None, Sku("SKU-0001"), Decimal(2))
    for carrier in ("UPS", "DHL"):
        parcels = (Parcel(carrier=carrier, number="1Z", url="https://track.example.com/1Z"), Parcel(number="2Z"))
        draft = FulfilmentDraft(f"ship-{carrier}", order_id, (line,), parcels, notify=True)
        assert store.fulfil([draft])
    assert isinstance(store.fulfil([FulfilmentDraft("ship-UPS", order_id, (line,), (), False)])["ship-UPS"], StoreRef)
    assert {"PUT /v2/orders/{id}", "POST /v2/orders/{id}/shipments", "GET /v2/orders/{id}/shipments"} <= watched.seen


def test_stock_and_prices_are_set_as_documented(store: BigCommerceStore, watched: Watched) -> None:
    skus = [Sku(f"SKU-{number:04d}") for number in (1, 2, 45)] + [Sku("SKU-9999")]
    stock = store.set_stock([StockChange(sku, "LOC-2", 5) for sku in skus])
    assert [answer for answer in stock.values() if answer is None] == [None] * 3
    price = Money(amount=Decimal("12.30"), currency="EUR")
    prices = store.set_base_prices([PriceChange(sku, price) for sku in skus])
    assert [prices[sku] for sku in skus[:3]] == [None] * 3
    wholesale = store.set_base_prices([PriceChange(sku, price, "Wholesale") for sku in skus])
    assert [wholesale[sku] for sku in skus[:3]] == [None] * 3
    assert {"PUT /v3/catalog/products", "PUT /v3/catalog/variants", "PUT /v3/pricelists/{id}/records"} <= watched.seen
    assert "PUT /v3/inventory/adjustments/absolute" in watched.seen


def test_products_are_put_as_documented(store: BigCommerceStore, watched: Watched) -> None:
    """Made with variants and without, changed, and given another variant."""
    variants = tuple(
        Variant(sku=Sku(f"SHIRT-{size}"), options=(size,), barcode="4006381333931", weight_grams=Decimal(250))
        for size in ("M", "L")
    )
    urls = ("https://images.example.com/front.jpg", "https://images.example.com/back.jpg")
    shirt = Product(
        id=TargetId("shirt"), title="Shirt", description="Soft.", categories=("Clothes",), image_urls=urls,
        options=("Size",), variants=variants,
    )  # fmt: skip
    mug = Product(id=TargetId("mug"), title="Mug", categories=("Clothes",), variants=(Variant(sku=Sku("MUG")),))
    price = Money(amount=Decimal("19.90"), currency="EUR")
    prices = dict.fromkeys((Sku("SHIRT-M"), Sku("SHIRT-L"), Sku("SHIRT-XL"), Sku("MUG")), price)
    made = store.put_products([ProductDraft(shirt, prices=prices), ProductDraft(mug, prices=prices)])
    assert all(isinstance(answer, StoreProduct) for answer in made.values())
    more = (*variants, Variant(sku=Sku("SHIRT-XL"), options=("XL",)))
    update = {"title": "T-shirt", "image_urls": urls[:1], "variants": more, "active": False, "categories": ("Sport",)}
    lighter = mug.model_copy(update={"variants": (Variant(sku=Sku("MUG"), weight_grams=Decimal(300)),)})
    heavier = tuple(one.model_copy(update={"weight_grams": Decimal(260), "active": False}) for one in variants)
    for product in (shirt.model_copy(update=update), lighter, shirt.model_copy(update={"variants": heavier})):
        [answer] = store.put_products([ProductDraft(product, prices=prices)]).values()
        assert isinstance(answer, StoreProduct), answer
        assert answer.notes == ()
    assert {"POST /v3/catalog/products", "POST /v3/catalog/products/{id}/variants"} <= watched.seen
    assert {"PUT /v3/catalog/products", "PUT /v3/catalog/variants"} <= watched.seen
    path = "/v3/catalog/products/{id}"
    assert {f"POST {path}/images", f"DELETE {path}/images/{{id}}", f"GET {path}/metafields"} <= watched.seen
    assert {f"POST {path}/metafields", f"PUT {path}/metafields/{{id}}"} <= watched.seen


def test_variants_customers_webhooks_and_checks_are_read_as_documented(
    store: BigCommerceStore, watched: Watched
) -> None:
    watched.simulator.put_customer("Ada Lovelace", "ada@example.com")
    for since in (Since(), Since(watermark="2026-01-01T00:00:00Z")):
        assert store.variants_changed(since).records
        assert store.customers_changed(since).records
    store.subscribe(ADDRESS)
    watched.simulator.drop_subscriptions()
    store.subscribe(ADDRESS)
    assert {"POST /v3/hooks", "PUT /v3/hooks/{id}", "GET /v3/hooks"} <= watched.seen
    assert [check for check in store.check() if not check.ok] == []


def test_documented_deliveries_are_read(contracts: Path, tools: Tools) -> None:
    settings = BigCommerceSettings.model_validate(
        {"store_hash": "abc", "access_token": "t", "webhook_secret": SECRET, "base_url": "http://127.0.0.1"}
    )
    webhooks = BigCommerceWebhooks(settings)
    told: dict[str, list[str]] = {}
    for file in sorted((contracts / "bigcommerce" / "webhooks" / "data").glob("*.json")):
        raw = file.read_bytes().replace(b"{store_hash}", b"abc")
        try:
            json.loads(raw)
        except ValueError:
            continue  # two of the files are empty
        delivery = Delivery({"x-erpsync-secret": SECRET}, raw)
        webhooks.verify(delivery, datetime.now(UTC))
        assert 0 < len(webhooks.delivery_key(delivery)) <= 200
        told[file.stem] = [change.source_id for change in webhooks.changes(delivery)]
    assert told["store_order_created"] == told["store_order_archived"] == ["250"]
    assert told["store_shipment_created"] == ["251"]
    assert told["store_customer_created"] == told["store_product_updated"] == []
