"""Microsoft Dynamics 365 Business Central as the ERP, over its standard API v2.0."""

from dataclasses import replace

from erpsync.domain.ids import ConnectionName
from erpsync.ports.erp import Erp
from erpsync.ports.limits import CALLS, Allowance, Rate
from erpsync.ports.runtime import Tools
from erpsync.ports.simulator import Simulator
from erpsync.ports.spec import Ability, Capabilities, Missing, Role, SystemSpec
from erpsync.ports.subscriptions import Subscriptions
from erpsync.ports.webhooks import Webhooks
from erpsync.systems.dynamics.business_central.settings import NO_LEDGER, SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.webhooks import HANDSHAKE, BusinessCentralWebhooks


def _open_erp(_name: ConnectionName, settings: BusinessCentralSettings, tools: Tools) -> Erp:
    from erpsync.systems.dynamics.business_central.adapter import BusinessCentralErp  # noqa: PLC0415

    return BusinessCentralErp(settings, tools)


def _open_webhooks(name: ConnectionName, settings: BusinessCentralSettings) -> Webhooks | None:
    secret = settings.webhook_secret
    return None if secret is None else BusinessCentralWebhooks(name, secret)


def _open_subscriptions(name: ConnectionName, settings: BusinessCentralSettings, tools: Tools) -> Subscriptions | None:
    from erpsync.systems.dynamics.business_central.client import BusinessCentral  # noqa: PLC0415
    from erpsync.systems.dynamics.business_central.subscriptions import BusinessCentralSubscriptions  # noqa: PLC0415

    secret = settings.webhook_secret
    if secret is None:
        return None
    return BusinessCentralSubscriptions(name, secret, BusinessCentral(settings, tools), tools.clock)


def _open_simulator() -> Simulator:
    from erpsync.systems.dynamics.business_central.simulator import BusinessCentralSimulator  # noqa: PLC0415

    return BusinessCentralSimulator()


def _capabilities_of(settings: BusinessCentralSettings) -> Capabilities:
    missing: Missing = {} if settings.ledger_page else {Ability.STOCK_LEVELS: NO_LEDGER}
    return replace(_CAPABILITIES, order_batch=settings.order_batch, missing=missing)


# A $batch takes 100 requests. External document numbers are not unique: a lost reply is waited out.
_CAPABILITIES = Capabilities(order_batch=100, unique_references=False)


def _allowance(settings: BusinessCentralSettings) -> Allowance:
    """6,000 requests of a user in any five minutes: what is saved up and what comes back in that time are no more.
    https://learn.microsoft.com/dynamics365/business-central/dev-itpro/administration/operational-limits-online"""
    return Allowance({CALLS: Rate(18.0, 600.0)}, settings.concurrent_requests, settings.timeout_seconds)


SPEC = SystemSpec(
    name=SYSTEM,
    title="Business Central",
    role=Role.ERP,
    settings=BusinessCentralSettings,
    capabilities=_CAPABILITIES,
    capabilities_of=_capabilities_of,
    open_erp=_open_erp,
    open_webhooks=_open_webhooks,
    open_subscriptions=_open_subscriptions,
    handshake=HANDSHAKE,
    open_simulator=_open_simulator,
    settle_seconds=lambda settings: float(settings.settle_seconds),
    allowance=_allowance,
)
