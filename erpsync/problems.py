"""What is wrong with a table of settings, in the words of the file: where, what was found there, and what is wanted."""

import json
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_REFERENCE = '{ env = "VARIABLE" }'
# By the first word of pydantic's error types: https://docs.pydantic.dev/latest/errors/validation_errors/
_WANTED = {
    "bool": "true or false",
    "decimal": "a number",
    "dict": "a table",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "a table",
    "set": "a list",
    "string": "text",
    "tuple": "a list",
}
_KINDS = (
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number with decimals"),
    (str, "text"),
    (list, "a list"),
    (dict, "a table"),
)


def sentences(error: ValidationError, model: type[BaseModel], where: str, known: Collection[str] = ()) -> list[str]:
    """A sentence for each fault of a table that was to become a `model`. `where` is the table's heading, such as
    `[web]`. What is wrong with the values of the keys `known` is left out: it is reported already. Values are not quoted,
    for a secret may stand where it should not."""
    return [
        _sentence(one, model, where)
        for one in error.errors(include_url=False)
        if one["type"] == "extra_forbidden" or not one["loc"] or one["loc"][0] not in known
    ]


def kind(value: object) -> str:
    """What somebody who wrote it would call a value."""
    return next((name for one, name in _KINDS if isinstance(value, one)), "a date or time")


def _sentence(fault: ErrorDetails, model: type[BaseModel], where: str) -> str:
    keys = [str(key) for key in fault["loc"] if not isinstance(key, int)]
    if not keys:
        return f"{where}{_verdict(fault, '', '')}"
    key, fields = keys[-1], _fields(model, keys[:-1])
    field = fields.get(key)
    example = _example(field)
    if len(keys) > 1:
        where = f"{where.removesuffix(']')}.{'.'.join(keys[:-1])}]"
    if fault["type"] in ("missing", "too_short"):
        needed = f"a line like {key} = {example}." if example else f"{key}. {field.description if field else ''}"
        return f"{where} needs {needed}".rstrip()
    entry = fault["loc"][-1]
    named = f"{key}, entry {entry + 1}," if isinstance(entry, int) else key
    named = f"{where}{' ' if where.endswith(']') else ': '}{named}"
    if fault["type"] == "extra_forbidden":
        meant = get_close_matches(key, fields, 1)
        return f"{named} is not a setting{f'; did you mean {meant[0]}?' if meant else '.'}"
    return f"{named}{_verdict(fault, key, example)}"


def _verdict(fault: ErrorDetails, key: str, example: str) -> str:
    """The rest of a sentence that begins with the name of a table or a key."""
    error = fault["type"]
    first, _, rest = error.partition("_")
    as_in = f", as in {key} = {example}" if example else ""
    if error == "secret":
        return f' is a secret: write {key} = {_REFERENCE} or {{ file = "/path" }}.'
    if error == "literal_error":
        return f" is one of {str(fault['ctx']['expected']).replace(' or ', ', ').replace(chr(39), '')}."
    if first in _WANTED and rest in ("type", "parsing", "from_float"):
        return f" is {kind(fault['input'])}; it must be {_WANTED[first]}{as_in}."
    if fault["msg"].startswith("Input "):
        return f"{fault['msg'].removeprefix('Input')}{as_in}."
    return f": {fault['msg'].removeprefix('Value error, ').rstrip('.')}."


def _fields(table: Any, keys: Sequence[str]) -> dict[str, FieldInfo]:
    """The settings of the table to which keys lead, through tables in tables; none for a lookup table."""
    is_model = isinstance(table, type) and issubclass(table, BaseModel)
    fields = {one.alias or name: one for name, one in table.model_fields.items()} if is_model else {}
    if not keys:
        return fields
    # What is in a table of tables is the last argument of its type.
    inner = fields[keys[0]].annotation if keys[0] in fields else next(reversed(get_args(table)), None)
    return _fields(inner, keys[1:])


def _example(field: FieldInfo | None) -> str:
    """A value as the file would have it, the default where the field names no example; empty where there is neither."""
    if field is None:
        return ""
    if field.annotation is SecretStr:
        return _REFERENCE
    value = field.examples[0] if field.examples else field.default
    return json.dumps(value) if value is not None and isinstance(value, bool | int | str | list) and value != "" else ""
