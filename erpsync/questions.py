"""What people ask of the configured connections: what would become of an order, which products belong together, why the
store has so many of a SKU, and what a backfill would read."""

from collections.abc import Iterator
from datetime import datetime

from erpsync.bootstrap import Assembly, way_of
from erpsync.config import Route
from erpsync.domain.errors import Rejected
from erpsync.domain.ids import ConnectionName, Sku, SourceId
from erpsync.engine.operations import NotPossible
from erpsync.flows import product_matches, stock
from erpsync.flows.preview import Preview, preview
from erpsync.flows.stock_explained import Explanation, explained
from erpsync.ports.backfill import Past
from erpsync.ports.spec import Role, StoreAbility
from erpsync.route_rules import stock_rules_of


def preview_order(
    assembly: Assembly, source: ConnectionName, target: ConnectionName, source_id: SourceId, body: bytes | None
) -> Preview:
    """What the order would become in the ERP; see `flows.preview`. Raises Rejected where no route goes there."""
    return preview(assembly.context(assembly.route("orders", source, target)), source_id, body)


def match_products(assembly: Assembly, route: Route) -> Iterator[product_matches.Row]:
    """Which products of the route's store those of its ERP are; see `flows.product_matches`."""
    return product_matches.matches(assembly.context(route))


def stock_routes(assembly: Assembly) -> list[Route]:
    """The routes that take stock from their ERP to their store."""
    return [route for route in assembly.settings.routes if stock.FLOW in route.flows]


def explain_stock(assembly: Assembly, erp: ConnectionName, store: ConnectionName, sku: Sku) -> Explanation:
    """Why the store has the quantity that it has; see `flows.stock_explained`. For any thread. Raises NotPossible where no
    route goes there."""
    found = [route for route in stock_routes(assembly) if (route.target, route.source) == (erp, store)]
    if not found:
        raise NotPossible(f"No route of the configuration takes stock from {erp} to {store}.")
    with assembly.database.connect() as connection:
        return explained(connection, stock_rules_of(found[0].stock), erp, store, sku, assembly.clock.now())


def pasts(assembly: Assembly, flow: str, connection: str, begin: datetime | None, end: datetime) -> list[Past]:
    """What a backfill of the flow has to read: from every source that a route takes it from, or what has to do with that
    one connection; nothing where no route takes it. Raises Rejected for a source whose past cannot be read."""
    ways = [way_of(flow, route) for route in assembly.settings.routes if flow in route.flows]
    found: dict[ConnectionName, Past] = {}
    for source, target in ways:
        if connection not in ("", source, target):
            continue
        if not assembly.rereads(source) and assembly.bound[source].spec.role is Role.STORE:
            raise Rejected(
                "past-unreadable",
                system=source,
                what=assembly.bound[source].capabilities.missing[StoreAbility.READ_ORDERS],
                next_step="Have the shop tell again what is missing.",
            )
        found[source] = Past(flow, source, target if connection == target else None, begin, end)
    return list(found.values())
