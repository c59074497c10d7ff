import re, subprocess
from pathlib import Path
from erpsync.testing.faults import FaultKind
from tests.quiet import silenced
from tests.flows.price_world import PriceWorld
from erpsync.testing.clock import TestClock


def test_look(world, stock_site, held, seeds, database, now):
    out = Path("/tmp/console5/look")
    out.mkdir(exist_ok=True)
    with silenced():
        world.stock("ONLY-ERP", 3, None)
        world.sell("ONLY-SHOP-WITH-A-VERY-LONG-SKU-THAT-GOES-ON-AND-ON", 3)
        down = world.bench.erp.faults.add(FaultKind.UNAVAILABLE, "find_orders", times=None)
        world.buy({"SKU-3": 3, "SKU-1": 1})
        world.bench.work()
        world.bench.clock.advance(300)
        world.poll()
        world.sell("SKU-3", 2)
        world.bench.clock.advance(1)
        world.poll()
    print(world.bench.rows("SELECT * FROM store_levels"))
    seeds.dead_job("#1001")
    visitor = stock_site.signed_in()
    css = Path("erpsync/web/console/static/style.css").absolute()
    [letter] = [
        row[0] for row in stock_site.rows("SELECT id FROM dead_letters WHERE code='stock-held' AND closed_at IS NULL")
    ]
    done = held - 1
    pages = {
        "overview": "/console",
        "pushes": "/console/pushes",
        "held": f"/console/pushes/{held}",
        "apply": f"/console/pushes/{held}/confirm-apply",
        "done": f"/console/pushes/{done}",
        "undo": f"/console/pushes/{done}/confirm-undo",
        "stock": "/console/stock/erp/shop",
        "sku": "/console/stock/erp/shop/sku?sku=SKU-3",
        "sku1": "/console/stock/erp/shop/sku?sku=SKU-1",
        "unsynced": "/console/stock/erp/shop/sku?sku=ONLY-ERP",
        "letter": f"/console/dead-letters/{letter}",
        "letters": "/console/dead-letters",
    }
    for name, path in pages.items():
        answer = visitor.get(path)
        assert answer.status_code == 200, (name, answer.status_code, answer.headers, answer.text)
        html = re.sub(r'href="/console/style.css[^"]*"', f'href="{css}"', answer.text)
        (out / f"{name}.html").write_text(html)
