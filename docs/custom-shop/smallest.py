"""A shop that sells, and tells. `SECRET=... RECEIVER=https://.../webhooks/shop python3 smallest.py SKU 2 9.95 19.90`"""

import hmac
import json
import os
import sys
import time
from datetime import UTC, datetime
from urllib.request import Request, urlopen


def tell(event: dict) -> None:
    """Sends the event until it is answered 200, each try signed anew. A real shop has it in its database meanwhile."""
    body, wait_seconds = json.dumps(event).encode(), 5
    while True:
        stamp = str(int(time.time()))
        signature = hmac.new(os.environ["SECRET"].encode(), f"{stamp}.".encode() + body, "sha256").hexdigest()
        headers = {"Erpsync-Timestamp": stamp, "Erpsync-Signature": f"v1={signature}"}
        try:
            return urlopen(Request(os.environ["RECEIVER"], body, headers), timeout=30).close()  # noqa: S310 - configured
        except OSError as error:  # no answer, or one that refuses
            sys.stderr.write(f"{error}: once more in a while\n")
        time.sleep(wait_seconds := min(2 * wait_seconds, 3600))


(sku, quantity, price, total), key, at = sys.argv[1:], str(time.time_ns()), datetime.now(UTC).isoformat()
order = {"id": key, "number": key, "created_at": at, "updated_at": at, "currency": "EUR", "taxes_included": True}
line = {"id": "1", "sku": sku, "quantity": int(quantity), "unit_price": price}
order |= {"customer": {"email": "ada@example.com"}, "lines": [line], "total": total}
tell({"id": f"placed {key}", "type": "order.changed", "occurred_at": at, "order": order})
