"""Rows of a shop's tables as the contract's records. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, TypeAlias

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip
from erpsync.domain.money import minor_unit
from erpsync.systems.custom import wire
from erpsync.systems.custom.capabilities import SYSTEM
from erpsync.systems.custom.mapper import unreadable
from erpsync.systems.custom.settings import CustomSettings

Row: TypeAlias = Mapping[str, Any]
"""What each field of the settings' table of names holds; a field without a column is not there."""
_PEOPLE = ("email", "first_name", "last_name", "company", "phone")
_EXTRAS = ("tip", "duties", "fees", "rounding")


def order_from(
    row: Row, lines: Sequence[Row], settings: CustomSettings, aware: Callable[[datetime, str], datetime]
) -> wire.Order:
    """Raises Skip for a status that is ignored, Rejected naming the column's field for what cannot be read."""
    record = f"order {row['number']}"
    currency = _text(row.get("currency")) or settings.currency
    tax = _Taxes(settings.taxes_included, currency, record)
    values = {
        "id": str(row["id"]),
        "number": _text(row["number"]),
        **{field: aware(row[field], field) if row[field] else None for field in ("created_at", "updated_at")},
        "status": _status(row, settings, record),
        "test": bool(row.get("test")),
        "currency": currency,
        "taxes_included": settings.taxes_included,
        "customer": _person(row, row.get("customer_id")),
        "billing_address": _address(row, "billing_"),
        "shipping_address": _address(row, "shipping_to_"),
        "lines": [_line(line, tax) for line in lines],
        "shipping_lines": _shipping(row, tax),
        **{extra: tax.amount(row, extra) for extra in _EXTRAS},
        "total": tax.amount(row, "total"),
        "paid": bool(row.get("paid")),
        "payment_methods": [_text(row["payment_method"])] if row.get("payment_method") else [],
        "note": _text(row.get("note")),
    }
    try:
        return wire.Order.model_validate(values)
    except ValidationError as error:
        raise unreadable(error, record, wire.Order) from None


def customer_from(row: Row, aware: Callable[[datetime, str], datetime]) -> wire.Customer:
    try:
        return wire.Customer.model_validate(
            {**_person(row, row["id"]), "updated_at": aware(row["updated_at"], "updated_at")}
        )
    except ValidationError as error:
        raise unreadable(error, f"customer {row['id']}", wire.Customer) from None


class _Taxes:
    """Amounts of one order, and the tax on them where the tables tell its rate alone."""

    def __init__(self, included: bool, currency: str, record: str) -> None:
        self._included = included
        self._unit = minor_unit(currency)
        self._record = record

    def amount(self, row: Row, field: str) -> Decimal:
        """Zero where there is no such column or it is null. Binary fractions are not money, and are refused."""
        value = row.get(field)
        try:
            if not isinstance(value, float):
                return Decimal(value if value is not None else 0)
        except (InvalidOperation, TypeError, ValueError):
            pass
        raise Rejected(
            "not-an-amount",
            system=SYSTEM,
            record=self._record,
            what=f"The column of {field} does not hold exact decimals (it is {type(value).__name__}).",
            next_step="Make it DECIMAL or NUMERIC, or name a view in the settings that casts it; then replay.",
        )

    def of(self, row: Row, net: Decimal, prefix: str = "") -> list[dict[str, Any]]:
        named = [field for field in (f"{prefix}tax", f"{prefix}tax_rate") if row.get(field) is not None]
        if not named:
            return []
        rate = self.amount(row, f"{prefix}tax_rate") / 100
        if f"{prefix}tax" in named:
            tax = self.amount(row, f"{prefix}tax")
        else:
            part = net * rate / (1 + rate) if self._included else net * rate
            tax = part.quantize(self._unit, ROUND_HALF_UP)
        return [{"title": "", "amount": tax, "rate": rate if f"{prefix}tax_rate" in named else None}]


def _line(row: Row, tax: _Taxes) -> dict[str, Any]:
    quantity, price, discount = (tax.amount(row, field) for field in ("quantity", "unit_price", "discount"))
    return {
        "id": str(row["id"]),
        "sku": _text(row["sku"]),
        "title": _text(row.get("title")),
        "quantity": quantity,
        "unit_price": price,
        "discount": discount,
        "taxes": tax.of(row, price * quantity - discount),
    }


def _shipping(row: Row, tax: _Taxes) -> list[dict[str, Any]]:
    price = tax.amount(row, "shipping_price")
    method = _text(row.get("shipping_method"))
    if not price and not method:
        return []
    return [
        {"id": "shipping", "code": method, "title": method, "price": price, "taxes": tax.of(row, price, "shipping_")}
    ]


def _status(row: Row, settings: CustomSettings, record: str) -> str:
    if "status" not in row:
        return "open"
    status = _text(row["status"])
    meaning = settings.statuses.get(status)
    if meaning == "ignored":
        raise Skip("order-not-placed", what=f"Its status {status} is one that the settings ignore.", record=record)
    if meaning is None:
        raise Rejected(
            "unknown-status",
            system=SYSTEM,
            record=record,
            what=f"The settings do not say what the status {status[:40]} means.",
            next_step="Add it to `statuses` as open, closed, cancelled or ignored; restart, then replay.",
        )
    return meaning


def _person(row: Row, account: Any) -> dict[str, Any]:
    group = _text(row.get("customer_group"))
    return {
        "id": None if account is None else str(account),
        **{field: _text(row.get(field)) for field in _PEOPLE},
        "groups": [group] if group else [],
    }


def _address(row: Row, prefix: str) -> dict[str, str] | None:
    told = {field.removeprefix(prefix): _text(value) for field, value in row.items() if field.startswith(prefix)}
    return told if any(told.values()) else None


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
