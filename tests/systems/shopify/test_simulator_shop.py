"""The simulated store's shipments, stock, prices, lists and bulk operations are as strict as Shopify's."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests

from erpsync.systems.shopify.simulator_api import SCOPES

OpenBench = Callable[..., Any]
SET = """mutation M($i: InventorySetQuantitiesInput!) {
  inventorySetQuantities(input: $i) @idempotent(key: "%s") { userErrors { field code } }
}"""
FULFIL = """mutation M($f: FulfillmentInput!) {
  fulfillmentCreate(fulfillment: $f) { fulfillment { id name } userErrors { field message } }
}"""


def post(bench: Any, query: str, variables: object = None, *, version: str = "2026-10") -> Any:
    given = bench.served.settings
    return requests.post(
        f"{bench.served.base_url}/admin/api/{version}/graphql.json",
        json={"query": query, "variables": variables or {}},
        headers={"X-Shopify-Access-Token": given["access_token"]},
        timeout=60,
    ).json()


def quantities(bench: Any, *changes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The input for SKU-0001 at the first location, with changes."""
    variant = bench.simulator.shop.catalogue.by_sku("SKU-0001")
    usual = {
        "inventoryItemId": f"gid://shopify/InventoryItem/{variant.item_id}",
        "locationId": f"gid://shopify/Location/{bench.controls.locations[0]}",
        "quantity": 5,
        "changeFromQuantity": None,
    }
    rows = [{name: value for name, value in (usual | each).items() if value != "left out"} for each in changes or ({},)]
    return {"i": {"name": "available", "reason": "correction", "quantities": rows} | more}


def codes(answer: Any) -> list[str]:
    return [error["code"] for error in answer["data"]["inventorySetQuantities"]["userErrors"]]


class TestQuantities:
    def test_a_key_is_needed(self, bench: Any) -> None:
        for query in (SET.replace('@idempotent(key: "%s")', ""), SET % "  "):
            assert "@idempotent" in post(bench, query, quantities(bench))["errors"][0]["message"]

    def test_what_is_compared_must_be_said(self, bench: Any) -> None:
        answer = post(bench, SET % "k", quantities(bench, {"changeFromQuantity": "left out"}))
        assert "changeFromQuantity" in answer["errors"][0]["message"]

    def test_a_key_answers_once(self, bench: Any) -> None:
        stale = quantities(bench, {"changeFromQuantity": 1})
        assert codes(post(bench, SET % "a", quantities(bench))) == []
        bench.controls.put_stock("SKU-0001", bench.controls.locations[0], 1)
        assert codes(post(bench, SET % "a", quantities(bench))) == []
        assert bench.controls.stock("SKU-0001", bench.controls.locations[0]) == 1
        assert codes(post(bench, SET % "a", stale)) == ["IDEMPOTENCY_KEY_PARAMETER_MISMATCH"]
        failing = quantities(bench, {"changeFromQuantity": 77})
        assert codes(post(bench, SET % "b", failing)) == ["CHANGE_FROM_QUANTITY_STALE"]
        assert codes(post(bench, SET % "b", failing)) == ["IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"]

    @pytest.mark.parametrize(
        ("change", "more", "code"),
        [
            ({"inventoryItemId": "gid://shopify/InventoryItem/5"}, {}, "INVALID_INVENTORY_ITEM"),
            ({"locationId": "gid://shopify/Location/5"}, {}, "INVALID_LOCATION"),
            ({"quantity": 1_000_000_001}, {}, "INVALID_QUANTITY_TOO_HIGH"),
            ({"quantity": -1_000_000_001}, {}, "INVALID_QUANTITY_TOO_LOW"),
            ({}, {"name": "committed"}, "INVALID_NAME"),
            ({}, {"reason": "because"}, "INVALID_REASON"),
            ({}, {"referenceDocumentUri": "no uri"}, "INVALID_REFERENCE_DOCUMENT"),
        ],
    )
    def test_nothing_is_set_where_one_is_wrong(
        self, bench: Any, change: dict[str, Any], more: dict[str, Any], code: str
    ) -> None:
        other = {"locationId": f"gid://shopify/Location/{bench.controls.locations[1]}"}
        assert codes(post(bench, SET % "k", quantities(bench, other, change, **more))) == [code]
        assert bench.controls.stock("SKU-0001", bench.controls.locations[1]) == 100

    def test_one_level_twice_is_refused(self, bench: Any) -> None:
        assert codes(post(bench, SET % "k", quantities(bench, {}, {}))) == [
            "NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR"
        ]

    def test_two_hundred_and_fifty_at_a_time(self, bench: Any) -> None:
        answer = post(bench, SET % "k", quantities(bench, *[{}] * 251))
        assert answer["errors"][0]["extensions"]["code"] == "MAX_INPUT_SIZE_EXCEEDED"


