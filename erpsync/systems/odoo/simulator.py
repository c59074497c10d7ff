"""An Odoo 19 to practise on: its JSON-2 API over contacts, products, sales orders and external ids.

Source: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html; where it is silent, a real Odoo 19.
"""

import hmac
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from erpsync.ports.simulator import Start
from erpsync.systems.odoo import simulator_sales as sales
from erpsync.systems.odoo.simulator_methods import Call, run
from erpsync.systems.odoo.simulator_records import Database, OdooError

DATABASE = "erpsync"
API_KEY = "0123456789abcdef0123456789abcdef01234567"
MAX_BODY_BYTES = 64 * 1024 * 1024
SKUS = tuple(f"SKU-{number:04}" for number in range(1, 51))
SERVICES = ("SHIPPING", "DISCOUNT", "CHARGE", "ROUNDING", "TAX")
CUSTOMERS = 10
_COUNTRIES = ("AT", "CH", "DE", "FR", "GB", "NL", "US")
_STATES = (("US", "CA"), ("US", "NY"))
_PAGE_404 = (
    b"<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    b"<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n"
)


def create() -> "OdooSimulator":
    """One with the standard seed."""
    return OdooSimulator()


class OdooSimulator:
    """See `erpsync.ports.simulator.Simulator`. Each call is one transaction, and they follow one another: where a real Odoo
    runs two at once and tells one to try again, the one that waited here is told the same."""

    def __init__(
        self,
        *,
        skus: Sequence[str] = SKUS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        latency_seconds: float = 0.0,
    ) -> None:
        """`latency_seconds`: how long each call takes after it has begun."""
        self._lock = threading.Lock()
        self._latency_seconds = latency_seconds
        self._clock = clock
        self._keys: dict[str, tuple[str, ...]] = {API_KEY: ("admin",)}
        self.database = Database(clock)
        with self.database.transaction():
            self._seed(skus)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        path, method = str(environ.get("PATH_INFO", "")), environ["REQUEST_METHOD"]
        if path == "/web/version":
            return self._answer(start_response, 200, {"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"})
        if environ.get("HTTP_X_ODOO_DATABASE", DATABASE) != DATABASE:
            start_response("404 Not Found", [*self._headers(_PAGE_404), ("Content-Type", "text/html; charset=utf-8")])
            return [_PAGE_404]
        try:
            answer = self._serve(method, path, environ)
        except OdooError as error:
            return self._answer(start_response, error.status, _error_body(error))
        return self._answer(start_response, 200, answer)

    def settings(self, base_url: str) -> Mapping[str, str]:
        taxes = {row["name"]: row["id"] for row in self.database.tables["account.tax"].values()}
        return {
            "url": base_url,
            "database": DATABASE,
            "api_key": API_KEY,
            "shipping_product": "SHIPPING",
            "discount_product": "DISCOUNT",
            "charge_product": "CHARGE",
            "rounding_product": "ROUNDING",
            "tax_product": "TAX",
            "taxes": f"0.19={taxes['19%']}, 0.07={taxes['7%']}",
            "taxes_included": f"0.19={taxes['19% incl.']}, 0.07={taxes['7% incl.']}",
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self._lock:
            tables = {model: list(rows.values()) for model, rows in self.database.tables.items()}
        copied: dict[str, list[dict[str, Any]]] = json.loads(json.dumps(tables, default=_plain))
        return copied

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:  # noqa: ARG002
        return str(environ.get("PATH_INFO", "")).removeprefix("/json/2").strip("/")

    def add_key(self, key: str, *groups: str) -> None:
        """A key of a user in `groups`: admin, user, sales, contacts, external_ids."""
        self._keys[key] = groups

    def deliver(self, order_id: int) -> None:
        """Sends everything that the order asks for."""
        self._on_lines(order_id, "qty_delivered")

    def invoice(self, order_id: int) -> None:
        """Posts an invoice for everything that the order asks for."""
        self._on_lines(order_id, "qty_invoiced_posted")

    def _on_lines(self, order_id: int, name: str) -> None:
        with self._lock, self.database.transaction():
            for line in self.database.lines(order_id):
                self.database.update("sale.order.line", line["id"], {name: line["product_uom_qty"]})

    def _serve(self, method: str, path: str, environ: dict[str, Any]) -> Any:
        parts = path.strip("/").split("/")
        if method != "POST" or parts[:2] != ["json", "2"] or len(parts) != 4:
            raise OdooError(404, "werkzeug.exceptions.NotFound", "Did you mean POST /json/2/<model>/<method>?")
        groups = self._authenticate(environ)
        arguments = _arguments(environ)
        seen = self.database.ticks
        time.sleep(self._latency_seconds)
        with self._lock, self.database.transaction():
            return run(Call(self.database, groups, parts[2], seen), parts[3], arguments)

    def _authenticate(self, environ: Mapping[str, Any]) -> tuple[str, ...]:
        scheme, _, key = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.lower() != "bearer" or not key:
            text = "User not authenticated, use an API Key with a Bearer Authorization header."
            raise OdooError(401, "werkzeug.exceptions.Unauthorized", text)
        for known, groups in self._keys.items():
            if hmac.compare_digest(known.encode(), key.encode("utf-8", "surrogateescape")):
                return groups
        raise OdooError(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")

    def _answer(self, start_response: Start, status: int, value: Any) -> list[bytes]:
        body = json.dumps(value, default=_plain).encode()
        headers = [*self._headers(body), ("Content-Type", "application/json; charset=utf-8")]
        start_response(f"{status} {'OK' if status == 200 else 'Error'}", headers)
        return [body]

    def _headers(self, body: bytes) -> list[tuple[str, str]]:
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        return [("Content-Length", str(len(body))), ("Date", format_datetime(now, usegmt=True))]

    def _seed(self, skus: Sequence[str]) -> None:
        new = self.database.insert
        euro = new("res.currency", {"name": "EUR", "active": True})
        dollar = new("res.currency", {"name": "USD", "active": True})
        company = new("res.company", {"name": "Company", "currency_id": euro})
        new("res.users", {"name": "Administrator", "login": "admin", "company_id": company})
        new("stock.warehouse", {"name": "Company", "code": "WH"})
        new("crm.team", {"name": "Sales"})
        # As in a database that was set up in dollars: a customer's price list would make orders in dollars.
        new("product.pricelist", {"name": "Default", "currency_id": dollar})
        countries = {code: new("res.country", {"name": code, "code": code}) for code in _COUNTRIES}
        for country, code in _STATES:
            new("res.country.state", {"name": code, "code": code, "country_id": countries[country]})
        for percent in (19, 7):
            for name, included in ((f"{percent}%", False), (f"{percent}% incl.", True)):
                tax = {"name": name, "amount": Decimal(percent), "price_include": included, "active": True}
                new("account.tax", {**tax, "amount_type": "percent", "type_tax_use": "sale"})
        for number, sku in enumerate(skus, 1):
            price = Decimal(5 + number) + Decimal("0.90")
            product = {"name": f"Product {number}", "default_code": sku, "list_price": price}
            new("product.product", {**product, "type": "consu", "active": True})
        for code in SERVICES:
            service = {"name": code.title(), "default_code": code, "list_price": Decimal(0)}
            new("product.product", {**service, "type": "service", "active": True})
        for number in range(1, CUSTOMERS + 1):
            sales.create(
                self.database, "res.partner", {"name": f"Customer {number}", "email": f"customer-{number}@example.com"}
            )


def _arguments(environ: Mapping[str, Any]) -> dict[str, Any]:
    if not str(environ.get("CONTENT_TYPE", "")).startswith("application/json"):
        raise OdooError(
            415, "werkzeug.exceptions.UnsupportedMediaType", "Request inferred type is compatible with ['http']"
        )
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > MAX_BODY_BYTES:
        raise OdooError(
            413, "werkzeug.exceptions.RequestEntityTooLarge", "The data value transmitted exceeds the limit."
        )
    try:
        body = json.loads(environ["wsgi.input"].read(length) or b"{}", parse_float=Decimal)
    except ValueError as error:
        text = f"could not parse the body as json: {error}"
        raise OdooError(400, "werkzeug.exceptions.BadRequest", text) from None
    return dict(body) if isinstance(body, dict) else {}


def _error_body(error: OdooError) -> dict[str, Any]:
    traceback = (
        f"Traceback (most recent call last):\n  File odoo/http.py, in _transactioning\n{error.name}: {error.message}\n"
    )
    arguments = [error.message, error.status] if error.name.startswith("werkzeug") else [error.message]
    return {"name": error.name, "message": error.message, "arguments": arguments, "context": {}, "debug": traceback}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value).__name__)
