"""Requests to one company: single reads, pages, and JSON $batch. Raises domain errors only.

Batches are never sent with `Isolation: snapshot`: each request in one is a transaction of its own, so that one bad order
fails alone; and with odata.continue-on-error, since the first error would end them otherwise.
Sources: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/webservices/use-odata-batch and
https://dynamicsuser.net/nav/b/kauffmann/posts/batch-calls-with-business-central-2-error-handling
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

from erpsync.domain.errors import OutcomeUnknown, SyncError, Transient, Unavailable
from erpsync.ports.runtime import Tools
from erpsync.systems.dynamics.business_central import refusals
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import Company, Payload, select
from erpsync.transport.http import HttpClient, Reply
from erpsync.transport.oauth import ClientCredentials

BATCH_LIMIT = 100
# Gateways and proxies take addresses of some 8,000 characters, percent-encoded; filters are kept far below.
_FILTER_LENGTH = 1800
_JSON = {"Accept": "application/json", "Accept-Language": "en-US"}


@dataclass(frozen=True)
class Request:
    """One request of a batch. `path` is below the company. `record` names in errors what it is about."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Payload | None = None
    etag: str = ""
    record: str = ""

    @property
    def writes(self) -> bool:
        return self.method != "GET"


@dataclass(frozen=True)
class Answer:
    """How one request of a batch ended. `error` is None where it succeeded."""

    status: int
    body: Any
    error: SyncError | None

    @property
    def rows(self) -> list[Any]:
        """The records of a collection, all of them. Raises the error where it failed."""
        if self.error is not None:
            raise self.error
        if "@odata.nextLink" in self.body:
            what = "There are more records than one answer of Business Central holds."
            raise Unavailable("answer-cut", system=SYSTEM, what=what)
        return list(self.body["value"])


