"""Shopify for the contract suite: the simulator, by both API versions that are supported."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from erpsync.ports.runtime import Tools
from erpsync.sandbox.faults import Fault, FaultKind
from erpsync.sandbox.runner import serve
from erpsync.systems.shopify import SPEC, documents_products
from erpsync.systems.shopify.adapter import ShopifyStore
from erpsync.systems.shopify.settings import ShopifySettings
from erpsync.systems.shopify.simulator import ShopifySimulator
from erpsync.systems.shopify.simulator_controls import ShopifyControls
from erpsync.systems.shopify.webhooks import ShopifyWebhooks
from erpsync.testing.store_stage import StoreStage

# All that is sent while products are put into the store, besides reads.
PRODUCT_WRITES = "|".join((*documents_products.WRITES, "WriteBack"))


@contextmanager
def simulated(api_version: str, tools: Tools) -> Iterator[StoreStage]:
    simulator = ShopifySimulator(clock=tools.clock.now, subscriptions=[])
    with serve({"shopify": simulator}) as served:
        given = {**served["shopify"].settings, "api_version": api_version, "settle_seconds": 1.0}
        faulty = served["shopify"].faulty

        def open_store(**changes: object) -> ShopifyStore:
            return ShopifyStore(ShopifySettings.model_validate({**given, **changes}), tools)

        def lose_reply() -> Callable[[], int]:
            fault = faulty.add(Fault(FaultKind.LOST_REPLY, operation="Fulfil"))
            return lambda: fault.fired

        def lose_product_reply(skip: int) -> Callable[[], int]:
            fault = faulty.add(Fault(FaultKind.LOST_REPLY, operation=PRODUCT_WRITES, skip=skip))

            def fired() -> int:
                faulty.remove(fault)
                return fault.fired

            return fired

        yield StoreStage(
            open=open_store,
            webhooks=ShopifyWebhooks(ShopifySettings.model_validate(given)),
            controls=ShopifyControls(simulator),
            capabilities=SPEC.capabilities,
            lose_reply=lose_reply,
            lose_product_reply=lose_product_reply,
        )


STAGES: dict[str, Callable[[Tools], AbstractContextManager[StoreStage]]] = {
    f"shopify/{version}": partial(simulated, version) for version in ("2026-10", "2026-07")
}
