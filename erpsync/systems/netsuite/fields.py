"""Fields that a merchant may fill by `order_fields` and `customer_fields`: which there are, and what kind each is.

A name may be followed by its kind, "custbody_channel:select"; without one a custom field takes the kind of its value.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from erpsync.domain.errors import Rejected

_CUSTOM = re.compile(r"(custbody|custcol|custentity)\w+")


class Kind(StrEnum):
    """What a field of NetSuite holds. A select holds the internal id of what is selected."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    CHECKBOX = "checkbox"
    DATE = "date"
    SELECT = "select"


@dataclass(frozen=True)
class Place:
    """Where a value goes. `kind` is None for a custom field whose values tell."""

    name: str
    kind: Kind | None

    @property
    def custom(self) -> bool:
        return _CUSTOM.fullmatch(self.name) is not None

    @property
    def on_lines(self) -> bool:
        return self.name.startswith("custcol")


# Standard fields of the sales order that do not change what it charges:
# https://system.netsuite.com/help/helpcenter/en_US/srbrowser/Browser2023_2/schema/record/salesorder.html
_ORDER = {
    **dict.fromkeys(("memo", "message", "otherRefNum", "email"), Kind.TEXT),
    **dict.fromkeys(("shipDate", "tranDate", "startDate", "endDate"), Kind.DATE),
    **dict.fromkeys(("shipComplete", "toBeEmailed", "toBePrinted", "excludeCommission"), Kind.CHECKBOX),
    **dict.fromkeys(
        ("class", "customForm", "department", "leadSource", "location", "partner", "salesRep", "shipMethod", "terms"),
        Kind.SELECT,
    ),
}
# https://system.netsuite.com/help/helpcenter/en_US/srbrowser/Browser2023_2/schema/record/customer.html
_CUSTOMER = {
    **dict.fromkeys(("comments", "fax", "phone", "altPhone", "url", "vatRegNumber", "resaleNumber"), Kind.TEXT),
    **dict.fromkeys(("taxable", "shipComplete", "isInactive"), Kind.CHECKBOX),
    **dict.fromkeys(
        ("category", "customForm", "leadSource", "partner", "priceLevel", "salesRep", "taxItem", "terms", "territory"),
        Kind.SELECT,
    ),
    "creditLimit": Kind.NUMBER,
}


def of_order(name: str) -> Place:
    """The place of a field of sales orders. Raises ValueError for one that they cannot have."""
    return _place(name, _ORDER, ("custbody", "custcol"))


def of_customer(name: str) -> Place:
    """The same for customers."""
    return _place(name, _CUSTOMER, ("custentity",))


def converted(
    place: Place, value: str | Decimal | bool, *, record: str
) -> tuple[Kind, str | Decimal | bool | datetime]:
    """The value as its field's kind. Raises Rejected where it is none of that kind."""
    kind = place.kind or _kind_of(value)
    try:
        return kind, _as(kind, value)
    except (ValueError, ArithmeticError):
        raise Rejected(
            "field-value-unfit",
            system="netsuite",
            record=record,
            what=f"What the configuration gives for field {place.name} is not a {kind}.",
            next_step="Correct its expression in the configuration, restart the workers, then replay.",
        ) from None


def _place(name: str, standard: dict[str, Kind], prefixes: tuple[str, ...]) -> Place:
    bare, colon, kind = name.partition(":")
    if colon and kind not in list(Kind):
        raise ValueError(f'"{kind}" is not a kind of field; there are {", ".join(Kind)}')
    if bare in standard:
        return Place(bare, standard[bare])
    if bare.startswith(prefixes) and _CUSTOM.fullmatch(bare):
        return Place(bare, Kind(kind) if colon else None)
    raise ValueError(
        f'"{bare}" cannot be set: use one of {", ".join(sorted(standard))}, or a script id that begins with '
        f"{' or '.join(prefixes)}"
    )


def _kind_of(value: str | Decimal | bool) -> Kind:
    if isinstance(value, bool):
        return Kind.CHECKBOX
    return Kind.NUMBER if isinstance(value, Decimal) else Kind.TEXT


def _as(kind: Kind, value: str | Decimal | bool) -> str | Decimal | bool | datetime:
    if kind is Kind.CHECKBOX:
        return _checked(value)
    if isinstance(value, bool):
        raise ValueError("a yes or no")
    if kind is Kind.DATE:
        return _date(str(value))
    if kind in (Kind.NUMBER, Kind.INTEGER):
        number = Decimal(value)
        if not number.is_finite() or (kind is Kind.INTEGER and number != number.to_integral_value()):
            raise ValueError("not such a number")
        return number.quantize(Decimal(1)) if kind is Kind.INTEGER else number
    text = f"{value:f}" if isinstance(value, Decimal) else value
    if kind is Kind.SELECT and not re.fullmatch(r"-?\d+", text):
        raise ValueError("not an internal id")
    return text


def _checked(value: str | Decimal | bool) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "T", "false", "F"):
        return value in ("true", "T")
    raise ValueError("neither yes nor no")


def _date(text: str) -> datetime:
    if len(text) == len("2026-01-31"):
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
