"""What an order comes to in F&O, computed as F&O computes it, before anything is written.

F&O knows an order's total only after its batch job "Calculate sales totals" has run
(https://erconsult.eu/blog/sales-order-totals/), so it cannot be asked. Its arithmetic is fixed: a line is quantity x (price
- discount), the discount being per unit, rounded to the currency; tax is by the line's rate, rounded per line or on the
total of the rate (general ledger parameters, Sales tax, Calculation method).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from erpsync.domain.money import Money, minor_unit
from erpsync.domain.orders import TaxLine, tax_percent

# Real numbers are stored with six decimals.
STORED = Decimal("0.000001")


@dataclass(frozen=True)
class Item:
    """A released product, and what tells its variants apart: F&O's field names with their values."""

    number: str
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Line:
    """One line as it is booked. `price` and `discount` are per unit, `percent` is the tax rate of `tax_group`."""

    item: Item
    quantity: Decimal
    price: Decimal
    percent: Decimal
    tax_group: str
    discount: Decimal = Decimal(0)
    text: str = ""

    def amount(self, currency: str) -> Decimal:
        return rounded(self.quantity * (self.price - self.discount), currency)


def once(item: str, amount: Decimal, percent: Decimal, tax_group: str, text: str = "") -> Line:
    """A charge of `amount`. What is taken off is a negative quantity, as F&O has it on credit notes."""
    return Line(Item(item), Decimal(-1 if amount < 0 else 1), abs(amount), percent, tax_group, text=text)


def total(lines: Sequence[Line], currency: str, *, included: bool, per_line: bool) -> Decimal:
    """What the customer is asked for: amounts, and tax on top where prices do not contain it."""
    amounts = sum((line.amount(currency) for line in lines), Decimal(0))
    return amounts if included else amounts + sum(taxes(lines, currency, per_line=per_line).values(), Decimal(0))


def taxes(lines: Iterable[Line], currency: str, *, per_line: bool) -> Mapping[Decimal, Decimal]:
    """Tax on top by percentage."""
    found: dict[Decimal, Decimal] = {}
    for line in lines:
        tax = line.amount(currency) * line.percent / 100
        found[line.percent] = found.get(line.percent, Decimal(0)) + (rounded(tax, currency) if per_line else tax)
    return {percent: rounded(tax, currency) for percent, tax in found.items()}


def arithmetic(lines: Sequence[Line], currency: str, wanted: Decimal, *, included: bool, per_line: bool) -> str:
    """The sum in words, for a person."""
    amounts = sum((line.amount(currency) for line in lines), Decimal(0))
    parts = [f"lines {amounts:f}"]
    if not included:
        parts += [
            f"{percent.normalize():f} % tax {tax:f}"
            for percent, tax in sorted(taxes(lines, currency, per_line=per_line).items())
            if percent
        ]
    computed = total(lines, currency, included=included, per_line=per_line)
    sums = f"{' + '.join(parts)} = {computed:f} {currency}"
    return f"{sums}, the store's total is {wanted:f} (difference {wanted - computed:f})"


def percentage(taxed: Sequence[TaxLine], net: Money, known: Iterable[Decimal], *, included: bool) -> Decimal | None:
    """The rate of a line's taxes together, in percent; a tax of nothing is none. Where the store tells no rate, the one of
    `known` that gives the amount; None where none does."""
    due = [tax for tax in taxed if tax.amount.amount]
    if not due:
        return Decimal(0)
    percent = tax_percent(due)
    if percent is not None:
        return percent
    amount = sum((tax.amount.amount for tax in due), Decimal(0))
    return rate_of(amount, net, known, included=included)


def rate_of(tax: Decimal, net: Money, known: Iterable[Decimal], *, included: bool) -> Decimal | None:
    """The one of `known` percentages that makes `tax` of `net`, to the smallest unit of its currency."""
    for percent in known:
        whole = net.amount * percent / (100 + percent if included else 100)
        if abs(rounded(whole, net.currency) - tax) <= minor_unit(net.currency) / 2:
            return percent
    return None


def per_unit(whole: Decimal, quantity: Decimal) -> Decimal:
    return (whole / quantity).quantize(STORED, ROUND_HALF_UP) if quantity else Decimal(0)


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)
