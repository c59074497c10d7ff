"""The published contract is valid OpenAPI, and the simulator, the example shop and our own calls keep it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from fastapi.openapi.models import OpenAPI
from jsonschema import Draft202012Validator

from erpsync.domain.errors import Unavailable
from erpsync.domain.fulfilments import Parcel
from erpsync.domain.ids import Sku, SourceId, TargetId
from erpsync.domain.money import Money
from erpsync.domain.products import Product, Variant
from erpsync.ports.pages import Since
from erpsync.ports.runtime import Tools
from erpsync.ports.store_records import (
    FulfilledLine,
    FulfilmentDraft,
    OrderMark,
    OrderNote,
    PriceChange,
    ProductDraft,
    StockChange,
)
from erpsync.sandbox.runner import serve
from erpsync.systems.custom.adapter import HttpStore
from erpsync.systems.custom.contract import openapi
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.simulator import ABILITIES, CustomShop
from erpsync.systems.custom.wire import ABILITIES as CONTRACT_ABILITIES
from erpsync.transport import signing
from erpsync.web.contract import document
from tests.systems.custom.example import SECRET, SMALLEST, buy, running, sell

DOCUMENT = openapi()


def test_the_document_is_openapi() -> None:
    """FastAPI's own model of OpenAPI 3.1 for the whole, JSON Schema's metaschema for each schema, and every reference
    leads somewhere."""
    OpenAPI.model_validate(DOCUMENT)
    assert DOCUMENT["openapi"].startswith("3.1")
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in _references(DOCUMENT):
        found: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    names = [operation["operationId"] for path in DOCUMENT["paths"].values() for operation in _operations(path)]
    assert len(names) == len(set(names))
    # What is published holds nothing that only Python can write.
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT


def test_every_path_names_its_parameters() -> None:
    for path, item in DOCUMENT["paths"].items():
        wanted = {part[1:-1] for part in path.split("/") if part.startswith("{")}
        for operation in _operations(item):
            told = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"}
            assert told == wanted, path


def test_what_is_published_says_of_every_call_that_it_is_signed() -> None:
    webhook: dict[str, Any] = {"responses": {"200": {"description": "Kept."}}}
    health: dict[str, Any] = {"responses": {"200": {"description": "Well."}}}
    own = {
        "openapi": "3.1.0",
        "info": {"title": "erpsync", "version": "1"},
        "paths": {"/webhooks/{connection}": {"post": webhook}, "/health": {"get": health}},
        "components": {"schemas": {"Refusal": {"type": "object"}}},
    }
    published = document(own)
    OpenAPI.model_validate(published)
    assert set(published["paths"]) == {*DOCUMENT["paths"], "/health"}
    schemes = published["components"]["securitySchemes"]
    for path in DOCUMENT["paths"]:
        for operation in _operations(published["paths"][path]):
            [needed] = operation["security"]
            assert {schemes[name]["name"] for name in needed} == {signing.TIMESTAMP, signing.SIGNATURE}, path
    assert "security" not in published["paths"]["/health"]["get"]
    assert own["paths"]["/webhooks/{connection}"]["post"] == webhook


def test_abilities_are_spelt_alike_on_both_sides() -> None:
    assert ABILITIES == CONTRACT_ABILITIES


def test_the_simulator_answers_as_the_document_says() -> None:
    shop = CustomShop()
    order_id = shop.place({"SKU-0001": 2})
    shop.refund(order_id, {"SKU-0001": 1})
    shop.put_price("SKU-0002", Decimal("20.00"), promotion=Decimal("15.00"), end_seconds=60)
    shop.put_customer("Ada Lovelace", "ada@example.com")
    with serve({"shop": shop}) as served:
        for path in ("/ping", "/orders", f"/orders/{order_id}", "/variants", "/customers", "/orders/none", "/else"):
            status, answer = _get(served["shop"].settings, path)
            _keeps(path.replace(order_id, "{id}").replace("none", "{id}"), "get", status, answer)


def test_the_simulators_events_are_as_the_document_says() -> None:
    shop = CustomShop()
    order_id = shop.place({"SKU-0001": 2})
    shop.edit(order_id, {"SKU-0001": 3})
    shop.delete(order_id)
    hooks = shop.hooks()
    assert len(hooks) == 3
    for hook in hooks:
        _valid(_body_of(DOCUMENT["paths"]["/webhooks/{connection}"]["post"]), json.loads(hook.body))


def test_the_example_shop_answers_as_the_document_says(receiver: "Receiver") -> None:
    port = receiver.shop_port
    with running(port, receiver.address):
        buy(port, "MUG", 2, "9.95", "19.90")
        settings = {"url": f"http://127.0.0.1:{port}", "secret": SECRET}
        for path in ("/ping", "/orders", "/orders/1001", "/orders/9", "/nothing"):
            status, answer = _get(settings, path)
            _keeps(path.replace("1001", "{id}").replace("9", "{id}"), "get", status, answer)
        status, answer = _get({**settings, "secret": "another secret that is not the shop's"}, "/orders")
        assert status == 401
        _keeps("/orders", "get", status, answer)
    _valid(_body_of(DOCUMENT["paths"]["/webhooks/{connection}"]["post"]), json.loads(receiver.bodies[0]))


def test_the_smallest_shop_tells_what_the_document_says_until_it_is_kept(receiver: "Receiver") -> None:
    receiver.refusals = 2
    sell(receiver.address, "MUG", "2", "9.95", "19.90")
    assert len(receiver.bodies) == 3
    assert len(set(receiver.bodies)) == 1
    _valid(_body_of(DOCUMENT["paths"]["/webhooks/{connection}"]["post"]), json.loads(receiver.bodies[0]))
    assert len(SMALLEST.read_text(encoding="utf-8").splitlines()) <= 30


def test_the_example_shop_believes_us_while_the_secret_is_changed(shop_port: int, tools: Tools) -> None:
    with running(shop_port, "http://127.0.0.1:1/nobody"):
        settings = {"url": f"http://127.0.0.1:{shop_port}", "secret": "the secret that the shop will have next"}
        HttpStore(CustomSettings.model_validate({**settings, "previous_secret": SECRET}), tools).ping()
        with pytest.raises(Unavailable, match="refused the credentials"):
            HttpStore(CustomSettings.model_validate(settings), tools).ping()


def test_our_calls_are_as_the_document_says(tools: Tools) -> None:
    shop = Recording()
    with serve({"shop": shop}) as served:
        store = HttpStore(CustomSettings.model_validate(dict(served["shop"].settings)), tools)
        order_id = SourceId(shop.place({"SKU-0001": 2}))
        line = FulfilledLine(SourceId(f"{order_id}-SKU-0001"), Sku("SKU-0001"), Decimal(1))
        store.check()
        store.read_orders([order_id])
        store.write_back([OrderNote(order_id, "erp", TargetId("4711"), "SO-4711")])
        store.mark_orders([OrderMark(order_id, "unknown-sku")])
        store.fulfil([FulfilmentDraft("shop-1", order_id, (line,), (Parcel(number="00340"),), notify=True)])
        store.set_stock([StockChange(Sku("SKU-0001"), "shop", 5, was=100)])
        store.set_base_prices([PriceChange(Sku("SKU-0001"), Money(amount=Decimal("1E+1"), currency="EUR"))])
        sold = Variant(sku=Sku("NEW-1"), options=("S",), weight_grams=Decimal("1E+2") / 3)
        product = Product(id=TargetId("4711"), title="A mug", options=("Size",), variants=(sold,))
        prices = {sold.sku: Money(amount=Decimal("1E+1"), currency="EUR")}
        store.put_products([ProductDraft(product, prices=prices)])
        store.variants_changed(Since())
        store.customers_changed(Since())
    assert set(shop.answered) == {200, 201, 204}
    assert len(shop.asked) == len(DOCUMENT["paths"]) - 1
    for (method, path), body in shop.asked.items():
        operation = DOCUMENT["paths"][path][method.lower()]
        assert bool(body) is ("requestBody" in operation)
        if body:
            _valid(_body_of(operation), json.loads(body))


# -- what the tests look with


class Receiver:
    """Keeps what it is sent, as erpsync's receiver does; the first `refusals` deliveries it has no answer for but 503."""

    def __init__(self, shop_port: int) -> None:
        self.shop_port = shop_port
        self.bodies: list[bytes] = []
        self.refusals = 0
        self.address = ""


