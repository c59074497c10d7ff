"""Base prices, and those of the price lists named in the settings, from SAP's condition records.

A price counts from the day that its validity begins, which changes nothing in its record; so what began meanwhile is read
besides what was changed.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.products import BasePrice
from erpsync.ports.pages import Page, Since
from erpsync.systems.sap.odata.client import Gateway
from erpsync.systems.sap.odata.cursors import Position, position
from erpsync.systems.sap.odata.edm import any_of, both, date_literal, day, instant_literal, number, query, text_literal
from erpsync.systems.sap.odata.masters import keyed_page
from erpsync.systems.sap.odata.settings import SYSTEM, SapODataSettings
from erpsync.systems.sap.odata.wire import PRICES, Row, nested, text

_EXPAND = "to_SlsPrcgCndnRecdValidity,to_SlsPrcgCndnRecordScale"
_CHANGED, _BEGUN = 0, 1
# Any of these makes a price one for some customers only.
_RESTRICTIONS = (
    "Customer",
    "SoldToParty",
    "ShipToParty",
    "BillToParty",
    "PayerParty",
    "CustomerGroup",
    "CustomerPriceGroup",
    "CustomerHierarchy",
    "SalesDocument",
    "Plant",
)


class Prices:
    """Not for use by several threads at once."""

    def __init__(self, gateway: Gateway, settings: SapODataSettings) -> None:
        self._gateway = gateway
        self._settings = settings

    def changed(self, since: Since) -> Page[BasePrice]:
        at = position(since, self._gateway, self._settings)
        rows, cursor = self._records(at) if at.phase == _CHANGED else self._begun(at)
        if cursor is None and at.phase == _CHANGED and at.since is not None:
            cursor = at.next_phase()
        found: list[BasePrice] = []
        unreadable: list[SyncError] = []
        for row in rows:
            try:
                found += prices_of(row, self._today(), self._settings)
            except ValueError as error:
                unreadable.append(_unreadable(text(row, "ConditionRecord"), error))
        return Page(tuple(found), cursor, at.watermark, tuple(unreadable))

    def _records(self, at: Position) -> tuple[list[Row], str | None]:
        changed = "" if at.since is None else f"LastChangeDateTime ge {instant_literal(at.since)}"
        return keyed_page(
            self._gateway,
            self._settings,
            at,
            PRICES,
            "A_SlsPrcgConditionRecord",
            "ConditionRecord",
            both(self._of_type(), changed),
            expand=_EXPAND,
        )

    def _begun(self, at: Position) -> tuple[list[Row], str | None]:
        first = at.start.astimezone(self._settings.zone).date()
        began = both(
            self._of_type(),
            f"ConditionValidityStartDate ge {date_literal(first)}",
            f"ConditionValidityStartDate le {date_literal(self._today())}",
        )
        rows, cursor = keyed_page(
            self._gateway,
            self._settings,
            at,
            PRICES,
            "A_SlsPrcgCndnRecdValidity",
            "ConditionRecord",
            began,
            select="ConditionRecord,ConditionValidityEndDate",
        )
        queries = [
            query("A_SlsPrcgConditionRecord", {"filter": chain, "expand": _EXPAND})
            for chain, _ in any_of("ConditionRecord", [text(row, "ConditionRecord") for row in rows])
        ]
        return [row for answer in self._gateway.rows_of(PRICES, queries) for row in answer], cursor

    def _of_type(self) -> str:
        return f"ConditionType eq {text_literal(self._settings.list_price_condition)}"

    def _today(self) -> date:
        return self._gateway.now().astimezone(self._settings.zone).date()


def prices_of(record: Row, today: date, settings: SapODataSettings) -> Iterator[BasePrice]:
    """The record's prices that hold today. Raises ValueError for one that is not per quantity."""
    if record.get("ConditionIsDeleted"):
        return
    for key in nested(record, "to_SlsPrcgCndnRecdValidity"):
        if not _counts(key, today, settings):
            continue
        calculation = text(record, "ConditionCalculationType")
        if calculation not in ("", "C"):
            raise ValueError(f"calculation type {calculation} is not a price per quantity")
        for minimum, rate, currency in _steps(record):
            yield BasePrice(
                sku=Sku(text(key, "Material")),
                price=Money(
                    amount=rate / (number(record.get("ConditionQuantity")) or Decimal(1)),
                    currency=settings.iso_currency(currency),
                ),
                price_list=text(key, "PriceListType"),
                minimum_quantity=minimum,
                tax_included=settings.prices_include_tax,
                unit=text(record, "ConditionQuantityUnit"),
            )


def _counts(key: Row, today: date, settings: SapODataSettings) -> bool:
    start, end = day(text(key, "ConditionValidityStartDate")), day(text(key, "ConditionValidityEndDate"))
    if not text(key, "Material") or (start and start > today) or (end and end < today):
        return False
    if any(text(key, name) for name in _RESTRICTIONS):
        return False
    return (
        text(key, "SalesOrganization") in ("", settings.sales_organization)
        and text(key, "DistributionChannel") in ("", settings.distribution_channel)
        and text(key, "PriceListType") in ("", *settings.price_lists)
    )


def _steps(record: Row) -> Sequence[tuple[Decimal, Decimal, str]]:
    """From which quantity on, which rate, in which currency."""
    scales = nested(record, "to_SlsPrcgCndnRecordScale")
    if not scales:
        return [(Decimal(1), *_rate(record))]
    if text(record, "PricingScaleType") == "B":
        raise ValueError("its scale is one up to quantities, not from quantities on")
    return [(number(scale.get("ConditionScaleQuantity")) or Decimal(1), *_rate(scale)) for scale in scales]


def _rate(row: Row) -> tuple[Decimal, str]:
    """ConditionRateAmount is the newer field; older releases have only ConditionRateValue."""
    if number(row.get("ConditionRateAmount")):
        return number(row["ConditionRateAmount"]), text(row, "ConditionCurrency")
    return number(row.get("ConditionRateValue")), text(row, "ConditionRateValueUnit") or text(row, "ConditionCurrency")


def _unreadable(key: str, error: ValueError) -> Rejected:
    return Rejected(
        "price-unreadable",
        system=SYSTEM,
        record=f"condition record {key}",
        what=f"It could not be understood: {str(error).splitlines()[0]}.",
        next_step="Look at it in SAP (transaction VK13); make it a price per quantity, or set it in the store by hand.",
    )
