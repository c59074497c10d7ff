"""Whether what the settings name is there in Odoo: for `erpsync doctor`. Nothing here changes anything."""

from collections.abc import Callable, Iterable

from erpsync.ports.checks import Check
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.fields import field_name
from erpsync.systems.odoo.lookups import Lookups
from erpsync.systems.odoo.prices import Prices
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.stock import Stock
from erpsync.systems.odoo.wire import JournalRow, NamedRow, ProductRow, TaxRow

Question = Callable[[], list[Check]]


class SettingsChecks:
    """Each question raises SyncError where Odoo does not answer it."""

    def __init__(self, client: OdooClient, settings: OdooSettings) -> None:
        self._client = client
        self._settings = settings

    def questions(self) -> list[tuple[str, Question]]:
        return [
            ("records", self._records),
            ("payment_methods", self._journals),
            ("stock_locations", self._locations),
            ("price_lists", self._price_lists),
            ("products", self._products),
            ("taxes", self._taxes),
            ("order_fields", lambda: self._own_fields("order_fields", "sale.order", self._settings.order_fields)),
            (
                "customer_fields",
                lambda: self._own_fields("customer_fields", "res.partner", self._settings.customer_fields),
            ),
        ]

    def _records(self) -> list[Check]:
        """The company and the other records whose ids are set."""
        settings = self._settings
        named: list[tuple[str, str, int | None]] = [
            ("company", "res.company", settings.company),
            ("warehouse", "stock.warehouse", settings.warehouse),
            ("sales_team", "crm.team", settings.sales_team),
            ("guest_partner", "res.partner", settings.guest_partner),
            ("default_shipping_method", "delivery.carrier", settings.default_shipping_method),
            ("default_customer_group", "res.partner.category", settings.default_customer_group),
        ]
        for setting, model in (
            ("pricelists", "product.pricelist"),
            ("customer_pricelists", "product.pricelist"),
            ("shipping_methods", "delivery.carrier"),
            ("customer_groups", "res.partner.category"),
        ):
            named += [(f"{setting} {key}", model, number) for key, number in getattr(settings, setting).items()]
        checks = []
        for setting, model, number in named:
            if number is None:
                continue
            found = self._client.search(NamedRow, [["id", "=", number]], model)
            detail = f"{setting} = {number}" + (" exists." if found else f" is no record of {model}.")
            advice = "" if found else "Correct the id: it is the number in the record's address in Odoo."
            checks.append(Check(setting.split()[0], bool(found), detail, advice))
        return checks

    def _journals(self) -> list[Check]:
        wanted = {**self._settings.payment_methods}
        if self._settings.default_payment_journal is not None:
            wanted["default_payment_journal"] = self._settings.default_payment_journal
        if not wanted:
            return []
        rows = {row.id: row for row in self._client.search_in(JournalRow, "id", sorted(set(wanted.values())))}
        wrong = [f"{name} = {number}" for name, number in wanted.items() if not _takes_money(rows.get(number))]
        if wrong:
            advice = "Give the id of a journal of the type Bank or Cash: the number in its address in Odoo."
            return [Check("payment_methods", False, f"{', '.join(wrong)}: no bank or cash journal.", advice)]
        return [Check("payment_methods", True, f"{len(wanted)} payment methods have a journal.")]

    def _locations(self) -> list[Check]:
        stock = Stock(self._client, self._settings, Lookups(self._client))
        found = ", ".join(place.complete_name for place in stock.locations())
        advice = "" if found else "Set stock_locations to the full names of the locations whose stock is to be told."
        return [Check("stock_locations", bool(found), f"Stock is told of {found or 'no location'}.", advice)]

    def _price_lists(self) -> list[Check]:
        lists = Prices(self._client, self._settings).lists()
        named = ", ".join(row.name for row in lists.values())
        return [Check("price_lists", True, f"{named} can be read.")] if lists else []

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

    def _own_fields(self, setting: str, model: str, columns: Iterable[str]) -> list[Check]:
        wanted = sorted({field_name(column) for column in columns})
        if not wanted:
            return []
        known = self._client.fields(model, wanted, "type", "readonly")
        wrong = [name for name in wanted if not _may_be_filled(known.get(name))]
        if wrong:
            advice = (
                "Correct the name in the settings, or make the field in Odoo (with Studio, its name begins x_studio_)."
            )
            return [Check(setting, False, f"{model} has no field {', '.join(wrong)} that can be filled.", advice)]
        return [Check(setting, True, f"{model} has all {len(wanted)} fields.")]


def _takes_money(row: JournalRow | None) -> bool:
    return row is not None and row.type in ("bank", "cash", "credit")


def _may_be_filled(field: object) -> bool:
    return isinstance(field, dict) and not field.get("readonly")
