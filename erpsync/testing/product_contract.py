"""What every store does with the products that an ERP puts into it: a part of `StoreContract`.

What a store cannot hold at all it may leave out, if it says so in `StoreProduct.notes`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.ports.simulator import ShownProduct
from erpsync.ports.spec import StoreAbility
from erpsync.ports.store import Store
from erpsync.ports.store_records import ProductDraft, ProductField, StockChange, StoreProduct
from erpsync.testing.reading import eur, everything
from erpsync.testing.store_stage import StoreStage

# No store needs as many writes for one product.
MOST_WRITES = 20

SHIRT = Product(
    id=TargetId("shirt"),
    title="Shirt",
    description="Soft cotton.",
    categories=("Clothes", "Summer"),
    image_urls=("https://images.example.com/front.jpg", "https://images.example.com/back.jpg"),
    options=("Size", "Colour"),
    variants=(
        Variant(sku=Sku("SHIRT-M-RED"), options=("M", "red"), barcode="4006381333931", weight_grams=Decimal(250)),
        Variant(sku=Sku("SHIRT-L-RED"), options=("L", "red"), barcode="4006381333948", weight_grams=Decimal(270)),
        Variant(sku=Sku("SHIRT-L-BLUE"), options=("L", "blue"), barcode="4006381333955", weight_grams=Decimal(270)),
    ),
)
SHIRT_XL = Variant(sku=Sku("SHIRT-XL-RED"), options=("XL", "red"), barcode="4006381333962", weight_grams=Decimal(290))


class ProductContract:
    """Held by every store."""

    def test_a_product_is_made_with_its_options_and_variants(self, stage: StoreStage) -> None:
        draft = ProductDraft(SHIRT, prices=_prices(SHIRT, "19.90"))
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([draft])):
            return
        made = _put(stage.open(), draft)
        assert made.variants.keys() == {variant.sku for variant in SHIRT.variants}
        assert len(set(made.variants.values())) == 3
        for variant in SHIRT.variants:
            shown = _shown(stage, variant.sku)
            assert (shown.id, shown.title, shown.visible) == (made.id, "Shirt", True)
            _held(made, "description", "Soft cotton." in shown.description)
            _held(made, "categor", set(shown.categories) == {"Clothes", "Summer"})
            _held(made, "image", _named(shown.images, "front", "back"))
            _held(made, "option", dict(shown.options) == dict(zip(SHIRT.options, variant.options, strict=True)))
            _held(made, "barcode", shown.barcode == variant.barcode)
            _held(made, "weight", shown.weight_grams == variant.weight_grams)
            assert stage.controls.price(variant.sku) == (Decimal("19.90"), None)

    def test_a_product_without_options_is_made(self, stage: StoreStage) -> None:
        mug = _plain("mug", "MUG-1")
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([mug])):
            return
        made = _put(stage.open(), mug)
        assert made.variants.keys() == {"MUG-1"}
        shown = _shown(stage, "MUG-1")
        assert (shown.id, shown.title, shown.visible, dict(shown.options)) == (made.id, "mug", True, {})

    def test_a_variant_that_is_made_counts_its_stock_from_nothing(self, stage: StoreStage) -> None:
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([_plain("mug", "MUG-1")])):
            return
        store, location = stage.open(), stage.controls.locations[0]
        for draft in (_plain("mug", "MUG-1"), ProductDraft(SHIRT, prices=_prices(SHIRT, "19.90"))):
            sku = draft.product.variants[0].sku
            _put(store, draft)
            if StoreAbility.VARIANTS not in stage.capabilities.missing:
                told = {variant.sku: variant for variant in everything(stage.open().variants_changed)[0]}
                assert told[sku].tracked
            assert stage.controls.stock(sku, location) == 0
            if StoreAbility.STOCK not in stage.capabilities.missing:
                assert store.set_stock([StockChange(sku, location, 7)]) == {(sku, location): None}
                assert stage.controls.stock(sku, location) == 7

    def test_a_product_that_is_put_again_is_the_same_product(self, stage: StoreStage) -> None:
        draft = ProductDraft(SHIRT, prices=_prices(SHIRT, "19.90"))
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([draft])):
            return
        made = _put(stage.open(), draft)
        before = {variant.sku: _shown(stage, variant.sku) for variant in SHIRT.variants}
        for again in (draft, replace(draft, id=made.id, variants=made.variants)):
            found = _put(stage.open(), again)
            assert (found.id, found.variants) == (made.id, made.variants)
            assert {variant.sku: _shown(stage, variant.sku) for variant in SHIRT.variants} == before

    def test_no_reply_that_is_lost_makes_a_second_product(self, stage: StoreStage) -> None:
        """Each of the requests that make a product is lost once."""
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([ProductDraft(SHIRT)])):
            return
        assert stage.lose_product_reply is not None, "the stage must tell how a reply about a product is lost"
        for skipped in range(MOST_WRITES):
            product = _renamed(SHIRT, f"LOST{skipped}")
            draft = ProductDraft(product, prices=_prices(product, "19.90"))
            fired = stage.lose_product_reply(skipped)
            answer = _answer(stage.open(), draft)
            if not fired():
                assert isinstance(answer, StoreProduct), answer
                break
            assert fired() == 1
            assert isinstance(answer, OutcomeUnknown | StoreProduct), answer
            made = _put(stage.open(), draft)
            shown = [_shown(stage, variant.sku) for variant in product.variants]
            assert {(one.id, one.title, one.visible) for one in shown} == {(made.id, product.title, True)}
            for one, variant in zip(shown, product.variants, strict=True):
                _held(made, "option", dict(one.options) == dict(zip(SHIRT.options, variant.options, strict=True)))
                assert stage.controls.price(variant.sku) == (Decimal("19.90"), None)
        assert skipped > 0
        assert skipped < MOST_WRITES - 1

    def test_a_product_that_the_store_has_is_found_by_its_sku(self, stage: StoreStage) -> None:
        draft = _plain("A new title", "SKU-0001")
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([draft])):
            return
        before = _shown(stage, "SKU-0001")
        made = _put(stage.open(), draft)
        shown = _shown(stage, "SKU-0001")
        assert shown.id == made.id == before.id
        assert shown == replace(before, title="A new title")

    def test_prices_promotions_and_stock_survive_a_change_of_the_product(self, stage: StoreStage) -> None:
        draft = _plain("A new title", "SKU-0001")
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([draft])):
            return
        location = stage.controls.locations[0]
        stage.controls.put_price("SKU-0001", Decimal("20.00"), promotion=Decimal("15.00"))
        stage.controls.put_stock("SKU-0001", location, 42)
        made = _put(stage.open(), draft)
        hidden = draft.product.model_copy(update={"active": False})
        _put(stage.open(), replace(draft, product=hidden, id=made.id, variants=made.variants))
        _put(stage.open(), replace(draft, id=made.id, variants=made.variants))
        assert stage.controls.price("SKU-0001") == (Decimal("20.00"), Decimal("15.00"))
        assert stage.controls.stock("SKU-0001", location) == 42

    def test_what_the_erp_does_not_own_is_left_alone(self, stage: StoreStage) -> None:
        made = _made(stage)
        if made is None:
            return
        before = _shown(stage, "SHIRT-M-RED")
        changed = SHIRT.model_copy(
            update={
                "title": "Another shirt",
                "description": "Another text.",
                "active": False,
                "categories": ("Elsewhere",),
                "image_urls": ("https://images.example.com/other.jpg",),
                "variants": tuple(
                    one.model_copy(update={"barcode": f"400638133400{number}", "weight_grams": Decimal(999)})
                    for number, one in enumerate(SHIRT.variants)
                ),
            }
        )
        owned = frozenset({ProductField.TITLE, ProductField.BARCODE})
        answer = _put(stage.open(), ProductDraft(changed, made.id, made.variants, fields=owned))
        shown = _shown(stage, "SHIRT-M-RED")
        _held(answer, "barcode", shown.barcode == changed.variants[0].barcode)
        assert replace(shown, barcode=before.barcode) == replace(before, title="Another shirt")

    def test_what_is_empty_wipes_nothing(self, stage: StoreStage) -> None:
        made = _made(stage)
        if made is None:
            return
        before = _shown(stage, "SHIRT-M-RED")
        bare = tuple(Variant(sku=one.sku, options=one.options) for one in SHIRT.variants)
        empty = Product(id=SHIRT.id, title="Shirt", options=SHIRT.options, variants=bare)
        _put(stage.open(), ProductDraft(empty, made.id, made.variants))
        assert _shown(stage, "SHIRT-M-RED") == before

    def test_a_product_that_is_not_active_is_hidden_and_shown_again(self, stage: StoreStage) -> None:
        made = _made(stage)
        if made is None:
            return
        for active in (False, True):
            product = SHIRT.model_copy(update={"active": active})
            for _ in range(2):
                again = _put(stage.open(), ProductDraft(product, made.id, made.variants))
                assert (again.id, again.variants) == (made.id, made.variants)
            for variant in SHIRT.variants:
                assert (_shown(stage, variant.sku).id, _shown(stage, variant.sku).visible) == (made.id, active)

    def test_a_variant_that_is_new_is_added_and_the_others_stay(self, stage: StoreStage) -> None:
        made = _made(stage)
        if made is None:
            return
        [medium, *_] = SHIRT.variants
        fewer = SHIRT.model_copy(update={"variants": (medium, SHIRT_XL)})
        prices = {SHIRT_XL.sku: eur("24.90"), medium.sku: eur("1.00")}
        known = {medium.sku: made.variants[medium.sku]}
        for _ in range(2):
            answer = _put(stage.open(), ProductDraft(fewer, made.id, known, prices))
            assert answer.variants[medium.sku] == made.variants[medium.sku]
            assert answer.variants[SHIRT_XL.sku] not in made.variants.values()
        _held(answer, "option", dict(_shown(stage, SHIRT_XL.sku).options) == {"Size": "XL", "Colour": "red"})
        assert {_shown(stage, sku).id for sku in (*made.variants, SHIRT_XL.sku)} == {made.id}
        assert stage.controls.price(SHIRT_XL.sku) == (Decimal("24.90"), None)
        assert {stage.controls.price(sku)[0] for sku in made.variants} == {Decimal("19.90")}

    def test_skus_of_two_products_are_refused_and_the_others_of_the_call_are_made(self, stage: StoreStage) -> None:
        torn = SHIRT.model_copy(
            update={
                "variants": (
                    Variant(sku=Sku("SKU-0001"), options=("M", "red")),
                    Variant(sku=Sku("SKU-0002"), options=("L", "red")),
                )
            }
        )
        drafts = [_plain("mug", "MUG-1"), ProductDraft(torn), _plain("cup", "CUP-1")]
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products(drafts)):
            return
        before = [_shown(stage, sku) for sku in ("SKU-0001", "SKU-0002")]
        answers = stage.open().put_products(drafts)
        _refused_naming(answers[torn.id], "SKU-0001", "SKU-0002")
        assert [_shown(stage, sku) for sku in ("SKU-0001", "SKU-0002")] == before
        for draft in (drafts[0], drafts[2]):
            made = answers[draft.product.id]
            assert isinstance(made, StoreProduct), made
            assert _shown(stage, draft.product.variants[0].sku).id == made.id

    def test_a_new_variant_whose_sku_another_product_has_is_refused(self, stage: StoreStage) -> None:
        made = _made(stage)
        if made is None:
            return
        taken = Variant(sku=Sku("SKU-0001"), options=("S", "red"))
        more = SHIRT.model_copy(update={"variants": (*SHIRT.variants, taken)})
        _refused_naming(_answer(stage.open(), ProductDraft(more, made.id, made.variants)), "SKU-0001")
        assert _shown(stage, "SKU-0001").id != made.id

    def test_a_product_that_the_store_has_deleted_is_not_made_again(self, stage: StoreStage) -> None:
        draft = ProductDraft(
            _plain("mug", "MUG-1").product, SourceId("999999999"), {Sku("MUG-1"): SourceId("999999998")}
        )
        if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([draft])):
            return
        answer = _answer(stage.open(), draft)
        assert isinstance(answer, Rejected), answer
        assert answer.problem.next_step
        assert stage.controls.product("MUG-1") == []

    def test_a_product_that_was_put_is_told_with_its_variants(self, stage: StoreStage) -> None:
        made = _made(stage)
        if made is None or StoreAbility.VARIANTS in stage.capabilities.missing:
            return
        told = everything(stage.open().variants_changed)[0]
        assert {one.sku: one.id for one in told if one.product_id == made.id} == dict(made.variants)


def _made(stage: StoreStage) -> StoreProduct | None:
    """The shirt, made; None where the store lacks the ability, which is asserted."""
    draft = ProductDraft(SHIRT, prices=_prices(SHIRT, "19.90"))
    if stage.lacks(StoreAbility.PRODUCTS, lambda: stage.open().put_products([draft])):
        return None
    return _put(stage.open(), draft)


def _plain(title: str, sku: str) -> ProductDraft:
    product = Product(id=TargetId(f"item-{sku}"), title=title, variants=(Variant(sku=Sku(sku)),))
    return ProductDraft(product, prices=_prices(product, "9.90"))


def _prices(product: Product, amount: str) -> Mapping[Sku, Money]:
    return {variant.sku: eur(amount) for variant in product.variants}


def _renamed(product: Product, name: str) -> Product:
    variants = tuple(one.model_copy(update={"sku": Sku(f"{name}-{one.sku}")}) for one in product.variants)
    return product.model_copy(update={"id": TargetId(name), "title": f"Shirt {name}", "variants": variants})


def _answer(store: Store, draft: ProductDraft) -> StoreProduct | SyncError:
    """An error that concerns the call is as good as one that concerns its only product."""
    try:
        return store.put_products([draft])[draft.product.id]
    except SyncError as error:
        return error


def _put(store: Store, draft: ProductDraft) -> StoreProduct:
    answer = _answer(store, draft)
    assert isinstance(answer, StoreProduct), answer
    return answer


def _shown(stage: StoreStage, sku: str) -> ShownProduct:
    """The one product that has the SKU."""
    [product] = stage.controls.product(sku)
    return product


def _named(images: Sequence[str], *names: str) -> bool:
    """Whether they are these, in this order; stores keep them at addresses of their own, by the same file names."""
    return len(images) == len(names) and all(name in url for name, url in zip(names, images, strict=True))


def _held(answer: StoreProduct, word: str, held: object) -> None:
    """Whether the store has it so, or has said by that word that it cannot."""
    assert held or any(word in note.lower() for note in answer.notes), f"{word} is not as wanted, and no note says so"


def _refused_naming(answer: StoreProduct | SyncError, *skus: str) -> None:
    assert isinstance(answer, Rejected), answer
    assert all(sku in str(answer) for sku in skus), answer
    assert answer.problem.next_step
