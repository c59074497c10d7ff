"""Calls to SuiteTalk REST: records, SuiteQL and the account's clock. Domain errors are raised.

Guide: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/book_1559132836.html
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

from erpsync.domain.errors import Transient
from erpsync.ports.runtime import Tools
from erpsync.systems.netsuite import rest_refusals as refusals
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.rest_sql import Value, bound
from erpsync.systems.netsuite.rest_token import Tokens, date_of
from erpsync.systems.netsuite.rest_wire import Json, Row
from erpsync.systems.netsuite.settings import NetSuiteSettings
from erpsync.transport.http import HttpClient, Reply

RECORDS = "/services/rest/record/v1"
# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156414087576.html
MAX_ROWS = 1000
_QUERY = "/services/rest/query/v1/suiteql"
_SYSTEM = "/services/rest/system/v1"
# A field that the account does not have is refused, rather than left out in silence. Values as listed at
# https://www.withone.ai/knowledge/netsuite/conn_mod_def%3A%3AGJ5CwAk50zs%3A%3AllgbHD40She8Kp17cDTuRA
_STRICT = {"X-NetSuite-PropertyNameValidation": "Error"}


class RestClient:
    """One account. Not for use by several threads at once."""

    def __init__(self, settings: NetSuiteSettings, tools: Tools) -> None:
        self.clock = tools.clock
        self.pause = tools.pause
        self._limiter = tools.limiter
        self._may_be_sized = settings.concurrent_requests is None
        self._tokens = Tokens(settings, tools.clock)
        self._http = HttpClient(
            SYSTEM, settings.address, tools.clock, read_seconds=settings.timeout_seconds, limiter=tools.limiter
        )
        self._replied_at: datetime | None = None
        self._fields: dict[str, frozenset[str]] = {}

    @property
    def replied_at(self) -> datetime | None:
        """The Date header of the latest answer, a refused login's included."""
        return self._replied_at or self._tokens.replied_at

    def server_time(self) -> datetime:
        """NetSuite's clock in UTC; needs no permission, and is the cheapest call that is authenticated.
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0528010158.html"""
        told = str(_object(self._read(f"{_SYSTEM}/serverTime")).get("serverTime", ""))
        try:
            return datetime.fromisoformat(told.replace("Z", "+00:00")).astimezone(UTC)
        except ValueError:
            raise _incomplete() from None

    def concurrency_limit(self) -> int | None:
        """How many requests the account may have under way at once; None where the role is not told, which only
        administrators are: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0625010817.html"""
        reply = self._call("GET", f"{_SYSTEM}/governanceLimits", write=False)
        limit = cast("int | None", _object(reply).get("accountConcurrencyLimit")) if reply.status == 200 else None
        if limit and self._may_be_sized:
            self._limiter.resize(limit)
        return limit

    def rows(self, query: str, limit: int = MAX_ROWS, /, **values: Value) -> list[Row]:
        """The first `limit` rows. All values are text, and NULLs are left out.
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_158394344595.html"""
        reply = self._call(
            "POST",
            _QUERY,
            write=False,
            params={"limit": str(limit)},
            json_body={"q": bound(query, **values)},
            headers={"Prefer": "transient"},
        )
        if reply.status != 200:
            raise refusals.of_read(reply)
        items = _object(reply).get("items")
        if not isinstance(items, list):
            raise _incomplete()
        return [{key: str(value) for key, value in item.items() if key != "links"} for item in items]

    def all_rows(self, query: str, key: str, **values: Value) -> list[Row]:
        """All rows of a query that is ordered by the number `key` and asks for those with more than `:after` of it."""
        found: list[Row] = []
        page = self.rows(query, after=0, **values)
        while True:
            found += page
            if len(page) < MAX_ROWS:
                return found
            page = self.rows(query, after=int(page[-1][key]), **values)

    def get(self, kind: str, internal_id: str, **params: str) -> Json | None:
        """A record, None where there is none."""
        reply = self._call("GET", f"{RECORDS}/{kind}/{internal_id}", write=False, params=params)
        if reply.status == 404 or (reply.status == 400 and refusals.told(reply)[0] in refusals.ABSENT):
            return None
        if reply.status != 200:
            raise refusals.of_read(reply)
        return _object(reply)

    def may_read(self, kind: str) -> None:
        """Raises where the role may not read records of this kind."""
        self._read(f"{RECORDS}/{kind}", limit="1")

    def fields(self, kind: str) -> frozenset[str]:
        """The names of a record's fields in this account, custom ones included. Asked once.
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1540810174.html"""
        if kind not in self._fields:
            reply = self._read(f"{RECORDS}/metadata-catalog/{kind}", accept="application/schema+json")
            properties = _object(reply).get("properties")
            self._fields[kind] = frozenset(properties if isinstance(properties, dict) else ())
        return self._fields[kind]

    def upsert(self, kind: str, reference: str, record: Mapping[str, object], replace: str) -> Reply:
        """Makes or updates the record with this external id; `replace` names the sublists whose lines are all replaced.
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156335203191.html"""
        return self._write("PUT", f"{RECORDS}/{kind}/eid:{quote(reference, safe='')}", record, replace)

    def update(self, kind: str, internal_id: str, record: Mapping[str, object], replace: str = "") -> Reply:
        """Updates the record with this internal id.
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545142173.html"""
        return self._write("PATCH", f"{RECORDS}/{kind}/{internal_id}", record, replace)

    def submit(self, kind: str, records: list[Mapping[str, object]], key: str) -> Reply:
        """Hands over up to 100 new records as one job.
        https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/article_0127092747.html"""
        headers = {
            **_STRICT,
            "Prefer": "respond-async",
            "Content-Type": "application/vnd.oracle.resource+json; type=collection",
            "X-NetSuite-Idempotency-Key": key,
        }
        return self._call("POST", f"{RECORDS}/{kind}", write=True, json_body={"items": records}, headers=headers)

    def job_is_done(self, path: str) -> bool:
        """https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/subsect_161278579295.html"""
        return _object(self._read(path)).get("completed") is True

    def _read(self, path: str, *, accept: str = "", **params: str) -> Reply:
        headers = {"Accept": accept} if accept else None
        reply = self._call("GET", path, write=False, params=params, headers=headers)
        if reply.status != 200:
            raise refusals.of_read(reply)
        return reply

    def _write(self, method: str, path: str, record: Mapping[str, object], replace: str) -> Reply:
        params = {"replace": replace} if replace else None
        return self._call(method, path, write=True, params=params, json_body=record, headers=_STRICT)

    def _call(
        self,
        method: str,
        path: str,
        *,
        write: bool,
        params: Mapping[str, str] | None = None,
        json_body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A token that is refused before its time is renewed once: a request that was refused so was not begun."""
        options: dict[str, Any] = {"write": write, "params": params, "json_body": json_body}
        reply = self._http.call(method, path, **options, headers=self._signed(headers), returns={401, 429})
        if reply.status == 401:
            self._tokens.forget()
            reply = self._http.call(method, path, **options, headers=self._signed(headers), returns={429})
        self._replied_at = date_of(reply) or self._replied_at
        if reply.status == 429:
            raise refusals.busy(reply)
        return reply

    def _signed(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {"Accept": "application/json", **(headers or {}), "Authorization": f"Bearer {self._tokens.current()}"}


def _object(reply: Reply) -> Json:
    found = reply.json()
    if not isinstance(found, dict):
        raise _incomplete()
    return found


def _incomplete() -> Transient:
    return Transient("reply-incomplete", system=SYSTEM, what="NetSuite's answer is not what was asked for.")


def accepted(reply: Reply, statuses: Collection[int] = (200, 201, 204)) -> bool:
    """Whether a write was taken."""
    return reply.status in statuses


def id_in(reply: Reply) -> str:
    """The internal id in a Location header, empty where there is none: not every write is documented to give one."""
    tail = reply.headers.get("Location", "").rstrip("/").rpartition("/")[2]
    return tail if tail.isdigit() else ""
