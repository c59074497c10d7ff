"""Sends a planned push of stock to the store, and keeps what the store has from then on.

What is set is worked out again just before it is sent: a plan says which SKUs, not how many, since orders go on coming.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.flows.context import FlowContext
from erpsync.flows.stock_counting import counted
from erpsync.ledger import dirty, pushes, stock
from erpsync.ledger.pushes import ChangeState, Push, PushChange, PushState
from erpsync.ledger.stock import Desired, Terms
from erpsync.ports.store_records import Stale, StockChange

Key = tuple[Sku, str]
# Stores take 10 to 2,000 a call: their adapters cut it to size.
_SKUS_AT_ONCE = 500
# Of a change that may have been made: should the reply be lost, what was there before it is kept all the same.
_SENT = "sent, and not answered yet"


@dataclass
class _Chunk:
    """Some SKUs of a push. `rows` is how the store stands and should stand, `ended` how each change ended, `has` what the
    store has since where that is news, `read` what of that it told us, and `unsure` what of it nobody knows; `again` are
    SKUs to be looked at again, `doubted` those of which something may have been sold."""

    planned: dict[Key, PushChange]
    rows: dict[Key, Desired]
    ended: dict[Key, PushChange] = field(default_factory=dict)
    has: dict[Key, int | None] = field(default_factory=dict)
    read: set[Key] = field(default_factory=set)
    unsure: set[Key] = field(default_factory=set)
    again: set[Sku] = field(default_factory=set)
    doubted: set[Sku] = field(default_factory=set)

    def end(self, key: Key, state: ChangeState, note: str = "") -> None:
        if key in self.planned:
            self.ended[key] = self.change(key, state, note)

    def change(self, key: Key, state: ChangeState, note: str) -> PushChange:
        """The planned change as it is now."""
        planned, row = self.planned[key], self.rows.get(key)
        if row is not None:
            planned = replace(planned, before=self._before(planned, row), after=Decimal(row.quantity))
        return replace(planned, state=state, note=note)

    def _before(self, planned: PushChange, row: Desired) -> Decimal | None:
        """What was there before. Where the reply was lost, what is expected by now was raised by the push itself."""
        if row.expected is None:
            return None
        raised = planned.after - planned.before if planned.note == _SENT and planned.before is not None else Decimal(0)
        return max(Decimal(0), row.expected - max(Decimal(0), raised))

    def was_sent(self, key: Key) -> bool:
        """Whether an earlier attempt has sent it, whose reply was lost."""
        return self.planned[key].note == _SENT


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
        if due:
            self._set(chunk, due)

    def _is_due(self, chunk: _Chunk, row: Desired) -> bool:
        key = (row.sku, row.location)
        if self._push.undoes is not None:
            planned = chunk.planned[key]
            stands = (planned.before, planned.after) if chunk.was_sent(key) else (planned.before,)
            if row.push_id != self._push.undoes or row.expected not in stands:
                chunk.ended[key] = replace(planned, state=ChangeState.SKIPPED, note="it has changed since")
                return False
            chunk.rows[key] = replace(row, quantity=int(planned.after))
            return True
        if not row.differs:
            chunk.end(key, ChangeState.SKIPPED, "the store has it by now")
            return False
        if row.is_doubted(self._settled_before):
            chunk.again.add(row.sku)
            chunk.end(key, ChangeState.SKIPPED, "the store's orders are read first")
            return False
        return True

    def _set(self, chunk: _Chunk, due: Sequence[Desired]) -> None:
        """Sets these, each compared with what is expected. Where that is not so, a sale may be in it of which nobody has
        told yet: the store is believed, and its orders are read before it is set again."""
        rows = [chunk.rows[row.sku, row.location] for row in due]
        changes = [StockChange(row.sku, row.location, row.quantity, row.expected) for row in rows]
        self._foresee(chunk, rows)
        with self._context.calling(self._context.source):
            answers = self._context.store.set_stock(changes)
        for change in changes:
            key = (change.sku, change.location)
            answer = answers.get(key, _unanswered(self._context, change.sku))
            if isinstance(answer, Stale):
                self._stale(chunk, key, answer.actual)
            else:
                self._ended(chunk, key, answer)

    def _foresee(self, chunk: _Chunk, rows: Sequence[Desired]) -> None:
        """Should the reply be lost, nobody knows whether a quantity was raised. From here on the higher one is expected:
        the store has that only if nothing was sold, whether it was raised or not."""
        raised = {(row.sku, row.location): row.quantity for row in rows if _raises(row)}
        sent = [chunk.change((row.sku, row.location), ChangeState.PLANNED, _SENT) for row in rows]
        with self._context.database.begin() as connection:
            self._tell(connection, chunk, raised, unsure=raised.keys())
            pushes.settle(connection, self._push.id, sent, self._context.clock.now())

    def _ended(self, chunk: _Chunk, key: Key, answer: SyncError | None) -> None:
        row = chunk.rows[key]
        if answer is None:
            chunk.has[key] = row.quantity
            chunk.end(key, ChangeState.DONE)
            return
        chunk.end(key, ChangeState.FAILED, answer.problem.what)
        chunk.has[key] = row.expected
        if row.was_read:
            chunk.read.add(key)
        if not row.sure:
            chunk.unsure.add(key)
        if isinstance(answer, Rejected):
            return
        chunk.again.add(row.sku)
        if _raises(row):
            chunk.has[key] = row.quantity
            chunk.read.discard(key)
            chunk.unsure.add(key)

    def _stale(self, chunk: _Chunk, key: Key, actual: int | None) -> None:
        row = chunk.rows[key]
        chunk.has[key] = actual
        chunk.read.add(key)
        if actual is not None:
            chunk.doubted.add(key[0])
        if actual == row.quantity:
            if chunk.was_sent(key):
                chunk.end(key, ChangeState.DONE)
            else:
                chunk.end(key, ChangeState.SKIPPED, "the store has it already")
            return
        chunk.again.add(key[0])
        if self._push.undoes is not None:
            chunk.end(key, ChangeState.SKIPPED, "it has changed since")
        else:
            has = "does not say what it has" if actual is None else f"has {actual}, not {row.expected}"
            chunk.end(key, ChangeState.SKIPPED, f"the store {has}; its orders are read first")

    def _record(self, chunk: _Chunk) -> None:
        context, now = self._context, self._context.clock.now()
        known = sorted({sku for sku, _ in chunk.has.keys() - chunk.unsure})
        with context.database.begin() as connection:
            self._tell(connection, chunk, chunk.has, unsure=chunk.unsure, by=self._push.id)
            pushes.settle(connection, self._push.id, list(chunk.ended.values()), now)
            dirty.mark(connection, self._push.way, sorted(chunk.again))
            products = stock.by_product(connection, context.source, known)
        context.stock_cache.put(context.source, products)

    def _tell(
        self,
        connection: Connection,
        chunk: _Chunk,
        news: Mapping[Key, int | None],
        *,
        unsure: Set[Key],
        by: int | None = None,
    ) -> None:
        """All locations of a SKU of which there is news are kept together, for what is sold counts against all of them: the
        others stay as they were, read or set, and as unsure."""
        skus = {sku for sku, _ in news}
        rows = {key: row for key, row in chunk.rows.items() if row.sku in skus}
        others = {key: row for key, row in rows.items() if key not in news}
        stock.told(
            connection,
            self._context.source,
            [(row, news.get(key, row.expected)) for key, row in rows.items()],
            self._context.clock.now(),
            by,
            were_read=chunk.read | {key for key, row in others.items() if row.was_read},
            foreseen=unsure | {key for key, row in others.items() if not row.sure},
            doubted=frozenset(chunk.doubted),
            undone=self._push.undoes is not None,
        )


def _raises(row: Desired) -> bool:
    return row.expected is not None and row.quantity > row.expected


def _unanswered(context: FlowContext, sku: Sku) -> SyncError:
    return Rejected(
        "stock-unanswered",
        system=context.source,
        record=f"SKU {sku}",
        what="The store said nothing about it.",
        next_step="Look at the SKU in the store; it is tried again when the ERP's level changes.",
    )
