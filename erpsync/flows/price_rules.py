"""What a route's configuration says of prices, and what a price becomes by it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from enum import StrEnum

from erpsync.domain.money import minor_unit

_HUNDRED = Decimal(100)
# From the ERP's base list to the store's base prices.
_BASE_LISTS = {"": ""}


class Tax(StrEnum):
    AS_IS = "as-is"
    ADD = "add"
    """The store wants prices with tax: it is added to those that the ERP has without."""
    REMOVE = "remove"
    """The store wants prices without tax: it is taken off those that the ERP has with it."""


@dataclass(frozen=True)
class PriceRules:
    """What `[routes.prices]` says; see the README."""

    lists: Mapping[str, str] = field(default_factory=lambda: dict(_BASE_LISTS))
    """Which of the ERP's price lists feed which of the store's; of either side an empty name is the base."""
    currency: str = ""
    """That of the store's base prices; empty: as the store tells."""
    tax: Tax = Tax.AS_IS
    tax_percent: Decimal = Decimal(0)
    rounding: Decimal | None = None
    """The step to which prices are rounded, half up."""
    ending: Decimal | None = None
    """What prices end in, such as 0.99: the nearest such price is taken, the upper one of two."""
    largest_fall_percent: Decimal = Decimal(30)
    """By how much a price may fall without a person's leave; to nothing it never may."""

    def store_price(self, amount: Decimal, currency: str, *, tax_included: bool) -> Decimal:
        """What the ERP's price becomes in the store, to the currency's minor unit."""
        factor = 1 + self.tax_percent / _HUNDRED
        if self.tax is Tax.ADD and not tax_included:
            amount *= factor
        elif self.tax is Tax.REMOVE and tax_included:
            amount /= factor
        if self.rounding is not None:
            amount = _to_step(amount, self.rounding)
        if self.ending is not None and amount > 0:
            amount = _to_ending(amount, self.ending)
        return _to_step(amount, minor_unit(currency))

    def falls_too_far(self, before: Decimal | None, after: Decimal) -> bool:
        """Whether a person must look first: at a price of nothing, or one that is much lower than before."""
        if after <= 0:
            return True
        return before is not None and after < before * (_HUNDRED - self.largest_fall_percent) / _HUNDRED


def _to_step(amount: Decimal, step: Decimal) -> Decimal:
    return (amount / step).quantize(Decimal(1), ROUND_HALF_UP) * step


def _to_ending(amount: Decimal, ending: Decimal) -> Decimal:
    """Of 0.99 the prices 0.99, 1.99, 2.99 ..., of 9.95 the prices 9.95, 19.95, 29.95 ..."""
    period = Decimal(1).scaleb(ending.adjusted() + 1)
    below = max(((amount - ending) / period).to_integral_value(ROUND_FLOOR), Decimal(0)) * period + ending
    above = below + period
    return above if above - amount <= amount - below else below
