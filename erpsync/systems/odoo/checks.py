"""What `erpsync doctor` asks an Odoo connection. Nothing here changes anything."""

from collections.abc import Callable, Sequence
from datetime import datetime

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.odoo.checks_settings import SettingsChecks
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.release import OLDEST, OLDEST_WITH_JSON2
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import (
    CountryRow,
    ExternalIdRow,
    LineRow,
    MoveDocumentRow,
    MoveRow,
    PartnerRow,
    PickingRow,
    ProductRow,
    ProgressRow,
    QuantRow,
    Row,
    StateRow,
)
from erpsync.systems.odoo.wire_catalogue import (
    ContactRow,
    DeliveredFromRow,
    PricedRow,
    QuotedRow,
    TemplateRow,
    VariantRow,
    WaitingRow,
)

# Odoo does not refuse requests for their time, but reads of changes go by its clock and are logged by ours.
MAX_SKEW_SECONDS = 60.0
_READ = ("read",)
_RIGHTS = {
    "permissions": (
        ("sale.order", ("read", "write", "create")),
        ("sale.order.line", ("read", "write", "create", "unlink")),
        ("res.partner", ("read", "write", "create")),
        *((model, _READ) for model in ("product.product", "ir.model.data", "res.country", "res.country.state")),
    ),
    "permissions for products": tuple(
        (model, _READ)
        for model in ("product.template", "product.template.attribute.value", "account.tax", "product.pricelist.item")
    ),
    "permissions for stock": (
        *((model, _READ) for model in ("stock.quant", "stock.location", "stock.warehouse", "stock.move")),
        ("stock.picking", ("read", "write")),
    ),
    "permissions for refunds": (
        ("account.move", ("read", "write", "create")),
        ("account.move.line", ("read", "write", "create")),
    ),
}
_FOR_PAYMENTS = (("account.payment", ("read", "write", "create")),)
_ROWS: tuple[type[Row], ...] = (
    *(ProgressRow, LineRow, PartnerRow, ProductRow, ExternalIdRow, CountryRow, StateRow),
    *(ContactRow, TemplateRow, VariantRow, PricedRow, QuantRow, MoveRow, PickingRow, MoveDocumentRow),
    *(WaitingRow, QuotedRow, DeliveredFromRow),
)
_RIGHTS_ADVICE = "Give the API key's user the rights listed in the README of the Odoo connection."


class Checks:
    def __init__(self, client: OdooClient, settings: OdooSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock

    def run(self) -> Sequence[Check]:
        """Stops at the first question without whose answer the others mean nothing."""
        checks = self._ask("reachable", self._reachable)
        if not checks[-1].ok:
            return checks
        checks += self._ask("credentials", self._credentials)
        if not checks[-1].ok:
            return checks
        rights = {**_RIGHTS, **({"permissions for payments": _FOR_PAYMENTS} if self._takes_payments else {})}
        for name, wanted in rights.items():
            checks += self._ask(name, lambda name=name, wanted=wanted: [self._permissions(name, wanted)])  # type: ignore[misc]
        checks += self._ask("fields", self._fields)
        for name, question in SettingsChecks(self._client, self._settings).questions():
            checks += self._ask(name, question)
        return checks

    def _ask(self, name: str, question: Callable[[], list[Check]]) -> list[Check]:
        try:
            return question()
        except SyncError as error:
            return [Check(name, False, error.problem.what, error.problem.next_step)]

    def _reachable(self) -> list[Check]:
        release, date = self._client.version()
        by_json = self._settings.protocol == "json2"
        known = release.major >= (OLDEST_WITH_JSON2 if by_json else OLDEST)
        advice = ""
        if not known and by_json and release.major >= OLDEST:
            advice = 'Set protocol = "xmlrpc" on the connection: the JSON-2 API came with Odoo 19.'
        elif not known:
            advice = f"Upgrade to a supported Odoo: erpsync works with {OLDEST} and newer."
        checks = [
            Check("reachable", True, "The server answers."),
            Check("version", known, f"Odoo {release.text}.", advice),
        ]
        return [*self._clock_check(date), *checks] if known else checks

    def _clock_check(self, date: datetime | None) -> list[Check]:
        if date is None:
            return []
        seconds = abs((date - self._clock.now()).total_seconds())
        ok = seconds <= MAX_SKEW_SECONDS
        advice = "" if ok else "Set both machines' clocks by NTP."
        return [Check("clock", ok, f"The server's clock differs by {seconds:.0f} s.", advice)]

    def _credentials(self) -> list[Check]:
        self._client.call("res.users", "context_get", write=False)
        return [Check("credentials", True, f"The key opens the database {self._settings.database}.")]

    def _permissions(self, name: str, rights: Sequence[tuple[str, Sequence[str]]]) -> Check:
        missing = [
            f"{operation} {model}"
            for model, operations in rights
            for operation in operations
            if not self._client.may(model, operation)
        ]
        if missing:
            return Check(name, False, f"The user may not {', '.join(missing)}.", _RIGHTS_ADVICE)
        return Check(name, True, "The user may read and write all that is needed.")

    def _fields(self) -> list[Check]:
        missing = []
        for row in _ROWS:
            spelled = self._client.spelling(row)
            missing += [
                f"{row.MODEL}.{name}"
                for name, field in row.model_fields.items()
                if field.is_required() and name not in spelled
            ]
            known = self._client.fields(row.MODEL, spelled.values())
            missing += [f"{row.MODEL}.{name}" for name in spelled.values() if name not in known]
        if missing:
            advice = "Use a version that the README of the Odoo connection names, with the apps it names installed."
            return [Check("fields", False, f"This Odoo lacks {', '.join(missing)}.", advice)]
        return [Check("fields", True, "This Odoo has all the fields that are used.")]

    @property
    def _takes_payments(self) -> bool:
        return bool(self._settings.payment_methods or self._settings.default_payment_journal)
