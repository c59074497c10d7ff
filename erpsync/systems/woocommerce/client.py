"""Calls a shop's REST API: signs, paces, and turns what goes wrong into domain errors."""

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, SyncError, Transient, Unavailable
from erpsync.ports.runtime import Tools
from erpsync.systems.woocommerce import refusals
from erpsync.systems.woocommerce.settings import WooCommerceSettings
from erpsync.transport.http import HttpClient, Reply
from erpsync.transport.oauth1 import RequestSigner

API = "/wp-json/wc/v3"
# https://developer.woocommerce.com/docs/apis/rest-api/v3: per_page is refused above 100 with 400, a batch with 413.
MOST_PER_CALL = 100
TOO_LARGE = 413


@dataclass(frozen=True)
class Listed:
    """One page of a list. `total`: how many records there are in all, None where something took the header away."""

    rows: list[dict[str, Any]]
    total: int | None
    at: datetime


class WooCommerceClient:
    """Not for use by several threads at once."""

    def __init__(self, settings: WooCommerceSettings, tools: Tools) -> None:
        key, secret = settings.consumer_key, settings.consumer_secret
        self._clock = tools.clock
        self._settle_seconds = settings.settle_seconds
        self._signer: RequestSigner | None = None
        self._routes: dict[str, bool] = {}
        self._rows_per_call = MOST_PER_CALL
        # A shop's page cache would tell what was true some minutes ago.
        headers = {"Accept": "application/json", "Cache-Control": "no-cache"}
        if settings.signs:
            self._signer = RequestSigner(
                key, secret, tools, called_address=settings.url, own_address=settings.site_address
            )
        else:
            token = b64encode(f"{key}:{secret.get_secret_value()}".encode()).decode()
            headers["Authorization"] = f"Basic {token}"
        self._http = HttpClient(
            refusals.SYSTEM,
            settings.url,
            tools.clock,
            settle_seconds=settings.settle_seconds,
            read_seconds=settings.timeout_seconds,
            headers=headers,
            limiter=tools.limiter,
        )

    def reply(
        self, method: str, path: str, *, write: bool, params: Mapping[str, str] | None = None, body: object = None
    ) -> Reply:
        """One request. Raises what concerns the whole call; a 400 or 404 with WooCommerce's own code is returned."""
        reply = self._http.call(
            method,
            f"{API}/{path}",
            write=write,
            params=params,
            json_body=body,
            auth=self._signer,
            returns={401},
        )
        error = refusals.of_status(reply.status, _body(reply), write=write, settle_seconds=self._settle_seconds)
        if error is not None:
            raise error
        return reply

    def clock(self) -> datetime:
        """The shop's clock now."""
        return self.list("orders", {"per_page": "1", "_fields": "id"}).at

    def has(self, route: str) -> bool:
        """Whether this release of WooCommerce has the list; asked once."""
        if route not in self._routes:
            try:
                self.list(route, {"per_page": "1", "_fields": "id"})
                self._routes[route] = True
            except Unavailable as error:
                if error.code != refusals.NO_ROUTE:
                    raise
                self._routes[route] = False
        return self._routes[route]

    def outside(self, path: str) -> Reply:
        """A read of WordPress itself, without keys; what it answers is for the caller to read."""
        return self._http.call("GET", path, write=False, returns={401})

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """What is there, as JSON; None where there is none (404)."""
        reply = self.reply("GET", path, write=False, params=params)
        return None if reply.status == 404 else reply.json()

    def list(self, path: str, params: Mapping[str, str]) -> Listed:
        """Raises Transient where the answer is no list."""
        reply = self.reply("GET", path, write=False, params=params)
        rows = reply.json()
        if reply.status != 200 or not isinstance(rows, list):
            raise Transient(
                "answer-unexpected",
                system=refusals.SYSTEM,
                what=f"WooCommerce answered {reply.status} ({refusals.code_of(rows) or 'no code'}) instead of a list.",
            )
        total = reply.headers.get("X-WP-Total", "")
        return Listed(
            [row for row in rows if isinstance(row, dict)],
            int(total) if total.isdecimal() else None,
            self.told_at(reply),
        )

    def write(self, method: str, path: str, body: object) -> Any:
        """One write, and what the shop says of it. Raises Rejected or Skip as `refusals.of_row` has it where it refuses,
        and OutcomeUnknown where its answer cannot be read, for then it may have been done."""
        reply = self.reply(method, path, write=True, body=body)
        answer = self._answer_to_write(reply)
        if reply.status >= 400:
            kind, _, rest = path.partition("/")
            raise refusals.of_row(answer, f"{kind.removesuffix('s')} {rest.partition('/')[0]}".strip())
        return answer

    def update_all(
        self, path: str, rows: Sequence[Mapping[str, Any]], record: str = "order"
    ) -> dict[str, dict[str, Any] | SyncError]:
        """`write_all` for rows that all have an id: by that id."""
        ids = [str(row["id"]) for row in rows]
        return dict(zip(ids, self.write_all(path, rows, [f"{record} {one}" for one in ids]), strict=True))

    def write_all(
        self,
        path: str,
        rows: Sequence[Mapping[str, Any]],
        records: Sequence[str],
        refusal: Callable[[object, str], SyncError] = refusals.of_row,
    ) -> Sequence[dict[str, Any] | SyncError]:
        """The batch call: a row with an id changes what is there, one without makes something. What each is now or why not,
        in their order; `records` are their names and `refusal` reads the shop's refusal of one. A hundred a call, fewer
        where the shop's host has set a lower limit.

        Raises what concerns the call where nothing was written yet; after that the rows left share it.
        """
        answers: list[dict[str, Any] | SyncError] = []
        while len(answers) < len(rows):
            part = slice(len(answers), len(answers) + self._rows_per_call)
            try:
                told = self._write_some(path, rows[part], records[part])
            except SyncError as error:
                if not answers:
                    raise
                return answers + [error] * (len(rows) - len(answers))
            answers += [
                each if each.get("error") is None else refusal(each["error"], record)
                for each, record in zip(told, records[part], strict=False)
            ]
        return answers

    def _write_some(
        self, path: str, rows: Sequence[Mapping[str, Any]], records: Sequence[str]
    ) -> Sequence[dict[str, Any]]:
        """As many of the first of them as one call may carry."""
        body = {"create": [row for row in rows if "id" not in row], "update": [row for row in rows if "id" in row]}
        given = {way: some for way, some in body.items() if some}
        reply = self.reply("POST", f"{path}/batch", write=True, body=given)
        if reply.status == TOO_LARGE and len(rows) > 1:
            self._rows_per_call = len(rows) // 2
            return self._write_some(path, rows[: self._rows_per_call], records)
        return self._by_row(rows, reply, records[0].partition(" ")[0])

    def told_at(self, reply: Reply) -> datetime:
        """The shop's clock as of a reply; ours where it tells none."""
        try:
            return parsedate_to_datetime(reply.headers.get("Date", "")).astimezone(UTC)
        except ValueError:
            return self._clock.now()

    def _by_row(self, rows: Sequence[Mapping[str, Any]], reply: Reply, kind: str) -> Sequence[dict[str, Any]]:
        """A batch is answered with 200 whatever became of its rows; those that were made and those that were changed are
        each in their order."""
        answer = self._answer_to_write(reply)
        if reply.status >= 400:
            raise refusals.of_row(answer, f"{kind} batch")
        told = {way: answer.get(way) if isinstance(answer, dict) else None for way in ("create", "update")}
        lists = {way: iter(some) for way, some in told.items() if isinstance(some, list)}
        found = [next(lists.get("update" if "id" in row else "create", iter(())), None) for row in rows]
        if any(not isinstance(each, dict) for each in found) or any(next(rest, None) for rest in lists.values()):
            raise self._unreadable()
        return [each for each in found if isinstance(each, dict)]

    def _answer_to_write(self, reply: Reply) -> Any:
        try:
            return reply.json()
        except Transient:
            if reply.status >= 400:
                return None
            raise self._unreadable() from None

    def _unreadable(self) -> OutcomeUnknown:
        return OutcomeUnknown(
            "reply-unreadable",
            system=refusals.SYSTEM,
            what="WooCommerce did what it was asked, or part of it, and its answer cannot be read.",
            settle_seconds=self._settle_seconds,
        )


def _body(reply: Reply) -> Any:
    """What a refusal says, where it says anything."""
    try:
        return reply.json() if reply.status >= 400 else None
    except Transient:
        return None
