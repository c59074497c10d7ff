"""What routes say of customers and of stock, alone and together."""

from collections.abc import Mapping
from typing import Any

import pytest

from erpsync.config import Route
from erpsync.flows.context import CustomerRules
from erpsync.route_rules import contradictions, customer_rules_of


def route(**more: Any) -> Route:
    return Route.model_validate({"source": "shop", "target": "erp", "flows": ["customers"], **more})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({"customer_currency": "EUR"}, CustomerRules(everyone=False, currency="EUR")),
        ({"currencies": ["GBP", "EUR"]}, CustomerRules(everyone=False, currency="GBP")),
        ({"currencies": ["GBP"], "customer_currency": "EUR", "new_customers": "all"}, CustomerRules(True, "EUR")),
    ],
    ids=str,
)
def test_a_route_says_which_accounts_are_sent_and_in_what_currency(
    said: Mapping[str, Any], meant: CustomerRules
) -> None:
    assert customer_rules_of(route(**said)) == meant
    assert list(contradictions([route(**said)])) == []


def test_accounts_have_no_currency_of_their_own() -> None:
    [problem] = contradictions([route(flows=["orders"]), route()])
    assert problem.startswith('[[routes]] number 2: customers needs a line like customer_currency = "EUR"')


def test_a_store_that_is_asked_once_for_two_erps_sends_both_the_same_accounts() -> None:
    routes = [
        route(currencies=["EUR"]),
        route(currencies=["EUR"], target="crm", new_customers="all"),
        route(currencies=["EUR"], source="another-shop", new_customers="all"),
    ]
    [problem] = contradictions(routes)
    assert problem.startswith('[[routes]] number 2: new_customers = "all", and "buyers" on another route')


def test_what_was_sold_is_subtracted_equally_long_for_all_stores_of_an_erp() -> None:
    shipped = {"stock": {"orders_count": "shipped"}}
    routes = [
        route(flows=["stock", "fulfilments"]),
        route(flows=["stock"], source="another-shop", **shipped),
        route(flows=["stock", "fulfilments"], source="third-shop", target="another-erp", **shipped),
    ]
    [problem] = contradictions(routes)
    assert problem.startswith(
        '[[routes]] number 2: orders_count = "shipped", and "created" on another route of stock from erp'
    )


def test_what_counts_when_it_is_shipped_needs_somebody_who_tells_of_shipments() -> None:
    shipped = route(flows=["stock"], stock={"orders_count": "shipped"})
    [problem] = contradictions([shipped])
    assert problem.startswith(
        '[[routes]] number 1: orders_count = "shipped" needs fulfilments in the flows of a route to erp'
    )
    assert list(contradictions([shipped, route(flows=["fulfilments"], source="another-shop")])) == []
