"""Products of an ERP in a BigCommerce store: what is sent, what stays, and what BigCommerce will not have."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Unavailable
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import ShownProduct
from erpsync.ports.store_records import PriceChange, ProductAnswer, ProductDraft, ProductField, StoreProduct
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.bigcommerce.simulator import SCOPES, BigCommerceSimulator
from erpsync.testing.reading import eur
from tests.systems.bigcommerce.conftest import Bench, HandClock

FRONT, BACK = "https://images.example.com/front.jpg", "https://images.example.com/back.jpg"
MUG = Product(
    id=TargetId("mug"),
    title="Mug",
    description="Holds tea.",
    categories=("Kitchen",),
    image_urls=(FRONT, BACK),
    variants=(Variant(sku=Sku("MUG"), barcode="4006381333931", weight_grams=Decimal(350)),),
)
SHIRT = Product(
    id=TargetId("shirt"),
    title="Shirt",
    options=("Size", "Colour"),
    variants=(
        Variant(sku=Sku("M-RED"), options=("M", "red"), weight_grams=Decimal(250)),
        Variant(sku=Sku("L-RED"), options=("L", "red"), weight_grams=Decimal(270)),
    ),
)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def bench(tools: Tools, clock: HandClock) -> Iterator[Bench]:
    """A store whose clock stands still until it is moved, so that its records show what has been touched."""
    simulator = BigCommerceSimulator(quota=10_000, now=clock.now)
    with serve({"shop": simulator}) as served:
        yield Bench(simulator, served["shop"], tools)


def draft(product: Product, *, price: str | None = "9.90", **changes: Any) -> ProductDraft:
    prices = {} if price is None else {variant.sku: eur(price) for variant in product.variants}
    return replace(ProductDraft(product, prices=prices), **changes)


def changed(product: Product, **changes: Any) -> Product:
    return product.model_copy(update=changes)


def variant(product: Product, place: int = 0, **changes: Any) -> tuple[Variant, ...]:
    """The product's variants, one of them changed."""
    variants = list(product.variants)
    variants[place] = variants[place].model_copy(update=changes)
    return tuple(variants)


def answer(bench: Bench, wanted: ProductDraft) -> ProductAnswer:
    return bench.store().put_products([wanted])[wanted.product.id]


def put(bench: Bench, wanted: ProductDraft) -> StoreProduct:
    found = answer(bench, wanted)
    assert isinstance(found, StoreProduct), found
    return found


def refused(bench: Bench, wanted: ProductDraft) -> Rejected:
    found = answer(bench, wanted)
    assert isinstance(found, Rejected), found
    assert wanted.product.id in str(found)
    assert found.problem.next_step
    return found


def shown(bench: Bench, sku: str) -> ShownProduct:
    [found] = bench.simulator.product(sku)
    return found


def record(bench: Bench, sku: str) -> dict[str, Any]:
    """The variant's record."""
    return bench.simulator.shop.variant(sku)


def product_record(bench: Bench, sku: str) -> dict[str, Any]:
    return bench.simulator.shop.product_of(record(bench, sku))


def noted(answers: StoreProduct, *words: str) -> bool:
    return any(all(word in note for word in words) for note in answers.notes)


# -- made


def test_a_product_is_made_in_the_stores_unit_of_weight(bench: Bench) -> None:
    for unit, weight in (("KGS", "0.3500"), ("LBS", "0.7716"), ("Ounces", "12.3459"), ("Grams", "350.0000")):
        bench.simulator.shop.weight_units = unit
        mug = changed(MUG, id=TargetId(unit), title=unit, variants=variant(MUG, sku=Sku(unit)))
        assert put(bench, draft(mug)).notes == ()
        assert str(product_record(bench, unit)["weight"]) == weight


def test_an_unknown_unit_of_weight_is_noted_and_nothing_is_guessed(bench: Bench) -> None:
    bench.simulator.shop.weight_units = "Stones"
    assert noted(put(bench, draft(MUG)), "weight", "MUG", "Stones")
    assert product_record(bench, "MUG")["weight"] == 0


