"""Shopify: Admin GraphQL API 2026-10 and its webhooks. See README.md."""

from erpsync.domain.ids import ConnectionName
from erpsync.ports.limits import Allowance, Rate
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Capabilities, Role, SystemSpec
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Webhooks
from erpsync.systems.shopify.settings import POINTS, ShopifySettings


def _open_store(name: ConnectionName, settings: ShopifySettings, tools: Tools) -> Store:  # noqa: ARG001
    from erpsync.systems.shopify.adapter import ShopifyStore  # noqa: PLC0415

    return ShopifyStore(settings, tools)


def _open_webhooks(name: ConnectionName, settings: ShopifySettings) -> Webhooks:  # noqa: ARG001
    from erpsync.systems.shopify.webhooks import ShopifyWebhooks  # noqa: PLC0415

    return ShopifyWebhooks(settings)


def _open_simulator() -> Simulator:
    from erpsync.systems.shopify.simulator import create  # noqa: PLC0415

    return create()


def _allowance(_settings: ShopifySettings) -> Allowance:
    """The least of all plans, by app and store, until the first answer tells: 100 points a second
    (https://shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits) and a bucket of twenty times that, as answers show.
    Shopify does not count requests at once."""
    return Allowance({POINTS: Rate(100.0, 2000.0)})


SPEC = SystemSpec(
    name="shopify",
    title="Shopify",
    role=Role.STORE,
    settings=ShopifySettings,
    capabilities=Capabilities(order_batch=25, compares_stock=True),
    settle_seconds=lambda settings: settings.settle_seconds,
    allowance=_allowance,
    open_store=_open_store,
    open_webhooks=_open_webhooks,
    open_simulator=_open_simulator,
)
