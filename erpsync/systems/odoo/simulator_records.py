"""The simulator's database: models, their fields, records, external ids and transactions.

Written from Odoo's documents and from what a real Odoo 19 answers; shares nothing with the adapter.
Source: https://www.odoo.com/documentation/19.0/developer/reference/backend/orm.html
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]


class OdooError(Exception):
    """An exception as Odoo words it: HTTP status, class name, message."""

    def __init__(self, status: int, name: str, message: str) -> None:
        self.status, self.name, self.message = status, name, message
        super().__init__(message)


def user_error(message: str) -> OdooError:
    return OdooError(422, "odoo.exceptions.UserError", message)


def value_error(message: str) -> OdooError:
    return OdooError(500, "builtins.ValueError", message)


def missing(model: str, number: int) -> OdooError:
    text = f"Record does not exist or has been deleted.\n(Record: {model}({number},), User: 2)"
    return OdooError(404, "odoo.exceptions.MissingError", text)


@dataclass(frozen=True)
class Kind:
    """A field's type. `model`: what a relation points to. `inverse`: the field of the lines that points back."""

    type: str
    model: str = ""
    inverse: str = ""

    @property
    def relational(self) -> bool:
        return bool(self.model)


def _one(model: str) -> Kind:
    return Kind("many2one", model)


CHAR, NUMBER, FLAG, INTEGER, TIME, MANY_TAXES = (
    Kind("char"),
    Kind("float"),
    Kind("boolean"),
    Kind("integer"),
    Kind("datetime"),
    Kind("many2many", "account.tax"),
)
MODELS: Mapping[str, Mapping[str, Kind]] = {
    "res.partner": {
        **dict.fromkeys(("name", "email", "email_normalized", "phone", "company_name", "type"), CHAR),
        **dict.fromkeys(("street", "street2", "zip", "city", "country_code"), CHAR),
        **dict.fromkeys(("is_company", "active"), FLAG),
        "parent_id": _one("res.partner"),
        "country_id": _one("res.country"),
        "state_id": _one("res.country.state"),
    },
    "res.country": {"name": CHAR, "code": CHAR},
    "res.country.state": {"name": CHAR, "code": CHAR, "country_id": _one("res.country")},
    "res.currency": {"name": CHAR, "active": FLAG},
    "res.company": {"name": CHAR, "currency_id": _one("res.currency")},
    "res.users": {"name": CHAR, "login": CHAR, "company_id": _one("res.company")},
    "stock.warehouse": {"name": CHAR, "code": CHAR},
    "crm.team": {"name": CHAR},
    "product.pricelist": {"name": CHAR, "currency_id": _one("res.currency")},
    "product.product": {
        **dict.fromkeys(("name", "default_code", "type"), CHAR),
        "list_price": NUMBER,
        "active": FLAG,
        "taxes_id": MANY_TAXES,
    },
    "account.tax": {
        **dict.fromkeys(("name", "amount_type", "type_tax_use"), CHAR),
        "amount": NUMBER,
        "price_include": FLAG,
        "active": FLAG,
    },
    "sale.order": {
        **dict.fromkeys(("name", "state", "client_order_ref", "origin"), CHAR),
        **dict.fromkeys(("amount_untaxed", "amount_tax", "amount_total"), Kind("monetary")),
        **dict.fromkeys(("partner_id", "partner_invoice_id", "partner_shipping_id"), _one("res.partner")),
        "locked": FLAG,
        "date_order": TIME,
        "pricelist_id": _one("product.pricelist"),
        "currency_id": _one("res.currency"),
        "company_id": _one("res.company"),
        "warehouse_id": _one("stock.warehouse"),
        "team_id": _one("crm.team"),
        "order_line": Kind("one2many", "sale.order.line", "order_id"),
    },
    "sale.order.line": {
        "order_id": _one("sale.order"),
        "product_id": _one("product.product"),
        "name": Kind("text"),
        "display_type": Kind("selection"),
        **dict.fromkeys(("product_uom_qty", "price_unit", "discount", "qty_delivered", "qty_invoiced_posted"), NUMBER),
        **dict.fromkeys(("price_subtotal", "price_total"), Kind("monetary")),
        "tax_ids": MANY_TAXES,
    },
    "ir.model.data": {
        **dict.fromkeys(("module", "name", "model"), CHAR),
        "res_id": INTEGER,
        "noupdate": FLAG,
    },
}
_STAMPS = ("create_date", "write_date")


