"""Sends a planned push of prices to the store, and keeps what the store has from then on.

What is set is worked out again just before it is sent. A price that a person has allowed is sent only as it was seen then.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.flows.context import FlowContext
from erpsync.flows.price_terms import Wanted, wanted
from erpsync.ledger import dirty, prices, pushes, staged_prices
from erpsync.ledger.prices import Priced, Terms
from erpsync.ledger.pushes import ChangeState, Push, PushChange, PushState
from erpsync.ports.store_records import PriceAnswer, PriceChange

_SKUS_A_CALL = 250


@dataclass
class _Outcome:
    """How changes of one place ended. `again` are SKUs that are to be planned anew."""

    ended: list[PushChange] = field(default_factory=list)
    done: list[Priced] = field(default_factory=list)
    staged: list[tuple[Priced, datetime | None]] = field(default_factory=list)
    again: set[Sku] = field(default_factory=set)

    def end(self, change: PushChange, state: ChangeState, note: str = "") -> None:
        self.ended.append(replace(change, state=state, note=note))


class Sender:
    """One push."""

    def __init__(self, context: FlowContext, terms: Terms, push: Push) -> None:
        self._context = context
        self._terms = terms
        self._push = push
        self._counts: Counter[str] = Counter()

    @property
    def told(self) -> str:
        """How many changes ended how, in words."""
        return ", ".join(f"{number} {state}" for state, number in sorted(self._counts.items()))

    def send_until(self, end: datetime) -> bool:
        """Sends call after call; returns True when all is sent, False when it is time to make room for others. Raises what
        concerns a call as a whole: what was sent before it stays recorded, and the rest is still planned."""
        context = self._context
        while context.clock.now() < end:
            with context.database.begin() as connection:
                planned = pushes.planned(connection, self._push.id, _SKUS_A_CALL)
                if not planned:
                    self._end(connection)
                    return True
                skus = sorted({one.sku for one in planned})
                rows = {one.key: one for one in wanted(connection, self._terms, context.price_rules, skus)}
            # The store answers by SKU: each of its lists has a call of its own.
            for place in sorted({one.place for one in planned}):
                outcome = self._send([one for one in planned if one.place == place], rows)
                self._record(outcome)
        return False

    def _end(self, connection: Connection) -> None:
        """A push that a person has begun is kept, whatever came of it; of others only what there is to show."""
        asked_for = self._push.undoes is not None or self._push.approved_by
        if asked_for or not pushes.drop_if_idle(connection, self._push.id):
            pushes.move(connection, self._push.id, PushState.DONE, self._context.clock.now())

    def _send(self, planned: Sequence[PushChange], rows: Mapping[tuple[Sku, str], Wanted]) -> _Outcome:
        outcome, due = _Outcome(), dict[Sku, PushChange]()
        for change in planned:
            row = rows.get((change.sku, change.place))
            if row is None:
                outcome.end(change, ChangeState.SKIPPED, "one side does not have it any more")
            elif reason := self._reason_against(change, row, outcome):
                outcome.end(change, ChangeState.SKIPPED, reason)
            else:
                after = row.amount if self._push.undoes is None else change.after
                due[change.sku] = replace(change, before=row.offer.before, after=after)
        if due:
            self._call(due, rows, outcome)
        return outcome

    def _reason_against(self, change: PushChange, row: Wanted, outcome: _Outcome) -> str:
        """Why it is not sent, empty where it is."""
        before = row.offer.before
        if self._push.undoes is not None:
            untouched = row.offer.push_id == self._push.undoes and before == change.before
            return "" if untouched else "it has changed since"
        if row.offer.undone:
            return "a person took it back"
        if row.amount == before:
            return "the store has it by now"
        if self._is_allowed(change, row):
            return ""
        outcome.again.add(change.sku)
        return "it is another price by now, and planned anew"

    def _is_allowed(self, change: PushChange, row: Wanted) -> bool:
        """What a person has looked at is allowed as it was seen; else what needs nobody to look."""
        if self._push.approved_by:
            return row.amount == change.after
        return not row.is_alarming(self._context.price_rules)

    def _call(self, due: Mapping[Sku, PushChange], rows: Mapping[tuple[Sku, str], Wanted], outcome: _Outcome) -> None:
        changes = [
            PriceChange(sku, Money(amount=one.after, currency=rows[sku, one.place].offer.currency), one.place)
            for sku, one in due.items()
        ]
        with self._context.calling(self._context.source):
            answers = self._context.store.set_base_prices(changes)
        for change in changes:
            answer = answers.get(change.sku, _unanswered(self._context, change.sku))
            self._answered(due[change.sku], Priced(change.sku, change.price_list, change.price), answer, outcome)

    def _answered(self, change: PushChange, priced: Priced, answer: PriceAnswer, outcome: _Outcome) -> None:
        if answer is None:
            outcome.done.append(priced)
            outcome.end(change, ChangeState.DONE)
        elif isinstance(answer, SyncError):
            outcome.end(change, ChangeState.FAILED, answer.problem.what)
            if not isinstance(answer, Rejected):
                outcome.again.add(change.sku)
        elif self._push.undoes is not None:
            outcome.end(change, ChangeState.SKIPPED, "a promotion stands in its way")
        else:
            outcome.staged.append((priced, answer.until))
            outcome.end(change, ChangeState.SKIPPED, "it waits for the end of a promotion")

    def _record(self, outcome: _Outcome) -> None:
        now = self._context.clock.now()
        with self._context.database.begin() as connection:
            undone = self._push.undoes is not None
            prices.told(connection, self._terms, outcome.done, now, self._push.id, undone=undone)
            staged_prices.drop(connection, self._terms, outcome.done)
            staged_prices.put(connection, self._terms, outcome.staged, now)
            pushes.settle(connection, self._push.id, outcome.ended, now)
            dirty.mark(connection, self._push.way, sorted(outcome.again))
        self._counts.update(one.state for one in outcome.ended)


def _unanswered(context: FlowContext, sku: Sku) -> SyncError:
    return Rejected(
        "price-unanswered",
        system=context.source,
        record=f"SKU {sku}",
        what="The store said nothing about it.",
        next_step="Look at the SKU in the store; it is tried again when the ERP's price changes.",
    )
