"""The simulator's XML-RPC: /xmlrpc/2/common and /xmlrpc/2/object.

Source: https://www.odoo.com/documentation/18.0/developer/reference/external_api.html; faults as a real Odoo 19 and 14 word
them. An answer of None is a fault, though the call has been committed.
"""

import xmlrpc.client
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from erpsync.systems.odoo.simulator_records import OdooError

_REFUSALS = ("UserError", "ValidationError", "MissingError", "RedirectWarning")


def answer(body: bytes, services: Mapping[str, Callable[..., Any]]) -> bytes:
    """What `services` (by method) answer, or a fault. Exceptions other than OdooError pass."""
    params, method = xmlrpc.client.loads(body)
    try:
        if method is None or method not in services:
            raise OdooError(500, "builtins.KeyError", repr(method))
        result = services[method](*params)
    except OdooError as error:
        return _dumped(_fault(error))
    try:
        return _dumped((_plain(result),))
    except (TypeError, OverflowError) as error:
        return _dumped(xmlrpc.client.Fault(1, _traceback(f"{type(error).__name__}: {error}")))


def operation(body: bytes) -> tuple[str, dict[str, Any]]:
    """What a call asks for, as "sale.order/load", or the method of another service; and its named arguments."""
    try:
        params, method = xmlrpc.client.loads(body)
    except Exception:  # noqa: BLE001 - whatever a test sends
        return "unreadable", {}
    if method != "execute_kw":
        return str(method or ""), {}
    named = params[6] if len(params) > 6 and isinstance(params[6], dict) else {}
    return "/".join(map(str, params[3:5])), named


def _fault(error: OdooError) -> xmlrpc.client.Fault:
    kind = error.name.rpartition(".")[2]
    if error.status == 401:
        return xmlrpc.client.Fault(3, "Access Denied")
    if kind == "AccessError":
        return xmlrpc.client.Fault(4, error.message)
    if kind in _REFUSALS:
        return xmlrpc.client.Fault(2, error.message)
    if kind == "NotFound" and "model" in error.message:
        return xmlrpc.client.Fault(2, f"Object {error.message.split(chr(39))[1]} doesn't exist")
    if kind == "NotFound":
        return xmlrpc.client.Fault(1, _traceback(f"AttributeError: {error.message}"))
    if kind == "UnprocessableEntity":
        return xmlrpc.client.Fault(1, _traceback(f"TypeError: {error.message}"))
    return xmlrpc.client.Fault(1, _traceback(f"{error.name.removeprefix('builtins.')}: {error.message}"))


def _traceback(last: str) -> str:
    return f'Traceback (most recent call last):\n  File "odoo/http.py", line 1, in dispatch\n{last}\n'


def _dumped(value: Any) -> bytes:
    return xmlrpc.client.dumps(value, methodresponse=True, allow_none=False).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value
