"""An SAP system with erpsync's wrapper as a WSGI app: its web service runtime, its function modules, and its users."""

import base64
import hmac
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from erpsync.ports.simulator import Start
from erpsync.systems.sap.soap.simulator_reads import Reads
from erpsync.systems.sap.soap.simulator_sales import Sales
from erpsync.systems.sap.soap.simulator_tables import LOCATIONS, Document, Tables, seeded
from erpsync.systems.sap.soap.simulator_users import Users
from erpsync.systems.sap.soap.simulator_wsdl import wsdl
from erpsync.systems.sap.soap.simulator_xml import BadRequest, called, fault, read, reply

USER, PASSWORD, CLIENT = "ERPSYNC", "Käse-init-1", "100"
_PATH = f"/sap/bc/srt/rfc/sap/zerpsync/{CLIENT}/zerpsync/zerpsync"
_WSDL_PATH = re.compile(rf"/sap/bc/srt/wsdl/flv_\w+/bndg_url{_PATH}")
_ERROR = "Web service processing error; more details in the web service error log on provider side (UTC timestamp {})"
_HTML = "<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"

_CONNECTION: Mapping[str, str] = {
    "client": CLIENT,
    "user": USER,
    "password": PASSWORD,
    "company": "1000",
    "sales_organization": "1000",
    "distribution_channel": "10",
    "division": "00",
    "plant": "1000",
    "currencies": "EUR=EUR, USD=USD",
    "price_condition": "ZPR0",
    "discount_condition": "ZDI0",
    "shipping_condition": "ZSH0",
    "tip_condition": "ZTI0",
    "duty_condition": "ZDU0",
    "fee_condition": "ZFE0",
    "rounding_condition": "ZRO0",
    "tax_condition": "ZTX0",
    "tax_codes": "19=A1, 7=A2, 0=A0",
    "cancel_reason": "Z1",
    "credit_reason": "101",
    "refund_material": "SERVICE",
    "model_customer": "1",
    "shipping_methods": "standard=01, express=10",
    "default_shipping_method": "01",
    "customer_groups": "wholesale=02",
    "default_customer_group": "01",
    "payment_methods": "card=113105",
    "default_payment_method": "113106",
    "stock_locations": ", ".join("/".join(one) for one in LOCATIONS),
}


def create() -> "SapSoapSimulator":
    return SapSoapSimulator()


