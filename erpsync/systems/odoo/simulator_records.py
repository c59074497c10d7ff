"""The simulator's database: records, external ids and transactions.

Written from Odoo's documents and from what a real Odoo 19 answers; shares nothing with the adapter.
Source: https://www.odoo.com/documentation/19.0/developer/reference/backend/orm.html
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from erpsync.systems.odoo.simulator_models import MODELS

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


_BELOW = {
    (kind.model, kind.inverse) for fields in MODELS.values() for kind in fields.values() if kind.type == "one2many"
}


@dataclass
class Database:
    """All records by model and id. Not thread-safe: the simulator holds one lock around every call."""

    clock: Callable[[], datetime]
    tables: dict[str, dict[int, Record]] = field(default_factory=lambda: {model: {} for model in MODELS})
    price_list_required: bool = False
    """As up to Odoo 16, where it gives an order its currency."""
    ticks: int = 0
    """How many external ids have ever been made: by which a call knows what it could not have seen."""
    made: dict[str, int] = field(default_factory=dict)
    """At which tick each external id, as "module.name", was made."""
    _externals: dict[str, int] = field(default_factory=dict)
    _below: dict[tuple[str, str, int], set[int]] = field(default_factory=dict)
    """Ids of the records that point to another one, by their model, their field and that one's id."""
    _age_seconds: float = 0.0
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

    @contextmanager
    def aged(self, seconds: float) -> Iterator[None]:
        """A transaction that began so long ago: Odoo dates its changes by that."""
        self._age_seconds = seconds
        try:
            with self.transaction():
                yield
        finally:
            self._age_seconds = 0.0

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
        kept = {name: kind for name, kind in MODELS[model].items() if kind.type != "one2many"}
        empty: Record = {name: [] if kind.type == "many2many" else None for name, kind in kept.items()}
        self._undo.append((model, number, None))
        self._put(model, number, {"id": number, **empty, "create_date": stamp, "write_date": stamp, **values})
        return number

    def update(self, model: str, number: int, values: Mapping[str, Any]) -> None:
        before = self.get(model, number)
        self._undo.append((model, number, before))
        self._put(model, number, {**before, **values, "write_date": self._now()})

    def derive(self, model: str, number: int, values: Mapping[str, Any]) -> None:
        """Fields that Odoo works out: they change without a change time."""
        before = self.get(model, number)
        self._undo.append((model, number, before))
        self._put(model, number, {**before, **values})

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
        return self.below("sale.order.line", "order_id", order_id)

    def below(self, model: str, inverse: str, number: int) -> list[Record]:
        """The records of `model` whose `inverse` points to that one."""
        return [self.tables[model][each] for each in sorted(self._below.get((model, inverse, number), ()))]

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

    def now(self) -> datetime:
        """When the transaction began."""
        return self.clock().astimezone(UTC) - timedelta(seconds=self._age_seconds)

    def _put(self, model: str, number: int, record: Record) -> None:
        before = self.tables[model].get(number)
        self.tables[model][number] = record
        if model == "ir.model.data":
            self._externals[f"{record['module']}.{record['name']}"] = number
        self._index(model, number, before, record)

    def _index(self, model: str, number: int, before: Record | None, after: Record | None) -> None:
        for of_model, inverse in _BELOW:
            if of_model != model:
                continue
            if before and before[inverse]:
                self._below[model, inverse, before[inverse]].discard(number)
            if after and after[inverse]:
                self._below.setdefault((model, inverse, after[inverse]), set()).add(number)

    def _remove(self, model: str, number: int) -> None:
        record = self.tables[model].pop(number)
        if model == "ir.model.data":
            name = f"{record['module']}.{record['name']}"
            self._externals.pop(name, None)
            self.made.pop(name, None)
        self._index(model, number, record, None)

    def _now(self) -> str:
        """Microseconds are dropped, as they are over RPC."""
        return f"{self.now():%Y-%m-%d %H:%M:%S}"
