"""Products and variants put into a shop that implements the contract."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Unavailable
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.ports.pages import Since
from erpsync.ports.store_records import PriceChange, ProductAnswer, ProductDraft, ProductField, StoreProduct
from erpsync.sandbox.faults import FaultKind
from erpsync.testing.barrier import together
from tests.systems.custom.http_stand import Stand

FRONT, BACK = "https://erp.example.com/front.jpg", "https://erp.example.com/back.jpg"
S, M = (
    Variant(sku=Sku(f"SHIRT-{size}"), options=(size,), barcode=f"40{size}", weight_grams=Decimal("180.5"))
    for size in "SM"
)
SHIRT = Product(
    id=TargetId("4711"),
    title="Shirt",
    description="<p>Of linen</p>",
    categories=("Linen", "New"),
    image_urls=(FRONT, BACK),
    options=("Size",),
    variants=(S, M),
)
PRICES = {one.sku: Money(amount=Decimal("19.90"), currency="EUR") for one in SHIRT.variants}
MUG = Product(id=TargetId("12"), title="Item 12", variants=(Variant(sku=Sku("SKU-0012")),))


def put(stand: Stand, product: Product = SHIRT, **more: object) -> ProductAnswer:
    draft = replace(ProductDraft(product, prices=PRICES), **more)  # type: ignore[arg-type]
    return stand.open().put_products([draft])[product.id]


def made(answer: ProductAnswer) -> StoreProduct:
    assert isinstance(answer, StoreProduct), answer
    return answer


def refused(answer: ProductAnswer) -> Rejected:
    assert isinstance(answer, Rejected), answer
    assert answer.problem.record.startswith("product ")
    assert answer.problem.next_step
    return answer


def state(stand: Stand) -> str:
    """All that the shop has of products, times included."""
    records = stand.shop.records()
    return json.dumps([records["products"], records["variants"], stand.shop.catalogue.details])


# -- made and changed


def test_a_product_is_made_with_all_that_the_erp_tells(stand: Stand) -> None:
    answer = made(put(stand))
    assert (answer.variants.keys(), answer.notes) == ({S.sku, M.sku}, ())
    [shown] = stand.shop.product(M.sku)
    assert (shown.id, shown.title, shown.description, shown.visible) == (answer.id, "Shirt", "<p>Of linen</p>", True)
    assert (shown.categories, shown.images) == (("Linen", "New"), (FRONT, BACK))
    assert (shown.options, shown.barcode, shown.weight_grams) == ({"Size": "M"}, "40M", Decimal("180.5"))
    assert stand.shop.price(S.sku) == (Decimal("19.90"), None)


def test_what_is_new_is_counted_and_has_no_stock(stand: Stand) -> None:
    answer = made(put(stand))
    told = {variant.sku: variant for variant in stand.open(page_size=250).variants_changed(Since()).records}
    assert (told[S.sku].id, told[S.sku].product_id) == (answer.variants[S.sku], answer.id)
    assert (told[S.sku].tracked, told[S.sku].active) == (True, True)
    assert told[S.sku].stock == dict.fromkeys(stand.shop.locations, 0)


def test_the_same_again_changes_nothing_and_fetches_no_image_again(stand: Stand) -> None:
    answer = made(put(stand))
    before = state(stand)
    assert put(stand, id=answer.id, variants=answer.variants) == answer
    assert state(stand) == before
    assert stand.shop.catalogue.fetched == [FRONT, BACK]


def test_a_change_leaves_prices_promotions_and_stock_alone(stand: Stand) -> None:
    answer = made(put(stand))
    stand.shop.put_price(S.sku, Decimal("25.00"), promotion=Decimal("15.00"), end_seconds=3600)
    stand.shop.put_stock(S.sku, "shop", 7)
    made(put(stand, SHIRT.model_copy(update={"title": "Linen shirt"}), id=answer.id))
    assert stand.shop.product(S.sku)[0].title == "Linen shirt"
    assert stand.shop.price(S.sku) == (Decimal("25.00"), Decimal("15.00"))
    assert stand.shop.stock(S.sku, "shop") == 7


def test_only_what_the_erp_owns_is_changed(stand: Stand) -> None:
    answer = made(put(stand))
    other = SHIRT.model_copy(
        update={
            "title": "Other",
            "description": "Other",
            "active": False,
            "categories": ("Other",),
            "image_urls": (),
            "variants": (S.model_copy(update={"barcode": "99", "weight_grams": Decimal(1)}),),
        }
    )
    before = stand.shop.product(S.sku)[0]
    made(put(stand, other, id=answer.id, fields=frozenset({ProductField.BARCODE})))
    assert stand.shop.product(S.sku) == [replace(before, barcode="99")]


def test_what_is_empty_in_the_erp_wipes_nothing(stand: Stand) -> None:
    answer = made(put(stand))
    before = state(stand)
    bare = Product(id=SHIRT.id, title="", variants=(Variant(sku=S.sku), Variant(sku=M.sku)))
    made(put(stand, bare, id=answer.id))
    assert state(stand) == before


def test_what_people_have_added_stays(stand: Stand) -> None:
    answer = made(put(stand))
    product = stand.shop.catalogue.products[answer.id]
    product["categories"]["Sale"] = product["images"]["https://shop.example.com/worn.jpg"] = False
    made(put(stand, SHIRT.model_copy(update={"categories": ("Linen",), "image_urls": (BACK,)}), id=answer.id))
    [shown] = stand.shop.product(S.sku)
    assert (shown.categories, shown.images) == (("Linen", "Sale"), (BACK, "https://shop.example.com/worn.jpg"))


def test_a_product_is_hidden_and_shown_again(stand: Stand) -> None:
    answer = made(put(stand))
    hidden = SHIRT.model_copy(update={"active": False})
    for product, visible in ((hidden, False), (SHIRT, True)):
        assert made(put(stand, product, id=answer.id)) == answer
        assert stand.shop.product(S.sku)[0].visible is visible
    made(put(stand, hidden, id=answer.id))
    made(put(stand, SHIRT, id=answer.id, fields=frozenset({ProductField.TITLE})))
    assert not stand.shop.product(S.sku)[0].visible
    assert [one for one in stand.open().variants_changed(Since()).records if one.sku == S.sku and one.active] == []


def test_a_variant_is_hidden_alone(stand: Stand) -> None:
    answer = made(put(stand))
    made(put(stand, SHIRT.model_copy(update={"variants": (S.model_copy(update={"active": False}), M)}), id=answer.id))
    assert [stand.shop.product(sku)[0].visible for sku in (S.sku, M.sku)] == [False, True]


def test_a_new_variant_joins_the_others(stand: Stand) -> None:
    small = made(put(stand, SHIRT.model_copy(update={"variants": (S,)})))
    both = made(put(stand, SHIRT.model_copy(update={"variants": (M,)}), id=small.id, variants=small.variants))
    assert (both.id, both.variants.keys()) == (small.id, {S.sku, M.sku})
    assert both.variants[S.sku] == small.variants[S.sku]
    assert stand.shop.price(M.sku)[0] == Decimal("19.90")
    assert stand.shop.stock(M.sku, "shop") == 0


def test_what_has_no_price_is_not_sold_until_it_has_one(stand: Stand) -> None:
    answer = made(put(stand, prices={S.sku: PRICES[S.sku]}))
    assert answer.notes == ("SHIRT-M: The shop hides it until it has a price.",)
    assert [stand.shop.product(sku)[0].visible for sku in (S.sku, M.sku)] == [True, False]
    assert stand.open().set_base_prices([PriceChange(M.sku, PRICES[M.sku])]) == {M.sku: None}
    assert stand.shop.product(M.sku)[0].visible


def test_an_image_that_cannot_be_fetched_is_a_note_and_is_tried_again(stand: Stand) -> None:
    stand.shop.catalogue.unreachable.add(BACK)
    answer = made(put(stand))
    assert answer.notes == ("Image 2: The shop could not fetch it.",)
    assert stand.shop.product(S.sku)[0].images == (FRONT,)
    stand.shop.catalogue.unreachable.clear()
    assert made(put(stand, id=answer.id)).notes == ()
    assert stand.shop.catalogue.fetched == [FRONT, BACK]


# -- never twice


def test_a_lost_reply_makes_no_second_product(stand: Stand) -> None:
    fault = stand.fault(FaultKind.LOST_REPLY, "PUT products")
    assert isinstance(put(stand), OutcomeUnknown)
    assert fault.fired == 1
    before = state(stand)
    [shown] = stand.shop.product(S.sku)
    assert made(put(stand)).id == shown.id
    assert (state(stand), stand.shop.catalogue.fetched) == (before, [FRONT, BACK])


def test_two_workers_with_one_product_make_one(stand: Stand) -> None:
    stores = [stand.open(), stand.open()]
    futures = together(*(lambda store=store: store.put_products([ProductDraft(SHIRT)]) for store in stores))
    first, second = (future.result() for future in futures)
    assert isinstance(first[SHIRT.id], StoreProduct)
    assert first == second
    assert len(stand.shop.records()["products"]) == 51


def test_a_product_that_the_shop_has_is_found_by_its_skus(stand: Stand) -> None:
    answer = made(put(stand, MUG.model_copy(update={"title": "Mug"})))
    assert (answer.id, answer.variants) == ("p12", {"SKU-0012": "v12"})
    assert stand.shop.product("SKU-0012")[0].title == "Mug"
    assert stand.shop.price("SKU-0012")[0] == 22


def test_skus_of_several_products_are_refused_with_their_names(stand: Stand) -> None:
    before = state(stand)
    both = MUG.model_copy(update={"variants": (*MUG.variants, Variant(sku=Sku("SKU-0013")))})
    for known in (None, SourceId("p12")):
        refusal = refused(put(stand, both, id=known))
        assert refusal.code == "sku-ambiguous"
        assert "product p12 has SKU-0012; product p13 has SKU-0013." in refusal.problem.what
    assert state(stand) == before


def test_a_product_that_is_gone_from_the_shop_is_for_a_person(stand: Stand) -> None:
    refusal = refused(put(stand, id=SourceId("p999")))
    assert (refusal.code, "p999" in refusal.problem.what) == ("product-gone", True)
    assert stand.shop.product(S.sku) == []


# -- bad ones fail alone


def test_what_the_shop_does_not_take_fails_alone_and_is_named(stand: Stand) -> None:
    many = tuple(Variant(sku=Sku(f"X-{n}"), options=(str(n),)) for n in range(251))
    wrong = {
        "options": SHIRT.model_copy(update={"variants": (S, M.model_copy(update={"options": ("S",)}))}),
        "too-many-options": SHIRT.model_copy(update={"options": ("a", "b", "c", "d")}),
        "too-many-variants": SHIRT.model_copy(update={"variants": many}),
        "sku-twice": SHIRT.model_copy(update={"variants": (S, S)}),
        "title": SHIRT.model_copy(update={"title": " "}),
    }
    products = [one.model_copy(update={"id": TargetId(code)}) for code, one in wrong.items()]
    answers = stand.open().put_products([ProductDraft(one) for one in (*products, MUG)])
    for code in wrong:
        refusal = refused(answers[TargetId(code)])
        assert code in refusal.problem.what
        assert "simulator" not in str(refusal)
    made(answers[MUG.id])
    assert stand.shop.product(S.sku) == []


def test_a_price_in_another_currency_is_refused(stand: Stand) -> None:
    dollars = {S.sku: Money(amount=Decimal(9), currency="USD")}
    assert "currency" in refused(put(stand, prices=dollars)).problem.what


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"title": "x" * 2001}, "title"),
        ({"variants": ()}, "variants"),
        ({"variants": (S.model_copy(update={"sku": Sku("")}),)}, "variants.0.sku"),
        ({"variants": (S.model_copy(update={"weight_grams": Decimal(-1)}),)}, "variants.0.weight_grams"),
    ],
)
def test_what_does_not_fit_into_the_contract_is_not_sent(stand: Stand, wrong: dict[str, object], named: str) -> None:
    bad = SHIRT.model_copy(update={"id": TargetId("bad"), **wrong})
    answers = stand.open().put_products([ProductDraft(bad), ProductDraft(MUG)])
    assert named in refused(answers[bad.id]).problem.what
    made(answers[MUG.id])


def test_a_call_that_is_refused_as_a_whole_is_made_again_for_each_alone(stand: Stand) -> None:
    body = b'{"error": {"code": "invalid"}}'
    fault = stand.fault(FaultKind.STATUS, "PUT products", status=422, body=body, containing="Shirt", times=None)
    answers = stand.open().put_products([ProductDraft(SHIRT), ProductDraft(MUG)])
    assert fault.fired == 2
    assert "invalid" in refused(answers[SHIRT.id]).problem.what
    made(answers[MUG.id])


def test_a_shop_without_the_call_is_asked_once(stand: Stand) -> None:
    fault = stand.fault(FaultKind.STATUS, "PUT products", status=404, body=b"<html>", times=None)
    answers = stand.open().put_products([ProductDraft(SHIRT), ProductDraft(MUG)])
    assert fault.fired == 1
    assert {type(answer) for answer in answers.values()} == {Rejected}


@pytest.mark.parametrize(
    "results", [[], [{"reference": "4711", "id": "p1"}], [{"reference": "4711", "variants": {"SHIRT-S": "1"}}]]
)
def test_an_answer_without_the_ids_is_no_success(stand: Stand, results: list[object]) -> None:
    body = json.dumps({"results": results}).encode()
    fault = stand.fault(FaultKind.STATUS, "PUT products", status=200, body=body)
    assert refused(put(stand)).code == "no-answer"
    assert fault.fired == 1


def test_the_shops_own_words_are_not_shown(stand: Stand) -> None:
    note = {"code": "colour", "message": "Ada's", "record": "Ada"}
    result = {"reference": "4711", "id": "p1", "variants": {S.sku: "1", M.sku: "2"}, "notes": [note]}
    stand.fault(FaultKind.STATUS, "PUT products", status=200, body=json.dumps({"results": [result]}).encode())
    assert made(put(stand)).notes == ("The shop could not hold all of it (colour).",)


# -- in bulk


def items(count: int, description: str = "") -> list[ProductDraft]:
    return [
        ProductDraft(
            Product(
                id=TargetId(f"{n}"), title=f"New {n}", description=description, variants=(Variant(sku=Sku(f"N-{n}")),)
            )
        )
        for n in range(count)
    ]


def test_a_hundred_products_go_in_a_call_and_an_outage_keeps_what_was_put(stand: Stand) -> None:
    fault = stand.fault(FaultKind.STATUS, "PUT products", skip=2, status=503)
    answers = stand.open().put_products(items(250))
    assert (stand.served.faulty.operations["PUT products"], fault.fired) == (3, 1)
    assert [type(answer) for answer in answers.values()] == [StoreProduct] * 200 + [Unavailable] * 50
    status = stand.fault(FaultKind.STATUS, "PUT products", status=503)
    with pytest.raises(Unavailable):
        put(stand)
    assert status.fired == 1


def test_a_call_stays_below_what_servers_take(stand: Stand) -> None:
    answers = stand.open().put_products(items(30, "ü" * 40_000))
    assert {type(answer) for answer in answers.values()} == {StoreProduct}
    assert stand.served.faulty.operations["PUT products"] == 3
    assert stand.shop.answered == {200: 3}


def test_a_product_that_is_too_large_fails_alone(stand: Stand) -> None:
    huge = SHIRT.model_copy(
        update={"variants": tuple(Variant(sku=Sku(f"X-{n}"), title="x" * 2000) for n in range(600))}
    )
    answers = stand.open().put_products([ProductDraft(huge), ProductDraft(MUG)])
    assert "too-large" in refused(answers[huge.id]).problem.what
    made(answers[MUG.id])


def test_changes_of_products_are_told_by_their_variants(stand: Stand) -> None:
    since = Since(datetime.now(UTC).isoformat())
    made(put(stand))
    made(put(stand, MUG.model_copy(update={"active": False})))
    told = {one.sku: one.active for one in stand.open().variants_changed(since).records}
    assert told == {S.sku: True, M.sku: True, "SKU-0012": False}
