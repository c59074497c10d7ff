"""How a backfill reads the past of each flow."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from erpsync.domain.ids import SourceId
from erpsync.flows import table
from erpsync.flows.context import FlowContext
from erpsync.ledger import links
from erpsync.ledger.links import Ends, LinkKind
from erpsync.ports.backfill import Past
from erpsync.ports.pages import Page, Since
from erpsync.ports.webhooks import Change

# Stores tell orders by when they were placed, so that each stretch of time can be read by itself.
_CUT = "orders"
# Enough to be read in parallel, and few enough to look through; none shorter than it takes to ask.
FEWEST_WINDOWS, MOST_WINDOWS = 8, 120
SHORTEST_WINDOW = timedelta(hours=1)
_LINKS = {"orders": LinkKind.ORDER, "customers": LinkKind.CUSTOMER, "products": LinkKind.PRODUCT}


def windows(past: Past) -> list[tuple[datetime | None, datetime]]:
    """The stretches of time that are read each by itself: of a day where that is a reasonable number; one, of all, for a
    flow whose records are not told by time."""
    if past.flow != _CUT or past.begin is None:
        return [(past.begin, past.end)]
    length = past.end - past.begin
    days = max(FEWEST_WINDOWS, min(-(-length // timedelta(days=1)), MOST_WINDOWS))
    number = max(1, min(days, length // SHORTEST_WINDOW))
    # To the second, as stores count.
    cuts = [past.begin + timedelta(seconds=length // timedelta(seconds=1) * n // number) for n in range(number)]
    return list(zip(cuts, [*cuts[1:], past.end], strict=True))


def page(context: FlowContext, past: Past, cursor: str | None) -> Page[Change]:
    """The next page of a past. What changed after its end is left out, as far as a record tells when it changed."""
    if past.flow == _CUT and past.begin is not None:
        with context.calling(past.source):
            return context.store.orders_between(past.begin, past.end, cursor)
    asked_at = context.clock.now()
    found = table.KINDS[past.flow].changes(context, Since(None, cursor, past.begin))
    # A record that does not tell is as new as the answer.
    kept = tuple(change for change in found.records if change.version < past.end or change.version >= asked_at)
    return replace(found, records=kept)


def known(context: FlowContext, past: Past, changes: Sequence[Change]) -> set[SourceId]:
    """Those of the records that the other end has already: by the ledger, and orders by what the ERP itself answers."""
    ids = [change.source_id for change in changes]
    kind = _LINKS.get(past.flow)
    if kind is None or not ids:
        return set()
    target = context.target if past.source == context.source else context.source
    with context.database.begin() as connection:
        found = set(links.find(connection, Ends(kind, past.source, target), ids))
    return found if kind is not LinkKind.ORDER else found | _in_erp(context, [one for one in ids if one not in found])


def _in_erp(context: FlowContext, ids: Sequence[SourceId]) -> set[SourceId]:
    found: set[SourceId] = set()
    size = context.capabilities.order_batch
    for some in (ids[start : start + size] for start in range(0, len(ids), size)):
        references = {f"{context.source}-{source_id}": source_id for source_id in some}
        with context.calling(context.target):
            answers = context.erp.find_orders(list(references))
        found |= {references[reference] for reference, matches in answers.items() if matches}
    return found
