"""A merchant's own fields as cells of Odoo's import, and whether Odoo has such a cell already."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from erpsync.mapping import Value


def cells_of(values: Mapping[str, Value]) -> dict[str, str]:
    """None leaves a field out; what is written as nothing empties it."""
    return {name: _cell(value) for name, value in values.items() if value is not None}


def field_name(column: str) -> str:
    """The field that a column fills: "x_studio_channel/.id" gives a linked record by its id."""
    return column.partition("/")[0]


def is_cell_of(column: str, cell: str, value: object) -> bool:
    """Whether `value`, as Odoo answers it, is what the cell would make of the field."""
    if value is False:
        return not cell
    if value is True:
        return cell == "True"
    if isinstance(value, list) and len(value) == 2:
        return cell == str(value[0] if column.endswith("/.id") else value[1])
    if isinstance(value, (int, Decimal)):
        try:
            return Decimal(cell or 0) == value
        except InvalidOperation:
            return False
    return cell == value


def _cell(value: Value) -> str:
    if isinstance(value, bool):
        return "True" if value else ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
