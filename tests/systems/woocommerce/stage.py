"""WooCommerce for the contract suite: over plain http by OAuth, and behind a TLS proxy by HTTP basic."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from erpsync.domain.ids import ConnectionName
from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.woocommerce import SPEC
from erpsync.systems.woocommerce.adapter import WooCommerceStore
from erpsync.systems.woocommerce.settings import WooCommerceSettings
from erpsync.systems.woocommerce.simulator import WooCommerceSimulator
from erpsync.testing.store_contract import StoreStage

MAKES_A_SHIPMENT = "PUT orders/{id}"
WRITES_A_PRODUCT = r"(POST|PUT) products\b.*"


@contextmanager
def simulated(tools: Tools, **options: object) -> Iterator[StoreStage]:
    """`options` are the simulator's."""
    simulator = WooCommerceSimulator(**{"clock": tools.clock.now, **options})  # type: ignore[arg-type]
    with serve({"shop": simulator}) as served:
        values = {**served["shop"].settings, "settle_seconds": 1, "requests_per_second": 1000}

        def open_store(**changes: object) -> WooCommerceStore:
            return WooCommerceStore(WooCommerceSettings.model_validate({**values, **changes}), tools)

        def lose_reply() -> Callable[[], int]:
            fault = served["shop"].faulty.add(Fault(FaultKind.LOST_REPLY, MAKES_A_SHIPMENT.replace("{id}", r"\{id\}")))
            return lambda: fault.fired

        def lose_product_reply(skip: int) -> Callable[[], int]:
            fault = served["shop"].faulty.add(Fault(FaultKind.LOST_REPLY, WRITES_A_PRODUCT, skip=skip))

            def fired() -> int:
                served["shop"].faulty.remove(fault)
                return fault.fired

            return fired

        assert SPEC.open_webhooks is not None
        yield StoreStage(
            open=open_store,
            webhooks=SPEC.open_webhooks(ConnectionName("shop"), WooCommerceSettings.model_validate(values)),
            controls=simulator,
            capabilities=SPEC.capabilities,
            lose_reply=lose_reply,
            lose_product_reply=lose_product_reply,
        )


STAGES: dict[str, Callable[[Tools], AbstractContextManager[StoreStage]]] = {
    "woocommerce": simulated,
    "woocommerce/basic": partial(simulated, tls=True, release=(10, 4), folder="/shop"),
}