def test_a_product_without_a_price_is_hidden_until_it_has_one(bench: Bench) -> None:
    for product, sku in ((MUG, "MUG"), (SHIRT, "M-RED")):
        made = put(bench, draft(product, price=None))
        assert noted(made, "hidden", sku, "no price")
        assert not product_record(bench, sku)["is_visible"]
        known = {"id": made.id, "variants": made.variants}
        assert noted(put(bench, draft(product, price=None, **known)), "stays hidden", sku)
        skus = [one.sku for one in product.variants]
        assert set(bench.store().set_base_prices([PriceChange(one, eur("5.00")) for one in skus]).values()) == {None}
        assert put(bench, draft(product, price=None, **known)).notes == ()
        assert all(shown(bench, one).visible for one in skus)
        assert bench.simulator.price(sku) == (Decimal("5.00"), None)


def test_a_price_of_nothing_is_no_price(bench: Bench) -> None:
    assert noted(put(bench, draft(MUG, price="0.00")), "hidden", "no price")
    assert not shown(bench, "MUG").visible


def test_a_variant_without_a_price_never_sells_for_that_of_its_product(bench: Bench) -> None:
    made = put(bench, draft(SHIRT, prices={Sku("M-RED"): eur("19.90")}))
    assert noted(made, "hidden", "L-RED")
    assert record(bench, "L-RED")["purchasing_disabled"]
    assert bench.simulator.price("L-RED") == (Decimal(0), None)
    assert not shown(bench, "M-RED").visible


def test_a_price_in_another_currency_is_refused(bench: Bench) -> None:
    prices = {Sku("MUG"): Money(amount=Decimal(9), currency="USD")}
    found = answer(bench, draft(MUG, prices=prices))
    assert isinstance(found, Rejected)
    assert found.code == "other-currency"
    assert bench.simulator.product("MUG") == []


def test_a_barcode_that_is_too_long_is_left_out(bench: Bench) -> None:
    mug = changed(MUG, variants=variant(MUG, barcode="123456789012345"))
    assert noted(put(bench, draft(mug)), "barcode", "MUG")
    assert shown(bench, "MUG").barcode == ""


def test_an_inactive_product_is_made_hidden(bench: Bench) -> None:
    put(bench, draft(changed(MUG, active=False)))
    assert not shown(bench, "MUG").visible


# -- put again


def test_a_product_that_has_not_changed_is_not_touched(bench: Bench, clock: HandClock) -> None:
    drafts = [draft(MUG), draft(changed(SHIRT, categories=("Kitchen", "Sport"), image_urls=(FRONT,)))]
    made = bench.store().put_products(drafts)
    before = bench.simulator.records()
    clock.pause(60)
    again = bench.store().put_products(drafts)
    known = [
        replace(one, id=found.id, variants=found.variants)
        for one in drafts
        if isinstance(found := made[one.product.id], StoreProduct)
    ]
    assert len(known) == 2
    assert bench.store().put_products(known) == again == made
    assert bench.simulator.records() == before


def test_only_what_the_erp_owns_is_changed(bench: Bench) -> None:
    put(bench, draft(MUG))
    before = shown(bench, "MUG")
    other = changed(
        MUG,
        title="Cup",
        description="Holds coffee.",
        active=False,
        categories=("Bar",),
        image_urls=("https://images.example.com/cup.jpg",),
        variants=variant(MUG, barcode="1234", weight_grams=Decimal(1)),
    )
    put(bench, draft(other, fields=frozenset()))
    assert shown(bench, "MUG") == before
    for one, name, value in (
        (ProductField.TITLE, "title", "Cup"),
        (ProductField.DESCRIPTION, "description", "Holds coffee."),
        (ProductField.BARCODE, "barcode", "1234"),
        (ProductField.WEIGHT, "weight_grams", Decimal(1)),
        (ProductField.CATEGORIES, "categories", ("Bar",)),
        (ProductField.IMAGES, "images", ("https://images.example.com/cup.jpg",)),
        (ProductField.STATUS, "visible", False),
    ):
        put(bench, draft(other, fields=frozenset({one})))
        before = replace(before, **{name: value})
        assert shown(bench, "MUG") == before