def kind_of(model: str, name: str) -> Kind | None:
    if name == "id":
        return INTEGER
    if name == "display_name":
        return CHAR
    return TIME if name in _STAMPS else MODELS[model].get(name)


@dataclass
class Database:
    """All records by model and id. Not thread-safe: the simulator holds one lock around every call."""

    clock: Callable[[], datetime]
    tables: dict[str, dict[int, Record]] = field(default_factory=lambda: {model: {} for model in MODELS})
    ticks: int = 0
    """How many external ids have ever been made: by which a call knows what it could not have seen."""
    made: dict[str, int] = field(default_factory=dict)
    """At which tick each external id, as "module.name", was made."""
    _externals: dict[str, int] = field(default_factory=dict)
    _lines: dict[int, set[int]] = field(default_factory=dict)
    _undo: list[tuple[str, int, Record | None]] = field(default_factory=list)
    _last: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Numbers are used up all the same, as a sequence's are."""
        mark = len(self._undo)
        try:
            yield
        except BaseException:
            self.roll_back(mark)
            raise
        finally:
            if mark == 0:
                self._undo.clear()

    def mark(self) -> int:
        return len(self._undo)

    def roll_back(self, mark: int) -> None:
        while len(self._undo) > mark:
            model, number, before = self._undo.pop()
            if before is None:
                self._remove(model, number)
            else:
                self._put(model, number, before)

    def insert(self, model: str, values: Mapping[str, Any]) -> int:
        number = self._last[model] = self._last.get(model, 0) + 1
        stamp = self._now()
        empty: Record = {name: [] if kind.type == "many2many" else None for name, kind in MODELS[model].items()}
        self._undo.append((model, number, None))
        self._put(model, number, {"id": number, **empty, "create_date": stamp, "write_date": stamp, **values})
        return number

    def update(self, model: str, number: int, values: Mapping[str, Any]) -> None:
        before = self.get(model, number)
        self._undo.append((model, number, before))
        self._put(model, number, {**before, **values, "write_date": self._now()})

    def delete(self, model: str, number: int) -> None:
        self._undo.append((model, number, self.get(model, number)))
        self._remove(model, number)
        for row in list(self.tables["ir.model.data"].values()):
            if (row["model"], row["res_id"]) == (model, number):
                self.delete("ir.model.data", row["id"])

    def get(self, model: str, number: int) -> Record:
        """Raises MissingError."""
        try:
            return self.tables[model][number]
        except KeyError:
            raise missing(model, number) from None

    def lines(self, order_id: int) -> list[Record]:
        return [self.tables["sale.order.line"][number] for number in sorted(self._lines.get(order_id, ()))]

    def external(self, name: str) -> Record | None:
        """The row of an external id given as "module.name"."""
        return self.tables["ir.model.data"].get(self._externals.get(name, 0))

    def name_record(self, name: str, model: str, number: int) -> None:
        module, _, rest = name.partition(".")
        if " " in rest:
            text = 'new row for relation "ir_model_data" violates check constraint "ir_model_data_name_nospaces"\n'
            raise user_error(text)
        if name in self._externals:
            raise user_error("ON CONFLICT DO UPDATE command cannot affect row a second time\n")
        self.insert(
            "ir.model.data", {"module": module, "name": rest, "model": model, "res_id": number, "noupdate": False}
        )
        self.ticks += 1
        self.made[name] = self.ticks

    def _put(self, model: str, number: int, record: Record) -> None:
        self.tables[model][number] = record
        if model == "ir.model.data":
            self._externals[f"{record['module']}.{record['name']}"] = number
        elif model == "sale.order.line":
            self._lines.setdefault(record["order_id"], set()).add(number)

    def _remove(self, model: str, number: int) -> None:
        record = self.tables[model].pop(number)
        if model == "ir.model.data":
            name = f"{record['module']}.{record['name']}"
            self._externals.pop(name, None)
            self.made.pop(name, None)
        elif model == "sale.order.line":
            self._lines[record["order_id"]].discard(number)

    def _now(self) -> str:
        """Microseconds are dropped, as they are over RPC."""
        return f"{self.clock().astimezone(UTC):%Y-%m-%d %H:%M:%S}"
