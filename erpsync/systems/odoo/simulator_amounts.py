"""What lines come to, as Odoo rounds by default: taxes are summed over the document and rounded once each ("round
globally"). Where the price contains the tax, the total is what the prices say.

Source: https://www.odoo.com/documentation/19.0/applications/finance/accounting/taxes.html, section Rounding.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from erpsync.systems.odoo.simulator_records import Database, Record

_CENT = Decimal("0.01")


def total(database: Database, model: str, lines: Iterable[Record], quantity: str) -> Record:
    """Writes what each line comes to on it, and returns the sums of the document. `quantity`: the lines' field for it."""
    outside, inside = Decimal(0), Decimal(0)
    taxes_outside: dict[int, Decimal] = {}
    taxes_inside: dict[int, Decimal] = {}
    for line in lines:
        amount = _amount(line, quantity)
        taxes = [database.get("account.tax", number) for number in line["tax_ids"]]
        rate = sum((Decimal(tax["amount"]) for tax in taxes), Decimal(0)) / 100
        included = any(tax["price_include"] for tax in taxes)
        base = amount / (1 + rate) if included else amount
        outside, inside = (outside, inside + amount) if included else (outside + amount, inside)
        summed = taxes_inside if included else taxes_outside
        for tax in taxes:
            summed[tax["id"]] = summed.get(tax["id"], Decimal(0)) + base * Decimal(tax["amount"]) / 100
        shown = {"price_subtotal": rounded(base), "price_total": rounded(base * (1 + rate))}
        database.update(model, line["id"], shown)
    added = sum((rounded(tax) for tax in taxes_outside.values()), Decimal(0))
    contained = sum((rounded(tax) for tax in taxes_inside.values()), Decimal(0))
    everything = rounded(outside) + added + rounded(inside)
    taxed = added + contained
    return {"amount_total": everything, "amount_tax": taxed, "amount_untaxed": everything - taxed}


def rounded(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def number_of(value: Any) -> Decimal:
    return Decimal(value or 0)


def _amount(line: Record, quantity: str) -> Decimal:
    price, count, percent = (number_of(line[name]) for name in ("price_unit", quantity, "discount"))
    return price * count * (100 - percent) / 100
