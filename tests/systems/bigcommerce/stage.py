"""BigCommerce for the contract suite: stores whose prices are entered without and with tax."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.bigcommerce import SPEC
from erpsync.systems.bigcommerce.adapter import BigCommerceStore
from erpsync.systems.bigcommerce.settings import BigCommerceSettings
from erpsync.systems.bigcommerce.simulator import BigCommerceSimulator
from erpsync.systems.bigcommerce.webhooks import BigCommerceWebhooks
from erpsync.testing.store_stage import StoreStage


@contextmanager
def simulated(inclusive: bool, tools: Tools) -> Iterator[StoreStage]:
    simulator = BigCommerceSimulator(now=tools.clock.now, prices_include_tax=inclusive)
    with serve({"shop": simulator}) as served:
        settings = {**served["shop"].settings, "settle_seconds": "1"}

        def open_store(**changes: object) -> BigCommerceStore:
            return BigCommerceStore(BigCommerceSettings.model_validate({**settings, **changes}), tools)

        def lose_reply() -> Callable[[], int]:
            fault = served["shop"].faulty.add(Fault(FaultKind.LOST_REPLY, r"POST /v2/orders/\{id\}/shipments"))
            return lambda: fault.fired

        def lose_product_reply(skip: int) -> Callable[[], int]:
            writes = r"(POST|PUT|DELETE) /v3/catalog/(products|variants).*"
            fault = served["shop"].faulty.add(Fault(FaultKind.LOST_REPLY, writes, skip=skip))
            return lambda: fault.fired

        yield StoreStage(
            open=open_store,
            webhooks=BigCommerceWebhooks(BigCommerceSettings.model_validate(settings)),
            controls=simulator,
            capabilities=SPEC.capabilities,
            lose_reply=lose_reply,
            lose_product_reply=lose_product_reply,
        )


STAGES: dict[str, Callable[[Tools], AbstractContextManager[StoreStage]]] = {
    "bigcommerce": partial(simulated, False),
    "bigcommerce/tax-inclusive": partial(simulated, True),
}
