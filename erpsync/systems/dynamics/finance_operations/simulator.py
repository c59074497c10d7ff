"""Finance & Operations on a small scale, as a WSGI application: Entra's token endpoint and the OData service.

Written from Microsoft's documents (see the README); shares no code with the adapter. Without cross-company=true a request
sees the user's default company alone. Totals of orders are zero until the batch job has run.
"""

import re
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode

import simplejson

from erpsync.ports.simulator import Start
from erpsync.systems.dynamics.finance_operations import simulator_batch
from erpsync.systems.dynamics.finance_operations.simulator_access import (
    CLIENT_ID,
    CLIENT_SECRET,
    TENANT,
    Access,
    Limits,
)
from erpsync.systems.dynamics.finance_operations.simulator_batch import Answer, Part
from erpsync.systems.dynamics.finance_operations.simulator_books import Books, entity_named
from erpsync.systems.dynamics.finance_operations.simulator_controls import COMPANY, GROUP, LOCATIONS, Controls
from erpsync.systems.dynamics.finance_operations.simulator_filter import compiled
from erpsync.systems.dynamics.finance_operations.simulator_sales import ON_HAND, RATES, Sales
from erpsync.systems.dynamics.finance_operations.simulator_schema import Entity, Row
from erpsync.systems.dynamics.finance_operations.simulator_tables import Refused, Tables, etag

# The most rows of one answer, and the most operations of one batch.
MAX_PAGE = 10_000
MAX_OPERATIONS = 5_000
_KEYED = re.compile(r"(\w+)\((.*)\)")
_KEY = re.compile(r"(\w+)=('(?:[^']|'')*'|[^,]+)")
_CHARGES = ("FREIGHT", "TIP", "DUTY", "FEE", "ROUNDING", "GOODWILL")


