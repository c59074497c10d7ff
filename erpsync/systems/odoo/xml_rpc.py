"""The XML-RPC API of Odoo 14 to 18 (and of 19, where it is deprecated): the same methods on another wire.

A fault tells less than JSON-2 does: 2 is a refusal in Odoo's words, 3 wrong credentials, 4 a missing right, 1 everything
else, with a traceback. A method that answers nothing, or records (`action_post` of Odoo 14), faults although it has been
committed: it is the answer that cannot be written.

Source: https://www.odoo.com/documentation/18.0/developer/reference/external_api.html; odoo/addons/base/controllers/rpc.py
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from xmlrpc.client import Fault

from erpsync.domain.errors import OutcomeUnknown, SyncError
from erpsync.ports.runtime import Tools
from erpsync.systems.odoo import failures
from erpsync.systems.odoo.release import Release, date_of
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.xml_values import NotXmlRpc, decoded, encoded
from erpsync.transport.http import HttpClient, Reply

# Overridden by apps under other names ("values", "vals"), so these go by position.
_POSITIONAL = {"create": ("vals_list",), "write": ("vals",), "has_access": ("operation",)}
_COMMITTED = "cannot marshal"
_UNWRITABLE = "int exceeds XML-RPC limits"
_EXCEPTION = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Failure|Warning|Detected|NotAvailable|Shutdown))\b", re.M)


class XmlRpc:
    """See `client.Transport`."""

    def __init__(self, settings: OdooSettings, tools: Tools) -> None:
        self._settings = settings
        self._http = HttpClient(
            SYSTEM, settings.url, tools.clock, read_seconds=settings.timeout_seconds, limiter=tools.limiter
        )
        self._user_id: int | None = None

    def release(self) -> tuple[Release, datetime | None]:
        version, reply = self._post("common", "version", [], write=False, operation="version")
        if not isinstance(version, dict):
            raise failures.unreadable()
        info = version.get("server_version_info")
        text = str(version.get("server_version", ""))
        return Release.of(text, info if isinstance(info, list) else []), date_of(reply.headers)

    def call(
        self, model: str, method: str, *, write: bool, ids: Sequence[int] | None, arguments: Mapping[str, object]
    ) -> object:
        named = dict(arguments)
        by_position: list[object] = [] if ids is None else [list(ids)]
        by_position += [named.pop(name) for name in _POSITIONAL.get(method, ())]
        key = self._settings.api_key.get_secret_value()
        params = [self._settings.database, self._sign_in(), key, model, method, by_position, named]
        answer, _ = self._post("object", "execute_kw", params, write=write, operation=f"{model}/{method}")
        return answer

    def _sign_in(self) -> int:
        if self._user_id is None:
            key = self._settings.api_key.get_secret_value()
            params: list[object] = [self._settings.database, self._settings.user, key, {}]
            answer, _ = self._post("common", "authenticate", params, write=False, operation="authenticate")
            if not isinstance(answer, int) or not answer:
                raise failures.credentials_refused()
            self._user_id = answer
        return self._user_id

    def _post(
        self, service: str, method: str, params: list[object], *, write: bool, operation: str
    ) -> tuple[Any, Reply]:
        reply = self._http.call(
            "POST",
            f"/xmlrpc/2/{service}",
            write=write,
            data=encoded(method, params),
            headers={"Content-Type": "text/xml"},
        )
        if 300 <= reply.status < 400:
            raise failures.redirected(reply.status)
        if reply.status == 404:
            raise failures.database_unknown()
        if reply.status != 200:
            raise failures.refused(f"The address answers {reply.status} to {operation}.")
        try:
            return decoded(reply.body), reply
        except Fault as fault:
            if _COMMITTED in str(fault.faultString):
                return None, reply
            raise _failure(fault, operation, write=write) from None
        except NotXmlRpc as error:
            raise failures.unreadable() from error


def _failure(fault: Fault, operation: str, *, write: bool) -> SyncError:
    message = str(fault.faultString)
    if _UNWRITABLE in message and write:
        return OutcomeUnknown("outcome-unknown", system=SYSTEM, what=f"The answer of {operation} does not fit XML-RPC.")
    if fault.faultCode == 3:
        return failures.credentials_refused()
    if fault.faultCode == 4:
        return failures.access_refused(message, operation)
    if fault.faultCode == 2:
        gone = message.startswith("Record does not exist")
        return failures.of_exception("MissingError" if gone else "UserError", message, operation)
    raised = _EXCEPTION.findall(message)
    return failures.of_exception(raised[-1] if raised else "", message, operation)
