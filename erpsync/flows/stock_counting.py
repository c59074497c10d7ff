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
    return Count(terms, facts).desired()


class Count:
    """One count, with the figures on the way for those who ask why. `index` is a location's place in `places`."""

    def __init__(self, terms: Terms, facts: Facts) -> None:
        self.terms = terms
        self.facts = facts
        self.places = list(dict.fromkeys(feed.store_location for feed in terms.feeds))
        self._promised: dict[Sku, list[Decimal]] = {}

    def desired(self) -> list[Desired]:
        found: list[Desired] = []
        for sku in self.facts.skus:
            everywhere, parts = self.rule(sku), self.parts(sku)
            if everywhere.unlimited or not parts or not all(part in self.facts.levels for part in parts):
                continue
            expected = self._expected(sku)
            for index, place in enumerate(self.places):
                quantity = self._quantity(sku, parts, index, everywhere)
                found.append(self._row(sku, place, quantity, expected[index]))
        return found

    def parts(self, sku: Sku) -> Mapping[Sku, Decimal]:
        """What one of the SKU is made of: itself, where it is no kit. Parts that are unlimited do not count."""
        if sku not in self.facts.parts:
            return {sku: Decimal(1)}
        return {part: each for part, each in self.facts.parts[sku].items() if not self.rule(part).unlimited}

    def _quantity(self, sku: Sku, parts: Mapping[Sku, Decimal], index: int, everywhere: Rule) -> int:
        units = min(_floor(self.promised(part)[index] / quantity) for part, quantity in parts.items())
        if sku in self.facts.parts:
            # The parts have their own safety stock; a kit has one besides only where a rule says so.
            units -= self.safety_rule(sku, index) or _NOTHING
        else:
            units /= everywhere.pack
        preorder = everywhere.preorder if index == 0 else _NOTHING
        return min(max(int(_floor(units) + preorder), 0), _MOST)

    def promised(self, part: Sku) -> list[Decimal]:
        """What may be promised of a part at each of the store's locations."""
        if part not in self._promised:
            free = [self.free(part, index) for index in range(len(self.places))]
            self._promised[part] = _taken_from(free, sum((taken for _, taken in self.unseen(part)), _NOTHING))
        return self._promised[part]

    def free(self, part: Sku, index: int) -> Decimal:
        """What is not kept back, before anything is taken off that the ERP has not seen."""
        return max(_NOTHING, self.units(part, index) - self.safety(part, index))

    def units(self, part: Sku, index: int) -> Decimal:
        """What the ERP's locations feed into the store's location, in pieces."""
        place = self.places[index]
        shares = {feed.erp_location: feed.share for feed in self.terms.feeds if feed.store_location == place}
        return sum(
            (
                (level.on_hand - level.reserved) * self.terms.units.get(level.unit, 1) * shares[level.location]
                for level in self.facts.levels[part]
                if level.location in shares
            ),
            _NOTHING,
        )

    def safety(self, part: Sku, index: int) -> Decimal:
        rule = self.safety_rule(part, index)
        return self.terms.safety_at.get(self.places[index], self.terms.safety) if rule is None else rule

    def unseen(self, part: Sku) -> list[tuple[OpenSale, Decimal]]:
        """The sales of a part, as itself or in kits, and how much of it each takes that is not in the ERP's figures."""
        as_of = min(level.as_of for level in self.facts.levels[part])
        return [(sale, each * self._missing(sale, as_of)) for each, sale in self._sales_of.get(part, ())]

    def _missing(self, sale: OpenSale, as_of: datetime) -> Decimal:
        """How much of a sale is not in levels that were told at `as_of`. What the ERP was told at that very time is not;
        nor is anything before it is shipped, where the ERP counts orders only then: see `flows.stock_shipped`."""
        is_seen = sale.known_at is not None and sale.known_at < as_of and not self.terms.until_shipped
        return max(_NOTHING, sale.quantity - (sale.known_quantity if is_seen else _NOTHING))

    @cached_property
    def _sales_of(self) -> dict[Sku, list[tuple[Decimal, OpenSale]]]:
        """Open sales by the part that they take, with how much of it one unit sold takes."""
        found: dict[Sku, list[tuple[Decimal, OpenSale]]] = {}
        for sale in self.facts.sales:
            pack = self.facts.rules.get((sale.store, sale.sku, ""), _NO_RULE).pack
            parts = self.facts.kits.get((sale.store, sale.sku), {sale.sku: pack})
            for part, each in parts.items():
                found.setdefault(part, []).append((each, sale))
        return found

    def _expected(self, sku: Sku) -> list[int | None]:
        """What each location has: what was sold since it was set has left one after the other. What was read may be without
        it already: that is taken as it was read."""
        has = [self.facts.has.get((sku, place)) for place in self.places]
        ours = [one for one in has if one is not None and not one.was_read]
        since = self._sold(sku) - ours[0].sold if ours else _NOTHING
        stock = [max(0, one.quantity or 0) if one in ours else 0 for one in has]
        left = _taken_from([Decimal(one) for one in stock], max(since, _NOTHING))
        rest = max(since - sum(stock), _NOTHING) + min(since, _NOTHING)
        expected: list[int | None] = []
        for index, one in enumerate(has):
            if one is None or one.quantity is None or one.was_read:
                expected.append(None if one is None else one.quantity)
                continue
            expected.append(int(one.quantity - (stock[index] - left[index]) - rest))
            rest = _NOTHING
        return expected

    def _row(self, sku: Sku, place: str, quantity: int, expected: int | None) -> Desired:
        has = self.facts.has.get((sku, place))
        since = self._sold(sku) - has.sold if has else _NOTHING
        return Desired(
            sku,
            place,
            quantity,
            expected,
            self._sold(sku),
            has.doubted_at if has else None,
            has is not None and has.undone_at is not None and not self._told_since(sku, has.undone_at),
            has.push_id if has else None,
            was_read=has is not None and has.was_read,
            sure=has is None or (not has.foreseen and (since == 0 if has.was_read else since >= 0)),
        )

    def _told_since(self, sku: Sku, at: datetime) -> bool:
        return any(level.changed_at > at for part in self.parts(sku) for level in self.facts.levels[part])

    def _sold(self, sku: Sku) -> Decimal:
        return self.facts.sold.get(sku, _NOTHING)

    def rule(self, sku: Sku, place: str = "") -> Rule:
        return self.facts.rules.get((self.terms.store, sku, place), _NO_RULE)

    def safety_rule(self, sku: Sku, index: int) -> Decimal | None:
        here = self.rule(sku, self.places[index]).safety
        return self.rule(sku).safety if here is None else here


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