class FinanceOperationsSimulator:
    """See `erpsync.ports.simulator.Simulator`. `default_company` is that of the application's user."""

    def __init__(
        self,
        *,
        manual_numbers: bool = True,
        manual_accounts: bool = True,
        tax_per_line: bool = True,
        default_company: str = "dat",
        max_page: int = MAX_PAGE,
        limits: Limits | None = None,
        token_seconds: int = 3599,
        denied: Collection[tuple[str, str]] = (),
        clock_offset_seconds: float = 0.0,
        change: Callable[[Row], Row] = lambda row: row,
    ) -> None:
        """`change` may alter what a line is given before it is written, as a price policy does."""
        self._lock = threading.RLock()
        self._tables = Tables()
        self._sales = Sales(self._tables, manual_numbers=manual_numbers, tax_per_line=tax_per_line)
        self._books = Books(self._tables, self._sales, manual_accounts=manual_accounts)
        self.access = Access(limits or Limits(), token_seconds, denied)
        self.controls = Controls(self._tables, self._sales, self._lock)
        self._default_company = default_company
        self._max_page = max_page
        self._clock_offset_seconds = clock_offset_seconds
        self._change = change
        self._ours = manual_numbers and manual_accounts
        _furnish(self._tables, self.controls)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        answer = self._answer(environ, body)
        headers = {"Date": self._date(), "Content-Length": str(len(answer.body)), **answer.headers}
        start_response(f"{answer.status} Answer", list(headers.items()))
        return [answer.body]

    def settings(self, base_url: str) -> Mapping[str, str]:
        numbers = "ours" if self._ours else "sequence"
        return {
            "url": base_url,
            "tenant": TENANT,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "token_url": f"{base_url}/{TENANT}/oauth2/v2.0/token",
            "company": COMPANY,
            "order_numbers": numbers,
            "customer_accounts": numbers,
            "currencies": "EUR, USD",
            "sales_tax_group": "ALL",
            "tax_codes": "19=FULL, 7=RED, 0=EXEMPT",
            "shipping_charge": "FREIGHT",
            "tip_charge": "TIP",
            "duty_charge": "DUTY",
            "fee_charge": "FEE",
            "rounding_charge": "ROUNDING",
            "refund_charge": "GOODWILL",
            "payment_methods": "card=CARD",
            "payment_journal": "CustPay",
            "shipping_methods": "standard=10",
            "default_customer_group": GROUP,
            "site": "1",
            "warehouse": LOCATIONS[0],
            "stock_locations": ", ".join(LOCATIONS),
            "price_lists": "WEB",
            "inactive_lifecycle_states": "Obsolete",
        }

    def records(self) -> Mapping[str, list[dict[str, Any]]]:
        with self._lock:
            names = (
                "SalesOrderHeadersV2",
                "SalesOrderLines",
                "CustomersV3",
                "CustomerPaymentJournalHeaders",
                "CustomerPaymentJournalLines",
            )
            return {name: [_json(_told(row)) for row in self._tables.all(name)] for name in names}

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        """As in: token, GET CustomersV3, batch POST SalesOrderHeadersV2 + POST SalesOrderLines."""
        path = str(environ["PATH_INFO"])
        if path.endswith("/token"):
            return "token"
        if path != "/data/$batch":
            return f"{environ['REQUEST_METHOD']} {path.removeprefix('/data/').partition('(')[0]}"
        try:
            operations = simulator_batch.parse(str(environ.get("CONTENT_TYPE", "")), body)
        except simulator_batch.Malformed:
            return "batch"
        parts = [part for one in operations for part in (one if isinstance(one, list) else [one])]
        held = dict.fromkeys(f"{part.method} {re.split('[?(]', part.url)[0]}" for part in parts)
        return f"batch {' + '.join(held)}"

    def _answer(self, environ: Mapping[str, Any], body: bytes) -> Answer:
        path = str(environ["PATH_INFO"])
        with self._lock:
            if path.endswith("/oauth2/v2.0/token"):
                status, told = self.access.token(path.split("/")[1], body, str(environ["HTTP_HOST"]))
                return _reply(status, told)
            if not self.access.knows(str(environ.get("HTTP_AUTHORIZATION", ""))):
                return _reply(401, {})
            throttled = self.access.enter()
        if throttled is not None:
            return _failure(Refused(429, throttled[0], "TooManyRequests"), {"Retry-After": str(throttled[1])})
        try:
            if path == "/data/$batch":
                return self._batch(environ, body)
            url = f"{path.removeprefix('/data/')}?{environ.get('QUERY_STRING', '')}"
            part = Part(str(environ["REQUEST_METHOD"]), url, {"if-match": str(environ.get("HTTP_IF_MATCH", ""))}, body)
            return self._alone(part, f"http://{environ['HTTP_HOST']}/data/")
        finally:
            with self._lock:
                self.access.leave()

    def _batch(self, environ: Mapping[str, Any], body: bytes) -> Answer:
        """Each operation for itself; without `Prefer: odata.continue-on-error` the first failure is the last answer."""
        try:
            operations = simulator_batch.parse(str(environ.get("CONTENT_TYPE", "")), body)
        except simulator_batch.Malformed as error:
            return _failure(Refused(400, f"The batch is malformed: {error}.", "ODataException"))
        if sum(len(one) if isinstance(one, list) else 1 for one in operations) > MAX_OPERATIONS:
            return _failure(Refused(400, f"A batch takes {MAX_OPERATIONS} operations.", "ODataException"))
        go_on = "odata.continue-on-error" in str(environ.get("HTTP_PREFER", ""))
        root = f"http://{environ['HTTP_HOST']}/data/"
        answers: list[Answer | list[Answer]] = []
        for operation in operations:
            answer = self._together(operation, root) if isinstance(operation, list) else self._alone(operation, root)
            answers.append(answer)
            if isinstance(answer, Answer) and answer.status >= 400 and not go_on:
                break
        boundary = f"batchresponse_{secrets.token_hex(8)}"
        headers = {"Content-Type": f"multipart/mixed; boundary={boundary}", "OData-Version": "4.0"}
        return Answer(200, headers, simulator_batch.compose(answers, boundary))

    def _together(self, parts: list[Part], root: str) -> Answer | list[Answer]:
        """A change set: all of it, or one answer with the error and nothing of it."""
        with self._lock:
            self._tables.begin()
            try:
                return [self._do(part, root) for part in parts]
            except Refused as refused:
                self._tables.roll_back()
                return _failure(refused)

    def _alone(self, part: Part, root: str) -> Answer:
        answer = self._together([part], root)
        return answer if isinstance(answer, Answer) else answer[0]

    def _do(self, part: Part, root: str) -> Answer:
        path, _, text = part.url.removeprefix("/data/").partition("?")
        query = {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}
        keyed = _KEYED.fullmatch(unquote(path))
        entity = entity_named(keyed[1] if keyed else path)
        if (part.method, entity.name) in self.access.denied:
            raise Refused(403, f"Access denied for {entity.name}.", "SecurityException")
        if part.method == "GET" and keyed is None:
            return self._list(entity, query, root)
        if not entity.writable or part.method not in ("POST", "PATCH", "DELETE"):
            raise Refused(405, f"{entity.name} takes no {part.method}.", "ODataException")
        if part.method == "POST":
            body = simplejson.loads(part.body, use_decimal=True)
            given = {"dataAreaId": self._default_company, **body}
            row = self._books.post(entity, self._change(given) if entity.name == "SalesOrderLines" else given)
            told = {"@odata.etag": etag(row), **_told(row)}
            return Answer(201, _JSON, simplejson.dumps(told, use_decimal=True).encode(), part.content_id)
        row = self._one(entity, keyed[2] if keyed else "", query)
        match = part.headers.get("if-match", "")
        if part.method == "PATCH":
            body = simplejson.loads(part.body, use_decimal=True)
            body = self._change({**row, **body}) if entity.name == "SalesOrderLines" else body
            changed = self._books.patch(
                entity, row, {name: body[name] for name in body if row.get(name) != body[name]}, match
            )
            if "return=representation" in part.headers.get("prefer", ""):
                told = {"@odata.etag": etag(changed), **_told(changed)}
                return Answer(200, _JSON, simplejson.dumps(told, use_decimal=True).encode(), part.content_id)
        else:
            self._books.delete(entity, row, match)
        return Answer(204, {}, b"", part.content_id)

    def _one(self, entity: Entity, key: str, query: Mapping[str, str]) -> Row:
        values: Row = {}
        for name, text in _KEY.findall(key):
            values[name] = text[1:-1].replace("''", "'") if text.startswith("'") else Decimal(text)
        if set(values) != set(entity.key):
            raise Refused(400, "All fields of the entity key must be provided.", "ODataException")
        row = self._tables.get(entity.name, **values)
        if row is None or not self._visible(entity, row, query):
            raise Refused(404, "", "NotFound")
        return row

    def _list(self, entity: Entity, query: Mapping[str, str], root: str) -> Answer:
        allowed = {"$filter", "$select", "$orderby", "$top", "$skip", "$count", "cross-company"}
        if not query.keys() <= allowed:
            raise Refused(400, "The query option is not supported.", "ODataException")
        known = self._sales.stock() if entity.name == ON_HAND else self._tables.all(entity.name)
        rows = [row for row in known if self._visible(entity, row, query)]
        if query.get("$filter"):
            rows = list(filter(compiled(entity, query["$filter"]), rows))
        order = [one for one in query.get("$orderby", "").split(",") if one] or list(entity.key)
        chosen = [one for one in query.get("$select", "").split(",") if one] or list(entity.fields)
        unknown = [name for name in (*order, *chosen) if name not in entity.fields]
        if unknown or len(set(chosen)) < len(chosen):
            kind = f"Microsoft.Dynamics.DataEntities.{entity.type}"
            raise Refused(
                400, f"Could not find a property named '{unknown or chosen}' on type '{kind}'.", "ODataException"
            )
        rows.sort(key=lambda row: [_sortable(row[name]) for name in order])
        skip, top = int(query.get("$skip", 0)), int(query.get("$top", len(rows)))
        wanted = rows[skip : skip + top]
        page: dict[str, Any] = {
            "@odata.context": f"{root}$metadata#{entity.name}",
            "value": [
                {"@odata.etag": etag(row), **{name: row[name] for name in chosen}} for row in wanted[: self._max_page]
            ],
        }
        if len(wanted) > self._max_page:
            rest = {**query, "$skip": str(skip + self._max_page)}
            if "$top" in query:
                rest["$top"] = str(top - self._max_page)
            page["@odata.nextLink"] = f"{root}{entity.name}?{urlencode(rest, quote_via=quote)}"
        return _reply(200, page)

    def _visible(self, entity: Entity, row: Row, query: Mapping[str, str]) -> bool:
        if entity.shared or query.get("cross-company") == "true":
            return True
        return bool(row["dataAreaId"] == self._default_company)

    def _date(self) -> str:
        return formatdate(time.time() + self._clock_offset_seconds, usegmt=True)


