"""An order's money as SAP's items and header conditions have it, to the cent. Pure.

SAP adds a document up from its conditions: price, discount and tax of each item, rounded per item, and header conditions.
The parts are made to come to the store's total; cents by which SAP computes another tax go to the rounding charge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money, minor_unit
from erpsync.domain.orders import Order, OrderLine, ShippingLine, TaxLine, balance, tax_percent
from erpsync.ports.settings import entry_of
from erpsync.systems.sap.odata.edm import fitted
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings

REFERENCE_LENGTH = 35
# ConditionQuantity has five digits (Edm.Decimal, precision 5).
_MOST_PER = 99999


@dataclass(frozen=True)
class Position:
    """One item. `price` is for the whole quantity, without tax, before `discount`; `tax` is the store's.

    `tax_code` is what the settings say for its rate; `reference` is ours, unique in the order.
    """

    material: str
    quantity: Decimal
    text: str
    price: Decimal
    discount: Decimal
    tax: Decimal
    percent: Decimal
    tax_code: str
    reference: str

    @property
    def net(self) -> Decimal:
        return self.price - self.discount


@dataclass(frozen=True)
class Charged:
    """All that an order costs. `conditions` are amounts of header conditions by their type."""

    positions: tuple[Position, ...]
    conditions: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class _Charge:
    setting: str
    reference: str
    text: str
    net: Decimal
    tax: Decimal = Decimal(0)
    rates: tuple[TaxLine, ...] = ()


def named(order: Order) -> str:
    return f"order {order.number}"


def charged(order: Order, settings: SapODataSettings) -> Charged:
    """The order in parts whose sum in SAP is its total. Raises Rejected naming the missing setting, or the arithmetic."""
    builder = _Builder(order, settings)
    found = Charged(tuple(builder.line(line) for line in order.lines))
    for charge in builder.charges():
        found = builder.add(found, charge)
    missing = order.total.amount - _sum(found, settings, order.currency)
    _refuse_large(order, missing - order.rounding.amount, settings)
    if missing:
        found = builder.add(found, _Charge("rounding_charge", "rounding", "Rounding", missing))
    return found


def price_per(position: Position, currency: str, *, record: str) -> tuple[Decimal, Decimal]:
    """A rate and how many it is for, such that SAP's rate x quantity / per is exactly `price`."""
    rate = position.price / position.quantity
    if rate == rate.quantize(minor_unit(currency)):
        return rate.quantize(minor_unit(currency)), Decimal(1)
    scale = Decimal(10) ** max(-int(position.quantity.normalize().as_tuple().exponent), 0)
    per = position.quantity * scale
    if per > _MOST_PER:
        raise Rejected(
            "price-not-exact",
            system=SYSTEM,
            record=record,
            what=f"{position.material}: no rate of SAP's comes to {position.price} for {position.quantity} pieces.",
            next_step="Split the line in the store, or enter the order in SAP by hand; then replay or discard.",
        )
    return position.price * scale, per.to_integral_value()


def computed_tax(position: Position, settings: SapODataSettings, currency: str) -> Decimal:
    """What SAP will have as the item's tax."""
    if settings.tax_handling == "condition":
        return position.tax
    return cents(position.net * position.percent / 100, currency)


