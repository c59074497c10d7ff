"""Products and prices that NetSuite tells."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

from erpsync.domain.ids import Sku
from erpsync.domain.products import BasePrice, Product
from erpsync.ports.pages import Since
from erpsync.systems.netsuite.simulator import NetSuiteSimulator
from erpsync.systems.netsuite.simulator_records import Item
from erpsync.testing.erp_contract import everything
from tests.systems.netsuite.stand import MovableClock, World, eur


def products(world: World, watermark: str | None = None, **changes: object) -> dict[str, Product]:
    told, _ = everything(world.erp(**changes).products_changed, watermark)
    return {product.id: product for product in told}


def prices(world: World, sku: str, **changes: object) -> list[BasePrice]:
    told, _ = everything(world.erp(**changes).prices_changed)
    return [price for price in told if price.sku == sku]


def a_shirt(world: World, *sizes: str) -> tuple[Item, list[Item]]:
    """A matrix item in these sizes, all of them red."""
    books = world.simulator.books
    parent = books.add_item("SHIRT", Decimal(20), title="Shirt", matrix="_parent")
    children = [
        books.add_item(
            f"SHIRT : SHIRT-{size}",
            Decimal(20),
            title=f"Shirt {size}",
            matrix="_child",
            parent_id=parent.internal_id,
            options={"custitem_size": size, "custitem_color": "red"},
        )
        for size in sizes
    ]
    return parent, children


def test_an_item_is_a_product_of_one_variant(world: World) -> None:
    item = world.simulator.books.add_item(
        "MUG",
        Decimal(9),
        title="Blue mug",
        description="Holds 300 ml",
        barcode="4006381333931",
        weight=Decimal("0.35"),
    )

    product = products(world)[item.internal_id]

    assert (product.title, product.description, product.active) == ("Blue mug", "Holds 300 ml", True)
    assert product.options == ()
    [variant] = product.variants
    assert (variant.sku, variant.barcode, variant.weight_grams) == ("MUG", "4006381333931", 350)
    assert product.changed_at == item.modified_at


def test_what_is_sold_is_told_and_charges_are_not(world: World) -> None:
    books = world.simulator.books
    sold = ["InventoryItem", "NonInventorySaleItem", "ServiceSaleItem", "KitItem", "AssemblyItem"]
    made = {kind: books.add_item(kind, Decimal(1), kind, weight=Decimal(1)).internal_id for kind in sold}
    wrapping = books.add_item("WRAPPING", Decimal(1), "ServiceSaleItem").internal_id

    told = products(world, fee_item=wrapping)

    assert {*made.values()} <= told.keys()
    assert told[made["KitItem"]].variants[0].weight_grams == 1000
    assert told[made["ServiceSaleItem"]].variants[0].weight_grams is None
    assert wrapping not in told
    assert not {"901", "902", "906"} & told.keys()


def test_a_matrix_item_is_one_product_with_all_its_variants(world: World) -> None:
    parent, children = a_shirt(world, "S", "M")

    told = products(world)

    product = told[parent.internal_id]
    assert (product.title, product.options) == ("Shirt", ("size", "color"))
    assert [(variant.sku, variant.options) for variant in product.variants] == [
        ("SHIRT-S", ("S", "red")),
        ("SHIRT-M", ("M", "red")),
    ]
    assert not {child.internal_id for child in children} & told.keys()


def test_a_change_of_one_variant_tells_the_whole_product(world: World) -> None:
    parent, [small, medium] = a_shirt(world, "S", "M")
    for item in (parent, small, medium):
        world.simulator.books.touch(item, seconds_ago=3600)
    _, watermark = everything(world.erp().products_changed)

    medium.inactive = True
    world.simulator.books.touch(medium)

    product = products(world, watermark)[parent.internal_id]
    assert product.active
    assert [(variant.sku, variant.active) for variant in product.variants] == [("SHIRT-S", True), ("SHIRT-M", False)]


def test_a_sub_item_that_is_no_matrix_item_is_a_product_of_its_own(world: World) -> None:
    parent = world.simulator.books.add_item("CABLES", Decimal(1))
    child = world.simulator.books.add_item("CABLES : USB", Decimal(1), parent_id=parent.internal_id)

    told = products(world)

    assert [variant.sku for variant in told[child.internal_id].variants] == ["USB"]
    assert parent.internal_id in told


def test_an_item_without_an_external_id_is_not_told_where_that_is_the_sku(world: World) -> None:
    item = world.simulator.books.add_item("OURS", Decimal(1))
    item.external_id = "SKU-X"
    world.simulator.books.add_item("THEIRS", Decimal(1)).external_id = None

    skus = {
        variant.sku for product in products(world, sku_field="external_id").values() for variant in product.variants
    }

    assert "SKU-X" in skus
    assert not {"OURS", "THEIRS", ""} & skus


def test_a_deleted_item_is_told_as_inactive(world: World) -> None:
    first, watermark = everything(world.erp().products_changed)
    gone = next(product for product in first if product.variants[0].sku == "SKU-0004")
    world.simulator.books.delete("item", {"internalId": gone.id})

    product = products(world, watermark)[gone.id]

    assert not product.active
    assert [(variant.sku, variant.active) for variant in product.variants] == [("SKU-0004", False)]
    assert gone.id not in products(world)


def test_without_the_right_to_see_deletions_the_rest_is_still_told(world: World) -> None:
    _, watermark = everything(world.erp().products_changed)
    world.simulator.denied.add("deletedRecord")
    changed = world.simulator.put_product("SKU-0001", "Renamed")

    assert products(world, watermark)[changed].title == "Renamed"


def test_pages_are_complete_in_whatever_order_results_come(world: World) -> None:
    world.simulator.soap.searches.scrambled = True
    sparse = [
        world.simulator.books.add_item(f"FAR-{n}", Decimal(1), internal_id=str(90000 + 977 * n)) for n in range(9)
    ]
    erp = world.erp(page_size=5)

    page, told = erp.products_changed(Since()), []
    for _ in range(200):
        assert len(page.records) <= 5
        told += page.records
        if page.cursor is None:
            break
        # Another process goes on.
        page = world.erp(page_size=5).products_changed(Since(page.watermark, page.cursor))

    assert page.cursor is None
    assert len(told) == len({product.id for product in told}) == 50 + len(sparse)


def test_a_cursor_of_another_making_reads_everything(world: World) -> None:
    for since in (Since("2026-01-01T00:00:00+00:00", "page=7"), Since("yesterday"), Since(None, "[1]")):
        assert len(world.erp().products_changed(since).records) == 50


def test_a_change_that_took_a_quarter_of_an_hour_to_commit_is_found(open_world: Callable[..., World]) -> None:
    clock = MovableClock()
    simulator = NetSuiteSimulator(skus={"SKU-0001": Decimal(1), "SKU-0002": Decimal(1)}, now=clock.now)
    world = open_world(simulator, clock)
    clock.moved = timedelta(hours=1)
    told, watermark = everything(world.erp().products_changed)
    assert len(told) == 2

    late = simulator.put_product("SKU-0001", "Late", seconds_ago=14 * 60)

    assert list(products(world, watermark)) == [late]


def test_the_base_price_is_told_and_only_the_price_levels_asked_for(world: World) -> None:
    item = world.simulator.books.add_item("MUG", Decimal(9))
    item.prices[("2", "1")] = [(Decimal(0), Decimal(8)), (Decimal(10), Decimal(7))]
    item.prices[("5", "1")] = [(Decimal(0), Decimal("8.5"))]
    item.prices[("1", "2")] = [(Decimal(0), Decimal(11))]

    def told(**changes: object) -> list[tuple[str, int, str]]:
        return [(p.price_list, int(p.minimum_quantity), str(p.price)) for p in prices(world, "MUG", **changes)]

    assert told() == [("", 1, "9.00 EUR"), ("", 1, "11.00 USD")]
    assert told(currencies={"EUR": "1"}) == [("", 1, "9.00 EUR")]
    wholesale = [("Wholesale", 1, "8.00 EUR"), ("Wholesale", 10, "7.00 EUR")]
    assert told(price_lists="2", currencies="EUR=1") == [("", 1, "9.00 EUR"), *wholesale]
    assert told(price_lists="Wholesale", currencies="EUR=1") == [("", 1, "9.00 EUR"), *wholesale]
    assert told(base_price_level="5") == [("", 1, "8.50 EUR")]


def test_a_matrix_items_head_has_no_price_and_its_children_have(world: World) -> None:
    a_shirt(world, "S")

    assert prices(world, "SHIRT") == []
    assert [price.price for price in prices(world, "SHIRT-S")] == [eur(20)]


def test_an_account_with_one_currency_needs_no_id_for_it(world: World) -> None:
    found: Sequence[BasePrice] = prices(world, "SKU-0001", currencies={"CHF": ""})

    assert [price.price.currency for price in found] == ["CHF"]
    assert found[0].sku == Sku("SKU-0001")
