"""What `erpsync doctor` asks of a connection to Business Central."""

from collections.abc import Callable, Sequence

from erpsync.domain.errors import SyncError
from erpsync.ports.checks import Check
from erpsync.ports.runtime import Clock
from erpsync.systems.dynamics.business_central.client import BusinessCentral, text
from erpsync.systems.dynamics.business_central.settings import CHARGES, BusinessCentralSettings

# Tokens tolerate some minutes; watermarks are by Business Central's own clock. More than this points at a broken clock.
_SKEW_SECONDS = 60.0
_READ = (
    "customers",
    "items",
    "itemLedgerEntries",
    "salesOrders",
    "salesShipments",
    "salesInvoices",
    "salesCreditMemos",
    "customerPaymentJournals",
    "generalLedgerEntries",
)
_PAGES = (("ledger_page", 38, "Entry_No"), ("sales_lines_page", 516, "No"), ("shipments_page", 142, "No"))
_ENTITIES = {"Account": ("accounts", "G/L account"), "Item": ("items", "item")}


class _Wrong(Exception):
    """The answer is there, and it is bad."""

    def __init__(self, detail: str, next_step: str) -> None:
        self.detail = detail
        self.next_step = next_step
        super().__init__(detail)


class Checks:
    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock

    def run(self) -> Sequence[Check]:
        """All questions; those that need a company only where there is one."""
        results = [
            _asked("credentials", self._client.sign_in, "Microsoft Entra gives a token."),
        ]
        if not results[0].ok:
            return results
        results.append(_asked("environment", self._client.companies, "The environment answers."))
        if not results[1].ok:
            return results
        results.append(self._clock_check())
        results.append(_asked("company", self._client.company, f"The company is {self._settings.company}."))
        if not results[-1].ok:
            return results
        results += [self._may_read(entity) for entity in _READ]
        results += [self._page(*page) for page in _PAGES if getattr(self._settings, page[0])]
        results += self._codes()
        results += [self._charge(setting) for setting in CHARGES if self._settings.charge(setting)]
        return results

    def _clock_check(self) -> Check:
        skew = (self._clock.now() - self._client.asked_at).total_seconds()
        side = "ahead of" if skew > 0 else "behind"
        detail = f"This clock is {abs(skew):.0f} s {side} Business Central's."
        if abs(skew) <= _SKEW_SECONDS:
            return Check("clock", True, detail)
        return Check(
            "clock", False, detail, "Set this machine's clock by NTP (timedatectl set-ntp true), then ask again."
        )

    def _may_read(self, entity: str) -> Check:
        return _asked(
            f"may read {entity}",
            lambda: self._client.read(entity, {"$top": "1"}),
            "The application may read it. Whether it may write shows with the first record: only writing would prove it.",
        )

    def _page(self, setting: str, page: int, key: str) -> Check:
        service = getattr(self._settings, setting)

        def ask() -> None:
            try:
                next(self._client.read_page_service(service, {"$select": key, "$top": "1"}), None)
            except SyncError as error:
                if error.code != "not-found":
                    raise
                raise _Wrong(
                    f"Page {page} is not published as a web service named {service}.",
                    f"In Business Central, open Web Services, add page {page} with service name {service} and tick "
                    f"Published; or set `{setting}` to the name it has, or to nothing to do without.",
                ) from None

        return _asked(f"{setting} {service}", ask, f"Page {page} is published under this name.")

    def _codes(self) -> list[Check]:
        settings = self._settings
        tax_codes = {*settings.tax_codes.values(), settings.default_tax_code}
        methods = {*settings.shipping_methods.values(), settings.default_shipping_method}
        journals = {*settings.payment_methods.values(), settings.default_payment_journal}
        asked = [
            *(("tax_codes", "taxGroups", "tax code", code) for code in tax_codes),
            *(("shipping_methods", "shipmentMethods", "shipment method", code) for code in methods),
            *(("payment_methods", "customerPaymentJournals", "cash receipt journal batch", code) for code in journals),
            ("payment_terms", "paymentTerms", "payment terms", settings.payment_terms),
            ("location", "locations", "location", settings.location),
            *(("stock_locations", "locations", "location", code) for code in settings.stock_locations),
            *(("currencies", "currencies", "currency", code) for code in settings.currencies.values()),
        ]
        return [self._exists(*one) for one in sorted(set(asked)) if one[3]]

    def _exists(self, setting: str, entity: str, kind: str, code: str) -> Check:
        def ask() -> None:
            if not self._client.read(entity, {"$select": "code", "$filter": f"code eq {text(code.upper())}"}):
                raise _Wrong(
                    f"Business Central has no {kind} {code}.",
                    f"Correct `{setting}` of this connection, or make it in Business Central.",
                )

        return _asked(f"{setting} {code}", ask, "Business Central has it.")

    def _charge(self, setting: str) -> Check:
        kind, number = self._settings.charge(setting) or ("", "")
        name = f"{setting} {number}"
        if kind not in _ENTITIES:
            return Check(
                name, True, f"API v2.0 has no list of these ({kind}); a wrong number shows with the first order."
            )
        entity, called = _ENTITIES[kind]

        def ask() -> None:
            found = self._client.read(
                entity, {"$select": "number,blocked", "$filter": f"number eq {text(number.upper())}"}
            )
            if not found or found[0]["blocked"]:
                state = "is blocked" if found else "does not exist"
                raise _Wrong(
                    f"The {called} {number} {state} in Business Central.",
                    f"Correct `{setting}` or the {called} there; a G/L account must allow direct posting.",
                )

        return _asked(name, ask, f"The {called} is there.")


def _asked(name: str, question: Callable[[], object], good: str) -> Check:
    try:
        question()
    except _Wrong as wrong:
        return Check(name, False, wrong.detail, wrong.next_step)
    except SyncError as error:
        return Check(name, False, error.problem.what, error.problem.next_step)
    return Check(name, True, good)
