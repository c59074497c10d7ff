"""Stock and prices in the contract's bulk calls, each record with its own answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Unavailable
from erpsync.domain.ids import Sku
from erpsync.ports.store_records import PriceAnswer, PriceChange, Staged, Stale, StockAnswer, StockChange
from erpsync.systems.custom import refusals, wire
from erpsync.systems.custom.capabilities import SYSTEM
from erpsync.systems.custom.client import CustomClient

A = TypeVar("A")
C = TypeVar("C")
K = TypeVar("K")
# The contract's limit of one call.
BATCH = 250


def stock_answers(client: CustomClient, changes: Sequence[StockChange]) -> dict[tuple[Sku, str], StockAnswer]:
    """Setting it twice is harmless: the second finds what the first has set, and says so."""

    def put(batch: Sequence[StockChange]) -> dict[tuple[Sku, str], StockAnswer]:
        body = wire.StockChanges(
            changes=tuple(
                wire.StockChange(sku=one.sku, location=one.location, quantity=one.quantity, was=one.was)
                for one in batch
            )
        )
        told = client.put("/stock", body, wire.StockResults).results
        found = {(Sku(one.sku), one.location): _stock_answer(one) for one in told}
        return {_place(one): found.get(_place(one), untold(f"{one.sku} at {one.location}")) for one in batch}

    return in_batches(_batches(changes), _place, put)


def price_answers(client: CustomClient, changes: Sequence[PriceChange]) -> dict[Sku, PriceAnswer]:
    def put(batch: Sequence[PriceChange]) -> dict[Sku, PriceAnswer]:
        body = wire.PriceChanges(
            changes=tuple(
                wire.PriceChange(
                    sku=one.sku, price=one.price.amount, currency=one.price.currency, price_list=one.price_list
                )
                for one in batch
            )
        )
        found = {Sku(one.sku): _price_answer(one) for one in client.put("/prices", body, wire.PriceResults).results}
        return {one.sku: found.get(one.sku, untold(one.sku)) for one in batch}

    return in_batches(_batches(changes), lambda one: one.sku, put)


def in_batches(
    batches: Iterable[Sequence[C]], key: Callable[[C], K], put: Callable[[Sequence[C]], Mapping[K, A | SyncError]]
) -> dict[K, A | SyncError]:
    """What `put` answers, one call a batch. A lost answer is that of the whole batch; so is what stops the shop as a whole,
    unless nothing was done before, when it is raised."""
    answers: dict[K, A | SyncError] = {}
    for batch in batches:
        try:
            answers |= put(batch)
        except OutcomeUnknown as error:
            answers |= dict.fromkeys(map(key, batch), error)
        except (Unavailable, Throttled) as error:
            if not answers:
                raise
            answers |= dict.fromkeys(map(key, batch), error)
    return answers


def untold(record: str) -> Rejected:
    """The answer for a record of which the shop has said nothing, or not enough."""
    return Rejected(
        "no-answer",
        system=SYSTEM,
        record=record,
        what="The shop's answer to the bulk call leaves this record out, or lacks its ids.",
        next_step="Let the shop's developer answer every record that a call has, as docs/custom-shop/README.md says.",
    )


def _place(change: StockChange) -> tuple[Sku, str]:
    return change.sku, change.location


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


def _batches(changes: Sequence[C]) -> Iterator[Sequence[C]]:
    for start in range(0, len(changes), BATCH):
        yield changes[start : start + BATCH]
