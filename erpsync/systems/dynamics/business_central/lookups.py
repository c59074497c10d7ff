"""What orders refer to, by the codes that people know. Codes are kept for ten minutes; items are read each time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.ports.runtime import Clock
from erpsync.systems.dynamics.business_central.client import BusinessCentral, Request, one_of
from erpsync.systems.dynamics.business_central.lines import FoundItem
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.wire import NO_ID, Category, Coded, Ledger, select

_KEPT = timedelta(minutes=10)
_NUMBER_LENGTH = 20


@dataclass(frozen=True)
class _Kept:
    values: Mapping[str, str]
    until: datetime


class Lookups:
    """One adapter's own."""

    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._kept: dict[str, _Kept] = {}

    def items(self, skus: Iterable[Sku]) -> dict[Sku, FoundItem | None]:
        """What each SKU is; None where Business Central has nothing by that name. Capitals do not count there."""
        wanted = {sku: self._split(sku) for sku in dict.fromkeys(skus)}
        numbers = self.numbers(wanted)
        params = {
            "$select": "id,number,blocked",
            "$expand": "itemVariants($select=id,code)",
        }
        requests = [Request("GET", "items", {**params, "$filter": some}) for some in one_of("number", numbers)]
        rows = {row["number"].upper(): row for answer in self._client.batch(requests) for row in answer.rows}
        return {sku: _found(rows.get(number), variant) for sku, (number, variant) in wanted.items()}

    def numbers(self, skus: Iterable[Sku]) -> list[str]:
        """The item numbers in these SKUs, in capitals, without those that no item can have."""
        named = {self._split(sku)[0] for sku in skus}
        return sorted(number for number in named if 0 < len(number) <= _NUMBER_LENGTH)

    def with_variants(self, numbers: Iterable[str]) -> set[str]:
        """Those of these item numbers that have variants."""
        params = {"$select": "number", "$expand": "itemVariants($select=code)"}
        filters = one_of("number", sorted({number for number in numbers if number}))
        requests = [Request("GET", "items", {**params, "$filter": some}) for some in filters]
        answers = self._client.batch(requests)
        return {row["number"] for answer in answers for row in answer.rows if row["itemVariants"]}

    def shipment_method_id(self, code: str, record: str) -> str:
        return self._id("shipmentMethods", code, "shipment method", "shipping_methods", record)

    def payment_terms_id(self, record: str) -> str:
        return self._id("paymentTerms", self._settings.payment_terms, "payment terms", "payment_terms", record)

    def location_id(self, record: str) -> str:
        return self._id("locations", self._settings.location, "location", "location", record)

    def journal_id(self, code: str, record: str) -> str:
        return self._id("customerPaymentJournals", code, "cash receipt journal batch", "payment_methods", record)

    def location_codes(self) -> list[str]:
        return sorted(self._ids("locations"))

    def categories(self) -> Mapping[str, str]:
        """Names of item categories by code."""

        def read() -> dict[str, str]:
            rows = self._client.read_all("itemCategories", {"$select": select(Category)})
            return {row["code"]: row["displayName"] for row in rows}

        return self._table("itemCategories", read)

    def local_currency(self) -> str:
        """The company's own currency, in which its prices and journals are."""

        def read() -> dict[str, str]:
            rows = self._client.read("generalLedgerSetup", {"$select": select(Ledger)})
            return {row["localCurrencyCode"]: row["id"] for row in rows}

        return next(iter(self._table("generalLedgerSetup", read)), "")

    def _id(self, entity: str, code: str, kind: str, setting: str, record: str) -> str:
        if not code:
            return ""
        found = self._ids(entity).get(code.upper())
        if found is None:
            # It may have been made since the table was read.
            self._kept.pop(entity, None)
            found = self._ids(entity).get(code.upper())
        if found is None:
            raise Rejected(
                "unknown-code",
                system=SYSTEM,
                record=record,
                what=f"Business Central has no {kind} {code}.",
                next_step=f"Correct `{setting}` of this connection and restart the workers, or make it there; then replay.",
            )
        return found

    def _ids(self, entity: str) -> Mapping[str, str]:
        """Ids by code, in capitals."""

        def read() -> dict[str, str]:
            return {row["code"].upper(): row["id"] for row in self._client.read_all(entity, {"$select": select(Coded)})}

        return self._table(entity, read)

    def _table(self, entity: str, read: Callable[[], dict[str, str]]) -> Mapping[str, str]:
        kept = self._kept.get(entity)
        if kept is None or kept.until <= self._clock.now():
            kept = self._kept[entity] = _Kept(read(), self._clock.now() + _KEPT)
        return kept.values

    def _split(self, sku: Sku) -> tuple[str, str]:
        separator = self._settings.sku_separator.upper()
        number, _, variant = sku.upper().partition(separator) if separator else (sku.upper(), "", "")
        return number, variant


def _found(row: Any, variant: str) -> FoundItem | None:
    if row is None:
        return None
    if not variant:
        return FoundItem(row["id"], row["number"], NO_ID, row["blocked"])
    ids = {one["code"].upper(): one["id"] for one in row["itemVariants"]}
    return FoundItem(row["id"], row["number"], ids[variant], row["blocked"]) if variant in ids else None
