"""Products are made once and changed without taking away what people have added."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import OutcomeUnknown, Rejected, Throttled, Unavailable
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.ports.store_records import PriceChange, ProductAnswer, ProductDraft, ProductField, StoreProduct
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.shopify import documents_products
from erpsync.systems.shopify.simulator_api import SCOPES

OpenBench = Callable[..., Any]
IMAGE = "https://images.example.com/front.jpg"
OTHER_IMAGE = "https://images.example.com/back.jpg"


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


def shirt(*sizes: str, **changes: Any) -> Product:
    """A shirt in sizes S and M, or in those."""
    variants = tuple(Variant(sku=Sku(f"SHIRT-{size}"), options=(size,)) for size in sizes or ("S", "M"))
    given: dict[str, Any] = {"id": TargetId("shirt"), "title": "Shirt", "options": ("Size",), "variants": variants}
    return Product(**(given | changes))


def mug(sku: str = "MUG", **changes: Any) -> Product:
    given: dict[str, Any] = {"id": TargetId(sku), "title": f"Item {sku}", "variants": (Variant(sku=Sku(sku)),)}
    return Product(**(given | changes))


def draft(product: Product, known: StoreProduct | None = None, price: str = "19.90", **changes: Any) -> ProductDraft:
    prices = {variant.sku: eur(price) for variant in product.variants} if price else {}
    given = ProductDraft(product, prices=prices)
    if known is not None:
        given = replace(given, id=known.id, variants=known.variants)
    return replace(given, **changes)


def put(bench: Any, given: ProductDraft, **settings: Any) -> StoreProduct:
    answer = bench.store(**settings).put_products([given])[given.product.id]
    assert isinstance(answer, StoreProduct), answer
    return answer


def refusal(bench: Any, given: ProductDraft, **settings: Any) -> Rejected:
    answer = bench.store(**settings).put_products([given])[given.product.id]
    assert isinstance(answer, Rejected), answer
    assert answer.problem.next_step
    return answer


def writes(bench: Any) -> Mapping[str, int]:
    names = {*documents_products.WRITES, "WriteBack"}
    return {name: count for name, count in bench.served.faulty.operations.items() if name in names}


def stored(bench: Any, sku: str) -> Any:
    """The one variant in the store with that SKU."""
    [found] = [each for each in bench.simulator.shop.catalogue.variants.values() if each.sku == sku]
    return found


def shown(bench: Any, sku: str) -> Any:
    [found] = bench.controls.product(sku)
    return found


def products_of_the_store(bench: Any) -> int:
    return len(bench.simulator.shop.catalogue.products)


class TestMaking:
    def test_none_is_put_without_a_call(self, bench: Any) -> None:
        assert bench.store().put_products([]) == {}
        assert bench.served.faulty.operations == {}

    def test_what_is_made_is_counted_from_nothing_everywhere_and_not_sold_beyond(self, bench: Any) -> None:
        service = bench.simulator.shop.catalogue.add_location("A warehouse's own", service="them")
        put(bench, draft(shirt()))
        for size in ("S", "M"):
            variant = stored(bench, f"SHIRT-{size}")
            assert (variant.tracked, variant.policy, variant.price) == (True, "DENY", Decimal("19.90"))
            assert variant.levels == {int(place): 0 for place in bench.controls.locations if int(place) != service.id}

    def test_it_is_on_the_sales_channels_that_are_wanted_and_so_are_its_collections(self, bench: Any) -> None:
        put(bench, draft(shirt(categories=("Clothes",))))
        put(bench, draft(mug()), sales_channels="point of sale, Online Store")
        put(bench, draft(mug("CUP")), sales_channels=["Point of Sale"])
        catalogue = bench.simulator.shop.catalogue
        names = catalogue.publications

        def channels(record: Any) -> set[str]:
            return {names[number] for number in record.publications}

        [clothes] = catalogue.collections.values()
        assert channels(stored(bench, "SHIRT-S").product) == channels(clothes) == {"Online Store"}
        assert channels(stored(bench, "MUG").product) == {"Online Store", "Point of Sale"}
        assert channels(stored(bench, "CUP").product) == {"Point of Sale"}

    def test_a_sales_channel_that_the_store_lacks_is_told(self, bench: Any) -> None:
        [note] = put(bench, draft(mug()), sales_channels=["Elsewhere"]).notes
        assert "sales_channels" in note

    def test_one_call_makes_all_of_it(self, bench: Any) -> None:
        put(bench, draft(shirt("S", "M", "L")))
        assert writes(bench) == {"MakeProduct": 1, "Publish": 1, "WriteBack": 1}

    def test_several_are_looked_up_and_remembered_together(self, bench: Any) -> None:
        answers = bench.store().put_products([draft(mug(f"MUG-{n}")) for n in range(20)])
        assert {type(answer) for answer in answers.values()} == {StoreProduct}
        assert bench.served.faulty.operations["VariantsBySku"] == 1
        assert bench.served.faulty.operations["WriteBack"] == 1

    @pytest.mark.parametrize(
        "prices", [{}, {"SHIRT-M": eur("0")}, {"SHIRT-M": Money(amount=Decimal(9), currency="USD")}]
    )
    def test_without_all_prices_it_stays_hidden_until_it_has_them(self, bench: Any, prices: Any) -> None:
        without = replace(draft(shirt()), prices={Sku("SHIRT-S"): eur("5"), **prices})
        made = put(bench, without)
        assert not shown(bench, "SHIRT-S").visible
        [note] = made.notes
        assert "SHIRT-M" in note
        assert "SHIRT-S" not in note
        bench.store().set_base_prices([PriceChange(Sku("SHIRT-M"), eur("6"))])
        assert put(bench, draft(shirt(), made)).notes == ()
        assert shown(bench, "SHIRT-S").visible
        assert shown(bench, "SHIRT-M").visible

    def test_one_that_is_not_active_is_made_hidden(self, bench: Any) -> None:
        put(bench, draft(mug(active=False)))
        assert stored(bench, "MUG").product.status == "ARCHIVED"

    @pytest.mark.parametrize(
        ("text", "html"),
        [("Fire & ice,\n5 < 6", "Fire &amp; ice,<br>\n5 &lt; 6"), ("<p>Fire &amp; ice</p>", "<p>Fire &amp; ice</p>")],
    )
    def test_a_description_without_tags_is_text(self, bench: Any, text: str, html: str) -> None:
        put(bench, draft(mug(description=text)))
        assert shown(bench, "MUG").description == html

    def test_many_variants_are_read_in_pages(self, bench: Any) -> None:
        sizes = [f"{n}" for n in range(230)]
        made = put(bench, draft(shirt(*sizes)))
        assert len(made.variants) == 230
        before = writes(bench)
        assert put(bench, draft(shirt(*sizes), made)).variants == made.variants
        assert writes(bench) == before


class TestLimits:
    @pytest.mark.parametrize(
        ("product", "code"),
        [
            (shirt(*[f"{n}" for n in range(2049)]), "product-too-large"),
            (
                shirt(options=("A", "B", "C", "D"), variants=(Variant(sku=Sku("X"), options=("1", "2", "3", "4")),)),
                "product-too-large",
            ),
            (mug(image_urls=tuple(f"https://e.com/{n}" for n in range(251))), "product-too-large"),
            (mug(title="x" * 256), "product-unusable"),
            (mug(title=" "), "product-unusable"),
            (mug(variants=()), "product-unusable"),
            (mug(variants=(Variant(sku=Sku(" ")),)), "product-unusable"),
            (shirt("S", "S"), "product-unusable"),
            (shirt(options=()), "options-unusable"),
            (shirt(options=("Size", "Colour")), "options-unusable"),
            (
                shirt(variants=(Variant(sku=Sku("A"), options=("m",)), Variant(sku=Sku("B"), options=("M ",)))),
                "options-unusable",
            ),
        ],
        ids=[
            "variants", "options", "images", "title too long", "no title", "no variants", "no SKU", "a SKU twice",
            "variants without options", "values missing", "the same values",
        ],
    )  # fmt: skip
    def test_what_shopify_cannot_hold_is_refused_and_named(self, bench: Any, product: Product, code: str) -> None:
        refused = refusal(bench, draft(product))
        assert refused.code == code
        assert product.id in refused.problem.record
        assert writes(bench) == {}

    def test_new_variants_beyond_the_limit_are_refused(self, bench: Any) -> None:
        made = put(bench, draft(shirt(*[f"{n}" for n in range(2047)])))
        assert refusal(bench, draft(shirt("x", "y"), made)).code == "product-too-large"

    @pytest.mark.parametrize(
        "answer",
        [
            {"errors": [{"message": "Daily variant creation limit reached. Please try again later."}]},
            {"data": {"productSet": {"userErrors": [{"message": "Daily variant creation limit reached."}]}}},
        ],
        ids=["error of the call", "error of the input"],
    )
    def test_the_days_limit_of_new_variants_is_waited_for(self, bench: Any, answer: object) -> None:
        body = json.dumps(answer).encode()
        fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation="MakeProduct", status=200, body=body))
        with pytest.raises(Throttled) as raised:
            put(bench, draft(mug()))
        assert fault.fired
        assert raised.value.retry_after_seconds == 3600


class TestChanging:
    def test_what_is_as_wanted_is_not_written(self, bench: Any) -> None:
        product = shirt(
            description="Soft & warm", categories=("Clothes",), image_urls=(IMAGE,),
            variants=(
                Variant(sku=Sku("SHIRT-S"), options=("S",), barcode="4006381333931", weight_grams=Decimal("250.5")),
            ),
        )  # fmt: skip
        made = put(bench, draft(product))
        before = writes(bench)
        for again in (draft(product, made), draft(product)):
            assert put(bench, again) == made
        assert writes(bench) == before

    def test_a_weight_in_another_unit_is_the_same_weight(self, bench: Any) -> None:
        made = put(bench, draft(mug()))
        stored(bench, "MUG").weight = (Decimal("1.25"), "KILOGRAMS")
        put(bench, draft(mug(variants=(Variant(sku=Sku("MUG"), weight_grams=Decimal(1250)),)), made))
        assert stored(bench, "MUG").weight == (Decimal("1.25"), "KILOGRAMS")
        put(bench, draft(mug(variants=(Variant(sku=Sku("MUG"), weight_grams=Decimal(1300)),)), made))
        assert shown(bench, "MUG").weight_grams == 1300

    def test_what_people_have_added_survives(self, bench: Any) -> None:
        made = put(bench, draft(shirt(categories=("Clothes",), image_urls=(IMAGE,))))
        catalogue, now = bench.simulator.shop.catalogue, bench.clock.now()
        product = stored(bench, "SHIRT-S").product
        product.tags.append("hand-picked")
        product.metafields["custom.care"] = {"id": "1", "type": "json", "value": '"wash"'}
        catalogue.add_media(product, "https://photos.example.com/model.jpg", "", now)
        catalogue.add_collection("Staff picks", now).products.append(product.id)
        extra = catalogue.add("SHIRT-GIFT", Decimal(99), now, product)
        extra.values = ["Gift"]
        bench.controls.put_price("SHIRT-M", Decimal(20), promotion=Decimal(15))
        bench.controls.put_stock("SHIRT-M", bench.controls.locations[0], 7)
        changed = shirt(
            "M",
            "L",
            title="New shirt",
            description="New.",
            categories=("Sale",),
            image_urls=(OTHER_IMAGE,),
            active=False,
        )
        put(bench, draft(changed, made))
        put(bench, draft(changed.model_copy(update={"active": True}), made))
        found = shown(bench, "SHIRT-M")
        assert (found.title, found.visible) == ("New shirt", True)
        assert set(found.categories) == {"Staff picks", "Sale"}
        assert found.images == ("https://photos.example.com/model.jpg", OTHER_IMAGE)
        assert product.tags == ["hand-picked"]
        assert product.metafields["custom.care"]["value"] == '"wash"'
        assert bench.controls.price("SHIRT-M") == (Decimal(20), Decimal(15))
        assert bench.controls.stock("SHIRT-M", bench.controls.locations[0]) == 7
        assert {each.sku for each in catalogue.of_product(product)} == {"SHIRT-S", "SHIRT-M", "SHIRT-L", "SHIRT-GIFT"}
        assert extra.price == 99

    @pytest.mark.parametrize(
        ("status", "active", "after"),
        [
            ("ACTIVE", False, "ARCHIVED"), ("UNLISTED", False, "ARCHIVED"), ("DRAFT", False, "DRAFT"),
            ("ARCHIVED", True, "ACTIVE"), ("DRAFT", True, "ACTIVE"), ("UNLISTED", True, "UNLISTED"),
        ],
    )  # fmt: skip
    def test_a_status_changes_only_between_hidden_and_shown(
        self, bench: Any, status: str, active: bool, after: str
    ) -> None:
        made = put(bench, draft(mug()))
        product = stored(bench, "MUG").product
        product.status = status
        put(bench, draft(mug(active=active), made))
        assert product.status == after
        product.status = status
        put(bench, draft(mug(active=active), made, fields=frozenset(ProductField) - {ProductField.STATUS}))
        assert product.status == status

    def test_a_product_that_is_archived_and_back_is_the_same_on_the_same_channels(self, bench: Any) -> None:
        made = put(bench, draft(mug()))
        channels = set(stored(bench, "MUG").product.publications)
        put(bench, draft(mug(active=False), made))
        put(bench, draft(mug(), made))
        assert stored(bench, "MUG").product.publications == channels
        assert products_of_the_store(bench) == 51

    def test_a_variant_that_is_not_active_is_hidden_and_shown_again(self, bench: Any) -> None:
        made = put(bench, draft(shirt()))
        medium, small = stored(bench, "SHIRT-M"), stored(bench, "SHIRT-S")
        hidden = shirt(variants=(*shirt("S").variants, shirt("M").variants[0].model_copy(update={"active": False})))
        for _ in range(2):
            put(bench, draft(hidden, made))
            assert [shown(bench, f"SHIRT-{size}").visible for size in ("S", "M")] == [True, False]
        assert writes(bench)["Unpublish"] == 1
        # What a person has taken off a channel stays off.
        small.off = set(bench.simulator.shop.catalogue.publications)
        put(bench, draft(shirt(), made))
        assert [shown(bench, f"SHIRT-{size}").visible for size in ("S", "M")] == [False, True]
        assert medium.off == set()

    def test_a_variant_that_is_made_and_not_active_is_hidden(self, bench: Any) -> None:
        off = shirt("S", "M").model_copy(
            update={"variants": (*shirt("S").variants, Variant(sku=Sku("SHIRT-M"), options=("M",), active=False))}
        )
        made = put(bench, draft(off))
        assert [shown(bench, f"SHIRT-{size}").visible for size in ("S", "M")] == [True, False]
        put(bench, draft(shirt("S", "M"), made))
        assert shown(bench, "SHIRT-M").visible

    def test_a_new_variant_without_a_price_is_hidden_until_it_has_one(self, bench: Any) -> None:
        made = put(bench, draft(shirt("S")))
        for _ in range(2):
            answer = put(bench, draft(shirt("S", "M"), made, price=""))
            assert "SHIRT-M" in answer.variants
            assert "SHIRT-M has no price" in answer.notes[0]
            assert [shown(bench, f"SHIRT-{size}").visible for size in ("S", "M")] == [True, False]
        bench.store().set_base_prices([PriceChange(Sku("SHIRT-M"), eur("6"))])
        assert put(bench, draft(shirt("S", "M"), answer, price="")).notes == ()
        assert shown(bench, "SHIRT-M").visible

    def test_a_product_of_the_store_is_found_by_a_sku_and_keeps_what_it_is_on(self, bench: Any) -> None:
        variant = stored(bench, "SKU-0001")
        variant.product.publications.clear()
        answer = put(bench, draft(mug("SKU-0001", title="Renamed")))
        assert (answer.id, variant.product.title) == (str(variant.product.id), "Renamed")
        assert variant.product.publications == set()


class TestOptions:
    def test_a_plain_product_gets_options_and_keeps_its_variant(self, bench: Any) -> None:
        made = put(bench, draft(mug("SHIRT-M")))
        answer = put(bench, draft(shirt("S", "M"), made))
        assert answer.variants[Sku("SHIRT-M")] == made.variants[Sku("SHIRT-M")]
        assert [dict(shown(bench, f"SHIRT-{size}").options) for size in ("S", "M")] == [{"Size": "S"}, {"Size": "M"}]

    def test_an_option_that_is_new_is_added_and_one_of_another_name_renamed(self, bench: Any) -> None:
        made = put(bench, draft(shirt("S", "M")))
        variants = tuple(
            Variant(sku=Sku(f"SHIRT-{size}"), options=(colour, size))
            for size, colour in (("S", "red"), ("M", "blue"), ("L", "red"))
        )
        answer = put(bench, draft(shirt(options=("Colour", "Grösse"), variants=variants), made))
        assert [dict(shown(bench, f"SHIRT-{size}").options) for size in ("S", "M", "L")] == [
            {"Grösse": "S", "Colour": "red"}, {"Grösse": "M", "Colour": "blue"}, {"Grösse": "L", "Colour": "red"},
        ]  # fmt: skip
        assert made.variants.items() <= answer.variants.items()

    def test_a_value_that_the_erp_has_changed_is_changed(self, bench: Any) -> None:
        made = put(bench, draft(shirt("S", "M")))
        variants = (*shirt("S").variants, Variant(sku=Sku("SHIRT-M"), options=("Medium",)))
        put(bench, draft(shirt(variants=variants), made))
        assert shown(bench, "SHIRT-M").options == {"Size": "Medium"}

    def test_options_that_the_erp_does_not_own_keep_their_names_and_take_new_variants(self, bench: Any) -> None:
        made = put(bench, draft(shirt("S", "M")))
        stored(bench, "SHIRT-S").product.options[0].name = "Taille"
        put(bench, draft(shirt("S", "M", "L"), made, fields=frozenset({ProductField.TITLE})))
        assert shown(bench, "SHIRT-L").options == {"Taille": "L"}

    def test_an_option_that_only_the_store_has_is_left_and_new_variants_are_refused(self, bench: Any) -> None:
        made = put(bench, draft(shirt("S", "M")))
        product = stored(bench, "SHIRT-S").product
        bench.simulator.shop.catalogue.add_option(product, "Wrapped", "no")
        [note] = put(bench, draft(shirt("S", "M", title="New"), made)).notes
        assert "options" in note
        assert shown(bench, "SHIRT-M").title == "New"
        refused = refusal(bench, draft(shirt("S", "L"), made))
        assert refused.code == "options-differ"
        assert "Wrapped" in refused.problem.what

    def test_a_plain_item_among_the_variants_of_a_product_leaves_the_group_alone(self, bench: Any) -> None:
        made = put(bench, draft(shirt("S", "M")))
        product = stored(bench, "SHIRT-S").product
        item = mug("SHIRT-M", title="Shirt, medium", active=False, image_urls=(IMAGE,), description="Medium.")
        item = item.model_copy(update={"variants": (Variant(sku=Sku("SHIRT-M"), barcode="4006381333931"),)})
        [note] = put(bench, draft(item)).notes
        assert str(made.id) in note
        assert (product.title, product.status, product.media, product.description) == ("Shirt", "ACTIVE", [], "")
        assert shown(bench, "SHIRT-M").barcode == "4006381333931"
        assert [shown(bench, f"SHIRT-{size}").visible for size in ("S", "M")] == [True, False]

    def test_what_is_remembered_of_two_items_of_one_product_is_kept_together(self, bench: Any) -> None:
        put(bench, draft(shirt("S", "M", "L")))
        items = [mug(f"SHIRT-{size}", active=False) for size in ("S", "M")]
        bench.store().put_products([draft(item) for item in items])
        assert [shown(bench, f"SHIRT-{size}").visible for size in ("S", "M", "L")] == [False, False, True]
        bench.store().put_products([draft(item.model_copy(update={"active": True})) for item in items])
        assert all(shown(bench, f"SHIRT-{size}").visible for size in ("S", "M", "L"))


class TestSkus:
    def test_skus_of_several_products_are_refused_naming_them(self, bench: Any) -> None:
        one, other = stored(bench, "SKU-0001"), stored(bench, "SKU-0002")
        both = shirt(
            variants=(Variant(sku=Sku("SKU-0001"), options=("S",)), Variant(sku=Sku("SKU-0002"), options=("M",)))
        )
        refused = refusal(bench, draft(both))
        assert refused.code == "sku-ambiguous"
        for name in ("SKU-0001", "SKU-0002", str(one.product.id), str(other.product.id)):
            assert name in refused.problem.what

    def test_a_sku_that_two_products_have_is_refused(self, bench: Any) -> None:
        stored(bench, "SKU-0002").sku = "SKU-0001"
        assert refusal(bench, draft(mug("SKU-0001"))).code == "sku-ambiguous"

    @pytest.mark.parametrize("known", [True, False])
    def test_a_sku_that_two_variants_of_the_product_have_is_refused(self, bench: Any, known: bool) -> None:
        made = put(bench, draft(shirt("S", "M")))
        stored(bench, "SHIRT-M").sku = "SHIRT-S"
        assert refusal(bench, draft(shirt("S"), made if known else None)).code == "sku-ambiguous"

    def test_two_new_products_with_one_sku_make_one_product(self, bench: Any) -> None:
        twin = mug().model_copy(update={"id": TargetId("twin")})
        answers = bench.store().put_products([draft(mug()), draft(twin)])
        assert isinstance(answers[TargetId("MUG")], StoreProduct)
        refused = answers[TargetId("twin")]
        assert isinstance(refused, Rejected)
        assert "MUG" in refused.problem.what
        assert products_of_the_store(bench) == 51

    def test_another_case_is_another_sku(self, bench: Any) -> None:
        made = put(bench, draft(mug("sku-0001")))
        assert made.id != str(stored(bench, "SKU-0001").product.id)

    def test_a_variant_is_known_by_its_id_where_the_store_has_another_sku(self, bench: Any) -> None:
        made = put(bench, draft(mug()))
        stored(bench, "MUG").sku = "MUG-OLD"
        assert put(bench, draft(mug(), made)).variants == made.variants
        assert products_of_the_store(bench) == 51

    def test_a_product_that_a_person_has_deleted_is_not_made_again(self, bench: Any) -> None:
        gone = ProductDraft(mug(), SourceId("4711"), {Sku("MUG"): SourceId("4712")})
        assert refusal(bench, gone).code == "product-gone"
        assert writes(bench) == {}


class TestImages:
    def test_one_that_cannot_be_fetched_is_told_and_sent_again_with_the_next_change(
        self, open_bench: OpenBench
    ) -> None:
        bench = open_bench(unreachable_images=frozenset({IMAGE}), image_seconds=2.5)
        product = mug(image_urls=(IMAGE, OTHER_IMAGE))
        made = put(bench, draft(product))
        [note] = made.notes
        assert IMAGE in note
        assert "download" in note
        assert shown(bench, "MUG").images == (OTHER_IMAGE,)
        assert bench.clock.paused == [1.0, 2.0]
        bench.simulator.shop.catalogue.unreachable.clear()
        assert put(bench, draft(product, made)).notes == ()
        assert shown(bench, "MUG").images == (OTHER_IMAGE, IMAGE)

    def test_one_that_takes_long_is_told_and_not_waited_for(self, open_bench: OpenBench) -> None:
        bench = open_bench(image_seconds=60)
        [note] = put(bench, draft(mug(image_urls=(IMAGE,)))).notes
        assert "still being fetched" in note
        assert sum(bench.clock.paused) < 10
        assert put(bench, draft(mug(image_urls=(IMAGE,)))).notes == ()
        assert shown(bench, "MUG").images == (IMAGE,)

    @pytest.mark.parametrize(
        "url",
        ["ftp://images.example.com/a.jpg", "images/a.jpg", "https://[a.jpg", "https://images.example.com/a b.jpg"],
    )
    def test_one_whose_address_is_none_is_left_out_and_told(self, bench: Any, url: str) -> None:
        [note] = put(bench, draft(mug(image_urls=(IMAGE, url, OTHER_IMAGE)))).notes
        assert "image" in note
        assert shown(bench, "MUG").images == (IMAGE, OTHER_IMAGE)

    def test_a_signature_in_an_address_is_not_told(self, bench: Any) -> None:
        [note] = put(bench, draft(mug(image_urls=("https://u:secret@e.com/a b.jpg?sig=secret",)))).notes
        assert "secret" not in note
        assert "secret" not in json.dumps(stored(bench, "MUG").product.metafields)

    def test_one_that_the_erp_has_replaced_is_taken_off_and_its_file_kept(self, bench: Any) -> None:
        made = put(bench, draft(mug(image_urls=(IMAGE,))))
        put(bench, draft(mug(image_urls=(OTHER_IMAGE,)), made))
        assert shown(bench, "MUG").images == (OTHER_IMAGE,)
        assert len(bench.simulator.shop.catalogue.media) == 2

    def test_a_lost_reply_to_taking_one_off_is_no_failure(self, bench: Any) -> None:
        made = put(bench, draft(mug(image_urls=(IMAGE,))))
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="DetachImages"))
        given = draft(mug(image_urls=(OTHER_IMAGE,)), made)
        assert isinstance(bench.store().put_products([given])[TargetId("MUG")], OutcomeUnknown)
        assert fault.fired == 1
        assert put(bench, given).notes == ()
        assert shown(bench, "MUG").images == (OTHER_IMAGE,)

    def test_without_the_scope_for_files_an_old_one_is_told(self, open_bench: OpenBench) -> None:
        bench = open_bench(scopes=SCOPES - {"write_files"})
        made = put(bench, draft(mug(image_urls=(IMAGE,))))
        [note] = put(bench, draft(mug(image_urls=(OTHER_IMAGE,)), made)).notes
        assert "write_files" in note
        assert shown(bench, "MUG").images == (IMAGE, OTHER_IMAGE)

    def test_a_lost_reply_does_not_send_them_twice(self, bench: Any) -> None:
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="ChangeProduct"))
        given = draft(mug(image_urls=(IMAGE, OTHER_IMAGE)))
        assert isinstance(bench.store().put_products([given])[TargetId("MUG")], OutcomeUnknown)
        assert fault.fired == 1
        put(bench, given)
        assert shown(bench, "MUG").images == (IMAGE, OTHER_IMAGE)

    def test_what_was_sent_is_known_though_a_later_step_has_failed(self, bench: Any) -> None:
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="Publish"))
        given = draft(mug(image_urls=(IMAGE,)))
        assert isinstance(bench.store().put_products([given])[TargetId("MUG")], OutcomeUnknown)
        assert fault.fired == 1
        put(bench, draft(mug(image_urls=(OTHER_IMAGE,))))
        assert shown(bench, "MUG").images == (OTHER_IMAGE,)


class TestCategories:
    def test_an_existing_collection_is_taken_in_any_case_of_its_title(self, bench: Any) -> None:
        catalogue = bench.simulator.shop.catalogue
        known = catalogue.add_collection("Summer Sale", bench.clock.now())
        put(bench, draft(mug(categories=("summer sale", "Mugs"))))
        assert {each.title: len(each.products) for each in catalogue.collections.values()} == {
            "Summer Sale": 1,
            "Mugs": 1,
        }
        assert known.publications == set()

    def test_one_that_takes_products_by_rules_is_told(self, bench: Any) -> None:
        bench.simulator.shop.catalogue.add_collection("New", bench.clock.now(), smart=True)
        [note] = put(bench, draft(mug(categories=("New", "Mugs")))).notes
        assert '"New"' in note
        assert "smart collection" in note
        assert shown(bench, "MUG").categories == ("Mugs",)

    def test_another_category_takes_the_place_of_ours_alone(self, bench: Any) -> None:
        catalogue = bench.simulator.shop.catalogue
        variant = stored(bench, "SKU-0001")
        catalogue.add_collection("By hand", bench.clock.now()).products.append(variant.product.id)
        first = put(bench, draft(mug("SKU-0001", categories=("By hand", "Mugs"))))
        put(bench, draft(mug("SKU-0001", categories=("Cups",)), first))
        assert set(shown(bench, "SKU-0001").categories) == {"By hand", "Cups"}
        put(bench, draft(mug("SKU-0001"), first))
        assert set(shown(bench, "SKU-0001").categories) == {"By hand", "Cups"}

    def test_two_workers_make_one_collection_though_the_search_is_behind(self, open_bench: OpenBench) -> None:
        bench = open_bench(search_lag_seconds=30)
        put(bench, draft(mug("MUG", categories=("Für Küche & Bad",))))
        put(bench, draft(mug("CUP", categories=("Für Küche & Bad",))))
        [made] = bench.simulator.shop.catalogue.collections.values()
        assert len(made.products) == 2

    def test_a_lost_reply_makes_no_second_collection(self, bench: Any) -> None:
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="MakeCollection"))
        given = draft(mug(categories=("Mugs",)))
        assert isinstance(bench.store().put_products([given])[TargetId("MUG")], OutcomeUnknown)
        assert fault.fired == 1
        put(bench, given)
        assert len(bench.simulator.shop.catalogue.collections) == 1
        assert shown(bench, "MUG").categories == ("Mugs",)
        assert shown(bench, "MUG").visible


class TestFailures:
    def test_a_lost_reply_is_waited_for_longer_than_the_search_is_behind(self, open_bench: OpenBench) -> None:
        bench = open_bench(search_lag_seconds=30)
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="MakeProduct"))
        answers = bench.store().put_products([draft(mug()), draft(mug("CUP"))])
        unknown = answers[TargetId("MUG")]
        assert isinstance(unknown, OutcomeUnknown)
        assert isinstance(answers[TargetId("CUP")], StoreProduct)
        assert fault.fired == 1
        bench.clock.move(unknown.settle_seconds)
        made = put(bench, draft(mug()))
        assert made.id == str(stored(bench, "MUG").product.id)
        assert shown(bench, "MUG").visible

    def test_one_that_is_refused_fails_alone_with_the_stores_words(self, bench: Any) -> None:
        error = {
            "field": ["input", "title"],
            "code": "INVALID_INPUT",
            "message": "Title is on the list of banned words.",
        }
        body = json.dumps({"data": {"productSet": {"product": None, "userErrors": [error]}}}).encode()
        fault = bench.served.faulty.add(
            Fault(FaultKind.STATUS, operation="MakeProduct", containing="BAD", status=200, body=body)
        )
        answers = bench.store().put_products([draft(mug("MUG")), draft(mug("BAD")), draft(mug("CUP"))])
        assert fault.fired == 1
        bad = answers.pop(TargetId("BAD"))
        assert isinstance(bad, Rejected)
        assert "banned words" in bad.problem.what
        assert "BAD" in bad.problem.record
        assert bad.problem.next_step
        assert {type(answer) for answer in answers.values()} == {StoreProduct}

    def test_a_refused_change_names_the_product(self, bench: Any) -> None:
        made = put(bench, draft(shirt("S", "M")))
        swapped = shirt(
            variants=(Variant(sku=Sku("SHIRT-S"), options=("M",)), Variant(sku=Sku("SHIRT-M"), options=("S",)))
        )
        refused = refusal(bench, draft(swapped, made))
        assert "already exists" in refused.problem.what
        assert "shirt" in refused.problem.record

    def test_an_outage_is_one_of_all_that_were_not_put_yet(self, bench: Any) -> None:
        fault = bench.served.faulty.add(
            Fault(FaultKind.STATUS, operation="MakeProduct", containing="BAD", status=503, times=None)
        )
        answers: Mapping[TargetId, ProductAnswer] = bench.store().put_products(
            [draft(mug("MUG")), draft(mug("BAD")), draft(mug("CUP"))]
        )
        assert fault.fired == 1
        assert isinstance(answers[TargetId("MUG")], StoreProduct)
        assert isinstance(answers[TargetId("BAD")], Unavailable)
        assert answers[TargetId("CUP")] is answers[TargetId("BAD")]

    @pytest.mark.parametrize("scope", ["write_products", "write_publications", "write_inventory"])
    def test_a_missing_scope_is_named(self, open_bench: OpenBench, scope: str) -> None:
        bench = open_bench(scopes=SCOPES - {scope} | {"read_products", "read_inventory", "read_publications"})
        assert scope in refusal(bench, draft(mug())).problem.what

    def test_what_was_made_but_could_not_be_published_is_finished_by_the_next_attempt(self, bench: Any) -> None:
        denied = {
            "message": "Access denied",
            "extensions": {"code": "ACCESS_DENIED", "requiredAccess": "`write_publications`"},
        }
        body = json.dumps({"errors": [denied]}).encode()
        fault = bench.served.faulty.add(
            Fault(FaultKind.STATUS, operation="Publish", containing="/Product/", status=200, body=body)
        )
        refusal(bench, draft(mug(categories=("Mugs",))))
        assert fault.fired == 1
        assert not shown(bench, "MUG").visible
        put(bench, draft(mug(categories=("Mugs",))))
        assert shown(bench, "MUG").visible
        assert products_of_the_store(bench) == 51

    def test_a_metafield_that_somebody_has_spoilt_is_begun_anew(self, bench: Any) -> None:
        made = put(bench, draft(mug(image_urls=(IMAGE,))))
        stored(bench, "MUG").product.metafields["erpsync.product"]["value"] = '["what?"]'
        put(bench, draft(mug(image_urls=(OTHER_IMAGE,)), made))
        assert shown(bench, "MUG").images == (IMAGE, OTHER_IMAGE)