def test_what_people_have_added_survives_and_what_the_erp_drops_goes(bench: Bench) -> None:
    put(bench, draft(MUG))
    shop, product = bench.simulator.shop, product_record(bench, "MUG")
    shop.categories[9] = {"category_id": 9, "name": "Gifts", "parent_id": 0, "tree_id": 1, "url": {"path": "/gifts/"}}
    product["categories"].append(9)
    product |= {"sale_price": Decimal(7), "page_title": "The mug", "meta_description": "Buy it", "sort_order": 5}
    theirs = {"id": 90, "product_id": product["id"], "image_file": "x/1/theirs.jpg", "sort_order": 9}
    shop.images[90] = {**theirs, "source": "theirs.jpg", "is_thumbnail": False, "description": "", "date_modified": ""}
    moved = changed(MUG, title="Cup", categories=("Bar",), image_urls=(BACK,))
    assert put(bench, draft(moved)).notes == ()
    assert set(shown(bench, "MUG").categories) == {"Gifts", "Bar"}
    assert shown(bench, "MUG").images == (BACK, "theirs.jpg")
    assert {name: product[name] for name in ("sale_price", "page_title", "meta_description", "sort_order")} == {
        **{"sale_price": Decimal(7), "page_title": "The mug"},
        **{"meta_description": "Buy it", "sort_order": 5},
    }


def test_a_category_that_a_person_had_chosen_before_the_erp_stays(bench: Bench) -> None:
    put(bench, draft(changed(MUG, categories=())))
    shop = bench.simulator.shop
    shop.categories[9] = {"category_id": 9, "name": "Gifts", "parent_id": 0, "tree_id": 1, "url": {"path": "/gifts/"}}
    product_record(bench, "MUG")["categories"].append(9)
    for categories in (("Gifts", "Kitchen"), ("Bar",)):
        put(bench, draft(changed(MUG, categories=categories)))
    assert set(shown(bench, "MUG").categories) == {"Gifts", "Bar"}


def test_variants_keep_their_sale_prices_and_stock(bench: Bench) -> None:
    made = put(bench, draft(SHIRT))
    bench.simulator.put_price("M-RED", Decimal("9.90"), promotion=Decimal("7.90"))
    bench.simulator.put_stock("M-RED", "LOC-1", 12)
    heavy = changed(SHIRT, title="Heavy shirt", variants=variant(SHIRT, weight_grams=Decimal(400)))
    for active in (True, False, True):
        put(bench, draft(changed(heavy, active=active), price="1.00", id=made.id, variants=made.variants))
    assert shown(bench, "M-RED").weight_grams == 400
    assert bench.simulator.price("M-RED") == (Decimal("9.90"), Decimal("7.90"))
    assert bench.simulator.stock("M-RED", "LOC-1") == 12


# -- status


def test_a_variant_that_is_not_active_cannot_be_bought_and_comes_back(bench: Bench) -> None:
    put(bench, draft(SHIRT))
    put(bench, draft(changed(SHIRT, variants=variant(SHIRT, active=False))))
    assert (shown(bench, "M-RED").visible, shown(bench, "L-RED").visible) == (False, True)
    assert product_record(bench, "M-RED")["is_visible"]
    none = tuple(one.model_copy(update={"active": False}) for one in SHIRT.variants)
    put(bench, draft(changed(SHIRT, variants=none)))
    assert not product_record(bench, "M-RED")["is_visible"]
    put(bench, draft(SHIRT))
    assert (shown(bench, "M-RED").visible, shown(bench, "L-RED").visible) == (True, True)


def test_a_product_that_a_person_has_hidden_stays_hidden_where_the_erp_does_not_own_its_status(bench: Bench) -> None:
    put(bench, draft(MUG))
    product_record(bench, "MUG")["is_visible"] = False
    put(bench, draft(changed(MUG, title="Cup"), fields=frozenset({ProductField.TITLE})))
    assert not shown(bench, "MUG").visible
    put(bench, draft(MUG))
    assert shown(bench, "MUG").visible


def test_an_item_that_people_have_made_a_variant_of_theirs_changes_only_that_variant(bench: Bench) -> None:
    item = changed(MUG, variants=(Variant(sku=Sku("SKU-0041"), barcode="4711", weight_grams=Decimal(10)),))
    before = shown(bench, "SKU-0042")
    found = put(bench, draft(changed(item, active=False)))
    assert noted(found, "one of several variants", "41")
    assert shown(bench, "SKU-0042") == before
    one = shown(bench, "SKU-0041")
    assert (one.title, one.barcode, one.weight_grams, one.visible) == (before.title, "4711", 10, False)
    put(bench, draft(item))
    assert shown(bench, "SKU-0041").visible
    assert bench.simulator.records()["images"] == bench.simulator.records()["categories"] == []


