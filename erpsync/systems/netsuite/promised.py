"""What is promised to sales orders that wait for approval.

NetSuite commits nothing to them, and what was sold would count as free again once NetSuite has the order. It is the status
that NetSuite gives a new order where the account's preferences do not say otherwise
(https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_159795516182.html).
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from decimal import Decimal

from erpsync.systems.netsuite.client import SuiteTalk
from erpsync.systems.netsuite.queries import any_of, one_of, search
from erpsync.systems.netsuite.wire import id_of


def awaiting_approval(client: SuiteTalk, item_ids: Collection[str]) -> Mapping[tuple[str, str], Decimal]:
    """Quantities by item and location, of orders that came from a store or another integration, which all have external
    ids: when people commit to their own is left to them."""
    promised: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    if not item_ids:
        return promised
    criteria = {
        "item": any_of(list(item_ids)),
        "status": one_of(["_salesOrderPendingApproval"]),
        "type": one_of(["_salesOrder"]),
    }
    found = search(client, "Transaction", criteria, body_only=False)
    # An order comes once for each of its lines with one of the items.
    for order in {one["internalId"]: one for one in found if one["externalId"]}.values():
        held = order["itemList"]
        for line in (held and held["item"]) or []:
            item, location = id_of(line["item"]), id_of(line.get("location")) or id_of(order.get("location"))
            if item in item_ids and line["quantity"] and not line["isClosed"]:
                promised[item, location] += line["quantity"]
    return promised
