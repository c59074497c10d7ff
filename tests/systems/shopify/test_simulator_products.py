"""The simulated store's products are as strict as Shopify's."""

from typing import Any

import pytest
import requests

SET = "mutation M($p: ProductSetInput!) { productSet(input: $p) { product { id } userErrors { field code message } } }"
UPDATE = """mutation M($p: ProductUpdateInput!, $m: [CreateMediaInput!]) {
  productUpdate(product: $p, media: $m) { product { id } userErrors { field message } }
}"""
CREATE = """mutation M($id: ID!, $v: [ProductVariantsBulkInput!]!, $s: ProductVariantsBulkCreateStrategy) {
  productVariantsBulkCreate(productId: $id, variants: $v, strategy: $s) { productVariants { sku } userErrors { code } }
}"""
CHANGE = """mutation M($id: ID!, $v: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $id, variants: $v) { userErrors { code } }
}"""
ADD_OPTIONS = """mutation M($id: ID!, $o: [OptionCreateInput!]!) {
  productOptionsCreate(productId: $id, options: $o) { userErrors { code } }
}"""
COLLECTION = """mutation M($c: CollectionCreateInput!) {
  collectionCreate(collection: $c) { collection { handle } userErrors { message } }
}"""
PUBLISH = """mutation M($id: ID!, $w: [PublicationInput!]!) {
  publishablePublish(id: $id, input: $w) { userErrors { message } }
}"""
FILES = "mutation M($f: [FileUpdateInput!]!) { fileUpdate(files: $f) { userErrors { code } } }"


def post(bench: Any, query: str, **variables: object) -> Any:
    """What the mutation's one field answers."""
    answer = requests.post(
        f"{bench.served.base_url}/admin/api/2026-10/graphql.json",
        json={"query": query, "variables": variables},
        headers={"X-Shopify-Access-Token": bench.served.settings["access_token"]},
        timeout=60,
    ).json()
    assert "errors" not in answer, answer
    return next(iter(answer["data"].values()))


def option(name: str, *values: str) -> dict[str, Any]:
    return {"name": name, "values": [{"name": value} for value in values]}


def variant(**values: str) -> dict[str, Any]:
    return {"optionValues": [{"optionName": name, "name": value} for name, value in values.items()]}


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer["userErrors"]]


def shirt(bench: Any, *sizes: str) -> str:
    given = {"title": "Shirt", "productOptions": [option("Size", *sizes)], "variants": [variant(Size=s) for s in sizes]}
    return str(post(bench, SET, p=given)["product"]["id"])


def variants_of(bench: Any, gid: str) -> list[Any]:
    catalogue = bench.simulator.shop.catalogue
    return list(catalogue.of_product(catalogue.products[int(gid.rpartition("/")[2])]))


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"title": " "}, "INVALID_PRODUCT"),
        ({"title": "x" * 256}, "INVALID_PRODUCT"),
        ({"variants": [variant(Size="S")]}, "PRODUCT_OPTIONS_INPUT_MISSING"),
        ({"productOptions": [option("Size", "S")]}, "VARIANTS_INPUT_MISSING"),
        ({"productOptions": [option("Size")], "variants": [variant(Size="S")]}, "OPTION_VALUES_MISSING"),
        ({"productOptions": [option("Size", "S", "s")], "variants": [variant(Size="S")]}, "DUPLICATED_OPTION_VALUE"),
        ({"productOptions": [option(n, "1") for n in "ABCD"], "variants": [variant()]}, "OPTIONS_OVER_LIMIT"),
        ({"productOptions": [option("A", "1"), option("a", "1")], "variants": [variant()]}, "DUPLICATED_OPTION_NAME"),
        ({"productOptions": [option("Size", "S")], "variants": [variant(Size="M")]}, "OPTION_VALUE_DOES_NOT_EXIST"),
        (
            {"productOptions": [option("Size", "S")], "variants": [variant(Size="S"), variant(Size="S")]},
            "INVALID_VARIANT",
        ),
        (
            {"productOptions": [option("Size", "S")], "variants": [variant(Size="S") | {"price": "-1"}]},
            "INVALID_VARIANT",
        ),
    ],
)
def test_a_product_that_does_not_fit_together_is_not_made(bench: Any, given: dict[str, Any], code: str) -> None:
    before = len(bench.simulator.shop.catalogue.products)
    assert code in codes(post(bench, SET, p={"title": "Shirt"} | given))
    assert len(bench.simulator.shop.catalogue.products) == before


def test_what_is_not_said_of_a_variant_is_unsafe(bench: Any) -> None:
    [made] = variants_of(bench, shirt(bench, "S"))
    assert (made.tracked, made.price, made.product.status, made.product.publications) == (False, 0, "ACTIVE", set())


