"""The External JSON-2 API of Odoo 19 and newer.

Every call is a transaction of its own: committed when it answers 200, discarded when it answers an error. A 500 with a JSON
body is an exception inside Odoo; any other 500 is a proxy's, and says nothing about what happened.

Source: https://www.odoo.com/documentation/19.0/developer/reference/external_api.html, sections Response and Transaction.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import ValidationError

from erpsync.domain.errors import SyncError
from erpsync.ports.runtime import Tools
from erpsync.systems.odoo import failures
from erpsync.systems.odoo.release import Release, date_of
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.wire import ErrorBody, Version
from erpsync.transport import failures as transport_failures
from erpsync.transport.http import HttpClient, Reply


class Json2:
    """See `client.Transport`."""

    def __init__(self, settings: OdooSettings, tools: Tools) -> None:
        self._clock = tools.clock
        self._http = HttpClient(
            SYSTEM,
            settings.url,
            tools.clock,
            read_seconds=settings.timeout_seconds,
            limiter=tools.limiter,
            headers={
                "Authorization": f"bearer {settings.api_key.get_secret_value()}",
                "X-Odoo-Database": settings.database,
            },
        )

    def release(self) -> tuple[Release, datetime | None]:
        reply = self._http.call("GET", "/web/version", write=False)
        if reply.status != 200:
            raise self._failure(reply, "/web/version", write=False)
        try:
            version = Version.model_validate(reply.json())
        except ValidationError as error:
            raise failures.unreadable() from error
        return Release.of(version.version, version.version_info), date_of(reply.headers)

    def call(
        self, model: str, method: str, *, write: bool, ids: Sequence[int] | None, arguments: Mapping[str, object]
    ) -> object:
        body = dict(arguments) if ids is None else {**arguments, "ids": list(ids)}
        reply = self._http.call("POST", f"/json/2/{model}/{method}", write=write, json_body=body, returns=(500,))
        if reply.status != 200:
            raise self._failure(reply, f"{model}/{method}", write=write)
        answer: object = reply.json()
        return answer

    def _failure(self, reply: Reply, operation: str, *, write: bool) -> SyncError:
        body = _error_body(reply)
        if reply.status == 500 and not body.name:
            unexplained = transport_failures.of_status(
                500, reply.headers, system=SYSTEM, write=write, settle_seconds=0.0, now=self._clock.now()
            )
            return unexplained or failures.unreadable()
        if 300 <= reply.status < 400:
            return failures.redirected(reply.status)
        if reply.status == 409:
            return failures.conflict()
        if reply.status == 404 and not body.name:
            return failures.database_unknown()
        if reply.status == 403:
            return failures.access_refused(body.message, operation)
        if not body.name:
            return failures.refused(f"Odoo refused {operation} ({reply.status}).")
        return failures.of_exception(body.name, body.message, operation)


def _error_body(reply: Reply) -> ErrorBody:
    try:
        return ErrorBody.model_validate(json.loads(reply.body))
    except ValueError:
        return ErrorBody()
