"""Customers from a store to an ERP: the accounts that people have there, as the store last told them.

An account and the buyer of its orders are one record in the ERP, for both go by one reference and one reservation (see
`flows.customers`). An order's details make the record where there is none, and change none that is there: they hold for
that order, which carries its own addresses, and a parcel to a friend must not move the account. What the store tells of the
account itself holds until it tells otherwise, the latest by the store's own time. The link remembers the hash of what was
last written, by either flow: nothing is written twice, and the two never write to and fro.

A record is changed by our reference alone: the account's, or that of orders which the person made as a guest. One that the
ERP's own people have made, found by its e-mail address, is theirs to change. Who is deleted in the store stays in the ERP.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pydantic import TypeAdapter, ValidationError

from erpsync.domain.errors import Rejected, Skip, SyncError
from erpsync.domain.ids import JobId, SourceId, TargetId
from erpsync.flows import customers
from erpsync.flows.context import FlowContext
from erpsync.flows.customers import Answers
from erpsync.ledger import links, told
from erpsync.ledger.links import Link, LinkKind
from erpsync.ports.erp_records import CustomerDraft, RecordRef, Written
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
        guests = _guests(accounts)
        with context.database.begin() as connection:
            known = links.known_sources(connection, LinkKind.CUSTOMER, context.source, {*accounts, *guests.values()})
        accounts = {key: one for key, one in accounts.items() if not known.isdisjoint((key, guests.get(key, key)))}
    return Page(tuple(_told(key, one) for key, one in accounts.items()), page.cursor, page.watermark, page.unreadable)


@dataclass
class _Batch:
    """People on their way, by what the store knows them by; `links` is what the ledger knows of each."""

    accounts: dict[SourceId, StoreCustomer] = field(default_factory=dict)
    drafts: dict[SourceId, CustomerDraft] = field(default_factory=dict)
    links: dict[SourceId, Link] = field(default_factory=dict)
    ended: dict[SourceId, Ended] = field(default_factory=dict)

    def settle(self, key: SourceId, answer: TargetId | SyncError, did: str) -> None:
        del self.drafts[key]
        if isinstance(answer, SyncError):
            self.ended[key] = answer
        else:
            self.ended[key] = Done(f"{did}: customer {answer}", self.accounts[key].changed_at)

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
        """A job that is replayed, or was told two states of one time, brings none: then what was told last counts."""
        absent = [item.source_id for item in items if item.body is None]
        with self._context.database.begin() as connection:
            last = told.last(connection, self._context.source, f"{FLOW} poll", absent)
        for item in items:
            key = item.source_id
            body = item.body if item.body is not None or key not in last else last[key].body
            try:
                batch.accounts[key] = _BODY.validate_json(body or b"")
            except ValidationError:
                batch.ended[key] = _not_kept(item)
            else:
                batch.drafts[key] = self._draft(key, batch.accounts[key])

    def _gate(self, batch: _Batch) -> None:
        """Keeps out what must not reach the ERP, and what the ERP has already."""
        guests = _guests(batch.accounts)
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
        writes: dict[str, SourceId] = {}
        for key, reference in self._references(drafts, known).items():
            if isinstance(reference, SyncError):
                answers[key] = reference
            elif writes.setdefault(reference, key) != key:  # two accounts of one guest: one after the other
                answers[key] = customers.under_way(self._context)
        written: Mapping[str, Written] = {}
        if writes:
            with self._context.calling(self._context.target):
                written = self._context.erp.upsert_customers(
                    [replace(drafts[key], reference=reference) for reference, key in writes.items()]
                )
        kept = []
        for reference, key in writes.items():
            result = written[reference]
            if isinstance(result, SyncError):
                answers[key] = result
            else:
                answers[key] = result.target_id
                kept.append(customers.link_to(key, result, customers.content_hash(drafts[key])))
        customers.keep(self._context, kept)
        return answers

    def _references(
        self, drafts: Mapping[SourceId, CustomerDraft], known: Mapping[SourceId, Link]
    ) -> dict[SourceId, str | SyncError]:
        """Of our references, the one that each person's record in the ERP bears."""
        context = self._context
        with context.database.begin() as connection:
            sharing = links.all_sources(connection, self._ends, {known[key].target_id for key in drafts})
        sought: dict[SourceId, list[str]] = {}
        questions: dict[str, CustomerDraft] = {}
        for key, draft in drafts.items():
            guests = filter(customers.is_guest, sharing.get(known[key].target_id, ()))
            sought[key] = [customers.reference_of(context, one) for one in (key, *guests)]
            # Without an address, so that nothing but the reference can answer.
            nameless = draft.customer.model_copy(update={"email": ""})
            questions |= {one: replace(draft, reference=one, customer=nameless) for one in sought[key]}
        with context.calling(context.target):
            found = context.erp.find_customers(list(questions.values()))
        return {
            key: self._borne(key, drafts[key], known[key], {one: found.get(one, ()) for one in references}, sharing)
            for key, references in sought.items()
        }

    def _borne(
        self,
        key: SourceId,
        draft: CustomerDraft,
        link: Link,
        found: Mapping[str, Sequence[RecordRef]],
        sharing: Mapping[TargetId, Sequence[SourceId]],
    ) -> str | SyncError:
        for reference, refs in found.items():
            # What bears the account's own reference is the account, wherever a merge in the ERP has moved it.
            if any(reference == draft.reference or ref.target_id == link.target_id for ref in refs):
                return reference if len(refs) == 1 else self._twice(reference, refs)
        others = [one for one in sharing.get(link.target_id, ()) if one != key and not customers.is_guest(one)]
        if link.content_hash and not others:
            return self._gone(draft.reference, link)
        return Skip(
            "made-by-others",
            what=f"Customer {link.target_id} in {self._context.erp_title} bears no reference of the account: it was made by"
            " others, and is theirs to change.",
        )

    def _gone(self, reference: str, link: Link) -> Rejected:
        title = self._context.erp_title
        return Rejected(
            "customer-gone",
            system=self._context.target,
            record=f"customer {reference}",
            what=f"Customer {link.target_id} in {title}, which was made of this account, is not found by its reference any"
            " more: it was deleted, archived or merged, or the reference was cleared.",
            next_step=f"Restore it, or give the reference {reference} to the customer that stands for it now; then replay."
            " If the account is to be left alone, discard this.",
        )

    def _twice(self, reference: str, refs: Sequence[RecordRef]) -> Rejected:
        title = self._context.erp_title
        return Rejected(
            "customer-twice",
            system=self._context.target,
            record=f"customer {reference}",
            what=f"{len(refs)} customers in {title} bear this reference: {', '.join(ref.target_id for ref in refs[:5])}.",
            next_step="Merge them, or clear the reference on all but one, then replay.",
        )

    def _draft(self, key: SourceId, account: StoreCustomer) -> CustomerDraft:
        return CustomerDraft(
            reference=customers.reference_of(self._context, key),
            customer=account.customer,
            billing=account.billing or account.shipping,
            shipping=account.shipping,
            currency=self._context.customer_rules.currency,
        )

    def _links(self, keys: Collection[SourceId]) -> dict[SourceId, Link]:
        with self._context.database.begin() as connection:
            return links.find(connection, self._ends, keys)


def _told(key: SourceId, account: StoreCustomer) -> Change:
    # Lists show the number, so that it names nobody.
    return Change(FLOW, key, account.changed_at, number=key, carries_state=True, body=_BODY.dump_json(account))


def _guests(accounts: Mapping[SourceId, StoreCustomer]) -> dict[SourceId, SourceId]:
    """What those of these people were known by who have ordered as guests, if they have."""
    keys = {key: customers.guest_key(one.customer) for key, one in accounts.items()}
    return {key: guest for key, guest in keys.items() if guest is not None}


def _not_kept(item: Item) -> Rejected:
    return Rejected(
        "customer-not-kept",
        system="erpsync",
        record=f"customer {item.number}",
        what="What the store told of the customer is not kept any more.",
        next_step="Let the store tell of all again with `erpsync backfill customers`, or discard this dead letter: the"
        " customer's next change is told by itself.",
    )
