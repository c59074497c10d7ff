"""The ERP's customer of an order: the one it is linked to, else found, else made."""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled
from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.orders import Order
from erpsync.flows.context import FlowContext
from erpsync.ledger import links, reservations
from erpsync.ledger.links import Ends, LinkKind
from erpsync.ledger.reservations import Room
from erpsync.ports.erp_records import CustomerDraft


@dataclass(frozen=True)
class _Buyer:
    key: SourceId
    draft: CustomerDraft


def ensure(context: FlowContext, orders: Sequence[Order]) -> Mapping[SourceId, TargetId | SyncError]:
    """The ERP's customer id per order, by the order's source id. What concerns one order is returned, not raised."""
    answers: dict[SourceId, TargetId | SyncError] = {}
    buyers: dict[SourceId, _Buyer] = {}
    for order in orders:
        key = _key(order)
        if key is not None:
            buyers[order.source_id] = _Buyer(key, _draft(context, order, key))
        elif context.rules.guest_customer is not None:
            answers[order.source_id] = context.rules.guest_customer
        else:
            answers[order.source_id] = _nobody(order)
    by_key = _resolve(context, {buyer.key: buyer.draft for buyer in buyers.values()})
    return answers | {source_id: by_key[buyer.key] for source_id, buyer in buyers.items()}


def known(context: FlowContext, order: Order) -> TargetId | None:
    """The ERP's customer of an order, linked or found; None where one would have to be made or chosen. Writes nothing."""
    key = _key(order)
    if key is None:
        return context.rules.guest_customer
    with context.database.begin() as connection:
        linked = links.find(connection, Ends(LinkKind.CUSTOMER, context.source, context.target), [key])
    if key in linked:
        return linked[key].target_id
    draft = _draft(context, order, key)
    with context.calling(context.target):
        matches = context.erp.find_customers([draft]).get(draft.reference, ())
    return matches[0].target_id if len(matches) == 1 else None


def _resolve(context: FlowContext, drafts: Mapping[SourceId, CustomerDraft]) -> dict[SourceId, TargetId | SyncError]:
    ends = Ends(LinkKind.CUSTOMER, context.source, context.target)
    with context.database.begin() as connection:
        known = links.find(connection, ends, list(drafts))
    missing = {key: draft for key, draft in drafts.items() if key not in known}
    answers: dict[SourceId, TargetId | SyncError] = {key: link.target_id for key, link in known.items()}
    return answers | _in_turn(context, ends, missing) if missing else answers


def _in_turn(
    context: FlowContext, ends: Ends, missing: Mapping[SourceId, CustomerDraft]
) -> dict[SourceId, TargetId | SyncError]:
    """Finds or makes those that no other worker is at; the orders of the others wait until that one has done.

    A person who may have been made by a request whose reply was lost stays reserved until the ERP has settled it.
    """
    room, holder, now = Room(ends.kind, context.target), secrets.token_hex(8), context.clock.now()
    people = {key: _hashed(_person(draft)) for key, draft in missing.items()}
    until = now + timedelta(seconds=context.reservation_seconds)
    with context.database.begin() as connection:
        ours = reservations.take(connection, room, set(people.values()), holder, until, now)
        made_meanwhile = links.find(connection, ends, list(missing))
    answers: dict[SourceId, TargetId | SyncError] = {
        key: _under_way(context) for key, person in people.items() if person not in ours
    }
    answers |= {key: link.target_id for key, link in made_meanwhile.items()}
    unsure = ours
    try:
        answers |= _find_or_make(context, ends, {key: draft for key, draft in missing.items() if key not in answers})
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


def _find_or_make(
    context: FlowContext, ends: Ends, missing: Mapping[SourceId, CustomerDraft]
) -> dict[SourceId, TargetId | SyncError]:
    if not missing:
        return {}
    answers: dict[SourceId, TargetId | SyncError] = {}
    with context.calling(context.target):
        found = context.erp.find_customers(list(missing.values()))
    new = {}
    for key, draft in missing.items():
        matches = found.get(draft.reference, ())
        if len(matches) == 1:
            answers[key] = matches[0].target_id
            _link(context, ends, key, matches[0].target_id, matches[0].display)
        elif matches:
            answers[key] = _ambiguous(context, [match.target_id for match in matches])
        else:
            new[key] = draft
    return answers | _make(context, ends, new)


def _make(
    context: FlowContext, ends: Ends, new: Mapping[SourceId, CustomerDraft]
) -> dict[SourceId, TargetId | SyncError]:
    if not new:
        return {}
    # A guest and an account of one e-mail address are one person: the first of them stands for all.
    first = {_person(draft): draft for draft in reversed(list(new.values()))}
    with context.calling(context.target):
        made = context.erp.upsert_customers(list(first.values()))
    answers: dict[SourceId, TargetId | SyncError] = {}
    for key, draft in new.items():
        result = made[first[_person(draft)].reference]
        if isinstance(result, SyncError):
            answers[key] = result
        else:
            answers[key] = result.target_id
            _link(context, ends, key, result.target_id, result.display)
    return answers


def _person(draft: CustomerDraft) -> str:
    return draft.customer.email.strip().lower() or draft.reference


def _link(context: FlowContext, ends: Ends, key: SourceId, target_id: TargetId, display: str) -> None:
    with context.database.begin() as connection:
        links.record(connection, ends, key, target_id, display, context.clock.now())


def _key(order: Order) -> SourceId | None:
    """What a buyer is known by: the store's id, else the e-mail address, hashed so that the ledger holds none."""
    if order.customer.source_id is not None:
        return order.customer.source_id
    if order.customer.email:
        return SourceId(f"guest-{_hashed(order.customer.email.strip().lower())}")
    return None


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _draft(context: FlowContext, order: Order, key: SourceId) -> CustomerDraft:
    return CustomerDraft(
        reference=f"{context.source}-customer-{key}",
        customer=order.customer,
        billing=order.billing or order.shipping,
        shipping=order.shipping,
        currency=order.currency,
    )


def _under_way(context: FlowContext) -> Throttled:
    return Throttled(
        "customer-under-way",
        system=context.target,
        what="Another order of this buyer is just having the customer made.",
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
        what=f"{len(ids)} customers in {context.erp_title} have this buyer's e-mail address: ids {', '.join(ids[:5])}.",
        next_step="Merge them, or clear the address on all but one, then replay.",
    )
