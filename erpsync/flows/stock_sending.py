"""Sends a planned push of stock to the store, and keeps what the store has from then on.

What is set is worked out again just before it is sent: a plan says which SKUs, not how many, since orders go on coming.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.flows.context import FlowContext
from erpsync.flows.stock_counting import counted
from erpsync.ledger import dirty, pushes, stock
from erpsync.ledger.pushes import ChangeState, Push, PushChange, PushState
from erpsync.ledger.stock import Desired, Terms
from erpsync.ports.store_records import Stale, StockAnswer, StockChange

Key = tuple[Sku, str]
# Stores take 10 to 2,000 a call: their adapters cut it to size.
_SKUS_AT_ONCE = 500


@dataclass
class _Chunk:
    """Some SKUs of a push. `rows` is how the store stands and should stand, `ended` how each change ended, `has` what the
    store has since where that is news; `again` are SKUs to be looked at again, `doubted` those that may have been sold."""

    planned: dict[Key, PushChange]
    rows: dict[Key, Desired]
    ended: dict[Key, PushChange] = field(default_factory=dict)
    has: dict[Key, int | None] = field(default_factory=dict)
    again: set[Sku] = field(default_factory=set)
    doubted: set[Sku] = field(default_factory=set)

    def end(self, key: Key, state: ChangeState, note: str = "") -> None:
        row, change = self.rows.get(key), self.planned.get(key)
        if change is None:
            return
        if row is not None:
            before = None if row.expected is None else Decimal(row.expected)
            change = replace(change, before=before, after=Decimal(row.quantity))
        self.ended[key] = replace(change, state=state, note=note)


class Sender:
    """One push. `settled_before`: see `flows.stock`."""

    def __init__(self, context: FlowContext, terms: Terms, push: Push, settled_before: datetime) -> None:
        self._context = context
        self._terms = terms
        self._push = push
        self._settled_before = settled_before

    def send_until(self, end: datetime) -> bool:
        """Sends call after call; returns True when all is sent, False when it is time to make room for others. Raises what
        concerns a call as a whole: what was sent before it stays recorded, and the rest is still planned."""
        context, after = self._context, ""
        while context.clock.now() < end:
            with context.database.begin() as connection:
                planned = pushes.planned(connection, self._push.id, _SKUS_AT_ONCE, after)
                if not planned:
                    pushes.move(connection, self._push.id, PushState.DONE, context.clock.now())
                    return True
                facts = stock.facts(connection, self._terms, sorted({one.sku for one in planned}))
                rows = counted(self._terms, facts)
            chunk = _Chunk(
                {(one.sku, one.place): one for one in planned}, {(one.sku, one.location): one for one in rows}
            )
            self._send(chunk)
            self._record(chunk)
            after = planned[-1].sku
        return False

    def _send(self, chunk: _Chunk) -> None:
        due = [row for key, row in chunk.rows.items() if key in chunk.planned and self._is_due(chunk, row)]
        for key in chunk.planned:
            if key not in chunk.rows:
                chunk.end(key, ChangeState.SKIPPED, "one side does not have it any more")
        stale = self._set(chunk, [(row, row.expected) for row in due])
        if stale:
            self._decide_again(chunk, stale)

    def _is_due(self, chunk: _Chunk, row: Desired) -> bool:
        key = (row.sku, row.location)
        if self._push.undoes is not None:
            planned = chunk.planned[key]
            if row.push_id != self._push.undoes or row.expected is None or planned.before != row.expected:
                chunk.ended[key] = replace(planned, state=ChangeState.SKIPPED, note="it has changed since")
                return False
            chunk.rows[key] = replace(row, quantity=int(planned.after))
            return True
        if row.quantity == row.expected:
            chunk.end(key, ChangeState.SKIPPED, "the store has it by now")
            return False
        if row.doubted_at is not None and row.doubted_at >= self._settled_before:
            chunk.again.add(row.sku)
            chunk.end(key, ChangeState.SKIPPED, "the store's orders are read first")
            return False
        return True

    def _set(self, chunk: _Chunk, due: Sequence[tuple[Desired, int | None]]) -> dict[Key, int | None]:
        """Sets these, each compared with what is given; returns what is not so, with what the store has instead."""
        if not due:
            return {}
        changes = [
            StockChange(row.sku, row.location, chunk.rows[row.sku, row.location].quantity, was) for row, was in due
        ]
        with self._context.calling(self._context.source):
            answers = self._context.store.set_stock(changes)
        stale: dict[Key, int | None] = {}
        for change in changes:
            key = (change.sku, change.location)
            answer = answers.get(key, _unanswered(self._context, change.sku))
            if isinstance(answer, Stale):
                stale[key] = answer.actual
            else:
                self._ended(chunk, key, change, answer)
        return stale

    def _ended(self, chunk: _Chunk, key: Key, change: StockChange, answer: StockAnswer) -> None:
        if isinstance(answer, SyncError):
            chunk.end(key, ChangeState.FAILED, answer.problem.what)
            if not isinstance(answer, Rejected):
                chunk.again.add(change.sku)
            return
        chunk.has[key] = change.quantity
        chunk.rows[key] = replace(chunk.rows[key], expected=change.was)
        chunk.end(key, ChangeState.DONE)

    def _decide_again(self, chunk: _Chunk, stale: Mapping[Key, int | None]) -> None:
        """The store has something else than it should. More, or the same units elsewhere, is overruled; less may have been
        sold, in an order that nobody has told of yet."""
        second = []
        for sku, told in _by_sku(stale).items():
            rows = {key: row for key, row in chunk.rows.items() if key[0] == sku}
            if any(actual is None for actual in told.values()):
                chunk.has |= told
                chunk.again.add(sku)
                self._skip(chunk, told, "the store does not say what it has")
                continue
            has = {key: told.get(key, row.expected) for key, row in rows.items()}
            missing = sum(row.expected or 0 for row in rows.values()) - sum(one or 0 for one in has.values())
            chunk.has |= {key: actual for key, actual in has.items() if key not in chunk.has}
            if missing > 0 and self._push.undoes is None:
                chunk.doubted.add(sku)
                chunk.again.add(sku)
                self._skip(chunk, told, f"the store has {missing} less than is known of; its orders are read first")
            elif self._push.undoes is not None:
                self._skip(chunk, told, "it has changed since")
            else:
                second += [
                    (rows[key], actual) for key, actual in told.items() if self._still_differs(chunk, key, actual)
                ]
        for key, actual in self._set(chunk, second).items():
            chunk.has[key] = actual
            chunk.again.add(key[0])
            self._skip(chunk, [key], "the store changes too fast; it is looked at again")

    def _still_differs(self, chunk: _Chunk, key: Key, actual: int | None) -> bool:
        if chunk.rows[key].quantity != actual:
            return True
        chunk.end(key, ChangeState.SKIPPED, "the store has it already")
        return False

    def _skip(self, chunk: _Chunk, keys: Iterable[Key], note: str) -> None:
        for key in keys:
            chunk.end(key, ChangeState.SKIPPED, note)

    def _record(self, chunk: _Chunk) -> None:
        """All locations of a SKU of which there is news are kept together, for what is sold counts against all of them."""
        context, now = self._context, self._context.clock.now()
        fresh = {sku for sku, _ in chunk.has}
        told = [(row, chunk.has.get(key, row.expected)) for key, row in chunk.rows.items() if row.sku in fresh]
        with context.database.begin() as connection:
            stock.told(
                connection,
                context.source,
                told,
                now,
                self._push.id,
                doubted=frozenset(chunk.doubted),
                undone=self._push.undoes is not None,
            )
            pushes.settle(connection, self._push.id, list(chunk.ended.values()), now)
            dirty.mark(connection, self._push.way, sorted(chunk.again))
            products = stock.by_product(connection, context.source, sorted(fresh))
        context.stock_cache.put(context.source, products)


def _by_sku(stale: Mapping[Key, int | None]) -> dict[Sku, dict[Key, int | None]]:
    found: dict[Sku, dict[Key, int | None]] = {}
    for key, actual in stale.items():
        found.setdefault(key[0], {})[key] = actual
    return found


def _unanswered(context: FlowContext, sku: Sku) -> SyncError:
    return Rejected(
        "stock-unanswered",
        system=context.source,
        record=f"SKU {sku}",
        what="The store said nothing about it.",
        next_step="Look at the SKU in the store; it is tried again when the ERP's level changes.",
    )
