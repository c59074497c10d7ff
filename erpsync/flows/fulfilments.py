"""Shipments from an ERP to the store whose order they belong to: each made known once, with its tracking.

What the ERP tells of an order carries all its shipments so far. Those that the store knows are links already; the store
itself is asked by our reference before it is told of any other, so that a lost reply tells the buyer nothing twice.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from erpsync.domain.errors import Rejected, Skip, SyncError, Transient
from erpsync.domain.fulfilments import Fulfilment, OrderProgress
from erpsync.domain.ids import ConnectionName, JobId, SourceId, TargetId
from erpsync.flows.context import FlowContext
from erpsync.ledger import links
from erpsync.ledger.links import Ends, LinkKind
from erpsync.ports.flow import Done, Ended, Item
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import FulfilledLine, FulfilmentDraft, StoreRef
from erpsync.ports.webhooks import Change

FLOW = "fulfilments"
# An order whose reply was lost is linked when it is found again, after the ERP's time to settle at most.
_LINK_SECONDS = 300.0


def changes(context: FlowContext, since: Since) -> Page[Change]:
    """Orders of stores of which something has been shipped, each with all that the ERP tells of it. One that is not linked
    yet, for the reply that made it was lost, is known by its reference, whichever route's store it is of."""
    with context.calling(context.target):
        page = context.erp.progress_changed(since)
    now = context.clock.now()
    shipped = [progress for progress in page.records if progress.fulfilments]
    with context.database.begin() as connection:
        ours = links.known_targets(connection, LinkKind.ORDER, context.target, [one.order_id for one in shipped])
    stores = context.stores or (context.source,)
    shipped = [one for one in shipped if one.order_id in ours or any(_may_be_of(store, one) for store in stores)]
    return Page(
        tuple(
            Change(
                flow=FLOW,
                source_id=SourceId(progress.order_id),
                version=now,
                number=progress.display,
                carries_state=True,
                body=progress.model_dump_json(exclude={"invoices", "changed_at"}).encode(),
            )
            for progress in shipped
        ),
        page.cursor,
        page.watermark,
        page.unreadable,
    )


@dataclass(frozen=True)
class _Work:
    """One sales order, the store's order that it came from, and the shipments that the store has not been told of."""

    item: Item
    order_id: SourceId
    untold: tuple[Fulfilment, ...]


class FulfilmentFlow:
    """Shipments of one route, against its direction. See `erpsync.ports.flow.Flow`."""

    def __init__(self, context: FlowContext) -> None:
        self._context = context
        self._ends = Ends(LinkKind.FULFILMENT, context.target, context.source)

    @property
    def batch(self) -> int:
        return self._context.store_capabilities.order_batch

    def __call__(self, items: Sequence[Item]) -> Mapping[JobId, Ended]:
        results: dict[JobId, Ended] = {}
        told = {item.job_id: _read(item) for item in items}
        results |= {job_id: answer for job_id, answer in told.items() if isinstance(answer, SyncError)}
        progress = {job_id: answer for job_id, answer in told.items() if isinstance(answer, OrderProgress)}
        works = self._untold([item for item in items if item.job_id in progress], progress, results)
        drafts = {self._reference(shipment): self._draft(work, shipment) for work in works for shipment in work.untold}
        answers: Mapping[str, StoreRef | SyncError] = {}
        if drafts:
            with self._context.calling(self._context.source):
                answers = self._context.store.fulfil(list(drafts.values()))
        for work in works:
            results[work.item.job_id] = self._settled(work, answers)
        return results

    def _untold(
        self, items: Sequence[Item], progress: Mapping[JobId, OrderProgress], results: dict[JobId, Ended]
    ) -> list[_Work]:
        context = self._context
        shipments = [SourceId(one.id) for told in progress.values() for one in told.fulfilments]
        orders = Ends(LinkKind.ORDER, context.source, context.target)
        order_ids = [one.order_id for one in progress.values()]
        with context.database.begin() as connection:
            sources = links.sources(connection, orders, order_ids)
            linked = links.known_targets(connection, LinkKind.ORDER, context.target, order_ids)
            known = links.find(connection, self._ends, shipments)
        works = []
        for item in items:
            told = progress[item.job_id]
            if told.order_id not in sources:
                results[item.job_id] = self._not_ours(told, of_another=told.order_id in linked)
                continue
            untold = tuple(one for one in told.fulfilments if SourceId(one.id) not in known)
            works.append(_Work(item, sources[told.order_id], untold))
        return works

    def _not_ours(self, told: OrderProgress, *, of_another: bool) -> SyncError:
        store = self._context.source
        # The references of a store "shop-eu" begin like those of a store "shop".
        if _may_be_of(store, told) and not of_another:
            return Transient(
                "order-not-linked",
                system=store,
                record=f"sales order {told.display}",
                what="It was shipped, and is not linked to the store's order yet.",
                next_step="Replay the store's order, so that it finds the sales order; then replay this.",
                retry_after_seconds=_LINK_SECONDS,
            )
        return Skip("not-from-this-store", what=f"{told.display} is no order of {store}.", record=told.display)

    def _settled(self, work: _Work, answers: Mapping[str, StoreRef | SyncError]) -> Ended:
        """Keeps what the store has now; the first thing that went wrong is the order's outcome."""
        problem: SyncError | None = None
        names = []
        for shipment in work.untold:
            answer = answers[self._reference(shipment)]
            if isinstance(answer, SyncError):
                answer.connection = answer.connection or self._context.source
                problem = problem or answer
                continue
            names.append(", ".join(parcel.number for parcel in shipment.parcels) or shipment.id)
            with self._context.database.begin() as connection:
                links.record(
                    connection,
                    self._ends,
                    SourceId(shipment.id),
                    TargetId(answer.source_id),
                    answer.display,
                    self._context.clock.now(),
                )
        if problem is not None:
            return problem
        return Done(f"shipped: {'; '.join(names)}" if names else "nothing new was shipped")

    def _draft(self, work: _Work, shipment: Fulfilment) -> FulfilmentDraft:
        return FulfilmentDraft(
            reference=self._reference(shipment),
            order_id=work.order_id,
            lines=tuple(FulfilledLine(None, line.sku, line.quantity) for line in shipment.lines),
            parcels=shipment.parcels,
            notify=self._context.rules.notify_buyers,
        )

    def _reference(self, shipment: Fulfilment) -> str:
        """Of plain characters, however the ERP names its shipments ("WH/OUT/1")."""
        plain = (
            shipment.id if shipment.id.isascii() and shipment.id.replace("-", "").isalnum() else _digest(shipment.id)
        )
        return f"{self._context.target}-{plain}"


def _may_be_of(store: ConnectionName, told: OrderProgress) -> bool:
    return told.reference.startswith(f"{store}-")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def _read(item: Item) -> OrderProgress | SyncError:
    try:
        return OrderProgress.model_validate_json(item.body or b"")
    except ValidationError:
        return Rejected(
            "progress-gone",
            system="erpsync",
            record=f"sales order {item.number}",
            what="What the ERP told of the order's shipments is not kept any more.",
            next_step="Discard this dead letter: the next change of the order in the ERP is told again.",
        )