def test_variants_need_all_options_and_values_of_their_own(bench: Any) -> None:
    gid = shirt(bench, "S")
    assert codes(post(bench, CREATE, id=gid, v=[variant()])) == ["NEED_TO_ADD_OPTION_VALUES"]
    assert codes(post(bench, CREATE, id=gid, v=[variant(Size="S")])) == ["VARIANT_ALREADY_EXISTS"]
    assert codes(post(bench, CREATE, id=gid, v=[variant(Size="L"), variant(Size="L")])) == ["VARIANT_ALREADY_EXISTS"]
    assert codes(post(bench, CREATE, id=gid, v=[variant(Size="L", Colour="red")])) == [
        "OPTION_VALUES_FOR_NUMBER_OF_UNKNOWN_OPTIONS"
    ]
    assert codes(post(bench, CREATE, id="gid://shopify/Product/1", v=[variant()])) == ["PRODUCT_DOES_NOT_EXIST"]
    assert codes(post(bench, CREATE, id=gid, v=[variant(Size="L")])) == []


def test_a_standalone_variant_goes_unless_it_is_to_be_preserved(bench: Any) -> None:
    for strategy, left in (("PRESERVE_STANDALONE_VARIANT", 2), ("DEFAULT", 1)):
        gid = str(post(bench, SET, p={"title": "Mug"})["product"]["id"])
        assert codes(post(bench, CREATE, id=gid, v=[variant(Title="Large")], s=strategy)) == []
        assert len(variants_of(bench, gid)) == left


def test_a_change_of_variants_is_all_or_nothing(bench: Any) -> None:
    gid = shirt(bench, "S", "M")
    small, medium = (f"gid://shopify/ProductVariant/{each.id}" for each in variants_of(bench, gid))
    changes = [{"id": small, "barcode": "1"}, {"id": medium, **variant(Size="S")}]
    assert codes(post(bench, CHANGE, id=gid, v=changes)) == ["VARIANT_ALREADY_EXISTS"]
    assert variants_of(bench, gid)[0].barcode == ""
    assert codes(post(bench, CHANGE, id=gid, v=[{"id": medium, **variant(Colour="red")}])) == ["OPTION_DOES_NOT_EXIST"]
    stock = [{"availableQuantity": 5, "locationId": f"gid://shopify/Location/{bench.controls.locations[0]}"}]
    assert codes(post(bench, CHANGE, id=gid, v=[{"id": small, "inventoryQuantities": stock}])) == ["INVALID_INPUT"]


def test_options_are_three_at_most_and_each_has_a_value(bench: Any) -> None:
    gid = shirt(bench, "S")
    assert codes(post(bench, ADD_OPTIONS, id=gid, o=[option(n, "1") for n in "ABC"])) == ["OPTIONS_OVER_LIMIT"]
    assert codes(post(bench, ADD_OPTIONS, id=gid, o=[option("Size", "1")])) == ["OPTION_ALREADY_EXISTS"]
    assert codes(post(bench, ADD_OPTIONS, id=gid, o=[{"name": "Colour"}])) == ["OPTION_VALUES_MISSING"]
    assert codes(post(bench, ADD_OPTIONS, id=gid, o=[option("Colour", "red", "blue")])) == []
    assert [each.values for each in variants_of(bench, gid)] == [["S", "red"]]


def test_a_product_takes_images_with_an_address_and_collections_that_are_there(bench: Any) -> None:
    gid = shirt(bench, "S")
    media = [{"originalSource": "images/a.jpg", "mediaContentType": "IMAGE"}]
    [error] = post(bench, UPDATE, p={"id": gid, "title": "New"}, m=media)["userErrors"]
    assert error["field"] == ["media", "0", "originalSource"]
    unknown = {"id": gid, "collectionsToJoin": ["gid://shopify/Collection/1"]}
    assert len(post(bench, UPDATE, p=unknown)["userErrors"]) == 1
    assert variants_of(bench, gid)[0].product.title == "Shirt"


def test_a_handle_is_taken_once_and_made_unique_where_it_is_not_given(bench: Any) -> None:
    assert post(bench, COLLECTION, c={"title": "Mugs", "handle": "mugs"})["userErrors"] == []
    assert len(post(bench, COLLECTION, c={"title": "Mugs", "handle": "mugs"})["userErrors"]) == 1
    assert post(bench, COLLECTION, c={"title": "Mugs"})["collection"]["handle"] != "mugs"


def test_nothing_is_published_nowhere(bench: Any) -> None:
    where = [{"publicationId": "gid://shopify/Publication/1"}]
    assert len(post(bench, PUBLISH, id=shirt(bench, "S"), w=where)["userErrors"]) == 1


def test_an_image_that_is_not_ready_or_not_there_is_not_taken_off(open_bench: Any) -> None:
    bench = open_bench(image_seconds=10)
    gid = shirt(bench, "S")
    post(bench, UPDATE, p={"id": gid}, m=[{"originalSource": "https://e.com/a.jpg", "mediaContentType": "IMAGE"}])
    [number] = variants_of(bench, gid)[0].product.media
    given = {"id": f"gid://shopify/MediaImage/{number}", "referencesToRemove": [gid]}
    assert codes(post(bench, FILES, f=[given])) == ["NON_READY_STATE"]
    bench.clock.move(10)
    assert codes(post(bench, FILES, f=[given])) == []
    assert codes(post(bench, FILES, f=[given])) == ["REFERENCE_TARGET_DOES_NOT_EXIST"]
    assert codes(post(bench, FILES, f=[given | {"id": "gid://shopify/MediaImage/1"}])) == ["FILE_DOES_NOT_EXIST"]
