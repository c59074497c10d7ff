"""A worker that loads a wide catalogue: the shop's variants and the ERP's levels into the ledger, and on to the shop.

    PYTHONPATH=tests/flows python tests/scenarios/wide_worker.py DATABASE_URL SHOP_SETTINGS SIZE SECONDS_LATER

It may be killed and started again at any time; `SECONDS_LATER` moves its clock, past the lease of the one before.
"""

import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from wide import UNITS, WideErp

from erpsync.domain.ids import ConnectionName, JobId
from erpsync.engine import polling, run
from erpsync.engine.runtime import Runtime
from erpsync.flows.stock_rules import StockRules
from erpsync.ledger import session
from erpsync.ports.runtime import Tools
from erpsync.ports.spec import Capabilities
from erpsync.ports.stock_cache import NoCache
from erpsync.systems.custom.adapter import HttpStore
from erpsync.systems.custom.settings import CustomSettings
from erpsync.testing.bench import ERP, SHOP, Bench
from erpsync.testing.clock import TestClock

# A shop that is not polled for orders is believed for a quarter of an hour.
LEFT_ALONE = 1_000


def main(database_url: str, shop: Mapping[str, str], size: int, seconds_later: float) -> None:
    clock = TestClock(ticks=True)
    clock.advance(seconds_later)
    tools = Tools(clock=clock, nonce=lambda: "n", cache_directory=Path("."))
    settings = CustomSettings.model_validate(shop)
    bench = Bench(
        session.open_engine(database_url),
        clock=clock,
        stock=StockRules(zero_share=Decimal(1), moved_share=Decimal(1)),
        store_capabilities=Capabilities(compares_stock=True),
    )
    bench.stock_cache = NoCache()  # a fake one would keep all of it
    worker = bench.worker(
        f"wide-{seconds_later}", erp=WideErp(clock, size, lambda _: UNITS), store=HttpStore(settings, tools)
    )
    _read(worker, SHOP, "catalogue")
    _read(worker, ERP, "stock")
    _follow(bench, worker, clock)
    while bench.rows("SELECT sku FROM dirty LIMIT 1"):
        # A worker that was killed had sent these, and the shop has something else: it is left alone for a while.
        clock.advance(LEFT_ALONE)
        _read(worker, ERP, "stock")
        _follow(bench, worker, clock)


def _follow(bench: Bench, worker: Runtime, clock: TestClock) -> None:
    while (job := bench.job("all"))["state"] != "done":
        if run.run(worker, JobId(job["id"])).ran == 0:
            # The worker before had it, and died: the sweep sees to it.
            bench.sweep()
            clock.advance(60)


def _read(worker: Runtime, source: ConnectionName, flow: str) -> None:
    while True:
        polled = polling.poll(worker, source, flow)
        assert not polled.trouble, polled.trouble
        if not polled.more:
            return


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
