"""A company in Business Central to practise on, with the identity platform that gives tokens for it.

Written from Microsoft's documents and the API pages' source; shares no code with the adapter. It keeps what the real one
keeps: limits, ETags, types and lengths, batches that stop at the first error unless told otherwise, external document
numbers that may repeat, orders that vanish when they are invoiced, and tax that it computes itself.
"""

import copy
import json
import re
import threading
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import simplejson

from erpsync.ports.simulator import Start
from erpsync.systems.dynamics.business_central import simulator_postings
from erpsync.systems.dynamics.business_central import simulator_query as query
from erpsync.systems.dynamics.business_central.simulator_access import Limits, Tokens
from erpsync.systems.dynamics.business_central.simulator_books import TAXES, Books
from erpsync.systems.dynamics.business_central.simulator_controls import LOCATIONS, Controls
from erpsync.systems.dynamics.business_central.simulator_subscriptions import Subscriptions
from erpsync.systems.dynamics.business_central.simulator_tables import CHILDREN, TABLES, Refusal, Row

TENANT, ENVIRONMENT, COMPANY = "contoso.example", "sandbox", "CRONUS EU"
CLIENT_ID, CLIENT_SECRET = "11111111-2222-3333-4444-555555555555", "a-secret-of-the-simulator"
PAGES = {"ItemLedgerEntries": "page 38", "SalesLines": "page 516", "PostedSalesShipments": "page 142"}
BATCH_LIMIT = 100
PAGE_LIMIT = 20_000
_ACCOUNTS = {
    "6110": "Shipping",
    "6120": "Tips",
    "6130": "Duties",
    "6140": "Fees",
    "6150": "Rounding",
    "6160": "Goodwill",
}
_SEGMENT = re.compile(r"([A-Za-z]+)\(([0-9A-Fa-f-]{36})\)|([A-Za-z]+)")
_NAMES = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden"}


class _Asked(NamedTuple):
    """What a path leads to: a table, one record of it, below which parent, and the action asked for."""

    table: str
    row_id: str = ""
    parent_id: str = ""
    action: str = ""


