"""The simulated shop refuses what a real one refuses, asked here without the adapter."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Call
from urllib.request import urlopen

from pydantic import SecretStr
from requests import Request

from erpsync.ports.runtime import Tools
from erpsync.transport.oauth1 import RequestSigner
from tests.systems.woocommerce.stand import Stand, stand


def ask(shop: Stand, method: str, path: str, body: object = None, **params: str) -> tuple[int, Any, dict[str, str]]:
    signer = RequestSigner(shop.values["consumer_key"], SecretStr(shop.values["consumer_secret"]), shop.tools)
    url = f"{shop.values['url']}/wp-json/wc/v3/{path}"
    return send(str(Request(method, url, params=params, auth=signer).prepare().url), method, body)


def send(url: str, method: str = "GET", body: object = None) -> tuple[int, Any, dict[str, str]]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urlopen(Call(url, data, method=method)) as reply:
            return reply.status, json.loads(reply.read()), dict(reply.headers)
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read()), dict(error.headers)


def code(answer: tuple[int, Any, dict[str, str]]) -> tuple[int, str]:
    return answer[0], answer[1]["code"]


def test_limits_of_pages_and_batches(shop: Stand) -> None:
    assert code(ask(shop, "GET", "orders", per_page="101")) == (400, "rest_invalid_param")
    rows = [{"id": number} for number in range(101)]
    assert code(ask(shop, "POST", "orders/batch", {"update": rows})) == (
        413,
        "woocommerce_rest_request_entity_too_large",
    )
    assert ask(shop, "POST", "orders/batch", {"update": rows[:1]})[1]["update"][0]["error"]["code"] == (
        "woocommerce_rest_shop_order_invalid_id"
    )


def test_pages_are_counted_in_the_headers(shop: Stand) -> None:
    for _ in range(5):
        shop.shop.place({"SKU-0001": 1})
    status, rows, headers = ask(shop, "GET", "orders", per_page="2", page="3")
    assert (status, len(rows), headers["X-WP-Total"], headers["X-WP-TotalPages"]) == (200, 1, "5", "3")


def test_a_list_in_brackets_breaks_the_signature_and_one_with_commas_does_not(shop: Stand) -> None:
    first, second = (shop.shop.place({"SKU-0001": 1}) for _ in range(2))
    assert code(ask(shop, "GET", "orders", **{"include[]": first})) == (401, "woocommerce_rest_authentication_error")
    assert len(ask(shop, "GET", "orders", include=f"{first},{second}")[1]) == 2


def test_a_signed_request_is_good_once(shop: Stand) -> None:
    signer = RequestSigner(shop.values["consumer_key"], SecretStr(shop.values["consumer_secret"]), shop.tools)
    url = str(Request("GET", f"{shop.values['url']}/wp-json/wc/v3/orders", auth=signer).prepare().url)
    assert send(url)[0] == 200
    again = send(url)
    assert (again[0], "nonce" in again[1]["message"]) == (401, True)


def test_a_request_without_keys_or_with_a_route_in_the_query_is_not_let_in(tools: Tools) -> None:
    with stand(tools) as shop:
        assert send(f"{shop.values['url']}/wp-json/wc/v3/orders")[0] == 401
        assert send(f"{shop.values['url']}/wp-json/")[0] == 200


def test_stock_is_a_whole_number_and_null_is_none(shop: Stand) -> None:
    product = shop.shop.shop.by_sku("SKU-0001")
    assert code(ask(shop, "PUT", f"products/{product.id}", {"stock_quantity": 2.5})) == (400, "rest_invalid_param")
    assert ask(shop, "PUT", f"products/{product.id}", {"stock_quantity": 2})[1]["stock_quantity"] == 2
    [none] = ask(shop, "POST", "products/batch", {"update": [{"id": product.id, "stock_quantity": None}]})[1]["update"]
    assert none["stock_quantity"] == 0


def test_a_variation_goes_through_its_parent(shop: Stand) -> None:
    variation = shop.shop.shop.by_sku("SKU-0031")
    row = {"update": [{"id": variation.id, "stock_quantity": 3}]}
    [refused] = ask(shop, "POST", "products/batch", row)[1]["update"]
    assert refused["error"]["code"] == "woocommerce_rest_product_invalid_id"
    path = f"products/{variation.parent_id}/variations/batch"
    assert ask(shop, "POST", path, row)[1]["update"][0]["stock_quantity"] == 3


def test_identical_orders_make_two(shop: Stand) -> None:
    made = [ask(shop, "POST", "orders", {"meta_data": [{"key": "a", "value": "b"}]}) for _ in range(2)]
    assert [answer[0] for answer in made] == [201, 201]
    assert made[0][1]["id"] != made[1][1]["id"]


def test_an_empty_change_moves_the_time_of_change(shop: Stand) -> None:
    order_id = shop.shop.place({"SKU-0001": 1}, seconds_ago=60)
    before = shop.shop.order(order_id).modified_at
    ask(shop, "PUT", f"orders/{order_id}", {})
    assert shop.shop.order(order_id).modified_at > before


def test_naive_times_are_the_shops_own_and_a_zone_spoils_what_is_asked_in_utc(shop: Stand) -> None:
    """Two hours from UTC: each of the four ways to ask, of which two are right."""
    shop.shop.place({"SKU-0001": 1}, seconds_ago=3600)
    at = datetime.now(UTC).timestamp() - 1800
    naive = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    found = {
        (text[-1], gmt): len(ask(shop, "GET", "orders", modified_after=text, **gmt_of(gmt))[1])
        for text in (naive, f"{naive}Z")
        for gmt in (False, True)
    }
    assert found[naive[-1], True] == found["Z", False] == 0
    assert found[naive[-1], False] == 1
    later = datetime.fromtimestamp(at - 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert ask(shop, "GET", "orders", modified_after=later, dates_are_gmt="true")[1] == []
    assert len(ask(shop, "GET", "orders", modified_after=later)[1]) == 1


def gmt_of(gmt: bool) -> dict[str, str]:
    return {"dates_are_gmt": "true"} if gmt else {}


def test_customers_do_not_heed_a_time(shop: Stand) -> None:
    assert len(ask(shop, "GET", "customers", modified_after="2099-01-01T00:00:00", dates_are_gmt="true")[1]) == 3


def test_routes_that_are_not_there(shop: Stand) -> None:
    assert code(ask(shop, "GET", "variations")) == (404, "rest_no_route")
    assert code(ask(shop, "GET", "orders/1")) == (404, "woocommerce_rest_shop_order_invalid_id")
    assert code(ask(shop, "PUT", "orders/1", {})) == (400, "woocommerce_rest_shop_order_invalid_id")
    assert code(ask(shop, "GET", "settings/tax/unknown")) == (404, "rest_setting_setting_invalid")


def test_a_webhooks_secret_is_never_told(shop: Stand) -> None:
    hook = {"topic": "order.updated", "delivery_url": "https://a.example.com", "secret": "s3cret", "status": "active"}
    made = ask(shop, "POST", "webhooks", hook)
    assert made[0] == 201
    assert "s3cret" not in json.dumps([made[1], ask(shop, "GET", "webhooks")[1], shop.shop.records()])
    assert ask(shop, "DELETE", f"webhooks/{made[1]['id']}")[0] == 200
    assert code(ask(shop, "POST", "webhooks", {"topic": "x", "delivery_url": "y"}))[0] == 400


def test_operations_are_named_by_their_route(shop: Stand) -> None:
    ask(shop, "GET", "orders/12/refunds")
    assert shop.calls("GET orders/{id}/refunds") == 1
