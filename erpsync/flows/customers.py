"""The ERP's customer of an order: the one it is linked to, else found, else made."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TypeAlias

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled
from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.domain.parties import Customer
from erpsync.flows.context import FlowContext
from erpsync.ledger import links, reservations
from erpsync.ledger.links import Ends, LinkKind, Made
from erpsync.ledger.reservations import Room
from erpsync.ports.erp_records import CustomerDraft, RecordRef

Answers: TypeAlias = dict[SourceId, TargetId | SyncError]
"""The ERP's customer of each person, by what the store knows the person by; or why there is none."""

_GUEST = "guest-"


@dataclass(frozen=True)
class _Buyer:
    key: SourceId
    draft: CustomerDraft


def ensure(context: FlowContext, orders: Sequence[Order]) -> Answers:
    """The ERP's customer id per order, by the order's source id. What concerns one order is returned, not raised."""
    answers: Answers = {}
    buyers: dict[SourceId, _Buyer] = {}
    for order in orders:
        key = key_of(order.customer)
        if key is not None:
            buyers[order.source_id] = _Buyer(key, _draft(context, order, key))
        elif context.rules.guest_customer is not None:
            answers[order.source_id] = context.rules.guest_customer
        else:
            answers[order.source_id] = _nobody(order)
    by_key = resolve(context, {buyer.key: buyer.draft for buyer in buyers.values()})
    return answers | {source_id: by_key[buyer.key] for source_id, buyer in buyers.items()}


def known(context: FlowContext, order: Order) -> TargetId | None:
    """The ERP's customer of an order, linked or found; None where one would have to be made or chosen. Writes nothing."""
    key = key_of(order.customer)
    if key is None:
        return context.rules.guest_customer
    with context.database.begin() as connection:
        linked = links.find(connection, ends(context), [key])
    if key in linked:
        return linked[key].target_id
    draft = _draft(context, order, key)
    with context.calling(context.target):
        matches = context.erp.find_customers([draft]).get(draft.reference, ())
    return matches[0].target_id if len(matches) == 1 else None


def resolve(context: FlowContext, drafts: Mapping[SourceId, CustomerDraft]) -> Answers:
    """The ERP's customer per person: linked, found or made. What concerns one person is returned, not raised."""
    with context.database.begin() as connection:
        known = links.find(connection, ends(context), list(drafts))
    missing = {key: draft for key, draft in drafts.items() if key not in known}
    answers: Answers = {key: link.target_id for key, link in known.items()}
    return answers | in_turn(context, missing, partial(_find_or_make, context)) if missing else answers


def in_turn(
    context: FlowContext,
    drafts: Mapping[SourceId, CustomerDraft],
    work: Callable[[Mapping[SourceId, CustomerDraft]], Answers],
) -> Answers:
    """Does `work` for those that no other worker is at; the others wait until that one has done.

    A person of whom a request was sent whose reply was lost stays reserved until the ERP has settled it.
    """
    room, holder, now = Room(LinkKind.CUSTOMER, context.target), secrets.token_hex(8), context.clock.now()
    people = {key: _hashed(_person(draft)) for key, draft in drafts.items()}
    until = now + timedelta(seconds=context.reservation_seconds)
    with context.database.begin() as connection:
        ours = reservations.take(connection, room, set(people.values()), holder, until, now)
    answers: Answers = {key: under_way(context) for key, person in people.items() if person not in ours}
    mine = {key: draft for key, draft in drafts.items() if key not in answers}
    unsure = ours
    try:
        answers |= work(mine) if mine else {}
        unsure = {people[key] for key, answer in answers.items() if isinstance(answer, OutcomeUnknown)} & ours
    except SyncError as error:
        unsure = ours if isinstance(error, OutcomeUnknown) else set()
        raise
    finally:
        settled = context.clock.now() + timedelta(seconds=context.settle_seconds)
        with context.database.begin() as connection:
            reservations.release(connection, room, ours - unsure, holder)
            reservations.keep(connection, room, unsure, holder, settled)
    return answers


def forget(context: FlowContext, orders: Sequence[Order]) -> None:
    """The ERP has the customers of these orders no longer: the next attempt finds them anew, or makes them."""
    gone = [key for key in (key_of(order.customer) for order in orders) if key is not None]
    with context.database.begin() as connection:
        for key in gone:
            links.forget(connection, ends(context), key)


