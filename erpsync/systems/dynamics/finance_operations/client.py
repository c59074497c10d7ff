"""Calls to one environment's OData service. Wire in, wire out; raises only domain errors.

What is asked of several records travels as one `$batch`. A change set of it is done as a whole or not at all
(https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/data-entities/odata#run-multiple-requests-in-a-single-transaction);
what a failed one contained was not done, and its neighbours are not touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

from erpsync.domain.errors import OutcomeUnknown, SyncError, Transient
from erpsync.ports.runtime import Tools
from erpsync.systems.dynamics.finance_operations import query, refusals
from erpsync.systems.dynamics.finance_operations.settings import SYSTEM, FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import Entity, Row
from erpsync.transport import batch
from erpsync.transport.http import HttpClient, Reply, encode_json
from erpsync.transport.oauth import ClientCredentials

T = TypeVar("T")
_JSON = {"Accept": "application/json", "OData-Version": "4.0", "OData-MaxVersion": "4.0"}


@dataclass(frozen=True)
class Read(Generic[T]):
    """Rows of an entity that match, ordered and cut where asked. The company is added by the client."""

    entity: Entity[T]
    filter: str = ""
    order: str = ""
    top: int | None = None
    also: tuple[str, ...] = ()
    """Fields to be read besides those of the entity's row."""


@dataclass(frozen=True)
class Write:
    """One change of a record: POST without key, PATCH or DELETE with it. `etag` refuses it where somebody was faster."""

    method: str
    entity: Entity[Any]
    body: Mapping[str, Any] = field(default_factory=dict)
    key: tuple[str | Decimal, ...] = ()
    etag: str = ""


Answered: TypeAlias = list[Row] | SyncError
"""What a change set was answered: a row per write, empty where F&O returns none; or why nothing of it was done."""


