"""Pricing as SAP does it: conditions of each item in their order, header conditions spread over the items, tax on the net.

Condition types of this system: PPR0 price by record, PMP0 manual price, DRV1 discount of an amount, YBHD header amount,
TTX1 tax by classification, ZT19, ZT07 and ZT00 tax of an amount. A manual price or tax makes the automatic one inactive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

STEPS = {
    "PPR0": "010",
    "PMP0": "020",
    "DRV1": "110",
    "YBHD": "800",
    "TTX1": "900",
    "ZT19": "910",
    "ZT07": "911",
    "ZT00": "912",
}
MANUAL_TAXES = frozenset({"ZT19", "ZT07", "ZT00"})
HEADER_ONLY = frozenset({"YBHD"})
AUTOMATIC = frozenset({"PPR0", "TTX1"})
RATES = {"1": Decimal(19), "2": Decimal(7), "0": Decimal(0)}
_CENT = Decimal("0.01")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Priced:
    """An item's amounts, and those of its conditions by type, inactive ones marked."""

    net: Decimal
    tax: Decimal
    amounts: Mapping[str, Decimal]
    inactive: frozenset[str]


def before_header(quantity: Decimal, conditions: Sequence[Row], list_price: Decimal | None) -> Decimal | None:
    """What the item comes to before header conditions; None where it has no price."""
    price = _price(quantity, conditions, list_price)
    return None if price is None else price + _discount(conditions)


def priced(
    quantity: Decimal, conditions: Sequence[Row], list_price: Decimal | None, classification: str, share: Decimal
) -> Priced:
    """The item with its share of the header conditions."""
    by_type = {row["ConditionType"]: row for row in conditions}
    price = _price(quantity, conditions, list_price) or Decimal(0)
    discount = _discount(conditions)
    net = price + discount + share
    amounts = {"PMP0" if "PMP0" in by_type else "PPR0": price}
    inactive = set()
    if "PMP0" in by_type and list_price is not None:
        amounts["PPR0"] = _cents(list_price * quantity)
        inactive.add("PPR0")
    if "DRV1" in by_type:
        amounts["DRV1"] = discount
    if share:
        amounts["YBHD"] = share
    computed = _cents(net * RATES[classification] / 100)
    manual = [kind for kind in by_type if kind in MANUAL_TAXES]
    tax = sum((by_type[kind]["ConditionRateValue"] for kind in manual), Decimal(0)) if manual else computed
    amounts["TTX1"] = computed
    if manual:
        inactive.add("TTX1")
        amounts |= {kind: by_type[kind]["ConditionRateValue"] for kind in manual}
    return Priced(net, tax, amounts, frozenset(inactive))


def spread(amount: Decimal, bases: Sequence[Decimal]) -> list[Decimal]:
    """A header amount over the items by their values; the last cents go to the largest."""
    whole = sum(bases, Decimal(0))
    if not bases or not amount:
        return [Decimal(0)] * len(bases)
    shares = [_cents(amount * base / whole) if whole else Decimal(0) for base in bases]
    largest = max(range(len(bases)), key=lambda at: bases[at])
    shares[largest] += amount - sum(shares, Decimal(0))
    return shares


def _price(quantity: Decimal, conditions: Sequence[Row], list_price: Decimal | None) -> Decimal | None:
    for row in conditions:
        if row["ConditionType"] == "PMP0":
            return _cents(row["ConditionRateValue"] * quantity / (row["ConditionQuantity"] or Decimal(1)))
    return None if list_price is None else _cents(list_price * quantity)


def _discount(conditions: Sequence[Row]) -> Decimal:
    return sum((row["ConditionRateValue"] for row in conditions if row["ConditionType"] == "DRV1"), Decimal(0))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)
