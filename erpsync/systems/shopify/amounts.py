"""The amounts of one order, read in one currency and one spelling."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias

from erpsync.domain.errors import Rejected
from erpsync.domain.money import Money, minor_unit, total, zero
from erpsync.systems.shopify import wire

SYSTEM = "shopify"
Side: TypeAlias = Literal["shop", "presentment"]


@dataclass(frozen=True)
class Amounts:
    """Reads the amounts of one order in one currency, or says which field has none."""

    record: str
    side: Side
    currency: str

    def of(self, money: wire.MoneySet, field: str) -> Money:
        amount = money.shop_money if self.side == "shop" else money.presentment_money
        where = f"{field}.{self.side}_money"
        if amount is None:
            raise unreadable(self.record, where, "is missing")
        if amount.currency_code != self.currency:
            raise unreadable(self.record, where, f"is not in {self.currency}")
        return self.exactly(amount.amount)

    def exactly(self, amount: Decimal) -> Money:
        """The amount in one spelling: webhooks write 10.00 where GraphQL writes 10.0, and both are the same order."""
        rounded = amount.quantize(minor_unit(self.currency))
        return Money(amount=rounded if rounded == amount else amount.normalize(), currency=self.currency)

    def maybe(self, money: wire.MoneySet | None, field: str) -> Money:
        return zero(self.currency) if money is None else self.of(money, field)

    def sum(self, sets: Sequence[wire.MoneySet], field: str) -> Money:
        return total([self.of(money, f"{field}[{i}]") for i, money in enumerate(sets)], self.currency)


def unreadable(record: str, field: str, complaint: str) -> Rejected:
    return Rejected(
        "order-unreadable",
        system=SYSTEM,
        record=record,
        what=f"The field {field} {complaint}.",
        next_step="Look at the order in Shopify and at the version of the webhook subscription (README of the system); "
        "when the field is right, replay.",
    )
