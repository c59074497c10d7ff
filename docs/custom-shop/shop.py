"""A small shop for erpsync, standard library only. `SECRET=... RECEIVER=https://.../webhooks/shop python3 shop.py`"""

import hmac
import json
import os
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

SECRET, RECEIVER, PORT = os.environ["SECRET"].encode(), os.environ["RECEIVER"], int(os.environ.get("PORT", "8000"))
ORDERS: dict[str, dict] = {}


def sign(signed: bytes) -> str:
    return f"v1={hmac.new(SECRET, signed, 'sha256').hexdigest()}"


def buy(sku: str, quantity: int, price: str, total: str) -> None:
    """Places an order and tells erpsync. A real shop keeps the event, and sends it again until it is answered 200."""
    key, at = str(len(ORDERS) + 1001), datetime.now(UTC).isoformat()
    line = {"id": "1", "sku": sku, "quantity": quantity, "unit_price": price}
    ORDERS[key] = {"id": key, "number": f"#{key}", "created_at": at, "updated_at": at, "currency": "EUR"}
    ORDERS[key] |= {"taxes_included": True, "customer": {"email": "ada@example.com"}, "lines": [line], "total": total}
    event = {"id": f"{key} {at}", "type": "order.changed", "occurred_at": at, "order": ORDERS[key]}
    body, stamp = json.dumps(event).encode(), str(int(time.time()))
    headers = {"Erpsync-Timestamp": stamp, "Erpsync-Signature": sign(f"{stamp}.".encode() + body)}
    urlopen(Request(RECEIVER, body, headers), timeout=10).close()  # noqa: S310 - the address is the configured one


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body, now = self.rfile.read(int(self.headers["Content-Length"] or 0)), datetime.now(UTC).isoformat()
        stamp, given = self.headers["Erpsync-Timestamp"] or "0", self.headers["Erpsync-Signature"] or ""
        expected = sign(f"{stamp}.{self.command} {self.path}.".encode() + body)
        fits = any(hmac.compare_digest(expected.encode(), one.strip().encode()) for one in given.split(","))
        url = urlsplit(self.path)
        match url.path.split("/")[1:]:
            case ["buy"]:  # by a buyer, not by erpsync
                self.answer(200, buy(**json.loads(body)))
            case _ if not fits or abs(time.time() - int(stamp)) > 300:
                self.answer(401, {"error": {"code": "signature"}})
            case ["ping"]:
                told = {"contract": "1", "name": "Small shop", "currency": "EUR", "abilities": ["write_back"]}
                self.answer(200, told | {"now": now})
            case ["orders"]:
                asked = dict(parse_qsl(url.query))  # its times are in UTC, as those of this shop
                first = max(asked.get("changed_since", ""), asked.get("placed_from", ""))
                found = [one for one in ORDERS.values() if first <= one["updated_at"] < asked.get("placed_before", "~")]
                self.answer(200, {"orders": found, "cursor": None, "now": now})
            case ["orders", key] if key in ORDERS:
                self.answer(200, ORDERS[key])
            case ["orders", key, "erp"] if key in ORDERS:
                self.log_message("order %s is %s in the ERP", key, json.loads(body)["number"])
                self.answer(200, {})
            case _:
                self.answer(404, {"error": {"code": "not-found"}})

    do_POST = do_GET

    def answer(self, status: int, told: dict | None) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Shop).serve_forever()
