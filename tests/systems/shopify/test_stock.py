"""What is available is set in bulk, compared first, and every refusal says what to do."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from erpsync.domain.errors import Rejected, Transient, Unavailable
from erpsync.domain.ids import Sku
from erpsync.ports.store_records import Stale, StockAnswer, StockChange
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.systems.shopify.simulator_api import SCOPES

OpenBench = Callable[..., Any]


def change(sku: str, quantity: int, location: str, was: int | None = None) -> StockChange:
    return StockChange(Sku(sku), location, quantity, was)


def put(bench: Any, *changes: StockChange, store: Any = None, **settings: Any) -> list[StockAnswer]:
    answers = (store or bench.store(**settings)).set_stock(list(changes))
    return [answers[each.sku, each.location] for each in changes]


def user_error(code: str, *path: str) -> Fault:
    error = {"field": list(path) or None, "code": code}
    body = json.dumps({"data": {"inventorySetQuantities": {"userErrors": [error]}}}).encode()
    return Fault(FaultKind.STATUS, operation="SetStock", status=200, body=body)


def test_none_is_set_without_a_call(bench: Any) -> None:
    assert bench.store().set_stock([]) == {}
    assert bench.served.faulty.operations == {}


def test_each_location_is_set(bench: Any) -> None:
    first, second = bench.controls.locations
    assert put(bench, change("SKU-0001", 4, first), change("SKU-0001", 6, second)) == [None, None]
    assert [bench.controls.stock("SKU-0001", place) for place in (first, second)] == [4, 6]


def test_more_than_a_call_takes_are_set_in_several(open_bench: OpenBench) -> None:
    bench = open_bench(skus={f"S{n}": Decimal(1) for n in range(300)})
    first = bench.controls.locations[0]
    answers = put(bench, *(change(f"S{n}", n, first) for n in range(300)))
    assert set(answers) == {None}
    assert bench.served.faulty.operations["SetStock"] == 2
    assert [bench.controls.stock(f"S{n}", first) for n in range(300)] == list(range(300))


def test_a_second_push_needs_no_lookup(bench: Any) -> None:
    first, store = bench.controls.locations[0], bench.store()
    put(bench, change("SKU-0001", 4, first), store=store)
    looked = dict(bench.served.faulty.operations)
    assert put(bench, change("SKU-0001", 5, first), store=store) == [None]
    assert bench.served.faulty.operations == looked | {"SetStock": 2}


def test_a_sku_that_moves_to_another_variant_is_looked_up_again_in_time(bench: Any) -> None:
    first, store = bench.controls.locations[0], bench.store()
    put(bench, change("SKU-0001", 4, first), store=store)
    one, other = (bench.simulator.shop.catalogue.by_sku(sku) for sku in ("SKU-0001", "SKU-0002"))
    one.sku, other.sku = "SKU-0002", "SKU-0001"
    bench.clock.move(3600)
    assert put(bench, change("SKU-0001", 9, first), store=store) == [None]
    assert other.levels[int(first)] == 9


def test_a_variant_that_was_made_anew_is_found_at_the_next_attempt(bench: Any) -> None:
    first, store = bench.controls.locations[0], bench.store()
    put(bench, change("SKU-0001", 4, first), store=store)
    catalogue = bench.simulator.shop.catalogue
    catalogue.variants.pop(catalogue.by_sku("SKU-0001").id)
    catalogue.add("SKU-0001", Decimal(5), bench.clock.now())
    answers = put(bench, change("SKU-0001", 7, first), change("SKU-0002", 8, first), store=store)
    assert isinstance(answers[0], Transient)
    assert answers[1] is None
    assert put(bench, change("SKU-0001", 7, first), store=store) == [None]
    assert bench.controls.stock("SKU-0001", first) == 7


class TestComparing:
    def test_all_that_differ_are_told_with_what_there_is_and_the_others_are_set(self, bench: Any) -> None:
        first = bench.controls.locations[0]
        bench.controls.put_stock("SKU-0002", first, 7)
        bench.controls.put_stock("SKU-0004", first, -3)
        answers = put(
            bench,
            change("SKU-0001", 1, first, was=100),
            change("SKU-0002", 2, first, was=100),
            change("SKU-0003", 3, first),
            change("SKU-0004", 4, first, was=100),
        )
        assert answers == [None, Stale(7), None, Stale(-3)]
        assert [bench.controls.stock(f"SKU-000{n}", first) for n in range(1, 5)] == [1, 7, 3, -3]

    def test_a_lost_reply_is_sent_again_without_harm(self, bench: Any) -> None:
        first, store = bench.controls.locations[0], bench.store()
        wanted = change("SKU-0001", 5, first, was=100)
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="SetStock"))
        with pytest.raises(Unavailable):
            put(bench, wanted, store=store)
        assert fault.fired
        assert put(bench, wanted, store=store) == [Stale(5)]
        assert bench.controls.stock("SKU-0001", first) == 5

    def test_stock_that_changes_all_the_time_is_given_up_for_now(self, bench: Any) -> None:
        first = bench.controls.locations[0]
        fault = user_error("IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED")
        fault.times = None
        bench.served.faulty.add(fault)
        (answer,) = put(bench, change("SKU-0001", 5, first))
        assert isinstance(answer, Transient)
        assert fault.fired == 5


class TestIdempotency:
    def test_every_request_has_a_key_of_its_own(self, bench: Any) -> None:
        first, store = bench.controls.locations[0], bench.store()
        for _ in range(2):
            assert put(bench, change("SKU-0001", 5, first), store=store) == [None]
        bench.controls.put_stock("SKU-0001", first, 1)
        assert put(bench, change("SKU-0001", 5, first), store=store) == [None]
        assert bench.controls.stock("SKU-0001", first) == 5

    def test_a_request_that_is_still_under_way_is_waited_for(self, bench: Any) -> None:
        bench.served.faulty.add(user_error("IDEMPOTENCY_CONCURRENT_REQUEST"))
        with pytest.raises(Transient) as raised:
            put(bench, change("SKU-0001", 5, bench.controls.locations[0]))
        assert raised.value.code == "stock-busy"

    @pytest.mark.parametrize("code", ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED", "IDEMPOTENCY_KEY_PARAMETER_MISMATCH"])
    def test_a_key_that_is_spent_is_replaced(self, bench: Any, code: str) -> None:
        fault = bench.served.faulty.add(user_error(code))
        assert put(bench, change("SKU-0001", 5, bench.controls.locations[0])) == [None]
        assert fault.fired


class TestRefusals:
    def refused(self, answer: StockAnswer, code: str) -> None:
        assert isinstance(answer, Rejected), answer
        assert answer.code == code
        assert len(answer.problem.next_step) > 20

    def test_an_unknown_location_is_told_with_those_there_are(self, bench: Any) -> None:
        first, second = bench.controls.locations
        answers = put(bench, change("SKU-0001", 1, "12"), change("SKU-0001", 2, first), change("SKU-0001", 3, second))
        self.refused(answers[0], "location-unknown")
        assert isinstance(answers[0], Rejected)
        assert f"{first} (Main Street)" in answers[0].problem.next_step
        assert answers[1:] == [None, None]

    def test_an_item_that_is_not_counted_is_told_until_it_is(self, bench: Any) -> None:
        first, store = bench.controls.locations[0], bench.store()
        variant = bench.simulator.shop.catalogue.by_sku("SKU-0001")
        variant.tracked = False
        self.refused(put(bench, change("SKU-0001", 1, first), store=store)[0], "stock-not-tracked")
        variant.tracked = True
        assert put(bench, change("SKU-0001", 1, first), store=store) == [None]

    @pytest.mark.parametrize("sku", ["sku-0001", "SKU-00", 'SKU" OR sku:"SKU-0001', "SKU'1", "\\"])
    def test_a_sku_is_found_only_as_it_is_written(self, bench: Any, sku: str) -> None:
        self.refused(put(bench, change(sku, 1, bench.controls.locations[0]))[0], "sku-unknown")
        assert bench.controls.stock("SKU-0001", bench.controls.locations[0]) == 100

    def test_a_sku_on_two_variants_is_refused(self, bench: Any) -> None:
        bench.simulator.shop.catalogue.by_sku("SKU-0002").sku = "SKU-0001"
        self.refused(put(bench, change("SKU-0001", 1, bench.controls.locations[0]))[0], "sku-ambiguous")

    @pytest.mark.parametrize("version", ["2026-07", "2026-10"])
    def test_a_location_that_does_not_stock_it_is_told(self, bench: Any, version: str) -> None:
        first, second = bench.controls.locations
        variant = bench.simulator.shop.catalogue.by_sku("SKU-0001")
        del variant.levels[int(second)]
        answers = put(
            bench, change("SKU-0001", 1, first), change("SKU-0001", 2, second), api_version=version
        )  # fmt: skip
        assert answers[0] is None
        self.refused(answers[1], "not-stocked-here")
        assert int(second) not in variant.levels

    def test_a_location_that_no_longer_stocks_it_is_noticed_by_the_older_version(self, bench: Any) -> None:
        first = bench.controls.locations[0]
        store = bench.store(api_version="2026-07")
        put(bench, change("SKU-0001", 1, first), store=store)
        del bench.simulator.shop.catalogue.by_sku("SKU-0001").levels[int(first)]
        answers = put(bench, change("SKU-0002", 2, first), change("SKU-0001", 2, first), store=store)
        assert answers[0] is None
        self.refused(answers[1], "not-stocked-here")

    def test_where_the_setting_says_so_it_is_stocked_there(self, bench: Any) -> None:
        second = bench.controls.locations[1]
        del bench.simulator.shop.catalogue.by_sku("SKU-0001").levels[int(second)]
        assert put(bench, change("SKU-0001", 8, second), activate_stock=True) == [None]
        assert bench.controls.stock("SKU-0001", second) == 8

    @pytest.mark.parametrize(("code", "path"), [("NON_MUTABLE_INVENTORY_ITEM", ("input", "quantities", "0"))])
    def test_what_shopify_does_not_let_be_set_fails_alone(self, bench: Any, code: str, path: tuple[str, ...]) -> None:
        bench.served.faulty.add(user_error(code, *path))
        first = bench.controls.locations[0]
        answers = put(bench, change("SKU-0001", 1, first), change("SKU-0002", 2, first))
        self.refused(answers[0], "stock-refused")
        assert answers[1] is None

    def test_a_quantity_that_shopify_cannot_hold_fails_alone(self, bench: Any) -> None:
        first = bench.controls.locations[0]
        answers = put(bench, change("SKU-0001", 1_500_000_000, first), change("SKU-0002", 2, first))
        self.refused(answers[0], "stock-refused")
        assert answers[1] is None

    def test_a_missing_scope_is_named(self, open_bench: OpenBench) -> None:
        bench = open_bench(scopes=SCOPES - {"write_inventory"} | {"read_inventory"})
        with pytest.raises(Rejected) as raised:
            put(bench, change("SKU-0001", 1, bench.controls.locations[0]))
        assert "write_inventory" in raised.value.problem.what

    def test_an_outage_after_some_were_refused_is_told_of_the_others(self, bench: Any) -> None:
        first = bench.controls.locations[0]
        fault = bench.served.faulty.add(Fault(FaultKind.REFUSE, operation="SetStock"))
        answers = put(bench, change("SKU-9999", 1, first), change("SKU-0002", 2, first))
        assert fault.fired
        self.refused(answers[0], "sku-unknown")
        assert isinstance(answers[1], Unavailable)