class FoClient:
    """Not for use by several threads at once."""

    def __init__(self, settings: FinanceOperationsSettings, tools: Tools) -> None:
        self._company = settings.company
        self._nonce = tools.nonce
        self._settle_seconds = float(settings.settle_seconds)
        self._tokens = ClientCredentials(
            SYSTEM,
            settings.token_address,
            settings.client_id,
            settings.client_secret,
            scope=f"{settings.url}/.default",
            clock=tools.clock,
        )
        self._lasting = _http(settings, tools, self._settle_seconds)
        self._harmless = _http(settings, tools, 0.0)
        self.replied_at: datetime | None = None
        """F&O's own time, as its last answer had it."""

    def token(self) -> None:
        """Returns where Entra gives a token."""
        self._tokens.current()

    def read(self, what: Read[T]) -> list[T]:
        """All matching rows, over as many pages as F&O makes of them (10,000 rows each at most)."""
        rows: list[T] = []
        address: str | None = self._address(what)
        while address is not None:
            reply = self._tokens.call(self._harmless, "GET", f"/{address}", write=False)
            page = self._page(reply)
            rows += page["value"]
            address = _rest(page) if what.top is None or len(rows) < what.top else None
        return [cast(T, what.entity.clean(cast(Row, row))) for row in rows]

    def read_many(self, reads: Sequence[Read[Any]]) -> list[list[Any]]:
        """The rows of each, in one request; further ones only where a page is full. Fails as a whole."""
        if not reads:
            return []
        operations = [batch.Request("GET", self._address(read), _JSON) for read in reads]
        answers = self._send(operations, write=False, unique=True)
        if len(answers) < len(reads):
            raise Transient("reply-incomplete", system=SYSTEM, what="The answer to a batch of reads ends too soon.")
        found = []
        for read, answer in zip(reads, answers, strict=False):
            [response] = answer
            if response.status != 200:
                raise refusals.of_answer(response.status, response.body, response.headers, record=read.entity.name)
            page = _row(response)
            if not isinstance(page.get("value"), list):
                raise refusals.not_ours(response.status)
            rows = list(page["value"])
            while (address := _rest(page)) is not None:
                page = self._page(self._tokens.call(self._harmless, "GET", f"/{address}", write=False))
                rows += page["value"]
            found.append([read.entity.clean(row) for row in rows])
        return found

    def read_in(self, entity: Entity[T], column: str, values: Sequence[str], also: tuple[str, ...] = ()) -> list[T]:
        """All rows whose `column` is one of `values`, in one request."""
        reads = [Read(entity, query.either(column, chunk), also=also) for chunk in query.chunks(values)]
        return [row for rows in self.read_many(reads) for row in rows]

    def write(self, changes: Sequence[Sequence[Write]], *, unique: bool) -> list[Answered]:
        """Does each change set, all in one request. `unique`: doing one twice is refused by F&O, so that a lost reply needs
        no time to settle. Raises OutcomeUnknown where the reply is lost."""
        if not changes:
            return []
        sets = [batch.ChangeSet(tuple(self._request(write) for write in change)) for change in changes]
        answers = self._send(sets, write=True, unique=unique)
        settle_seconds = 0.0 if unique else self._settle_seconds
        results = [_result(change, answer, settle_seconds) for change, answer in zip(changes, answers, strict=False)]
        return [*results, *(refusals.unanswered(settle_seconds) for _ in changes[len(results) :])]

    def _send(
        self, operations: Sequence[batch.Operation], *, write: bool, unique: bool
    ) -> list[tuple[batch.Response, ...]]:
        content_type, body = batch.write(operations, self._nonce()[:48])
        reply = self._tokens.call(
            self._harmless if unique else self._lasting,
            "POST",
            "/$batch",
            write=write,
            data=body,
            headers={
                "Content-Type": content_type,
                "Accept": "multipart/mixed",
                # Without it a server may stop at the first failure (OData 4.0, part 1, 8.2.8.3).
                "Prefer": "odata.continue-on-error",
            },
        )
        self._note_time(reply)
        if reply.status not in (200, 202):
            raise refusals.of_answer(reply.status, reply.body, reply.headers)
        try:
            return batch.read(reply.headers.get("Content-Type", ""), reply.body)
        except batch.BatchUnreadable as error:
            if not write:
                raise refusals.not_ours(reply.status) from error
            raise OutcomeUnknown(
                "reply-unreadable",
                system=SYSTEM,
                what="The answer to a batch cannot be read.",
                settle_seconds=0.0 if unique else self._settle_seconds,
            ) from error

    def _request(self, write: Write) -> batch.Request:
        headers = {**_JSON, "Prefer": "return=representation"}
        if write.etag:
            headers["If-Match"] = write.etag
        if write.method == "DELETE":
            return batch.Request("DELETE", query.record(write.entity, self._company, write.key), headers)
        headers["Content-Type"] = "application/json"
        if write.method == "PATCH":
            address = query.record(write.entity, self._company, write.key)
            return batch.Request("PATCH", address, headers, encode_json(dict(write.body)))
        body = {"dataAreaId": self._company, **write.body}
        return batch.Request("POST", query.address(write.entity, {}), headers, encode_json(body))

    def _address(self, read: Read[Any]) -> str:
        parameters = {"$select": ",".join(dict.fromkeys([*read.entity.fields, *read.also]))}
        filter_ = query.in_company(read.entity, self._company, read.filter)
        if filter_:
            parameters["$filter"] = filter_
        if read.order:
            parameters["$orderby"] = read.order
        if read.top is not None:
            parameters["$top"] = str(read.top)
        return query.address(read.entity, parameters)

    def _page(self, reply: Reply) -> dict[str, Any]:
        self._note_time(reply)
        if reply.status != 200:
            raise refusals.of_answer(reply.status, reply.body, reply.headers)
        page = reply.json()
        if not isinstance(page, dict) or not isinstance(page.get("value"), list):
            raise refusals.not_ours(reply.status)
        return cast(dict[str, Any], page)

    def _note_time(self, reply: Reply) -> None:
        try:
            at = parsedate_to_datetime(reply.headers.get("Date", ""))
        except ValueError:
            return
        self.replied_at = at.replace(tzinfo=at.tzinfo or UTC)


def _http(settings: FinanceOperationsSettings, tools: Tools, settle_seconds: float) -> HttpClient:
    return HttpClient(
        SYSTEM,
        f"{settings.url}/data",
        tools.clock,
        read_seconds=settings.timeout_seconds,
        settle_seconds=settle_seconds,
        headers=_JSON,
        limiter=tools.limiter,
    )


def _rest(page: Mapping[str, Any]) -> str | None:
    """The next page's address, relative to the service. Only what stands behind the host is taken from the answer."""
    link = page.get("@odata.nextLink")
    if not link:
        return None
    parts = urlsplit(str(link))
    return f"{parts.path.rpartition('/data/')[2]}?{parts.query}"


def _result(change: Sequence[Write], answer: tuple[batch.Response, ...], settle_seconds: float) -> Answered:
    failed = next((response for response in answer if response.status >= 300), None)
    if failed is not None:
        return refusals.of_answer(failed.status, failed.body, failed.headers, payloads=[write.body for write in change])
    rows = [_row(response) for response in answer]
    # What is made is told with its number; without it nobody knows which record it became.
    if len(rows) != len(change) or any(not row for row, write in zip(rows, change, strict=True) if not write.key):
        return refusals.unanswered(settle_seconds)
    return rows


def _row(response: batch.Response) -> Row:
    try:
        told = response.json() if response.body.strip() else {}
    except batch.BatchUnreadable:
        return {}
    return told if isinstance(told, dict) else {}
