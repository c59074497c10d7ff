"""Refunds, as sales orders with negative quantities: F&O's invoicing turns them into credit notes.

Goods that come back are credited as goods, so that they are received again; what does not come back, shipping and goodwill
are credited on service items. Tax is that of the order's own lines.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from erpsync.domain.errors import Rejected
from erpsync.domain.ids import Sku
from erpsync.domain.payments import RefundLine
from erpsync.ports.erp_records import RefundDraft, Written
from erpsync.systems.dynamics.finance_operations import amounts, refusals, standing
from erpsync.systems.dynamics.finance_operations.amounts import Item, Line
from erpsync.systems.dynamics.finance_operations.booking import Booking
from erpsync.systems.dynamics.finance_operations.client import FoClient
from erpsync.systems.dynamics.finance_operations.items import Items
from erpsync.systems.dynamics.finance_operations.mapper import Document, charge_item, document, fixed, places, tax_group
from erpsync.systems.dynamics.finance_operations.settings import FinanceOperationsSettings
from erpsync.systems.dynamics.finance_operations.standing import Standing


class Refunds:
    def __init__(self, client: FoClient, settings: FinanceOperationsSettings, items: Items, booking: Booking) -> None:
        self._client = client
        self._settings = settings
        self._items = items
        self._booking = booking

    def post(self, drafts: Sequence[RefundDraft]) -> Mapping[str, Written]:
        """Each is looked for first. A header that an earlier attempt left without lines gets them now."""
        found = self._booking.find([draft.reference for draft in drafts])
        numbers = [ref.target_id for refs in found.values() for ref in refs]
        orders = standing.read(self._client, [*numbers, *(draft.order_id for draft in drafts)])
        items = self._items.find(line.sku for draft in drafts for line in draft.refund.lines)
        results: dict[str, Written] = {}
        new: list[Document] = []
        bare: dict[str, Document] = {}
        for draft in drafts:
            known = found[draft.reference]
            begun = orders.get(known[0].target_id) if known else None
            if known and (begun is None or begun.lines):
                results[draft.reference] = known[0]
                continue
            try:
                made = self._document(draft, orders.get(draft.order_id), items)
            except Rejected as error:
                results[draft.reference] = error
                continue
            if known:
                bare[known[0].target_id] = made
            else:
                new.append(made)
        results |= {bare[number].reference: answer for number, answer in self._booking.fill(bare).items()}
        results |= self._booking.make(new)
        return {**results, **self._booking.taken(new, results)}

    def _document(self, draft: RefundDraft, order: Standing | None, items: Mapping[Sku, Item]) -> Document:
        record, settings = f"refund {draft.reference}", self._settings
        if order is None:
            raise refusals.order_gone(draft.order_id)
        currency = order.header["CurrencyCode"]
        included = order.header["ArePricesIncludingSalesTax"] == "Yes"
        lines = [
            _credit(self._line(line, order, items, record, included=included))
            for line in draft.refund.lines
            if line.quantity or line.amount.amount
        ]
        if draft.refund.shipping.amount:
            lines.append(_credit(self._shipping(draft.refund.shipping.amount, order, record, included=included)))
        lines = self._balanced(draft, lines, currency, record, included=included)
        header = {
            **fixed(settings),
            **places(settings, "Default"),
            "OrderingCustomerAccountNumber": order.header["OrderingCustomerAccountNumber"],
            "InvoiceCustomerAccountNumber": order.header["OrderingCustomerAccountNumber"],
            "CustomerRequisitionNumber": order.number,
            "CurrencyCode": currency,
            "ArePricesIncludingSalesTax": order.header["ArePricesIncludingSalesTax"],
        }
        if order.header["SalesTaxGroupCode"]:
            header["SalesTaxGroupCode"] = order.header["SalesTaxGroupCode"]
        return document(draft.reference, record, header, lines, settings, currency)

    def _line(
        self, line: RefundLine, order: Standing, items: Mapping[Sku, Item], record: str, *, included: bool
    ) -> Line:
        item = items.get(line.sku)
        # What comes back is one of the store's goods; money without goods may be for any line.
        returns = line.restocked and bool(line.quantity)
        if item is None and returns:
            raise refusals.sku_unknown(record, [line.sku], self._settings.company)
        group = next((one["SalesTaxItemGroupCode"] for one in order.lines if standing.item_of(one) == item), "")
        rates = self._percents(group)
        if len(rates) != 1:
            known = rates or [Decimal(rate) for rate in self._settings.tax_codes]
            rate = amounts.rate_of(line.tax.amount, line.amount, known, included=included)
            if rate is None:
                raise refusals.rate_unknown(record, line.sku)
            rates, group = [rate], tax_group(rate, record, self._settings)
        if item is not None and returns:
            return Line(item, line.quantity, amounts.per_unit(line.amount.amount, line.quantity), rates[0], group)
        service = charge_item("refund_charge", record, self._settings)
        return amounts.once(service, line.amount.amount, rates[0], group, str(line.sku))

    def _shipping(self, gross: Decimal, order: Standing, record: str, *, included: bool) -> Line:
        """`gross` is what the buyer received, tax and all; it is taxed as the order's own shipping was."""
        item = charge_item("shipping_charge", record, self._settings)
        group = next((line["SalesTaxItemGroupCode"] for line in order.lines if line["ItemNumber"] == item), "")
        rates = self._percents(group)
        if len(rates) != 1:
            rates, group = [Decimal(0)], tax_group(Decimal(0), record, self._settings)
        [percent] = rates
        net = gross if included else amounts.rounded(gross / (1 + percent / 100), order.header["CurrencyCode"])
        return amounts.once(item, net, percent, group)

    def _balanced(
        self, draft: RefundDraft, lines: list[Line], currency: str, record: str, *, included: bool
    ) -> list[Line]:
        """With the adjustment, and the cents that F&O's tax differs by, on `refund_charge`."""
        per_line = self._settings.tax_calculation == "line"
        wanted = -draft.refund.total.rounded().amount
        missing = wanted - amounts.total(lines, currency, included=included, per_line=per_line)
        if abs(missing + draft.refund.adjustment.amount) > self._settings.rounding_limit:
            told = amounts.arithmetic(lines, currency, wanted, included=included, per_line=per_line)
            raise refusals.totals_differ(record, told)
        if not missing:
            return lines
        item = charge_item("refund_charge", record, self._settings)
        return [*lines, amounts.once(item, missing, Decimal(0), tax_group(Decimal(0), record, self._settings))]

    def _percents(self, group: str) -> list[Decimal]:
        """The rates that an item sales tax group stands for: none where it is not in the settings, several where the sales
        tax group makes the difference."""
        return [Decimal(percent) for percent, code in self._settings.tax_codes.items() if code == group]


def _credit(line: Line) -> Line:
    """The same the other way round."""
    return Line(line.item, -line.quantity, line.price, line.percent, line.tax_group, line.discount, line.text)
