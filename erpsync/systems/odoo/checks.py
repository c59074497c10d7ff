"""What `erpsync doctor` asks an Odoo connection. Nothing here changes anything."""

from collections.abc import Callable, Sequence
from datetime import datetime

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import (
    CountryRow,
    ExternalIdRow,
    LineRow,
    NamedRow,
    OrderRow,
    PartnerRow,
    ProductRow,
    Row,
    StateRow,
    TaxRow,
)

OLDEST_VERSION = 19
# Odoo does not refuse requests for their time, but its log and its write dates are read beside ours.
MAX_SKEW_SECONDS = 120.0
_RIGHTS = (
    ("sale.order", ("read", "write", "create")),
    ("sale.order.line", ("read", "write", "create", "unlink")),
    ("res.partner", ("read", "write", "create")),
    ("product.product", ("read",)),
    ("ir.model.data", ("read",)),
    ("res.country", ("read",)),
    ("res.country.state", ("read",)),
)
_ROWS: tuple[type[Row], ...] = (OrderRow, LineRow, PartnerRow, ProductRow, ExternalIdRow, CountryRow, StateRow)
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
        for name, question in (
            ("permissions", self._permissions),
            ("fields", self._fields),
            ("records", self._records),
            ("products", self._products),
            ("taxes", self._taxes),
        ):
            checks += self._ask(name, question)
        return checks

    def _ask(self, name: str, question: Callable[[], list[Check]]) -> list[Check]:
        try:
            return question()
        except SyncError as error:
            return [Check(name, False, error.problem.what, error.problem.next_step)]

    def _reachable(self) -> list[Check]:
        version, date = self._client.version()
        major = next((part for part in version.version_info if isinstance(part, int)), 0)
        recent = Check(
            "version",
            major >= OLDEST_VERSION,
            f"Odoo {version.version}.",
            "" if major >= OLDEST_VERSION else "Upgrade: the JSON-2 API came with Odoo 19.",
        )
        checks = [Check("reachable", True, "The server answers."), recent]
        return [*self._clock_check(date), *checks] if recent.ok else [*checks[:1], recent]

    def _clock_check(self, date: datetime | None) -> list[Check]:
        if date is None:
            return []
        seconds = abs((date - self._clock.now()).total_seconds())
        detail = f"The server's clock differs by {seconds:.0f} s."
        return (
            [Check("clock", True, detail)]
            if seconds <= MAX_SKEW_SECONDS
            else [Check("clock", False, detail, "Set both machines' clocks by NTP.")]
        )

    def _credentials(self) -> list[Check]:
        self._client.call("res.users", "context_get", write=False)
        return [Check("credentials", True, f"The key opens the database {self._settings.database}.")]

    def _permissions(self) -> list[Check]:
        missing = [
            f"{operation} {model}"
            for model, operations in _RIGHTS
            for operation in operations
            if not self._client.may(model, operation)
        ]
        if missing:
            return [Check("permissions", False, f"The user may not {', '.join(missing)}.", _RIGHTS_ADVICE)]
        return [Check("permissions", True, "The user may read and write all that is needed.")]

    def _fields(self) -> list[Check]:
        missing = []
        for row in _ROWS:
            wanted = list(row.model_fields)
            known = self._client.call(row.MODEL, "fields_get", write=False, allfields=wanted, attributes=["type"])
            present = known.keys() if isinstance(known, dict) else ()
            missing += [f"{row.MODEL}.{name}" for name in wanted if name not in present]
        if missing:
            advice = "Use a version that the README of the Odoo connection names, with the Sales app installed."
            return [Check("fields", False, f"This Odoo lacks {', '.join(missing)}.", advice)]
        return [Check("fields", True, "This Odoo has all the fields that are used.")]

    def _records(self) -> list[Check]:
        """The company and the other records whose ids are set."""
        settings = self._settings
        named = [
            ("company", "res.company", settings.company),
            ("warehouse", "stock.warehouse", settings.warehouse),
            ("sales_team", "crm.team", settings.sales_team),
            ("guest_partner", "res.partner", settings.guest_partner),
            *(
                (f"pricelists {currency}", "product.pricelist", number)
                for currency, number in settings.pricelists.items()
            ),
        ]
        checks = []
        for setting, model, number in named:
            if number is None:
                continue
            found = self._client.search(NamedRow, [["id", "=", number]], model)
            detail = f"{setting} = {number}" + (" exists." if found else f" is no record of {model}.")
            advice = "" if found else "Correct the id: it is the number in the record's address in Odoo."
            checks.append(Check(setting.split()[0], bool(found), detail, advice))
        return checks

    def _products(self) -> list[Check]:
        checks = []
        wanted = self._settings.service_products
        rows = self._client.search_in(ProductRow, "default_code", sorted(set(wanted.values())))
        for setting, code in wanted.items():
            count = sum(row.default_code == code for row in rows)
            ok = count == 1
            detail = (
                f"{count or 'No'} product{'' if count == 1 else 's'} with the internal reference {code} ({setting})."
            )
            checks.append(Check("products", ok, detail, "" if ok else "There must be exactly one, not archived."))
        return checks

    def _taxes(self) -> list[Check]:
        settings = self._settings
        if settings.tax_handling != "mapped":
            return []
        wanted = [("taxes", False, rate, number) for rate, number in settings.taxes.items()]
        wanted += [("taxes_included", True, rate, number) for rate, number in settings.taxes_included.items()]
        rows = {row.id: row for row in self._client.search_in(TaxRow, "id", sorted({each[3] for each in wanted}))}
        problems = []
        for setting, included, rate, number in wanted:
            row = rows.get(number)
            if row is None or row.type_tax_use != "sale":
                problems.append(f"{setting} {rate} = {number} is no sales tax")
            elif row.amount_type != "percent" or row.amount != rate * 100:
                problems.append(f"{setting} {rate} = {number} is not {(rate * 100).normalize():f} %")
            elif row.price_include != included:
                problems.append(
                    f"{setting} {rate} = {number} is {'' if row.price_include else 'not '}included in the price"
                )
        if problems:
            advice = "Correct the ids, or the taxes in Odoo (Accounting > Configuration > Taxes)."
            return [Check("taxes", False, f"{'; '.join(problems)}.", advice)]
        return [Check("taxes", True, f"{len(wanted)} tax rates are mapped.")]
