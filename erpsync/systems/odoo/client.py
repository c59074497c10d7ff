"""Calls to one Odoo database. Wire in, wire out; raises only domain errors.

Every call is a transaction of its own: committed when it answers 200, discarded when it answers an error. So an error that
Odoo itself words means that nothing was written.

Source: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html, sections Response and Transaction.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, SyncError, Transient, Unavailable
from erpsync.ports.runtime import Clock
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.wire import ErrorBody, LoadReply, Row, Version
from erpsync.transport.http import HttpClient, Reply

# Odoo runs a call that lost a race up to five times and sleeps up to 2, 4, 8 and 16 s in between (`retrying` in
# odoo/service/model.py): 30 s of sleep and five runs of a batch that takes 2 to 10 s each. Below a worker's time limit.
READ_SECONDS = 90.0
# Longer lists of values are asked for in several calls.
CHUNK = 200
# What PostgreSQL says when two calls meet. Odoo reports it as text, whatever the call.
CONFLICTS = ("could not serialize", "deadlock detected")

RowT = TypeVar("RowT", bound=Row)
Domain = list[object]


class OdooClient:
    """Not for use by several threads at once."""

    def __init__(self, settings: OdooSettings, clock: Clock) -> None:
        self._http = HttpClient(
            SYSTEM,
            settings.url,
            clock,
            read_seconds=READ_SECONDS,
            headers={
                "Authorization": f"bearer {settings.api_key.get_secret_value()}",
                "X-Odoo-Database": settings.database,
            },
        )
        # en_US is Odoo's source language and always there: messages come in words known here, and times are UTC.
        self._context: dict[str, object] = {"lang": "en_US", "tz": "UTC"}
        if settings.company is not None:
            self._context["allowed_company_ids"] = [settings.company]

    def version(self) -> tuple[Version, datetime | None]:
        """The server's version and its clock's time, if it tells it. Needs no key."""
        reply = self._http.call("GET", "/web/version", write=False)
        if reply.status != 200:
            raise _failure(reply, "/web/version")
        return _read(Version, reply), _date(reply)

    def search(self, row: type[RowT], domain: Domain, model: str = "") -> list[RowT]:
        """All records of `row`'s model, or of `model`, that match and that the user may see, oldest first."""
        answer = self.call(
            model or row.MODEL, "search_read", write=False, domain=domain, fields=list(row.model_fields), order="id"
        )
        if not isinstance(answer, list):
            raise _unreadable()
        try:
            return [row.model_validate(item) for item in answer]
        except ValidationError as error:
            raise _unreadable() from error

    def search_in(self, row: type[RowT], field: str, values: Sequence[object], *further: object) -> list[RowT]:
        """As `search`, for `field` in `values`, which may be many. `further` terms must hold as well."""
        found: list[RowT] = []
        for start in range(0, len(values), CHUNK):
            found += self.search(row, [*further, [field, "in", list(values[start : start + CHUNK])]])
        return found

    def load(self, model: str, fields: list[str], rows: list[list[str]]) -> LoadReply:
        """Odoo's import: all rows or none."""
        answer = self.call(model, "load", write=True, fields=fields, data=rows)
        try:
            return LoadReply.model_validate(answer)
        except ValidationError as error:
            raise _unreadable() from error

    def may(self, model: str, operation: str) -> bool:
        """Whether the user may `operation` (read, write, create, unlink) on `model` at all."""
        return self.call(model, "has_access", write=False, operation=operation) is True

    def call(
        self, model: str, method: str, *, write: bool, ids: Sequence[int] | None = None, **arguments: object
    ) -> object:
        """The method's answer as JSON. `write` says that it changes records."""
        body = {"context": self._context, **arguments}
        if ids is not None:
            body["ids"] = list(ids)
        reply = self._http.call("POST", f"/json/2/{model}/{method}", write=write, json_body=body)
        if reply.status != 200:
            raise _failure(reply, f"{model}/{method}")
        answer: object = reply.json()
        return answer


def is_conflict(message: str) -> bool:
    return any(words in message for words in CONFLICTS)


def conflict(record: str = "") -> Transient:
    return Transient("write-conflict", system=SYSTEM, record=record, what="Another call changed the same records.")


def permission_missing(operation: str, record: str = "") -> Rejected:
    return Rejected(
        "permission-missing",
        system=SYSTEM,
        record=record,
        what=f"The API key's user has no right to {operation}.",
        next_step="Give the user the rights listed in the README of the Odoo connection; `erpsync doctor` checks each.",
    )


def configuration(what: str) -> Rejected:
    return Rejected(
        "configuration",
        system=SYSTEM,
        what=what,
        next_step="Run `erpsync doctor`, correct the connection or install the app in Odoo, then replay.",
    )


def _failure(reply: Reply, operation: str) -> SyncError:
    """The error for an answer other than 200. Of Odoo's own words only the exception's class is passed on: messages name
    customers, and the traceback holds the call's arguments."""
    body = _error_body(reply)
    kind = body.name.rpartition(".")[2]
    if reply.status == 409:
        return conflict()
    if reply.status == 403:
        return permission_missing(f"call {operation}")
    if reply.status == 404 and not body.name:
        return Unavailable(
            "database-unknown",
            system=SYSTEM,
            what="No Odoo database of that name answers at this address (404).",
            next_step="Check `url` and `database` of the connection; waiting records then go on by themselves.",
        )
    if kind == "MissingError":
        return Rejected(
            "record-gone",
            system=SYSTEM,
            what=f"{operation} met a record that no longer exists in Odoo.",
            next_step="Look whether it was deleted or merged there, then replay.",
        )
    if reply.status in (400, 404, 415) or kind == "UnprocessableEntity":
        return configuration(f"This Odoo does not know {operation} as erpsync calls it ({reply.status}).")
    if 300 <= reply.status < 400:
        return configuration(f"The address redirects elsewhere ({reply.status}).")
    return Rejected(
        "refused",
        system=SYSTEM,
        what=f"Odoo refused {operation} ({reply.status} {kind}).".replace(" )", ")"),
        next_step="Do the same by hand in Odoo to read why, or look in its log; correct that, then replay.",
    )


def _error_body(reply: Reply) -> ErrorBody:
    try:
        return ErrorBody.model_validate(json.loads(reply.body))
    except ValueError:
        return ErrorBody()


def _read(model: type[Version], reply: Reply) -> Version:
    try:
        return model.model_validate(reply.json())
    except ValidationError as error:
        raise _unreadable() from error


def _unreadable() -> Transient:
    return Transient(
        "reply-unreadable",
        system=SYSTEM,
        what="The answer is not what Odoo documents.",
        next_step="If it stays so, check the address and Odoo's version: 19.0 or newer.",
    )


def _date(reply: Reply) -> datetime | None:
    try:
        date = parsedate_to_datetime(reply.headers.get("Date", ""))
    except ValueError:
        return None
    return date.replace(tzinfo=date.tzinfo or UTC)