class BusinessCentral:
    """Not for use by several threads at once."""

    def __init__(self, settings: BusinessCentralSettings, tools: Tools) -> None:
        self.asked_at: datetime = tools.clock.now()
        """When the latest answered request was sent, by Business Central's clock."""
        self._settings = settings
        self._clock = tools.clock
        self._settle = float(settings.settle_seconds)
        self._http = HttpClient(
            SYSTEM,
            settings.service,
            tools.clock,
            settle_seconds=self._settle,
            read_seconds=float(settings.timeout_seconds),
            headers=_JSON,
            limiter=tools.limiter,
        )
        self._tokens = ClientCredentials(
            SYSTEM,
            settings.token_endpoint,
            settings.client_id,
            settings.client_secret,
            scope=settings.scope,
            clock=tools.clock,
        )
        self._company: Company | None = None

    def sign_in(self) -> None:
        """Gets a token. Raises as `ClientCredentials.current`."""
        self._tokens.current()

    def companies(self) -> list[Company]:
        return list(self._get("/api/v2.0/companies", {"$select": select(Company)})["value"])

    def company(self) -> Company:
        """The connection's company. Raises Unavailable where there is none of that name or id."""
        if self._company is None:
            wanted = self._settings.company.casefold()
            found = [one for one in self.companies() if wanted in (one["id"].casefold(), one["name"].casefold())]
            if not found:
                raise Unavailable(
                    "no-such-company",
                    system=SYSTEM,
                    what="The environment has no company of that name or id, or the application may not see it.",
                    next_step="Correct `company` of this connection, or give the application permission sets in that "
                    "company; waiting records then go on by themselves.",
                )
            self._company = found[0]
        return self._company

    def read(self, path: str, params: Mapping[str, str], *, page_size: int = 0) -> list[Any]:
        """One page of a collection below the company."""
        prefer = {"Prefer": f"odata.maxpagesize={page_size}"} if page_size else {}
        return list(self._get(f"/api/v2.0/{self._path(path)}", params, prefer)["value"])

    def read_all(self, path: str, params: Mapping[str, str]) -> Iterator[Any]:
        """All pages of a collection below the company, by the links that Business Central gives."""
        return self._follow(f"/api/v2.0/{self._path(path)}", params)

    def read_shared(self, path: str) -> list[Any]:
        """All of a collection that belongs to the environment, as its webhooks do."""
        return list(self._follow(f"/api/v2.0/{path}", {}))

    def read_page_service(self, service: str, params: Mapping[str, str]) -> Iterator[Any]:
        """All rows of a page that is published as a web service."""
        company = quote(self.company()["name"].replace("'", "''"), safe="")
        return self._follow(f"/ODataV4/Company('{company}')/{quote(service, safe='')}", params)

    def batch(self, requests: Sequence[Request]) -> list[Answer]:
        """Sends all in as few requests as there are hundreds, each processed in its order, and answers each for itself."""
        answers: list[Answer] = []
        for start in range(0, len(requests), BATCH_LIMIT):
            answers += self._batch(requests[start : start + BATCH_LIMIT])
        return answers

    def try_batch(self, requests: Sequence[Request]) -> list[Answer]:
        """The same, where what went before must not be lost: a failure of the whole call is each request's own."""
        try:
            return self.batch(requests)
        except SyncError as error:
            return [Answer(0, None, error) for _ in requests]

    def write(self, request: Request) -> Answer:
        """A single write, outside a batch."""
        return self._write(request, self._path(request.path))

    def write_shared(self, request: Request) -> Answer:
        """The same, of what belongs to the environment; `path` is below that."""
        return self._write(request, request.path)

    def _write(self, request: Request, path: str) -> Answer:
        headers = {"If-Match": request.etag} if request.etag else {}
        reply = self._call(
            request.method,
            f"/api/v2.0/{path}",
            write=True,
            json_body=request.body,
            headers=headers,
            returns=(500,),
        )
        body = reply.json() if reply.body else {}
        return self._answer(request, reply.status, reply.headers, body)

    def _batch(self, requests: Sequence[Request]) -> list[Answer]:
        writes = any(request.writes for request in requests)
        payload = {"requests": [self._inner(number, request) for number, request in enumerate(requests)]}
        reply = self._call(
            "POST",
            "/api/v2.0/$batch",
            write=writes,
            json_body=payload,
            headers={"Prefer": "odata.continue-on-error"},
        )
        if reply.status != 200:
            raise refusals.of_connection(reply.status, _json(reply))
        told = self._told(reply, writes)
        return [
            self._answer(request, one["status"], one.get("headers") or {}, one.get("body"))
            if (one := told.get(str(number))) is not None
            else Answer(0, None, self._untold(request))
            for number, request in enumerate(requests)
        ]

    def _told(self, reply: Reply, writes: bool) -> dict[str, Any]:
        """The answers by request. One that cannot be read leaves writes in doubt."""
        answer = _json(reply)
        if isinstance(answer, dict) and isinstance(answer.get("responses"), list):
            return {str(one.get("id")): one for one in answer["responses"]}
        what = "Business Central's answer to a batch could not be read."
        if writes:
            raise OutcomeUnknown("answer-unreadable", system=SYSTEM, what=what, settle_seconds=self._settle)
        raise Transient("answer-unreadable", system=SYSTEM, what=what)

    def _inner(self, number: int, request: Request) -> Payload:
        query = f"?{urlencode(request.params, quote_via=quote)}" if request.params else ""
        inner: Payload = {
            "id": str(number),
            "method": request.method,
            "url": self._path(request.path) + query,
            "headers": dict(_JSON),
        }
        if request.body is not None:
            inner["headers"]["Content-Type"] = "application/json"
            inner["body"] = request.body
        if request.etag:
            inner["headers"]["If-Match"] = request.etag
        return inner

    def _answer(self, request: Request, status: int, headers: Mapping[str, str], body: Any) -> Answer:
        error = None
        if status >= 300:
            error = refusals.of_answer(
                status,
                {name.title(): value for name, value in headers.items()},
                body,
                record=request.record,
                write=request.writes,
                settle_seconds=self._settle,
                now=self._clock.now(),
            )
        return Answer(status, body, error)

    def _untold(self, request: Request) -> SyncError:
        what = "Business Central's answer leaves this request out."
        if request.writes:
            return OutcomeUnknown(
                "answer-missing", system=SYSTEM, record=request.record, what=what, settle_seconds=self._settle
            )
        return Unavailable("answer-missing", system=SYSTEM, what=what)

    def _follow(self, path: str, params: Mapping[str, str]) -> Iterator[Any]:
        prefer = {"Prefer": f"odata.maxpagesize={max(self._settings.page_size, 5000)}"}
        page = self._get(path, params, prefer)
        yield from page["value"]
        while link := page.get("@odata.nextLink"):
            # The token must not follow a link to anywhere else.
            if not str(link).startswith(self._settings.service):
                raise Unavailable(
                    "strange-link", system=SYSTEM, what="Business Central's link to the next page leads elsewhere."
                )
            page = self._get(link, {}, prefer)
            yield from page["value"]

    def _get(self, path: str, params: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Any:
        query = f"?{urlencode(params, quote_via=quote)}" if params else ""
        reply = self._call("GET", path + query, write=False, headers=headers)
        if reply.status != 200:
            raise refusals.of_connection(reply.status, _json(reply))
        return reply.json()

    def _call(self, method: str, path: str, **options: Any) -> Reply:
        started = self._clock.now()
        reply = self._tokens.call(self._http, method, path, **options)
        told = reply.headers.get("Date", "")
        took = self._clock.now() - started
        self.asked_at = (parsedate_to_datetime(told) - took) if told else started
        return reply

    def _path(self, path: str) -> str:
        return f"companies({self.company()['id']})/{path}"


def one_of(field_name: str, values: Iterable[str]) -> list[str]:
    """Filters that together let exactly these values through, each short enough for an address."""
    filters: list[str] = []
    current = ""
    for value in values:
        term = f"{field_name} eq {text(value)}"
        if current and len(current) + len(term) > _FILTER_LENGTH:
            filters.append(current)
            current = ""
        current = f"{current} or {term}" if current else term
    return [*filters, current] if current else filters


def text(value: str) -> str:
    """A text as OData writes it."""
    return "'" + value.replace("'", "''") + "'"


def _json(reply: Reply) -> Any:
    try:
        return reply.json()
    except SyncError:
        return None
