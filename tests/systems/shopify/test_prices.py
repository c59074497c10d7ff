"""Base prices are set past sales, in the store's own currency and in price lists."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, SyncError, Transient, Unavailable
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.ports.store_records import PriceAnswer, PriceChange, Staged
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.shopify.simulator_api import SCOPES

OpenBench = Callable[..., Any]


def change(sku: str, amount: str, currency: str = "EUR", price_list: str = "") -> PriceChange:
    return PriceChange(Sku(sku), Money(amount=Decimal(amount), currency=currency), price_list)


def put(bench: Any, *changes: PriceChange, **settings: Any) -> dict[str, PriceAnswer]:
    return {str(sku): answer for sku, answer in bench.store(**settings).set_base_prices(list(changes)).items()}


def variant(bench: Any, sku: str) -> Any:
    return bench.simulator.shop.catalogue.by_sku(sku)


@pytest.mark.parametrize(
    ("price", "compare_at", "base", "after", "answer"),
    [
        ("20", None, "25", ("25", None), None),
        ("20", None, "15", ("15", None), None),
        ("15", "20", "25", ("15", "25"), None),
        ("15", "20", "15", ("15", "20"), Staged(None)),
        ("15", "20", "12", ("15", "20"), Staged(None)),
        ("15", "20", "15.004", ("15", "20"), Staged(None)),
        ("20", None, "12.345", ("12.35", None), None),
        ("20", "20", "18", ("18", None), None),
        ("20", "20", "22", ("22", "20"), None),
        ("20", "18", "17", ("17", None), None),
    ],
    ids=[
        "no sale, up", "no sale, down", "a sale, up", "a sale, at its price", "a sale, below its price",
        "a sale, at its price once rounded", "no sale, half a cent",
        "compared with itself, down", "compared with itself, up", "compared with less, down",
    ],
)  # fmt: skip
def test_a_base_price_neither_ends_nor_begins_a_sale(
    bench: Any, price: str, compare_at: str | None, base: str, after: tuple[str, str | None], answer: PriceAnswer
) -> None:
    found = variant(bench, "SKU-0001")
    found.price, found.compare_at = Decimal(price), compare_at and Decimal(compare_at)
    assert put(bench, change("SKU-0001", base)) == {"SKU-0001": answer}
    assert (found.price, found.compare_at) == (Decimal(after[0]), after[1] and Decimal(after[1]))


def test_a_product_is_one_call_and_what_is_refused_fails_alone(bench: Any) -> None:
    catalogue = bench.simulator.shop.catalogue
    for sku in ("RED", "BLUE", "GREEN"):
        catalogue.add(sku, Decimal(5), bench.clock.now(), variant(bench, "SKU-0001").product)
    answers = put(bench, change("RED", "6"), change("BLUE", "-7"), change("GREEN", "8"), change("SKU-0002", "9"))
    assert isinstance(answers.pop("BLUE"), Rejected)
    assert set(answers.values()) == {None}
    assert [variant(bench, sku).price for sku in ("RED", "BLUE", "GREEN", "SKU-0002")] == [6, 5, 8, 9]
    # One call for each product, and one again without the price that was refused.
    assert bench.served.faulty.operations["SetPrices"] == 3


def test_another_currency_and_an_unknown_sku_are_told(bench: Any) -> None:
    answers = put(bench, change("SKU-0001", "5", "USD"), change("SKU-9999", "5"), change("SKU-0002", "5"))
    for sku, code in (("SKU-0001", "price-currency"), ("SKU-9999", "sku-unknown")):
        answer = answers[sku]
        assert isinstance(answer, Rejected)
        assert answer.code == code
        assert len(answer.problem.next_step) > 20
    assert answers["SKU-0002"] is None


def test_a_lost_reply_is_sent_again_without_harm(bench: Any) -> None:
    fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="SetPrices"))
    with pytest.raises(Unavailable):
        put(bench, change("SKU-0001", "5"))
    assert fault.fired
    assert put(bench, change("SKU-0001", "5")) == {"SKU-0001": None}


def test_a_missing_scope_is_named(open_bench: OpenBench) -> None:
    bench = open_bench(scopes=SCOPES - {"write_products"} | {"read_products"})
    with pytest.raises(Rejected) as raised:
        put(bench, change("SKU-0001", "5"))
    assert "write_products" in raised.value.problem.what


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"userErrors": [{"field": None, "code": "PRODUCT_DOES_NOT_EXIST"}]}, Rejected),
        ({"userErrors": [{"field": ["variants", "9", "price"], "code": "INVALID_INPUT"}]}, Rejected),
    ],
)
def test_a_refusal_that_names_no_price_is_told_of_all(bench: Any, payload: object, kind: type[SyncError]) -> None:
    body = json.dumps({"data": {"productVariantsBulkUpdate": payload}}).encode()
    bench.served.faulty.add(Fault(FaultKind.STATUS, operation="SetPrices", status=200, body=body))
    assert isinstance(put(bench, change("SKU-0001", "5"))["SKU-0001"], kind)


def test_an_answer_that_does_not_tell_is_transient(bench: Any) -> None:
    body = b'{"data":{"productVariantsBulkUpdate":null}}'
    bench.served.faulty.add(Fault(FaultKind.STATUS, operation="SetPrices", status=200, body=body))
    with pytest.raises(Transient):
        put(bench, change("SKU-0001", "5"))


class TestPriceLists:
    @pytest.mark.parametrize("by", ["name", "id"])
    def test_a_fixed_price_is_set_beside_the_stores_own(self, bench: Any, by: str) -> None:
        listed = bench.simulator.shop.catalogue.add_price_list("Wholesale", "USD")
        name = listed.name if by == "name" else str(listed.id)
        own = variant(bench, "SKU-0001").price
        assert put(bench, change("SKU-0001", "3.5", "USD", name)) == {"SKU-0001": None}
        assert listed.prices == {variant(bench, "SKU-0001").id: (Decimal("3.50"), None)}
        assert variant(bench, "SKU-0001").price == own

    @pytest.mark.parametrize(
        ("base", "after", "answer"), [("25", ("15", "25"), None), ("15", ("15", "20"), Staged(None))]
    )
    def test_a_sale_in_the_list_stays(self, bench: Any, base: str, after: tuple[str, str], answer: PriceAnswer) -> None:
        listed = bench.simulator.shop.catalogue.add_price_list("Wholesale", "EUR")
        number = variant(bench, "SKU-0001").id
        listed.prices[number] = (Decimal(15), Decimal(20))
        assert put(bench, change("SKU-0001", base, price_list="Wholesale")) == {"SKU-0001": answer}
        assert listed.prices[number] == tuple(map(Decimal, after))

    def test_an_unknown_list_is_told_with_those_there_are(self, bench: Any) -> None:
        bench.simulator.shop.catalogue.add_price_list("Wholesale", "EUR")
        answer = put(bench, change("SKU-0001", "5", price_list="Retail"))["SKU-0001"]
        assert isinstance(answer, Rejected)
        assert "Wholesale" in answer.problem.next_step

    def test_what_is_refused_of_a_list_fails_alone(self, bench: Any) -> None:
        listed = bench.simulator.shop.catalogue.add_price_list("Wholesale", "EUR")
        answers = put(
            bench,
            change("SKU-0001", "5", "USD", "Wholesale"),
            change("SKU-9999", "5", price_list="Wholesale"),
            change("SKU-0002", "5", price_list="Wholesale"),
        )
        assert [type(answer).__name__ for answer in answers.values()] == ["Rejected", "Rejected", "NoneType"]
        assert list(listed.prices) == [variant(bench, "SKU-0002").id]

    def test_one_sku_in_two_lists_is_well_where_both_are(self, bench: Any) -> None:
        answers = put(bench, change("SKU-0001", "5", price_list="Nowhere"), change("SKU-0001", "6"))
        assert isinstance(answers["SKU-0001"], Rejected)
        assert variant(bench, "SKU-0001").price == 6
