"""Products and variations from the ERP: made once, changed where they differ, and nothing of what people did lost."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, SyncError, Throttled
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import ShownProduct
from erpsync.ports.store_records import PriceChange, ProductDraft, ProductField, StoreProduct
from erpsync.sandbox.faults import FaultKind
from erpsync.systems.woocommerce.simulator_shop import Attribute, Category
from erpsync.systems.woocommerce.simulator_shop import Product as ShopProduct
from tests.systems.woocommerce.stand import Stand, stand

FRONT, BACK = "https://images.example.com/front.jpg", "https://images.example.com/back.jpg"
WRITES = ("POST products/batch", "POST products/{id}/variations/batch", "POST products/categories")


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def mug(sku: str = "MUG-1", price: str | None = "9.90", **fields: Any) -> ProductDraft:
    """A plain item; `fields` are those of the product, or of its variant."""
    of_variant = {name: fields.pop(name) for name in ("barcode", "weight_grams") if name in fields}
    variant = Variant(sku=Sku(sku), **of_variant)
    product = Product(id=TargetId(f"item-{sku}"), **{"title": f"Mug {sku}", **fields}, variants=(variant,))
    return ProductDraft(product, prices={} if price is None else {variant.sku: eur(price)})


def shirt(*values: str, price: str | None = "19.90", option: str = "Size", **fields: Any) -> ProductDraft:
    """A shirt in these sizes; a size in brackets is not active."""
    variants = tuple(
        Variant(sku=Sku(f"SHIRT-{value.strip('()')}"), options=(value.strip("()"),), active=not value.startswith("("))
        for value in values
    )
    product = Product(id=TargetId("shirt"), **{"title": "Shirt", **fields}, options=(option,), variants=variants)
    return ProductDraft(product, prices={} if price is None else {one.sku: eur(price) for one in variants})


def put(shop: Stand, draft: ProductDraft) -> StoreProduct:
    answer = shop.open().put_products([draft])[draft.product.id]
    assert isinstance(answer, StoreProduct), answer
    return answer


def refused(shop: Stand, draft: ProductDraft, code: str) -> Rejected:
    answer = shop.open().put_products([draft])[draft.product.id]
    assert isinstance(answer, Rejected), answer
    assert answer.code == code
    assert answer.problem.next_step
    assert answer.problem.record
    return answer


def seen(shop: Stand, sku: str) -> ShownProduct:
    [product] = shop.shop.product(sku)
    return product


def stored(shop: Stand, sku: str) -> ShopProduct:
    return shop.shop.shop.by_sku(sku)


def parent(shop: Stand, sku: str) -> ShopProduct:
    return shop.shop.shop.products[stored(shop, sku).parent_id]


def writes(shop: Stand) -> int:
    return sum(shop.calls(operation) for operation in WRITES)


def told(notes: Iterable[str], *words: str) -> bool:
    """Whether one of the notes has all of the words."""
    return any(all(word in note for word in words) for note in notes)


# -- made


def test_a_new_product_cannot_be_bought_before_its_stock_is_known(shop: Stand) -> None:
    put(shop, mug())
    product = stored(shop, "MUG-1")
    assert (product.manage_stock, product.stock, product.backorders) == (True, 0, "no")
    assert not product.in_stock()
    assert seen(shop, "MUG-1").visible
    put(shop, shirt("M"))
    variation = stored(shop, "SHIRT-M")
    assert (variation.manage_stock, variation.stock, variation.backorders, variation.in_stock()) == (
        True,
        0,
        "no",
        False,
    )


def test_a_shop_that_counts_no_stock_is_not_sold_from(shop: Stand) -> None:
    shop.shop.shop.manage_stock = False
    made = put(shop, mug())
    assert not stored(shop, "MUG-1").in_stock()
    assert told(made.notes, "MUG-1", "counts none")


def test_a_hundred_products_take_one_look_up_and_two_writes(shop: Stand) -> None:
    answers = shop.open().put_products([mug(f"MUG-{number}") for number in range(100)])
    assert all(isinstance(answer, StoreProduct) for answer in answers.values())
    assert all(seen(shop, f"MUG-{number}").visible for number in range(100))
    assert (shop.calls("GET products"), writes(shop)) == (1, 2)


def test_more_variants_than_a_call_carries_are_made(shop: Stand) -> None:
    made = put(shop, shirt(*[f"size {number}" for number in range(150)]))
    assert len(set(made.variants.values())) == 150
    assert shop.calls("POST products/{id}/variations/batch") == 2
    assert len(parent(shop, "SHIRT-size 149").attributes[0].options) == 150


def test_a_host_with_a_lower_limit_is_given_smaller_batches(tools: Tools) -> None:
    with stand(tools, batch_limit=5) as shop:
        answers = shop.open().put_products([mug(f"MUG-{number}") for number in range(12)])
        assert all(isinstance(answer, StoreProduct) for answer in answers.values())
        assert all(seen(shop, f"MUG-{number}").visible for number in range(12))


def test_a_product_with_variations_bears_no_trace_of_its_making(shop: Stand) -> None:
    made = put(shop, shirt("M", "L"))
    product = parent(shop, "SHIRT-M")
    assert (str(product.id), product.sku, product.status) == (made.id, "", "publish")


@pytest.mark.parametrize(("unit", "weight"), [("kg", "0.25"), ("g", "250"), ("lbs", "0.5512"), ("oz", "8.8185")])
def test_weights_are_in_the_shops_own_unit(shop: Stand, unit: str, weight: str) -> None:
    shop.shop.shop.weight_unit = unit
    put(shop, mug(weight_grams=Decimal(250)))
    assert stored(shop, "MUG-1").weight == weight


def test_a_unit_of_weight_that_is_not_known_is_told(shop: Stand) -> None:
    shop.shop.shop.weight_unit = "stone"
    assert told(put(shop, mug(weight_grams=Decimal(250))).notes, "weight", "MUG-1")
    assert stored(shop, "MUG-1").weight == ""


def test_a_product_that_is_not_active_is_made_hidden(shop: Stand) -> None:
    put(shop, mug(active=False))
    assert stored(shop, "MUG-1").status == "private"
    put(shop, mug())
    assert seen(shop, "MUG-1").visible


# -- prices


@pytest.mark.parametrize("price", [None, "0.00"])
def test_a_product_without_a_price_is_hidden_until_it_has_one(shop: Stand, price: str | None) -> None:
    draft = mug(price=price)
    assert told(put(shop, draft).notes, "No price", "MUG-1")
    assert (stored(shop, "MUG-1").status, stored(shop, "MUG-1").regular_price) == ("draft", "")
    put(shop, draft)
    assert not seen(shop, "MUG-1").visible
    shop.open().set_base_prices([PriceChange(Sku("MUG-1"), eur("9.90"))])
    assert put(shop, draft).notes == ()
    assert seen(shop, "MUG-1").visible


def test_a_product_with_one_variant_without_a_price_is_hidden_until_it_has_one(shop: Stand) -> None:
    draft = shirt("M", "L")
    draft = replace(draft, prices={Sku("SHIRT-M"): eur("19.90")})
    assert told(put(shop, draft).notes, "No price", "SHIRT-L")
    assert not seen(shop, "SHIRT-M").visible
    shop.open().set_base_prices([PriceChange(Sku("SHIRT-L"), eur("19.90"))])
    put(shop, draft)
    assert seen(shop, "SHIRT-M").visible
    assert seen(shop, "SHIRT-L").visible


def test_a_new_variant_without_a_price_is_hidden_and_its_product_is_not(shop: Stand) -> None:
    put(shop, shirt("M"))
    assert told(put(shop, shirt("M", "L", price=None)).notes, "No price", "SHIRT-L")
    assert (seen(shop, "SHIRT-M").visible, seen(shop, "SHIRT-L").visible) == (True, False)


def test_a_price_in_another_currency_is_refused(shop: Stand) -> None:
    draft = replace(mug(), prices={Sku("MUG-1"): Money(amount=Decimal(9), currency="USD")})
    refused(shop, draft, "currency-differs")
    assert shop.shop.product("MUG-1") == []


# -- changed


def test_what_is_as_it_should_be_is_not_written_again(shop: Stand) -> None:
    """WordPress stores ampersands escaped, and every save changes the time of change, which polls would take for news."""
    draft = shirt(
        "M", "L", title="Rock & Roll", description="Soft & light.", categories=("A & B",), image_urls=(FRONT,)
    )
    plain = mug(title="Tea & Co", weight_grams=Decimal("333"), barcode="4006381333931", description="Big.\nBlue.")
    for one in (draft, plain):
        put(shop, one)
    before, done = shop.shop.records(), writes(shop)
    for one in (draft, plain):
        assert put(shop, one).notes == ()
    assert writes(shop) == done
    assert shop.shop.records() == before


def test_a_new_variant_comes_with_its_option_and_leaves_those_of_people(shop: Stand) -> None:
    put(shop, shirt("M"))
    product = parent(shop, "SHIRT-M")
    product.attributes.append(Attribute(6, "Material", ["Cotton"], 1, True, False))
    product.attributes[0].options.append("Kids")
    shop.shop.api.answer(
        "POST", ("products", str(product.id), "variations", "batch"), {}, {"create": [{"sku": "HAND-MADE"}]}
    )
    put(shop, shirt("M", "L"))
    told_now = [(one.name, one.options, one.visible, one.variation) for one in product.attributes]
    assert told_now == [("Size", ["M", "Kids", "L"], True, True), ("Material", ["Cotton"], True, False)]
    assert seen(shop, "SHIRT-L").options == {"Size": "L"}
    assert seen(shop, "HAND-MADE").id == str(product.id)


def test_an_attribute_of_the_whole_shop_is_used_where_the_product_has_it(shop: Stand) -> None:
    put(shop, shirt("M", option="Material"))
    parent(shop, "SHIRT-M").attributes = [Attribute(6, "Material", ["m"], 0, True, True)]
    put(shop, shirt("M", "L", option="Material"))
    assert [(one.id, one.options) for one in parent(shop, "SHIRT-L").attributes] == [(6, ["m", "L"])]
    assert [(one.id, one.options) for one in stored(shop, "SHIRT-L").attributes] == [(6, ["L"])]


def test_an_option_that_the_erp_changed_is_changed(shop: Stand) -> None:
    made = put(shop, shirt("M", "L"))
    draft = shirt("M", "L")
    renamed = draft.product.variants[1].model_copy(update={"options": ("XL",)})
    product = draft.product.model_copy(update={"variants": (draft.product.variants[0], renamed)})
    assert put(shop, replace(draft, product=product)).variants == made.variants
    assert seen(shop, "SHIRT-L").options == {"Size": "XL"}


def test_a_variant_that_is_not_active_is_hidden_and_shown_again(shop: Stand) -> None:
    put(shop, shirt("M", "L"))
    for _ in range(2):
        put(shop, shirt("M", "(L)"))
        assert (seen(shop, "SHIRT-M").visible, stored(shop, "SHIRT-L").status) == (True, "private")
    put(shop, shirt("M", "L"))
    assert seen(shop, "SHIRT-L").visible


def test_what_a_person_has_hidden_stays_hidden(shop: Stand) -> None:
    put(shop, shirt("M", "L"))
    put(shop, mug())
    stored(shop, "MUG-1").status = "draft"
    stored(shop, "SHIRT-L").status = "private"
    assert told(put(shop, mug()).notes, "hidden", "by a person")
    put(shop, shirt("M", "L"))
    assert (stored(shop, "MUG-1").status, stored(shop, "SHIRT-L").status) == ("draft", "private")


def test_a_status_that_the_erp_does_not_own_is_left_alone(shop: Stand) -> None:
    put(shop, mug())
    others = frozenset(ProductField) - {ProductField.STATUS}
    put(shop, replace(mug(active=False), fields=others))
    assert seen(shop, "MUG-1").visible
    put(shop, mug(active=False))
    put(shop, replace(mug(), fields=others))
    assert not seen(shop, "MUG-1").visible


def test_an_item_that_is_one_variation_of_a_product_of_people_changes_that_alone(shop: Stand) -> None:
    before = seen(shop, "SKU-0005")
    draft = mug("SKU-0005", title="Another title", description="Text", categories=("Cups",), weight_grams=Decimal(100))
    made = put(shop, draft)
    assert (made.id, made.variants["SKU-0005"]) == (before.id, str(stored(shop, "SKU-0005").id))
    assert told(made.notes, "variation", before.id)
    assert seen(shop, "SKU-0005") == replace(before, weight_grams=Decimal(100))
    gone = draft.product.model_copy(update={"active": False})
    put(shop, replace(draft, product=gone))
    assert (seen(shop, "SKU-0005").visible, seen(shop, "SKU-0006").visible) == (False, True)


# -- barcodes


def test_a_barcode_that_another_product_has_is_left_out_and_told(shop: Stand) -> None:
    put(shop, mug("MUG-1", barcode="4006381333931"))
    answers = shop.open().put_products([mug("MUG-2", barcode="4006381333931"), mug("MUG-3", barcode="4006381333948")])
    second, third = answers.values()
    assert isinstance(second, StoreProduct)
    assert told(second.notes, "barcode", str(stored(shop, "MUG-1").id))
    assert isinstance(third, StoreProduct)
    assert third.notes == ()
    assert [seen(shop, sku).barcode for sku in ("MUG-2", "MUG-3")] == ["", "4006381333948"]
    assert seen(shop, "MUG-2").visible


def test_a_barcode_that_would_be_mangled_is_left_out_and_told(shop: Stand) -> None:
    assert told(put(shop, mug(barcode="AB-12")).notes, "barcode", "digits")
    assert seen(shop, "MUG-1").barcode == ""


def test_a_release_without_barcodes_is_told(tools: Tools) -> None:
    with stand(tools, release=(7, 9)) as shop:
        for _ in range(2):
            assert told(put(shop, mug(barcode="4006381333931")).notes, "barcode", "9.1")
        assert writes(shop) == 2


# -- categories


def test_categories_are_found_wherever_they_are_and_made_once(shop: Stand) -> None:
    shop.shop.shop.categories[90] = Category(90, "Tea &amp; Coffee", 15)
    shop.shop.shop.categories[91] = Category(91, "Men's", 90)
    draft = mug(categories=("tea & coffee", "Men's", "Mugs"))
    put(shop, draft)
    put(shop, mug("MUG-2", categories=("Mugs", "Men's")))
    names = sorted(category.name for category in shop.shop.shop.categories.values())
    assert names == ["Men's", "Mugs", "Tea &amp; Coffee", "Uncategorized"]
    assert set(seen(shop, "MUG-1").categories) == {"Tea & Coffee", "Men's", "Mugs"}


def test_a_product_changes_its_category_and_keeps_those_of_people(shop: Stand) -> None:
    put(shop, mug(categories=("Mugs", "Kitchen")))
    shop.shop.shop.categories[90] = Category(90, "Sale")
    stored(shop, "MUG-1").categories.append(90)
    put(shop, mug(categories=("Kitchen", "Sale", "Gifts")))
    assert seen(shop, "MUG-1").categories == ("Kitchen", "Sale", "Gifts")
    put(shop, mug(categories=("Kitchen",)))
    assert seen(shop, "MUG-1").categories == ("Kitchen", "Sale")


def test_a_reply_that_is_lost_at_a_category_makes_no_second(shop: Stand) -> None:
    fault = shop.fault(FaultKind.LOST_REPLY, "POST products/categories")
    with pytest.raises(OutcomeUnknown):
        put(shop, mug(categories=("Mugs",)))
    assert fault.fired == 1
    put(shop, mug(categories=("Mugs",)))
    assert [one.name for one in shop.shop.shop.categories.values()] == ["Uncategorized", "Mugs"]
    assert seen(shop, "MUG-1").categories == ("Mugs",)


def test_a_category_that_the_shop_refuses_is_left_out_and_told(shop: Stand) -> None:
    body = b'{"code": "woocommerce_rest_cannot_create", "message": "Sorry.", "data": {"status": 403}}'
    headers = (("Content-Type", "application/json"),)
    fault = shop.fault(FaultKind.STATUS, "POST products/categories", status=403, body=body, headers=headers)
    made = put(shop, mug(categories=("Mugs",)))
    assert fault.fired == 1
    assert told(made.notes, "category Mugs", "woocommerce_rest_cannot_create")
    assert seen(shop, "MUG-1").visible


# -- images


def test_an_image_is_fetched_once(shop: Stand) -> None:
    draft = mug(image_urls=(FRONT, BACK))
    put(shop, draft)
    put(shop, draft)
    put(shop, mug(image_urls=(FRONT, BACK), title="Another title"))
    assert seen(shop, "MUG-1").images == (FRONT, BACK)
    assert sorted(shop.shop.shop.attachments.values()) == sorted([FRONT, BACK])


def test_images_follow_the_erp_and_those_of_people_stay(shop: Stand) -> None:
    put(shop, mug(image_urls=(FRONT, BACK)))
    shop.shop.shop.attachments[9000] = "https://example.com/hand-made.png"
    stored(shop, "MUG-1").images.append(9000)
    side = "https://images.example.com/side.jpg"
    put(shop, mug(image_urls=(side, FRONT)))
    assert seen(shop, "MUG-1").images == (side, FRONT, "https://example.com/hand-made.png")
    product = stored(shop, "MUG-1")
    product.images = [9000, *product.images[:-1]]
    put(shop, mug(image_urls=(FRONT, side)))
    assert seen(shop, "MUG-1").images == ("https://example.com/hand-made.png", FRONT, side)
    assert len(shop.shop.shop.attachments) == 4


def test_an_image_that_a_person_took_off_stays_off(shop: Stand) -> None:
    draft = mug(image_urls=(FRONT, BACK))
    put(shop, draft)
    stored(shop, "MUG-1").images.pop(0)
    put(shop, draft)
    assert seen(shop, "MUG-1").images == (BACK,)


def test_an_image_that_cannot_be_fetched_is_a_note_without_its_secrets(shop: Stand) -> None:
    broken = "https://images.example.com/missing.jpg?signature=s3cret"
    made = put(shop, mug(image_urls=(FRONT, broken, BACK)))
    assert seen(shop, "MUG-1").images == (FRONT, BACK)
    assert seen(shop, "MUG-1").visible
    assert told(made.notes, "missing.jpg", "Error getting remote image")
    assert "s3cret" not in "".join(made.notes)
    assert "s3cret" not in str(stored(shop, "MUG-1").meta)


def test_a_reply_that_is_lost_at_an_image_adds_it_once(shop: Stand) -> None:
    draft = mug(image_urls=(FRONT, BACK))
    for containing in ("front.jpg", "back.jpg"):
        fault = shop.fault(FaultKind.LOST_REPLY, "POST products/batch", containing=containing)
        with pytest.raises(OutcomeUnknown):
            put(shop, draft)
        assert fault.fired == 1
        assert seen(shop, "MUG-1").visible
    put(shop, replace(draft, fields=frozenset({ProductField.TITLE})))
    assert seen(shop, "MUG-1").images == (FRONT, BACK)
    assert len(shop.shop.shop.attachments) == 2
    put(shop, replace(mug(title="Ours", image_urls=(BACK,)), fields=frozenset({ProductField.TITLE})))
    assert (seen(shop, "MUG-1").title, seen(shop, "MUG-1").images) == ("Ours", (FRONT, BACK))


# -- lost replies


@pytest.mark.parametrize("operation", WRITES[:2])
@pytest.mark.parametrize("kind", [FaultKind.LOST_REPLY, FaultKind.REFUSE])
def test_a_product_that_was_begun_is_completed_and_not_begun_again(
    shop: Stand, operation: str, kind: FaultKind
) -> None:
    draft = shirt("M", "L", description="Soft.")
    before = len(shop.shop.shop.products)
    fault = shop.fault(kind, operation)
    with pytest.raises(SyncError):
        put(shop, draft)
    assert fault.fired == 1
    assert all(
        product.status == "draft"
        for product in shop.shop.shop.products.values()
        if product.name == "Shirt" and product.type == "variable"
    )
    put(shop, replace(draft, fields=frozenset({ProductField.TITLE})))
    assert len(shop.shop.shop.products) == before + 3
    assert parent(shop, "SHIRT-M").sku == ""
    assert seen(shop, "SHIRT-L").visible


def test_products_that_were_not_reached_share_what_stopped_the_call(shop: Stand) -> None:
    fault = shop.fault(FaultKind.STATUS, "POST products/{id}/variations/batch", status=429)
    answers = shop.open().put_products([mug(), shirt("M")])
    assert fault.fired == 1
    assert isinstance(answers[TargetId("item-MUG-1")], StoreProduct)
    assert isinstance(answers[TargetId("shirt")], Throttled)
    assert seen(shop, "MUG-1").visible


# -- refused


def test_one_that_the_shop_refuses_leaves_its_neighbours(shop: Stand) -> None:
    """MySQL does not tell small letters from capitals, and so SKU-0001 is taken."""
    drafts = [mug(), mug("sku-0001"), mug("MUG-2")]
    answers = shop.open().put_products(drafts)
    error = answers[TargetId("item-sku-0001")]
    assert isinstance(error, Rejected)
    assert "product_invalid_sku" in error.problem.what
    assert str(stored(shop, "SKU-0001").id) in error.problem.what
    assert "sku-0001" in error.problem.record
    assert (seen(shop, "MUG-1").visible, seen(shop, "MUG-2").visible) == (True, True)


def test_a_variation_that_the_shop_refuses_leaves_its_product_hidden(shop: Stand) -> None:
    put(shop, mug("shirt-l"))
    refused(shop, shirt("M", "L"), "record-refused")
    assert not seen(shop, "SHIRT-M").visible
    stored(shop, "shirt-l").sku = "MUG-1"
    put(shop, shirt("M", "L"))
    assert (seen(shop, "SHIRT-M").visible, seen(shop, "SHIRT-L").visible) == (True, True)


def test_a_sku_that_several_products_have_is_refused(shop: Stand) -> None:
    stored(shop, "SKU-0002").sku = "SKU-0001"
    refused(shop, mug("SKU-0001"), "sku-twice")


def test_a_product_that_is_another_thing_in_the_shop_is_refused(shop: Stand) -> None:
    put(shop, mug("SHIRT-M"))
    refused(shop, shirt("M", "L"), "type-differs")
    made = put(shop, mug("MUG-9"))
    refused(shop, replace(mug("MUG-8"), id=made.id, variants={}), "sku-differs")
    product = parent(shop, "SKU-0031")
    product.sku = "SHIRT-XS"
    refused(shop, shirt("XS"), "sku-of-parent")


def test_options_of_other_names_are_refused_for_new_variants_alone(shop: Stand) -> None:
    put(shop, shirt("M"))
    assert told(put(shop, shirt("M", option="Grösse")).notes, "options")
    assert "Size" in refused(shop, shirt("M", "L", option="Grösse"), "options-differ").problem.what
    assert [one.name for one in parent(shop, "SHIRT-M").attributes] == ["Size"]
    assert shop.shop.product("SHIRT-L") == []


def test_options_that_the_shop_loses_hide_the_variation(shop: Stand, tools: Tools) -> None:
    draft = shirt("M", option="اندازه")
    refused(shop, draft, "options-not-taken")
    assert not seen(shop, "SHIRT-M").visible
    assert stored(shop, "SHIRT-M").status == "private"
    product = draft.product.model_copy(update={"options": ("Size",)})
    put(shop, replace(draft, product=product))
    assert not seen(shop, "SHIRT-M").visible
    parent(shop, "SHIRT-M").attributes = []
    put(shop, replace(draft, product=product))
    assert (seen(shop, "SHIRT-M").visible, seen(shop, "SHIRT-M").options) == (True, {"Size": "M"})
    with stand(tools, release=(10, 5)) as later:
        put(later, draft)
        assert seen(later, "SHIRT-M").options == {"اندازه": "M"}


def test_what_was_deleted_in_the_shop_is_not_made_again(shop: Stand) -> None:
    made = put(shop, shirt("M", "L"))
    known = replace(shirt("M", "L"), id=made.id, variants=made.variants)
    del shop.shop.shop.products[stored(shop, "SHIRT-L").id]
    assert told(put(shop, known).notes, "SHIRT-L", "deleted")
    assert shop.shop.product("SHIRT-L") == []
    for product in shop.shop.shop.products.values():
        if str(product.id) == made.id or str(product.parent_id) == made.id:
            product.status = "trash"
    refused(shop, known, "product-gone")
    inactive = known.product.model_copy(update={"active": False})
    assert isinstance(shop.open().put_products([replace(known, product=inactive)])[TargetId("shirt")], Skip)


def test_a_product_whose_fields_a_plugin_spoils_fails_alone(shop: Stand) -> None:
    put(shop, mug())
    stored(shop, "MUG-1").images = []
    stored(shop, "MUG-1").meta.append({"id": 1, "key": "x", "value": 1})
    stored(shop, "MUG-1").weight = {"value": 3}  # type: ignore[assignment]
    answers = shop.open().put_products([mug(), mug("MUG-2")])
    error = answers[TargetId("item-MUG-1")]
    assert isinstance(error, Rejected)
    assert (error.code, "weight" in error.problem.what) == ("product-unreadable", True)
    assert isinstance(answers[TargetId("item-MUG-2")], StoreProduct)


@pytest.mark.parametrize("value", ["text", {"images": [["a"], 3], "categories": "x"}, [], None])
def test_what_erpsync_remembers_may_be_spoilt(shop: Stand, value: object) -> None:
    put(shop, mug(image_urls=(FRONT,)))
    product = stored(shop, "MUG-1")
    for meta in product.meta:
        meta["value"] = value
    put(shop, mug(title="Another title"))
    assert seen(shop, "MUG-1").title == "Another title"


def _variants(*options: tuple[str, ...]) -> tuple[Variant, ...]:
    return tuple(Variant(sku=Sku(f"A-{number}"), options=each) for number, each in enumerate(options))


@pytest.mark.parametrize(
    ("code", "options", "variants"),
    [
        ("variants-unusable", (), ()),
        (
            "variants-unusable",
            ("Size",),
            (Variant(sku=Sku("A"), options=("M",)), Variant(sku=Sku("A"), options=("L",))),
        ),
        ("options-missing", (), _variants((), ())),
        ("options-differ", ("Size",), _variants(("M",), ())),
        ("options-differ", ("Size",), _variants(("M",), ("",))),
        ("options-differ", (), _variants(("M",))),
        ("options-same", ("Size",), _variants(("M",), ("m",))),
        ("sku-not-storable", (), (Variant(sku=Sku("a  b")),)),
        ("sku-not-storable", (), (Variant(sku=Sku("a%20b")),)),
        ("sku-not-storable", (), (Variant(sku=Sku("<b>")),)),
        ("sku-not-storable", (), (Variant(sku=Sku("x" * 101)),)),
    ],
)
def test_what_woocommerce_could_not_hold_is_refused_before_it_is_sent(
    shop: Stand, code: str, options: tuple[str, ...], variants: tuple[Variant, ...]
) -> None:
    before = shop.shop.records()
    product = Product(id=TargetId("odd"), title="Odd", options=options, variants=variants)
    refused(shop, ProductDraft(product, SourceId("1")), code)
    assert shop.shop.records() == before
