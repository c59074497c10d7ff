"""An order's money as lines of a sales order, and what is still to be done where Business Central adds it up differently.

Business Central computes tax itself, from the line's tax code and per document, so its total may differ from the store's
by cents. The difference goes to the rounding line; a larger one is refused with the arithmetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.orders import Order, OrderLine, TaxLine, balance, tax_percent
from erpsync.ports.settings import entry_of
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import LENGTHS, NO_ID, Payload

ROUNDING = "Rounding"
"""The description by which the rounding line is known among others on its account."""
_NOTHING = Decimal(0)


@dataclass(frozen=True)
class FoundItem:
    """What a SKU is in Business Central. `variant_id` is NO_ID for an item itself."""

    id: str
    number: str
    variant_id: str = NO_ID
    blocked: bool = False


@dataclass(frozen=True)
class Line:
    """One line to be made. `tax_code` empty: as the item or account has it."""

    kind: str
    number: str
    quantity: Decimal
    unit_price: Decimal
    discount: Decimal = _NOTHING
    tax_code: str = ""
    description: str = ""
    variant_id: str = NO_ID
    location_id: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What stays the same when quantity and price change."""
        return self.kind, self.number.upper(), self.variant_id

    @property
    def is_rounding(self) -> bool:
        return self.description == ROUNDING

    def amounts(self) -> Payload:
        """In the order in which Business Central must see them: the quantity fetches a price anew, and a tax code
        recalculates one that contains tax, so the price comes after both and the discount last."""
        payload: Payload = {"quantity": self.quantity}
        if self.tax_code:
            payload["taxCode"] = self.tax_code
        return {**payload, "unitPrice": self.unit_price, "discountAmount": self.discount}

    def payload(self) -> Payload:
        payload: Payload = {"lineType": self.kind, "lineObjectNumber": self.number}
        if self.variant_id != NO_ID:
            payload["itemVariantId"] = self.variant_id
        if self.location_id:
            payload["locationId"] = self.location_id
        if self.description:
            payload["description"] = self.description
        return {**payload, **self.amounts()}


def order_lines(
    order: Order, items: Mapping[Sku, FoundItem | None], settings: BusinessCentralSettings, location_id: str
) -> list[Line]:
    """Goods, shipping and charges. `items` holds every SKU of the order. Raises Rejected naming the SKU or the setting."""
    lines = []
    for line in order.lines:
        # An edited order may keep lines of which nothing is left.
        if line.quantity == 0:
            continue
        item = _the_item(line, order, items)
        lines.append(
            Line(
                kind="Item",
                number=item.number,
                quantity=line.quantity,
                unit_price=line.unit_price.amount,
                discount=line.discount.amount,
                tax_code=tax_code(line.taxes, order, settings),
                variant_id=item.variant_id,
                location_id=location_id,
            )
        )
    for shipping in order.shipping_lines:
        if shipping.price.amount or any(tax.amount.amount for tax in shipping.taxes):
            code = tax_code(shipping.taxes, order, settings)
            title = (shipping.title or shipping.code or "Shipping")[: LENGTHS["description"]]
            charge = _charge("shipping_account", "shipping", title, shipping.price, code, order, settings)
            lines.append(_discounted(charge, shipping.discount.amount))
    for setting, name, title, money in (
        ("tip_account", "a tip", "Tip", order.tip),
        ("duty_account", "duties", "Duties", order.duties),
        ("fee_account", "fees", "Fees", order.fees),
        ("rounding_account", "rounding", ROUNDING, order.rounding),
    ):
        if money.amount:
            lines.append(_charge(setting, name, title, money, untaxed(settings), order, settings))
    return lines


def tax_code(taxes: Sequence[TaxLine], order: Order, settings: BusinessCentralSettings) -> str:
    """The tax code for a line's taxes together. Raises Rejected where there is a table and the percentage is not in it."""
    if not settings.tax_codes and not settings.default_tax_code:
        return ""
    percent = tax_percent(taxes)
    code = entry_of(settings.tax_codes, percent, settings.default_tax_code)
    if not code:
        raise _no_tax_code(percent, record=named(order))
    return code