_JSON = {"Content-Type": "application/json; odata.metadata=minimal"}


def create() -> FinanceOperationsSimulator:
    return FinanceOperationsSimulator()


def _reply(status: int, told: object) -> Answer:
    return Answer(status, _JSON, simplejson.dumps(told, use_decimal=True).encode() if told else b"")


def _failure(refused: Refused, headers: Mapping[str, str] | None = None) -> Answer:
    if not refused.message:
        return Answer(refused.status, {**_JSON, **(headers or {})})
    inner = {
        "message": refused.message,
        "type": f"Microsoft.Dynamics.Platform.Integration.Services.OData.{refused.kind}",
        "stacktrace": "   at Microsoft.Dynamics.Platform.Integration.Services.OData.Update.UpdateProcessor",
    }
    error = {"error": {"code": "", "message": "An error has occurred.", "innererror": inner}}
    return Answer(refused.status, {**_JSON, **(headers or {})}, simplejson.dumps(error).encode())


def _furnish(tables: Tables, controls: Controls) -> None:
    """The companies, their codes, fifty items and the service items of charges."""
    for company in ("dat", COMPANY, "frrt"):
        tables.insert("LegalEntities", {"LegalEntityId": company, "Name": company.upper()})
    for code in ("EUR", "USD"):
        tables.insert("Currencies", {"CurrencyCode": code})
    codes = {
        ("TaxGroups", "TaxGroupCode"): ("ALL",),
        ("TaxItemGroupHeadings", "TaxItemGroup"): tuple(RATES),
        ("CustomerGroups", "CustomerGroupId"): (GROUP, "20"),
        ("CustomerPaymentMethods", "Name"): ("CARD", "WIRE"),
        ("DeliveryModesV2", "ModeCode"): ("10", "20"),
        ("JournalNames", "Name"): ("CustPay",),
        ("Warehouses", "WarehouseId"): LOCATIONS,
    }
    for (entity, field), values in codes.items():
        for value in values:
            tables.insert(entity, {"dataAreaId": COMPANY, field: value})
    for number in range(1, 51):
        controls.release(f"SKU-{number:04d}", f"Item {number}")
    for charge in _CHARGES:
        controls.release(charge, charge.title(), service=True, SalesSalesTaxItemGroupCode="EXEMPT")


def _told(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _json(row: Row) -> dict[str, Any]:
    return {name: f"{value:f}" if isinstance(value, Decimal) else value for name, value in row.items()}


def _sortable(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
