"""The simulated store's Admin API: versions, tokens, scopes, limits, and the answers to GraphQL documents.

Sources: https://shopify.dev/docs/api/usage/response-codes, https://shopify.dev/docs/api/usage/versioning,
https://shopify.dev/docs/api/usage/limits, https://shopify.dev/docs/api/admin-graphql/2026-10/mutations/metafieldsSet
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qs

from graphql import DocumentNode, GraphQLError, GraphQLSchema, build_schema, execute, parse, validate

from erpsync.systems.shopify.simulator_bulk import BulkOperations
from erpsync.systems.shopify.simulator_cost import Bucket, CostOf, actual
from erpsync.systems.shopify.simulator_mutations import OrderMutations, subscription
from erpsync.systems.shopify.simulator_products import ProductMutations
from erpsync.systems.shopify.simulator_root import Root
from erpsync.systems.shopify.simulator_schema import SDL
from erpsync.systems.shopify.simulator_selling import SellingMutations
from erpsync.systems.shopify.simulator_stock import STOCKS_BY_ITSELF, CatalogueMutations
from erpsync.systems.shopify.simulator_store import Shop
from erpsync.systems.shopify.simulator_variants import VariantMutations

MAX_QUERY_COST = 1000
SCOPES = frozenset(
    {
        "read_all_orders", "read_customers", "read_locations", "read_orders", "write_files", "write_inventory",
        "write_merchant_managed_fulfillment_orders", "write_orders", "write_products", "write_publications",
    }
)  # fmt: skip
_PATH = re.compile(r"/admin/api/([^/]+)/graphql\.json")
_STATES = {"frozen": 402, "forbidden": 403, "gone": 404, "locked": 423}


@dataclass
class Rules:
    """What the store and its limits are like. Shopify's own figures are the defaults."""

    domain: str = "erpsync-sandbox.myshopify.com"
    access_token: str = "shpat_" + "5" * 32
    client_id: str = "0" * 31 + "1"
    client_secret: str = "shpss_" + "6" * 32
    token_seconds: int = 86399
    scopes: frozenset[str] = SCOPES
    versions: tuple[str, ...] = ("2026-01", "2026-04", "2026-07", "2026-10")
    state: str = "open"
    bucket_points: float = 2000.0
    restore_rate: float = 100.0
    throttle_status: int = 200
    max_ids: int = 250
    metafields_touch_orders: bool = True
    bulk_looks: int = 2
    image_seconds: float = 0.0
    search_lag_seconds: float = 0.0
    unreachable_images: frozenset[str] = frozenset()
    subscriptions: list[dict[str, Any]] = field(
        default_factory=lambda: [
            {"topic": topic, "uri": "https://erpsync.example.com/webhooks"}
            for topic in ("ORDERS_CREATE", "ORDERS_UPDATED")
        ]
    )


@dataclass(frozen=True)
class Response:
    status: int
    body: Mapping[str, Any] | bytes
    headers: tuple[tuple[str, str], ...] = ()


class AdminApi:
    """Not thread-safe by itself. `changed(order, *topics)` is told of what a mutation did to an order."""

    def __init__(self, shop: Shop, rules: Rules, clock: Callable[[], datetime], changed: Callable[..., None]) -> None:
        self.rules = rules
        self.subscriptions = [subscription(shop.next_id(), each) for each in rules.subscriptions]
        self.bulk = BulkOperations(self._in_bulk, shop.next_id, clock, rules.bulk_looks)
        self.throttled = 0
        self._clock = clock
        self._answering = rules.versions[-1]
        self._tokens: dict[str, datetime] = {}
        self._bucket = Bucket(rules.bucket_points, rules.restore_rate, clock)
        root = Root(shop, rules.domain, rules.scopes, rules.max_ids)
        orders = OrderMutations(
            root, rules.scopes, self.subscriptions, changed, metafields_touch=rules.metafields_touch_orders
        )
        catalogue = CatalogueMutations(shop, rules.scopes, lambda: self._answering)
        variants = VariantMutations(shop, rules.scopes)
        products = ProductMutations(shop, rules.scopes, variants)
        selling = SellingMutations(shop, rules.scopes)
        shop.catalogue.image_seconds = rules.image_seconds
        shop.catalogue.unreachable = set(rules.unreachable_images)
        shop.catalogue.search_lag_seconds = rules.search_lag_seconds
        parts = (root, orders, catalogue, variants, products, selling, self.bulk)
        self._root = {name: field for part in parts for name, field in part.fields().items()}

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
        self._answering = version
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
            document, problems = _document(query, self._answering)
        except GraphQLError as error:
            return {"errors": [error.formatted]}
        if problems:
            return {"errors": [problem.formatted for problem in problems]}
        schema = _schema(self._answering)
        sums = CostOf(schema, document, variables)
        cost = sums.requested()
        if cost > MAX_QUERY_COST:
            message = f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_QUERY_COST})."
            extensions = {"code": "MAX_COST_EXCEEDED", "cost": cost, "maxCost": MAX_QUERY_COST}
            return {"errors": [{"message": message, "extensions": extensions}]}
        if not self._bucket.take(cost):
            self.throttled += 1
            return {
                "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
                "extensions": self._cost(cost, None),
            }
        result = execute(schema, document, root_value=self._root, variable_values=variables)
        formatted = dict(result.formatted)  # type: ignore[union-attr]
        if "errors" in formatted and formatted.get("data") is None:
            formatted.pop("data", None)
        used = min(actual(formatted.get("data")) + sums.fixed, cost)
        self._bucket.take(used - cost)
        return formatted | {"extensions": self._cost(cost, used)}

    def _in_bulk(self, query: str) -> Mapping[str, Any]:
        document, problems = _document(query, self._answering)
        if problems:
            return {"errors": [problem.formatted for problem in problems]}
        schema = _schema(self._answering)
        found = execute(schema, document, root_value=self._root, context_value="bulk")
        return dict(found.formatted)  # type: ignore[union-attr]

    def _cost(self, requested: int, used: int | None) -> dict[str, Any]:
        status = self._bucket.status()
        return {"cost": {"requestedQueryCost": requested, "actualQueryCost": used, "throttleStatus": status}}


@cache
def _schema(version: str) -> GraphQLSchema:
    if version >= STOCKS_BY_ITSELF:
        return build_schema(SDL)
    value = "  IDEMPOTENCY_PREVIOUS_ATTEMPT_FAILED"
    return build_schema(SDL.replace(value, f"  ITEM_NOT_STOCKED_AT_LOCATION\n{value}"))


@lru_cache(maxsize=400)
def _document(query: str, version: str) -> tuple[DocumentNode, list[GraphQLError]]:
    """The document and what is wrong with it. Kept, as a client sends the same few again and again."""
    document = parse(query)
    return document, validate(_schema(version), document)


def _code(answered: Mapping[str, Any]) -> str:
    errors = answered.get("errors") or [{}]
    return str((errors[0].get("extensions") or {}).get("code", ""))


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
