"""An order from a store to an ERP: look, create, record, on every attempt, then tell the store.

Each step narrows the batch: a record that a step settles, well or badly, has its answer in `results` and takes no
further part; its neighbours go on.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from sqlalchemy.exc import IntegrityError

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import JobId, Sku, SourceId, TargetId
from erpsync.domain.orders import Balance, Order, OrderStatus, rounded
from erpsync.flows import customers
from erpsync.flows.context import FlowContext, OrderRules
from erpsync.ledger import links, sales
from erpsync.ledger.links import Ends, Link, LinkKind
from erpsync.ledger.sales import Sold
from erpsync.ports.erp_records import CUSTOMER_GONE, OrderDraft, RecordRef
from erpsync.ports.flow import Done, Ended, Item
from erpsync.ports.spec import Ability, StoreAbility
from erpsync.ports.store_records import OrderNote


@dataclass(frozen=True)
class _Work:
    """One order on its way. `link` is what the ledger or the ERP knows of it."""

    item: Item
    order: Order
    reference: str
    link: Link | None = None
    did: tuple[str, ...] = ()
    rounding: str = ""

    @property
    def cancelled(self) -> bool:
        return self.order.status is OrderStatus.CANCELLED

    @property
    def current(self) -> bool:
        return self.link is not None and self.link.content_hash == self.order.content_hash()


@dataclass
class _Batch:
    work: dict[SourceId, _Work] = field(default_factory=dict)
    results: dict[JobId, Ended] = field(default_factory=dict)

    def settle(self, source_id: SourceId, result: Ended) -> None:
        self.results[self.work.pop(source_id).item.job_id] = result

    def update(self, work: _Work, link: Link, did: str) -> None:
        self.work[work.order.source_id] = replace(work, link=link, did=(*work.did, did))


class OrderFlow:
    """Orders of one route. See `erpsync.ports.flow.Flow`."""

    def __init__(self, context: FlowContext) -> None:
        self._context = context
        self._ends = Ends(LinkKind.ORDER, context.source, context.target)
        self._sales = sales.Ends(context.source, context.target)

    @property
    def batch(self) -> int:
        return self._context.capabilities.order_batch

    def __call__(self, items: Sequence[Item]) -> Mapping[JobId, Ended]:
        batch = _Batch()
        self._read(batch, items)
        orders = {source_id: work.order for source_id, work in batch.work.items()}
        self._sold(orders)
        try:
            for step in (self._recall, self._gate, self._look, self._cancel, self._write, self._note):
                step(batch)
        except SyncError as error:
            # What was settled before the call failed stays settled; the rest shares its fate.
            for source_id in list(batch.work):
                batch.settle(source_id, error)
        for work in list(batch.work.values()):
            batch.settle(work.order.source_id, Done(_told(work), work.order.version))
        self._known(items, orders, batch.results)
        return batch.results

    def _sold(self, orders: Mapping[SourceId, Order]) -> None:
        """Keeps what the orders take out of the store, before the ERP hears of it."""
        sold = [Sold(key, order.version, goods(order)) for key, order in orders.items()]
        with self._context.database.begin() as connection:
            sales.keep(connection, self._sales, sold)

    def _known(self, items: Sequence[Item], orders: Mapping[SourceId, Order], results: Mapping[JobId, Ended]) -> None:
        """Keeps which of these the ERP has by now, or will never get."""
        ended = {item.source_id: results.get(item.job_id) for item in items}
        written = {key: goods(orders[key]) for key, end in ended.items() if isinstance(end, Done)}
        skipped = [key for key, end in ended.items() if isinstance(end, Skip)]
        with self._context.database.begin() as connection:
            sales.known(connection, self._sales, written, self._context.clock.now())
            sales.waived(connection, self._sales, skipped, self._context.clock.now())

    def _read(self, batch: _Batch, items: Sequence[Item]) -> None:
        context = self._context
        answers: dict[SourceId, Order | SyncError] = {}
        for item in items:
            if item.body is not None:
                answers[item.source_id] = _from_event(context, item.body)
        absent = [item.source_id for item in items if item.body is None]
        if absent:
            with context.calling(context.source):
                answers |= context.store.read_orders(absent)
            for source_id in absent:
                answer = answers[source_id]
                if isinstance(answer, SyncError):
                    answer.connection = answer.connection or context.source
        for item in items:
            answer = answers[item.source_id]
            if isinstance(answer, SyncError):
                batch.results[item.job_id] = answer
            else:
                reference = f"{context.source}-{item.source_id}"
                batch.work[item.source_id] = _Work(item, answer, reference)

    def _recall(self, batch: _Batch) -> None:
        with self._context.database.begin() as connection:
            known = links.find(connection, self._ends, list(batch.work))
        for source_id, link in known.items():
            batch.work[source_id] = replace(batch.work[source_id], link=link)

    def _gate(self, batch: _Batch) -> None:
        """Keeps out what must not, or cannot, reach the ERP."""
        for work in list(batch.work.values()):
            admitted = _admit(work, self._context)
            if isinstance(admitted, SyncError):
                batch.settle(work.order.source_id, admitted)
            else:
                batch.work[work.order.source_id] = admitted

    def _look(self, batch: _Batch) -> None:
        """Asks the ERP for every order that has no link: an earlier attempt may have made it and lost the reply."""
        unknown = [work for work in batch.work.values() if work.link is None]
        if not unknown:
            return
        with self._context.calling(self._context.target):
            found = self._context.erp.find_orders([work.reference for work in unknown])
        for work in unknown:
            matches = found.get(work.reference, ())
            if len(matches) > 1:
                batch.settle(work.order.source_id, _twice(work, matches, self._context))
            elif matches and not work.order.lines and not work.cancelled:
                batch.settle(work.order.source_id, _emptied(work, matches[0].display, self._context))
            elif matches:
                self._link(batch, work, matches[0], "found")
            elif not work.order.lines:
                batch.settle(work.order.source_id, Skip("no-lines", what="The order has no lines."))
            elif work.cancelled:
                batch.settle(
                    work.order.source_id,
                    Skip("cancelled-before-sent", what="Cancelled in the store before the ERP had it."),
                )

    def _cancel(self, batch: _Batch) -> None:
        doomed = {
            work.link.target_id: work
            for work in batch.work.values()
            if work.cancelled and work.link is not None and not work.current
        }
        if self._refuse(batch, Ability.CANCEL_ORDERS, doomed.values()) or not doomed:
            return
        with self._context.calling(self._context.target):
            results = self._context.erp.cancel_orders(list(doomed))
        self._written(batch, [(work, results[target_id]) for target_id, work in doomed.items()], "cancelled")

    def _write(self, batch: _Batch) -> None:
        """Creates what the ERP has not, amends what it has differently."""
        open_work = [work for work in batch.work.values() if not work.cancelled and not work.current]
        buyers = customers.ensure(self._context, [work.order for work in open_work]) if open_work else {}
        create: list[tuple[_Work, OrderDraft]] = []
        amend: dict[TargetId, tuple[_Work, OrderDraft]] = {}
        for work in open_work:
            buyer = buyers[work.order.source_id]
            if isinstance(buyer, SyncError):
                batch.settle(work.order.source_id, buyer)
                continue
            draft = OrderDraft(work.reference, work.order, buyer)
            if work.link is None:
                create.append((work, draft))
            else:
                amend[work.link.target_id] = (work, draft)
        if create:
            with self._context.calling(self._context.target):
                made = self._context.erp.create_orders([draft for _, draft in create])
            self._written(batch, [(work, made[work.reference]) for work, _ in create], "created")
        if amend and not self._refuse(batch, Ability.AMEND_ORDERS, [work for work, _ in amend.values()]):
            with self._context.calling(self._context.target):
                amended = self._context.erp.amend_orders({key: draft for key, (_, draft) in amend.items()})
            self._written(batch, [(work, amended[key]) for key, (work, _) in amend.items()], "amended")

    def _refuse(self, batch: _Batch, ability: Ability, works: Iterable[_Work]) -> bool:
        """Settles these where the ERP lacks the ability, with what its capabilities say happens instead."""
        sentence = self._context.capabilities.missing.get(ability)
        for work in works if sentence is not None else ():
            batch.settle(work.order.source_id, _by_hand(work, ability, sentence or "", self._context))
        return sentence is not None

    def _note(self, batch: _Batch) -> None:
        """Tells the store the ERP's id, once per link."""
        context = self._context
        untold = [work for work in batch.work.values() if work.link is not None and not work.link.noted]
        if not untold or StoreAbility.WRITE_BACK in context.store_capabilities.missing:
            return
        notes = [
            OrderNote(work.order.source_id, context.target, work.link.target_id, work.link.display)
            for work in untold
            if work.link is not None
        ]
        with context.calling(context.source):
            answers = context.store.write_back(notes)
        told = [source_id for source_id, error in answers.items() if error is None]
        with context.database.begin() as connection:
            links.noted(connection, self._ends, told, context.clock.now())
        for source_id, error in answers.items():
            if error is not None:
                error.connection = error.connection or context.source
                batch.settle(source_id, error)

    def _written(self, batch: _Batch, results: Sequence[tuple[_Work, RecordRef | SyncError]], did: str) -> None:
        orphans = [
            work.order for work, result in results if isinstance(result, SyncError) and result.code == CUSTOMER_GONE
        ]
        if orphans:
            customers.forget(self._context, orphans)
        for work, result in results:
            if isinstance(result, SyncError):
                batch.settle(work.order.source_id, result)
                continue
            if not self._link(batch, work, result, did):
                continue
            content_hash = work.order.content_hash()
            with self._context.database.begin() as connection:
                links.written(connection, self._ends, {work.order.source_id: content_hash}, self._context.clock.now())

    def _link(self, batch: _Batch, work: _Work, ref: RecordRef, did: str) -> bool:
        try:
            with self._context.database.begin() as connection:
                links.record(
                    connection, self._ends, work.order.source_id, ref.target_id, ref.display, self._context.clock.now()
                )
        except IntegrityError:
            batch.settle(work.order.source_id, _taken(work, ref, self._context))
            return False
        noted = work.link is not None and work.link.noted
        batch.update(work, Link(ref.target_id, ref.display, "", noted), did)
        return True


