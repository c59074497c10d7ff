"""Which product of a store an ERP's product is: never a guess."""

import pytest

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.matching import Ambiguous, Listed, Match, distinct, match
from erpsync.domain.products import Variant

A, B = Sku("A"), Sku("B")


def at(product_id: str, variant_id: str, sku: str, asked: str = "") -> Listed:
    return Listed(Sku(asked or sku), Sku(sku), SourceId(variant_id), SourceId(product_id))


@pytest.mark.parametrize(
    ("listed", "found"),
    [
        ([], Match(None)),
        ([at("p", "1", "A")], Match(SourceId("p"), {A: SourceId("1")})),
        ([at("p", "1", "A"), at("p", "2", "B")], Match(SourceId("p"), {A: SourceId("1"), B: SourceId("2")})),
        ([at("p", "1", "A"), at("q", "9", "a", asked="A")], Match(SourceId("p"), {A: SourceId("1")})),
    ],
    ids=["nothing", "one of two", "both", "the exact spelling wins"],
)
def test_skus_that_are_in_one_product_say_which_it_is(listed: list[Listed], found: Match) -> None:
    assert match([A, B], listed) == found


@pytest.mark.parametrize(
    ("listed", "words"),
    [
        ([at("p", "1", "A"), at("p", "2", "A")], ["more than once", '"A" in product p']),
        ([at("p", "1", "A"), at("q", "2", "B")], ["several products", "p with A", "q with B"]),
        ([at("p", "1", "a", asked="A")], ['"A" only in another spelling', '"a" in product p']),
    ],
    ids=["twice in one product", "two products", "another spelling"],
)
def test_skus_that_do_not_say_so_are_told_with_their_places(listed: list[Listed], words: list[str]) -> None:
    found = match([A, B], listed)
    assert isinstance(found, Ambiguous)
    assert all(word in found.what for word in words), found.what


def test_what_is_linked_stays_certain_whatever_else_has_its_skus() -> None:
    linked = {A: SourceId("1")}
    copies = [at("p", "1", "A"), at("q", "9", "A")]
    assert match([A], copies, SourceId("p"), linked) == Match(SourceId("p"), linked)
    assert match([A], [], SourceId("p"), linked) == Match(SourceId("p"), linked)


def test_two_variants_of_one_sku_do_not_say_which_of_them_is_meant() -> None:
    found = match([A, B, A], [at("p", "1", "A"), at("p", "2", "B")])
    assert found == Ambiguous("The ERP has several variants of this product under one SKU: A.")


def test_of_variants_of_one_sku_the_one_that_is_sold_counts() -> None:
    def variant(sku: Sku, title: str, *, active: bool = True) -> Variant:
        return Variant(sku=sku, title=title, active=active)

    sold, retired, older = variant(A, "sold"), variant(A, "retired", active=False), variant(A, "older", active=False)
    other, gone = variant(B, "other"), variant(Sku("C"), "gone", active=False)
    assert distinct([retired, other, sold, older, gone]) == (other, sold, gone)
    assert distinct([retired, older]) == (retired,), "of those that are not sold one is as good as another"
    assert distinct([sold, sold.model_copy(update={"title": "too"})])[1].title == "too", "which a person must settle"


def test_a_new_variant_of_a_linked_product_that_is_in_another_product_is_ambiguous() -> None:
    found = match([A, B], [at("p", "1", "A"), at("q", "2", "B")], SourceId("p"), {A: SourceId("1")})
    assert isinstance(found, Ambiguous)
    assert "p which is linked" in found.what
