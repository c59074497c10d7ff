import os
from sqlalchemy import text
from erpsync.ledger import stock
from hypothesis import Phase, settings, HealthCheck, given, strategies as st
from tests.flows import test_stock_model as m

if os.environ.get("MUT") == "unseen":
    stock._DESIRED = text(stock._DESIRED.text.replace("COALESCE(n.units, 0) AS unseen", "0 AS unseen"))
if os.environ.get("MUT") == "doubt":
    from erpsync.flows import stock_sending

    src = stock_sending.Sender._decide_again
    import erpsync.flows.stock_sending as ss, inspect, textwrap

    code = textwrap.dedent(inspect.getsource(src)).replace("missing > 0", "False")
    ns = ss.__dict__.copy()
    exec(code, ns)
    ss.Sender._decide_again = ns["_decide_again"]
inner = m.test_the_store_is_never_told_of_more_than_is_left_and_in_the_end_of_exactly_that.hypothesis.inner_test
test_many = settings(
    max_examples=int(os.environ.get("N", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=False,
    database=None,
    phases=[Phase.generate],
)(given(steps=st.lists(m._steps, min_size=5, max_size=60))(inner))
