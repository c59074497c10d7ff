"""BigCommerce: REST Management API (orders v2; everything else v3) and its webhooks. See README.md."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Webhooks
from erpsync.systems.bigcommerce.settings import BigCommerceSettings


def _open_store(name: ConnectionName, settings: BigCommerceSettings, tools: Tools) -> Store:  # noqa: ARG001
    from erpsync.systems.bigcommerce.adapter import BigCommerceStore  # noqa: PLC0415

    return BigCommerceStore(settings, tools)


def _open_webhooks(name: ConnectionName, settings: BigCommerceSettings) -> Webhooks:  # noqa: ARG001
    from erpsync.systems.bigcommerce.webhooks import BigCommerceWebhooks  # noqa: PLC0415

    return BigCommerceWebhooks(settings)


def _open_simulator() -> Simulator:
    from erpsync.systems.bigcommerce.simulator import BigCommerceSimulator  # noqa: PLC0415

    return BigCommerceSimulator()


def _allowance(settings: BigCommerceSettings) -> Allowance:
    """Every answer tells what the store's plan leaves, and nothing where the plan has no limit:
    https://docs.bigcommerce.com/developer/docs/overview/api-fundamentals/rate-limits"""
    return Allowance(longest_seconds=settings.timeout_seconds)


SPEC = SystemSpec(
    name="bigcommerce",
    title="BigCommerce",
    role=Role.STORE,
    settings=BigCommerceSettings,
    capabilities=Capabilities(order_batch=25),
    open_store=_open_store,
    open_webhooks=_open_webhooks,
    open_simulator=_open_simulator,
    settle_seconds=lambda settings: float(settings.settle_seconds),
    allowance=_allowance,
)