# -- new variants and options


def test_a_new_variant_takes_values_that_are_there_and_has_others_made(bench: Bench) -> None:
    made = put(bench, draft(SHIRT))
    more = (*SHIRT.variants, Variant(sku=Sku("XL-BLUE"), options=("XL", "Blue")))
    more = (*more, Variant(sku=Sku("L-BLUE"), options=("l", "blue")))
    found = put(bench, draft(changed(SHIRT, variants=more), price="24.90", id=made.id, variants=made.variants))
    assert found.notes == ()
    assert found.variants.items() > made.variants.items()
    assert shown(bench, "L-BLUE").options == {"Size": "L", "Colour": "Blue"}
    assert bench.simulator.price("XL-BLUE") == (Decimal("24.90"), None)
    assert bench.simulator.price("M-RED") == (Decimal("9.90"), None)
    assert bench.simulator.stock("XL-BLUE", "LOC-1") == 0


def test_a_new_variant_without_a_price_or_uncounted_cannot_be_bought(bench: Bench) -> None:
    put(bench, draft(SHIRT))
    more = changed(SHIRT, variants=(*SHIRT.variants, Variant(sku=Sku("XL-RED"), options=("XL", "red"))))
    assert noted(put(bench, draft(more, price=None)), "XL-RED", "no price")
    assert (shown(bench, "XL-RED").visible, shown(bench, "M-RED").visible) == (False, True)
    bench.store().set_base_prices([PriceChange(Sku("XL-RED"), eur("24.90"))])
    put(bench, draft(more))
    assert shown(bench, "XL-RED").visible
    product_record(bench, "M-RED")["inventory_tracking"] = "none"
    more = changed(SHIRT, variants=(*SHIRT.variants, Variant(sku=Sku("S-RED"), options=("S", "red"))))
    for _ in range(2):
        assert noted(put(bench, draft(more)), "S-RED", "not tracked")
    assert not shown(bench, "S-RED").visible


def test_options_of_other_names_are_matched_by_their_place(bench: Bench) -> None:
    put(bench, draft(SHIRT))
    other = changed(SHIRT, options=("Grösse", "Colour"))
    more = changed(other, variants=(*SHIRT.variants, Variant(sku=Sku("XL-RED"), options=("XL", "red"))))
    put(bench, draft(more))
    assert shown(bench, "XL-RED").options == {"Size": "XL", "Colour": "red"}


def test_values_that_the_erp_has_changed_are_noted(bench: Bench) -> None:
    put(bench, draft(SHIRT))
    other = changed(SHIRT, variants=variant(SHIRT, options=("S", "red")))
    assert noted(put(bench, draft(other)), "Option values", "M-RED")
    assert put(bench, draft(other, fields=frozenset({ProductField.TITLE}))).notes == ()
    assert shown(bench, "M-RED").options == {"Size": "M", "Colour": "red"}


def test_a_new_variant_of_a_product_with_other_options_is_refused(bench: Bench) -> None:
    put(bench, draft(SHIRT))
    put(bench, draft(MUG))
    narrow = Product(
        id=SHIRT.id,
        title="Shirt",
        options=("Size",),
        variants=(Variant(sku=Sku("M-RED"), options=("M",)), Variant(sku=Sku("XS"), options=("XS",))),
    )
    assert "XS" in str(refused(bench, draft(narrow)))
    sizes = (Variant(sku=Sku("MUG"), options=("S",)), Variant(sku=Sku("MUG-L"), options=("L",)))
    assert "MUG-L" in str(refused(bench, draft(changed(MUG, options=("Size",), variants=sizes))))
    assert bench.simulator.product("XS") == bench.simulator.product("MUG-L") == []


# -- limits


def _sizes(count: int) -> tuple[Variant, ...]:
    return tuple(Variant(sku=Sku(f"S-{number}"), options=(str(number % 40), str(number))) for number in range(count))


