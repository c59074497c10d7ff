"""Which orders are in the figures of an ERP that does not count an order before it is shipped.

Such an ERP reserves nothing when it takes an order in: what was sold stays subtracted until all of it is shipped, or the
ERP has closed what was shipped in part, as the polls for fulfilments tell. What was cancelled in the store, or never goes
to the ERP, needs no shipment. In the minutes between a shipment and the poll that tells of it, its units count twice.
"""

from pydantic import ValidationError

from erpsync.domain.errors import Transient
from erpsync.domain.fulfilments import ErpOrderState, OrderProgress
from erpsync.domain.ids import ConnectionName, SourceId
from erpsync.flows import fulfilments
from erpsync.flows.context import FlowContext
from erpsync.ledger import checkpoints, sales, told
from erpsync.ledger.sales import Awaited

_OVER = frozenset({ErpOrderState.SHIPPED, ErpOrderState.INVOICED, ErpOrderState.CLOSED, ErpOrderState.CANCELLED})


def shipped(context: FlowContext, erp: ConnectionName) -> list[Awaited]:
    """Those that are over in the ERP: whatever levels are read from now on count them. Raises Transient where the ERP was
    never asked for shipments, for then nothing would ever be over."""
    with context.database.begin() as connection:
        if checkpoints.get(connection, erp, f"{fulfilments.FLOW} changed") is None:
            raise Transient(
                "shipments-unknown",
                system=erp,
                what='[routes.stock] says orders_count = "shipped", and the ERP was not asked for shipments yet.',
                next_step="Add fulfilments to the flows of a route to it, or take orders_count away.",
            )
        awaited = sales.awaited(connection, erp)
        latest = told.last(connection, erp, f"{fulfilments.FLOW} poll", [SourceId(one.order_id) for one in awaited])
        over = [
            one for one in awaited if SourceId(one.order_id) in latest and _is_over(latest[SourceId(one.order_id)].body)
        ]
        sales.counted_from(connection, erp, over, context.clock.now())
    return over


def _is_over(body: bytes) -> bool:
    try:
        return OrderProgress.model_validate_json(body).state in _OVER
    except ValidationError:
        return False