def ends(context: FlowContext) -> Ends:
    return Ends(LinkKind.CUSTOMER, context.source, context.target)


def key_of(customer: Customer) -> SourceId | None:
    """What a person is known by: the store's id, else the e-mail address; None for nobody."""
    return customer.source_id if customer.source_id is not None else guest_key(customer)


def guest_key(customer: Customer) -> SourceId | None:
    """What a person is known by who orders without an account: the e-mail address, hashed so that the ledger holds none."""
    return SourceId(f"{_GUEST}{_hashed(customer.email.strip().lower())}") if customer.email else None


def is_guest(key: SourceId) -> bool:
    return key.startswith(_GUEST)


def reference_of(context: FlowContext, key: SourceId) -> str:
    """What the ERP's customer of that person is found by."""
    return f"{context.source}-customer-{key}"


def content_hash(draft: CustomerDraft) -> str:
    """Equal for two drafts that are written to an ERP alike."""
    parts = (draft.customer, draft.billing, draft.shipping)
    content = [None if part is None else part.model_dump(mode="json") for part in parts]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def link_to(key: SourceId, ref: RecordRef, content: str = "") -> Made:
    """The link of a person to their record, of which `content` is the hash of what was written. It names nobody: lists show
    links, and people's names stay in the ERP."""
    return Made(key, ref.target_id, ref.target_id, content)


def keep(context: FlowContext, made: Sequence[Made]) -> None:
    """Keeps links with their hashes, in one transaction."""
    with context.database.begin() as connection:
        links.keep(connection, ends(context), made, context.clock.now())


def under_way(context: FlowContext) -> Throttled:
    return Throttled(
        "customer-under-way",
        system=context.target,
        what="Another worker is just at this person's customer.",
    )


def _find_or_make(context: FlowContext, drafts: Mapping[SourceId, CustomerDraft]) -> Answers:
    with context.database.begin() as connection:
        made_meanwhile = links.find(connection, ends(context), list(drafts))
    answers: Answers = {key: link.target_id for key, link in made_meanwhile.items()}
    missing = {key: draft for key, draft in drafts.items() if key not in answers}
    if not missing:
        return answers
    with context.calling(context.target):
        found = context.erp.find_customers(list(missing.values()))
    new = {}
    matched = []
    for key, draft in missing.items():
        matches = found.get(draft.reference, ())
        if len(matches) == 1:
            answers[key] = matches[0].target_id
            matched.append(link_to(key, matches[0]))
        elif matches:
            answers[key] = _ambiguous(context, [match.target_id for match in matches])
        else:
            new[key] = draft
    keep(context, matched)
    return answers | _make(context, new)


def _make(context: FlowContext, new: Mapping[SourceId, CustomerDraft]) -> Answers:
    if not new:
        return {}
    # A guest and an account of one e-mail address are one person: the first of them stands for all.
    first = {_person(draft): draft for draft in reversed(list(new.values()))}
    with context.calling(context.target):
        made = context.erp.upsert_customers(list(first.values()))
    answers: Answers = {}
    kept = []
    for key, draft in new.items():
        written = first[_person(draft)]
        result = made[written.reference]
        if isinstance(result, SyncError):
            answers[key] = result
        else:
            answers[key] = result.target_id
            kept.append(link_to(key, result, content_hash(written)))
    keep(context, kept)
    return answers


def _person(draft: CustomerDraft) -> str:
    return draft.customer.email.strip().lower() or draft.reference


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _draft(context: FlowContext, order: Order, key: SourceId) -> CustomerDraft:
    return CustomerDraft(
        reference=reference_of(context, key),
        customer=order.customer,
        billing=order.billing or order.shipping,
        shipping=order.shipping,
        currency=order.currency,
    )


def _nobody(order: Order) -> Rejected:
    return Rejected(
        "no-customer",
        system="erpsync",
        record=f"order {order.number}",
        what="The order names neither a customer nor an e-mail address.",
        next_step="Set guest_customer on the route to the ERP's id of a customer for such sales, then replay.",
    )


def _ambiguous(context: FlowContext, ids: list[TargetId]) -> Rejected:
    return Rejected(
        "ambiguous-customer",
        system=context.target,
        what=f"{len(ids)} customers in {context.erp_title} have this person's e-mail address: ids {', '.join(ids[:5])}.",
        next_step="Merge them, or clear the address on all but one, then replay.",
    )
