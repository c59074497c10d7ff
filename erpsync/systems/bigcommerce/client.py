"""Calls to one store: path and token, pace, pages, and refusals as domain errors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, SyncError, Transient
from erpsync.ports.runtime import Tools
from erpsync.systems.bigcommerce import refusals
from erpsync.systems.bigcommerce.pacing import lesson, patience_seconds, throttled
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from erpsync.transport.http import HttpClient, Reply

# Lists of ids and SKUs go into the address, which may hold some 8,000 characters; half of it, to be safe.
MAX_LIST_CHARACTERS = 4_000
# No list of one call is longer than this, however short its members are.
MAX_LIST = 250


@dataclass(frozen=True)
class Answer:
    """A reply that was understood. `body` is None where there is nothing (204) or no such record (404)."""

    status: int
    body: Any
    at: datetime
    """The time by the store's clock, by ours where it does not tell."""


class BigCommerceClient:
    """Not shared between threads or processes."""

    def __init__(self, settings: BigCommerceSettings, tools: Tools) -> None:
        self._clock = tools.clock
        self._root = f"/stores/{settings.store_hash}"
        self._settle_seconds = settings.settle_seconds
        self._store_exists = False
        self._http = HttpClient(
            refusals.SYSTEM,
            settings.base_url,
            tools.clock,
            settle_seconds=settings.settle_seconds,
            read_seconds=settings.timeout_seconds,
            headers={"X-Auth-Token": settings.access_token.get_secret_value(), "Accept": "application/json"},
            limiter=tools.limiter,
            lesson=lesson,
        )

    def get(self, path: str, params: Mapping[str, str] | None = None, *, record: str = "") -> Answer:
        """A read of what every store has: a 404 says that there is no such store, and raises Unavailable."""
        answer = self._call("GET", path, params, None, record=record, creates=False)
        if answer.status == 404:
            raise refusals.store_not_found()
        return answer

    def find(self, path: str, params: Mapping[str, str] | None = None, *, record: str = "") -> Answer:
        """A read of one record, or of what belongs to it: a 404 is an answer without a body. Before a record is believed to
        be gone the store is asked for its time, once: a wrong store hash would make all of them look gone."""
        answer = self._call("GET", path, params, None, record=record, creates=False)
        if answer.status == 404 and not self._store_exists:
            self.get("/v2/time")
            self._store_exists = True
        return answer

    def put(self, path: str, body: object, *, record: str = "") -> Answer:
        """A write that is harmless to repeat: a lost reply is an outage and no question."""
        return self._call("PUT", path, None, body, record=record, creates=False)

    def post(self, path: str, body: object, *, record: str = "") -> Answer:
        """A write that makes something each time: a lost reply is OutcomeUnknown."""
        return self._call("POST", path, None, body, record=record, creates=True)

    def delete(self, path: str, *, record: str = "") -> Answer:
        """Harmless to repeat: no id is used twice. Raises Rejected "not-found" where it is gone already."""
        return self._call("DELETE", path, None, None, record=record, creates=False)

    def pages(self, path: str, params: Mapping[str, str], limit: int = MAX_LIST) -> Iterator[Any]:
        """All rows of a v3 list that does not shift while it is read, page by page."""
        page = 1
        while True:
            body = self.get(path, {**params, "limit": str(limit), "page": str(page)}).body or {}
            yield from body.get("data") or []
            if not has_more(body, page, limit):
                return
            page += 1

    def v2_pages(self, path: str, limit: int = MAX_LIST, *, record: str = "") -> Iterator[Any]:
        """All rows of a v2 list of one record: no body at all where there are none, or no such record."""
        page = 1
        while True:
            rows = self.find(path, {"limit": str(limit), "page": str(page)}, record=record).body or []
            yield from rows
            if len(rows) < limit:
                return
            page += 1

    def _call(
        self, method: str, path: str, params: Mapping[str, str] | None, body: object, *, record: str, creates: bool
    ) -> Answer:
        reply = self._http.call(method, self._root + path, write=creates, params=params, json_body=body, returns=(429,))
        if reply.status == 429:
            raise throttled(patience_seconds(reply.headers))
        at = _told(reply) or self._clock.now()
        if reply.status == 204 or (reply.status == 404 and method == "GET"):
            return Answer(reply.status, None, at)
        if 200 <= reply.status < 300:
            return Answer(reply.status, self._json(reply, creates, record), at)
        raise refusals.of_reply(reply.status, _json_or_none(reply), path, record=record)

    def _json(self, reply: Reply, creates: bool, record: str) -> Any:
        if not reply.body:
            return None
        try:
            return reply.json()
        except Transient as error:
            if not creates:
                raise
            raise OutcomeUnknown(
                "reply-unreadable",
                system=refusals.SYSTEM,
                record=record,
                what="The answer to a write was not JSON.",
                settle_seconds=self._settle_seconds,
            ) from error


def has_more(body: Mapping[str, Any], page: int, limit: int) -> bool:
    """Whether a v3 list goes on after this page. A store may answer with fewer rows than were asked for, and say so."""
    told = ((body.get("meta") or {}).get("pagination") or {}).get("total_pages")
    return page < int(told) if told is not None else len(body.get("data") or []) >= limit


def chunks(values: Sequence[str], most: int = MAX_LIST) -> Iterator[list[str]]:
    """The values in lists that fit into an address and have at most `most` members."""
    chunk: list[str] = []
    size = 0
    for value in values:
        if chunk and (len(chunk) >= most or size + len(value) + 3 > MAX_LIST_CHARACTERS):
            yield chunk
            chunk, size = [], 0
        chunk.append(value)
        size += len(value) + 3  # a comma takes three characters when it is encoded
    if chunk:
        yield chunk


def _told(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers.get("Date", ""))
    except ValueError:
        return None


def _json_or_none(reply: Reply) -> Any:
    try:
        return reply.json()
    except SyncError:
        return None
