"""A custom shop of any width, which works its variants out: the contract's ping, variants and bulk call for stock."""

import json
import threading
from array import array
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from erpsync.ports.simulator import Start

MAX_RECORDS = 250
_NEVER = -1


class WideShopSimulator:
    """Sells `size` variants, each with nothing in stock until it is set. Counts how often the quantity of each changed: one
    whose reply was lost is compared once more, and that changes nothing.

    The first call that comes once `hangs_after` variants are set is never done: it hangs until it is told to `let_go`.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.quantities = array("i", [0]) * size
        self.times_set = array("b", [0]) * size
        self.calls = 0
        self.stocked = 0
        """How many variants have been set."""
        self.hangs_after = size
        self.hanging = threading.Event()
        self._let_go = threading.Event()
        self._lock = threading.Lock()

    def let_go(self) -> None:
        """Whoever asked is gone."""
        self._let_go.set()

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], parse_qs(environ.get("QUERY_STRING", ""))
        if path.endswith("/stock") and self.stocked > self.hangs_after and not self.hanging.is_set():
            self.hanging.set()
            self._let_go.wait()
            start_response("503 Service Unavailable", [("Content-Type", "application/json")])
            return [b"{}"]
        with self._lock:
            if path.endswith("/variants"):
                answer = self._variants(query)
            elif path.endswith("/stock"):
                answer = self._set(json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
            else:
                start_response("404 Not Found", [("Content-Type", "application/json")])
                return [b"{}"]
        body = json.dumps(answer).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {
            "url": base_url,
            "secret": "wide" * 16,
            "abilities": "variants, stock",
            "page_size": "250",
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return {"calls": [{"stock": self.calls}]}

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        del body
        return str(environ["PATH_INFO"])

    def _variants(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        begin = int(query.get("cursor", ["0"])[0])
        end = min(begin + int(query["limit"][0]), self.size)
        told = [] if "changed_since" in query else [self._variant(number) for number in range(begin, end)]
        more = bool(told) and end < self.size
        return {"variants": told, "cursor": str(end) if more else None, "now": datetime.now(UTC).isoformat()}

    def _variant(self, number: int) -> dict[str, Any]:
        return {
            "id": f"v{number}",
            "product_id": f"p{number}",
            "sku": f"SKU-{number:07d}",
            "price": "10.00",
            "currency": "EUR",
            "stock": {"main": self.quantities[number]},
            "updated_at": "2026-01-01T00:00:00+00:00",
        }

    def _set(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert len(asked["changes"]) <= MAX_RECORDS
        self.calls += 1
        return {"results": [self._put(change) for change in asked["changes"]]}

    def _put(self, change: dict[str, Any]) -> dict[str, Any]:
        number = int(change["sku"].removeprefix("SKU-"))
        result = {"sku": change["sku"], "location": change["location"], "error": None, "actual": None}
        if change.get("was") is not None and change["was"] != self.quantities[number]:
            return result | {"error": {"code": "stale"}, "actual": self.quantities[number]}
        if self.quantities[number] != change["quantity"]:
            self.quantities[number] = change["quantity"]
            self.stocked += self.times_set[number] == 0
            self.times_set[number] += 1
        return result
