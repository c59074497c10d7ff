"""The contract as an OpenAPI 3.1 document, made from the models that read and write it."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from erpsync.systems.custom import wire, wire_products
from erpsync.transport import signing

_REFERENCE = "#/components/schemas/{model}"
_READ = (wire.Event, wire.Order, wire.Ping, wire.OrderPage, wire.VariantPage, wire.CustomerPage, wire.FulfilmentMade)
_ANSWERED = (wire.StockResults, wire.PriceResults, wire_products.ProductResults, wire.Refusal)
_SENT = (wire.WriteBack, wire.Hold, wire.Fulfilment, wire.StockChanges, wire.PriceChanges, wire_products.Products)
_SIGNED = (
    "Signed by HMAC-SHA256 with the connection's secret. erpsync's calls sign `TIMESTAMP.METHOD TARGET.BODY`, TARGET "
    "being path and query as they are sent; webhooks sign `TIMESTAMP.BODY`."
)


def openapi() -> dict[str, Any]:
    """What a shop implements (the paths without `/webhooks`), and what it sends webhooks to. A new document each time."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "erpsync: the contract of custom shops",
            "version": "1",
            "description": "What any shop implements that erpsync calls. Of the calls only ping and orders are needed; the "
            f"others are abilities that ping names. {_SIGNED}",
        },
        "servers": [{"url": "https://shop.example.com/erpsync", "description": "The connection's `url`."}],
        "security": [{"timestamp": [], "signature": []}],
        "tags": [{"name": "shop", "description": "What the shop answers."}, {"name": "erpsync"}],
        "paths": {
            "/ping": {"get": _call("ping", "What the shop is and can do.", answer=wire.Ping)},
            "/orders": {"get": _orders()},
            "/orders/{id}": {"get": _call("order", "One order, whole.", _id(), answer=wire.Order, gone=True)},
            "/orders/{id}/erp": {"post": _note("write_back", "Keep the order's number in the ERP.", wire.WriteBack)},
            "/orders/{id}/hold": {"post": _note("hold", "Show that the order waits for a person.", wire.Hold)},
            "/orders/{id}/fulfilments/{reference}": {"put": _fulfilment()},
            "/stock": {"put": _call("stock", _BULK, sends=wire.StockChanges, answer=wire.StockResults)},
            "/prices": {"put": _call("prices", _BULK, sends=wire.PriceChanges, answer=wire.PriceResults)},
            "/products": {"put": _products()},
            "/variants": {"get": _changed("variants", wire.VariantPage)},
            "/customers": {"get": _changed("customers", wire.CustomerPage)},
            "/webhooks/{connection}": {"post": _webhook(), "servers": [{"url": "https://erpsync.example.com"}]},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "timestamp": {"type": "apiKey", "in": "header", "name": signing.TIMESTAMP},
                "signature": {"type": "apiKey", "in": "header", "name": signing.SIGNATURE},
            },
            "responses": {"Refused": _json("Refused; nothing was changed.", wire.Refusal)},
        },
    }


_BULK = "Each record has its own answer in `results`; one that is refused leaves the others alone."


def _schemas() -> dict[str, Any]:
    models: list[tuple[type[BaseModel], Any]] = [(model, "validation") for model in (*_READ, *_ANSWERED)]
    models += [(model, "serialization") for model in _SENT]
    _, definitions = models_json_schema(models, ref_template=_REFERENCE)
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas


def _call(
    name: str,
    summary: str,
    *parameters: dict[str, Any],
    answer: type[BaseModel] | None = None,
    sends: type[BaseModel] | None = None,
    gone: bool = False,
) -> dict[str, Any]:
    success = {"204": {"description": "Done."}} if answer is None else {"200": _json("What was asked for.", answer)}
    refused = {"$ref": "#/components/responses/Refused"}
    responses = {**success, "401": refused, "429": _wait(), "default": refused}
    if gone:
        responses["404"] = _json('Code "not-found": there is no such order any more.', wire.Refusal)
    operation: dict[str, Any] = {"operationId": name, "tags": ["shop"], "summary": summary, "responses": responses}
    if parameters:
        operation["parameters"] = list(parameters)
    if sends is not None:
        operation["requestBody"] = {"required": True, "content": _content(sends)}
    return operation


def _note(name: str, summary: str, sends: type[BaseModel]) -> dict[str, Any]:
    return _call(name, f"{summary} Done twice it is done once.", _id(), sends=sends, gone=True)


def _orders() -> dict[str, Any]:
    placed = [_query(name, "date-time") for name in ("placed_from", "placed_before")]
    operation = _changed("orders", wire.OrderPage)
    operation["parameters"] += placed
    return operation


def _changed(name: str, answer: type[BaseModel]) -> dict[str, Any]:
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 250}}
    summary = "By (updated_at, id), from `changed_since` on, it included."
    return _call(name, summary, _query("changed_since", "date-time"), _query("cursor"), limit, answer=answer)


def _fulfilment() -> dict[str, Any]:
    reference = {"name": "reference", "in": "path", "required": True, "schema": {"type": "string"}}
    operation = _call(
        "fulfilments",
        "Keep a shipment under erpsync's reference. Put twice it is the same shipment, and the buyer is told once.",
        _id(),
        reference,
        sends=wire.Fulfilment,
        answer=wire.FulfilmentMade,
        gone=True,
    )
    operation["responses"]["201"] = _json("It is made.", wire.FulfilmentMade)
    return operation


def _products() -> dict[str, Any]:
    summary = f"Make or change products. {_BULK}"
    return _call("products", summary, sends=wire_products.Products, answer=wire_products.ProductResults)


def _webhook() -> dict[str, Any]:
    said = {
        "200": "It is kept, by this delivery or an earlier one of the same event.",
        "401": "Timestamp or signature does not fit.",
        "404": "There is no such connection.",
        "413": "The body is too large.",
        "503": "Nothing was kept: deliver again.",
    }
    return {
        "operationId": "webhook",
        "tags": ["erpsync"],
        "summary": "Tell of an order. Deliver again after any answer but 200.",
        "parameters": [{"name": "connection", "in": "path", "required": True, "schema": {"type": "string"}}],
        "requestBody": {"required": True, "content": _content(wire.Event)},
        "responses": {status: {"description": text} for status, text in said.items()},
    }


def _wait() -> dict[str, Any]:
    header = {"description": "Seconds to wait.", "schema": {"type": "number"}}
    return {**_json("Too many requests.", wire.Refusal), "headers": {"Retry-After": header}}


def _id() -> dict[str, Any]:
    return {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, kind: str = "") -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": {"type": "string", **({"format": kind} if kind else {})}}


def _json(description: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": description, "content": _content(model)}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=model.__name__)}}}
