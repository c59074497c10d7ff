"""Stock and prices in the contract's bulk calls, each record with its own answer."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from erpsync.domain.errors import Rejected, SyncError, Throttled, Unavailable
from erpsync.domain.ids import Sku
from erpsync.ports.store_records import PriceAnswer, PriceChange, Staged, Stale, StockAnswer, StockChange
from erpsync.systems.custom import refusals, wire
from erpsync.systems.custom.capabilities import SYSTEM
from erpsync.systems.custom.client import CustomClient

T = TypeVar("T")
# The contract's limit of one call.
BATCH = 250


def stock_answers(client: CustomClient, changes: Sequence[StockChange]) -> dict[tuple[Sku, str], StockAnswer]:
    """Setting it twice is harmless: the second finds what the first has set, and says so."""
    answers: dict[tuple[Sku, str], StockAnswer] = {}
    for batch in _batches(changes):
        body = wire.StockChanges(
            changes=tuple(
                wire.StockChange(sku=one.sku, location=one.location, quantity=one.quantity, was=one.was)
                for one in batch
            )
        )
        keys = [(one.sku, one.location) for one in batch]
        try:
            told = client.put("/stock", body, wire.StockResults).results
        except (Unavailable, Throttled) as error:
            if not answers:
                raise
            answers |= dict.fromkeys(keys, error)
            continue
        found = {(Sku(one.sku), one.location): _stock_answer(one) for one in told}
        answers |= {key: found.get(key, _untold(f"{key[0]} at {key[1]}")) for key in keys}
    return answers


def price_answers(client: CustomClient, changes: Sequence[PriceChange]) -> dict[Sku, PriceAnswer]:
    answers: dict[Sku, PriceAnswer] = {}
    for batch in _batches(changes):
        body = wire.PriceChanges(
            changes=tuple(
                wire.PriceChange(
                    sku=one.sku, price=one.price.amount, currency=one.price.currency, price_list=one.price_list
                )
                for one in batch
            )
        )
        keys = [one.sku for one in batch]
        try:
            told = client.put("/prices", body, wire.PriceResults).results
        except (Unavailable, Throttled) as error:
            if not answers:
                raise
            answers |= dict.fromkeys(keys, error)
            continue
        found = {Sku(one.sku): _price_answer(one) for one in told}
        answers |= {key: found.get(key, _untold(key)) for key in keys}
    return answers


def _stock_answer(result: wire.StockResult) -> StockAnswer:
    if result.error is None:
        return None
    if result.error.code == "stale":
        return Stale(result.actual)
    return _refused(result.error, f"{result.sku} at {result.location}")


def _price_answer(result: wire.PriceResult) -> PriceAnswer:
    if result.error is None:
        return None
    if result.error.code == "promotion":
        return Staged(result.until)
    return _refused(result.error, result.sku)


def _refused(error: wire.Error, record: str) -> SyncError:
    # Elsewhere this code is an order's that is gone; an item that is gone is for a person to see.
    if error.code == "not-found":
        return refusals.of_error(wire.Error(code="unknown-sku"), record)
    return refusals.of_error(error, record)


def _untold(record: str) -> Rejected:
    return Rejected(
        "no-answer",
        system=SYSTEM,
        record=record,
        what="The shop's answer to the bulk call leaves this record out.",
        next_step="Let the shop's developer answer every record that a call has, as docs/custom-shop/README.md says.",
    )


def _batches(changes: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(changes), BATCH):
        yield changes[start : start + BATCH]
