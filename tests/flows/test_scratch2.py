from tests.flows import test_stock_model as m
from tests.flows.stock_world import StockWorld
from erpsync.testing.databases import empty
import os, ast

STEPS = ast.literal_eval(os.environ["STEPS"])


def show(t):
    b = t.world.bench
    for q in (
        "SELECT * FROM store_levels",
        "SELECT sku,on_hand,reserved,as_of,changed_at FROM stock_levels",
        "SELECT source_id,sku,quantity,known_quantity,known_at,settled FROM sales",
        "SELECT * FROM dirty",
        "SELECT * FROM push_changes",
        "SELECT id,flow,state,source_id,problem_code,due_at FROM jobs",
    ):
        print(q)
        [
            print("   ", {k: (str(v) if not isinstance(v, (int, str, type(None))) else v) for k, v in r.items()})
            for r in b.rows(q)
        ]


def test_it(kept_database):
    empty(kept_database)
    t = m.Truth(StockWorld(kept_database))
    for sku in m.SKUS:
        t.world.stock(sku, 10)
        t.received[sku] = 10
    t.world.poll()
    try:
        for s in STEPS:
            print("STEP", s, t.world.bench.clock.now())
            m._take(t, s)
            t.check()
        b = t.world.bench
        b.store.faults.clear()
        b.erp.faults.clear()
        for i in range(8):
            print("REST", i, b.clock.now())
            b.sweep()
            b.work()
            b.clock.advance(330)
            t.world.poll()
            t.check()
        assert {s: t.world.in_shop(s) for s in m.SKUS} == {s: t.left(s) for s in m.SKUS}
    except AssertionError:
        show(t)
        raise
