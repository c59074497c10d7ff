"""Calls to S/4HANA's OData V2 services. Wire in, wire out; raises domain errors, and Refusal where the caller must judge.

Writes need a csrf token, which belongs to the session that its cookies name: both are renewed when SAP answers 403 with
`x-csrf-token: Required`; nothing was done then. Every write goes through $batch, one change set per record.
Source: https://blogs.sap.com/2021/06/04/how-does-csrf-token-work-sap-gateway/
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from erpsync.domain.errors import SyncError
from erpsync.ports.runtime import Tools
from erpsync.systems.sap.odata import refusals
from erpsync.systems.sap.odata.access import Access
from erpsync.systems.sap.odata.edm import parts, query
from erpsync.systems.sap.odata.refusals import Refusal
from erpsync.systems.sap.odata.settings import MAX_BATCH, SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import PATHS, SALES_ORDERS, Row
from erpsync.transport import batch
from erpsync.transport.batch import Answer, BatchUnreadable, ChangeSet, Operation, Request
from erpsync.transport.http import HttpClient, Reply

_ROOT = "/sap/opu/odata/sap/"
_JSON = {"Accept": "application/json"}


@dataclass(frozen=True)
class Page:
    """Rows of one answer. `following` is the query of those that SAP left for a further answer, empty where there are
    none; `count` is how many there are in all, where it was asked for ($inlinecount)."""

    rows: list[Row]
    following: str = ""
    count: int | None = None


class Gateway:
    """One system. Not for use by several threads at once."""

    def __init__(self, settings: SapODataSettings, tools: Tools) -> None:
        self.replied_at: datetime | None = None
        """The Date header of the latest answer, errors included."""
        self._settings = settings
        self._tools = tools
        self._access = Access(settings, tools.clock)
        self._http = HttpClient(
            SYSTEM,
            settings.url,
            tools.clock,
            settle_seconds=settings.settle_seconds,
            read_seconds=settings.timeout_seconds,
            limiter=tools.limiter,
        )
        self._csrf = ""

    def now(self) -> datetime:
        """The remote's time as of its latest answer; this machine's where it has not answered yet."""
        return self.replied_at or self._tools.clock.now()

    def ping(self, service: str = SALES_ORDERS) -> datetime:
        """The remote's time. The service document is the cheapest read that needs a log-on."""
        reply = self._call("GET", self._path(service) + "/", write=False, headers=_JSON)
        self._refuse(reply, service)
        return self.now()

    def metadata(self, service: str) -> bytes:
        """The service's EDMX."""
        reply = self._call(
            "GET", self._path(service) + "/$metadata", write=False, headers={"Accept": "application/xml"}
        )
        self._refuse(reply, service)
        return reply.body

    def page(self, service: str, entities: str, **options: str) -> Page:
        """One answer of a collection. `options` are the query's, named without their $."""
        return self._page(service, query(entities, options))

    def rows(self, service: str, entities: str, **options: str) -> list[Row]:
        """All rows of one query, in as many answers as SAP makes of them."""
        return self._to_the_end(service, self.page(service, entities, **options))

    def rows_of(self, service: str, queries: Sequence[str]) -> list[list[Row]]:
        """All rows of each query: in one $batch, and one request for each further page that SAP makes of a result."""
        found: list[list[Row]] = []
        for part in parts(queries, MAX_BATCH):
            answers = self._batch(service, [Request("GET", url, _JSON) for url in part], write=False)
            if len(answers) != len(part):
                raise refusals.unreadable("A batch was answered in part.", write=False, settle_seconds=0)
            found += [self._to_the_end(service, self._read(answer, service)) for answer in answers]
        return found

    def write(self, service: str, change_sets: Sequence[ChangeSet]) -> list[Answer | SyncError | Refusal]:
        """Does each change set on its own, all in one request. Raises OutcomeUnknown where the answer is lost."""
        outcomes: list[Answer | SyncError | Refusal] = []
        answers = self._batch(service, change_sets, write=True)
        for change_set, answer in zip(change_sets, answers, strict=False):
            outcomes.append(self._outcome(change_set, answer))
        settle = self._settings.settle_seconds
        for _ in change_sets[len(outcomes) :]:
            outcomes.append(refusals.unreadable("The answer lacks this record.", write=True, settle_seconds=settle))
        return outcomes

    def _outcome(self, change_set: ChangeSet, answer: Answer) -> Answer | SyncError | Refusal:
        settle = self._settings.settle_seconds
        for one in answer:
            error = refusals.of_part(one, write=True, settle_seconds=settle, now=self._tools.clock.now())
            if error is not None:
                return error
        if len(answer) != len(change_set.requests):
            return refusals.unreadable("The answer lacks a part of this record.", write=True, settle_seconds=settle)
        return answer

    def _batch(self, service: str, operations: Sequence[Operation], *, write: bool) -> list[Answer]:
        if not operations:
            return []
        content_type, body = batch.write(operations, self._tools.nonce()[:40])
        headers = {"Content-Type": content_type, "Accept": "multipart/mixed"}
        reply = self._post(f"{self._path(service)}/$batch", body, headers, write=write)
        self._refuse(reply, service)
        settle = self._settings.settle_seconds
        try:
            return batch.read(reply.headers.get("Content-Type", ""), reply.body)
        except BatchUnreadable as error:
            raise refusals.unreadable(f"A batch was wrong: {error}.", write=write, settle_seconds=settle) from error

    def _post(self, path: str, body: bytes, headers: Mapping[str, str], *, write: bool) -> Reply:
        fresh = not self._csrf
        for _ in range(2):
            if not self._csrf:
                self._fetch_csrf(path.rpartition("/")[0] + "/")
            reply = self._call("POST", path, write=write, data=body, headers={**headers, "X-CSRF-Token": self._csrf})
            if reply.status != 403 or reply.headers.get("x-csrf-token", "").lower() != "required" or fresh:
                return reply
            self._csrf = ""
            fresh = True
        return reply

    def _fetch_csrf(self, path: str) -> None:
        reply = self._call("GET", path, write=False, headers={**_JSON, "X-CSRF-Token": "Fetch"})
        self._refuse(reply, path)
        self._csrf = reply.headers.get("x-csrf-token", "")

    def _call(
        self,
        method: str,
        path: str,
        *,
        write: bool,
        headers: Mapping[str, str],
        data: bytes | None = None,
    ) -> Reply:
        params = {"sap-language": self._settings.language}
        if self._settings.sap_client:
            params["sap-client"] = self._settings.sap_client
        url = path + ("&" if "?" in path else "?") + "&".join(f"{name}={value}" for name, value in params.items())
        for _ in range(2):
            may_renew = self._access.can_renew
            sent = {**headers, "Authorization": self._access.header()}
            reply = self._http.call(method, url, write=write, data=data, headers=sent, returns={401})
            self.replied_at = _date(reply.headers) or self.replied_at
            if reply.status != 401 or not may_renew:
                break
            self._access.forget()
        if reply.status == 401:
            raise refusals.credentials()
        return reply

    def _path(self, service: str) -> str:
        path = self._settings.services.get(service, PATHS.get(service, service))
        return path if path.startswith("/") else _ROOT + path

    def _refuse(self, reply: Reply, service: str) -> None:
        if reply.status < 300:
            return
        if reply.status == 403:
            raise refusals.not_permitted(service)
        if reply.status in (301, 302, 303, 307, 308, 404):
            raise refusals.no_service(service, reply.status)
        raise refusals.of_refusal(Refusal(reply.status, refusals.codes_of(reply.body)), record=service)

    def _page(self, service: str, url: str) -> Page:
        reply = self._call("GET", f"{self._path(service)}/{url}", write=False, headers=_JSON)
        self._refuse(reply, service)
        return _page(reply.json())

    def _read(self, answer: Answer, service: str) -> Page:
        part = answer[0]
        error = refusals.of_part(part, write=False, settle_seconds=0, now=self._tools.clock.now())
        if isinstance(error, Refusal):
            raise refusals.of_refusal(error, record=service)
        if error is not None:
            raise error
        try:
            return _page(part.json())
        except BatchUnreadable as broken:
            raise refusals.unreadable(f"A batch was wrong: {broken}.", write=False, settle_seconds=0) from broken

    def _to_the_end(self, service: str, page: Page) -> list[Row]:
        rows = list(page.rows)
        while page.following:
            page = self._page(service, page.following)
            rows += page.rows
        return rows


def _page(answer: Any) -> Page:
    """{"d": {"results": [...], "__next", "__count"}}, or {"d": {...}} of one entity."""
    data = answer.get("d") if isinstance(answer, Mapping) else None
    if isinstance(data, list):
        return Page(data)
    if not isinstance(data, Mapping):
        raise refusals.unreadable("The answer is not OData V2.", write=False, settle_seconds=0)
    if "results" not in data:
        return Page([data])
    count = str(data.get("__count") or "")
    return Page(
        list(data["results"]), _following(str(data.get("__next") or "")), int(count) if count.isdigit() else None
    )


def _following(address: str) -> str:
    """The query of d.__next. Its host is left out: behind a reverse proxy it is one that only SAP knows."""
    target = urlsplit(address)
    return f"{target.path.rpartition('/')[2]}?{target.query}" if address else ""


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).astimezone(UTC)
    except (ValueError, TypeError):
        return None
