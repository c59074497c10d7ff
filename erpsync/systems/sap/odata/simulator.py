"""An S/4HANA system as a WSGI application, written from SAP's service metadata and documentation.

It enforces log-on (basic or OAuth 2.0), the client, csrf tokens bound to a session cookie, ETags, change sets, types and
lengths, and the rules of sales documents; it computes prices and taxes itself. References are not unique here either.
"""

import json
import secrets
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from erpsync.ports.simulator import Booked, Start
from erpsync.systems.sap.odata import simulator_batch as batch
from erpsync.systems.sap.odata.simulator_access import Access
from erpsync.systems.sap.odata.simulator_batch import Call, Malformed, Result
from erpsync.systems.sap.odata.simulator_masters import LOCATIONS, Masters
from erpsync.systems.sap.odata.simulator_rows import Refused, Tables
from erpsync.systems.sap.odata.simulator_sales import Sales
from erpsync.systems.sap.odata.simulator_service import Service, refused
from erpsync.systems.sap.odata.simulator_types import DEFINITIONS, metadata

ROOT = "/sap/opu/odata/sap/"
_AREA = ("1010", "10", "00")
_REASONS = {
    200: "OK",
    202: "Accepted",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    503: "Service Unavailable",
}


class SapSimulator:
    """Thread-safe: every request holds one lock. `clock_offset_seconds` is how far its clock is ahead."""

    def __init__(
        self,
        *,
        oauth: bool = False,
        max_at_once: int = 30,
        max_operations: int = 200,
        clock_offset_seconds: float = 0.0,
    ) -> None:
        self.access = Access(oauth=oauth)
        self.max_at_once = max_at_once
        """Dialog work processes: more requests at once are turned away."""
        self.max_operations = max_operations
        """Operations of one batch."""
        self.clock_offset_seconds = clock_offset_seconds
        self.denied: set[str] = set()
        """Services that the user may not use."""
        self.inactive: set[str] = set()
        """Services that are not activated."""
        self.lock = threading.RLock()
        self._busy = 0
        self._tables = Tables(self.now)
        self.sales = Sales(self._tables, _AREA)
        self.masters = Masters(self._tables, _AREA)
        self.masters.seed()
        self.service = Service(self._tables, self.sales, self.masters)
        self._promised: dict[tuple[str, str], str] = {}

    # -- the port

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        with self.lock:
            self._busy += 1
            crowded = self._busy > self.max_at_once
        try:
            if crowded:
                result = Result(503, [("Retry-After", "2")], b"")
            else:
                with self.lock:
                    result = self._answered(environ, body)
        finally:
            with self.lock:
                self._busy -= 1
        headers = [("Date", format_datetime(self.now(), usegmt=True)), ("Content-Length", str(len(result.body)))]
        start_response(f"{result.status} {_REASONS.get(result.status, 'Status')}", [*headers, *result.headers])
        return [result.body]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {
            "url": base_url,
            **self.access.settings(base_url),
            "sales_organization": _AREA[0],
            "distribution_channel": _AREA[1],
            "division": _AREA[2],
            "company": "1010",
            "reconciliation_account": "12100000",
            "tax_codes": "19=1, 7=2, 0=0",
            "customer_tax": "TTX1/DE=1",
            "discount_condition": "DRV1",
            "shipping_charge": "material SHIPPING",
            "tip_charge": "material TIP",
            "duty_charge": "material DUTY",
            "fee_charge": "material FEE",
            "rounding_charge": "material ROUNDING",
            "refund_charge": "material REFUND",
            "rejection_reason": "50",
            "refund_reason": "001",
            "note_text": "TX01",
            "stock_locations": ", ".join(LOCATIONS),
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self.lock:
            return {
                name: [{key: _plain(value) for key, value in row.items()} for row in rows.values()]
                for name, rows in self._tables.rows.items()
            }

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        """ "token", "csrf SERVICE", "metadata SERVICE", "read SET", "read SET by PROPERTY" of the filter's first property,
        "create SET" or "change SET"."""
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(ROOT):
            return "token"
        service, _, rest = path.removeprefix(ROOT).partition("/")
        service = service.partition(";")[0]
        if rest in ("", "$metadata"):
            fetches = str(environ.get("HTTP_X_CSRF_TOKEN", "")).lower() == "fetch"
            return f"{'metadata' if rest else 'csrf' if fetches else 'ping'} {service}"
        if rest != "$batch":
            return _named(Call(str(environ["REQUEST_METHOD"]), f"{rest}?{environ.get('QUERY_STRING', '')}", {}, b""))
        try:
            parts = batch.read(str(environ.get("CONTENT_TYPE", "")), body)
        except (Malformed, ValueError):
            return "malformed"
        calls = [call for part in parts for call in (part if isinstance(part, list) else [part])]
        writes = [call for call in calls if call.method != "GET"]
        return _named((writes or calls)[0])

    # -- what people in SAP do and see

    @property
    def locations(self) -> tuple[str, ...]:
        return LOCATIONS

    def booked(self, reference: str) -> list[Booked]:
        with self.lock:
            rows = self._tables.all("A_SalesOrder", PurchaseOrderByCustomer=reference)
            return [self._booked(row) for row in rows]

    def credited(self, reference: str) -> list[Decimal]:
        with self.lock:
            memos = self._tables.all("A_CreditMemoRequest", PurchaseOrderByCustomer=reference)
            return [self.sales.credit_total(memo) for memo in memos]

    def paid(self, reference: str) -> list[Decimal]:  # noqa: ARG002
        return []

    def put_customer(self, name: str, email: str, *, seconds_ago: float = 0.0) -> str:
        with self.lock:
            return self.masters.put_customer(name, email, self._ago(seconds_ago))

    def put_product(self, sku: str, title: str, *, active: bool = True, seconds_ago: float = 0.0) -> str:
        with self.lock:
            return self.masters.product(sku, title, active=active, at=self._ago(seconds_ago))

    def put_price(self, sku: str, price: Decimal, *, seconds_ago: float = 0.0) -> None:
        with self.lock:
            self.masters.price(sku, price, at=self._ago(seconds_ago))

    def put_stock(
        self, sku: str, location: str, on_hand: Decimal, reserved: Decimal = Decimal(0), *, seconds_ago: float = 0.0
    ) -> None:
        """`reserved` is a sales order of another channel's customer; SAP keeps no time of change for stock."""
        del seconds_ago
        with self.lock:
            self.masters.stock(sku, location, on_hand)
            known = self._promised.pop((sku, location), None)
            if known:
                for item in self.sales.items(known):
                    self._tables.put("A_SalesOrderItem", **{**item, "SalesDocumentRjcnReason": "50"})
                self.sales.finish(known)
            if reserved:
                self._promised[sku, location] = self._order_by_hand(sku, location, reserved)

    def ship(
        self,
        order_id: str,
        quantities: Mapping[str, Decimal],
        *,
        carrier: str = "",
        number: str = "",
        seconds_ago: float = 0.0,
        issued: bool = True,
    ) -> None:
        with self.lock:
            self.sales.deliver(
                order_id, quantities, carrier=carrier, number=number, seconds_ago=seconds_ago, issued=issued
            )

    def invoice(self, order_id: str) -> None:
        with self.lock:
            self.sales.bill(order_id)

    def end_sessions(self) -> None:
        """As a restart does: csrf tokens and cookies are worth nothing any more."""
        with self.lock:
            self.access.sessions.clear()

    def end_tokens(self) -> None:
        with self.lock:
            self.access.tokens.clear()

    def change(self, name: str, row: Mapping[str, Any]) -> None:
        """A row changed by hand; `row` holds its key. An order is saved with it."""
        with self.lock:
            known = self._tables.rows[name][self._tables.key_of(name, dict(row))]
            self._tables.put(name, **{**known, **row})
            if name.startswith("A_SalesOrder"):
                self.sales.finish(row["SalesOrder"])

    def put_row(self, name: str, **row: Any) -> None:
        """A row that somebody enters by hand, as it is."""
        with self.lock:
            self._tables.put(name, **row)

    def add_item(self, order_id: str, sku: str, quantity: Decimal) -> None:
        """An item that somebody adds to a sales order by hand."""
        with self.lock:
            last = max(int(item["SalesOrderItem"]) for item in self.sales.items(order_id))
            plant = LOCATIONS[0].partition("/")[0]
            self._put_item(order_id, str(last + 10), sku, quantity, plant, "")

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset_seconds)

    # -- requests

    def _answered(self, environ: Mapping[str, Any], body: bytes) -> Result:
        path = str(environ.get("PATH_INFO", ""))
        if path == "/oauth/token":
            return self.access.token(environ, body)
        if not path.startswith(ROOT):
            return Result(404, (), b"<html>Not found</html>")
        if not self.access.logged_on(environ):
            return Result(401, [("www-authenticate", 'Basic realm="SAP"')], b"<html>Anmeldung fehlgeschlagen</html>")
        service, _, rest = path.removeprefix(ROOT).partition("/")
        service = service.partition(";")[0]
        if service not in DEFINITIONS or service in self.inactive:
            return Result(404, (), b'{"error":{"code":"/IWFND/MED/170","message":{"value":"No service found"}}}')
        if service in self.denied:
            return refused(Refused(403, "/IWFND/MED/082", "No authorization"))
        base = f"http://sap.internal:50000{ROOT}{service}"
        try:
            return self._served(service, rest, environ, body, base)
        except Refused as refusal:
            return refused(refusal)

    def _served(self, service: str, rest: str, environ: Mapping[str, Any], body: bytes, base: str) -> Result:
        method = str(environ["REQUEST_METHOD"])
        csrf, cookie = self.access.session(environ)
        if method in ("GET", "HEAD"):
            fetches = str(environ.get("HTTP_X_CSRF_TOKEN", "")).lower() == "fetch"
            headers = [("x-csrf-token", csrf), *cookie] if fetches else cookie
            if rest == "":
                names: dict[str, Any] = {"d": {"EntitySets": []}}
                return Result(200, [("Content-Type", "application/json"), *headers], json.dumps(names).encode())
            if rest == "$metadata":
                document = metadata(service).encode()
                return Result(200, [("Content-Type", "application/xml"), *headers], document)
            result = self.service.read(service, Call("GET", f"{rest}?{_query(environ)}", {}, b""), base)
            return Result(result.status, [*result.headers, *headers], result.body)
        if environ.get("HTTP_X_CSRF_TOKEN") != csrf or cookie:
            return Result(403, [("x-csrf-token", "Required"), *cookie], b"CSRF token validation failed")
        if rest == "$batch":
            return self._batch(service, environ, body, base)
        headers_in = {
            "content-type": str(environ.get("CONTENT_TYPE", "")),
            "if-match": str(environ.get("HTTP_IF_MATCH", "")),
        }
        return self.service.change_set(service, [Call(method, rest, headers_in, body)], base)[0]

    def _batch(self, service: str, environ: Mapping[str, Any], body: bytes, base: str) -> Result:
        try:
            parts = batch.read(str(environ.get("CONTENT_TYPE", "")), body)
        except (Malformed, ValueError):
            raise Refused(400, "/IWFND/CM_BATCH/001", "The batch cannot be read") from None
        if sum(len(part) if isinstance(part, list) else 1 for part in parts) > self.max_operations:
            raise Refused(400, "/IWFND/CM_BATCH/002", "The batch has too many operations")

        def do(part: batch.Part) -> list[Result]:
            if isinstance(part, list):
                return self.service.change_set(service, part, base)
            try:
                return [self.service.read(service, part, base)]
            except Refused as refusal:
                return [refused(refusal)]

        content_type, answer = batch.answer(parts, do, secrets.token_hex(16).upper())
        return Result(202, [("Content-Type", content_type), ("dataserviceversion", "2.0")], answer)

    # -- what people see, from the tables

    def _booked(self, row: Mapping[str, Any]) -> Booked:
        items = self.sales.items(row["SalesOrder"])
        live = [item for item in items if not item["SalesDocumentRjcnReason"]]
        goods = [item for item in live if item["DeliveryStatus"]]
        shipped = any(self.sales.delivered(row["SalesOrder"], item["SalesOrderItem"]) for item in items)
        if not live:
            state = "closed" if shipped else "cancelled"
        else:
            state = "closed" if shipped and len(live) < len(items) and not _waiting(goods) else "open"
        quantities: dict[str, Decimal] = {}
        for item in goods:
            quantities[item["Material"]] = quantities.get(item["Material"], Decimal(0)) + item["RequestedQuantity"]
        return Booked(
            id=row["SalesOrder"],
            number=row["SalesOrder"],
            reference=row["PurchaseOrderByCustomer"],
            state=state,
            total=sum((item["TaxAmount"] for item in live), row["TotalNetAmount"]),
            currency=row["TransactionCurrency"],
            quantities=quantities,
        )

    def _order_by_hand(self, sku: str, location: str, quantity: Decimal) -> str:
        plant, _, storage = location.partition("/")
        number = self.sales.number("A_SalesOrder")
        [customer, *_] = self._tables.all("A_Customer")
        self._tables.put(
            "A_SalesOrder",
            SalesOrder=number,
            SalesOrganization=_AREA[0],
            DistributionChannel=_AREA[1],
            OrganizationDivision=_AREA[2],
            SoldToParty=customer["Customer"],
            TransactionCurrency="EUR",
        )
        self._put_item(number, "10", sku, quantity, plant, storage)
        return number

    def _put_item(self, order_id: str, item: str, sku: str, quantity: Decimal, plant: str, storage: str) -> None:
        self._tables.put(
            "A_SalesOrderItem",
            SalesOrder=order_id,
            SalesOrderItem=item,
            Material=sku,
            RequestedQuantity=quantity,
            RequestedQuantityUnit="PC",
            ProductionPlant=plant,
            StorageLocation=storage,
            ProductTaxClassification1="1",
        )
        self.sales.finish(order_id)

    def _ago(self, seconds: float) -> datetime:
        return self.now() - timedelta(seconds=seconds)


def create(**options: Any) -> SapSimulator:
    return SapSimulator(**options)


def _waiting(goods: list[dict[str, Any]]) -> bool:
    return any(item["DeliveryStatus"] != "C" for item in goods)


def _query(environ: Mapping[str, Any]) -> str:
    return str(environ.get("QUERY_STRING", ""))


def _named(call: Call) -> str:
    path, _, query = call.url.partition("?")
    name, _, rest = path.partition("(")
    if call.method != "GET":
        navigation = rest.rpartition("/")[2] if "/" in rest else ""
        return f"create {name}" if call.method == "POST" and not navigation else f"change {name}"
    expression = parse_qs(query).get("$filter", [""])[0].strip("( ")
    return f"read {name} by {expression.partition(' ')[0]}" if expression else f"read {name}"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value if isinstance(value, (str, bool, int)) or value is None else str(value)
