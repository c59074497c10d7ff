"""What an order would become in the ERP, shown and not sent."""

from dataclasses import dataclass

from erpsync.domain.errors import Problem, SyncError
from erpsync.domain.ids import SourceId, TargetId
from erpsync.domain.orders import Balance, Order, balance, rounded
from erpsync.flows import customers
from erpsync.flows.context import FlowContext
from erpsync.ports.erp_records import OrderDraft

# What stands for the customer's id where the ERP has none yet. Every ERP's ids are text, and some of them numbers.
NO_CUSTOMER = TargetId("0")


@dataclass(frozen=True)
class Preview:
    """An order on its way through the mapping. `payload` is what the ERP would get, None where `problem` says why nothing;
    `notes` are what a person should know besides."""

    order: Order
    payload: object | None
    problem: Problem | None
    notes: tuple[str, ...]


def preview(context: FlowContext, source_id: SourceId, body: bytes | None) -> Preview:
    """Maps one order of the store, as its delivery's `body` has it, else as the store has it now; writes nothing anywhere.

    Raises the SyncError that reading the order ended with, and Transient where a system does not answer.
    """
    order = _read(context, source_id, body)
    notes = [str(balance(order)) + "."]
    result = rounded(order, context.rules.rounding_tolerance)
    if isinstance(result, Balance):
        notes.append(f"The parts differ from the total by {result.residual}: it would be a dead letter.")
    else:
        order = result.order
        notes += [f"{result.cause}."] if result.cause else []
    customer = customers.known(context, order)
    if customer is None:
        notes.append(
            f"{context.erp_title} has no customer for it yet: one is made first. Its id stands as {NO_CUSTOMER}."
        )
    draft = OrderDraft(f"{context.source}-{source_id}", order, customer or NO_CUSTOMER)
    try:
        with context.calling(context.target):
            payload = context.erp.preview_order(draft)
    except SyncError as error:
        return Preview(order, None, error.problem, tuple(notes))
    return Preview(order, payload, None, tuple(notes))


def _read(context: FlowContext, source_id: SourceId, body: bytes | None) -> Order:
    if body is not None:
        return context.store.order_from_event(body)
    with context.calling(context.source):
        answer = context.store.read_orders([source_id])[source_id]
    if isinstance(answer, SyncError):
        raise answer
    return answer
