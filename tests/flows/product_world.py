"""A shop with products, an ERP that says what it sells, and what a test sees and does of both."""

from dataclasses import replace
from decimal import Decimal

from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.engine import polling
from erpsync.ports.simulator import ShownProduct
from erpsync.ports.store_records import StorePrice, StoreVariant
from erpsync.testing.bench import ERP, SHOP, Bench
from erpsync.testing.fake_catalogue import ShopProduct

SHIRT = Product(
    id=TargetId("4711"),
    title="Shirt",
    options=("Size",),
    variants=(
        Variant(sku=Sku("SHIRT-M"), options=("M",), barcode="4006381333931"),
        Variant(sku=Sku("SHIRT-L"), options=("L",)),
    ),
)
MUG = Product(id=TargetId("4712"), title="Mug", variants=(Variant(sku=Sku("MUG")),))


def ready(bench: Bench) -> Bench:
    """The shop's catalogue has been read, and the prices of what will be made are known."""
    read_shop(bench)
    return priced(bench)


def priced(bench: Bench, *skus: str) -> Bench:
    """The prices of what is made are known."""
    for sku in skus or ("SHIRT-M", "SHIRT-L", "SHIRT-XL", "MUG", "CUP"):
        bench.prices[Sku(sku)] = price("19.90")
    return bench


def price(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def put(bench: Bench, *products: Product, **changes: object) -> None:
    """The ERP's users make or change products."""
    for product in products:
        bench.erp.books.products[product.id] = product.model_copy(update=changes)
        bench.erp.books.touch("product", product.id)


def poll(bench: Bench) -> polling.Polled:
    """As beat does, some minutes after the last time."""
    bench.clock.advance(300)
    polled = polling.poll(bench.runtime, ERP, "products")
    bench.work()
    return polled


def shown(bench: Bench, sku: str) -> list[ShownProduct]:
    return bench.store.shop.catalogue.shown(Sku(sku))


def one(bench: Bench, sku: str) -> ShownProduct:
    [product] = shown(bench, sku)
    return product


def state(bench: Bench, product: Product = SHIRT) -> tuple[str, str | None]:
    job = bench.job(product.id)
    return job["state"], job["problem_code"]


def note(bench: Bench, product: Product = SHIRT) -> str:
    """What the ledger says that the last run of the product did."""
    [*_, row] = bench.rows("SELECT j.source_id, r.note FROM runs r JOIN jobs j ON j.id = r.job_id ORDER BY r.id")
    assert row["source_id"] == product.id
    return str(row["note"])


def touched(bench: Bench) -> dict[tuple[str, str], object]:
    """When the shop was last told something of each product."""
    return {key: at for key, at in bench.store.shop.changed_at.items() if key[0] == "product"}


def stock_shop(bench: Bench, *variants: tuple[str, str, str], read: bool = True) -> None:
    """The shop has these already, each a SKU, a variant and a product, and its catalogue has been read."""
    shop = bench.store.shop
    for sku, variant_id, product_id in variants:
        variant = StoreVariant(
            Sku(sku), SourceId(variant_id), SourceId(product_id), f"Our {sku}", StorePrice(price("10.00")), True, True
        )
        shop.variants[Sku(f"{sku} {variant_id}")] = variant
        bench.store.touch("variant", f"{sku} {variant_id}")
        shop.catalogue.products[variant.product_id] = ShopProduct(variant.product_id, f"Our {product_id}")
    if read:
        read_shop(bench)


def price_in_shop(bench: Bench, sku: str, amount: str) -> None:
    """Somebody, or the flow of prices, gives a variant its price in the store."""
    variant = bench.store.shop.variants[Sku(sku)]
    bench.store.shop.variants[Sku(sku)] = replace(variant, price=StorePrice(price(amount)))
    bench.store.touch("variant", sku)


def read_shop(bench: Bench) -> None:
    assert polling.poll(bench.runtime, SHOP, "catalogue").trouble == ""


def linked(bench: Bench) -> dict[str, str]:
    rows = bench.rows("SELECT source_id, target_id FROM links WHERE kind IN ('product', 'variant')")
    return {row["source_id"]: row["target_id"] for row in rows}


def hide(bench: Bench, sku: str) -> None:
    """The shop's users hide the product."""
    products = bench.store.shop.catalogue.products
    product_id = SourceId(one(bench, sku).id)
    products[product_id] = ShopProduct(product_id, products[product_id].title, visible=False, options=("Size",))


def delete(bench: Bench, sku: str) -> None:
    """The shop's users delete the product; the shop tells nobody."""
    shop = bench.store.shop
    product_id = SourceId(one(bench, sku).id)
    del shop.catalogue.products[product_id]
    for name in [name for name, variant in shop.variants.items() if variant.product_id == product_id]:
        del shop.variants[name]
