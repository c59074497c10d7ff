"""Base prices from an ERP to a store. Promotions are the store's own and stay as they are.

One job a route. A run plans what differs from what the store has, keeps back what falls so far that it looks like a
mistake, and sends the rest in the store's bulk call. What the store cannot hold beside a promotion waits for its end.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from erpsync.domain.errors import Problem
from erpsync.domain.ids import JobId, Sku
from erpsync.domain.products import BasePrice
from erpsync.flows.context import FlowContext
from erpsync.flows.keeping import all_of, kept
from erpsync.flows.price_sending import Sender
from erpsync.flows.price_terms import Wanted, terms_of, wanted
from erpsync.ledger import checkpoints, dead_letters, dirty, jobs, prices, pushes, staged_prices
from erpsync.ledger.prices import Terms
from erpsync.ledger.pushes import Push, PushChange, PushKind, PushState, Way
from erpsync.ports.flow import Done, Ended, Item
from erpsync.ports.pages import Page, Since
from erpsync.ports.webhooks import Change

FLOW = "prices"
_PLANNED_AT_ONCE = 2_000
# After so long a run makes room for others and is called again: it stays far below its lease.
_SLICE = timedelta(seconds=60)
_WHOLE_SINCE = "prices read whole since"


def changes(context: FlowContext, since: Since) -> Page[Change]:
    """A page of what the ERP asks, to be kept. With the last one the stores are to follow."""
    as_of = context.clock.now()
    with context.calling(context.target):
        page = context.erp.prices_changed(Since(since.watermark, since.cursor))
    return kept(
        page,
        lambda connection: _keep(connection, context, since, page, as_of),
        all_of(FLOW, context.target, as_of),
    )


class PriceFlow:
    """Prices of one route, against its direction. See `erpsync.ports.flow.Flow`."""

    batch = 1

    def __init__(self, context: FlowContext) -> None:
        self._context = context
        self._rules = context.price_rules
        self._way = Way(PushKind.PRICES, context.target, context.source)

    def __call__(self, items: Sequence[Item]) -> Mapping[JobId, Ended]:
        return {item.job_id: self._run(item.job_id) for item in items}

    def _run(self, job_id: JobId) -> Ended:
        context, now = self._context, self._context.clock.now()
        with context.database.begin() as connection:
            terms = terms_of(connection, self._rules, context.target, context.source, now)
            staged_prices.mark_due(connection, terms, now)
        notes = []
        for push in self._to_send(terms):
            sender = Sender(context, terms, push)
            finished = sender.send_until(now + _SLICE)
            notes.append(f"push {push.id}: {sender.told}")
            if not finished:
                with context.database.begin() as connection:
                    jobs.again(connection, job_id)
                return Done("; ".join((*notes, "going on")))
        return Done("; ".join(notes) or "the store has what it should have")

    def _to_send(self, terms: Terms) -> Iterator[Push]:
        """The pushes that are under way, then what there is to plan."""
        with self._context.database.begin() as connection:
            under_way = pushes.in_state(connection, self._way, PushState.PUSHING)
        yield from under_way
        planned = self._planned(terms)
        if planned is not None:
            yield planned

    def _planned(self, terms: Terms) -> Push | None:
        """The push to be sent; None where nothing differs, or all that does is held."""
        after = ""
        while True:
            with self._context.database.begin() as connection:
                skus = dirty.take(connection, self._way, _PLANNED_AT_ONCE, after)
                if not skus:
                    self._look_at_held(connection)
                    return self._weighed(connection)
                after = skus[-1]
                self._plan(connection, terms, skus)

    def _plan(self, connection: Connection, terms: Terms, skus: Sequence[Sku]) -> None:
        differing = [one for one in wanted(connection, terms, self._rules, skus) if one.differs]
        alarming = {one.offer.sku for one in differing if one.is_alarming(self._rules)}
        going = [one for one in differing if one.offer.sku not in alarming]
        self._put(connection, PushState.PLANNING, skus, going)
        self._put(connection, PushState.HELD, skus, [one for one in differing if one.offer.sku in alarming])
        staged_prices.keep_only(connection, terms, skus, [one.key for one in going])

    def _put(self, connection: Connection, state: PushState, skus: Sequence[Sku], found: Sequence[Wanted]) -> None:
        """Into the push in that state, which is made where there is none, in place of what it said of these SKUs."""
        push = self._one(connection, state)
        if push is None and found:
            push = pushes.begin(connection, self._way, self._context.clock.now(), state=state)
        if push is not None:
            planned = [PushChange(one.offer.sku, one.offer.place, one.offer.before, one.amount) for one in found]
            pushes.unplan(connection, push.id, skus)
            pushes.plan(connection, push.id, planned)

    def _weighed(self, connection: Connection) -> Push | None:
        push = self._one(connection, PushState.PLANNING)
        if push is None:
            return None
        push = self._weigh(connection, push)
        state = PushState.PUSHING if push.changed else PushState.DONE
        pushes.move(connection, push.id, state, self._context.clock.now())
        return push if push.changed else None

    def _look_at_held(self, connection: Connection) -> None:
        """Keeps the word to people true: what is held, as long as there is anything."""
        now, push = self._context.clock.now(), self._one(connection, PushState.HELD)
        if push is None:
            return
        is_news = not push.reason
        push = self._weigh(connection, push)
        if push.changed:
            fall = f"fall by more than {self._rules.largest_fall_percent} %, or to nothing"
            reason = f"{push.changed} of {push.catalogue} SKUs would {fall}"
            pushes.move(connection, push.id, PushState.HELD, now, reason)
            if is_news:
                subject, _ = push.letter
                dead_letters.add_once(connection, self._problem(push), subject=subject, now=now)
        else:
            pushes.move(connection, push.id, PushState.DONE, now)
            dead_letters.close_said(connection, *push.letter, now)

    def _weigh(self, connection: Connection, push: Push) -> Push:
        low = 1 - self._rules.largest_fall_percent / 100
        return pushes.weigh(connection, push.id, prices.size(connection, self._context.source), low)

    def _one(self, connection: Connection, state: PushState) -> Push | None:
        found = pushes.in_state(connection, self._way, state)
        return found[0] if found else None

    def _problem(self, push: Push) -> Problem:
        _, code = push.letter
        return Problem(
            code=code,
            system=push.store,
            what=f"Prices of {push.store} that would fall by more than {self._rules.largest_fall_percent} %, or to nothing,"
            f" are kept back in push {push.id}. The others go on.",
            next_step=f"Look at them with `erpsync prices plan {push.id}`. If they are right, `erpsync prices apply"
            f" {push.id}`; if not, correct them in {push.erp}: what becomes plausible goes on by itself.",
        )


def _keep(connection: Connection, context: FlowContext, since: Since, page: Page[BasePrice], as_of: datetime) -> None:
    """What a whole reading does not tell any more is gone with its last page; what stores refused is tried again."""
    begun = as_of
    if since.watermark is None and since.cursor is None:
        checkpoints.put(connection, context.target, _WHOLE_SINCE, as_of.isoformat(), as_of)
    elif since.watermark is None:
        begun = datetime.fromisoformat(checkpoints.get(connection, context.target, _WHOLE_SINCE))
    prices.keep(connection, context.target, page.records, max(as_of, begun))
    if since.watermark is None and page.cursor is None:
        prices.forget(connection, context.target, begun)
        dirty.mark_failed(connection, PushKind.PRICES, context.target, begun - dirty.FAILED_SINCE)
