"""A shop with prices and promotions, an ERP that says what things cost, and erpsync between them."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Engine

from erpsync.domain.ids import Sku, SourceId
from erpsync.domain.money import Money
from erpsync.domain.products import BasePrice
from erpsync.engine import polling
from erpsync.flows.price_rules import PriceRules
from erpsync.ledger import pushes, staged_prices
from erpsync.ledger.pushes import Push, PushKind
from erpsync.ledger.staged_prices import StagedPrice
from erpsync.ports.store_records import StorePrice, StoreVariant
from erpsync.testing.bench import ERP, SHOP, Bench

# Catalogues are polled a little less often than prices; one minute is the overlap of the fakes' pages.
LATER_SECONDS = 1_000


class PriceWorld:
    """`bench` with a shop's prices and an ERP's; SKUs are put into both by `price`."""

    def __init__(self, database: Engine, rules: PriceRules | None = None, **more: object) -> None:
        self.bench = Bench(database, price_rules=rules or PriceRules(), **more)  # type: ignore[arg-type]
        self.shop = self.bench.store.shop

    def price(self, sku: str, amount: str, in_shop: str | None = None, **more: object) -> None:
        """The ERP asks that much; the shop sells it at `in_shop` (None: as before). `more` are fields of BasePrice, and
        `currency`."""
        money = Money(amount=Decimal(amount), currency=str(more.pop("currency", "EUR")))
        asked = BasePrice.model_validate({"sku": Sku(sku), "price": money, **more})
        books = self.bench.erp.books
        key = Sku("/".join((sku, asked.price_list, money.currency, asked.unit, str(asked.minimum_quantity))))
        books.prices[key] = asked
        books.touch("price", key)
        if in_shop is not None:
            self.sell(sku, in_shop)

    def sell(self, sku: str, amount: str, *, currency: str = "EUR", variant: str = "") -> None:
        """The shop has a variant of that SKU at that base price, whatever it had before."""
        base = Money(amount=Decimal(amount), currency=currency)
        known = self.shop.variants.get(Sku(sku))
        price = replace(known.price, base=base) if known else StorePrice(base)
        key = variant or f"v-{sku}"
        self.shop.variants[Sku(variant or sku)] = StoreVariant(
            Sku(sku), SourceId(key), SourceId(f"p-{key}"), sku, price, True, True
        )
        self.bench.store.touch("variant", variant or sku)

    def promote(self, sku: str, amount: str | None, *, days: float | None = None) -> None:
        """The shop puts it on sale, for so many days; None ends the sale."""
        variant = self.shop.variants[Sku(sku)]
        promotion = None if amount is None else Money(amount=Decimal(amount), currency="EUR")
        until = None if days is None else self.bench.clock.now() + timedelta(days=days)
        price = replace(variant.price, promotion=promotion, promotion_from=None, promotion_until=until)
        self.shop.variants[Sku(sku)] = replace(variant, price=price)
        self.bench.store.touch("variant", sku)

    def base(self, sku: str) -> Decimal:
        return self.shop.variants[Sku(sku)].price.base.amount

    def promotion(self, sku: str) -> tuple[Decimal, datetime | None] | None:
        price = self.shop.variants[Sku(sku)].price
        return None if price.promotion is None else (price.promotion.amount, price.promotion_until)

    def in_list(self, name: str) -> dict[str, str]:
        return {sku: f"{price}" for sku, price in self.shop.price_lists[name].items()}

    def poll(self) -> None:
        """What beat does every few minutes, and what workers make of it."""
        for source, flow in ((SHOP, "catalogue"), (ERP, "prices")):
            while polling.poll(self.bench.runtime, source, flow).more:
                pass
        self.bench.work()

    def poll_later(self, seconds: float = LATER_SECONDS) -> None:
        self.bench.clock.advance(seconds)
        self.poll()

    def pushes(self) -> list[Push]:
        """The oldest first."""
        with self.bench.database.connect() as connection:
            return pushes.latest(connection, PushKind.PRICES, 50)[::-1]

    def staged(self) -> list[StagedPrice]:
        with self.bench.database.connect() as connection:
            return staged_prices.listed(connection, 50)

    def notes(self) -> dict[str, str]:
        """How each change of the last push ended."""
        rows = self.bench.rows(
            "SELECT sku, state, note FROM push_changes WHERE push_id = (SELECT max(id) FROM pushes) ORDER BY sku"
        )
        return {row["sku"]: f"{row['state']} {row['note']}".strip() for row in rows}