def goods(order: Order) -> dict[Sku, Decimal]:
    """What the order takes out of the store's stock, by SKU; nothing where it was cancelled."""
    units: dict[Sku, Decimal] = {}
    for line in order.lines if order.status is not OrderStatus.CANCELLED else ():
        if line.sku:
            units[line.sku] = units.get(line.sku, Decimal(0)) + line.quantity
    return units


def _from_event(context: FlowContext, body: bytes) -> Order | SyncError:
    try:
        return context.store.order_from_event(body)
    except SyncError as error:
        return error


def _admit(work: _Work, context: FlowContext) -> _Work | SyncError:
    """The work as it goes on, its order balanced to the cent; or why it does not."""
    order = work.order
    kept_out = _kept_out(order, work.link, context.rules)
    if kept_out is not None:
        return kept_out
    if work.cancelled:
        return work
    if not order.lines:
        # Without a link the ERP is asked first: an earlier attempt may have made the order and lost the reply.
        return work if work.link is None else _emptied(work, work.link.display, context)
    result = rounded(order, context.rules.rounding_tolerance)
    if isinstance(result, Balance):
        return _unbalanced(order, result, context)
    named = _with_skus(result.order, context.rules.product_gone_sku)
    return replace(work, order=named, rounding=result.cause)


def _kept_out(order: Order, link: Link | None, rules: OrderRules) -> Skip | None:
    """Why the route does not send the order at all. What the ERP has already follows the store all the same."""
    if order.test and not rules.send_test_orders:
        return Skip("test-order", what="A test order; the route does not send them.")
    if link is not None:
        return None
    if rules.orders_from is not None and order.created_at < rules.orders_from:
        return Skip(
            "before-start", what=f"Placed before {rules.orders_from:%Y-%m-%d %H:%M %Z}, the route's orders_from."
        )
    if order.status is OrderStatus.CLOSED and not rules.send_closed_orders:
        return Skip(
            "closed-before-sent", what="Closed in the store before the ERP had it; the route does not send those."
        )
    if rules.currencies and order.currency not in rules.currencies:
        return Skip(
            "other-currency", what=f"An order in {order.currency}; the route sends {', '.join(rules.currencies)}."
        )
    return None


