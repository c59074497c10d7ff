"""The methods that can be called, with the parameters that Odoo gives them, and who may call them."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from erpsync.systems.odoo import simulator_accounts as accounts
from erpsync.systems.odoo import simulator_sales as sales
from erpsync.systems.odoo import simulator_search as searching
from erpsync.systems.odoo import simulator_stock as stock
from erpsync.systems.odoo.simulator_load import Load
from erpsync.systems.odoo.simulator_models import MODELS, kind_of
from erpsync.systems.odoo.simulator_records import Database, OdooError, Record
from erpsync.systems.odoo.simulator_release import Release

_ALL = ("read", "write", "create", "unlink")
_SALES = ("sale.order", "sale.order.line")
_STOCK = ("stock.picking", "stock.move")
_ACCOUNTS = ("account.move", "account.move.line", "account.payment")
_OWN = (*_SALES, *_STOCK, *_ACCOUNTS, "res.partner", "ir.model.data", "product.pricelist.item")
_STAMPS = ("create_date", "write_date")
# What the groups of Odoo's Sales and Contacts apps may do, as far as it is used here.
_GROUPS: Mapping[str, Mapping[str, Sequence[str]]] = {
    "admin": dict.fromkeys(MODELS, _ALL),
    "user": {model: ("read",) for model in MODELS if model not in _OWN},
    "sales": {
        **dict.fromkeys((*_SALES, *_STOCK), _ALL),
        **dict.fromkeys(("res.partner", "account.move", "account.move.line", "product.pricelist.item"), ("read",)),
    },
    "invoicing": dict.fromkeys(_ACCOUNTS, _ALL),
    "contacts": {"res.partner": _ALL},
    "external_ids": {"ir.model.data": ("read",)},
}


@dataclass
class Call:
    """One call on one model by a user in `groups`. `seen`: the database's tick when it arrived."""

    database: Database
    groups: Sequence[str]
    model: str
    seen: int
    release: Release = Release()  # noqa: RUF009 - frozen
    ids: list[int] = field(default_factory=list)
    context: dict[str, Any] = field(default_factory=dict)

    def allowed(self, operation: str) -> bool:
        return any(operation in _GROUPS[group].get(self.model, ()) for group in self.groups)

    def require(self, operation: str) -> None:
        if not self.allowed(operation):
            text = f"You are not allowed to access '{self.model}' ({self.model}) records."
            raise OdooError(403, "odoo.exceptions.AccessError", text)

    def matching(self, domain: Any, offset: int, limit: int | None) -> list[Record]:
        self.require("read")
        terms = [self.release.term(self.model, term) for term in domain]
        rows = searching.search(self.database, self.model, terms, self.context.get("active_test", True))
        return rows[offset : offset + limit if limit else None]

    def shown(self, rows: Sequence[Record], fields: Sequence[str] | None) -> list[Record]:
        names = {self.release.inside(self.model, name): name for name in fields or list(MODELS[self.model])}
        read = searching.read(self.database, self.model, rows, names)
        return [
            self.release.shown(self.model, each, names, bool(row.get("locked")))
            for row, each in zip(rows, read, strict=True)
        ]


def run(call: Call, method: str, arguments: dict[str, Any]) -> Any:
    """The method's answer. Raises OdooError where Odoo would refuse."""
    if call.model not in MODELS:
        raise _not_found(f"the model {call.model!r} does not exist")
    if method.startswith("_"):
        text = f"Private methods (such as '{call.model}.{method}') cannot be called remotely."
        raise OdooError(403, "odoo.exceptions.AccessError", text)
    function = {**_METHODS, **_ON_RECORDS, **_ON_MODELS.get(call.model, {})}.get(method)
    if function is None or not call.release.has_method(method):
        raise _not_found(f"The method '{call.model}.{method}' does not exist")
    call.ids = [int(number) for number in arguments.pop("ids", [])]
    call.context = dict(arguments.pop("context", {}))
    if call.context.get("allowed_company_ids", [1]) != [1]:
        text = "Access to unauthorized or invalid companies."
        raise OdooError(403, "odoo.exceptions.AccessError", text)
    if call.ids and method in _METHODS:
        raise _unprocessable(f"cannot call {call.model}.{method} with ids")
    try:
        inspect.signature(function).bind(call, **arguments)
    except TypeError as error:
        raise _unprocessable(str(error)) from None
    return function(call, **arguments)


def takes_ids(model: str, method: str) -> bool:
    """Whether the method is one of records, so that over XML-RPC their ids come first."""
    return method in _ON_RECORDS or method in _ON_MODELS.get(model, {})


def parameters(model: str, method: str) -> list[str]:
    """The names of the method's further parameters, in order."""
    function = {**_METHODS, **_ON_RECORDS, **_ON_MODELS.get(model, {})}.get(method)
    return list(inspect.signature(function).parameters)[1:] if function else []


def _search_read(
    call: Call,
    domain: Any = (),
    fields: Any = None,
    offset: int = 0,
    limit: Any = None,
    order: Any = None,  # noqa: ARG001 - rows always come by id
) -> Any:
    return call.shown(call.matching(domain, offset, limit), fields)


