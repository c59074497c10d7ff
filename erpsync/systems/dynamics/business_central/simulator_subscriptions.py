"""The simulated webhooks: subscriptions with their handshake and their end, and the notifications that are sent for them.

Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/dynamics-subscriptions
"""

import re
import secrets
import urllib.error
import urllib.request
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import simplejson

from erpsync.systems.dynamics.business_central.simulator_books import Books
from erpsync.systems.dynamics.business_central.simulator_tables import CHILDREN, Refusal, Row

Call: TypeAlias = Callable[[str, bytes], tuple[int, bytes]]
"""Posts a body to an address; status and body of the answer, status 0 where there is none."""

# The list on the page above, as far as the simulator has these tables.
SUPPORTED = frozenset(
    {
        "accounts",
        "currencies",
        "customerPaymentJournals",
        "customers",
        "generalLedgerEntries",
        "itemCategories",
        "items",
        "paymentTerms",
        "salesCreditMemos",
        "salesInvoices",
        "salesOrders",
        "shipmentMethods",
    }
)
COLLECTION_FROM = 1000
MOST = 200
_HANDSHAKE_SECONDS = 5.0
_RESOURCE = re.compile(r"/?api/v2\.0/companies\(([0-9A-Fa-f-]{36})\)/(\w+)")
_ONE = re.compile(r"subscriptions\('([^']+)'\)")


def post(url: str, body: bytes) -> tuple[int, bytes]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_HANDSHAKE_SECONDS) as answer:  # noqa: S310
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()
    except OSError:
        return 0, b""


class Subscriptions:
    def __init__(self, books: Books, company_id: str) -> None:
        self.rows: dict[str, Row] = {}
        """The subscriptions by id."""
        self.call: Call = post
        """How the receivers are reached."""
        self.seconds = 259_200.0
        """How long a subscription is good for from the moment that it is made or renewed."""
        self._books = books
        self._company_id = company_id
        self._seen: dict[str, dict[str, str]] = {}

    def answer(self, method: str, path: str, body: Any, etag: str) -> tuple[int, Any]:
        """What a request to `subscriptions` or to one of them gets."""
        found = _ONE.fullmatch(path)
        row = self.rows.get(found[1]) if found else None
        if found and row is None:
            raise Refusal(404, "BadRequest_ResourceNotFound", "The subscription cannot be found.")
        if method == "GET":
            return 200, row or {"value": list(self.rows.values())}
        if method == "POST" and not found:
            return 201, self._keep({"subscriptionId": uuid.uuid4().hex}, body)
        if row is None or method not in ("PATCH", "DELETE"):
            raise Refusal(405, "BadRequest_MethodNotAllowed", "The method is not allowed.")
        if not etag:
            raise Refusal(400, "BadRequest_RequiredParamNotProvided", "The If-Match header must be specified.")
        if method == "DELETE":
            del self.rows[row["subscriptionId"]]
            return 204, None
        return 200, self._keep(row, body)

    def send(self) -> list[tuple[str, int, bytes]]:
        """Tells each address what has changed since it was told last, changes of a record as one; address, status and body
        of each message. What is not taken is told again, or its subscription deleted, as the answer says."""
        told: defaultdict[str, list[Row]] = defaultdict(list)
        for row in self.rows.values():
            if datetime.fromisoformat(row["expirationDateTime"]) > datetime.now(UTC):
                told[row["notificationUrl"]] += self._changed(row)
        sent = []
        for address, notifications in told.items():
            if notifications:
                content = simplejson.dumps({"value": notifications}).encode()
                status, _ = self.call(address, content)
                sent.append((address, status, content))
                self._took({one["subscriptionId"] for one in notifications}, status)
        return sent

    def _took(self, ids: set[str], status: int) -> None:
        for one in ids:
            if 200 <= status < 300:
                self._seen[one] = self._states(self.rows[one]["resource"])
            elif status not in (0, 408, 429) and status < 500:
                del self.rows[one]

    def _keep(self, row: Row, body: Mapping[str, Any]) -> Row:
        values = {**row, **body}
        unknown = body.keys() - {"notificationUrl", "resource", "clientState"}
        found = _RESOURCE.fullmatch(str(values.get("resource", "")))
        if unknown or not found or found[1] != self._company_id or found[2] not in SUPPORTED:
            raise Refusal(400, "BadRequest", "The resource is not supported by webhooks.")
        if not str(values.get("notificationUrl", "")).startswith("https://"):
            raise Refusal(400, "BadRequest", "The notificationUrl must be an absolute https address.")
        if len(values.get("clientState", "")) > 2048:
            raise Refusal(400, "Application_StringExceededLength", "The length of the string exceeds the maximum.")
        if len(self.rows) >= MOST and row["subscriptionId"] not in self.rows:
            raise Refusal(400, "Application_DialogException", "The maximum number of subscriptions is reached.")
        self._shake_hands(values["notificationUrl"])
        now = datetime.now(UTC)
        values["clientState"] = values.get("clientState", "")
        values["lastModifiedDateTime"] = now.isoformat()
        values["expirationDateTime"] = (now + timedelta(seconds=self.seconds)).isoformat()
        self._seen.setdefault(row["subscriptionId"], self._states(values["resource"]))
        self.rows[row["subscriptionId"]] = values
        return values

    def _shake_hands(self, address: str) -> None:
        token = secrets.token_hex(16)
        status, body = self.call(f"{address}?validationToken={token}", b"")
        if (status, body.decode(errors="replace").strip()) != (200, token):
            raise Refusal(400, "Application_DialogException", "Notification URL validation failed.")

    def _changed(self, row: Row) -> list[Row]:
        before, now = self._seen[row["subscriptionId"]], self._states(row["resource"])
        kinds = {key: "updated" if key in before else "created" for key in now if before.get(key) != now[key]}
        kinds |= {key: "deleted" for key in before if key not in now}
        base = str(row["resource"]).lstrip("/")
        if len(kinds) > COLLECTION_FROM:
            return [
                self._notification(row, f"{base}?$filter=lastModifiedDateTime gt 2026-01-01T00:00:00Z", "collection")
            ]
        return [self._notification(row, f"{base}({key})", kind) for key, kind in kinds.items()]

    def _notification(self, row: Row, resource: str, kind: str) -> Row:
        names = ("subscriptionId", "clientState", "expirationDateTime")
        moment = datetime.now(UTC).isoformat()
        told = {name: row[name] for name in names}
        return {**told, "resource": resource, "changeType": kind, "lastModifiedDateTime": moment}

    def _states(self, resource: str) -> dict[str, str]:
        """Each record of a collection with its lines, as something that differs when it does."""
        found = _RESOURCE.fullmatch(resource)
        table = found[2] if found else ""
        inner = CHILDREN.get(table, {}).values()
        states = {}
        for row in self._books.rows(table):
            parts = [row, *(self._books.children(child, field, row["id"]) for child, field in inner)]
            states[row["id"]] = simplejson.dumps(parts, default=str, sort_keys=True, use_decimal=True)
        return states
