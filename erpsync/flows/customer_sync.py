"""Customers from a store to an ERP: the accounts that people have there, as the store last told them.

An account and the buyer of its orders are one record in the ERP, for both go by one reference and one reservation (see
`flows.customers`). An order's details make the record where there is none, and are not written again: they hold for that
order, which carries its own addresses, and a parcel to a friend must not move the account. Whatever the store tells of the
account itself is newer than any order of it that is known, and of two such states the later by the store's time counts. The
link remembers the hash of what was last written, by either flow, so that nothing is written twice or to and fro.

A record is changed by our reference alone: the account's, or that of orders which the person made as a guest. One that the
ERP's own people have made, found by its e-mail address, is theirs to change. Who is deleted in the store stays in the ERP.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import JobId, SourceId, TargetId
from erpsync.domain.parties import Customer
from erpsync.flows import customers
from erpsync.flows.context import FlowContext
from erpsync.flows.customers import Answers
from erpsync.ledger import links, told
from erpsync.ledger.links import Link, LinkKind, Made
from erpsync.ports.erp_records import CustomerDraft, RecordRef
from erpsync.ports.flow import Done, Ended, Item
from erpsync.ports.pages import Page, Since
from erpsync.ports.store_records import StoreCustomer
from erpsync.ports.webhooks import Change

FLOW = "customers"
_BODY = TypeAdapter(StoreCustomer)


def changes(context: FlowContext, since: Since) -> Page[Change]:
    """Accounts of the store, each whole. Where the route sends buyers alone, nothing is kept of anybody else."""
    with context.calling(context.source):
        page = context.store.customers_changed(since)
    accounts = {key: one for one in page.records if (key := customers.key_of(one.customer)) is not None}
    if not context.customer_rules.everyone:
        guests = _guests({key: one.customer for key, one in accounts.items()})
        with context.database.begin() as connection:
            known = links.known_sources(connection, LinkKind.CUSTOMER, context.source, {*accounts, *guests.values()})
        accounts = {key: one for key, one in accounts.items() if not known.isdisjoint((key, guests.get(key, key)))}
    return Page(
        tuple(_change(key, one) for key, one in accounts.items()), page.cursor, page.watermark, page.unreadable
    )


@dataclass
class _Batch:
    """People on their way, by what the store knows them by; `links` is what the ledger knows of each."""

    told: dict[SourceId, StoreCustomer] = field(default_factory=dict)
    drafts: dict[SourceId, CustomerDraft] = field(default_factory=dict)
    links: dict[SourceId, Link] = field(default_factory=dict)
    ended: dict[SourceId, Ended] = field(default_factory=dict)

    def settle(self, key: SourceId, answer: TargetId | SyncError, did: str) -> None:
        del self.drafts[key]
        done = Done(f"{did}: customer {answer}", self.told[key].changed_at)
        self.ended[key] = answer if isinstance(answer, SyncError) else done

    def is_current(self, key: SourceId) -> bool:
        link = self.links.get(key)
        return link is not None and link.content_hash == customers.content_hash(self.drafts[key])


class CustomerFlow:
    """Accounts of one route. See `erpsync.ports.flow.Flow`."""

    def __init__(self, context: FlowContext) -> None:
        self._context = context
        self._ends = customers.ends(context)

    @property
    def batch(self) -> int:
        return self._context.capabilities.order_batch

    def __call__(self, items: Sequence[Item]) -> Mapping[JobId, Ended]:
        batch = _Batch()
        self._read(batch, items)
        try:
            for step in (self._gate, self._find_or_make, self._change):
                step(batch)
        except SyncError as error:
            # What was settled before the call failed stays settled; the rest shares its fate.
            for key in list(batch.drafts):
                batch.settle(key, error, "")
        return {item.job_id: batch.ended[item.source_id] for item in items}

    def _read(self, batch: _Batch, items: Sequence[Item]) -> None:
        """Where two states of one time leave open which is the later, and when a job is replayed: what was told last."""
        absent = [item.source_id for item in items if item.body is None]
        with self._context.database.begin() as connection:
            last = told.last(connection, self._context.source, f"{FLOW} poll", absent)
        for item in items:
            key = item.source_id
            body = item.body if item.body is not None or key not in last else last[key].body
            try:
                one = _BODY.validate_json(body or b"")
            except ValidationError:
                batch.ended[key] = _not_kept(item)
            else:
                batch.told[key] = one
                batch.drafts[key] = self._draft(key, one)

    def _gate(self, batch: _Batch) -> None:
        """Keeps out what must not reach the ERP, and what the ERP has already."""
        guests = _guests({key: one.customer for key, one in batch.told.items()})
        known = self._links([*batch.drafts, *guests.values()])
        batch.links = {key: known[key] for key in batch.drafts if key in known}
        for key, draft in list(batch.drafts.items()):
            buyer = key in known or guests.get(key) in known
            if batch.is_current(key):
                batch.settle(key, known[key].target_id, "unchanged")
            elif not (draft.customer.email.strip() or draft.customer.full_name or draft.customer.company):
                batch.settle(key, Skip("nameless-customer", what="The account has neither a name nor an address."), "")
            elif not (buyer or self._context.customer_rules.everyone):
                batch.settle(key, Skip("no-buyer", what="Has not ordered yet; the route sends buyers alone."), "")

    def _find_or_make(self, batch: _Batch) -> None:
        """Makes whom the ERP does not have, and that with all there is to tell."""
        new = {key: draft for key, draft in batch.drafts.items() if key not in batch.links}
        for key, answer in customers.resolve(self._context, new).items():
            if isinstance(answer, SyncError):
                batch.settle(key, answer, "")
        batch.links = self._links(batch.drafts)
        for key in [key for key in new if key in batch.drafts and batch.is_current(key)]:
            batch.settle(key, batch.links[key].target_id, "made")

    def _change(self, batch: _Batch) -> None:
        """Changes whom the ERP has otherwise."""
        if not batch.drafts:
            return
        answers = customers.in_turn(self._context, batch.drafts, lambda drafts: self._rewrite(drafts, batch.links))
        for key, answer in answers.items():
            batch.settle(key, answer, "changed")

    def _rewrite(self, drafts: Mapping[SourceId, CustomerDraft], known: Mapping[SourceId, Link]) -> Answers:
        answers: Answers = {}
        writes: dict[SourceId, CustomerDraft] = {}
        for key, reference in self._references(drafts, known).items():
            if isinstance(reference, SyncError):
                answers[key] = reference
            elif any(reference == write.reference for write in writes.values()):
                # Two accounts of one guest: one after the other.
                answers[key] = customers.under_way(self._context)
            else:
                writes[key] = replace(drafts[key], reference=reference)
        if not writes:
            return answers
        with self._context.calling(self._context.target):
            written = self._context.erp.upsert_customers(list(writes.values()))
        kept = []
        for key, draft in writes.items():
            result = written[draft.reference]
            if isinstance(result, SyncError):
                answers[key] = result
            else:
                answers[key] = result.target_id
                kept.append(Made(key, result.target_id, result.display, customers.content_hash(draft)))
        customers.keep(self._context, kept)
        return answers

    def _references(
        self, drafts: Mapping[SourceId, CustomerDraft], known: Mapping[SourceId, Link]
    ) -> dict[SourceId, str | SyncError]:
        """Of ours, the one that each person's record in the ERP bears."""
        found: dict[SourceId, str | SyncError] = {}
        own = self._bearing(drafts, {key: (key,) for key in drafts})
        with self._context.database.begin() as connection:
            sharing = links.all_sources(connection, self._ends, {link.target_id for link in known.values()})
        others = [key for key in drafts if not own[key]]
        guests = {key: tuple(filter(customers.is_guest, sharing.get(known[key].target_id, ()))) for key in others}
        shared = self._bearing(drafts, guests)
        for key, draft in drafts.items():
            # What bears the account's own reference is the account, wherever a merge in the ERP has moved it.
            bearing = own[key] or [
                (reference, ref) for reference, ref in shared[key] if ref.target_id == known[key].target_id
            ]
            if len(bearing) == 1:
                found[key] = bearing[0][0]
            elif bearing:
                found[key] = self._twice(draft, [ref.target_id for _, ref in bearing])
            else:
                found[key] = self._not_ours(known[key])
        return found

    def _bearing(
        self, drafts: Mapping[SourceId, CustomerDraft], keys: Mapping[SourceId, Sequence[SourceId]]
    ) -> dict[SourceId, list[tuple[str, RecordRef]]]:
        """The ERP's records that bear our references of these keys, whatever their e-mail addresses."""
        sought = {}
        for key, others in keys.items():
            unaddressed = drafts[key].customer.model_copy(update={"email": ""})
            for reference in (customers.reference_of(self._context, other) for other in others):
                sought[reference] = replace(drafts[key], reference=reference, customer=unaddressed)
        found: Mapping[str, tuple[RecordRef, ...]] = {}
        if sought:
            with self._context.calling(self._context.target):
                found = self._context.erp.find_customers(list(sought.values()))
        return {
            key: [
                (reference, ref)
                for reference in (customers.reference_of(self._context, other) for other in others)
                for ref in found.get(reference, ())
            ]
            for key, others in keys.items()
        }

    def _links(self, keys: Sequence[SourceId] | Mapping[SourceId, object]) -> dict[SourceId, Link]:
        with self._context.database.begin() as connection:
            return links.find(connection, self._ends, list(keys))
