"""A WooCommerce shop to practise on, written from the vendor's documents and what real 10.0.2 and 7.9.0 shops did."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from erpsync.ports.simulator import Start
from erpsync.systems.woocommerce.simulator_access import Access, Key, Limit, Refused
from erpsync.systems.woocommerce.simulator_api import Api
from erpsync.systems.woocommerce.simulator_catalogue import Shelves
from erpsync.systems.woocommerce.simulator_lists import Answer, Trouble
from erpsync.systems.woocommerce.simulator_outbox import Outbox
from erpsync.systems.woocommerce.simulator_people import People
from erpsync.systems.woocommerce.simulator_shapes import Shapes
from erpsync.systems.woocommerce.simulator_shop import Shop

_API = "/wp-json/wc/v3/"
_REASONS = {
    200: "OK",
    201: "Created",
    301: "Moved Permanently",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
}


def create() -> "WooCommerceSimulator":
    return WooCommerceSimulator()


class WooCommerceSimulator(People):
    """See `erpsync.ports.simulator`."""

    def __init__(
        self,
        *,
        release: tuple[int, int] = (10, 0),
        folder: str = "",
        tls: bool = False,
        home: str = "",
        permissions: str = "read_write",
        denied: frozenset[str] = frozenset(),
        pretty_permalinks: bool = True,
        moved_to: str = "",
        requests_per_second: float | None = None,
        burst: float = 10.0,
        batch_limit: int = 100,
        hours_from_utc: float = 2.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`tls`: the shop believes that it is served over TLS, by a proxy in front of it. `home`: the address it knows
        itself by, without `folder`. `denied`: first parts of routes that the key's user has no right to. Core WooCommerce
        limits no requests; `requests_per_second` is a host's limit, and `batch_limit` may be one."""
        self._clock = clock
        self._lock = threading.RLock()
        self._folder = folder
        self._home = home
        self._denied = denied
        self._pretty = pretty_permalinks
        self._moved_to = moved_to
        self._key = Key("ck_simulated", "cs_simulated", permissions)
        self.access = Access(self._key, tls=tls, home=home, clock=clock)
        self.limit = Limit(requests_per_second, burst, clock)
        outbox = Outbox(clock)
        shop = Shop(clock, lambda event, order_id: outbox.told(shop, event, order_id))
        shapes = Shapes((home or "http://shop.example.com") + folder, timedelta(hours=hours_from_utc))
        super().__init__(shop, shapes, outbox, self._lock)
        self._shelves = Shelves(shop, shapes, release=release, batch_limit=batch_limit)
        self.api = Api(shop, shapes, self._shelves, batch_limit=batch_limit, pinged=outbox.ping)

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {
            "url": base_url + self._folder,
            "consumer_key": self._key.consumer_key,
            "consumer_secret": self._key.consumer_secret,
            "webhook_secret": "simulated0webhook0secret",
            **({"authentication": "basic"} if self.access.tls else {}),
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self._lock:
            shop, shapes = self.shop, self._shapes
            return {
                "orders": [shapes.order(order) for order in shop.orders.values()],
                "products": [self._shelves.goods.product(product) for product in shop.products.values()],
                "customers": [shapes.customer(customer) for customer in shop.customers.values()],
                "webhooks": [shapes.webhook(hook) for hook in shop.webhooks.values()],
                "notes": [shapes.note(order, note) for order in shop.orders.values() for note in order.notes],
            }

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:  # noqa: ARG002 - routes say it all
        """ "PUT orders/{id}" makes a shipment known, "POST orders/batch" writes meta."""
        path = environ.get("PATH_INFO", "").removeprefix(self._folder).removeprefix(_API)
        parts = ["{id}" if part.isdecimal() else part for part in path.strip("/").split("/")]
        return f"{environ.get('REQUEST_METHOD', '')} {'/'.join(parts)}"

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        wait = self.limit.take()
        if wait:
            return self._send(start_response, 429, b"<html>Too Many Requests</html>", {"Retry-After": str(wait)})
        if self._moved_to:
            return self._send(start_response, 301, b"", {"Location": self._moved_to + environ["PATH_INFO"]})
        path = environ["PATH_INFO"]
        query = parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        inside = path.removeprefix(self._folder)
        index = inside.rstrip("/") == "/wp-json" if self._pretty else dict(query).get("rest_route") == "/"
        if not path.startswith(self._folder) or not (index or (self._pretty and inside.startswith(_API))):
            return self._send(start_response, 404, b"<html>Page not found</html>", {})
        if index:
            return self._json(start_response, Answer(200, self._index(environ)))
        try:
            answer = self._answer(environ, path, query, tuple(inside.removeprefix(_API).strip("/").split("/")), body)
        except Refused as refused:
            error = {"code": "woocommerce_rest_authentication_error", "message": str(refused), "data": {"status": 401}}
            answer = Answer(401, error)
        except Trouble as trouble:
            answer = Answer(trouble.status, trouble.body)
        return self._json(start_response, answer)

    def _answer(
        self,
        environ: Mapping[str, Any],
        path: str,
        query: list[tuple[str, str]],
        parts: tuple[str, ...],
        body: bytes,
    ) -> Answer:
        self.access.check(environ, path, query)
        if parts[0] in self._denied:
            raise Trouble(403, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        try:
            payload = json.loads(body) if body else {}
        except ValueError:
            raise Trouble(400, "rest_invalid_json", "Invalid JSON body passed.") from None
        with self._lock:
            return self.api.answer(environ["REQUEST_METHOD"], parts, dict(query), payload)

    def _index(self, environ: Mapping[str, Any]) -> dict[str, Any]:
        home = (self._home or f"http://{environ.get('HTTP_HOST', '')}") + self._folder
        return {"name": "Shop", "url": home, "home": home, "gmt_offset": "2", "namespaces": ["oembed/1.0", "wc/v3"]}

    def _json(self, start_response: Start, answer: Answer) -> Iterable[bytes]:
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        if answer.total is not None:
            pages = -(-answer.total // answer.per_page)
            headers |= {"X-WP-Total": str(answer.total), "X-WP-TotalPages": str(pages)}
        return self._send(start_response, answer.status, json.dumps(answer.body).encode(), headers)

    def _send(self, start_response: Start, status: int, body: bytes, headers: Mapping[str, str]) -> Iterable[bytes]:
        date = format_datetime(self._clock().astimezone(UTC), usegmt=True)
        all_headers = {"Content-Type": "text/html", "Date": date, "Content-Length": str(len(body)), **headers}
        start_response(f"{status} {_REASONS.get(status, 'Error')}", list(all_headers.items()))
        return [body]
