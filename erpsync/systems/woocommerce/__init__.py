"""WooCommerce: REST API v3 and its webhooks. See README.md."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.limits import CALLS, Allowance, Rate
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Webhooks
from erpsync.systems.woocommerce.settings import WooCommerceSettings


def _open_store(name: ConnectionName, settings: WooCommerceSettings, tools: Tools) -> Store:  # noqa: ARG001
    from erpsync.systems.woocommerce.adapter import WooCommerceStore  # noqa: PLC0415

    return WooCommerceStore(settings, tools)


def _open_webhooks(name: ConnectionName, settings: WooCommerceSettings) -> Webhooks:  # noqa: ARG001
    from erpsync.systems.woocommerce.webhooks import WooCommerceWebhooks  # noqa: PLC0415

    return WooCommerceWebhooks(settings)


def _open_simulator() -> Simulator:
    from erpsync.systems.woocommerce.simulator import create  # noqa: PLC0415

    return create()


def _settle_seconds(settings: WooCommerceSettings) -> float:
    return settings.settle_seconds


def _allowance(settings: WooCommerceSettings) -> Allowance:
    """WooCommerce has no limit of its own; hosts have, and answer 429 with Retry-After. Calls are spread evenly."""
    rates = {CALLS: Rate(settings.requests_per_second, 1.0)}
    return Allowance(rates, settings.concurrent_requests, settings.timeout_seconds)


SPEC = SystemSpec(
    name="woocommerce",
    title="WooCommerce",
    role=Role.STORE,
    settings=WooCommerceSettings,
    capabilities=Capabilities(order_batch=100),
    open_store=_open_store,
    open_webhooks=_open_webhooks,
    open_simulator=_open_simulator,
    settle_seconds=_settle_seconds,
    allowance=_allowance,
)
