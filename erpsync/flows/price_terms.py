"""How a route prices: its rules brought into the ledger when they change, and what a SKU costs by them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, Engine

from erpsync.domain.ids import ConnectionName, Sku
from erpsync.domain.money import Money
from erpsync.flows.price_rules import PriceRules
from erpsync.ledger import checkpoints, prices
from erpsync.ledger.prices import Offer, Terms

_CHECKPOINT = "price terms"


@dataclass(frozen=True)
class Wanted:
    """What an offer of the ERP becomes in the store."""

    offer: Offer
    amount: Decimal

    @property
    def key(self) -> tuple[Sku, str]:
        return self.offer.sku, self.offer.place

    @property
    def differs(self) -> bool:
        """Whether the store is to be told: it has another price, and no person has said that it shall."""
        return self.amount != self.offer.before and not self.offer.undone

    def is_alarming(self, rules: PriceRules) -> bool:
        """Whether a person must look first. What waits for a promotion's end has been let through before."""
        return self.amount != self.offer.staged and rules.falls_too_far(self.offer.before, self.amount)

    @property
    def price(self) -> Money:
        return Money(amount=self.amount, currency=self.offer.currency)


def terms_of(
    connection: Connection, rules: PriceRules, erp: ConnectionName, store: ConnectionName, now: datetime
) -> Terms:
    """The route's terms as of now. Where its rules differ from those of the last time, or there was none, everything is
    dirty."""
    terms = _terms(rules, erp, store)
    stated = {key: value if isinstance(value, dict) else str(value) for key, value in asdict(rules).items()}
    if checkpoints.get(connection, store, f"{_CHECKPOINT} {erp}") != stated:
        prices.touch(connection, terms)
        checkpoints.put(connection, store, f"{_CHECKPOINT} {erp}", stated, now)
    return terms


def last_terms(connection: Connection, erp: ConnectionName, store: ConnectionName) -> Terms | None:
    """The terms of the last run, for those who have no configuration at hand; None where there was none."""
    stated = checkpoints.get(connection, store, f"{_CHECKPOINT} {erp}")
    return None if stated is None else Terms(erp, store, stated["lists"], stated["currency"])


def wanted(connection: Connection, terms: Terms, rules: PriceRules, skus: Sequence[Sku]) -> list[Wanted]:
    """What the store should have of those of these SKUs that are one variant there, and that the ERP has a price of."""
    return [_wanted(offer, rules) for offer in prices.offers(connection, terms, skus)]


def known_prices(
    database: Engine, rules: PriceRules, erp: ConnectionName, store: ConnectionName
) -> Callable[[Sequence[Sku]], Mapping[Sku, Money]]:
    """For `FlowContext.prices`: what SKUs are to cost that the store does not have yet. A price of nothing is none."""

    def known(skus: Sequence[Sku]) -> Mapping[Sku, Money]:
        with database.begin() as connection:
            offers = prices.asked(connection, _terms(rules, erp, store), skus)
        found = {offer.sku: _wanted(offer, rules).price for offer in offers}
        return {sku: price for sku, price in found.items() if price.amount > 0}

    return known


def _terms(rules: PriceRules, erp: ConnectionName, store: ConnectionName) -> Terms:
    return Terms(erp, store, rules.lists, rules.currency)


def _wanted(offer: Offer, rules: PriceRules) -> Wanted:
    return Wanted(offer, rules.store_price(offer.amount, offer.currency, tax_included=offer.tax_included))
