"""Reading and writing back, against the simulated store and its faults."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from erpsync.domain.errors import OutcomeUnknown, Rejected, Skip, SyncError, Throttled, Transient, Unavailable
from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.ports.pages import Since
from erpsync.ports.store_records import OrderMark, OrderNote
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.shopify.documents import DOCUMENTS
from tests.systems.shopify.meanwhile import Meanwhile

OpenBench = Callable[..., Any]
ORDERS = "OrdersInShopMoney"


def read(bench: Any, *order_ids: str, **changes: Any) -> dict[str, Order | SyncError]:
    return dict(bench.store(**changes).read_orders([SourceId(order_id) for order_id in order_ids]))


def note(order_id: str, display: str = "S00001") -> OrderNote:
    return OrderNote(SourceId(order_id), "odoo", TargetId("7"), display)


def written(bench: Any, name: str = "erpsync.erp_order") -> dict[str, Any]:
    """The values that are on the simulated store's orders, by order."""
    orders = bench.served.records()["orders"]
    return {order["id"]: json.loads(order["metafields"][name]["value"]) for order in orders if order["metafields"]}


def requests_nodes(bench: Any, *order_ids: str) -> Any:
    """What the simulated store answers to the adapter's own query."""
    given = bench.served.settings
    ids = [f"gid://shopify/Order/{order_id}" for order_id in order_ids]
    request = {"query": DOCUMENTS[ORDERS], "operationName": "Peek", "variables": {"ids": ids}}
    url = f"{bench.served.base_url}/admin/api/2026-10/graphql.json"
    headers = {"X-Shopify-Access-Token": given["access_token"]}
    return requests.post(url, json=request, headers=headers, timeout=60).json()["data"]["nodes"]


