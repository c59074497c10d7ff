import time
from decimal import Decimal
from erpsync.engine import polling, run
from erpsync.flows.stock_rules import StockRules
from erpsync.testing.bench import ERP, SHOP, Bench
from tests.flows.wide import WideErp, WideShop, counted, sku_of
from sqlalchemy import event
def test_it(database):
    N=30000
    bench = Bench(database, stock=StockRules(zero_share=Decimal(1), moved_share=Decimal(1)))
    erp = WideErp(bench.clock, N, lambda _: 7)
    shop = WideShop(bench.clock, N, lambda _: 7)
    worker = bench.worker("wide", erp=erp, store=shop)
    t={}
    @event.listens_for(database,"before_cursor_execute")
    def b(conn,cur,st,p,ctx,many): ctx._t=time.time()
    @event.listens_for(database,"after_cursor_execute")
    def a(conn,cur,st,p,ctx,many):
        k=st.strip()[:60].replace("\n"," "); x=t.setdefault(k,[0,0,0]); d=time.time()-ctx._t; x[0]+=1; x[1]+=d; x[2]=max(x[2],d)
    t0=time.time(); polling.poll(worker, SHOP, "catalogue"); print("catalogue",time.time()-t0)
    t0=time.time(); polling.poll(worker, ERP, "stock"); print("stock",time.time()-t0)
    t0=time.time()
    try: worker.flow("stock",ERP,SHOP)._run(bench.job_id("all"))
    finally:
        print("run",time.time()-t0)
        for k,v in sorted(t.items(),key=lambda x:-x[1][1])[:8]: print(v,k)
