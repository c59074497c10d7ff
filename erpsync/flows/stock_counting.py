"""Counts what a store should have, and what it has by all that is known. Pure.

available = max(0, on hand - reserved - safety stock - what was sold and the ERP has not seen), for each location; a kit has
what its scarcest component allows. Nobody knows from which location the ERP will send what was sold: it is taken from one
after the other, in the order in which the route names them, so that all together never promise a unit twice.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from functools import cached_property

from erpsync.domain.ids import Sku
from erpsync.ledger.stock import Desired, Facts, OpenSale, Terms
from erpsync.ledger.stock_rules import Rule

_NOTHING = Decimal(0)
_NO_RULE = Rule("")
# More than any store takes for a quantity.
_MOST = 1_000_000_000


def counted(terms: Terms, facts: Facts) -> list[Desired]:
    """For each SKU that the ERP knows all parts of, each location that the route feeds."""
    return _Count(terms, facts).desired()


class _Count:
    def __init__(self, terms: Terms, facts: Facts) -> None:
        self._terms = terms
        self._facts = facts
        self._places = list(dict.fromkeys(feed.store_location for feed in terms.feeds))
        self._promised: dict[Sku, list[Decimal]] = {}

    def desired(self) -> list[Desired]:
        found: list[Desired] = []
        for sku in self._facts.skus:
            everywhere = self._rule(sku)
            parts = self._facts.parts.get(sku, {sku: Decimal(1)})
            if everywhere.unlimited or not all(part in self._facts.levels for part in parts):
                continue
            expected = self._expected(sku)
            for index, place in enumerate(self._places):
                quantity = self._quantity(sku, parts, index, everywhere)
                found.append(self._row(sku, place, quantity, expected[index]))
        return found

    def _quantity(self, sku: Sku, parts: Mapping[Sku, Decimal], index: int, everywhere: Rule) -> int:
        units = min(_floor(self._promised_of(part)[index] / quantity) for part, quantity in parts.items())
        if sku in self._facts.parts:
            # The parts have their own safety stock; a kit has one besides only where a rule says so.
            units -= self._safety_rule(sku, index) or _NOTHING
        else:
            units /= everywhere.pack
        preorder = everywhere.preorder if index == 0 else _NOTHING
        return min(max(int(_floor(units) + preorder), 0), _MOST)

    def _promised_of(self, part: Sku) -> list[Decimal]:
        """What may be promised of a part at each of the store's locations."""
        if part not in self._promised:
            free = [self._free(part, index) for index in range(len(self._places))]
            self._promised[part] = _taken_from(free, self._unseen(part))
        return self._promised[part]

    def _free(self, part: Sku, index: int) -> Decimal:
        place = self._places[index]
        shares = {feed.erp_location: feed.share for feed in self._terms.feeds if feed.store_location == place}
        units = sum(
            (
                (level.on_hand - level.reserved) * self._terms.units.get(level.unit, 1) * shares[level.location]
                for level in self._facts.levels[part]
                if level.location in shares
            ),
            _NOTHING,
        )
        safety = self._safety_rule(part, index)
        if safety is None:
            safety = self._terms.safety_at.get(place, self._terms.safety)
        return max(_NOTHING, units - safety)

    def _unseen(self, part: Sku) -> Decimal:
        """What stores have sold of a part, as itself or in kits, that is not in the ERP's figures."""
        as_of = min(level.as_of for level in self._facts.levels[part])
        return sum((each * _missing(sale, as_of) for each, sale in self._sales_of.get(part, ())), _NOTHING)

    @cached_property
    def _sales_of(self) -> dict[Sku, list[tuple[Decimal, OpenSale]]]:
        """Open sales by the part that they take, with how much of it one unit sold takes."""
        found: dict[Sku, list[tuple[Decimal, OpenSale]]] = {}
        for sale in self._facts.sales:
            pack = self._facts.rules.get((sale.store, sale.sku, ""), _NO_RULE).pack
            parts = self._facts.kits.get((sale.store, sale.sku), {sale.sku: pack})
            for part, each in parts.items():
                found.setdefault(part, []).append((each, sale))
        return found

    def _expected(self, sku: Sku) -> list[int | None]:
        """What each location has: what was sold since it was last set or read has left one after the other."""
        has = [self._facts.has.get((sku, place)) for place in self._places]
        known = [one for one in has if one is not None]
        since = self._sold(sku) - known[0].sold if known else _NOTHING
        stock = [max(0, one.quantity or 0) if one is not None else 0 for one in has]
        left = _taken_from([Decimal(one) for one in stock], max(since, _NOTHING))
        rest = max(since - sum(stock), _NOTHING) + min(since, _NOTHING)
        return [
            None
            if one is None or one.quantity is None
            else int(one.quantity - (stock[index] - left[index]) - (rest if index == 0 else 0))
            for index, one in enumerate(has)
        ]

    def _row(self, sku: Sku, place: str, quantity: int, expected: int | None) -> Desired:
        has = self._facts.has.get((sku, place))
        return Desired(
            sku,
            place,
            quantity,
            expected,
            self._sold(sku),
            has.doubted_at if has else None,
            has is not None and has.undone_at is not None and not self._told_since(sku, has.undone_at),
            has.push_id if has else None,
        )

    def _told_since(self, sku: Sku, at: datetime) -> bool:
        parts = self._facts.parts.get(sku, (sku,))
        return any(level.changed_at > at for part in parts for level in self._facts.levels[part])

    def _sold(self, sku: Sku) -> Decimal:
        return self._facts.sold.get(sku, _NOTHING)

    def _rule(self, sku: Sku, place: str = "") -> Rule:
        return self._facts.rules.get((self._terms.store, sku, place), _NO_RULE)

    def _safety_rule(self, sku: Sku, index: int) -> Decimal | None:
        here = self._rule(sku, self._places[index]).safety
        return self._rule(sku).safety if here is None else here


def _missing(sale: OpenSale, as_of: datetime) -> Decimal:
    """How much of a sale is not in levels that were told at `as_of`. What the ERP was told at that very time is not."""
    seen = sale.known_quantity if sale.known_at is not None and sale.known_at < as_of else _NOTHING
    return max(_NOTHING, sale.quantity - seen)


def _taken_from(units: Sequence[Decimal], taken: Decimal) -> list[Decimal]:
    """What is left at each place when `taken` is taken from one after the other."""
    left = []
    for one in units:
        here = min(one, taken)
        taken -= here
        left.append(one - here)
    return left


def _floor(units: Decimal) -> Decimal:
    return units.to_integral_value(ROUND_FLOOR)
