"""What products cost: their sales prices, and fixed or percentage prices of the price lists that the settings name."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import Rejected, SyncError
from erpsync.domain.ids import Sku
from erpsync.domain.money import Money
from erpsync.domain.products import BasePrice
from erpsync.ports.pages import Page, Since
from erpsync.systems.odoo import failures
from erpsync.systems.odoo.changes import Reading, each_read, told
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.wire import TaxRow
from erpsync.systems.odoo.wire_catalogue import PricedRow, PriceListRow, PriceRuleRow

_RULES = "rules"
_HUNDRED = Decimal(100)


class Prices:
    """The prices' part of the Erp port."""

    def __init__(self, client: OdooClient, settings: OdooSettings) -> None:
        self._client = client
        self._settings = settings

    def changed(self, since: Since) -> Page[BasePrice]:
        reading = Reading.of(since, self._client, self._settings)
        return self._rules(reading) if reading.part == _RULES else self._base(reading)

    def lists(self) -> dict[int, PriceListRow]:
        """The price lists that the settings name. Raises Rejected naming one that is not there."""
        named = self._settings.price_lists
        if not named:
            return {}
        numbers = [int(name) for name in named if name.isdecimal()]
        rows = self._client.search(PriceListRow, ["|", ["name", "in", list(named)], ["id", "in", numbers]])
        missing = [name for name in named if not any(name in (row.name, str(row.id)) for row in rows)]
        if missing:
            raise failures.configuration(f"Odoo has no price list {missing[0]}, which price_lists names.")
        return {row.id: row for row in rows}

    def _base(self, reading: Reading) -> Page[BasePrice]:
        paths = ("write_date", "product_tmpl_id.write_date", "product_template_attribute_value_ids.write_date")
        sold: list[object] = [["sale_ok", "=", True], ["default_code", "!=", False]]
        domain = [*sold, *reading.changed(*paths)]
        fetched = self._client.page(PricedRow, domain, limit=self._settings.page_size)
        included = self._taxes_included(fetched.rows)
        prices = each_read(
            fetched.rows,
            lambda row: _price(row, row.lst_price, row.currency_id, tax_included=included[row.id]),
            lambda row: f"product {row.default_code}",
        )
        return told(reading, fetched, prices, next_part=_RULES if self._settings.price_lists else "")

    def _rules(self, reading: Reading) -> Page[BasePrice]:
        """A percentage moves with the sales price, so rules of products that changed are told too."""
        lists = self.lists()
        paths = ("write_date", "product_tmpl_id.write_date", "product_id.write_date")
        domain = [["pricelist_id", "in", sorted(lists)], *reading.changed(*paths)]
        fetched = self._client.page(PriceRuleRow, domain, limit=self._settings.page_size)
        # A price for a time only is a promotion.
        lasting = [rule for rule in fetched.rows if not rule.date_start and not rule.date_end]
        products = self._products(lasting)
        included = self._taxes_included([row for rows in products.values() for row in rows])
        told_prices: list[BasePrice | SyncError] = []
        for rule in lasting:
            price_list = lists[rule.pricelist_id]
            if rule.id not in products:
                told_prices.append(_worked_out(rule, price_list))
                continue
            told_prices += each_read(
                products[rule.id],
                lambda row, rule=rule, of=price_list: _price(  # type: ignore[misc]
                    row,
                    rule.fixed_price if rule.compute_price == "fixed" else _lowered(row, rule),
                    of.currency_id,
                    tax_included=included[row.id],
                    price_list=of.name,
                    minimum=rule.min_quantity,
                ),
                lambda row: f"product {row.default_code}",
            )
        return told(reading, fetched, told_prices)

    def _products(self, rules: Sequence[PriceRuleRow]) -> dict[int, list[PricedRow]]:
        """The products of each rule that states their price outright."""
        outright = [
            rule
            for rule in rules
            if rule.applied_on in ("0_product_variant", "1_product") and rule.compute_price in ("fixed", "percentage")
        ]
        variants = sorted({rule.product_id for rule in outright if rule.product_id})
        templates = sorted({rule.product_tmpl_id for rule in outright if rule.product_tmpl_id and not rule.product_id})
        coded = ["default_code", "!=", False]
        by_id = {row.id: row for row in self._client.search_in(PricedRow, "id", variants, coded)}
        by_template: dict[int, list[PricedRow]] = defaultdict(list)
        for row in self._client.search_in(PricedRow, "product_tmpl_id", templates, coded):
            by_template[row.product_tmpl_id].append(row)
        return {
            rule.id: [row for row in [by_id.get(rule.product_id)] if row]
            if rule.product_id
            else by_template[rule.product_tmpl_id or 0]
            for rule in outright
        }

    def _taxes_included(self, rows: Sequence[PricedRow]) -> Mapping[int, bool]:
        """Whether the price of each product contains the taxes that Odoo would charge for it."""
        ids = sorted({number for row in rows for number in row.taxes_id})
        included = {row.id: row.price_include for row in self._client.search_in(TaxRow, "id", ids)}
        return {row.id: any(included.get(number, False) for number in row.taxes_id) for row in rows}


def _price(
    row: PricedRow,
    amount: Decimal,
    currency: str,
    *,
    tax_included: bool,
    price_list: str = "",
    minimum: Decimal = Decimal(1),
) -> BasePrice:
    return BasePrice(
        sku=Sku(row.default_code),
        price=Money(amount=amount, currency=currency),
        price_list=price_list,
        minimum_quantity=max(minimum, Decimal(1)),
        tax_included=tax_included,
        unit=row.uom_id,
    )


def _lowered(row: PricedRow, rule: PriceRuleRow) -> Decimal:
    return row.lst_price * (_HUNDRED - rule.percent_price) / _HUNDRED


def _worked_out(rule: PriceRuleRow, price_list: PriceListRow) -> Rejected:
    return Rejected(
        "price-rule-unsupported",
        system=SYSTEM,
        record=f"price list {price_list.name}, rule {rule.id}",
        what="The rule is for more than one product, or works the price out by a formula; only Odoo can apply it.",
        next_step="Give the products fixed prices in the list, or take the list out of price_lists.",
    )