class TestFulfilments:
    def part(self, bench: Any, order_id: str, place: int, quantity: int | None = None) -> dict[str, Any]:
        waiting = bench.simulator.shop.find(order_id).fulfilment_orders[place]
        part: dict[str, Any] = {"fulfillmentOrderId": f"gid://shopify/FulfillmentOrder/{waiting.id}"}
        if quantity is not None:
            line = f"gid://shopify/FulfillmentOrderLineItem/{waiting.lines[0].id}"
            part["fulfillmentOrderLineItems"] = [{"id": line, "quantity": quantity}]
        return part

    def fulfil(self, bench: Any, *parts: dict[str, Any], **more: Any) -> Any:
        answer = post(bench, FULFIL, {"f": {"lineItemsByFulfillmentOrder": list(parts)} | more})
        return answer["data"]["fulfillmentCreate"]

    def place(self, bench: Any) -> str:
        first, second = (int(place) for place in bench.controls.locations)
        order_id: str = bench.simulator.place_order(
            [{"sku": "SKU-0001", "quantity": 2, "location": first}, {"sku": "SKU-0002", "location": second}]
        )
        return order_id

    def test_asked_twice_it_makes_two(self, bench: Any) -> None:
        order_id = self.place(bench)
        for _ in range(2):
            assert self.fulfil(bench, self.part(bench, order_id, 0, 1), notifyCustomer=True)["userErrors"] == []
        assert len(bench.served.records()["fulfilments"]) == 2
        assert bench.controls.shown(order_id).messages == 2

    @pytest.mark.parametrize("quantity", [3, 0, -1])
    def test_no_more_than_is_left(self, bench: Any, quantity: int) -> None:
        (error,) = self.fulfil(bench, self.part(bench, self.place(bench), 0, quantity))["userErrors"]
        assert "quantity" in error["message"]

    def test_one_location_at_a_time(self, bench: Any) -> None:
        order_id = self.place(bench)
        (error,) = self.fulfil(bench, self.part(bench, order_id, 0), self.part(bench, order_id, 1))["userErrors"]
        assert "single location" in error["message"]

    def test_one_order_at_a_time(self, bench: Any) -> None:
        first, second = self.place(bench), self.place(bench)
        (error,) = self.fulfil(bench, self.part(bench, first, 0), self.part(bench, second, 0))["userErrors"]
        assert "same order" in error["message"]

    def test_what_is_done_or_held_is_not_shipped(self, bench: Any) -> None:
        order_id = self.place(bench)
        part = self.part(bench, order_id, 0)
        assert self.fulfil(bench, part)["userErrors"] == []
        assert "CLOSED" in self.fulfil(bench, part)["userErrors"][0]["message"]
        bench.simulator.shop.find(order_id).fulfilment_orders[1].status = "ON_HOLD"
        assert "ON_HOLD" in self.fulfil(bench, self.part(bench, order_id, 1))["userErrors"][0]["message"]

    def test_what_is_refunded_before_it_is_shipped_need_not_be(self, bench: Any) -> None:
        order_id = self.place(bench)
        bench.simulator.refund_order(order_id, quantities={"SKU-0001": 1})
        assert self.fulfil(bench, self.part(bench, order_id, 0, 2))["userErrors"]
        assert self.fulfil(bench, self.part(bench, order_id, 0, 1))["userErrors"] == []

    def test_a_buyer_without_an_address_is_not_told(self, bench: Any) -> None:
        order_id = bench.simulator.place_order(customer=0)
        assert self.fulfil(bench, self.part(bench, order_id, 0), notifyCustomer=True)["userErrors"] == []
        assert bench.controls.shown(order_id).messages == 0


