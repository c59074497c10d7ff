"""A merchant's own fields: what is written besides that which every merchant needs, declared in the configuration.

A table names a field of the ERP and an expression over the canonical record, in JMESPath (https://jmespath.org):

    [connections.erp.order_fields]
    custbody_gift_note = "note"
    custbody_vip = "contains(customer.groups, 'vip')"
    custbody_goods = "money(sum(lines[].unit_price.amount), currency)"

Numbers are Decimal throughout, never float. Expressions are checked when the configuration is loaded.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, TypeAlias

import jmespath
import simplejson
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.functions import Functions, signature
from jmespath.parser import ParsedResult
from pydantic import AfterValidator, BeforeValidator

from erpsync.domain.errors import Rejected
from erpsync.domain.money import Money
from erpsync.ports.erp_records import CustomerDraft, OrderDraft

Value: TypeAlias = str | Decimal | bool | None
"""What a field may become. None leaves it out."""


def _table(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [line.partition("=") for line in value.splitlines() if line.strip()]
    return {field.strip(): expression.strip() for field, _, expression in pairs}


def _checked(table: dict[str, str]) -> dict[str, str]:
    for field, expression in table.items():
        try:
            _compiled(expression).search({}, _OPTIONS)
        except (JMESPathTypeError, ArithmeticError):
            continue  # there is no record yet: only what is wrong with the expression itself counts
        except JMESPathError as error:
            raise ValueError(f"{field} = {expression!r} is not a JMESPath expression: {_words(error)}") from None
    return table


FieldTable = Annotated[dict[str, str], BeforeValidator(_table), AfterValidator(_checked)]
"""A setting: fields of the ERP, each with the expression that fills it. Text says the same, one "field = expression" a
line, for expressions hold commas."""


def _condition(expression: str) -> str:
    if expression:
        _checked({"it": expression})
    return expression


Condition = Annotated[str, AfterValidator(_condition)]
"""A setting: an expression that is true of some records; empty: of all."""


def holds(condition: str, record: Any, *, setting: str, name: str) -> bool:
    """Whether the condition is true of a domain record. Raises Rejected naming setting and record where it fails on it."""
    if not condition:
        return True
    value = _values({setting: condition}, plain(record), record=name, system="erpsync")[setting]
    return value not in (None, False, "")


def order_values(table: Mapping[str, str], draft: OrderDraft, *, system: str) -> dict[str, Value]:
    """What each field of a sales order becomes. Raises Rejected naming the field whose expression failed on this order."""
    document = {**plain(draft.order), "reference": draft.reference, "customer_id": draft.customer_id}
    return _values(table, document, record=f"order {draft.order.number}", system=system)


def customer_values(table: Mapping[str, str], draft: CustomerDraft, *, system: str) -> dict[str, Value]:
    """The same for a customer: the expression sees `customer`, `billing`, `shipping`, `currency` and `reference`."""
    document = {
        "reference": draft.reference,
        "currency": draft.currency,
        "customer": plain(draft.customer),
        "billing": plain(draft.billing) if draft.billing else None,
        "shipping": plain(draft.shipping) if draft.shipping else None,
    }
    return _values(table, document, record=f"customer {draft.reference}", system=system)


def plain(record: Any) -> Any:
    """A domain record as JSON values with Decimals: what expressions see and `erpsync map preview` shows."""
    return _plain(record.model_dump())


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def _values(table: Mapping[str, str], document: Mapping[str, Any], *, record: str, system: str) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for field, expression in table.items():
        try:
            value = _compiled(expression).search(document, _OPTIONS)
        except (JMESPathError, ArithmeticError) as error:
            raise _failed(field, expression, _words(error), record, system) from None
        if isinstance(value, bool) or value is None or isinstance(value, (str, Decimal)):
            values[field] = value
        elif isinstance(value, (int, float)):
            values[field] = Decimal(str(value))  # a length, or a literal that JMESPath has read as JSON
        else:
            kind = "a list" if isinstance(value, list) else "a table"
            raise _failed(field, expression, f"it gives {kind}, not one value", record, system)
    return values


def _failed(field: str, expression: str, why: str, record: str, system: str) -> Rejected:
    return Rejected(
        "field-expression-failed",
        system=system,
        record=record,
        what=f"The expression of field {field} ({expression}) could not be used: {why}.",
        next_step="Correct it in the configuration (`erpsync map preview` tries the fields of an order), restart the"
        " workers, then replay.",
    )


@cache
def _compiled(expression: str) -> ParsedResult:
    return jmespath.compile(expression)


def _words(error: Exception) -> str:
    """What is wrong, without the value: it may be personal."""
    if isinstance(error, JMESPathTypeError):
        wanted = " or ".join(error.expected_types)
        return f"{error.function_name}() is given {error.actual_type} where it takes {wanted}"
    return " ".join(str(error).split()).rstrip(".")


class _DecimalFunctions(Functions):  # type: ignore[misc]
    """JMESPath's functions with Decimal where they would make a float or know no number; and `money` and `text`."""

    def _get_allowed_pytypes(self, types: list[str]) -> tuple[list[str], list[tuple[str, ...]]]:
        allowed, subtypes = super()._get_allowed_pytypes(types)
        more = ["Decimal"] if "float" in allowed else []
        return [*allowed, *more], [(*names, "Decimal") if "float" in names else names for names in subtypes]

    def _convert_to_jmespath_type(self, pyobject: str) -> str:
        return "number" if pyobject == "Decimal" else str(super()._convert_to_jmespath_type(pyobject))

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_number(self, value: Any) -> Decimal | None:
        if isinstance(value, bool) or value is None or isinstance(value, (list, dict)):
            return None
        try:
            return Decimal(str(value))
        except InvalidOperation:
            return None

    @signature({"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_sum(self, values: list[Any]) -> Decimal:
        return sum((_number(value) for value in values), Decimal(0))

    @signature({"types": ["array"]})  # type: ignore[untyped-decorator]
    def _func_avg(self, values: list[Any]) -> Decimal | None:
        return sum((_number(value) for value in values), Decimal(0)) / len(values) if values else None

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_string(self, value: Any) -> str:
        return value if isinstance(value, str) else simplejson.dumps(value, use_decimal=True)

    @signature({"types": []}, {"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_money(self, value: Any, currency: str) -> Decimal:
        """`money(amount, currency)`: half up to the currency's minor unit."""
        return Money(amount=_number(value), currency=currency).rounded().amount

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_text(self, value: Any) -> str:
        """`text(value)`: a number with the digits it has, nothing as an empty text."""
        if value is None:
            return ""
        return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _number(value: Any) -> Decimal:
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        raise ArithmeticError(f"{type(value).__name__} is not a number") from None


_OPTIONS = jmespath.Options(custom_functions=_DecimalFunctions())
