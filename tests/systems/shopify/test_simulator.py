"""The simulated store is as strict as Shopify, seen by a client that is not ours."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from erpsync.testing.barrier import together

OpenBench = Callable[..., Any]
REAL = "webhook_orders_create_2025-01_d4.json"
NODES = "query Q($ids: [ID!]!) { nodes(ids: $ids) { id ... on Order { name } } }"
SET = "mutation M($m: [MetafieldsSetInput!]!) { metafieldsSet(metafields: $m) { userErrors { field code message } } }"


def post(
    bench: Any, query: str, variables: object = None, *, version: str = "2026-10", token: str = ""
) -> requests.Response:
    given = bench.served.settings
    return requests.post(
        f"{bench.served.base_url}/admin/api/{version}/graphql.json",
        json={"query": query, "variables": variables or {}},
        headers={"X-Shopify-Access-Token": token or given["access_token"]},
        timeout=60,
    )


def code(response: requests.Response) -> str:
    found: str = response.json()["errors"][0].get("extensions", {}).get("code", "")
    return found


def metafield(order_id: str, **changes: str) -> dict[str, str]:
    good = {"ownerId": f"gid://shopify/Order/{order_id}", "namespace": "erpsync", "key": "erp_order", "type": "json"}
    return good | {"value": '{"number":"S1"}'} | changes


class TestAccess:
    @pytest.mark.parametrize("token", ["wrong", "shpat_"])
    def test_a_wrong_token_gets_nothing(self, bench: Any, token: str) -> None:
        response = post(bench, "{ shop { id } }", token=token)
        assert response.status_code == 401
        assert "data" not in response.json()

    def test_no_token_gets_nothing(self, bench: Any) -> None:
        url = f"{bench.served.base_url}/admin/api/2026-10/graphql.json"
        assert requests.post(url, json={"query": "{ shop { id } }"}, timeout=60).status_code == 401

    @pytest.mark.parametrize(
        "path", ["/", "/admin", "/admin/api/2026-10/orders.json", "/admin/api/latest/graphql.json"]
    )
    def test_there_is_nothing_else(self, bench: Any, path: str) -> None:
        assert requests.post(bench.served.base_url + path, json={}, timeout=60).status_code == 404

    def test_an_old_version_falls_forward_and_a_future_one_is_not_found(self, bench: Any) -> None:
        old = post(bench, "{ shop { id } }", version="2024-01")
        assert (old.status_code, old.headers["X-Shopify-API-Version"]) == (200, "2026-01")
        assert post(bench, "{ shop { id } }", version="2027-01").status_code == 404

    def test_scopes_guard_fields(self, open_bench: OpenBench) -> None:
        bench = open_bench(scopes=frozenset({"read_orders"}))
        order_id = bench.simulator.place_order()
        ids = [f"gid://shopify/Order/{order_id}"]
        query = "query Q($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { name customer { id } } } }"
        answer = post(bench, query, {"ids": ids}).json()
        assert answer["data"]["nodes"][0] == {"name": "#1001", "customer": None}
        assert answer["errors"][0]["path"] == ["nodes", 0, "customer"]
        assert code(post(bench, SET, {"m": [metafield(order_id)]})) == "ACCESS_DENIED"


class TestQueries:
    @pytest.mark.parametrize(
        "query",
        [
            "{ shop { secret } }",
            "{ nodes { id } }",
            "query Q($i: Int) { nodes(ids: $i) { id } }",
            "{ shop",
            "mutation { x }",
        ],
    )
    def test_what_the_schema_does_not_have_is_refused(self, bench: Any, query: str) -> None:
        answer = post(bench, query).json()
        assert answer["errors"]
        assert "data" not in answer

    def test_an_unknown_id_is_null_and_a_broken_one_an_error(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        ids = [f"gid://shopify/Order/{order_id}", "gid://shopify/Order/5", "12"]
        answer = post(bench, NODES, {"ids": ids}).json()
        assert [node and node["name"] for node in answer["data"]["nodes"]] == ["#1001", None, None]
        assert [error["path"] for error in answer["errors"]] == [["nodes", 2]]

    def test_a_page_needs_a_size(self, bench: Any) -> None:
        ids = [f"gid://shopify/Order/{bench.simulator.place_order()}"]
        query = "query Q($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { lineItems { nodes { id } } } } }"
        assert "first or last" in post(bench, query, {"ids": ids}).json()["errors"][0]["message"]

    @pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"variables":{}}', b"\xff"])
    def test_a_body_that_is_no_request_is_bad(self, bench: Any, body: bytes) -> None:
        headers = {"X-Shopify-Access-Token": bench.served.settings["access_token"]}
        url = f"{bench.served.base_url}/admin/api/2026-10/graphql.json"
        assert requests.post(url, data=body, headers=headers, timeout=60).status_code == 400


class TestLimits:
    def test_a_query_above_a_thousand_points_is_refused_before_it_runs(self, bench: Any) -> None:
        query = "{ nodes(ids: []) { id } webhookSubscriptions(first: 999) { nodes { topic } } }"
        assert code(post(bench, query)) == "MAX_COST_EXCEEDED"

    @pytest.mark.parametrize("status", [200, 429])
    def test_an_empty_bucket_throttles_and_fills_again(self, open_bench: OpenBench, status: int) -> None:
        bench = open_bench(bucket_points=100.0, restore_rate=50.0, throttle_status=status)
        query = "{ webhookSubscriptions(first: 90) { nodes { topic } } }"
        first = post(bench, query).json()["extensions"]["cost"]
        assert (first["requestedQueryCost"], first["throttleStatus"]["maximumAvailable"]) == (92, 100.0)
        assert first["actualQueryCost"] < 92
        while (answer := post(bench, query)).json().get("data"):
            pass
        assert answer.status_code == status
        assert code(answer) == "THROTTLED"
        assert answer.json()["extensions"]["cost"]["actualQueryCost"] is None
        bench.clock.move(2)
        assert "data" in post(bench, query).json()

    def test_many_ids_are_too_many(self, bench: Any) -> None:
        answer = post(bench, NODES, {"ids": [f"gid://shopify/Order/{i}" for i in range(251)]})
        assert code(answer) == "MAX_INPUT_SIZE_EXCEEDED"


class TestMetafields:
    def test_twenty_five_at_a_time(self, bench: Any) -> None:
        order_ids = [bench.simulator.place_order() for _ in range(26)]
        answer = post(bench, SET, {"m": [metafield(order_id) for order_id in order_ids]})
        assert code(answer) == "MAX_INPUT_SIZE_EXCEEDED"
        assert all(not order["metafields"] for order in bench.served.records()["orders"])

    @pytest.mark.parametrize(
        "changes",
        [
            {"ownerId": "gid://shopify/Order/5"},
            {"ownerId": "gid://shopify/Product/5"},
            {"namespace": "ab"},
            {"key": "a"},
            {"key": "with space"},
            {"type": "money_bag"},
            {"value": "  "},
            {"value": "{not json"},
        ],
    )
    def test_one_bad_metafield_leaves_all_unwritten(self, bench: Any, changes: dict[str, str]) -> None:
        good, bad = bench.simulator.place_order(), bench.simulator.place_order()
        answer = post(bench, SET, {"m": [metafield(good), metafield(bad, **changes)]}).json()
        (error,) = answer["data"]["metafieldsSet"]["userErrors"]
        assert error["field"][:2] == ["metafields", "1"]
        assert error["code"]
        assert all(not order["metafields"] for order in bench.served.records()["orders"])

    def test_many_writers_at_once_leave_one_metafield_an_order(self, bench: Any) -> None:
        order_id = bench.simulator.place_order()
        given = [{"m": [metafield(order_id, value=f'{{"number":"S{i}"}}')]} for i in range(8)]
        told = together(*(lambda each=each: post(bench, SET, each) for each in given), seconds=60)
        answers = [future.result().json() for future in told]
        assert [answer["data"]["metafieldsSet"]["userErrors"] for answer in answers] == [[]] * 8
        (order,) = bench.served.records()["orders"]
        assert len(order["metafields"]) == 1


class TestWebhooks:
    def test_a_body_has_the_fields_of_a_real_one(self, bench: Any, contracts: Path) -> None:
        real = json.loads((contracts / "shopify" / "payloads" / REAL).read_bytes())
        order_id = bench.simulator.place_order([{"sku": "SKU-0001", "discount": "1.00"}], shipping_discount="1.00")
        mine = json.loads(bench.simulator.deliver(order_id, "orders/create")[1])
        assert mine.keys() == real.keys()
        assert mine["line_items"][0].keys() == real["line_items"][0].keys()
        assert mine["shipping_lines"][0].keys() == real["shipping_lines"][0].keys()
        allocation = real["line_items"][0]["discount_allocations"][0]
        assert mine["line_items"][0]["discount_allocations"][0].keys() == allocation.keys()
        assert _shapes(mine["current_total_price_set"]) == _shapes(real["current_total_price_set"])

    def test_addresses_and_customers_have_the_fields_of_real_ones(self, bench: Any, contracts: Path) -> None:
        real = json.loads((contracts / "shopify" / "payloads" / "webhook_sample_2019_order_body.json").read_bytes())
        mine = json.loads(bench.simulator.deliver(bench.simulator.place_order(), "orders/create")[1])
        assert mine["billing_address"].keys() == real["billing_address"].keys()
        assert real["customer"].keys() >= {"id", "email", "first_name", "last_name", "phone"} <= mine["customer"].keys()

    def test_the_signature_is_shopifys(self, bench: Any) -> None:
        headers, body = bench.simulator.deliver(bench.simulator.place_order(), "orders/create")
        secret = bench.served.settings["webhook_secret"].encode()
        assert (
            headers["X-Shopify-Hmac-Sha256"]
            == base64.b64encode(hmac.new(secret, body, hashlib.sha256).digest()).decode()
        )
        assert headers["X-Shopify-Shop-Domain"] == bench.served.settings["shop"]

    def test_ids_exceed_what_a_floating_point_number_holds(self, bench: Any) -> None:
        body = json.loads(bench.simulator.deliver(bench.simulator.place_order(), "orders/create")[1])
        ids = [body["id"], *(line["id"] for line in body["line_items"])]
        assert all(each > 2**53 for each in ids)

    def test_taken_webhooks_are_not_due_again(self, bench: Any) -> None:
        bench.simulator.place_order()
        assert len(bench.simulator.webhook_requests()) == 2
        assert bench.simulator.webhook_requests() == []


class TestControl:
    def control(self, bench: Any, path: str, wanted: object) -> Any:
        response = requests.post(f"{bench.served.base_url}/_control/{path}", json=wanted, timeout=60)
        return response.json() | {"status": response.status_code}

    def test_another_process_can_place_orders_and_send_their_webhooks(self, bench: Any) -> None:
        answer = self.control(bench, "orders", {"count": 3})
        assert [order["name"] for order in answer["orders"]] == ["#1001", "#1002", "#1003"]
        deliveries = answer["deliveries"]
        assert [each["headers"]["X-Shopify-Topic"] for each in deliveries] == ["orders/create", "orders/paid"] * 3
        reader = bench.webhooks()
        for each in deliveries:
            headers = {name.lower(): value for name, value in each["headers"].items()}
            delivery = type(bench.delivery(answer["orders"][0]["id"]))(headers, each["body"].encode())
            reader.verify(delivery, bench.clock.now())

    def test_a_given_order_is_placed_edited_sent_back_and_cancelled(self, bench: Any) -> None:
        wanted = {"order": {"lines": [{"sku": "SKU-0001", "quantity": 3}], "note": "\u00e4"}}
        (order,) = self.control(bench, "orders", wanted)["orders"]
        for path, arguments, left in (
            ("edit", {"quantities": {"SKU-0001": 2}}, 2),
            ("refund", {"quantities": {"SKU-0001": 1}}, 1),
            ("cancel", {}, 0),
        ):
            answer = self.control(bench, f"orders/{order['id']}/{path}", arguments)
            assert answer["orders"][0]["lines"] == [{"sku": "SKU-0001", "quantity": left}]
            assert answer["deliveries"]
        assert answer["orders"][0]["cancelled"] is True
        assert self.control(bench, f"orders/{order['id']}/delete", {})["orders"] == []

    def test_what_write_back_causes_is_due(self, bench: Any) -> None:
        (order,) = self.control(bench, "orders", {})["orders"]
        post(bench, SET, {"m": [metafield(order["id"])]})
        (delivery,) = self.control(bench, "deliveries", {})["deliveries"]
        assert delivery["headers"]["X-Shopify-Topic"] == "orders/updated"

    @pytest.mark.parametrize(
        ("path", "wanted", "status"),
        [
            ("orders", {"order": {"colour": "red"}}, 400),
            ("orders", {"order": {"lines": 5}}, 400),
            ("orders/5/edit", {}, 400),
            ("orders/5/explode", {}, 404),
            ("nothing", {}, 404),
        ],
    )
    def test_what_it_cannot_do_is_refused(self, bench: Any, path: str, wanted: object, status: int) -> None:
        assert self.control(bench, path, wanted)["status"] == status


class TestSeed:
    def test_the_items_are_those_that_all_simulators_agree_on(self, bench: Any) -> None:
        order_id = bench.simulator.place_order([{"sku": "SKU-0001"}, {"sku": "SKU-0050"}, {"sku": "SKU-9999"}])
        body = json.loads(bench.simulator.deliver(order_id, "orders/create")[1])
        assert [(line["sku"], line["price"]) for line in body["line_items"]][:2] == [
            ("SKU-0001", "6.90"),
            ("SKU-0050", "55.90"),
        ]
        assert body["currency"] == "EUR"

    def test_the_customers_are_those_that_all_simulators_agree_on(self, bench: Any) -> None:
        emails = set()
        for _ in range(10):
            body = json.loads(bench.simulator.deliver(bench.simulator.place_order(), "orders/create")[1])
            emails.add(body["customer"]["email"])
        assert emails == {f"customer-{n}@example.com" for n in range(1, 11)}

    def test_records_are_plain_json(self, bench: Any) -> None:
        bench.simulator.place_order()
        assert json.loads(json.dumps(bench.served.records())) == bench.served.records()


def _shapes(value: object) -> object:
    if isinstance(value, dict):
        return {name: _shapes(inner) for name, inner in value.items()}
    return type(value).__name__
