"""A poll costs what has changed, however large the catalogue."""

from decimal import Decimal

from sqlalchemy import Engine

from erpsync.engine import polling, run
from erpsync.flows.stock_rules import StockRules
from erpsync.testing.bench import ERP, SHOP, Bench
from tests.flows.wide import WideErp, WideShop, counted, sku_of

SKUS, CHANGED = 100_000, 1_000


def test_a_poll_of_100_000_skus_of_which_1_percent_changed_costs_the_1_000(database: Engine) -> None:
    bench = Bench(database, stock=StockRules(zero_share=Decimal(1), moved_share=Decimal(1)))
    erp = WideErp(bench.clock, SKUS, lambda _: 7)
    shop = WideShop(bench.clock, SKUS, lambda _: 7)
    worker = bench.worker("wide", erp=erp, store=shop)
    polling.poll(worker, SHOP, "catalogue")
    polling.poll(worker, ERP, "stock")
    run.run(worker, bench.job_id("all"))
    assert bench.rows("SELECT count(*) AS n FROM stock_levels")[0]["n"] == SKUS
    assert shop.calls == [], "both sides agree, so that nothing is sent"

    erp.changed = {number * 97: 9 for number in range(CHANGED)}
    erp.rows_told = 0
    bench.clock.advance(300)
    with counted(database) as statements:
        assert polling.poll(worker, ERP, "stock").trouble == ""
        run.run(worker, bench.job_id("all"))

    assert erp.rows_told == CHANGED
    assert shop.calls == [500] * (CHANGED // 500)
    assert shop.set == {sku_of(number): 9 for number in erp.changed}
    pages = CHANGED // 500
    assert len(statements) < 60 + 10 * pages + 15 * len(shop.calls), "statements follow pages and calls, not SKUs"
    print(f"{len(statements)} statements for {CHANGED} of {SKUS} SKUs")  # noqa: T201 - with -s, for who wants to know