def _with_skus(order: Order, sku: Sku) -> Order:
    """The order with `sku` on lines that have none: the store has deleted their product."""
    if not sku or all(line.sku for line in order.lines):
        return order
    lines = tuple(line if line.sku else line.model_copy(update={"sku": sku}) for line in order.lines)
    return order.model_copy(update={"lines": lines})


def _unbalanced(order: Order, sums: Balance, context: FlowContext) -> Rejected:
    return Rejected(
        "does-not-balance",
        system=context.source,
        record=f"order {order.number}",
        what=f"The order's parts do not add up to its total: {sums} (difference {sums.residual}).",
        next_step="Compare these figures with the order in the store and correct it there; or, where the store rounds so"
        " coarsely, raise rounding_tolerance on the route. Then replay.",
    )


def _by_hand(work: _Work, ability: Ability, sentence: str, context: FlowContext) -> Rejected:
    display = work.link.display if work.link else "the sales order"
    return Rejected(
        f"cannot-{ability.replace(' ', '-')}",
        system=context.target,
        record=f"order {work.order.number}",
        what=sentence,
        next_step=f"Change {display} in {context.erp_title} by hand as the store has it, then discard this dead letter.",
    )


def _emptied(work: _Work, display: str, context: FlowContext) -> Rejected:
    return Rejected(
        "nothing-left",
        system=context.source,
        record=f"order {work.order.number}",
        what=f"All goods of the order were removed or refunded in the store; {context.erp_title} still has {display}.",
        next_step=f"Cancel, close or credit {display} in {context.erp_title}, then discard this dead letter.",
    )


def _twice(work: _Work, matches: Sequence[RecordRef], context: FlowContext) -> Rejected:
    names = ", ".join(match.display for match in matches)
    return Rejected(
        "found-twice",
        system=context.target,
        record=f"order {work.order.number}",
        what=f"{context.erp_title} holds {len(matches)} sales orders with its reference {work.reference}: {names}.",
        next_step="Cancel all but one there, remove the reference from the others, then replay.",
    )


def _taken(work: _Work, ref: RecordRef, context: FlowContext) -> Rejected:
    return Rejected(
        "target-taken",
        system=context.target,
        record=f"order {work.order.number}",
        what=f"Sales order {ref.display} in {context.erp_title} answers to another order of this store already.",
        next_step=f"Look in {context.erp_title} which order it belongs to; correct its reference, then replay.",
    )


def _told(work: _Work) -> str:
    display = work.link.display if work.link else ""
    told = f"{' and '.join(work.did) or 'unchanged'}: {display}"
    return f"{told}; {work.rounding}" if work.rounding and work.did else told