class SapSoapSimulator:
    """One client of one system. See `erpsync.ports.simulator.Simulator` and `ErpControls`, whose methods are its users'.

    `keeps_unique=False` is a system whose wrapper neither locks nor looks nor keeps a key. `denied` are authorisations
    that the user lacks: "S_SERVICE", or object/activity. `work_processes` serve that many calls at once; more are
    answered 503. `clock_seconds` is how far this system's clock is ahead.
    """

    def __init__(
        self,
        *,
        keeps_unique: bool = True,
        denied: Iterable[str] = (),
        surcharge: Decimal = Decimal(0),
        own_tax: Decimal | None = None,
        work_processes: int = 40,
        active: bool = True,
        clock_seconds: float = 0.0,
    ) -> None:
        self.tables = seeded(Tables(keeps_unique=keeps_unique, time_shift=timedelta(seconds=clock_seconds)))
        self.denied = set(denied)
        self.active = active
        self.sales = Sales(self.tables, self.denied, surcharge=surcharge, own_tax=own_tax)
        self.error_log: list[str] = []
        """What SRT_UTIL shows: why requests were refused."""
        users = Users(self.tables)
        self.locations = users.locations
        self.booked = users.booked
        self.credited = users.credited
        self.paid = users.paid
        self.put_customer = users.put_customer
        self.put_product = users.put_product
        self.put_price = users.put_price
        self.put_stock = users.put_stock
        self.ship = users.ship
        self.invoice = users.invoice
        self._slots = threading.BoundedSemaphore(work_processes)
        reads = Reads(self.tables, self.denied, CLIENT, USER)
        self._functions: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "Z_ERPSYNC_PING": reads.ping,
            "Z_ERPSYNC_CHECK": reads.check,
            "Z_ERPSYNC_ORDER_CREATE": self.sales.create_orders,
            "Z_ERPSYNC_ORDER_CHANGE": self.sales.change_orders,
            "Z_ERPSYNC_ORDER_FIND": reads.find,
            "Z_ERPSYNC_CUSTOMER_FIND": reads.find,
            "Z_ERPSYNC_CUSTOMER_SAVE": self.sales.save_customers,
            "Z_ERPSYNC_CUSTOMERS_CHANGED": reads.customers,
            "Z_ERPSYNC_MATERIALS_CHANGED": reads.materials,
            "Z_ERPSYNC_PRICES_CHANGED": reads.prices,
            "Z_ERPSYNC_STOCK": reads.stock,
            "Z_ERPSYNC_PROGRESS_CHANGED": reads.progress,
            "Z_ERPSYNC_REFUND": self.sales.refund,
            "Z_ERPSYNC_PAYMENT": self.sales.pay,
        }

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, kind, answer, more = self._answer(environ, body)
        date = format_datetime(self.tables.now(), usegmt=True)
        headers = [("Content-Type", kind), ("Content-Length", str(len(answer))), ("Date", date), *more]
        start_response(status, headers)
        return [answer]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {
            **_CONNECTION,
            "base_url": base_url,
            "wrapper_keeps_references_unique": str(self.tables.keeps_unique).lower(),
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self.tables.mutex:
            documents = list(self.tables.documents.values())
            return {
                "orders": [_shown(one) for one in documents if one.vbtyp == "C"],
                "customers": [{"KUNNR": key, **_plain(one)} for key, one in self.tables.customers.items()],
                "credits": [_shown(one) for one in documents if one.vbtyp == "K"],
                "payments": [{"key": key, **_plain(one)} for key, one in self.tables.payments.items()],
                "materials": [{"MATNR": key, **_plain(one)} for key, one in self.tables.materials.items()],
            }

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        return "wsdl" if environ["REQUEST_METHOD"] == "GET" else called(body)

    def _answer(self, environ: Mapping[str, Any], body: bytes) -> tuple[str, str, bytes, list[tuple[str, str]]]:
        path, query = environ["PATH_INFO"], parse_qs(environ.get("QUERY_STRING", ""))
        description = bool(_WSDL_PATH.fullmatch(path))
        if path != _PATH and not description:
            return _page("404 Not Found")
        if not self.active or query.get("sap-client", [CLIENT]) != [CLIENT]:
            return _page("403 Forbidden")
        if not _signed_in(environ.get("HTTP_AUTHORIZATION", "")):
            return _page(
                "401 Unauthorized", ("WWW-Authenticate", 'Basic realm="SAP NetWeaver Application Server [SIM/100]"')
            )
        if description:
            scheme, host = environ.get("wsgi.url_scheme", "http"), environ.get("HTTP_HOST", "localhost")
            return "200 OK", "text/xml; charset=utf-8", wsdl(f"{scheme}://{host}{_PATH}"), []
        if environ["REQUEST_METHOD"] != "POST":
            return _page("405 Method Not Allowed")
        if not self._slots.acquire(blocking=False):
            return _page("503 Service Unavailable")
        try:
            return self._called(body)
        finally:
            self._slots.release()

    def _called(self, body: bytes) -> tuple[str, str, bytes, list[tuple[str, str]]]:
        xml = "text/xml; charset=utf-8"
        if "S_SERVICE" in self.denied:
            return "500 Internal Server Error", xml, fault("Server", "No authorization for this web service"), []
        try:
            name, values = read(body)
        except BadRequest as error:
            self.error_log.append(str(error))
            stamp = self.tables.now().strftime("%Y%m%d%H%M%S")
            return "500 Internal Server Error", xml, fault("Client", _ERROR.format(stamp)), []
        return "200 OK", xml, reply(name, self._functions[name](values)), []


def _signed_in(header: str) -> bool:
    given = header.removeprefix("Basic ").encode()
    return hmac.compare_digest(given, base64.b64encode(f"{USER}:{PASSWORD}".encode()))


def _page(status: str, *headers: tuple[str, str]) -> tuple[str, str, bytes, list[tuple[str, str]]]:
    return status, "text/html; charset=utf-8", _HTML.format(status).encode(), list(headers)


def _shown(document: Document) -> dict[str, Any]:
    return {
        **_plain(document.header),
        "VBELN": document.vbeln,
        "state": document.state,
        "net": f"{document.net:f}",
        "tax": f"{document.tax:f}",
        "block": document.block,
        "items": [
            {
                "POSNR": number,
                "MATNR": item.matnr,
                "KWMENG": f"{item.kwmeng:f}",
                "ARKTX": item.arktx,
                "LGORT": item.lgort,
            }
            for number, item in document.items.items()
        ],
        "conditions": [_plain(row) for row in document.conditions],
        "addresses": [_plain(row) for row in document.addresses],
        "texts": [row["TDLINE"] for row in document.texts],
        "extras": dict(document.extras),
    }


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in row.items()}
