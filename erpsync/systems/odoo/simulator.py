"""An Odoo to practise on, over JSON-2 and XML-RPC: contacts, products, sales orders, deliveries, invoices, external ids.

Source: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html; where it is silent, a real Odoo 19.
"""

import hmac
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

from erpsync.ports.simulator import Start
from erpsync.systems.odoo import simulator_xmlrpc as xml
from erpsync.systems.odoo.simulator_controls import Controls
from erpsync.systems.odoo.simulator_methods import Call, parameters, run, takes_ids
from erpsync.systems.odoo.simulator_records import Database, OdooError
from erpsync.systems.odoo.simulator_release import Release
from erpsync.systems.odoo.simulator_seed import SKUS, seed

DATABASE = "erpsync"
API_KEY = "0123456789abcdef0123456789abcdef01234567"
LOGIN = "admin"
MAX_BODY_BYTES = 64 * 1024 * 1024
# "db_maxconn" of a server that is set up as it comes.
MAX_CONNECTIONS = 64
_PAGE_404 = (
    b"<!DOCTYPE html>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"
    b"<p>No database is selected and the requested URL was not found in the server-wide controllers.</p>\n"
)


def create() -> "OdooSimulator":
    """One with the standard seed."""
    return OdooSimulator()


class OdooSimulator(Controls):
    """See `erpsync.ports.simulator`: `Simulator` and `ErpControls`. Each call is one transaction, and they follow one
    another: where a real Odoo runs two at once and tells one to try again, the one that waited here is told the same."""

    def __init__(
        self,
        *,
        skus: Sequence[str] = SKUS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        between: Callable[[str], None] = lambda _: None,
        release: int = 19,
        connections: int = MAX_CONNECTIONS,
    ) -> None:
        """`between` is called with the operation, "sale.order/load", when a call has begun and has done nothing yet: calls
        that meet there run into each other. `release`: 14 to 19. `connections`: to its database; calls beyond these fail
        at once."""
        self.release = Release(release)
        self.database = Database(clock, price_list_required=release < 17)
        self._between = between
        self._clock = clock
        self._keys: dict[str, tuple[str, ...]] = {API_KEY: ("admin",)}
        self._connections = threading.BoundedSemaphore(connections)
        super().__init__(self.database, threading.Lock())
        with self.database.transaction():
            seed(self.database, skus)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        path, method = str(environ.get("PATH_INFO", "")), environ["REQUEST_METHOD"]
        if path == "/web/version":
            version = {"version_info": self.release.version_info, "version": self.release.version}
            return self._answer(start_response, 200, version)
        if path.startswith("/xmlrpc/2/") and method == "POST":
            return self._xmlrpc(path.removeprefix("/xmlrpc/2/"), environ, start_response)
        if not self.release.has_json2 or environ.get("HTTP_X_ODOO_DATABASE", DATABASE) != DATABASE:
            start_response("404 Not Found", [*self._headers(_PAGE_404), ("Content-Type", "text/html; charset=utf-8")])
            return [_PAGE_404]
        try:
            answer = self._serve(method, path, environ)
        except OdooError as error:
            return self._answer(start_response, error.status, _error_body(error))
        return self._answer(start_response, 200, answer)

    def settings(self, base_url: str) -> Mapping[str, str]:
        taxes = {row["name"]: row["id"] for row in self.database.tables["account.tax"].values()}
        [bank] = [row["id"] for row in self.database.tables["account.journal"].values() if row["code"] == "BNK1"]
        return {
            "url": base_url,
            "database": DATABASE,
            "user": LOGIN,
            "api_key": API_KEY,
            "shipping_product": "SHIPPING",
            "discount_product": "DISCOUNT",
            "charge_product": "CHARGE",
            "rounding_product": "ROUNDING",
            "tax_product": "TAX",
            "refund_product": "REFUND",
            "taxes": f"0.19={taxes['19%']}, 0.07={taxes['7%']}",
            "taxes_included": f"0.19={taxes['19% incl.']}, 0.07={taxes['7% incl.']}",
            "payment_methods": f"card={bank}",
            "default_payment_journal": str(bank),
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self._lock:
            tables = {model: list(rows.values()) for model, rows in self.database.tables.items()}
        copied: dict[str, list[dict[str, Any]]] = json.loads(json.dumps(tables, default=_plain))
        return copied

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        """ "sale.order/load"; "sale.order/search_read by reference" where orders are looked up by Customer Reference."""
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith("/xmlrpc/"):
            name, arguments = xml.operation(body)
        else:
            name, arguments = path.removeprefix("/json/2").strip("/"), _json_or_empty(body)
        by_reference = any(
            isinstance(term, list) and term[0] == "client_order_ref" for term in arguments.get("domain", ())
        )
        return f"{name} by reference" if by_reference else name

    def add_key(self, key: str, *groups: str) -> None:
        """A key of a user in `groups`: admin, user, sales, contacts, invoicing, external_ids."""
        self._keys[key] = groups

    def _serve(self, method: str, path: str, environ: dict[str, Any]) -> Any:
        parts = path.strip("/").split("/")
        if method != "POST" or parts[:2] != ["json", "2"] or len(parts) != 4:
            raise OdooError(404, "werkzeug.exceptions.NotFound", "Did you mean POST /json/2/<model>/<method>?")
        groups = self._authenticate(environ)
        return self._run(groups, parts[2], parts[3], _arguments(environ))

    def _run(self, groups: tuple[str, ...], model: str, method: str, arguments: dict[str, Any]) -> Any:
        with self._connection():
            seen = self.database.ticks
            self._between(f"{model}/{method}")
            with self._lock, self.database.transaction():
                return run(Call(self.database, groups, model, seen, self.release), method, arguments)

    @contextmanager
    def _connection(self) -> Iterator[None]:
        if not self._connections.acquire(blocking=False):
            raise OdooError(500, "psycopg2.pool.PoolError", "The Connection Pool Is Full")
        try:
            yield
        finally:
            self._connections.release()

    def _xmlrpc(self, service: str, environ: dict[str, Any], start_response: Start) -> list[bytes]:
        content = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        services: Mapping[str, Mapping[str, Callable[..., Any]]] = {
            "common": {"version": self._version, "authenticate": self._sign_in},
            "object": {"execute_kw": self._execute},
        }
        body = xml.answer(content, services.get(service, {}))
        start_response("200 OK", [*self._headers(body), ("Content-Type", "text/xml; charset=utf-8")])
        return [body]

    def _version(self) -> dict[str, Any]:
        version, info = self.release.version, self.release.version_info
        return {"server_version": version, "server_version_info": info, "server_serie": version, "protocol_version": 1}

    def _sign_in(self, database: str, login: str, password: str, _environment: object) -> Any:
        """The user's id; false for a wrong login or password, without an error. Keys that were added go with any login."""
        self._has_database(database)
        keys = list(self._keys)
        if password not in keys or (password == API_KEY and login != LOGIN):
            return False
        return keys.index(password) + 2

    def _execute(
        self, database: str, user: int, password: str, model: str, method: str, args: list[Any], named: Any = None
    ) -> Any:
        self._has_database(database)
        keys = list(self._keys)
        if not 2 <= user < len(keys) + 2 or not hmac.compare_digest(keys[user - 2].encode(), password.encode()):
            raise OdooError(401, "werkzeug.exceptions.Unauthorized", "Access Denied")
        arguments = dict(named or {})
        given = list(args)
        if given and takes_ids(model, method):
            arguments["ids"] = given.pop(0)
        arguments |= dict(zip(parameters(model, method), given, strict=False))
        return self._run(self._keys[password], model, method, arguments)

    def _has_database(self, database: str) -> None:
        if database != DATABASE:
            text = f'connection to server failed: FATAL:  database "{database}" does not exist\n'
            raise OdooError(500, "psycopg2.OperationalError", text)

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


def _json_or_empty(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


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