def _search(call: Call, domain: Any, offset: int = 0, limit: Any = None, order: Any = None) -> Any:  # noqa: ARG001
    return [row["id"] for row in call.matching(domain, offset, limit)]


def _search_count(call: Call, domain: Any, limit: Any = None) -> Any:
    return len(call.matching(domain, 0, limit))


def _create(call: Call, vals_list: Any) -> Any:
    call.require("create")
    many = [vals_list] if isinstance(vals_list, dict) else vals_list
    named = [call.release.values(call.model, values) for values in many]
    return [sales.create(call.database, call.model, values, call.context) for values in named]


def _load(call: Call, fields: Any, data: Any) -> Any:
    if not (call.allowed("create") and call.allowed("write")):
        text = f"You are not allowed to create '{call.model}' ({call.model}) records."
        message = {"rows": {"from": 0, "to": 0}, "record": 0, "type": "error", "message": text}
        return {"ids": False, "messages": [message], "nextrow": 0}
    return Load(call.database, call.model, call.seen, call.context, call.release).run(fields, data)


def _fields_get(call: Call, allfields: Any = None, attributes: Any = None) -> Any:  # noqa: ARG001
    kinds = {
        name: kind_of(call.model, call.release.inside(call.model, name)) for name in allfields or MODELS[call.model]
    }
    return {name: {"type": kind.type, "readonly": name in _STAMPS} for name, kind in kinds.items() if kind}


def _context_get(_: Call) -> Any:
    return {"lang": "en_US", "tz": False, "uid": 2}


def _read(call: Call, fields: Any = None) -> Any:
    call.require("read")
    return call.shown([row for number in call.ids if (row := call.database.tables[call.model].get(number))], fields)


def _write(call: Call, vals: Any) -> Any:
    call.require("write")
    for number in call.ids:
        sales.write(call.database, call.model, number, call.release.values(call.model, vals))
    return True


def _unlink(call: Call) -> Any:
    call.require("unlink")
    for number in call.ids:
        sales.unlink(call.database, call.model, number)
    return True


def _has_access(call: Call, operation: str) -> Any:
    if operation not in _ALL:
        raise OdooError(500, "builtins.AssertionError", "Invalid access mode")
    return call.allowed(operation)


def _check_access_rights(call: Call, operation: str, raise_exception: bool = True) -> Any:
    if raise_exception:
        call.require(operation)
    return call.allowed(operation)


def _action_confirm(call: Call) -> Any:
    call.require("write")
    ids = call.ids
    if call.release.confirms_twice:
        ids = [number for number in ids if call.database.get(call.model, number)["state"] != "sale"]
    sales.confirm(call.database, ids)
    return True


def _action_cancel(call: Call) -> Any:
    call.require("write")
    confirmed = [number for number in call.ids if call.database.get(call.model, number)["state"] != "draft"]
    if call.release.asks_before_cancelling and confirmed and not call.context.get("disable_cancel_warning"):
        return {"type": "ir.actions.act_window", "res_model": "sale.order.cancel"}
    sales.cancel(call.database, call.ids)
    return True


def _action_lock(call: Call) -> Any:
    call.require("write")
    for number in call.ids:
        call.database.update(call.model, number, {"locked": True})


def _action_done(call: Call) -> Any:
    _action_lock(call)
    return True


def _cancel_transfers(call: Call) -> Any:
    call.require("write")
    stock.cancel_transfers(call.database, call.ids)
    return True


def _post_moves(call: Call) -> Any:
    call.require("write")
    accounts.post_moves(call.database, call.ids)
    return False if call.release.major > 14 else _Records()


def _post_payments(call: Call) -> Any:
    """Answers nothing, which XML-RPC cannot write."""
    call.require("write")
    accounts.post_payments(call.database, call.ids)


class _Records:
    """What Odoo has no way to write as an answer."""

    __slots__ = ()


def _not_found(message: str) -> OdooError:
    return OdooError(404, "werkzeug.exceptions.NotFound", message)


def _unprocessable(message: str) -> OdooError:
    return OdooError(422, "werkzeug.exceptions.UnprocessableEntity", message)


_METHODS: Mapping[str, Callable[..., Any]] = {
    "search_read": _search_read,
    "search": _search,
    "search_count": _search_count,
    "create": _create,
    "load": _load,
    "fields_get": _fields_get,
    "context_get": _context_get,
    "check_access_rights": _check_access_rights,
}
_ON_RECORDS: Mapping[str, Callable[..., Any]] = {
    "read": _read,
    "write": _write,
    "unlink": _unlink,
    "has_access": _has_access,
}
_ON_MODELS: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "sale.order": {
        "action_confirm": _action_confirm,
        "action_cancel": _action_cancel,
        "action_lock": _action_lock,
        "action_done": _action_done,
    },
    "stock.picking": {"action_cancel": _cancel_transfers},
    "account.move": {"action_post": _post_moves},
    "account.payment": {"action_post": _post_payments},
}
