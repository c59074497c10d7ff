"""Which flow a word in `[[routes]] flows = [...]` means, and which way it goes."""

from collections.abc import Callable
from dataclasses import dataclass

from erpsync.flows import fulfilments
from erpsync.flows.context import FlowContext
from erpsync.flows.fulfilments import FulfilmentFlow
from erpsync.flows.orders import OrderFlow
from erpsync.ports.flow import Flow
from erpsync.ports.pages import Page, Since
from erpsync.ports.spec import Ability, StoreAbility
from erpsync.ports.webhooks import Change


@dataclass(frozen=True)
class Kind:
    """A flow. `backwards`: from the route's target to its source. `changes` is what a poll reads. What it needs of either
    end is checked when the configuration is loaded."""

    build: Callable[[FlowContext], Flow]
    changes: Callable[[FlowContext, Since], Page[Change]]
    backwards: bool = False
    needs_of_erp: tuple[Ability, ...] = ()
    needs_of_store: tuple[StoreAbility, ...] = ()


def _orders_changed(context: FlowContext, since: Since) -> Page[Change]:
    with context.calling(context.source):
        return context.store.orders_changed(since)


KINDS = {
    "orders": Kind(OrderFlow, _orders_changed),
    fulfilments.FLOW: Kind(
        FulfilmentFlow,
        fulfilments.changes,
        backwards=True,
        needs_of_erp=(Ability.PROGRESS,),
        needs_of_store=(StoreAbility.FULFIL,),
    ),
}
FLOWS = tuple(KINDS)


def build(name: str, context: FlowContext) -> Flow:
    """The flow of that name. Raises KeyError for a name that is not in FLOWS."""
    return KINDS[name].build(context)