@pytest.mark.parametrize(
    ("product", "word"),
    [
        (changed(MUG, title="x" * 251), "title"),
        (changed(MUG, title=" "), "title"),
        (changed(SHIRT, variants=_sizes(601)), "601 variants"),
        (changed(SHIRT, variants=_sizes(251)), "251 values"),
        (changed(SHIRT, variants=()), "0 variants"),
        (changed(MUG, variants=variant(MUG, sku=Sku("x" * 256))), "SKU"),
        (changed(SHIRT, variants=variant(SHIRT, sku=Sku("l-red"))), "l-red"),
        (changed(SHIRT, variants=variant(SHIRT, options=("L", "red"))), "same options"),
        (changed(SHIRT, variants=variant(SHIRT, options=("M",))), "M-RED"),
        (changed(SHIRT, variants=variant(SHIRT, options=("M", ""))), "Colour"),
        (changed(SHIRT, options=("Size", "size")), "size"),
        (changed(SHIRT, options=(), variants=tuple(Variant(sku=one.sku) for one in SHIRT.variants)), "no options"),
        (changed(MUG, variants=variant(MUG, weight_grams=Decimal(-1))), "weight"),
    ],
)
def test_what_bigcommerce_cannot_hold_is_refused_before_anything_is_sent(
    bench: Bench, product: Product, word: str
) -> None:
    before = bench.simulator.records()
    found = answer(bench, draft(product))
    assert isinstance(found, Rejected)
    assert word in str(found)
    assert found.problem.next_step
    assert bench.simulator.records() == before


