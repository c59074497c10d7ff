"""Which price holds: trade agreements before the released product's own sales price. Pure.

https://learn.microsoft.com/dynamics365/supply-chain/sales-marketing/trade-agreements: an agreement on the price is for all
customers, a price group or one customer, from a quantity on, between two dates, and perhaps for one site or warehouse only.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.products import BasePrice
from erpsync.systems.dynamics.finance_operations import query
from erpsync.systems.dynamics.finance_operations.items import DIMENSIONS, skus_of
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.wire import AgreementRow, ReleasedRow, VariantRow

BASE = ""


def is_usable(row: AgreementRow, settings: FinanceOperationsSettings, now: datetime) -> bool:
    """Whether the agreement holds now, everywhere, for everybody or for a price group that is asked for."""
    starts, ends = query.day(row["PriceApplicableFromDate"]), query.day(row["PriceApplicableToDate"])
    in_time = (starts is None or starts <= now) and (ends is None or now < ends + timedelta(days=1))
    everywhere = not row["PriceSiteId"] and not row["PriceWarehouseId"] and not row["CustomerAccountNumber"]
    group = row["PriceCustomerGroupCode"]
    return in_time and everywhere and (group == BASE or group in settings.price_lists)


def of_item(
    row: ReleasedRow,
    variants: Sequence[VariantRow],
    agreements: Sequence[AgreementRow],
    settings: FinanceOperationsSettings,
) -> list[BasePrice]:
    """All prices of the item, or of each of its variants. Of several agreements that hold alike the lowest counts."""
    prices = []
    for sku, dims in skus_of(row, variants).items():
        best: dict[tuple[str, str, Decimal], AgreementRow] = {}
        for one in agreements:
            if not _is_for(one, dims):
                continue
            key = (one["PriceCustomerGroupCode"], one["PriceCurrencyCode"], max(one["FromQuantity"], Decimal(1)))
            if key not in best or _unit_price(one) < _unit_price(best[key]):
                best[key] = one
        if not any(key[:2] == (BASE, settings.price_currency) and key[2] == 1 for key in best):
            prices.append(_own(sku, row, settings))
        prices += [_agreed(sku, quantity, one, settings) for (_, _, quantity), one in best.items()]
    return prices


def _is_for(agreement: AgreementRow, dims: Mapping[str, str]) -> bool:
    """A dimension that the agreement leaves open is for all."""
    known: Mapping[str, Any] = dict(agreement)
    # The entity spells one of the five in its own way.
    told = {name: known.get(name) or known.get(name.replace("Configuration", "configuration")) for name in DIMENSIONS}
    return all(not value or value == dims.get(name) for name, value in told.items())


def _own(sku: Sku, row: ReleasedRow, settings: FinanceOperationsSettings) -> BasePrice:
    return BasePrice(
        sku=sku,
        price=Money(amount=row["SalesPrice"] / (row["SalesPriceQuantity"] or 1), currency=settings.price_currency),
        tax_included=settings.prices_include_tax,
        unit=row["SalesUnitSymbol"],
    )


def _agreed(sku: Sku, quantity: Decimal, row: AgreementRow, settings: FinanceOperationsSettings) -> BasePrice:
    return BasePrice(
        sku=sku,
        price=Money(amount=_unit_price(row), currency=row["PriceCurrencyCode"]),
        price_list=row["PriceCustomerGroupCode"],
        minimum_quantity=quantity,
        tax_included=settings.prices_include_tax,
        unit=row["QuantityUnitySymbol"],
    )


def _unit_price(row: AgreementRow) -> Decimal:
    return row["Price"] / (row["SalesPriceQuantity"] or 1)
