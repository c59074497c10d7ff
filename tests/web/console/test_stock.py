"""Why a store has what it has, as the console shows it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from erpsync.config import Route, Settings
from erpsync.testing.faults import FaultKind
from tests.flows.stock_world import StockWorld
from tests.quiet import silenced
from tests.web.console.conftest import ERP, SHOP
from tests.web.console.test_pages import words

ROUTE = "/console/stock/erp/shop"


@pytest.fixture
def sold(world: StockWorld) -> StockWorld:
    """Ten of MUG and of CUP are in the ERP and in the shop; then the shop sells three of MUG in order A1, of which the ERP
    does not hear."""
    for sku in ("MUG", "CUP"):
        world.stock(sku, 10, 10)
    with silenced():
        world.poll()
        world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
        world.buy({"MUG": 3})
        world.bench.work()
        world.bench.clock.advance(1)
        world.poll()
    return world


def test_a_sku_is_looked_up_and_the_arithmetic_shown(stock_site: Any, sold: StockWorld) -> None:
    visitor = stock_site.signed_in()
    assert f'action="{ROUTE}/sku"' in visitor.get(ROUTE).text
    page = visitor.get(f"{ROUTE}/sku?sku=+MUG+").text
    shown = words(page)
    assert "front should have 7 east: 10 on hand - 0 reserved = 10" in shown
    assert "less 3 sold that erp's figures do not have yet: 7 comes to 7" in shown
    assert "front 10 10 " in shown, "what the shop had when it was last read"
    assert f"#A1 shop ready MUG 3 0 3 {sold.bench.job('A1')['created_at']:%Y-%m-%d %H:%M:%S} UTC" in shown
    assert f'href="/console/jobs/{sold.bench.job_id("A1")}"' in page


def test_what_waits_for_a_person_is_said(stock_site: Any, held: int) -> None:
    page = stock_site.signed_in().get(f"{ROUTE}/sku?sku=SKU-0").text
    shown = words(page)
    assert "front should have 0" in shown
    assert f"Push {held} would set it, and waits for a person." in shown
    assert f"Push {held} held front 10 0 planned" in shown
    assert f"Push {held - 1} front 0 10 done" in shown


def test_a_route_shows_sales_that_the_erp_has_not_seen(stock_site: Any, sold: StockWorld) -> None:
    page = stock_site.signed_in().get(ROUTE).text
    shown = words(page)
    assert "Sold, not in erp’s figures yet 1" in shown
    assert "MUG #A1 shop ready 3 0" in shown
    assert "Doubted 0" in shown
    assert f'href="/console/jobs/{sold.bench.job_id("A1")}"' in page


def test_a_route_shows_what_is_doubted_for_as_long_as_it_is(stock_site: Any, sold: StockWorld) -> None:
    sold.sell("CUP", 4)
    with silenced():
        sold.poll()
    visitor = stock_site.signed_in()
    assert "Doubted 1" in words(visitor.get(ROUTE).text)
    assert "CUP front 4" in words(visitor.get(ROUTE).text)
    assert "its orders are read before anything is set" in words(visitor.get(f"{ROUTE}/sku?sku=CUP").text)
    sold.bench.clock.advance(60)
    sold.bench.erp.books.touch("stock", "CUP")
    with silenced():
        sold.poll()
    assert "Doubted 0" in words(visitor.get(ROUTE).text)


def test_a_route_shows_what_is_not_synced(stock_site: Any, world: StockWorld) -> None:
    for number in range(60):
        world.stock(f"ERP-{number:02d}", 1, None)
    world.sell("ONLY-SHOP", 1)
    with silenced():
        world.poll()
    visitor = stock_site.signed_in()
    page = visitor.get(ROUTE).text
    shown = words(page)
    assert "Only in the ERP 60" in shown
    assert "These are the first 50; erpsync stock unknown erp shop" in shown
    assert len(re.findall(r"sku\?sku=ERP-", page)) == 50
    assert "Only in the store 1 ONLY-SHOP On several variants 0" in shown
    of_erp, of_shop = (words(visitor.get(f"{ROUTE}/sku?sku={sku}").text) for sku in ("ERP-00", "ONLY-SHOP"))
    assert "It is not synced shop has no variant with this SKU." in of_erp
    assert "What erp holds of ERP-00" in of_erp
    assert "It is not synced erp has told nothing of ONLY-SHOP." in of_shop


def test_the_only_route_is_shown_at_once(stock_site: Any) -> None:
    assert stock_site.signed_in().get("/console/stock").headers["Location"] == ROUTE


def test_of_several_routes_one_is_chosen(open_site: Any, settings: Settings) -> None:
    routes = tuple(Route(source=store, target=ERP, flows=("stock",)) for store in (SHOP, "second"))
    with open_site(replace(settings, routes=routes)) as site:
        page = site.signed_in().get("/console/stock").text
    assert re.findall(r'href="(/console/stock/erp/\w+)"', page) == [ROUTE, "/console/stock/erp/second"]


def test_without_a_route_of_stock_there_is_none_to_look_at(site: Any) -> None:
    visitor = site.signed_in()
    assert "No route of the configuration syncs stock." in words(visitor.get("/console/stock").text)
    for path in (ROUTE, f"{ROUTE}/sku?sku=MUG"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "No route of the configuration takes stock from erp to shop." in words(answer.text)


def test_nothing_looked_up_leads_back_to_the_route(stock_site: Any) -> None:
    assert stock_site.signed_in().get(f"{ROUTE}/sku?sku=%00+").headers["Location"] == ROUTE


def test_a_sku_stays_text(stock_site: Any) -> None:
    page = stock_site.signed_in().get(f"{ROUTE}/sku?sku=%3Cscript%3Ealert(1)%3C/script%3E").text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; in shop" in page
