"""load(): Odoo's import, as a real Odoo 19 was seen to do it.

All records or none; every record that is at fault gets a message. A record whose external id exists is updated. A line
without an external id is added anew each time. An empty cell empties the field. Of two calls that make the same external id
at once, the one that comes second gets "could not serialize" for each of its records.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from erpsync.systems.odoo.simulator_models import MODELS, Kind
from erpsync.systems.odoo.simulator_records import Database, OdooError, value_error
from erpsync.systems.odoo.simulator_release import Release
from erpsync.systems.odoo.simulator_sales import MissingValue, create, write

Path = tuple[str, ...]
_CONFLICT = "could not serialize access due to concurrent update\n"


class _BadCell(Exception):
    """A cell that cannot be read; the message as Odoo words it, with the column's field."""


@dataclass
class Load:
    """One call of load(). `seen`: the database's tick when the call arrived; others may have committed since."""

    database: Database
    model: str
    seen: int
    context: Mapping[str, Any] = field(default_factory=dict)
    release: Release = Release()  # noqa: RUF009 - frozen
    messages: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._begun = self.database.ticks

    def run(self, fields: Sequence[str], data: Sequence[Sequence[Any]]) -> dict[str, Any]:
        paths = [self._path(name) for name in fields]
        self._check(paths)
        mark = self.database.mark()
        ids: list[int] = []
        for number, (first, rows) in enumerate(self._records(paths, data)):
            place = {"rows": {"from": first, "to": first + len(rows) - 1}, "record": number}
            try:
                ids.append(self._save(self._converted(paths, rows)))
            except _BadCell as error:
                name, text = error.args
                self.messages.append({**place, "type": "error", "field": name, "message": text, "field_name": name})
            except MissingValue as error:
                self.messages.append({**place, "type": "error", "message": error.message, "field": error.field})
            except OdooError as error:
                self.messages.append({**place, "type": "error", "message": error.message})
        if self.messages:
            self.database.roll_back(mark)
        return {"ids": False if self.messages else ids, "messages": self.messages, "nextrow": 0}

    def _path(self, column: str) -> Path:
        """The column, with each field as Odoo 19 calls it."""
        name, *rest = column.split("/")
        name = self.release.inside(self.model, name)
        kind = MODELS[self.model].get(name)
        if kind is not None and kind.type == "one2many" and rest:
            rest[0] = self.release.inside(kind.model, rest[0])
        return (name, *rest)

    def _check(self, paths: Sequence[Path]) -> None:
        for name, *rest in paths:
            if name in ("id", ".id"):
                continue
            kind = MODELS[self.model].get(name)
            inner = MODELS[kind.model] if kind and kind.type == "one2many" else None
            if kind is None or (inner is not None and rest[0] not in ("id", ".id") and rest[0] not in inner):
                raise value_error(f"Invalid field name {rest[0] if inner is not None else name!r}")

    def _records(self, paths: Sequence[Path], data: Sequence[Sequence[Any]]) -> list[tuple[int, list[Sequence[Any]]]]:
        """A row that fills columns of lines only belongs to the record above it."""
        kinds = [MODELS[self.model].get(path[0]) for path in paths]
        of_lines = [kind is not None and kind.type == "one2many" for kind in kinds]
        records: list[tuple[int, list[Sequence[Any]]]] = []
        for number, row in enumerate(data):
            own = any(cell for cell, of_line in zip(row, of_lines, strict=True) if not of_line)
            below = any(cell for cell, of_line in zip(row, of_lines, strict=True) if of_line)
            if records and below and not own:
                records[-1][1].append(row)
            else:
                records.append((number, [row]))
        return records

    def _converted(self, paths: Sequence[Path], rows: list[Sequence[Any]]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, list[dict[str, Any]]] = {}
        for number, row in enumerate(rows):
            cells: dict[str, dict[Path, Any]] = {}
            for path, cell in zip(paths, row, strict=True):
                kind = MODELS[self.model].get(path[0])
                if kind is not None and kind.type == "one2many":
                    cells.setdefault(path[0], {})[path[1:]] = cell
                elif number == 0:
                    values |= self._cell(MODELS[self.model], path, cell)
            for name, of_line in cells.items():
                if any(of_line.values()):
                    model = MODELS[self.model][name].model
                    line = {
                        k: v for path, cell in of_line.items() for k, v in self._cell(MODELS[model], path, cell).items()
                    }
                    lines.setdefault(name, []).append(line)
        return values | {name: [self._command(line) for line in each] for name, each in lines.items()}

    def _cell(self, kinds: Mapping[str, Kind], path: Path, cell: Any) -> dict[str, Any]:
        name = path[0]
        if name in ("id", ".id"):
            return {name: cell}
        kind = kinds[name]
        if not cell:
            return {name: False}
        text = str(cell)
        if kind.type == "many2one":
            return {name: self._link(kind, path, name, text)}
        if kind.type == "many2many":
            return {name: [self._link(kind, path, name, each) for each in text.split(",")]}
        converter = _CONVERTERS.get(kind.type)
        return {name: converter(name, text) if converter else text}

    def _link(self, kind: Kind, path: Path, name: str, text: str) -> int:
        by = path[1] if len(path) > 1 else ""
        if by == ".id" and text.isdigit() and int(text) in self.database.tables[kind.model]:
            return int(text)
        if by == "id":
            row = self.database.external(text)
            if row is not None and row["model"] == kind.model:
                return int(row["res_id"])
        how = {".id": "database id", "id": "external id"}.get(by, "name")
        raise _BadCell(name, f"No matching record found for {how} '{text}' in field '{name}'")

    def _command(self, line: dict[str, Any]) -> tuple[int, int, dict[str, Any]]:
        external = line.pop("id", "")
        row = self._existing(external) if external else None
        if row is not None:
            return 1, row["res_id"], line
        return 0, 0, {**line, "id": external} if external else line

    def _existing(self, external: str) -> dict[str, Any] | None:
        """The row of an external id. One that was made after this call began cannot be seen by it, only run into."""
        row = self.database.external(external)
        if row is not None and self.seen < self.database.made.get(external, 0) <= self._begun:
            raise OdooError(200, "SerializationFailure", _CONFLICT)
        return row

    def _save(self, values: dict[str, Any]) -> int:
        external, number = values.pop("id", ""), values.pop(".id", "")
        if number:
            if not str(number).isdigit() or int(number) not in self.database.tables[self.model]:
                raise _BadCell(".id", f"Unknown database identifier '{number}'")
            write(self.database, self.model, int(number), values)
            return int(number)
        row = self._existing(external) if external else None
        if row is not None:
            write(self.database, self.model, row["res_id"], values)
            return int(row["res_id"])
        made = create(self.database, self.model, values, self.context)
        if external:
            self.database.name_record(external, self.model, made)
        return made


def _number(name: str, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise _BadCell(name, f"'{text}' does not seem to be a number for field '{name}'") from None


def _time(name: str, text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        raise _BadCell(name, f"'{text}' does not seem to be a valid datetime for field '{name}'") from None


def _day(name: str, text: str) -> str:
    return _time(name, text)[:10]


def _flag(_: str, text: str) -> bool:
    return text.lower() in ("1", "true", "yes")


_CONVERTERS: Mapping[str, Callable[[str, str], Any]] = {
    "float": _number,
    "monetary": _number,
    "datetime": _time,
    "date": _day,
    "boolean": _flag,
}
