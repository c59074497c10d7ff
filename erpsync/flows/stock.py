"""Stock from an ERP to a store: what the ERP has, less what stores have sold of which it does not know yet.

One job a route. A run learns what was sold, reads the ERP's levels of what it has been told of since, plans what differs
from what the store has, stops where that looks wrong, and sends the rest in the store's bulk call. It compares first: a
store that has something else than it should may have sold something, and is left alone until its orders were read.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from erpsync.domain.errors import SyncError
from erpsync.domain.ids import ConnectionName, JobId, Sku, SourceId
from erpsync.domain.inventory import StockLevel
from erpsync.domain.orders import Order
from erpsync.flows.context import FlowContext
from erpsync.flows.keeping import all_of, kept
from erpsync.flows.orders import goods
from erpsync.flows.stock_counting import counted
from erpsync.flows.stock_limits import weighed
from erpsync.flows.stock_sending import Sender
from erpsync.flows.stock_shipped import shipped
from erpsync.flows.stock_terms import terms_of
from erpsync.ledger import checkpoints, dirty, jobs, pushes, sales, stock, stock_readings
from erpsync.ledger.pushes import Push, PushChange, PushKind, PushState, Way
from erpsync.ledger.sales import Awaited, Sold, Unread
from erpsync.ledger.stock import Desired, Terms
from erpsync.ports.flow import Done, Ended, Item
from erpsync.ports.pages import Page, Since
from erpsync.ports.webhooks import Change

FLOW = "stock"
_ORDERS_AT_ONCE = 250
_SKUS_AT_ONCE = 500
_PLANNED_AT_ONCE = 2_000
# After so long a run makes room for others and is called again: it stays far below its lease.
_SLICE = timedelta(seconds=60)
# A store that is not polled for orders is overruled after this.
_DOUBT = timedelta(minutes=15)
# So is one that was, and is not any more.
_POLLED_NO_MORE = timedelta(days=1)


def changes(context: FlowContext, since: Since) -> Page[Change]:
    """A page of what the ERP holds, to be kept. With the last one the stores are to follow."""
    as_of = context.clock.now()
    with context.calling(context.target):
        # Stock has no beginning: what has not moved for long is there all the same.
        page = context.erp.stock_levels(Since(since.watermark, since.cursor))
    return kept(
        page,
        lambda connection: _keep(connection, context.target, since, page, as_of),
        all_of(FLOW, context.target, as_of),
    )


def _keep(connection: Connection, erp: ConnectionName, since: Since, page: Page[StockLevel], as_of: datetime) -> None:
    """With the last page of a whole reading, what it did not tell of is not there any more, and what stores have refused is
    tried again."""
    whole = since.watermark is None
    stock.keep_levels(connection, erp, page.records, as_of, whole=whole)
    if whole:
        first, last = since.cursor is None, page.cursor is None
        stock_readings.page_taken_in(connection, erp, as_of, first=first, last=last, whole=not page.unreadable)
        if last:
            dirty.mark_failed(connection, PushKind.STOCK, erp, as_of - dirty.FAILED_SINCE)


class StockFlow:
    """Stock of one route, against its direction. See `erpsync.ports.flow.Flow`."""

    batch = 1

    def __init__(self, context: FlowContext) -> None:
        self._context = context
        self._way = Way(PushKind.STOCK, context.target, context.source)

    def __call__(self, items: Sequence[Item]) -> Mapping[JobId, Ended]:
        return {item.job_id: self._run(item.job_id) for item in items}

    def _run(self, job_id: JobId) -> Ended:
        context, end = self._context, self._context.clock.now() + _SLICE
        with context.database.begin() as connection:
            terms = terms_of(connection, context.stock, context.target, context.source, context.clock.now())
        with context.database.begin() as connection:
            selling = sales.stores(connection, context.target)
        for name in selling:
            try:
                self._learn(name)
            except (SyncError, KeyError):
                # Another store that is down, or gone, is no reason to leave this one with old quantities.
                if name == context.source:
                    raise
        self._settle(shipped(context, context.target) if terms.until_shipped else None)
        with context.database.begin() as connection:
            since = settled_before(connection, context.source, context.clock.now())
        push = self._planned(terms, since)
        if push is None:
            return Done("the store has what it should have")
        if push.state is PushState.HELD:
            return Done(f"push {push.id} waits for a person: {push.reason}")
        finished = Sender(context, terms, push, since).send_until(end)
        with context.database.begin() as connection:
            told = pushes.tally(connection, push.id)
            if not finished:
                jobs.again(connection, job_id)
        counts = ", ".join(f"{number} {state}" for state, number in sorted(told.items()))
        return Done(f"push {push.id}: {counts}{'' if finished else '; going on'}")

    def _learn(self, name: ConnectionName) -> None:
        """Keeps what the orders of a store sell that are still on their way to the ERP, or stuck: they take from what every
        store has."""
        ends = sales.Ends(name, self._context.target)
        while True:
            with self._context.database.begin() as connection:
                unread = sales.unread(connection, ends, _ORDERS_AT_ONCE)
            if not unread:
                return
            orders = self._read(name, unread)
            with self._context.database.begin() as connection:
                sales.keep(connection, ends, [_sold(one, orders.get(one.source_id)) for one in unread])

    def _read(self, name: ConnectionName, unread: Sequence[Unread]) -> dict[SourceId, Order]:
        """What can be read of these: what cannot is the orders' own flow to complain of."""
        store = self._context.store if name == self._context.source else self._context.store_of(name)
        orders: dict[SourceId, Order] = {}
        for one in unread:
            if one.body is not None:
                try:
                    orders[one.source_id] = store.order_from_event(one.body)
                except SyncError:
                    continue
        absent = [one.source_id for one in unread if one.body is None]
        if absent:
            with self._context.calling(name):
                answers = store.read_orders(absent)
            orders |= {key: answer for key, answer in answers.items() if isinstance(answer, Order)}
        return orders

    def _settle(self, among: Collection[Awaited] | None) -> None:
        """Reads the levels of what was sold in orders that the ERP has by now, so that its own figures speak for them;
        `among` these alone, where not all are in its figures."""
        context, after = self._context, ""
        with context.database.begin() as connection:
            sales.waive_discarded(connection, context.target, context.clock.now())
            sales.settle(connection, context.target, among=among)
        while True:
            with context.database.begin() as connection:
                asked = sales.unsettled(connection, context.target, _SKUS_AT_ONCE, after, among=among)
            if not asked:
                return
            after, as_of = asked[-1], context.clock.now()
            with context.calling(context.target):
                levels = context.erp.stock_of(asked)
            with context.database.begin() as connection:
                stock.keep_levels(connection, context.target, levels, as_of)
                sales.settle(connection, context.target, asked, as_of, among=among)

    def _planned(self, terms: Terms, since: datetime) -> Push | None:
        """The push to be sent, or held; None where nothing differs."""
        context, after = self._context, ""
        begun: int | None = None
        while True:
            with context.database.begin() as connection:
                now = context.clock.now()
                push = pushes.open_one(connection, self._way)
                if push is not None and push.state is PushState.PUSHING:
                    return push
                taken = dirty.take(connection, self._way, _PLANNED_AT_ONCE, after)
                if not taken:
                    return None if push is None else weighed(connection, context, push, now)
                after, skus = taken[-1], stock.related(connection, terms, taken)
                rows = counted(terms, stock.facts(connection, terms, skus))
                if push is None and not any(_differs(row) for row in rows):
                    continue
                if push is None:
                    push = pushes.begin(connection, self._way, now)
                    begun = push.id
                elif push.id != begun:
                    # It is held, or was cut short: what it was going to do to these SKUs is old.
                    pushes.unplan(connection, push.id, skus)
                doubted = {row.sku for row in rows if row.is_doubted(since)}
                pushes.plan(connection, push.id, [_change(one) for one in rows if _differs(one, doubted)])
                dirty.mark(connection, self._way, sorted(doubted))


def settled_before(connection: Connection, store: ConnectionName, now: datetime) -> datetime:
    """Doubts from before this time are settled: the store's orders were read since, or it is not polled for them."""
    polled = checkpoints.get(connection, store, "orders changed")
    if polled is None or datetime.fromisoformat(polled["begun_at"]) < now - _POLLED_NO_MORE:
        return now - _DOUBT
    # A reading that is not over may not have come to the order yet.
    return datetime.min.replace(tzinfo=UTC) if polled.get("cursor") else datetime.fromisoformat(polled["begun_at"])


def _differs(row: Desired, doubted: Iterable[Sku] = ()) -> bool:
    return row.differs and not row.undone and row.sku not in doubted


def _change(row: Desired) -> PushChange:
    return PushChange(
        row.sku, row.location, None if row.expected is None else Decimal(row.expected), Decimal(row.quantity)
    )


def _sold(unread: Unread, order: Order | None) -> Sold:
    if order is None:
        return Sold(unread.source_id, unread.version, None)
    return Sold(unread.source_id, max(unread.version, order.version), goods(order))
