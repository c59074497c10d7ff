"""A store's order as lines of a sales order. Pure: products come in as an argument.

Each line is booked so that it comes to what the store charged, to the cent. What Odoo's own rounding of taxes then adds or
takes is for `rounding_line`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.money import Money, total, zero
from erpsync.domain.orders import Order, OrderLine, ShippingLine, TaxLine
from erpsync.ports.erp_records import OrderDraft
from erpsync.systems.odoo.names import external_name, qualified, rounding_name
from erpsync.systems.odoo.settings import SYSTEM, OdooSettings
from erpsync.systems.odoo.wire import LineRow

# Odoo keeps unit prices as they are given, and percentages with two digits ("Discount" under Settings > Technical >
# Decimal Accuracy).
_PRICE = Decimal("1E-10")
_PERCENT = Decimal("0.01")
# Quantities and prices come back as binary fractions.
_SAME = Decimal("0.000001")

Catalogue = Mapping[str, tuple[int, ...]]
"""Ids of the products that have an internal reference, by that reference."""


@dataclass(frozen=True)
class Line:
    """One line of a sales order. `name` is its external id, without the module. Without a product it is a note."""

    name: str
    product_id: int | None
    text: str
    quantity: Decimal = Decimal(1)
    price_unit: Decimal = Decimal(0)
    discount: Decimal = Decimal(0)
    tax_ids: tuple[int, ...] = ()

    def cells(self, settings: OdooSettings, tax_column: str = "tax_ids") -> dict[str, str]:
        """Every line fills the same cells. An empty cell of taxes means none; without that cell Odoo chooses.
        `tax_column`: what Odoo calls the taxes of a line."""
        cells = {
            "order_line/id": qualified(self.name),
            "order_line/display_type": "" if self.product_id else "line_note",
            "order_line/product_id/.id": str(self.product_id or ""),
            "order_line/name": self.text,
            "order_line/product_uom_qty": f"{self.quantity:f}" if self.product_id else "",
            "order_line/price_unit": f"{self.price_unit:f}" if self.product_id else "",
            "order_line/discount": f"{self.discount:f}" if self.discount else "",
        }
        if settings.tax_handling != "odoo":
            cells[f"order_line/{tax_column}/.id"] = ",".join(map(str, self.tax_ids))
        return cells

    def is_booked_as(self, row: LineRow, settings: OdooSettings) -> bool:
        """Whether Odoo's line says the same already."""
        taxed_alike = settings.tax_handling == "odoo" or set(row.tax_ids) == set(self.tax_ids)
        return (
            row.product_id == self.product_id
            and row.name == self.text
            and abs(row.product_uom_qty - (self.quantity if self.product_id else 0)) < _SAME
            and abs(row.price_unit - self.price_unit) < _SAME
            and abs(row.discount - self.discount) < _SAME
            and taxed_alike
        )


def label(order: Order) -> str:
    return f"order {order.number}"


def skus_of(order: Order, settings: OdooSettings) -> set[str]:
    """The internal references of all products that the order needs."""
    return {line.sku for line in order.lines if line.quantity and line.sku} | set(settings.service_products.values())


def order_lines(draft: OrderDraft, catalogue: Catalogue, settings: OdooSettings) -> tuple[Line, ...]:
    """All lines of the order. Raises Rejected naming the line, the SKU or the setting that stands in the way."""
    booking = _Booking(draft, catalogue, settings)
    lines = [line for number, item in enumerate(draft.order.lines, 1) for line in booking.item(item, number)]
    lines += [booking.shipping(charge) for charge in draft.order.shipping_lines if charge.net.amount or charge.taxes]
    return _told_apart([*lines, *booking.extras()])


def rounding_line(draft: OrderDraft, amount: Decimal, catalogue: Catalogue, settings: OdooSettings) -> Line:
    """The line that takes the cents by which Odoo's total differs. Raises Rejected where its product is missing."""
    return _Booking(draft, catalogue, settings).rounding(amount)


def _told_apart(lines: list[Line]) -> tuple[Line, ...]:
    """Stores that number no lines may send two alike; Odoo takes each external id once."""
    seen: Counter[str] = Counter()
    apart = []
    for line in lines:
        seen[line.name] += 1
        count = seen[line.name]
        apart.append(line if count == 1 else replace(line, name=f"{line.name}__{count}"))
    return tuple(apart)


