"""What `erpsync doctor` asks of a connection to F&O. Nothing here changes anything."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from erpsync.domain.errors import Rejected, SyncError, Unavailable
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.dynamics.finance_operations import query, wire
from erpsync.systems.dynamics.finance_operations.client import FoClient, Read
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import Entity

# Tokens are valid from the moment that Entra's clock says; a clock that is far behind asks for renewal too late.
MAX_SKEW_SECONDS = 120.0
_ROLES = "Give the application's user the roles listed in the README of the F&O connection."
_READ_ENTITIES: tuple[Entity[Any], ...] = (
    wire.HEADERS,
    wire.LINES,
    wire.CUSTOMERS,
    wire.RELEASED,
    wire.VARIANTS,
    wire.PRODUCTS,
    wire.AGREEMENTS,
    wire.ON_HAND,
    wire.SLIPS,
    wire.SLIP_LINES,
    wire.TRACKING,
    wire.INVOICES,
    wire.JOURNALS,
    wire.PAYMENTS,
)


class _Wrong(Exception):
    """The answer is there, and it is bad."""

    def __init__(self, detail: str, next_step: str) -> None:
        self.detail = detail
        self.next_step = next_step
        super().__init__(detail)


def run(client: FoClient, settings: FinanceOperationsSettings, clock: Clock) -> Sequence[Check]:
    """Stops at the first question without whose answer the others mean nothing."""
    checks = [_asked("credentials", client.token, "Entra gives a token.")]
    if not checks[-1].ok:
        return checks
    checks.append(_asked("reachable", lambda: _answers(client), "The environment takes the token and answers."))
    checks.append(_clock(client, clock))
    if not checks[1].ok:
        return checks
    checks.append(_asked("company", lambda: _company(client, settings), f"Company {settings.company} exists."))
    if not checks[-1].ok:
        return checks
    checks += [
        _asked(
            f"may read {entity.name}",
            lambda entity=entity: client.read(Read(entity, top=1)),  # type: ignore[misc]
            "It can be read with all fields that are used. Whether it may be written shows with the first record.",
        )
        for entity in _READ_ENTITIES
    ]
    checks += [
        _asked(setting, lambda look=look: _known(client, *look), f"F&O knows {len(look[2])}.")  # type: ignore[misc]
        for setting, look in _lookups(settings).items()
        if look[2]
    ]
    checks += [
        _asked(name, question, "F&O has these fields.") for name, question in _own_fields(client, settings).items()
    ]
    return checks


def _answers(client: FoClient) -> None:
    """Entra has given a token already: if F&O refuses it, F&O does not know the application."""
    try:
        client.read(Read(wire.COMPANIES, top=1))
    except Unavailable as error:
        if error.code != "credentials-refused":
            raise
        raise _Wrong(
            "F&O refuses the application's token (401).",
            "Add the client id with a user in F&O (System administration > Setup > Microsoft Entra ID applications), and "
            "check that `url` is spelled as the environment's own address.",
        ) from None


def _lookups(settings: FinanceOperationsSettings) -> dict[str, tuple[str, Entity[Any], Sequence[str]]]:
    """Each setting that names records of F&O, with the entity that must have them."""
    payment = [*settings.payment_methods.values(), settings.default_payment_method]
    shipping = [*settings.shipping_methods.values(), settings.default_shipping_method]
    groups = [*settings.customer_groups.values(), settings.default_customer_group]
    looks: dict[str, tuple[Entity[Any], Iterable[str]]] = {
        "currencies": (wire.CURRENCIES, [*settings.currencies, settings.price_currency]),
        "tax_codes": (wire.ITEM_TAX_GROUPS, settings.tax_codes.values()),
        "sales_tax_group": (wire.TAX_GROUPS, [settings.sales_tax_group]),
        "charges": (wire.RELEASED, settings.charges.values()),
        "payment_methods": (wire.PAYMENT_METHODS, payment),
        "payment_journal": (wire.JOURNAL_NAMES, [settings.payment_journal]),
        "shipping_methods": (wire.DELIVERY_MODES, shipping),
        "customer_groups": (wire.CUSTOMER_GROUPS, groups),
        "stock_locations": (wire.WAREHOUSES, settings.stock_locations),
        "warehouse": (wire.WAREHOUSES, [settings.warehouse]),
    }
    return {
        setting: (setting, entity, sorted({value for value in values if value}))
        for setting, (entity, values) in looks.items()
    }


def _known(client: FoClient, setting: str, entity: Entity[Any], values: Sequence[str]) -> None:
    [key] = entity.key
    rows = client.read_in(entity, key, values)
    present = {str(row[key]).lower() for row in rows}
    missing = [value for value in values if value.lower() not in present]
    if missing:
        raise _Wrong(
            f"F&O has no {', '.join(missing)} in {entity.name}.",
            f"Correct `{setting}` of this connection, or set it up in F&O.",
        )


def _company(client: FoClient, settings: FinanceOperationsSettings) -> None:
    if not client.read(Read(wire.COMPANIES, query.either("LegalEntityId", [settings.company]))):
        raise _Wrong(
            f"There is no legal entity {settings.company} that the application's user may see.",
            "Correct `company` of this connection, or give the user's roles access to that legal entity.",
        )


def _own_fields(client: FoClient, settings: FinanceOperationsSettings) -> dict[str, Callable[[], object]]:
    tables: dict[str, tuple[Entity[Any], tuple[str, ...]]] = {
        "order_fields": (wire.HEADERS, tuple(settings.order_fields)),
        "customer_fields": (wire.CUSTOMERS, (settings.customer_reference_field, *settings.customer_fields)),
    }
    return {
        setting: lambda setting=setting, entity=entity, fields=fields: _has(client, setting, entity, fields)  # type: ignore[misc]
        for setting, (entity, fields) in tables.items()
        if fields
    }


def _has(client: FoClient, setting: str, entity: Entity[Any], fields: tuple[str, ...]) -> None:
    for field in fields:
        try:
            client.read(Read(entity, top=1, also=(field,)))
        except Rejected:
            raise _Wrong(
                f"{entity.name} has no field {field}.",
                f"Correct `{setting}` of this connection; fields are spelled as in the environment's /data/$metadata.",
            ) from None


def _clock(client: FoClient, clock: Clock) -> Check:
    if client.replied_at is None:
        return Check("clock", False, "F&O's time is not known.", "Mend the checks above first.")
    seconds = (clock.now() - client.replied_at).total_seconds()
    detail = f"This clock is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} F&O's."
    good = abs(seconds) <= MAX_SKEW_SECONDS
    return Check("clock", good, detail, "" if good else "Set this machine's clock by NTP (timedatectl set-ntp true).")


def _asked(name: str, question: Callable[[], object], good: str) -> Check:
    try:
        question()
    except _Wrong as wrong:
        return Check(name, False, wrong.detail, wrong.next_step)
    except SyncError as error:
        step = _ROLES if error.code == "permission-missing" else error.problem.next_step
        return Check(name, False, error.problem.what, step)
    return Check(name, True, good)
