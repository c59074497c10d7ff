"""Products with their variants, archived ones included."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.ids import Sku, TargetId
from erpsync.domain.products import Product, Variant
from erpsync.ports.pages import Page, Since
from erpsync.systems.odoo.changes import ALL, Reading, each_read, told
from erpsync.systems.odoo.client import OdooClient
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire_catalogue import TemplateRow, ValueRow, VariantRow

_GRAMS = {"kg": Decimal(1000), "lb": Decimal("453.59237")}


class Products:
    """The products' part of the Erp port."""

    def __init__(self, client: OdooClient, settings: OdooSettings) -> None:
        self._client = client
        self._settings = settings

    def changed(self, since: Since) -> Page[Product]:
        reading = Reading.of(since, self._client, self._settings)
        domain = reading.changed("write_date", "product_variant_ids.write_date")
        templates = self._client.page(TemplateRow, domain, limit=self._settings.page_size, context=ALL)
        ids = [row.id for row in templates.rows]
        variants: dict[int, list[VariantRow]] = defaultdict(list)
        for row in self._client.search_in(VariantRow, "product_tmpl_id", ids, context=ALL):
            # Without an internal reference there is nothing that a store could know it by.
            if row.default_code:
                variants[row.product_tmpl_id].append(row)
        values = self._values([row for rows in variants.values() for row in rows])
        products = each_read(
            [row for row in templates.rows if row.id in variants],
            lambda row: product(row, variants[row.id], values),
            lambda row: f"product {row.id}",
        )
        return told(reading, templates, products)

    def _values(self, variants: Sequence[VariantRow]) -> dict[int, ValueRow]:
        ids = sorted({number for row in variants for number in row.product_template_attribute_value_ids})
        return {row.id: row for row in self._client.search_in(ValueRow, "id", ids, context=ALL)}


def product(template: TemplateRow, variants: Sequence[VariantRow], values: Mapping[int, ValueRow]) -> Product:
    """The attributes stand in the order in which Odoo's users put them on the product."""
    used = {number for row in variants for number in row.product_template_attribute_value_ids if number in values}
    attributes = dict.fromkeys(
        values[number].attribute_id for number in sorted(used, key=lambda each: values[each].attribute_line_id or 0)
    )
    sold = template.active and template.sale_ok
    grams = _GRAMS.get(template.weight_uom_name)
    made = []
    for row in variants:
        chosen = {
            values[each].attribute_id: values[each].name
            for each in row.product_template_attribute_value_ids
            if each in values
        }
        made.append(
            Variant(
                sku=Sku(row.default_code),
                options=tuple(chosen.get(name, "") for name in attributes),
                barcode=row.barcode,
                weight_grams=row.weight * grams if row.weight and grams else None,
                active=sold and row.active,
            )
        )
    changed = [each for each in (template.write_date, *(row.write_date for row in variants)) if each]
    return Product(
        id=TargetId(str(template.id)),
        title=template.name,
        description=template.description_sale,
        active=sold,
        categories=(template.categ_id,) if template.categ_id else (),
        options=tuple(attributes),
        variants=tuple(made),
        changed_at=max(changed, default=None),
    )