class BusinessCentralSimulator(Controls):
    """See `erpsync.ports.simulator.Simulator`. Limits are the real ones unless told otherwise."""

    def __init__(
        self,
        *,
        concurrent: int = 5,
        queue: int = 95,
        per_window: int = 6000,
        window_seconds: float = 300.0,
        retry_after_seconds: int = 10,
        token_seconds: int = 3599,
        denied: Iterable[str] = (),
        pages: Mapping[str, str] = PAGES,
        manual_numbers: bool = True,
    ) -> None:
        """`denied`: what the application may not do, as in "POST salesOrders". `pages`: published services.
        `manual_numbers`: whether the customers' number series allows numbers that are given."""
        self.books = Books()
        self.lock = threading.RLock()
        self.limits = Limits(concurrent, queue, per_window, window_seconds)
        self.tokens = Tokens(CLIENT_ID, CLIENT_SECRET, token_seconds)
        self.denied = set(denied)
        self.company_id = str(uuid.uuid4())
        self.subscriptions = Subscriptions(self.books, self.company_id)
        self.bodies: deque[tuple[str, str, Any]] = deque(maxlen=1000)
        """Method, table and body of the latest writes, those refused included: what tests hold against the contract."""
        self.read_fields: set[tuple[str, str]] = set()
        """Table and field of each that was selected or filtered by."""
        self._retry_after = retry_after_seconds
        self._pages = dict(pages)
        self._manual_numbers = manual_numbers
        self._stock()

    # -- the port

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status, answer, headers = self._respond(environ, body)
        content = b"" if answer is None else simplejson.dumps(answer, use_decimal=True).encode()
        given = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
        start_response(f"{status} {_NAMES.get(status, 'Status')}", list(given.items()))
        return [content]

    def settings(self, base_url: str) -> Mapping[str, str]:
        return {
            "base_url": base_url,
            "token_url": f"{base_url}/{TENANT}/oauth2/v2.0/token",
            "tenant": TENANT,
            "environment": ENVIRONMENT,
            "company": COMPANY,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "tax_codes": ", ".join(f"{percent}={code}" for code, percent in TAXES.items()),
            "shipping_account": "6110",
            "tip_account": "6120",
            "duty_account": "6130",
            "fee_account": "6140",
            "rounding_account": "6150",
            "adjustment_account": "6160",
            "shipping_methods": "standard=DHL",
            "default_shipping_method": "PICKUP",
            "payment_terms": "PREPAID",
            "default_payment_journal": "WEBSHOP",
            "stock_locations": ", ".join(LOCATIONS),
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self.lock:
            tables = {name: self.books.rows(name) for name in TABLES if not name.startswith("page")}
            everything = {**tables, "archivedSalesOrders": self.books.archive}
            found: Mapping[str, list[dict[str, Any]]] = json.loads(json.dumps(everything, default=str))
            return found

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        path = unquote(str(environ["PATH_INFO"]))
        method = str(environ["REQUEST_METHOD"])
        if path.endswith("/token"):
            return "token"
        if path.endswith("/$batch"):
            try:
                inner = json.loads(body)["requests"]
                names = {f"{one['method']} {_entity(unquote(str(one['url'])))}" for one in inner}
            except (ValueError, KeyError, TypeError):
                return "batch"
            return f"batch: {', '.join(sorted(names))}"
        return f"{method} {_entity(path)}"

    # -- requests

    def _respond(self, environ: Mapping[str, Any], body: bytes) -> tuple[int, Any, dict[str, str]]:
        path = unquote(str(environ["PATH_INFO"]))
        if path == f"/{TENANT}/oauth2/v2.0/token":
            status, answer = self.tokens.give(body)
            return status, answer, {}
        try:
            self.tokens.check(str(environ.get("HTTP_AUTHORIZATION", "")))
            with self.limits.place(), self.lock:
                return self._answer(environ, path, body)
        except Refusal as refusal:
            return (*_refused(refusal), {"Retry-After": str(self._retry_after)} if refusal.status == 429 else {})

    def _answer(self, environ: Mapping[str, Any], path: str, body: bytes) -> tuple[int, Any, dict[str, str]]:
        root = f"/v2.0/{TENANT}/{ENVIRONMENT}"
        if not path.startswith(f"{root}/"):
            raise Refusal(404, "NoEnvironment", "Environment does not exist.")
        params = dict(parse_qsl(str(environ.get("QUERY_STRING", "")), keep_blank_values=True))
        prefer = str(environ.get("HTTP_PREFER", ""))
        base = f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}"
        method = str(environ["REQUEST_METHOD"])
        if path == f"{root}/api/v2.0/$batch":
            isolated = environ.get("HTTP_ISOLATION", "") == "snapshot"
            return 200, self._batch(_parsed(body), prefer, isolated), {}
        if found := re.fullmatch(f"{re.escape(root)}/ODataV4/Company\\('(.+)'\\)/(\\w+)", path):
            return 200, self._page_service(found[1], found[2], params, prefer, base + path), {}
        if not path.startswith(f"{root}/api/v2.0/"):
            raise Refusal(404, "BadRequest_NotFound", "Not found.")
        status, answer = self._one(
            method,
            path.removeprefix(f"{root}/api/v2.0/"),
            params,
            _parsed(body) if body else None,
            str(environ.get("HTTP_IF_MATCH", "")),
            prefer,
            base + path,
        )
        return status, answer, {}

    def _batch(self, asked: Any, prefer: str, isolated: bool) -> Row:
        requests = asked.get("requests") if isinstance(asked, dict) else None
        if not isinstance(requests, list) or len(requests) > BATCH_LIMIT:
            raise Refusal(400, "BadRequest", f"A batch holds 1 to {BATCH_LIMIT} requests.")
        before = copy.deepcopy((self.books.tables, self.books.archive))
        responses = []
        for one in requests:
            path, _, text = str(one["url"]).partition("?")
            headers = {name.lower(): value for name, value in (one.get("headers") or {}).items()}
            params = dict(parse_qsl(text, keep_blank_values=True))
            try:
                status, body = self._one(
                    one["method"], unquote(path), params, one.get("body"), headers.get("if-match", ""), prefer, path
                )
            except Refusal as refusal:
                status, body = _refused(refusal)
            content = {"content-type": "application/json; odata.metadata=minimal"}
            responses.append({"id": one.get("id"), "status": status, "headers": content, "body": body})
            if status >= 400 and isolated:
                self.books.tables, self.books.archive = before
            if status >= 400 and (isolated or "odata.continue-on-error" not in prefer):
                break
        return {"responses": responses}

    def _one(
        self, method: str, path: str, params: Mapping[str, str], body: Any, etag: str, prefer: str, url: str
    ) -> tuple[int, Any]:
        if path.startswith("subscriptions"):
            self._permit(method, _Asked("subscriptions"))
            return self.subscriptions.answer(method, path, body, etag)
        asked = self._asked(path)
        self._permit(method, asked)
        self._note(asked.table, params)
        if method == "GET":
            return 200, self._get(asked, params, prefer, url)
        self.bodies.append((method, asked.table, body))
        before = copy.deepcopy((self.books.tables, self.books.archive))
        try:
            return self._write(method, asked, body, etag, params)
        except Refusal:
            self.books.tables, self.books.archive = before
            raise

    def _write(self, method: str, asked: _Asked, body: Any, etag: str, params: Mapping[str, str]) -> tuple[int, Any]:
        if asked.action:
            if (asked.table, asked.action) != ("salesCreditMemos", "post"):
                raise Refusal(404, "BadRequest_NotFound", f"No action {asked.action}.")
            simulator_postings.post_credit_memo(self.books, self._row(asked))
            return 204, None
        if method == "POST":
            if asked.table == "customers" and "number" in body and not self._manual_numbers:
                message = "You may not enter numbers manually. If you want to, set Manual Nos. in No. Series CUST."
                raise Refusal(400, "Application_DialogException", message)
            row = self.books.create(asked.table, body, asked.parent_id)
            return 201, self._shown(asked.table, row, params)
        row = self._row(asked)
        self._match(row, etag)
        if method == "PATCH":
            self.books.change(asked.table, row, body)
            return 200, self._shown(asked.table, row, params)
        if method == "DELETE":
            self.books.remove(asked.table, row)
            return 204, None
        raise Refusal(405, "BadRequest_MethodNotAllowed", f"{method} is not allowed.")

    def _get(self, asked: _Asked, params: Mapping[str, str], prefer: str, url: str) -> Any:
        if asked.row_id:
            return self._shown(asked.table, self._row(asked), params)
        if asked.table.endswith("Lines") and not asked.parent_id:
            raise Refusal(
                400, "Application_DialogException", "You must specify an Id or a Document Id to get the lines."
            )
        rows = self.books.rows(asked.table)
        if asked.parent_id:
            field = "journalId" if asked.table == "customerPayments" else "documentId"
            rows = [row for row in rows if row[field] == asked.parent_id]
        return self._paged(asked.table, rows, params, prefer, url)

    def _page_service(self, company: str, service: str, params: Mapping[str, str], prefer: str, url: str) -> Row:
        table = self._pages.get(service)
        if company.replace("''", "'") != COMPANY or table is None:
            raise Refusal(404, "BadRequest_NotFound", f"Resource not found for the segment '{service}'.")
        self._permit("GET", _Asked(table))
        self._note(table, params)
        return self._paged(table, [*self.books.rows(table), *self._sales_lines(table)], params, prefer, url)

    def _sales_lines(self, table: str) -> list[Row]:
        if table != "page 516":
            return []
        books = self.books
        return [
            {
                "Document_Type": "Order",
                "Document_No": books.tables["salesOrders"][line["documentId"]]["number"],
                "Line_No": line["sequence"],
                "Type": line["lineType"],
                "No": line["lineObjectNumber"],
                "Variant_Code": books.variant(line),
                "Location_Code": books.place(line),
                "Quantity": line["quantity"],
                "Outstanding_Quantity": line["quantity"] - line["shippedQuantity"],
            }
            for line in books.rows("salesOrderLines")
        ]

    def _paged(self, table: str, rows: list[Row], params: Mapping[str, str], prefer: str, url: str) -> Row:
        found = query.chosen(table, rows, params)
        asked = re.search(r"odata\.maxpagesize=(\d+)", prefer)
        size = min(int(asked[1]) if asked else PAGE_LIMIT, PAGE_LIMIT)
        start = int(params.get("$skiptoken", "0"))
        page = found[start : start + size]
        answer: Row = {"value": [self._shown(table, row, params) for row in page]}
        if start + size < len(found):
            kept = "&".join(f"{name}={value}" for name, value in params.items() if name != "$skiptoken")
            answer["@odata.nextLink"] = f"{url}?{kept}&$skiptoken={start + size}".replace(" ", "%20").replace(
                "'", "%27"
            )
        return answer

    def _shown(self, table: str, row: Row, params: Mapping[str, str]) -> Row:
        for name, (child, _) in CHILDREN.get(table, {}).items():
            for inner in re.findall(rf"{name}\(\$select=([^)]*)\)", params.get("$expand", "")):
                self._note(child, {"$select": inner})
        return query.shown(table, self.books.with_etag(row), params, self.books.children)

    def _asked(self, path: str) -> _Asked:
        """`companies(id)/salesOrders(id)/salesOrderLines` and the like."""
        parts = [part for part in path.strip("/").split("/") if part]
        if parts == ["companies"]:
            return _Asked("companies")
        if not parts or parts[0] != f"companies({self.company_id})":
            raise Refusal(404, "BadRequest_ResourceNotFound", "The company cannot be found.")
        action = parts.pop().removeprefix("Microsoft.NAV.") if parts[-1].startswith("Microsoft.NAV.") else ""
        table, row_id, parent_id = "", "", ""
        for part in parts[1:]:
            found = _SEGMENT.fullmatch(part)
            if found is None:
                raise Refusal(404, "BadRequest_NotFound", f"Resource not found for the segment '{part}'.")
            table, row_id, parent_id = found[1] or found[3], found[2] or "", row_id
            if table not in TABLES:
                raise Refusal(404, "BadRequest_NotFound", f"Resource not found for the segment '{table}'.")
        return _Asked(table, row_id, parent_id, action)

    def _row(self, asked: _Asked) -> Row:
        row = self.books.tables[asked.table].get(asked.row_id)
        if row is None:
            raise Refusal(404, "Internal_RecordNotFound", "The record in table does not exist.")
        return row

    def _match(self, row: Row, etag: str) -> None:
        if not etag:
            raise Refusal(400, "BadRequest_RequiredParamNotProvided", "The If-Match header must be specified.")
        if etag not in ("*", self.books.with_etag(row)["@odata.etag"]):
            raise Refusal(409, "Request_EntityChanged", "Another user has already changed the record.")

    def _permit(self, method: str, asked: _Asked) -> None:
        if {f"{method} {asked.table}", asked.table} & self.denied:
            message = f"Sorry, the current permissions prevented the action. (TableData {asked.table})"
            raise Refusal(403, "Authorization_RequestDenied", message)

    def _note(self, table: str, params: Mapping[str, str]) -> None:
        names = set(params.get("$select", "").split(",")) | set(re.findall(r"\b\w+\b", params.get("$filter", "")))
        self.read_fields |= {(table, name) for name in names if name in TABLES[table]}

    def _stock(self) -> None:
        """What is there from the start."""
        add = self.books.add
        self.books.tables["companies"][self.company_id] = {
            **self.books.add("companies", name=COMPANY, displayName=COMPANY),
            "id": self.company_id,
        }
        for row in [row for row in self.books.rows("companies") if row["id"] != self.company_id]:
            row["name"] = row["displayName"] = "My Company"
        add("generalLedgerSetup", localCurrencyCode="EUR")
        for account, name in _ACCOUNTS.items():
            add("accounts", number=account, displayName=name)
        for code in TAXES:
            add("taxGroups", code=code, displayName=code, taxType="VAT")
        for code in LOCATIONS:
            add("locations", code=code, displayName=code.title())
        for table, codes in (
            ("currencies", ("USD", "GBP")),
            ("paymentTerms", ("PREPAID", "14 DAYS")),
            ("shipmentMethods", ("DHL", "PICKUP")),
            ("customerPaymentJournals", ("WEBSHOP", "PAYPAL")),
        ):
            for code in codes:
                add(table, code=code, displayName=code.title())
        add("itemCategories", code="GOODS", displayName="Goods for sale")
        for number in range(1, 51):
            sku = f"SKU-{number:04d}"
            self.put_product(sku, f"Article {number}")
            item = self.books.by("items", "number", sku) or {}
            item.update(unitPrice=Decimal(10 + number), itemCategoryCode="GOODS", gtin=f"40000000{number:05d}")
            self.put_stock(sku, LOCATIONS[0], Decimal(100))


def _entity(path: str) -> str:
    """What a path is about: its last collection and, for an action, its name."""
    if found := re.search(r"/ODataV4/Company\('.+'\)/(\w+)", path):
        return f"page {found[1]}"
    parts = path.partition("?")[0].strip("/").split("/")
    action = f"/{parts.pop().removeprefix('Microsoft.NAV.')}" if parts[-1].startswith("Microsoft.NAV.") else ""
    return parts[-1].partition("(")[0] + action


def _parsed(body: bytes) -> Any:
    try:
        return simplejson.loads(body, use_decimal=True)
    except ValueError:
        raise Refusal(400, "BadRequest", "The body is not JSON.") from None


def _refused(refusal: Refusal) -> tuple[int, Row]:
    message = f"{refusal.message}  CorrelationId:  {uuid.uuid4()}."
    return refusal.status, {"error": {"code": refusal.code, "message": message}}
