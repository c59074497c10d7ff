"""OData calls to Dynamics: JSON in and out, a fresh token, pages followed, domain errors raised."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

from erpsync.domain.errors import OutcomeUnknown, Transient, Unavailable
from erpsync.ports.runtime import Tools
from erpsync.systems.dynamics import refusals
from erpsync.systems.dynamics.names import SYSTEM
from erpsync.systems.dynamics.settings import DynamicsSettings
from erpsync.systems.dynamics.tokens import Tokens
from erpsync.systems.dynamics.wire import Row
from erpsync.transport.http import HttpClient, Reply, encode_json

# https://learn.microsoft.com/en-us/training/modules/work-with-api/4-limits/
BATCH_LIMIT = 100
PAGE_SIZE = 500


@dataclass(frozen=True)
class Call:
    """One request of a batch. `etag` goes into If-Match."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    etag: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of one request of a batch."""

    status: int
    body: Row = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True)
class Rows:
    """One page. `next_path` leads on, empty at the end."""

    rows: list[Row]
    next_path: str


class OData:
    """One service root. Not for use by several threads at once."""

    def __init__(self, settings: DynamicsSettings, tools: Tools) -> None:
        self._root = settings.root
        self._tokens = Tokens(settings, tools.clock)
        self._http = HttpClient(
            SYSTEM,
            settings.root,
            tools.clock,
            settle_seconds=refusals.SETTLE_SECONDS,
            read_seconds=settings.timeout_seconds,
            headers={"Accept": "application/json"},
        )
        self.replied_at: datetime | None = None
        """The remote's clock in its latest reply."""

    def get(self, path: str) -> Row:
        """One record or page. Raises Rejected where it may not be read or is not there."""
        reply = self.call("GET", path, write=False)
        if reply.status != 200:
            raise refusals.of_answer(reply.status, _body(reply), record=path.partition("?")[0], write=False)
        return _body(reply)

    def page(self, path: str, size: int = PAGE_SIZE) -> Rows:
        """One page, of at most `size`; `path` is a query, or the `next_path` of the page before."""
        headers = {"Prefer": f"odata.maxpagesize={size}"}
        reply = self.call("GET", path, write=False, headers=headers)
        body = _body(reply)
        if reply.status != 200:
            raise refusals.of_answer(reply.status, body, record=path.partition("?")[0], write=False)
        return Rows(self.rows(body), self._relative(str(body.get("@odata.nextLink") or "")))

    def all(self, path: str) -> list[Row]:
        """Every row of a query, page by page."""
        rows: list[Row] = []
        while path:
            page = self.page(path)
            rows += page.rows
            path = page.next_path
        return rows

    def batch(self, calls: Sequence[Call], *, write: bool, atomic: bool = False) -> list[Answer]:
        """The answers in the calls' order, over as few requests as may be. `atomic`: all or nothing, one request.

        https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/webservices/use-odata-batch
        """
        if atomic and len(calls) > BATCH_LIMIT:
            raise ValueError(f"{len(calls)} calls do not fit into one batch")
        answers: list[Answer] = []
        for start in range(0, len(calls), BATCH_LIMIT):
            answers += self._one_batch(calls[start : start + BATCH_LIMIT], write=write, atomic=atomic)
        return answers

    def call(
        self,
        method: str,
        path: str,
        *,
        write: bool,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
    ) -> Reply:
        """One request, with a new token where the old one was refused: a 401 says that nothing was done."""
        sent = dict(headers or {})
        if body is not None:
            data = encode_json(body)
            sent.setdefault("Content-Type", "application/json")
        for again in (False, True):
            try:
                authorised = {**sent, **self._tokens.header()}
                reply = self._http.call(method, f"/{path}", write=write, data=data, headers=authorised)
                break
            except Unavailable as error:
                if error.code != "credentials-refused" or again:
                    raise
                self._tokens.forget()
        self.replied_at = _date(reply)
        return reply

    def rows(self, body: Mapping[str, Any]) -> list[Row]:
        rows = body.get("value")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Transient("reply-unreadable", system=SYSTEM, what="The answer holds no list of records.")
        return rows

    def _one_batch(self, calls: Sequence[Call], *, write: bool, atomic: bool) -> list[Answer]:
        body = {"requests": [_request(str(index), call) for index, call in enumerate(calls)]}
        headers = {"Isolation": "snapshot"} if atomic else {"Prefer": "odata.continue-on-error"}
        reply = self.call("POST", "$batch", write=write, body=body, headers=headers)
        if reply.status != 200:
            raise refusals.of_answer(reply.status, _body(reply), record="$batch", write=write)
        responses = _body(reply).get("responses")
        by_id = {str(answer.get("id")): answer for answer in responses} if isinstance(responses, list) else {}
        answers = [by_id.get(str(index)) for index in range(len(calls))]
        if not atomic and any(answer is None for answer in answers):
            raise _incomplete(write)
        # What follows the failure of an atomic batch is not answered: it shares the failure.
        failed = next((answer for answer in answers if answer is not None and int(answer["status"]) >= 400), None)
        return [_answer(answer or failed, write) for answer in answers]

    def _relative(self, link: str) -> str:
        if link and not link.startswith(f"{self._root}/"):
            raise Transient("reply-unreadable", system=SYSTEM, what="The next page is at another address.")
        return link.removeprefix(f"{self._root}/")


def _request(id_: str, call: Call) -> Row:
    headers = {"Accept": "application/json"}
    if call.etag:
        headers["If-Match"] = call.etag
    request: Row = {"id": id_, "method": call.method, "url": call.path, "headers": headers}
    if call.body is not None:
        headers["Content-Type"] = "application/json"
        request["body"] = dict(call.body)
    return request


def _answer(answer: Mapping[str, Any] | None, write: bool) -> Answer:
    if answer is None:
        raise _incomplete(write)
    body = answer.get("body")
    return Answer(int(answer["status"]), body if isinstance(body, dict) else {})


def _incomplete(write: bool) -> Transient:
    what = "Dynamics did not answer for every record."
    if write:
        return OutcomeUnknown(
            "reply-incomplete", system=SYSTEM, what=what, settle_seconds=refusals.SETTLE_SECONDS
        )
    return Transient("reply-incomplete", system=SYSTEM, what=what)


def _body(reply: Reply) -> Row:
    if not reply.body:
        return {}
    try:
        body = reply.json()
    except Transient:
        if reply.status == 200:
            raise
        return {}
    return cast(Row, body) if isinstance(body, dict) else {}


def _date(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers.get("Date", "")).astimezone(UTC)
    except ValueError:
        return None