@pytest.fixture
def receiver(shop_port: int) -> Iterator[Receiver]:
    kept = Receiver(shop_port)

    class _App:
        def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
            kept.bodies.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            kept.refusals, refused = max(kept.refusals - 1, 0), kept.refusals > 0
            start_response("503 Later" if refused else "200 OK", [("Content-Type", "application/json")])
            return [b"{}"]

        def settings(self, base_url: str) -> Mapping[str, str]:
            return {}

        def records(self) -> Mapping[str, list[dict[str, Any]]]:
            return {}

        def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
            return "webhook"

    with serve({"receiver": _App()}) as served:
        kept.address = f"{served['receiver'].base_url}/webhooks/shop"
        yield kept


class Recording(CustomShop):
    """Keeps the last body of each of the contract's calls."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: dict[tuple[str, str], bytes] = {}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        method, _, name = self.operation(environ, body).partition(" ")
        path = "/" + name.replace("ID", "{id}").replace("REFERENCE", "{reference}")
        self.asked[method, path] = body
        return super().__call__(environ, start_response)


def _get(settings: Mapping[str, str], path: str) -> tuple[int, Any]:
    """A signed call, made without the adapter's client."""
    url = settings["url"] + path
    target = urlsplit(url).path
    headers = signing.call_headers([settings["secret"].encode()], "GET", target, b"", datetime.now(UTC))
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(Request(url, headers=headers), timeout=20) as reply:
            return reply.status, json.load(reply)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def _keeps(path: str, method: str, status: int, answer: Any) -> None:
    """The answer is one that the document tells for that call."""
    operation = DOCUMENT["paths"].get(path, DOCUMENT["paths"]["/ping"])[method]
    response = operation["responses"].get(str(status), operation["responses"]["default"])
    if "$ref" in response:
        response = DOCUMENT["components"]["responses"]["Refused"]
    _valid(response["content"]["application/json"]["schema"], answer)


def _body_of(operation: Mapping[str, Any]) -> Any:
    return operation["requestBody"]["content"]["application/json"]["schema"]


def _valid(schema: Mapping[str, Any], value: Any) -> None:
    whole = {**schema, "components": DOCUMENT["components"]}
    assert [error.message for error in Draft202012Validator(whole).iter_errors(value)] == []


def _operations(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [operation for name, operation in item.items() if name in ("get", "put", "post")]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)
