"""Which flow a word in `[[routes]] flows = [...]` means."""

from erpsync.flows.context import FlowContext
from erpsync.flows.orders import OrderFlow
from erpsync.ports.flow import Flow

FLOWS = ("orders",)


def build(name: str, context: FlowContext) -> Flow:
    """The flow of that name. Raises KeyError for a name that is not in FLOWS."""
    return {"orders": OrderFlow}[name](context)
