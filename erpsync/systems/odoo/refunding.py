"""A refund as lines of a credit note. Pure: what has to be looked up comes in as arguments.

Lines take product and taxes from the sales order's own lines. What the parts of the refund leave of what the buyer received
goes on a line of its own, so that the lines come to that amount before Odoo rounds any tax.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from erpsync.domain.money import total
from erpsync.domain.payments import RefundLine
from erpsync.ports.erp_records import RefundDraft
from erpsync.systems.odoo import names, refusals
from erpsync.systems.odoo.booking import Catalogue
from erpsync.systems.odoo.settings import OdooSettings
from erpsync.systems.odoo.wire import LineRow, OrderRow, TaxRow

_PRICE = Decimal("1E-10")
_ONE = Decimal(1)
_NONE = Decimal(0)


@dataclass(frozen=True)
class RefundedOrder:
    """The sales order that a refund belongs to. `lines`: its lines that are ours, by external id without the module."""

    row: OrderRow
    lines: Mapping[str, LineRow]
    invoice_id: int | None
    """The invoice that the credit note reverses, where there is exactly one."""


@dataclass(frozen=True)
class CreditLine:
    name: str
    product_id: int
    text: str
    price_unit: Decimal
    quantity: Decimal = _ONE
    tax_ids: tuple[int, ...] = ()
    sale_line_id: int | None = None
    """The sales order's line, where goods came back: Odoo then counts them as not invoiced."""

    def cells(self) -> dict[str, str]:
        return {
            "invoice_line_ids/id": names.qualified(self.name),
            "invoice_line_ids/product_id/.id": str(self.product_id),
            "invoice_line_ids/name": self.text,
            "invoice_line_ids/quantity": f"{self.quantity:f}",
            "invoice_line_ids/price_unit": f"{self.price_unit:f}",
            "invoice_line_ids/tax_ids/.id": ",".join(map(str, self.tax_ids)),
            "invoice_line_ids/sale_line_ids/.id": str(self.sale_line_id or ""),
        }


def credit_lines(
    draft: RefundDraft,
    order: RefundedOrder,
    catalogue: Catalogue,
    taxes: Mapping[int, TaxRow],
    settings: OdooSettings,
) -> tuple[CreditLine, ...]:
    """All lines of the credit note. Raises Rejected naming the line or the setting that stands in the way."""
    crediting = _Crediting(draft, order, catalogue, taxes, settings)
    lines = [crediting.item(line, number) for number, line in enumerate(draft.refund.lines, 1) if line.amount.amount]
    return (*lines, *crediting.others())


def rounding_line(draft: RefundDraft, amount: Decimal, catalogue: Catalogue, settings: OdooSettings) -> CreditLine:
    """The line that takes the cents by which Odoo's total differs. Raises Rejected where its product is missing."""
    label = f"refund {draft.reference}"
    product = _service("rounding_product", settings.rounding_product, catalogue, label)
    return CreditLine(_name(draft, "difference"), product, "Rounding difference", amount)


class _Crediting:
    """The lines of one credit note."""

    def __init__(
        self,
        draft: RefundDraft,
        order: RefundedOrder,
        catalogue: Catalogue,
        taxes: Mapping[int, TaxRow],
        settings: OdooSettings,
    ) -> None:
        self._draft = draft
        self._order = order
        self._catalogue = catalogue
        self._taxes = taxes
        self._settings = settings
        self._tax_inside = draft.refund.taxes_included

    def item(self, line: RefundLine, number: int) -> CreditLine:
        sold = self._sold(line)
        gross = line.amount.amount if self._tax_inside else line.amount.amount + line.tax.amount
        tax_ids = tuple(sold.tax_ids) if line.tax.amount else ()
        price = gross if self._included(tax_ids) else gross - line.tax.amount
        quantity = line.quantity or _ONE
        return CreditLine(
            _name(self._draft, "item", str(number)),
            sold.product_id or 0,
            sold.name or line.sku,
            (price / quantity).quantize(_PRICE, ROUND_HALF_UP).normalize(),
            quantity,
            tax_ids,
            sold.id if line.restocked and line.quantity else None,
        )

    def others(self) -> list[CreditLine]:
        """Tax where it is booked as a line, shipping, and the rest."""
        refund, made = self._draft.refund, []
        taxes = [line.tax for line in refund.lines if line.amount.amount and not self._sold(line).tax_ids]
        untaxed = total(taxes, refund.total.currency).amount
        if untaxed:
            made.append(self._charge("tax", "Tax", untaxed, "tax_product", self._settings.tax_product))
        if refund.shipping.amount:
            made.append(self._shipping(refund.shipping.amount))
        if rest := self._rest():
            text = refund.reason.strip() or "Refund"
            made.append(self._charge("rest", text, rest, "refund_product", self._settings.refund_product))
        return made

    def _shipping(self, gross: Decimal) -> CreditLine:
        """What the buyer got back holds the tax that was charged on shipping."""
        prefix = names.external_name("line", self._draft.order_reference, "shipping")
        sold = next((line for name, line in sorted(self._order.lines.items()) if name.startswith(prefix)), None)
        tax_ids = tuple(sold.tax_ids) if sold else ()
        rate = sum((self._taxes[number].amount for number in tax_ids if number in self._taxes), _NONE) / 100
        price = gross if self._included(tax_ids) else (gross / (1 + rate)).quantize(_PRICE, ROUND_HALF_UP).normalize()
        code = self._settings.shipping_product
        product = (sold.product_id if sold else None) or self._product("shipping_product", code)
        return CreditLine(_name(self._draft, "shipping"), product, "Shipping", price, tax_ids=tax_ids)

    def _rest(self) -> Decimal:
        """The refund's adjustment, and whatever its parts do not explain."""
        refund = self._draft.refund
        items = [line.amount for line in refund.lines]
        if not self._tax_inside:
            items += [line.tax for line in refund.lines]
        return (refund.total - total(items, refund.total.currency) - refund.shipping).amount

    def _sold(self, line: RefundLine) -> LineRow:
        """The sales order's line: by the store's line, else by the SKU."""
        reference = self._draft.order_reference
        exact = names.external_name("line", reference, "item", line.line_source_id, line.sku)
        if exact in self._order.lines:
            return self._order.lines[exact]
        products = self._catalogue.get(line.sku, ())
        alike = [sold for sold in self._order.lines.values() if sold.product_id in products]
        if not alike:
            raise refusals.refund_line_unknown(self._label, line.sku)
        return alike[0]

    def _included(self, tax_ids: tuple[int, ...]) -> bool:
        """Whether Odoo takes prices under these taxes for gross; without taxes there is no difference."""
        return any(self._taxes[number].price_include for number in tax_ids if number in self._taxes)

    def _charge(self, kind: str, text: str, amount: Decimal, setting: str, code: str) -> CreditLine:
        return CreditLine(_name(self._draft, kind), self._product(setting, code), text, amount)

    def _product(self, setting: str, code: str) -> int:
        return _service(setting, code, self._catalogue, self._label)

    @property
    def _label(self) -> str:
        return f"refund {self._draft.reference}"


def _service(setting: str, code: str, catalogue: Catalogue, label: str) -> int:
    if not code:
        raise refusals.product_not_set(label, setting)
    found = catalogue.get(code, ())
    if len(found) != 1:
        raise refusals.product_unknown(label, setting, code)
    return found[0]


def _name(draft: RefundDraft, kind: str, *parts: str) -> str:
    return names.external_name("refundline", draft.reference, kind, *parts)
