"""Events as a shop sends them, signed by nothing but the standard library."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from erpsync.ports.webhooks import Delivery

SECRET = "the secret that shop and erpsync share"
OLD_SECRET = "the secret that they had until last week"
NOW = datetime(2026, 11, 26, 14, 0, tzinfo=UTC)


def order(**more: Any) -> dict[str, Any]:
    """An order of 2 x 10.00 and 4.90 shipping, with 19 % tax on top."""
    return {
        "id": "o-1",
        "number": "#1",
        "created_at": "2026-11-26T13:59:00+00:00",
        "updated_at": "2026-11-26T14:59:59+01:00",
        "currency": "EUR",
        "taxes_included": False,
        "customer": {"email": "ada@example.com", "first_name": "Ada"},
        "lines": [
            {
                "id": "l-1",
                "sku": "MUG",
                "quantity": 2,
                "unit_price": "10.00",
                "taxes": [{"title": "VAT", "amount": "3.80", "rate": "0.19"}],
            }
        ],
        "shipping_lines": [
            {"id": "s-1", "code": "standard", "price": "4.90", "taxes": [{"amount": "0.93", "rate": "0.19"}]}
        ],
        "total": "29.63",
    } | more


def event(of: Any = None, *, key: str = "e-1", kind: str = "order.changed", at: str = "2026-11-26T14:00:00Z") -> bytes:
    return json.dumps({"id": key, "type": kind, "occurred_at": at, "order": order() if of is None else of}).encode()


def signed(body: bytes, *, at: datetime = NOW, secret: str = SECRET, **headers: str) -> Delivery:
    timestamp = str(int(at.timestamp()))
    signature = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    own = {"erpsync-timestamp": timestamp, "erpsync-signature": f"v1={signature}"}
    return Delivery(own | {name.replace("_", "-"): value for name, value in headers.items()}, body)
