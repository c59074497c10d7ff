"""The simulated store's Admin API: versions, tokens, scopes, limits, and the answers to GraphQL documents.

Sources: https://shopify.dev/docs/api/usage/response-codes, https://shopify.dev/docs/api/usage/versioning,
https://shopify.dev/docs/api/usage/limits, https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, NoReturn
from urllib.parse import parse_qs

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_schema, execute, parse, validate

from erpsync.systems.shopify.simulator_cost import Bucket, CostOf, actual
from erpsync.systems.shopify.simulator_graphql import GraphqlView
from erpsync.systems.shopify.simulator_orders import Order, gid
from erpsync.systems.shopify.simulator_schema import SDL
from erpsync.systems.shopify.simulator_store import Shop

METAFIELDS_PER_CALL = 25
MAX_QUERY_COST = 1000
_GID = re.compile(r"gid://shopify/([A-Z][A-Za-z]+)/([0-9]+)")
_PATH = re.compile(r"/admin/api/([^/]+)/graphql\.json")
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]{3,255}")
_KEY = re.compile(r"[A-Za-z0-9_-]{2,64}")
_STATES = {"frozen": 402, "forbidden": 403, "gone": 404, "locked": 423}


@dataclass
class Rules:
    """What the store and its limits are like. Shopify's own figures are the defaults."""

    domain: str = "erpsync-sandbox.myshopify.com"
    access_token: str = "shpat_" + "5" * 32
    client_id: str = "0" * 31 + "1"
    client_secret: str = "shpss_" + "6" * 32
    token_seconds: int = 86399
    scopes: frozenset[str] = frozenset({"read_orders", "write_orders", "read_customers", "read_all_orders"})
    versions: tuple[str, ...] = ("2026-01", "2026-04", "2026-07", "2026-10")
    state: str = "open"
    bucket_points: float = 1000.0
    restore_rate: float = 50.0
    throttle_status: int = 200
    max_ids: int = 250
    metafields_touch_orders: bool = True
    subscriptions: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"topic": topic, "uri": "https://erpsync.example.com/webhooks"}
            for topic in ("ORDERS_CREATE", "ORDERS_UPDATED")
        ]
    )


@dataclass(frozen=True)
class Response:
    status: int
    body: Mapping[str, Any]
    headers: tuple[tuple[str, str], ...] = ()


