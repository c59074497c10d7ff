"""What the tables of the routes say, in the words of the flows; and what routes may not say together."""

from collections.abc import Iterator, Sequence

from erpsync.config import Route, config_file
from erpsync.config_prices import PriceTable
from erpsync.config_stock import StockTable
from erpsync.domain.ids import ConnectionName, Sku, TargetId
from erpsync.flows import customer_sync, fulfilments, stock
from erpsync.flows.context import PRODUCT_FIELDS, CustomerRules, OrderRules, ProductRules
from erpsync.flows.price_rules import PriceRules, Tax
from erpsync.flows.stock_rules import StockRules
from erpsync.ledger.stock import Feed


def order_rules_of(route: Route) -> OrderRules:
    return OrderRules(
        send_test_orders=route.send_test_orders,
        guest_customer=TargetId(route.guest_customer) if route.guest_customer else None,
        send_closed_orders=route.send_closed_orders,
        orders_from=route.orders_from,
        currencies=route.currencies,
        notify_buyers=route.notify_buyers,
        product_gone_sku=Sku(route.product_gone_sku),
        rounding_tolerance=route.rounding_tolerance,
    )


def customer_rules_of(route: Route) -> CustomerRules:
    return CustomerRules(everyone=route.new_customers == "all", currency=_currency(route))


def product_rules_of(route: Route) -> ProductRules:
    fields = PRODUCT_FIELDS if route.product_fields is None else frozenset(route.product_fields)
    return ProductRules(fields, create=route.create_products, create_where=route.create_products_where)


def stock_rules_of(table: StockTable) -> StockRules:
    """Files are looked for beside the configuration's."""
    feeds = tuple(Feed(place, one, share) for place, shares in table.locations.items() for one, share in shares.items())
    files = {
        name: config_file().parent / path for name in ("rules_file", "kits_file") if (path := getattr(table, name))
    }
    return StockRules(feeds=feeds, **table.model_dump(exclude={"locations"}) | files)


def price_rules_of(table: PriceTable) -> PriceRules:
    return PriceRules(lists=table.price_lists, tax=Tax(table.tax), **table.model_dump(exclude={"price_lists", "tax"}))


def contradictions(routes: Sequence[Route]) -> Iterator[str]:
    """What the routes lack, or say differently, of the flows of customers and of stock."""
    yield from _of_stock(routes)
    yield from _of_customers(routes)


def _of_stock(routes: Sequence[Route]) -> Iterator[str]:
    to_store: dict[ConnectionName, Route] = {}
    from_erp: dict[ConnectionName, Route] = {}
    tell_shipments = {route.target for route in routes if fulfilments.FLOW in route.flows}
    for number, route in enumerate(routes, 1):
        if stock.FLOW not in route.flows:
            continue
        where = f"[[routes]] number {number}:"
        feeding = to_store.setdefault(route.source, route).target
        if feeding != route.target:
            yield (
                f"{where} {route.source} gets its stock from {feeding} already, and what {route.target} says would undo"
                " that."
            )
        count, before = route.stock.orders_count, from_erp.setdefault(route.target, route).stock.orders_count
        if count != before:
            # What one store has sold is missing in all of them.
            yield (
                f'{where} orders_count = "{count}", and "{before}" on another route of stock from {route.target}; they must'
                " be the same."
            )
        if count == "shipped" and route.target not in tell_shipments:
            yield (
                f'{where} orders_count = "shipped" needs fulfilments in the flows of a route to {route.target}: else nobody'
                " tells what is shipped, and what was sold would be subtracted for ever."
            )


def _of_customers(routes: Sequence[Route]) -> Iterator[str]:
    first: dict[ConnectionName, Route] = {}
    for number, route in enumerate(routes, 1):
        if customer_sync.FLOW not in route.flows:
            continue
        where = f"[[routes]] number {number}:"
        if not _currency(route):
            yield (
                f'{where} customers needs a line like customer_currency = "EUR": the currency that customers are made with'
                " who have not ordered yet."
            )
        before = first.setdefault(route.source, route)
        if before.new_customers != route.new_customers:
            # The store is asked once for all of its routes.
            yield (
                f'{where} new_customers = "{route.new_customers}", and "{before.new_customers}" on another route of'
                f" customers from {route.source}; they must be the same."
            )


def _currency(route: Route) -> str:
    return route.customer_currency or next(iter(route.currencies), "")
