"""NetSuite to practise on: SuiteTalk SOAP for the operations that erpsync uses, from Oracle's documents.

It publishes its own WSDL, checks every request against the same schema, wants token-based authentication, and answers
as SuiteTalk does: faults for requests, status codes for records. See README.md for the pages.
"""

import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from xml.etree.ElementTree import Element

from erpsync.ports.simulator import Start
from erpsync.systems.netsuite import simulator_wsdl
from erpsync.systems.netsuite.simulator_access import Access, Fault, Keys
from erpsync.systems.netsuite.simulator_books import Books, Customer, Refusal, SalesOrder
from erpsync.systems.netsuite.simulator_schema import OPERATIONS, namespace, prefixes
from erpsync.systems.netsuite.simulator_search import Searches
from erpsync.systems.netsuite.simulator_xml import BadXml, Values, envelope, fault, parse, read, write

# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3418637.html
LIST_LIMITS = {"upsertList": 100, "updateList": 100, "getList": 1000}
DEFAULT_CONCURRENCY = 5
_ENDPOINT = re.compile(r"/services/NetSuitePort_(20\d\d_[12])")
_WSDL = re.compile(r"/wsdl/v(20\d\d_[12])_0/netsuite\.wsdl")
_XSD = re.compile(r"/xsd/v(20\d\d_[12])_0/([a-z.]+)\.xsd")
_BODY = re.compile(rb"<(?:[\w-]+:)?Body\b[^>]*>\s*<(?:[\w-]+:)?(\w+)")
_TYPE = re.compile(rb"<(?:[\w-]+:)?(?:record|searchRecord)\b[^>]*?:type=\"(?:[\w-]+:)?(\w+)\"")
_CHARGES = ("Discount", "Tip", "Fee", "Duty", "Rounding", "Tax", "Shipping")
_NAMED = {
    "subsidiary": ("accounting:Subsidiary", "name", {"1": "Parent Company"}),
    "location": ("accounting:Location", "name", {"1": "Main Warehouse"}),
    "currency": ("accounting:Currency", "symbol", {"1": "EUR", "2": "USD", "3": "GBP"}),
    "salesTaxItem": ("accounting:SalesTaxItem", "itemId", {"5": "0 %", "6": "19 %", "7": "7 %"}),
}


