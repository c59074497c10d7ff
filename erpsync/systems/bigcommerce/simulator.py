"""A BigCommerce store to practise on: a WSGI application written from the vendor's documents.

It enforces the token, the scopes of its API account, the store's quota of requests with the X-Rate-Limit-* headers, page
and batch limits, shipments within what was ordered, and stock at the level at which it is counted. Its orders are paid,
taxed and shipped to one address unless told otherwise.
"""

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from erpsync.ports.simulator import Start
from erpsync.systems.bigcommerce.simulator_belongings import BelongingsApi
from erpsync.systems.bigcommerce.simulator_catalogue import CatalogueApi
from erpsync.systems.bigcommerce.simulator_controls import Controls
from erpsync.systems.bigcommerce.simulator_hooks import HooksApi
from erpsync.systems.bigcommerce.simulator_http import Handler, Request, Response, v2_error, v3_error
from erpsync.systems.bigcommerce.simulator_inventory import InventoryApi
from erpsync.systems.bigcommerce.simulator_orders import OrdersApi
from erpsync.systems.bigcommerce.simulator_price_lists import PriceListsApi
from erpsync.systems.bigcommerce.simulator_products import ProductsApi
from erpsync.systems.bigcommerce.simulator_shop import Shop, stocked

STORE_HASH = "simstore1"
TOKEN = "simulated-token"  # noqa: S105 - nothing real is behind it
SECRET = "simulated-webhook-secret"  # noqa: S105
CLIENT_SECRET = "simulated-client-secret"  # noqa: S105
SCOPES = frozenset(
    {
        *("orders:read", "orders:modify", "transactions:read", "products:read", "products:modify"),
        *("inventory:read", "inventory:modify", "customers:read", "information:read"),
    }
)
_NUMBER = re.compile(r"(?<=/)\d+(?=/|$)")
_SCOPE_OF = (
    ("/transactions", "transactions"),
    ("/orders", "orders"),
    ("/catalog", "products"),
    ("/pricelists", "products"),
    ("/inventory", "inventory"),
    ("/customers", "customers"),
    ("/v2/store", "information"),
)


def _now() -> datetime:
    return datetime.now(UTC)


class BigCommerceSimulator(Controls):
    """`quota` requests in `window_seconds` (Standard and Plus: 150 in 30 s). `now` is its clock. `refused` counts 429s."""

    def __init__(
        self,
        *,
        quota: int = 150,
        window_seconds: float = 30.0,
        now: Callable[[], datetime] = _now,
        scopes: Iterable[str] = SCOPES,
        tax: Decimal = Decimal("0.19"),
        prices_include_tax: bool = False,
        mails_at: Iterable[int] = (2,),
    ) -> None:
        shop = Shop(now, STORE_HASH, tax, prices_include_tax, frozenset(mails_at), CLIENT_SECRET)
        super().__init__(stocked(shop))
        self.served = 0
        self.refused = 0
        self._scopes = frozenset(scopes)
        self._quota = quota
        self._window_seconds = window_seconds
        self._window_began = 0.0
        self._used = 0
        self._counting = threading.Lock()
        kinds = (OrdersApi, CatalogueApi, ProductsApi, BelongingsApi, InventoryApi, PriceListsApi, HooksApi)
        self._routes: dict[tuple[str, str], Handler] = {}
        for kind in kinds:
            self._routes |= kind(self.shop).routes()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        over, limits = self._count()
        response = Response(429, {"status": 429, "title": "Too many requests"}) if over else self._answer(environ, body)
        encoded = response.encoded()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(encoded))),
            ("Date", format_datetime(self.shop.now().replace(microsecond=0), usegmt=True)),
            *limits,
        ]
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
        return [encoded]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {
            "store_hash": STORE_HASH,
            "access_token": TOKEN,
            "webhook_secret": SECRET,
            "client_secret": CLIENT_SECRET,
            "base_url": base_url,
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self.lock:
            orders = list(self.shop.orders.values())
            tables = {
                "orders": orders,
                "shipments": [shipment for order in orders for shipment in order["shipments"]],
                "refunds": [refund for order in orders for refund in order["refunds"]],
                "customers": list(self.shop.customers.values()),
                "products": list(self.shop.products.values()),
                "variants": list(self.shop.variants.values()),
                "images": list(self.shop.images.values()),
                "categories": list(self.shop.categories.values()),
                "metafields": list(self.shop.metafields.values()),
                "webhooks": list(self.shop.hooks.values()),
            }
            plain: dict[str, list[dict[str, Any]]] = json.loads(json.dumps(tables, default=str))
            return plain

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:  # noqa: ARG002 - the path says it all
        """As in "POST /v2/orders/{id}/shipments"."""
        return f"{environ['REQUEST_METHOD']} {_NUMBER.sub('{id}', _path(environ))}"

    def _answer(self, environ: Mapping[str, Any], raw: bytes) -> Response:
        path, method = _path(environ), environ["REQUEST_METHOD"]
        error = v2_error if path.startswith("/v2") else v3_error
        if not str(environ.get("PATH_INFO", "")).startswith(f"/stores/{STORE_HASH}/"):
            return error(404, "The store was not found.")
        if environ.get("HTTP_X_AUTH_TOKEN") != TOKEN:
            return error(401, "Unauthorized")
        handler = self._routes.get((method, _NUMBER.sub("{id}", path)))
        if handler is None:
            return error(404, "No such resource.")
        scope = next((name for part, name in _SCOPE_OF if part in path), "")
        if scope and f"{scope}:{'read' if method == 'GET' else 'modify'}" not in self._scopes:
            return error(403, "You don't have a required scope to access the endpoint")
        try:
            body = json.loads(raw, parse_float=Decimal) if raw else None
        except ValueError:
            return error(400, "The body is not JSON.")
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
        ids = tuple(int(number) for number in _NUMBER.findall(path))
        with self.lock:
            return handler(Request(method, path, query, body, ids))

    def _count(self) -> tuple[bool, list[tuple[str, str]]]:
        """Whether the quota is used up, and what the headers tell of it."""
        with self._counting:
            stamp = self.shop.now().timestamp()
            if stamp >= self._window_began + self._window_seconds:
                self._window_began, self._used = stamp, 0
            over = self._used >= self._quota
            self.served += not over
            self.refused += over
            self._used += not over
            reset = max(0, round((self._window_began + self._window_seconds - stamp) * 1000))
            return over, [
                ("X-Rate-Limit-Time-Window-Ms", str(round(self._window_seconds * 1000))),
                ("X-Rate-Limit-Time-Reset-Ms", str(reset)),
                ("X-Rate-Limit-Requests-Quota", str(self._quota)),
                ("X-Rate-Limit-Requests-Left", str(self._quota - self._used)),
            ]


def _path(environ: Mapping[str, Any]) -> str:
    return re.sub(r"^/stores/[^/]*", "", str(environ.get("PATH_INFO", "")))
