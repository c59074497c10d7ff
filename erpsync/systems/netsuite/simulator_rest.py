"""The REST face of the simulated account: SuiteTalk REST web services on the same books as the SOAP face.

Pages: see README.md, "By REST". Requests of both faces count against the account's one limit.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from erpsync.ports.simulator import Start
from erpsync.systems.netsuite.simulator_access import Access, Fault
from erpsync.systems.netsuite.simulator_books import Books
from erpsync.systems.netsuite.simulator_rest_access import Certificates, PrivateKey, Refused
from erpsync.systems.netsuite.simulator_rest_jobs import JOB_LIMIT, Jobs
from erpsync.systems.netsuite.simulator_rest_records import FIELDS, TAX_TYPES, BadContent, fields_of, told, values_of
from erpsync.systems.netsuite.simulator_rest_sql import BadQuery, SuiteQl
from erpsync.systems.netsuite.simulator_rules import Refusal

MAX_PAGE = 1000
TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 - an address
_COLLECTION = "application/vnd.oracle.resource+json; type=collection"
_RECORD = re.compile(r"/services/rest/record/v1/(\w+)(?:/(.+))?")
_METADATA = re.compile(r"/services/rest/record/v1/metadata-catalog/(\w+)")
_JOB = re.compile(r"/services/rest/async/v1/job/(\d+)(?:/task(?:/(\d+)(/result)?)?)?")
_FROM = re.compile(rb"FROM (\w+)", re.IGNORECASE)
_TYPE = re.compile(rb"type = '(\w+)'")
_BUSY = "Concurrent request limit exceeded. Request blocked."
# Kinds of records without which SuiteQL does not know these tables.
_HIDES = {"item": ("item", "pricing", "aggregateitemlocation"), "customer": ("customer",), "location": ("location",)}
_STATUS_WORDS = {200: "OK", 202: "Accepted", 204: "No Content", 400: "Bad Request", 401: "Unauthorized"}


class Problem(Exception):
    """A request that is refused."""

    def __init__(self, status: int, code: str, detail: str, path: str = "", location: str = "") -> None:
        self.status = status
        self.location = location
        self.error = {"detail": detail, "o:errorCode": code, **({"o:errorPath": path} if path else {})}
        super().__init__(code)


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base_url: str

    def json(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body, parse_float=Decimal)
        except ValueError:
            raise Problem(400, "INVALID_CONTENT", "The request body is not JSON.") from None
        if not isinstance(found, dict):
            raise Problem(400, "INVALID_CONTENT", "The request body is not an object.")
        return found


@dataclass(frozen=True)
class Answer:
    status: int
    body: object = None
    location: str = ""


class RestFace:
    """`denied` is the simulator's: kinds of records that the role may not touch, or "webServices"."""

    def __init__(
        self,
        books: Books,
        access: Access,
        denied: set[str],
        now: Callable[[], datetime],
        *,
        key: PrivateKey | None = None,
        utc_offset: timedelta = timedelta(hours=-8),
    ) -> None:
        """`key`: what the certificate's private key is to be. `utc_offset`: the zone in which SuiteQL tells times."""
        self.certificates = Certificates(now, key)
        self.jobs = Jobs()
        self.administrator = False
        """Whether the role is told the account's limits."""
        self._books = books
        self._access = access
        self._denied = denied
        self._now = now
        self._queries = SuiteQl(books, utc_offset)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        request = _request(environ)
        try:
            answer = self._answer(request)
        except Problem as problem:
            answer = Answer(problem.status, _error(problem), problem.location)
        body = b"" if answer.body is None else json.dumps(answer.body, default=_number).encode()
        headers = [("Content-Length", str(len(body))), ("Date", format_datetime(self._now(), usegmt=True))]
        if body:
            headers.append(("Content-Type", "application/vnd.oracle.resource+json; type=singular"))
        if answer.location:
            headers.append(("Location", answer.location))
        if answer.status == 202:
            headers.append(("Preference-Applied", "respond-async"))
        start_response(f"{answer.status} {_STATUS_WORDS.get(answer.status, 'Error')}", headers)
        return [body]

    def settings(self) -> Mapping[str, str]:
        """What a connection needs to use REST, besides the settings of the SOAP face."""
        return {
            "transport": "rest",
            "client_id": self.certificates.client_id,
            "certificate_id": self.certificates.certificate_id,
            "private_key": self.certificates.private_key,
        }

    def operation(self, environ: Mapping[str, Any], body: bytes) -> str:
        """ "token", "PUT salesOrder", "POST salesOrder" (one or many), "job", "suiteql customer", or "find SalesOrd" for a
        query by external ids."""
        path = environ.get("PATH_INFO", "")
        if path == TOKEN_PATH:
            return "token"
        if path.endswith("/suiteql"):
            table, type_ = _FROM.search(body), _TYPE.search(body)
            name = (type_ or table)[1].decode() if type_ or table else "unreadable"  # type: ignore[index]
            return f"find {name}" if b"externalid IN" in body else f"suiteql {name}"
        if path.startswith("/services/rest/async/"):
            return "job"
        record = _RECORD.fullmatch(path)
        return f"{environ['REQUEST_METHOD']} {record[1]}" if record else path.rpartition("/")[2]

    def _answer(self, request: Request) -> Answer:
        if request.path == TOKEN_PATH:
            return self._token(request)
        if not self.certificates.knows(request.headers.get("authorization", "")):
            raise Problem(401, "INVALID_LOGIN", "Invalid login attempt. For more details, see the Login Audit Trail.")
        if "webServices" in self._denied:
            raise Problem(
                403, "INSUFFICIENT_PERMISSION", "Permission Violation: you need the REST Web Services permission."
            )
        try:
            with self._access.slot():
                return self._perform(request)
        except Fault:
            raise Problem(429, "CONCURRENCY_LIMIT_EXCEEDED", _BUSY) from None

    def _token(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode()))
        try:
            return Answer(200, self.certificates.exchange(form, f"{request.base_url}{TOKEN_PATH}"))
        except Refused as refused:
            return Answer(400, {"error": str(refused)})

    def _perform(self, request: Request) -> Answer:
        job, metadata, record = (shape.fullmatch(request.path) for shape in (_JOB, _METADATA, _RECORD))
        if request.path == "/services/rest/system/v1/serverTime":
            return Answer(200, {"serverTime": f"{self._now():%Y-%m-%dT%H:%M:%S.000Z}"})
        if request.path == "/services/rest/system/v1/governanceLimits":
            if not self.administrator:
                raise Problem(403, "INSUFFICIENT_PERMISSION", "You must be an administrator.")
            return Answer(200, {"accountConcurrencyLimit": self._access.concurrency, "type": "accountLimit"})
        if request.path == "/services/rest/query/v1/suiteql" and request.method == "POST":
            return self._query(request)
        if job:
            return self._job(job[1], job[2])
        if metadata and metadata[1] in FIELDS:
            self._permit(metadata[1])
            return Answer(200, {"type": "object", "properties": {name: {} for name in fields_of(metadata[1])}})
        if record:
            return self._record(request, record[1], unquote(record[2] or ""))
        raise Problem(404, "NOT_FOUND", "The requested resource does not exist.")

    def _query(self, request: Request) -> Answer:
        if request.headers.get("prefer") != "transient":
            raise Problem(400, "INVALID_HEADER", "The required request header 'Prefer' is missing or invalid.")
        limit, offset = int(request.query.get("limit", MAX_PAGE)), int(request.query.get("offset", 0))
        if not 1 <= limit <= MAX_PAGE or offset % limit:
            raise Problem(400, "INVALID_PARAMETER", "Provide a valid limit, and an offset divisible by it.")
        hidden = [table for kind in self._denied for table in _HIDES.get(kind, ())]
        try:
            rows = self._queries.run(str(request.json().get("q", "")), hidden)
        except BadQuery as error:
            raise Problem(400, "INVALID_PARAMETER", str(error)) from None
        page = [{"links": [], **row} for row in rows[offset : offset + limit]]
        more = offset + limit < len(rows)
        totals = {"count": len(page), "offset": offset, "totalResults": len(rows), "hasMore": more}
        return Answer(200, {"links": [], "items": page, **totals})

    def _record(self, request: Request, kind: str, key: str) -> Answer:
        if kind == "salesTaxItem" and request.method == "GET" and key in TAX_TYPES:
            return Answer(200, {"id": key, "taxType": {"id": TAX_TYPES[key]}})
        if kind not in FIELDS and not (request.method == "GET" and kind in ("itemFulfillment", "invoice") and not key):
            raise Problem(404, "NOT_FOUND", f"Record type '{kind}' does not exist.")
        self._permit(kind)
        if request.method == "GET":
            return self._read(request, kind, key)
        if request.method == "POST" and not key:
            if request.headers.get("content-type", "") == _COLLECTION:
                return self._batch(request, kind)
            return self._written(request, kind, request.json(), lambda values: self._books.add(kind, values))
        if request.method == "PUT" and key.startswith("eid:"):
            eid = {"externalId": key.removeprefix("eid:")}
            return self._written(request, kind, request.json(), lambda v: self._books.upsert(kind, {**v, **eid}))
        if request.method == "PATCH" and key:
            return self._written(request, kind, request.json(), lambda v: self._books.update(kind, {**v, **_ref(key)}))
        raise Problem(405, "METHOD_NOT_ALLOWED", "The method is not supported for this resource.")

    def _read(self, request: Request, kind: str, key: str) -> Answer:
        if not key:
            return Answer(200, {"items": [], "hasMore": False})
        found = self._books.get(kind, _ref(key))
        if found is None:
            raise Problem(
                404, "NONEXISTENT_ID", "The record instance does not exist. Provide a valid record instance ID."
            )
        record = told(kind, found, expanded=request.query.get("expandSubResources") == "true")
        asked = request.query.get("fields")
        return Answer(200, {name: record[name] for name in asked.split(",") if name in record} if asked else record)

    def _written(
        self, request: Request, kind: str, body: Mapping[str, Any], do: Callable[[dict[str, Any]], str]
    ) -> Answer:
        replace = frozenset(filter(None, request.query.get("replace", "").split(",")))
        try:
            internal_id = do(values_of(kind, body, replace))
        except BadContent as bad:
            raise Problem(400, "INVALID_CONTENT", bad.message, bad.path) from None
        except Refusal as refusal:
            status = 404 if refusal.code == "RCRD_DSNT_EXIST" else 400
            raise Problem(status, refusal.code, f"Error while accessing a resource. {refusal.message}") from None
        return Answer(204, None, f"{request.base_url}/services/rest/record/v1/{kind}/{internal_id}")

    def _batch(self, request: Request, kind: str) -> Answer:
        if request.headers.get("prefer") != "respond-async":
            raise Problem(
                400, "INVALID_HEADER", "Batch operations are asynchronous: Prefer: respond-async is required."
            )
        items = request.json().get("items")
        if not isinstance(items, list) or not 0 < len(items) <= JOB_LIMIT:
            raise Problem(400, "INVALID_CONTENT", "A batch request holds 1 to 100 records.")
        tasks = [lambda one=one: self._task(request, kind, one) for one in items]
        job_id, is_new = self.jobs.submit(tasks, request.headers.get("x-netsuite-idempotency-key", ""))
        location = f"/services/rest/async/v1/job/{job_id}"
        if not is_new:
            raise Problem(400, "IDEMPOTENCY_ERROR", "A request with this key was submitted.", location=location)
        return Answer(202, None, location)

    def _task(self, request: Request, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One record of a job."""
        try:
            ids = {"externalId": body["externalId"]} if body.get("externalId") else {}
            answer = self._written(request, kind, body, lambda v: self._books.add(kind, {**v, **ids}))
            return {"status": answer.status, "location": answer.location}
        except Problem as problem:
            return _error(problem)

    def _job(self, job_id: str, task: str | None) -> Answer:
        job = self.jobs.get(job_id)
        if job is None:
            raise Problem(404, "NOT_FOUND", "The job does not exist.")
        if task is not None:
            return Answer(200, job.results[int(task) - 1])
        progress = "succeeded" if job.completed else "pending"
        return Answer(200, {"id": job.id, "completed": job.completed, "progress": progress, "task": {"links": []}})

    def _permit(self, kind: str) -> None:
        if kind in self._denied:
            raise Problem(403, "INSUFFICIENT_PERMISSION", "Permission Violation: you need another permission.")


def _request(environ: Mapping[str, Any]) -> Request:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=dict(parse_qsl(environ.get("QUERY_STRING", ""))),
        headers=headers,
        body=environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)),
        base_url=f"{environ['wsgi.url_scheme']}://{environ['HTTP_HOST']}",
    )


def _ref(key: str) -> dict[str, str]:
    return {"externalId": key.removeprefix("eid:")} if key.startswith("eid:") else {"internalId": key}


def _error(problem: Problem) -> dict[str, Any]:
    return {
        "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15",
        "title": _STATUS_WORDS.get(problem.status, "Error"),
        "status": problem.status,
        "o:errorDetails": [problem.error],
    }


def _number(value: object) -> float | int:
    """Decimals of the books, as JSON numbers."""
    if not isinstance(value, Decimal):
        raise TypeError(type(value).__name__)
    return int(value) if value == value.to_integral_value() else float(value)
