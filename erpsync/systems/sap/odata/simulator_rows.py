"""The system's tables: entities checked as they come in, kept as rows, and written as OData V2 JSON."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from erpsync.systems.sap.odata.simulator_query import Row
from erpsync.systems.sap.odata.simulator_types import EntitySet, Property, entity_sets, join

_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Refused(Exception):
    """SAP's answer to what it will not do: a status, a message's class and number, and its text."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(f"{status} {code} {message}")


class Tables:
    """Rows by entity set and key. A row is replaced, never changed in place: a copy of the tables is a snapshot."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.rows: dict[str, dict[tuple[str, ...], Row]] = {name: {} for name in entity_sets()}
        self.clock = clock

    def snapshot(self) -> dict[str, dict[tuple[str, ...], Row]]:
        return {name: dict(rows) for name, rows in self.rows.items()}

    def restore(self, snapshot: dict[str, dict[tuple[str, ...], Row]]) -> None:
        self.rows = snapshot

    def all(self, name: str, **equal: Any) -> list[Row]:
        return [row for row in self.rows[name].values() if all(row.get(key) == value for key, value in equal.items())]

    def get(self, name: str, *key: str) -> Row | None:
        return self.rows[name].get(tuple(map(canonical, key)))

    def need(self, name: str, *key: str) -> Row:
        """A row that is known to be there."""
        return self.rows[name][tuple(map(canonical, key))]

    def put(self, name: str, **values: Any) -> Row:
        """Makes or replaces a row; what is not given is empty, or as it was."""
        entities = entity_sets()[name]
        key = tuple(canonical(values[part]) for part in entities.keys)
        empty = {one.name: _empty(one) for one in entities.properties.values()}
        row = {**empty, **(self.rows[name].get(key) or {}), **values}
        self.rows[name][key] = row
        return row

    def remove(self, name: str, row: Row) -> None:
        self.rows[name].pop(self.key_of(name, row), None)

    def key_of(self, name: str, row: Row) -> tuple[str, ...]:
        return tuple(canonical(row[part]) for part in entity_sets()[name].keys)

    def children(self, parent: EntitySet, navigation: str, row: Row) -> list[Row]:
        child = entity_sets()[parent.navigations[navigation].target]
        pairs = join(parent, child)
        return self.all(child.name, **{theirs: row.get(mine) for mine, theirs in pairs.items()})


def canonical(value: Any) -> str:
    """A key as SAP compares it: numbers without leading zeros."""
    text = str(value)
    return (text.lstrip("0") or "0") if text.isdigit() else text


def checked(entities: EntitySet, body: Mapping[str, Any], *, creating: bool) -> Row:
    """The body's own properties as values, without nested entities. Raises Refused for one that is unknown, cannot be set,
    is of another type, or too long."""
    row: Row = {}
    for name, value in body.items():
        if name in entities.navigations or name == "__metadata":
            continue
        prop = entities.properties.get(name)
        if prop is None:
            raise Refused(400, "/IWCOR/CX_DS_EP_PROPERTY_ERROR", f"Property {name} is not of {entities.name}Type")
        if not prop.settable or (prop.key and not creating):
            raise Refused(400, "/IWBEP/CM_MGW_RT/022", f"Property {name} cannot be set")
        row[name] = _value(prop, value)
    return row


def shown(entities: EntitySet, row: Row, base: str, expand: Iterable[str], select: set[str], tables: Tables) -> Row:
    """An entity as OData V2 JSON."""
    uri = f"{base}/{entities.name}({_key(entities, row)})"
    metadata = {"id": uri, "uri": uri, "type": f"{entities.service}.{entities.name}Type"}
    if entities.etag:
        metadata["etag"] = etag(entities, row)
    found: Row = {"__metadata": metadata}
    for prop in entities.properties.values():
        if not select or prop.name in select:
            found[prop.name] = _json(prop, row.get(prop.name))
    paths = [path.split("/") for path in expand if path]
    for name, navigation in entities.navigations.items():
        below = ["/".join(path[1:]) for path in paths if path[0] == name]
        if not below:
            if not select:
                found[name] = {"__deferred": {"uri": f"{uri}/{name}"}}
            continue
        target = entity_sets()[navigation.target]
        rows = [shown(target, child, base, below, set(), tables) for child in tables.children(entities, name, row)]
        found[name] = {"results": rows} if navigation.many else (rows[0] if rows else None)
    return found


def etag(entities: EntitySet, row: Row) -> str:
    value = row.get(entities.etag)
    stamp = value.replace(tzinfo=None).isoformat() + "Z" if isinstance(value, datetime) else str(value)
    return f"W/\"datetimeoffset'{stamp}'\"" if isinstance(value, datetime) else f'W/"{stamp}"'


def _empty(prop: Property) -> Any:
    """SAP's initial values: texts and numbers are never null, dates are."""
    return {"s": "", "d": Decimal(0), "B": False}.get(prop.kind)


def _value(prop: Property, value: Any) -> Any:
    if value is None:
        return _empty(prop)
    if prop.kind == "s" and isinstance(value, str):
        if prop.length and len(value) > prop.length:
            raise Refused(400, "SY/530", f"Property {prop.name} has more than {prop.length} characters")
        return value
    if prop.kind == "B" and isinstance(value, bool):
        return value
    if prop.kind == "d" and isinstance(value, str):
        return _decimal(prop, value)
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if prop.kind in "DO" and match:
        at = _EPOCH + timedelta(milliseconds=int(match[1]))
        return at.date() if prop.kind == "D" else at
    raise Refused(400, "/IWCOR/CX_DS_EDM_LITERAL_ERROR", f"Property {prop.name} has a value of another type")


def _decimal(prop: Property, value: str) -> Decimal:
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number != number.quantize(Decimal(1).scaleb(-prop.scale)):
        raise Refused(400, "/IWCOR/CX_DS_EDM_FACET_ERROR", f"Property {prop.name} is no decimal of scale {prop.scale}")
    return number


def _json(prop: Property, value: Any) -> Any:
    if isinstance(value, datetime):
        return f"/Date({int((value - _EPOCH).total_seconds() * 1000)}+0000)/"
    if isinstance(value, date):
        midnight = datetime.combine(value, time(0), UTC)
        return f"/Date({int((midnight - _EPOCH).total_seconds()) * 1000})/"
    if isinstance(value, time):
        return f"PT{value.hour:02d}H{value.minute:02d}M{value.second:02d}S"
    if isinstance(value, Decimal):
        return f"{value:.{prop.scale}f}"
    return value


def _key(entities: EntitySet, row: Row) -> str:
    keys = entities.keys
    if len(keys) == 1:
        return f"'{row[keys[0]]}'"
    return ",".join(f"{key}='{row[key]}'" for key in keys)