class TestLists:
    def test_pages_are_by_key_so_that_rows_that_go_hide_no_others(self, bench: Any) -> None:
        placed = [bench.simulator.place_order() for _ in range(5)]
        query = """query Q($a: String) { orders(first: 2, after: $a, sortKey: ID) {
            nodes { id } pageInfo { endCursor hasNextPage } } }"""
        first = post(bench, query)["data"]["orders"]
        bench.simulator.delete_order(placed[0])
        second = post(bench, query, {"a": first["pageInfo"]["endCursor"]})["data"]["orders"]
        assert [node["id"].rpartition("/")[2] for node in second["nodes"]] == placed[2:4]

    @pytest.mark.parametrize(
        "arguments", ["", "first: 251", 'first: 1, after: "page 2"', 'first: 1, query: "colour:red"',
                      'first: 1, query: "updated_at:>="']
    )  # fmt: skip
    def test_what_it_does_not_know_is_an_error(self, bench: Any, arguments: str) -> None:
        bench.simulator.place_order()
        query = "{ orders%s { nodes { id } } }" % (f"({arguments})" if arguments else "")
        assert post(bench, query)["errors"]

    def test_skus_are_found_in_any_case_and_several_by_or(self, bench: Any) -> None:
        query = "{ productVariants(first: 9, query: \"sku:'sku-0001' OR sku:SKU-0003\") { nodes { sku } } }"
        found = post(bench, query)["data"]["productVariants"]["nodes"]
        assert [node["sku"] for node in found] == ["SKU-0001", "SKU-0003"]

    @pytest.mark.parametrize(
        ("scope", "query"),
        [
            ("write_products", "{ productVariants(first: 1) { nodes { id } } }"),
            ("read_locations", "{ locations(first: 1) { nodes { id } } }"),
            ("read_customers", "{ customers(first: 1) { nodes { id } } }"),
            ("write_products", "{ priceLists(first: 1) { nodes { id } } }"),
        ],
    )
    def test_scopes_guard_lists(self, open_bench: OpenBench, scope: str, query: str) -> None:
        answer = post(open_bench(scopes=SCOPES - {scope}), query)
        assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


class TestBulkOperations:
    QUERY = "{ productVariants { edges { node { id inventoryItem { inventoryLevels { edges { node { id } } } } } } } }"

    def run(self, bench: Any, query: str, grouped: bool = True) -> Any:
        run = """mutation M($q: String!, $g: Boolean!) {
            bulkOperationRunQuery(query: $q, groupObjects: $g) { bulkOperation { id status } userErrors { code } } }"""
        return post(bench, run, {"q": query, "g": grouped})["data"]["bulkOperationRunQuery"]

    @pytest.mark.parametrize("grouped", [True, False])
    def test_children_are_lines_of_their_own_beside_their_parents_only_where_asked(
        self, bench: Any, grouped: bool
    ) -> None:
        started = self.run(bench, self.QUERY, grouped)["bulkOperation"]
        assert started["status"] == "CREATED"
        look = "query Q($i: ID!) { bulkOperation(id: $i) { status url objectCount } }"
        looks = [post(bench, look, {"i": started["id"]})["data"]["bulkOperation"] for _ in range(2)]
        assert [each["status"] for each in looks] == ["RUNNING", "COMPLETED"]
        lines = [json.loads(line) for line in requests.get(looks[1]["url"], timeout=60).text.splitlines()]
        assert len(lines) == 150 == int(looks[1]["objectCount"])
        assert all(line.get("__parentId") == lines[0]["id"] for line in lines[1:3]) is grouped

    def test_a_query_that_is_none_is_refused(self, bench: Any) -> None:
        assert self.run(bench, "{ orders { edges { node { secret } } } }")["userErrors"] == [{"code": "INVALID"}]

    def test_results_are_kept_for_a_week(self, bench: Any) -> None:
        self.run(bench, self.QUERY)
        (number,) = bench.simulator.api.bulk.operations
        url = f"{bench.served.base_url}/_bulk/{number}.jsonl"
        part = requests.get(url, headers={"Range": "bytes=0-9"}, timeout=60)
        assert (part.status_code, len(part.content)) == (206, 10)
        assert requests.get(url, headers={"Range": "bytes=99999999-"}, timeout=60).status_code == 416
        bench.clock.move(8 * 24 * 3600)
        assert requests.get(url, timeout=60).status_code == 404


class TestControls:
    def test_only_what_is_subscribed_to_is_delivered(self, bench: Any) -> None:
        bench.simulator.place_order()
        assert [hook.headers["X-Shopify-Topic"] for hook in bench.controls.hooks()] == ["orders/create"]
        bench.controls.drop_subscriptions()
        bench.simulator.place_order()
        assert bench.controls.hooks() == []

    def test_a_sale_with_an_end_is_not_to_be_had(self, bench: Any) -> None:
        with pytest.raises(NotImplementedError):
            bench.controls.put_price("SKU-0001", Decimal(20), promotion=Decimal(15), end_seconds=60)

    def test_what_is_sold_is_no_longer_available(self, bench: Any) -> None:
        first = bench.controls.locations[0]
        order_id = bench.controls.place({"SKU-0001": 3})
        assert bench.controls.stock("SKU-0001", first) == 97
        bench.controls.cancel(order_id)
        assert bench.controls.stock("SKU-0001", first) == 100