def test_six_hundred_variants_are_made_and_one_more_is_refused(bench: Bench) -> None:
    many = tuple(
        Variant(sku=Sku(f"S-{number}"), options=(str(number // 30), str(number % 30))) for number in range(600)
    )
    made = put(bench, draft(changed(SHIRT, variants=many)))
    assert len(made.variants) == 600
    one = Variant(sku=Sku("S-600"), options=("20", "0"))
    found = refused(bench, draft(changed(SHIRT, variants=(many[0], one)), id=made.id, variants=made.variants))
    assert "600" in str(found)


# -- images


def test_an_image_that_cannot_be_fetched_is_a_note_and_tried_again(bench: Bench) -> None:
    lost = "https://images.invalid/lost.jpg?token=secret"
    mug = changed(MUG, image_urls=(lost, FRONT, "ftp://images.example.com/x.jpg", f"https://i.example.com/{'x' * 250}"))
    for _ in range(2):
        made = put(bench, draft(mug))
        assert noted(made, "https://images.invalid/lost.jpg", "could not be downloaded")
        assert noted(made, "ftp://images.example.com/x.jpg")
        assert noted(made, "longer than 255")
        assert not noted(made, "secret")
        assert shown(bench, "MUG").images == (FRONT,)
    assert shown(bench, "MUG").visible


def test_images_that_the_erp_names_no_more_stay_until_the_new_ones_are_there(bench: Bench) -> None:
    put(bench, draft(MUG))
    put(bench, draft(changed(MUG, image_urls=("https://images.invalid/new.jpg",))))
    assert shown(bench, "MUG").images == (FRONT, BACK)
    put(bench, draft(changed(MUG, image_urls=("https://images.example.com/new.jpg",))))
    assert shown(bench, "MUG").images == ("https://images.example.com/new.jpg",)


def test_an_image_that_people_have_put_there_under_the_same_name_is_not_doubled_nor_taken_away(bench: Bench) -> None:
    put(bench, draft(changed(MUG, image_urls=())))
    product_id = product_record(bench, "MUG")["id"]
    theirs = {"id": 90, "product_id": product_id, "image_file": "x/1/front__12345.jpg", "sort_order": 0}
    shop = bench.simulator.shop
    shop.images[90] = {**theirs, "source": FRONT, "is_thumbnail": True, "description": "", "date_modified": ""}
    for urls, expected in (((FRONT, BACK), (FRONT, BACK)), ((BACK,), (FRONT, BACK))):
        put(bench, draft(changed(MUG, image_urls=urls)))
        assert shown(bench, "MUG").images == expected


def test_an_api_account_that_replaces_another_doubles_no_images(bench: Bench) -> None:
    """As if it could not see what the one before had kept."""
    put(bench, draft(MUG))
    bench.simulator.shop.metafields.clear()
    put(bench, draft(MUG))
    assert shown(bench, "MUG").images == (FRONT, BACK)


def test_what_is_kept_of_a_product_can_be_spoilt(bench: Bench) -> None:
    put(bench, draft(MUG))
    for value in ("not JSON", "[1]", '{"made": 7, "categories": "x"}'):
        [metafield] = bench.simulator.shop.metafields.values()
        metafield["value"] = value
        assert put(bench, draft(MUG)).notes == ()
        assert shown(bench, "MUG").images == (FRONT, BACK)


# -- categories


def test_categories_are_found_by_name_and_made_once(bench: Bench) -> None:
    shop = bench.simulator.shop
    for number, (name, parent) in {1: ("Home", 0), 2: ("Kitchen", 1), 3: ("Sale", 1), 4: ("Sale", 2)}.items():
        shop.categories[number] = {
            **{"category_id": number, "name": name, "parent_id": parent, "tree_id": 1},
            "url": {"path": f"/{number}/"},
        }
    named = ("Kitchen", "Sale", "Свечи", "x" * 51, "Ülo & Söhne")
    drafts = [
        draft(changed(MUG, id=TargetId(sku), title=sku, categories=named, variants=variant(MUG, sku=Sku(sku))))
        for sku in ("MUG-1", "MUG-2")
    ]
    answers = bench.store().put_products(drafts)
    for made in answers.values():
        assert isinstance(made, StoreProduct)
        assert noted(made, "category", "Sale", "2 of that name")
        assert noted(made, "category", "50 characters")
    assert shown(bench, "MUG-1").categories == shown(bench, "MUG-2").categories == ("Kitchen", "Свечи", "Ülo & Söhne")
    assert product_record(bench, "MUG-1")["categories"][0] == 2
    assert len(shop.categories) == 6


def test_a_category_whose_reply_was_lost_is_made_once(bench: Bench) -> None:
    fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, "POST /v3/catalog/trees/categories"))
    assert isinstance(answer(bench, draft(MUG)), OutcomeUnknown)
    assert fault.fired == 1
    put(bench, draft(MUG))
    assert [one["name"] for one in bench.simulator.records()["categories"]] == ["Kitchen"]


def test_a_category_that_is_refused_is_a_note(bench: Bench) -> None:
    body = b'{"errors": {"status": 422, "title": "Not valid", "errors": {"url": "is taken"}}}'
    fault = bench.served.faulty.add(Fault(FaultKind.STATUS, "POST /v3/catalog/trees/categories", status=422, body=body))
    assert noted(put(bench, draft(MUG)), "category Kitchen", "url: is taken")
    assert fault.fired == 1
    assert shown(bench, "MUG").categories == ()


# -- what goes wrong


@pytest.mark.parametrize(
    ("operation", "wanted"),
    [
        ("POST /v3/catalog/products", draft(MUG)),
        (r"POST /v3/catalog/products/\{id\}/images", draft(MUG)),
        (r"POST /v3/catalog/products/\{id\}/metafields", draft(MUG)),
        ("POST /v3/catalog/products", draft(SHIRT)),
    ],
)
def test_a_lost_reply_makes_nothing_twice(bench: Bench, operation: str, wanted: ProductDraft) -> None:
    fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation))
    lost = answer(bench, wanted)
    assert fault.fired == 1
    assert isinstance(lost, OutcomeUnknown)
    assert lost.settle_seconds > 0
    put(bench, wanted)
    records = bench.simulator.records()
    assert len(records["products"]) == 41 + 1
    assert len(records["images"]) == len(wanted.product.image_urls)
    assert len(records["metafields"]) <= 1
    assert shown(bench, wanted.product.variants[0].sku).images == wanted.product.image_urls


@pytest.mark.parametrize("part", ["variants", r"options/\{id\}/values"])
def test_a_lost_reply_makes_no_second_variant_or_value(bench: Bench, part: str) -> None:
    put(bench, draft(SHIRT))
    more = changed(SHIRT, variants=(*SHIRT.variants, Variant(sku=Sku("XL-RED"), options=("XL", "red"))))
    fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, rf"POST /v3/catalog/products/\{{id\}}/{part}"))
    assert isinstance(answer(bench, draft(more)), OutcomeUnknown)
    assert fault.fired == 1
    put(bench, draft(more))
    assert shown(bench, "XL-RED").options == {"Size": "XL", "Colour": "red"}
    [size] = [one for one in bench.simulator.shop.options.values() if len(one["option_values"]) == 3]
    assert [value["label"] for value in size["option_values"]] == ["M", "L", "XL"]