def untaxed(settings: BusinessCentralSettings) -> str:
    """The tax code of what bears no tax."""
    return entry_of(settings.tax_codes, _NOTHING, settings.default_tax_code)


def rounding_line(
    *,
    record: str,
    wanted: Money,
    computed: Decimal,
    base: Decimal,
    present: Decimal,
    figures: str,
    settings: BusinessCentralSettings,
) -> Line | None:
    """The rounding line that makes the document's total the store's; None where it is already.

    `computed` is Business Central's total with a rounding line of `present`, `base` what the store itself rounded.
    Raises Rejected where the difference is too large, or there is no account for it.
    """
    difference = wanted.rounded().amount - computed
    if not difference:
        return None
    amount = present + difference
    if abs(amount - base) > settings.rounding_limit:
        raise Rejected(
            "total-differs",
            system=SYSTEM,
            record=record,
            what=f"Business Central computes {computed} {wanted.currency} where the store says {wanted}: {figures}.",
            next_step="Compare `tax_codes` of this connection and VAT Posting Setup with the store's taxes; or, where the "
            "store rounds so coarsely, raise `rounding_limit`. Then replay.",
        )
    account = settings.charge("rounding_account")
    if account is None:
        raise no_account(
            "a rounding difference", "rounding_account", Money(amount=difference, currency=wanted.currency), record
        )
    return Line(*account, Decimal(1), amount, tax_code=untaxed(settings), description=ROUNDING)


def figures_of(order: Order) -> str:
    """The store's own arithmetic, for people."""
    return f"tax {order.tax}, {balance(order)}"


def named(order: Order) -> str:
    """How messages name the order."""
    return f"order #{order.number.lstrip('#')}"


def no_account(name: str, setting: str, money: Money, record: str) -> Rejected:
    return Rejected(
        "no-account-for-charge",
        system=SYSTEM,
        record=record,
        what=f"There is {name} of {money} and no account is configured for it.",
        next_step=f"Set `{setting}` of this connection to a G/L account's number, restart the workers, then replay.",
    )


def _charge(
    setting: str, name: str, title: str, money: Money, code: str, order: Order, settings: BusinessCentralSettings
) -> Line:
    account = settings.charge(setting)
    if account is None:
        raise no_account(name, setting, money, named(order))
    return Line(*account, Decimal(1), money.amount, tax_code=code, description=title)


def _discounted(line: Line, discount: Decimal) -> Line:
    return Line(line.kind, line.number, line.quantity, line.unit_price, discount, line.tax_code, line.description)


def _the_item(line: OrderLine, order: Order, items: Mapping[Sku, FoundItem | None]) -> FoundItem:
    place = f"{named(order)}, line {order.lines.index(line) + 1}"
    if not line.sku:
        raise Rejected(
            "no-sku",
            system=SYSTEM,
            record=place,
            what="The line has no SKU.",
            next_step="Give the product in the store the number of an item in Business Central as its SKU; then replay.",
        )
    found = items.get(line.sku)
    if found is None:
        raise Rejected(
            "unknown-sku",
            system=SYSTEM,
            record=place,
            what=f"Business Central has no item for SKU {line.sku}.",
            next_step="Create an item of this number in Business Central, or correct the SKU in the store; then replay.",
        )
    if found.blocked:
        raise Rejected(
            "item-blocked",
            system=SYSTEM,
            record=place,
            what=f"The item of SKU {line.sku} is blocked in Business Central.",
            next_step="Unblock the item in Business Central, or correct the order in the store; then replay.",
        )
    return found


def _no_tax_code(percent: Decimal | None, *, record: str) -> Rejected:
    if percent is None:
        what = "The store does not tell a tax line's rate."
        next_step = "Set `default_tax_code` of this connection, which is for such lines as well; then replay."
    else:
        rate = f"{percent.normalize():f}"
        what = f"No tax code is configured for {rate} %."
        next_step = f'Add "{rate}" to `tax_codes` of this connection, or set `default_tax_code`; then replay.'
    return Rejected("tax-rate-not-mapped", system=SYSTEM, record=record, what=what, next_step=next_step)
