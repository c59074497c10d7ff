"""Any other shop: by a documented contract over HTTP, by webhooks alone, or by the tables of its own database."""

from typing import Any

from erpsync.domain.ids import ConnectionName
from erpsync.ports.limits import Allowance
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Role, SystemSpec
from erpsync.ports.store import Store
from erpsync.ports.webhooks import Webhooks
from erpsync.systems.custom.capabilities import capabilities_of
from erpsync.systems.custom.contract import openapi
from erpsync.systems.custom.settings import CustomSettings
from erpsync.systems.custom.wire import ABILITIES


def _open_store(name: ConnectionName, settings: CustomSettings, tools: Tools) -> Store:  # noqa: ARG001
    if settings.way == "push":
        from erpsync.systems.custom.push import PushStore  # noqa: PLC0415

        return PushStore(settings)
    if settings.way == "http":
        from erpsync.systems.custom.adapter import HttpStore  # noqa: PLC0415

        return HttpStore(settings, tools)
    from erpsync.systems.custom.database import DatabaseStore  # noqa: PLC0415

    return DatabaseStore(settings, tools)


def _open_webhooks(name: ConnectionName, settings: CustomSettings) -> Webhooks:  # noqa: ARG001
    from erpsync.systems.custom.webhooks import CustomWebhooks  # noqa: PLC0415

    return CustomWebhooks(settings)


def _open_simulator() -> Simulator:
    from erpsync.systems.custom.simulator import CustomShop  # noqa: PLC0415

    return CustomShop()


# The least that each way needs, for the documentation.
_WAYS: dict[str, dict[str, Any]] = {
    "by its own interface": {"url": "https://shop.example.com/erpsync", "abilities": ABILITIES},
    "by webhooks alone": {},
    "by its database": {
        "database": "postgresql://shop",
        "orders": "table=t, id=id, number=no, created_at=made, updated_at=changed, total=total, hold=hold",
        "customers": "table=t, id=id, updated_at=changed, email=email",
        "stock": "table=t, sku=sku, quantity=quantity",
        "prices": "table=t, sku=sku, price=price",
        "fulfilments": "table=t, reference=reference, order_id=order_id, number=number",
    },
}
SPEC = SystemSpec(
    name="custom",
    title="Custom shop",
    role=Role.STORE,
    settings=CustomSettings,
    capabilities=capabilities_of(CustomSettings.model_construct(None)),
    open_store=_open_store,
    open_webhooks=_open_webhooks,
    open_simulator=_open_simulator,
    capabilities_of=capabilities_of,
    variants=_WAYS,
    openapi=openapi,
    # What a shop takes it tells itself, on its answers.
    allowance=lambda settings: Allowance(longest_seconds=settings.timeout_seconds),
)