class NetSuiteSimulator:
    """One account. See `erpsync.ports.simulator.Simulator`.

    `denied` holds record types that the role may not touch ("salesOrder", "customer", "item"), or "webServices".
    """

    def __init__(
        self,
        *,
        skus: Mapping[str, Decimal],
        keys: Keys | None = None,
        customers: int = 0,
        concurrency: int = DEFAULT_CONCURRENCY,
        latency_seconds: float = 0.0,
        one_world: bool = True,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        between: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`between`: see Books. `now` is the account's clock."""
        self.denied: set[str] = set()
        self.access = Access(keys or Keys(), now, concurrency)
        self.books = Books(now, between, one_world=one_world)
        self._now = now
        self._latency_seconds = latency_seconds
        self._searches = Searches(self.books, now)
        self._lock = threading.Lock()
        self._calls = 0
        for number, (sku, price) in enumerate(skus.items(), start=1001):
            self.books.add_item(sku, price, internal_id=str(number))
        for number, name in enumerate(_CHARGES, start=901):
            kind = "DiscountItem" if name == "Discount" else "OtherChargeSaleItem"
            self.books.add_item(name, Decimal(0), kind, str(number))
        for number in range(1, customers + 1):
            self.books.add_customer(_seed_customer(number))

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        status, body = self._respond(environ)
        headers = [
            ("Content-Type", "text/xml; charset=utf-8" if body.startswith(b"<") else "text/plain"),
            ("Content-Length", str(len(body))),
            ("Date", format_datetime(self._now(), usegmt=True)),
        ]
        start_response(status, headers)
        return [body]

    def settings(self, base_url: str) -> Mapping[str, str]:
        items = {f"{name.lower()}_item": str(number) for number, name in enumerate(_CHARGES, start=901)}
        del items["shipping_item"]
        return {
            **asdict(self.access.keys),
            **items,
            "base_url": base_url,
            "subsidiary": "1",
            "location": "1",
            "currencies": "EUR=1, USD=2, GBP=3",
            "tax_code": "5",
            "default_shipping_method": "3",
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        return self.books.described()

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        if environ["REQUEST_METHOD"] != "POST":
            return "wsdl"
        found = _BODY.search(body)
        if found is None:
            return "unreadable"
        name = found[1].decode()
        kind = _TYPE.search(body, found.end()) if name in ("search", "upsertList", "updateList") else None
        return f"{name}:{kind[1].decode().removesuffix('Search')}" if kind else name

    def _respond(self, environ: Mapping[str, Any]) -> tuple[str, bytes]:
        path = environ["PATH_INFO"]
        base_url = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
        if environ["REQUEST_METHOD"] == "GET":
            return _document(path, base_url)
        endpoint = _ENDPOINT.fullmatch(path)
        if endpoint is None:
            return "404 Not Found", b"no such endpoint"
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        version = endpoint[1]
        try:
            with self.access.slot():
                time.sleep(self._latency_seconds)
                return "200 OK", self._answer(body, version, base_url)
        except BadXml as error:
            return "500 Internal Server Error", fault(f"org.xml.sax.SAXException: {error}")
        except Fault as error:
            detail = write(f"faults:{error.name}", {"code": error.code, "message": error.message}, version)
            return "500 Internal Server Error", fault(error.message, detail)

    def _answer(self, body: bytes, version: str, base_url: str) -> bytes:
        header_elements, contents = parse(body)
        if len(contents) != 1:
            raise BadXml("the body must have one element")
        request = contents[0]
        uri, _, operation = request.tag.removeprefix("{").partition("}")
        if uri != namespace("messages", version):
            raise Fault("invalidVersionFault", "INVALID_WS_VERSION", "The message is of another version.")
        if operation not in OPERATIONS:
            raise BadXml(f"{operation} is not an operation")
        headers = _headers(header_elements, version)
        if operation != "getDataCenterUrls":
            self.access.authenticate(headers.get("tokenPassport"))
            if "webServices" in self.denied:
                raise Fault("insufficientPermissionFault", "WS_PERMISSION_REQD", "The role lacks web services.")
        answer = self._perform(operation, read(request, version), headers, base_url)
        with self._lock:
            self._calls += 1
            info = {"nsId": f"WEBSERVICES_{self.access.keys.account}_{self._calls:06}"}
        return envelope(
            write(f"messages:{operation}Response", answer, version), write("messages:documentInfo", info, version)
        )

    def _perform(self, operation: str, request: Values, headers: Mapping[str, Values], base_url: str) -> Values:
        if operation == "getServerTime":
            return {"getServerTimeResult": {"status": _OK, "serverTime": self._now()}}
        if operation == "getAccountGovernanceInfo":
            limit = {"accountConcurrencyLimit": self.access.concurrency, "unallocatedConcurrencyLimit": 0}
            return {"getAccountGovernanceInfoResult": {"status": _OK, **limit}}
        if operation == "getDataCenterUrls":
            urls = dict.fromkeys(("restDomain", "webservicesDomain", "systemDomain"), base_url)
            return {"getDataCenterUrlsResult": {"status": _OK, "dataCenterUrls": urls}}
        if operation == "getList":
            _check_count(operation, request["baseRef"])
            return {"readResponseList": {"status": _OK, "readResponse": [self._get(r) for r in request["baseRef"]]}}
        if operation == "search":
            kind = request["searchRecord"]["$type"].removesuffix("Search").lower()
            size = headers.get("searchPreferences", {}).get("pageSize", 1000)
            return {"searchResult": self._searches.first(kind, request["searchRecord"], size, kind in self.denied)}
        if operation == "searchMoreWithId":
            return {"searchResult": self._searches.more(request["searchId"], request["pageIndex"])}
        _check_count(operation, request["record"])
        do = self.books.upsert if operation == "upsertList" else self.books.update
        answers = [self._written(record, do) for record in request["record"]]
        return {"writeResponseList": {"status": _OK, "writeResponse": answers}}

    def _get(self, ref: Values) -> Values:
        kind = ref.get("type") or ""
        if kind in self.denied:
            return {"status": _refused("INSUFFICIENT_PERMISSION", "You do not have permission for this record.")}
        if kind in _NAMED:
            record = _named_record(kind, ref.get("internalId") or "")
        else:
            found = self.books.get(kind, ref)
            record = None if found is None else _full_record(found)
        if record is None:
            return {"status": _refused("RCRD_DSNT_EXIST", "That record does not exist.")}
        return {"status": _OK, "record": record}

    def _written(self, record: Values, do: Callable[[Values], tuple[str, str]]) -> Values:
        base = {"$type": "core:RecordRef"}
        ids = {name: record[name] for name in ("internalId", "externalId") if record.get(name)}
        kind = record["$type"][0].lower() + record["$type"][1:]
        if kind in self.denied:
            status = _refused("INSUFFICIENT_PERMISSION", "You do not have permission for this record.")
            return {"status": status, "baseRef": {**base, **ids, "type": kind}}
        try:
            kind, internal_id = do(record)
        except Refusal as refusal:
            status = _refused(refusal.code, refusal.message)
            return {"status": status, "baseRef": {**base, **ids, "type": kind}}
        return {"status": _OK, "baseRef": {**base, **ids, "internalId": internal_id, "type": kind}}


def create(*, latency_seconds: float = 0.0, concurrency: int = DEFAULT_CONCURRENCY) -> NetSuiteSimulator:
    """The simulator with the sandbox's shared catalogue and customers."""
    prices = {f"SKU-{number:04}": Decimal(5 + number) + Decimal("0.90") for number in range(1, 51)}
    return NetSuiteSimulator(skus=prices, customers=10, latency_seconds=latency_seconds, concurrency=concurrency)


_OK: Values = {"isSuccess": True}


def _full_record(found: Customer | SalesOrder) -> Values:
    """A record as getList returns it."""
    if isinstance(found, Customer):
        values = _schema_named(found.values)
        return {
            **values,
            "$type": "relationships:Customer",
            "internalId": found.internal_id,
            "externalId": found.external_id,
        }
    lines = [
        {
            "item": {"internalId": line.item.internal_id, "name": line.item.sku},
            "quantity": line.quantity or None,
            "description": line.description,
            "rate": None if line.rate is None else f"{line.rate:f}",
            "amount": line.amount,
            "isClosed": line.closed,
            "line": line.line,
            "quantityBilled": Decimal(0),
            "quantityFulfilled": line.fulfilled,
            "tax1Amt": line.tax,
            "taxCode": {"internalId": line.tax_code} if line.tax_code else None,
        }
        for line in found.lines
    ]
    return {
        **_schema_named(found.values),
        "$type": "sales:SalesOrder",
        "internalId": found.internal_id,
        "externalId": found.external_id,
        "createdDate": found.created_at,
        "tranId": found.number,
        "orderStatus": found.status,
        "subTotal": found.subtotal,
        "taxTotal": found.tax,
        "total": found.total,
        "itemList": {"item": lines},
    }


def _schema_named(value: Any) -> Any:
    """Values as they were read, without the names of their types, which replies need only where the schema is open."""
    if isinstance(value, Mapping):
        kept = {name: _schema_named(inner) for name, inner in value.items() if name != "$type"}
        return {"$type": "core:StringCustomFieldRef", **kept} if "scriptId" in kept else kept
    return [_schema_named(inner) for inner in value] if isinstance(value, list) else value


def _named_record(kind: str, internal_id: str) -> Values | None:
    type_name, field, names = _NAMED[kind]
    if internal_id not in names:
        return None
    return {"$type": type_name, "internalId": internal_id, field: names[internal_id]}


def _document(path: str, base_url: str) -> tuple[str, bytes]:
    found = _WSDL.fullmatch(path)
    if found:
        return "200 OK", simulator_wsdl.wsdl(found[1], base_url)
    found = _XSD.fullmatch(path)
    if found and found[2] in prefixes():
        return "200 OK", simulator_wsdl.xsd(found[2], found[1], base_url)
    return "404 Not Found", b"no such document"


def _headers(header_elements: list[Element], version: str) -> dict[str, Values]:
    headers: dict[str, Values] = {}
    for element in header_elements:
        name = element.tag.rpartition("}")[2]
        if name in headers:
            raise Fault("invalidCredentialsFault", "INVALID_LOGIN_CREDENTIALS", "Invalid login attempt.")
        headers[name] = read(element, version)
    return headers


def _check_count(operation: str, records: list[Values]) -> None:
    if len(records) > LIST_LIMITS[operation]:
        raise Fault("exceededRecordCountFault", "MAX_RCRDS_EXCEEDED", "The maximum number of records is exceeded.")


def _refused(code: str, message: str) -> Values:
    detail = {"code": code, "message": message, "type": "ERROR"}
    return {"isSuccess": False, "statusDetail": [detail]}


def _seed_customer(number: int) -> Values:
    return {
        "isPerson": True,
        "firstName": "Customer",
        "lastName": str(number),
        "email": f"customer-{number}@example.com",
        "subsidiary": {"internalId": "1"},
        "currency": {"internalId": "1"},
    }