def test_one_that_the_store_refuses_fails_alone_with_the_stores_own_words(bench: Bench) -> None:
    mugs = [
        changed(MUG, id=TargetId(f"mug-{number}"), title=f"Mug {number}", variants=variant(MUG, sku=Sku(f"M-{number}")))
        for number in range(12)
    ]
    twin = changed(mugs[4], title="Product 7")
    drafts = [draft(twin if one is mugs[4] else one) for one in mugs]
    answers = bench.store().put_products(drafts)
    bad = answers[twin.id]
    assert isinstance(bad, Rejected)
    assert "mug-4" in str(bad)
    assert "The product name is a duplicate" in str(bad)
    assert sum(isinstance(one, StoreProduct) for one in answers.values()) == 11
    put(bench, draft(mugs[4]))
    renamed = [draft(changed(one, title="Product 7" if one is mugs[4] else f"{one.title}!")) for one in mugs]
    answers = bench.store().put_products(renamed)
    again = answers[twin.id]
    assert isinstance(again, Rejected)
    assert "mug-4" in str(again)
    assert "The product name is a duplicate" in str(again)
    titles = [shown(bench, f"M-{number}").title for number in range(12)]
    assert titles == [f"Mug {number}" if number == 4 else f"Mug {number}!" for number in range(12)]


def test_what_is_saved_only_in_part_is_told(bench: Bench) -> None:
    put(bench, draft(MUG))
    body = b'{"data": [], "errors": {"status": 207, "title": "Partly", "errors": {"custom_url": "is taken"}}}'
    bench.served.faulty.add(Fault(FaultKind.STATUS, "PUT /v3/catalog/products", status=207, body=body))
    assert "custom_url: is taken" in str(refused(bench, draft(changed(MUG, title="Cup"))))


def test_an_outage_in_the_middle_leaves_nothing_half_done_for_good(bench: Bench) -> None:
    drafts = [draft(MUG), draft(changed(SHIRT, image_urls=(FRONT, BACK)))]
    for fault in (
        Fault(FaultKind.REFUSE, "POST /v3/catalog/products", skip=1, times=None),
        Fault(FaultKind.REFUSE, r"POST /v3/catalog/products/\{id\}/images", skip=1, times=None),
    ):
        bench.served.faulty.add(fault)
        answers = bench.store().put_products(drafts)
        assert fault.fired > 0
        assert any(isinstance(one, Unavailable | OutcomeUnknown) for one in answers.values())
        bench.served.faulty.remove(fault)
    answers = bench.store().put_products(drafts)
    assert all(isinstance(one, StoreProduct) for one in answers.values())
    assert len(bench.simulator.records()["products"]) == 43
    assert shown(bench, "MUG").images == shown(bench, "M-RED").images == (FRONT, BACK)


def test_a_variant_whose_sku_a_person_has_changed_is_still_that_variant(bench: Bench) -> None:
    made = put(bench, draft(SHIRT))
    record(bench, "M-RED")["sku"] = "RED-M"
    heavy = changed(SHIRT, variants=variant(SHIRT, weight_grams=Decimal(400)))
    found = put(bench, draft(heavy, id=made.id, variants=made.variants))
    assert found.variants[Sku("M-RED")] == made.variants[Sku("M-RED")]
    assert bench.simulator.product("M-RED") == []
    assert shown(bench, "RED-M").weight_grams == 400


def test_a_product_id_that_is_none_is_refused(bench: Bench) -> None:
    found = refused(bench, draft(MUG, id=SourceId("gid://x/1")))
    assert found.code == "product-gone"
    assert bench.simulator.product("MUG") == []


def test_a_missing_permission_is_named(tools: Tools) -> None:
    with serve({"shop": BigCommerceSimulator(scopes=SCOPES - {"products:modify"})}) as served:
        bench = Bench(BigCommerceSimulator(), served["shop"], tools)
        answers: Sequence[ProductAnswer] = list(bench.store().put_products([draft(MUG), draft(SHIRT)]).values())
    assert len(answers) == 2
    for one in answers:
        assert isinstance(one, Rejected)
        assert one.code == "permission-missing"
        assert "Products" in str(one)
