import time, collections
from tests.flows.price_world import PriceWorld
from erpsync.engine import polling
from erpsync.testing.bench import ERP, SHOP
from sqlalchemy import event
def test_scale(database):
    w = PriceWorld(database)
    N=20000
    for n in range(N): w.price(f"SKU-{n:06d}", "11", "10")
    def poll(src, flow):
        while polling.poll(w.bench.runtime, src, flow).more: pass
    poll(SHOP,"catalogue"); poll(ERP,"prices")
    spent=collections.Counter(); n=collections.Counter()
    def before(c,cur,st,pa,ctx,many): ctx._t=time.time()
    def after(c,cur,st,pa,ctx,many): spent[st[:110]]+=time.time()-ctx._t; n[st[:110]]+=1
    event.listen(database,"before_cursor_execute",before); event.listen(database,"after_cursor_execute",after)
    t=time.time(); w.bench.work(); print("work", time.time()-t)
    for k,v in spent.most_common(8): print(round(v,2), n[k], " ".join(k.split()))