class TestReadOrders:
    def test_none_are_read_without_a_call(self, bench: Any) -> None:
        assert read(bench) == {}
        assert bench.served.faulty.operations == {}

    def test_many_orders_take_fewer_calls_than_orders(self, bench: Any) -> None:
        order_ids = [bench.simulator.place_order() for _ in range(20)]
        found = read(bench, *order_ids)
        assert [order.source_id for order in found.values() if isinstance(order, Order)] == order_ids
        assert bench.served.faulty.operations[ORDERS] <= 10

    def test_an_order_that_is_gone_is_skipped_and_the_others_are_read(self, bench: Any) -> None:
        gone, kept = bench.simulator.place_order(), bench.simulator.place_order()
        bench.simulator.delete_order(gone)
        found = read(bench, gone, kept, "9007199254740993")
        assert isinstance(found[gone], Skip)
        assert isinstance(found["9007199254740993"], Skip)
        assert isinstance(found[kept], Order)

    @pytest.mark.parametrize("source_id", ["", "abc", "gid://shopify/Order/1", "1 OR 1=1", "-5", "\u0661\u0662"])
    def test_an_id_that_is_none_is_refused_alone(self, bench: Any, source_id: str) -> None:
        order_id = bench.simulator.place_order()
        found = read(bench, source_id, order_id)
        assert isinstance(found[source_id], Rejected)
        assert isinstance(found[order_id], Order)

    def test_an_order_that_cannot_be_read_is_refused_alone(self, bench: Any) -> None:
        good = bench.simulator.place_order()
        odd = bench.simulator.place_order(currency="GBP", presentment_currency="GBP")
        nodes = requests_nodes(bench, good, odd)
        nodes[1]["line_items"]["nodes"][0]["price_set"]["shop_money"]["currency_code"] = "CHF"
        body = json.dumps({"data": {"nodes": nodes}}).encode()
        fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation=ORDERS, status=200, body=body))
        found = read(bench, good, odd)
        assert fault.fired
        assert isinstance(found[good], Order)
        error = found[odd]
        assert isinstance(error, Rejected)
        assert (error.code, error.problem.record) == ("order-unreadable", "order #1002")
        assert "line_items[0].price_set.shop_money is not in GBP" in error.problem.what

    def test_lines_are_read_beyond_the_first_page(self, bench: Any) -> None:
        lines = [{"sku": f"SKU-{i % 50 + 1:04d}"} for i in range(131)]
        order_id = bench.simulator.place_order(lines)
        order = read(bench, order_id)[order_id]
        assert isinstance(order, Order)
        assert [line.sku for line in order.lines] == [line["sku"] for line in lines]
        assert bench.served.faulty.operations["MoreLinesInShopMoney"] == 4

    def test_refunds_are_read_beyond_the_first_page(self, bench: Any) -> None:
        lines = [{"sku": f"SKU-{i:04d}", "quantity": 2, "discount": "0.01"} for i in range(1, 31)]
        order_id = bench.simulator.place_order(lines)
        bench.simulator.refund_order(order_id, quantities={line["sku"]: 1 for line in lines})
        order = read(bench, order_id)[order_id]
        assert isinstance(order, Order)
        assert {int(line.quantity) for line in order.lines} == {1}
        assert bench.served.faulty.operations["MoreRefundLinesInShopMoney"] == 1

    def test_an_order_that_changes_between_two_pages_is_read_again_later(self, bench: Any) -> None:
        long, short = bench.simulator.place_order([{"sku": "SKU-0001"}] * 30), bench.simulator.place_order()

        def edit_later() -> None:
            bench.clock.move(1)
            bench.simulator.edit_order(long, note="changed")

        meanwhile = Meanwhile(bench.simulator, "MoreLinesInShopMoney", edit_later)
        with serve({"shopify": meanwhile}) as served:
            found = read(bench, long, short, base_url=served["shopify"].base_url)
        assert meanwhile.happened
        assert isinstance(found[long], Transient)
        assert isinstance(found[short], Order)

    def test_an_id_given_twice_is_read_once(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        assert list(read(bench, order_id, order_id)) == [order_id]


class TestLimits:
    def test_too_costly_a_query_is_asked_in_parts(self, open_bench: OpenBench) -> None:
        bench = open_bench()
        order_ids = [bench.simulator.place_order() for _ in range(4)]
        body = {"errors": [{"message": "Query cost is 1200", "extensions": {"code": "MAX_COST_EXCEEDED"}}]}
        fault = bench.served.faulty.add(
            Fault(FaultKind.STATUS, operation=ORDERS, status=200, body=json.dumps(body).encode())
        )
        assert all(isinstance(order, Order) for order in read(bench, *order_ids).values())
        assert fault.fired

    def test_one_order_that_is_too_costly_is_refused_alone(self, bench: Any) -> None:
        order_ids = [bench.simulator.place_order() for _ in range(3)]
        body = {"errors": [{"message": "Query cost is 1200", "extensions": {"code": "MAX_COST_EXCEEDED"}}]}
        fault = bench.served.faulty.add(
            Fault(
                FaultKind.STATUS, operation=ORDERS, containing=order_ids[0], times=None, status=200,
                body=json.dumps(body).encode(),
            )
        )  # fmt: skip
        found = read(bench, *order_ids)
        assert fault.fired > 1
        assert [type(found[order_id]).__name__ for order_id in order_ids] == ["TooCostly", "Order", "Order"]

    @pytest.mark.parametrize("status", [200, 429])
    def test_a_throttled_call_tells_how_long_the_bucket_takes_to_fill(self, open_bench: OpenBench, status: int) -> None:
        bench = open_bench(bucket_points=1000.0, restore_rate=50.0, throttle_status=status)
        order_ids = [SourceId(bench.simulator.place_order()) for _ in range(3)]
        # Each other worker is new, and knows nothing of the bucket that all draw on.
        waits = []
        for _ in range(30):
            try:
                bench.store().read_orders(order_ids)
            except Throttled as error:
                waits.append(error.retry_after_seconds)
                bench.clock.move(error.retry_after_seconds or 0)
                # After exactly that long the points suffice.
                bench.store().read_orders(order_ids)
        assert waits, "the bucket never ran dry"
        assert all(wait is not None and 0 < wait <= 20 for wait in waits)

    @pytest.mark.parametrize("alone", [False, True])
    def test_five_thousand_calls_of_two_workers_are_paced_and_hardly_ever_throttled(
        self, open_bench: OpenBench, alone: bool
    ) -> None:
        """By Shopify's own limit, on a clock that moves only while somebody waits. Workers that know nothing of one another
        (the same app in another installation) find the limit by what they are told and by being throttled."""
        bench = open_bench(bucket_points=1000.0, restore_rate=100.0)
        bench.simulator.place_order()
        begun = bench.clock.now()
        workers = [bench.store(alone=alone, page_size=50), bench.store(alone=alone, page_size=20)]
        refused = 0
        for number in range(5000):
            try:
                workers[number % 2].orders_changed(Since()) if number % 3 else workers[number % 2].ping()
            except Throttled as error:
                refused += 1
                bench.clock.move(error.retry_after_seconds or 0)
        assert sum(bench.served.faulty.operations.values()) == 5000
        assert refused == bench.simulator.api.throttled < 50
        # Not slower than the limit allows either: what was charged, at a hundred points a second.
        assert 0 < round(sum(bench.clock.paused), 2) <= (bench.clock.now() - begun).total_seconds() < 5000 * 4 / 100
        assert max(bench.clock.paused) <= 5

    def test_a_wait_that_is_too_long_is_not_sat_out(self, open_bench: OpenBench) -> None:
        bench = open_bench(bucket_points=30.0, restore_rate=0.01)
        order_id = SourceId(bench.simulator.place_order())
        store = bench.store()
        for code in ("one", ""):
            store.mark_orders([OrderMark(order_id, code)])
        with pytest.raises(Throttled) as raised:
            store.mark_orders([OrderMark(order_id, "two")])
        assert raised.value.retry_after_seconds is not None
        assert raised.value.retry_after_seconds > 20
        assert bench.simulator.api.throttled == 0
        assert bench.clock.paused == []

    def test_the_official_throttled_answer_is_understood(self, bench: Any, contracts: Any) -> None:
        body = (contracts / "shopify" / "throttled_response.json").read_bytes()
        fault = bench.served.faulty.add(Fault(FaultKind.STATUS, operation=ORDERS, status=200, body=body))
        with pytest.raises(Throttled) as raised:
            read(bench, bench.simulator.place_order())
        assert fault.fired
        assert raised.value.retry_after_seconds == pytest.approx((752 - 666) / 50)
        assert raised.value.counts_as_attempt is False

    def test_a_retry_after_of_a_429_is_heeded(self, bench: Any) -> None:
        bench.served.faulty.add(
            Fault(FaultKind.STATUS, operation=ORDERS, status=429, headers=(("Retry-After", "7.0"),))
        )
        with pytest.raises(Throttled) as raised:
            read(bench, bench.simulator.place_order())
        assert raised.value.retry_after_seconds == 7.0

    def test_what_was_read_before_the_limit_is_kept(self, bench: Any) -> None:
        order_ids = [bench.simulator.place_order() for _ in range(9)]
        body = json.dumps({"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]}).encode()
        fault = bench.served.faulty.add(
            Fault(FaultKind.STATUS, operation=ORDERS, skip=2, times=None, status=200, body=body)
        )
        found = read(bench, *order_ids)
        assert fault.fired
        kinds = [type(found[order_id]).__name__ for order_id in order_ids]
        assert kinds == sorted(kinds)
        assert set(kinds) == {"Order", "Throttled"}


class TestRefusals:
    @pytest.mark.parametrize(
        ("state", "code"),
        [
            ("frozen", "shop-frozen"),
            ("forbidden", "shop-forbidden"),
            ("gone", "shop-not-found"),
            ("locked", "shop-locked"),
        ],
    )
    def test_a_store_that_is_shut_makes_orders_wait_with_words_of_what_to_do(
        self, open_bench: OpenBench, state: str, code: str
    ) -> None:
        bench = open_bench(state=state)
        with pytest.raises(Unavailable) as raised:
            bench.store().ping()
        assert raised.value.code == code
        assert len(raised.value.problem.next_step) > 20
        assert raised.value.counts_as_attempt is False

    def test_a_wrong_token_makes_orders_wait(self, bench: Any) -> None:
        with pytest.raises(Unavailable) as raised:
            bench.store(access_token="shpat_wrong").ping()
        assert raised.value.code == "credentials-refused"

    @pytest.mark.parametrize("scope", ["read_orders", "read_customers"])
    def test_a_missing_scope_is_named(self, open_bench: OpenBench, scope: str) -> None:
        # A scope to write is one to read as well.
        bench = open_bench(scopes=frozenset({"read_orders", "read_customers"}) - {scope})
        error = read(bench, order_id := bench.simulator.place_order())[order_id]
        assert isinstance(error, Rejected)
        assert (error.code, scope in error.problem.what) == ("permission-missing", True)

    def test_protected_customer_data_has_words_of_its_own(self, bench: Any) -> None:
        message = "This app is not approved to access the Customer object. See the documentation."
        error = {"message": message, "path": ["nodes", 0, "customer"], "extensions": {"code": "ACCESS_DENIED"}}
        body = json.dumps({"data": {"nodes": [{"id": "gid://shopify/Order/1"}]}, "errors": [error]}).encode()
        bench.served.faulty.add(Fault(FaultKind.STATUS, operation=ORDERS, status=200, body=body))
        found = read(bench, order_id := bench.simulator.place_order())[order_id]
        assert isinstance(found, Rejected)
        assert "protected customer data" in found.problem.what

    def test_an_error_about_one_order_is_not_taken_for_its_deletion(self, bench: Any) -> None:
        first, second = bench.simulator.place_order(), bench.simulator.place_order()
        error = {"message": "Internal error", "path": ["nodes", 0], "extensions": {"code": "INTERNAL_SERVER_ERROR"}}
        body = json.dumps({"data": {"nodes": [None, None]}, "errors": [error]}).encode()
        bench.served.faulty.add(Fault(FaultKind.STATUS, operation=ORDERS, status=200, body=body))
        found = read(bench, first, second)
        assert isinstance(found[first], Transient)
        assert isinstance(found[second], Skip)

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ({"errors": [{"message": "Field 'x' doesn't exist", "extensions": {"code": "undefinedField"}}]}, Rejected),
            ({"errors": [{"message": "boom", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]}, Transient),
            (
                {"errors": [{"message": "x", "extensions": {"code": "TOO_MANY_PARALLEL_REQUESTS_FOR_THIS_PRODUCT"}}]},
                Transient,
            ),
            ({"errors": [{"message": "inactive", "extensions": {"code": "SHOP_INACTIVE"}}]}, Unavailable),
            ({"errors": [{"message": "no code, no extensions"}]}, Rejected),
            ({"errors": "Not what it was"}, Transient),
            ({"data": None}, Transient),
            ({}, Transient),
            ([], Transient),
        ],
    )
    def test_other_answers_have_their_family(self, bench: Any, body: object, kind: type[SyncError]) -> None:
        bench.served.faulty.add(Fault(FaultKind.STATUS, status=200, body=json.dumps(body).encode()))
        with pytest.raises(kind) as raised:
            bench.store().ping()
        assert "boom" not in str(raised.value)

    def test_a_page_instead_of_json_is_transient(self, bench: Any) -> None:
        bench.served.faulty.add(Fault(FaultKind.STATUS, status=200, body=b"<html>Sign in</html>"))
        with pytest.raises(Transient):
            bench.store().ping()

    def test_a_redirect_is_not_followed_with_the_token(self, bench: Any) -> None:
        elsewhere = (("Location", f"{bench.served.base_url}/elsewhere"),)
        bench.served.faulty.add(Fault(FaultKind.STATUS, status=301, headers=elsewhere))
        with pytest.raises(Unavailable) as raised:
            bench.store().ping()
        assert raised.value.code == "shop-moved"
        assert "elsewhere" not in bench.served.faulty.operations

    def test_an_unknown_version_says_what_to_check(self, bench: Any) -> None:
        with pytest.raises(Unavailable) as raised:
            bench.store(api_version="2027-04").ping()
        assert "api_version" in raised.value.problem.next_step


class TestWriteBack:
    def test_the_number_is_on_the_order(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        assert bench.store().write_back([note(order_id)]) == {order_id: None}
        assert written(bench) == {order_id: {"erp": "odoo", "id": "7", "number": "S00001"}}

    def test_writing_twice_leaves_one_metafield(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        for display in ("S00001", "S00002", "S00002"):
            bench.store().write_back([note(order_id, display)])
        (order,) = bench.served.records()["orders"]
        assert len(order["metafields"]) == 1
        assert written(bench)[order_id]["number"] == "S00002"

    def test_the_metafield_may_be_another(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        bench.store(write_back_namespace="accounting", write_back_key="number").write_back([note(order_id)])
        assert list(written(bench, "accounting.number")) == [order_id]

    def test_more_than_a_call_takes_are_written_in_several(self, bench: Any) -> None:
        order_ids = [bench.simulator.place_order() for _ in range(60)]
        result = bench.store().write_back([note(order_id) for order_id in order_ids])
        assert result == dict.fromkeys(order_ids)
        assert sorted(written(bench)) == sorted(order_ids)
        assert bench.served.faulty.operations["WriteBack"] == 3

    def test_one_order_that_is_gone_does_not_keep_the_others_from_it(self, bench: Any) -> None:
        """The call writes all or nothing, so that it must be made again without the one."""
        order_ids = [bench.simulator.place_order() for _ in range(4)]
        bench.simulator.delete_order(order_ids[1])
        result = bench.store().write_back([note(order_id) for order_id in order_ids])
        assert isinstance(result[order_ids[1]], Skip)
        assert [result[order_ids[i]] for i in (0, 2, 3)] == [None] * 3
        assert sorted(written(bench)) == sorted(order_ids[i] for i in (0, 2, 3))

    def test_a_lost_reply_is_written_again_without_harm(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        fault = bench.served.faulty.add(Fault(FaultKind.LOST_REPLY, operation="WriteBack"))
        store = bench.store()
        with pytest.raises(Unavailable) as raised:
            store.write_back([note(order_id)])
        assert not isinstance(raised.value, OutcomeUnknown)
        assert fault.fired
        assert store.write_back([note(order_id)]) == {order_id: None}
        (order,) = bench.served.records()["orders"]
        assert len(order["metafields"]) == 1

    def test_what_was_written_before_an_outage_is_not_written_again(self, bench: Any) -> None:
        order_ids = [bench.simulator.place_order() for _ in range(30)]
        fault = bench.served.faulty.add(Fault(FaultKind.REFUSE, operation="WriteBack", skip=1))
        result = bench.store().write_back([note(order_id) for order_id in order_ids])
        assert fault.fired
        assert [result[order_id] for order_id in order_ids[:25]] == [None] * 25
        assert all(isinstance(result[order_id], Unavailable) for order_id in order_ids[25:])
        assert sorted(written(bench)) == sorted(order_ids[:25])

    def test_without_the_scope_the_scope_is_named(self, open_bench: OpenBench) -> None:
        bench = open_bench(scopes=frozenset({"read_orders", "read_customers"}))
        with pytest.raises(Rejected) as raised:
            bench.store().write_back([note(bench.simulator.place_order())])
        assert "write_orders" in raised.value.problem.what
        assert written(bench) == {}

    @pytest.mark.parametrize(
        ("error", "kind"),
        [
            ({"field": ["metafields", "0", "value"], "code": "INVALID_TYPE"}, Rejected),
            ({"field": ["metafields", "0"], "code": "APP_NOT_AUTHORIZED", "elementIndex": 0}, Rejected),
            ({"field": None, "code": "INTERNAL_ERROR"}, Transient),
            ({"field": ["metafields", "99"], "code": "INVALID"}, Rejected),
            ({"field": 5}, Rejected),
        ],
    )
    def test_a_refused_metafield_is_reported_for_its_order(
        self, bench: Any, error: object, kind: type[SyncError]
    ) -> None:
        order_id = bench.simulator.place_order()
        body = json.dumps({"data": {"metafieldsSet": {"userErrors": [error]}}}).encode()
        bench.served.faulty.add(Fault(FaultKind.STATUS, operation="WriteBack", times=None, status=200, body=body))
        found = bench.store().write_back([note(order_id)])[order_id]
        assert isinstance(found, kind)
        assert order_id in found.problem.record

    def test_the_echo_of_writing_back_changes_no_content(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        bench.simulator.webhook_requests()
        before = read(bench, order_id)[order_id]
        bench.clock.move(3)
        bench.store().write_back([note(order_id)])
        ((_, echo),) = bench.simulator.webhook_requests()
        after = bench.store().order_from_event(echo)
        assert isinstance(before, Order)
        assert after.content_hash() == before.content_hash()
        assert after.version > before.version


CREDENTIALS: dict[str, Any] = {
    "access_token": None,
    "client_id": "0" * 31 + "1",
    "client_secret": "shpss_" + "6" * 32,
}


class TestTokens:
    def test_credentials_are_exchanged_once_for_many_calls(self, bench: Any) -> None:
        store = bench.store(**CREDENTIALS)
        for _ in range(3):
            store.ping()
        assert bench.served.faulty.operations == {"access_token": 1, "Ping": 3}

    def test_a_token_is_exchanged_anew_before_it_ends(self, bench: Any) -> None:
        store = bench.store(**CREDENTIALS)
        store.ping()
        bench.clock.move(86399 - 200)
        store.ping()
        assert bench.served.faulty.operations == {"access_token": 2, "Ping": 2}

    def test_a_token_that_is_refused_is_exchanged_anew_at_once(self, bench: Any) -> None:
        store = bench.store(**CREDENTIALS)
        store.ping()
        bench.simulator.forget_tokens()
        store.ping()
        assert bench.served.faulty.operations == {"access_token": 2, "Ping": 3}

    def test_wrong_credentials_make_orders_wait(self, bench: Any) -> None:
        with pytest.raises(Unavailable) as raised:
            bench.store(**CREDENTIALS | {"client_secret": "wrong"}).ping()
        assert raised.value.code == "credentials-refused"
        assert "application_cannot_be_found" in raised.value.problem.what
        assert "wrong" not in str(raised.value)


def test_the_same_store_works_again_after_every_kind_of_failure(bench: Any) -> None:
    order_id = bench.simulator.place_order()
    store = bench.store()
    for kind in (FaultKind.REFUSE, FaultKind.LOST_REPLY, FaultKind.STATUS):
        fault = bench.served.faulty.add(Fault(kind, operation=ORDERS))
        with pytest.raises(Unavailable):
            store.read_orders([SourceId(order_id)])
        assert fault.fired
        assert isinstance(store.read_orders([SourceId(order_id)])[SourceId(order_id)], Order)