class _Booking:
    """The lines of one order."""

    def __init__(self, draft: OrderDraft, catalogue: Catalogue, settings: OdooSettings) -> None:
        self._draft = draft
        self._order = draft.order
        self._catalogue = catalogue
        self._settings = settings

    def item(self, item: OrderLine, number: int) -> list[Line]:
        if not item.quantity:
            return []
        product = self._product_of(item, number)
        # The SKU is part of the name: Odoo does not let a confirmed line change its product.
        name = self._name("item", item.source_id, item.sku)
        taxes = self._taxes(item.taxes, f"line {number}")
        net = item.net - self._inside(item.taxes)
        price, percent, apart = self._priced(item, net)
        lines = [Line(name, product, item.title or item.sku, item.quantity, price, percent, taxes)]
        if apart:
            code = self._settings.discount_product
            discount = self._name("discount", item.source_id, item.sku)
            text = f"Discount: {item.title or item.sku}"
            lines.append(
                Line(discount, self._service("discount_product", code), text, Decimal(1), apart, tax_ids=taxes)
            )
        return lines

    def shipping(self, charge: ShippingLine) -> Line:
        product = self._service("shipping_product", self._settings.shipping_product)
        net = charge.net - self._inside(charge.taxes)
        text = f"Shipping: {charge.title or charge.code}"
        taxes = self._taxes(charge.taxes, "shipping")
        return Line(self._name("shipping", charge.source_id), product, text, Decimal(1), net.amount, tax_ids=taxes)

    def extras(self) -> Iterable[Line]:
        """Tax as a line where it is booked so, what the store charged besides, and the customer's note."""
        order, settings = self._order, self._settings
        if settings.tax_handling == "line" and order.tax.amount:
            yield self._charge("tax", "Tax", order.tax, "tax_product", settings.tax_product)
        for kind, text, amount in (
            ("tip", "Tip", order.tip),
            ("duties", "Duties", order.duties),
            ("fees", "Fees", order.fees),
        ):
            if amount.amount:
                yield self._charge(kind, text, amount, "charge_product", settings.charge_product)
        if order.rounding.amount:
            yield self._charge("rounding", "Rounding", order.rounding, "rounding_product", settings.rounding_product)
        if order.note.strip():
            yield Line(self._name("note"), None, order.note.strip())

    def rounding(self, amount: Decimal) -> Line:
        product = self._service("rounding_product", self._settings.rounding_product)
        return Line(rounding_name(self._draft.reference), product, "Rounding difference", Decimal(1), amount)

    def _charge(self, kind: str, text: str, amount: Money, setting: str, code: str) -> Line:
        return Line(self._name(kind), self._service(setting, code), text, Decimal(1), amount.amount)

    def _name(self, kind: str, *parts: str) -> str:
        return external_name("line", self._draft.reference, kind, *parts)

    def _priced(self, item: OrderLine, net: Money) -> tuple[Decimal, Decimal, Decimal]:
        """Unit price, percentage, and what must go on a discount line, so that the line comes to `net` exactly."""
        gross = item.unit_price.amount * item.quantity
        lowered = net.amount - gross
        if not lowered:
            return item.unit_price.amount, Decimal(0), Decimal(0)
        if net == item.net and gross:
            percent = (-lowered / gross * 100).quantize(_PERCENT, ROUND_HALF_UP)
            if 0 < percent <= 100 and gross * (100 - percent) / 100 == net.amount:
                return item.unit_price.amount, percent, Decimal(0)
            if self._settings.discount_product:
                return item.unit_price.amount, Decimal(0), lowered
        return (net.amount / item.quantity).quantize(_PRICE, ROUND_HALF_UP).normalize(), Decimal(0), Decimal(0)

    def _inside(self, taxes: tuple[TaxLine, ...]) -> Money:
        """The tax that the price contains and that goes on a line of its own."""
        if self._settings.tax_handling == "line" and self._order.taxes_included:
            return total([tax.amount for tax in taxes], self._order.currency)
        return zero(self._order.currency)

    def _taxes(self, taxes: tuple[TaxLine, ...], where: str) -> tuple[int, ...]:
        if self._settings.tax_handling != "mapped":
            return ()
        setting = "taxes_included" if self._order.taxes_included else "taxes"
        table = self._settings.taxes_included if self._order.taxes_included else self._settings.taxes
        ids = []
        for tax in taxes:
            if not tax.amount.amount:
                # A rate of zero may have its own tax in Odoo. An exempt customer's order names rates and charges nothing.
                ids += [table[tax.rate]] if tax.rate == 0 and tax.rate in table else []
                continue
            if tax.rate is None:
                raise self._rejected(
                    "tax-rate-missing",
                    f"The store tells no rate for the tax on {where}.",
                    'Set tax_handling = "line" on the Odoo connection to book the store\'s amounts, then replay.',
                )
            if tax.rate not in table:
                raise self._rejected(
                    "unknown-tax-rate",
                    f"No Odoo tax is given for the rate {tax.rate.normalize():f} on {where}.",
                    f'Add "{tax.rate.normalize():f}" to {setting} of the Odoo connection, restart the workers and replay.',
                )
            ids.append(table[tax.rate])
        return tuple(dict.fromkeys(ids))

    def _product_of(self, item: OrderLine, number: int) -> int:
        if not item.sku:
            raise self._rejected(
                "unknown-sku", f"Line {number} has no SKU.", "Give the product a SKU in the store, then replay."
            )
        found = self._catalogue.get(item.sku, ())
        if not found:
            raise self._rejected(
                "unknown-sku",
                f"No product in Odoo has the internal reference {item.sku} (line {number}).",
                "Create the product in Odoo, or correct its internal reference, then replay.",
            )
        return self._one(item.sku, found)

    def _service(self, setting: str, code: str) -> int:
        if not code:
            raise self._rejected(
                "product-not-set",
                f"The order has an amount that needs {setting}, which is not set.",
                f"Set {setting} of the Odoo connection to a service product's internal reference, then replay.",
            )
        found = self._catalogue.get(code, ())
        if not found:
            raise self._rejected(
                "unknown-sku",
                f"No product in Odoo has the internal reference {code}, which {setting} names.",
                "Create the service product in Odoo, or correct the setting, then replay.",
            )
        return self._one(code, found)

    def _one(self, sku: str, found: tuple[int, ...]) -> int:
        if len(found) > 1:
            raise self._rejected(
                "ambiguous-sku",
                f"{len(found)} products in Odoo have the internal reference {sku}.",
                "Archive or rename all but one of them in Odoo, then replay.",
            )
        return found[0]

    def _rejected(self, code: str, what: str, next_step: str) -> Rejected:
        return Rejected(code, system=SYSTEM, record=label(self._order), what=what, next_step=next_step)