def cents(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(minor_unit(currency), ROUND_HALF_UP)


def tax_code(percent: Decimal, settings: SapODataSettings, *, record: str) -> str:
    """What the settings say for a rate. Raises Rejected naming the setting."""
    code = entry_of(settings.tax_codes, percent, None)
    if code is not None:
        return code
    raise Rejected(
        "tax-not-mapped",
        system=SYSTEM,
        record=record,
        what=f"There is no entry for {percent.normalize():f} % in `tax_codes` of this connection.",
        next_step=f'Add "{percent.normalize():f}" with its code in SAP to `tax_codes`, restart the workers, then replay.',
    )


def percent_of(
    rates: Sequence[TaxLine], tax: Decimal, net: Decimal, settings: SapODataSettings, currency: str, *, record: str
) -> Decimal:
    """The rate in percent: as the store says, added up where there are several; else the configured one that comes nearest
    to `tax`."""
    if tax == 0:
        return Decimal(0)
    percent = tax_percent(rates) if rates else None
    if percent is not None:
        return percent
    # A tax out of a gross price may be a cent off what SAP computes on its net.
    allowed = 2 * minor_unit(currency)
    off = {key: abs(cents(net * key / 100, currency) - tax) for key in map(Decimal, settings.tax_codes) if key}
    nearest = min(off, key=off.__getitem__, default=None)
    if nearest is None or off[nearest] > allowed:
        raise Rejected(
            "tax-rate-unknown",
            system=SYSTEM,
            record=record,
            what=f"The store does not tell the rate of a tax of {tax} on {net}, and none of `tax_codes` fits.",
            next_step="Add the rate to `tax_codes` of this connection, or set the store up to tell its rates; then replay.",
        )
    return nearest


def material_of(setting: str, settings: SapODataSettings, *, record: str) -> tuple[str, str]:
    """Kind and key of a charge, ("material", "SHIPPING") or ("condition", "YBHD"). Raises Rejected naming the setting."""
    kind, _, key = str(getattr(settings, setting)).partition(" ")
    if not key:
        raise Rejected(
            "charge-not-mapped",
            system=SYSTEM,
            record=record,
            what=f"`{setting}` of this connection is empty, and the record has such an amount.",
            next_step=f'Set `{setting}` to what SAP shall book it as, as in "material FEE"; then replay.',
        )
    return kind, key


class _Builder:
    def __init__(self, order: Order, settings: SapODataSettings) -> None:
        self._order = order
        self._settings = settings
        self._record = named(order)

    def line(self, line: OrderLine) -> Position:
        if not line.sku:
            raise _no_sku(line, self._record)
        if line.quantity <= 0 or line.quantity != line.quantity.quantize(Decimal("0.001")):
            raise _odd_quantity(line, self._record)
        net, tax = self._split(line.net, line.taxes)
        discount = Decimal(0)
        if line.discount.amount and self._settings.discount_condition:
            # Of a price that contains tax, the discount contains its share.
            share = net / line.net.amount if line.net.amount else Decimal(1)
            discount = self._cents(line.discount.amount * share)
        return self._position(
            line.sku, line.quantity, line.title, net + discount, discount, tax, line.taxes, f"line:{line.source_id}"
        )

    def charges(self) -> list[_Charge]:
        found = [self._shipping(line) for line in self._order.shipping_lines]
        extras = (
            ("tip_charge", "tip", "Tip", self._order.tip),
            ("duty_charge", "duties", "Duties", self._order.duties),
            ("fee_charge", "fees", "Fees", self._order.fees),
        )
        found += [_Charge(setting, key, text, self._cents(money.amount)) for setting, key, text, money in extras]
        return [charge for charge in found if charge.net or charge.tax]

    def add(self, found: Charged, charge: _Charge) -> Charged:
        kind, key = material_of(charge.setting, self._settings, record=self._record)
        if kind == "material":
            position = self._position(
                Sku(key), Decimal(1), charge.text, charge.net, Decimal(0), charge.tax, charge.rates, charge.reference
            )
            return replace(found, positions=(*found.positions, position))
        amounts = {**found.conditions, key: found.conditions.get(key, Decimal(0)) + charge.net}
        if not charge.tax:
            return replace(found, conditions=amounts)
        # A header condition has no tax of its own: its tax travels on the first item that is taxed at all.
        at = next((at for at, one in enumerate(found.positions) if one.tax), 0)
        taxed = replace(found.positions[at], tax=found.positions[at].tax + charge.tax)
        return Charged((*found.positions[:at], taxed, *found.positions[at + 1 :]), amounts)

    def _shipping(self, line: ShippingLine) -> _Charge:
        net, tax = self._split(line.net, line.taxes)
        return _Charge("shipping_charge", f"ship:{line.source_id}", line.title or line.code, net, tax, line.taxes)

    def _split(self, amount: Money, taxes: tuple[TaxLine, ...]) -> tuple[Decimal, Decimal]:
        tax = self._cents(sum((one.amount.amount for one in taxes), Decimal(0)))
        return self._cents(amount.amount - (tax if self._order.taxes_included else 0)), tax

    def _position(
        self,
        sku: Sku,
        quantity: Decimal,
        text: str,
        price: Decimal,
        discount: Decimal,
        tax: Decimal,
        rates: tuple[TaxLine, ...],
        reference: str,
    ) -> Position:
        net = price - discount
        percent = percent_of(rates, tax, net, self._settings, self._order.currency, record=self._record)
        code = tax_code(percent, self._settings, record=self._record)
        key = fitted(reference, REFERENCE_LENGTH)
        return Position(str(sku), quantity, text, price, discount, tax, percent, code, key)

    def _cents(self, amount: Decimal) -> Decimal:
        return cents(amount, self._order.currency)


def _sum(found: Charged, settings: SapODataSettings, currency: str) -> Decimal:
    items = (one.net + computed_tax(one, settings, currency) for one in found.positions)
    return sum(items, Decimal(0)) + sum(found.conditions.values(), Decimal(0))


def _refuse_large(order: Order, difference: Decimal, settings: SapODataSettings) -> None:
    if abs(difference) <= settings.rounding_limit:
        return
    raise Rejected(
        "tax-differs",
        system=SYSTEM,
        record=named(order),
        what=f"SAP would come to another total, by {difference} {order.currency}, above `rounding_limit` "
        f"({settings.rounding_limit}): {balance(order)}.",
        next_step="Compare the store's tax rates with `tax_codes` of this connection; correct them, or set tax_handling to "
        "condition so that SAP takes the store's tax; then replay.",
    )


def _no_sku(line: OrderLine, record: str) -> Rejected:
    return Rejected(
        "no-sku",
        system=SYSTEM,
        record=record,
        what=f'The line "{line.title}" has no SKU.',
        next_step="Give the product its material number as SKU in the store and on the order, then replay.",
    )


def _odd_quantity(line: OrderLine, record: str) -> Rejected:
    return Rejected(
        "quantity-not-possible",
        system=SYSTEM,
        record=record,
        what=f"SAP takes no quantity of {line.quantity} of {line.sku}: above zero, with three decimals at most.",
        next_step="Correct the line in the store, then replay.",
    )