class AdminApi:
    """Not thread-safe by itself. `changed` is told of orders that a mutation changed."""

    def __init__(
        self, shop: Shop, rules: Rules, clock: Callable[[], datetime], changed: Callable[[Order], None]
    ) -> None:
        self.shop = shop
        self.rules = rules
        self._clock = clock
        self._changed = changed
        self._schema = _schema()
        self._tokens: dict[str, datetime] = {}
        self._bucket = Bucket(rules.bucket_points, rules.restore_rate, clock)

    def exchange(self, body: bytes) -> Response:
        """POST /admin/oauth/access_token, the client credentials grant."""
        form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            return Response(400, {"error": "unsupported_grant_type"})
        known = _same(form.get("client_id", ""), self.rules.client_id)
        if not (_same(form.get("client_secret", ""), self.rules.client_secret) and known):
            return Response(400, {"error": "application_cannot_be_found"})
        token = f"shpat_{secrets.token_hex(16)}"
        self._tokens[token] = self._clock() + timedelta(seconds=self.rules.token_seconds)
        return Response(
            200, {"access_token": token, "scope": ",".join(self.rules.scopes), "expires_in": self.rules.token_seconds}
        )

    def answer(self, method: str, path: str, token: str, body: bytes) -> Response:
        version = self._version(path)
        if version is None or self.rules.state == "gone":
            return Response(404, {"errors": "Not Found"})
        if self.rules.state in _STATES:
            return Response(_STATES[self.rules.state], {"errors": "Unavailable Shop"})
        if not self._accepts(token):
            return Response(
                401, {"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}
            )
        if method != "POST":
            return Response(405, {"errors": "Method Not Allowed"})
        headers = (("X-Shopify-API-Version", version),)
        try:
            request = json.loads(body)
            query, variables = request["query"], request.get("variables") or {}
        except (ValueError, KeyError, TypeError):
            return Response(400, {"errors": {"query": "Required parameter missing or invalid"}}, headers)
        answered = self._run(query, variables)
        throttled = self.rules.throttle_status if _code(answered) == "THROTTLED" else 200
        return Response(throttled, answered, headers)

    def forget_tokens(self) -> None:
        """As when the app is installed anew: tokens given out before are refused."""
        self._tokens.clear()

    def _version(self, path: str) -> str | None:
        """The version that answers: one no longer served falls forward to the oldest that is."""
        found = _PATH.fullmatch(path)
        if found is None or not re.fullmatch(r"20\d\d-(01|04|07|10)", found[1]):
            return None
        asked, served = found[1], self.rules.versions
        if asked in served:
            return asked
        return served[0] if asked < served[0] else None

    def _accepts(self, token: str) -> bool:
        until = self._tokens.get(token)
        return _same(token, self.rules.access_token) or (until is not None and self._clock() < until)

    def _run(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        try:
            document, problems = _document(query)
        except GraphQLError as error:
            return {"errors": [error.formatted]}
        if problems:
            return {"errors": [problem.formatted for problem in problems]}
        cost = CostOf(self._schema, document, variables).requested()
        if cost > MAX_QUERY_COST:
            message = f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."
            extensions = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MAX_QUERY_COST}
            return {"errors": [{"message": message, "extensions": extensions}]}
        if not self._bucket.take(cost):
            return {
                "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                "extensions": self._cost(cost, None),
            }
        result = execute(self._schema, document, root_value=self._root(), variable_values=variables)
        formatted = dict(result.formatted)  # type: ignore[union-attr]
        if "errors" in formatted and formatted.get("data") is None:
            formatted.pop("data", None)
        used = min(actual(formatted.get("data")), cost)
        self._bucket.take(used - cost)
        return formatted | {"extensions": self._cost(cost, used)}

    def _cost(self, requested: int, used: int | None) -> dict[str, Any]:
        status = self._bucket.status()
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": used, "throttleStatus": status}}

    def _root(self) -> dict[str, Any]:
        return {
            "shop": {
                "__typename": "Shop",
                "id": gid("Shop", 1),
                "name": "Sandbox",
                "myshopifyDomain": self.rules.domain,
                "currencyCode": "EUR",
            },
            "node": lambda _info, id: self._node(id),
            "nodes": lambda _info, ids: self._nodes(ids),
            "currentAppInstallation": {
                "id": gid("AppInstallation", 1),
                "accessScopes": [{"handle": scope, "description": scope} for scope in sorted(self.rules.scopes)],
            },
            "webhookSubscriptions": self._subscriptions,
            "metafieldsSet": lambda _info, metafields: self._set_metafields(metafields),
        }

    def _nodes(self, ids: Sequence[str]) -> list[Any]:
        if len(ids) > self.rules.max_ids:
            _refuse_size(len(ids), self.rules.max_ids)
        return [self._node_or_error(each) for each in ids]

    def _node_or_error(self, global_id: str) -> Any:
        try:
            return self._node(global_id)
        except GraphQLError as error:
            return error

    def _node(self, global_id: str) -> Any:
        found = _GID.fullmatch(global_id)
        if found is None:
            raise GraphQLError(f"Invalid global id '{global_id}'", extensions={"code": "INVALID_ID"})
        kind, number = found[1], int(found[2])
        if kind == "Order":
            order = self.shop.orders.get(number)
            return order and self._view(order).node()
        for order in self.shop.orders.values() if kind == "Refund" else ():
            for refund in order.refunds:
                if refund.id == number:
                    return self._view(order).refund(refund)
        return None

    def _view(self, order: Order) -> GraphqlView:
        if "read_orders" not in self.rules.scopes:
            _deny("nodes", "read_orders")
        return GraphqlView(order, self.rules.scopes, _deny)

    def _subscriptions(self, info: object, first: int | None = None, after: str | None = None) -> dict[str, Any]:  # noqa: ARG002
        if first is None:
            raise GraphQLError("you must provide one of first or last")
        nodes = [
            {"id": gid("WebhookSubscription", i), "format": "JSON", "includeFields": []} | each
            for i, each in enumerate(self.rules.subscriptions, 1)
        ]
        return {"nodes": nodes[:first], "pageInfo": {"hasNextPage": len(nodes) > first}}

    def _set_metafields(self, metafields: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        if "write_orders" not in self.rules.scopes:
            _deny("metafieldsSet", "write_orders")
        if len(metafields) > METAFIELDS_PER_CALL:
            _refuse_size(len(metafields), METAFIELDS_PER_CALL)
        errors = [error for i, each in enumerate(metafields) if (error := self._metafield_error(i, each))]
        if errors:
            return {"metafields": [], "userErrors": errors}
        return {"metafields": [self._set_metafield(each) for each in metafields], "userErrors": []}

    def _metafield_error(self, place: int, metafield: Mapping[str, str]) -> dict[str, Any] | None:
        def error(name: str, code: str, message: str) -> dict[str, Any]:
            return {"field": ["metafields", str(place), name], "elementIndex": None, "code": code, "message": message}

        if self._owner(metafield) is None:
            return error("ownerId", "INVALID", "Owner does not exist.")
        if not _NAMESPACE.fullmatch(metafield.get("namespace", "")):
            return error("namespace", "TOO_SHORT", "Namespace is too short (minimum is 3 characters)")
        if not _KEY.fullmatch(metafield["key"]):
            return error("key", "TOO_SHORT", "Key is too short (minimum is 2 characters)")
        if metafield.get("type") not in ("json", "single_line_text_field"):
            return error("type", "INVALID_TYPE", "Type is not included in the list")
        if not metafield["value"].strip():
            return error("value", "BLANK", "Value can't be blank.")
        if metafield["type"] == "json" and not _is_json(metafield["value"]):
            return error("value", "INVALID_VALUE", "Value is invalid JSON.")
        return None

    def _set_metafield(self, metafield: Mapping[str, str]) -> dict[str, Any]:
        order = self._owner(metafield)
        assert order is not None  # noqa: S101 - checked before
        name = f"{metafield['namespace']}.{metafield['key']}"
        known = order.metafields.get(name)
        identity = known["id"] if known else gid("Metafield", self.shop.next_id())
        order.metafields[name] = {"id": identity, "type": metafield["type"], "value": metafield["value"]}
        if self.rules.metafields_touch_orders:
            self._changed(self.shop.touch(order))
        return {"__typename": "Metafield", **metafield, "id": identity}

    def _owner(self, metafield: Mapping[str, str]) -> Order | None:
        found = _GID.fullmatch(metafield["ownerId"])
        return self.shop.orders.get(int(found[2])) if found and found[1] == "Order" else None


@cache
def _schema() -> GraphQLSchema:
    return build_schema(SDL)


@lru_cache(maxsize=200)
def _document(query: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """The document and what is wrong with it. Kept, as a client sends the same few again and again."""
    document = parse(query)
    return document, validate(_schema(), document)


def _deny(name: str, scope: str) -> NoReturn:
    needed = f"`{scope}` access scope."
    raise GraphQLError(
        f"Access denied for {name} field. Required access: {needed}",
        extensions={
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": needed,
        },
    )


def _refuse_size(size: int, allowed: int) -> NoReturn:
    raise GraphQLError(
        f"The input array size of {size} is greater than the maximum allowed of {allowed}.",
        extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
    )


def _code(answered: Mapping[str, Any]) -> str:
    errors = answered.get("errors") or [{}]
    return str((errors[0].get("extensions") or {}).get("code", ""))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True
