"""Refunds as sales credit memos: a draft with all its lines by one request, brought to the refund's total, then posted.

A credit memo takes its prices without tax unless the customer card says otherwise: pricesIncludeTax cannot be written.
Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/resources/dynamics_salescreditmemo
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError
from erpsync.domain.ids import TargetId
from erpsync.domain.money import Money
from erpsync.domain.payments import Refund, RefundLine
from erpsync.ports.erp_records import RecordRef, RefundDraft, Written
from erpsync.systems.dynamics.business_central import lines
from erpsync.systems.dynamics.business_central.client import BusinessCentral, Request, text
from erpsync.systems.dynamics.business_central.lines import ROUNDING, Line
from erpsync.systems.dynamics.business_central.lookups import Lookups
from erpsync.systems.dynamics.business_central.references import code_of
from erpsync.systems.dynamics.business_central.settings import SYSTEM, BusinessCentralSettings
from erpsync.systems.dynamics.business_central.totals import WITH_LINES, by_number
from erpsync.systems.dynamics.business_central.wire import CreditMemo, CreditMemoLine, InvoiceLine, SalesInvoice, select

_NOTHING = Decimal(0)
_DRAFTS = ("Draft", "In Review", "In_x0020_Review")
# Unit prices are kept with five decimals: General Ledger Setup, Unit-Amount Rounding Precision.
_PRICE_UNIT = Decimal("0.00001")
_MEMO = {"$select": select(CreditMemo), "$expand": f"salesCreditMemoLines($select={select(CreditMemoLine)})"}


@dataclass(frozen=True)
class _Sale:
    """What was sold: the customer, the tax of each line by type and number, and the invoice that is open."""

    customer_id: str
    currency: str
    taxes: dict[tuple[str, str], tuple[str, Decimal]] = field(default_factory=dict)
    open_invoice: Any = None


class Refunds:
    def __init__(self, client: BusinessCentral, settings: BusinessCentralSettings, lookups: Lookups) -> None:
        self._client = client
        self._settings = settings
        self._lookups = lookups

    def post(self, drafts: Sequence[RefundDraft]) -> dict[str, Written]:
        """One after another: refunds are few, and each takes several steps."""
        written: dict[str, Written] = {}
        for draft in drafts:
            try:
                written[draft.reference] = self._post(draft)
            except SyncError as error:
                written[draft.reference] = error
        return written

    def _post(self, draft: RefundDraft) -> RecordRef:
        """Looks first: an earlier attempt may have left a draft to be finished, or all of it."""
        memo = self._find(draft) or self._make(draft)
        if memo["status"] in _DRAFTS:
            self._settle(draft, memo)
            if self._settings.post_credit_memos:
                path = f"salesCreditMemos({memo['id']})/Microsoft.NAV.post"
                self._do(Request("POST", path, record=_record(draft)))
                memo = self._find(draft) or memo
        return RecordRef(TargetId(memo["id"]), memo["number"])

    def _find(self, draft: RefundDraft) -> Any:
        where = {"$filter": f"externalDocumentNumber eq {text(code_of(draft.reference))}"}
        found = self._client.read("salesCreditMemos", {**_MEMO, **where})
        if len(found) > 1:
            names = ", ".join(memo["number"] for memo in found)
            raise Rejected(
                "found-twice",
                system=SYSTEM,
                record=_record(draft),
                what=f"Business Central holds {len(found)} credit memos for this refund: {names}.",
                next_step="Delete or cancel all but one there, then replay.",
            )
        return found[0] if found else None

    def _make(self, draft: RefundDraft) -> Any:
        sale = self._sale(draft)
        memo = self._create(draft, sale, gross=False)
        if memo["pricesIncludeTax"]:
            self._discard(memo, draft)
            memo = self._create(draft, sale, gross=True)
        return memo

    def _create(self, draft: RefundDraft, sale: _Sale, *, gross: bool) -> Any:
        of_memo = self._lines(draft, sale, gross=gross)
        body = {
            "externalDocumentNumber": code_of(draft.reference),
            "creditMemoDate": draft.refund.created_at.astimezone(self._settings.zone).date().isoformat(),
            "customerId": sale.customer_id,
            "currencyCode": sale.currency,
            "salesCreditMemoLines": [line.payload() for line in of_memo],
        }
        if sale.open_invoice is not None and sale.open_invoice["remainingAmount"] >= draft.refund.total.amount:
            body["invoiceNumber"] = sale.open_invoice["number"]
        self._do(Request("POST", "salesCreditMemos", body=body, record=_record(draft)))
        made = self._find(draft)
        if made is None:
            what = "The credit memo that was made is not there to be read."
            raise OutcomeUnknown(
                "not-found-again",
                system=SYSTEM,
                record=_record(draft),
                what=what,
                settle_seconds=float(self._settings.settle_seconds),
            )
        return made

    def _settle(self, draft: RefundDraft, memo: Any) -> None:
        present = next((line for line in memo["salesCreditMemoLines"] if line["description"] == ROUNDING), None)
        try:
            line = lines.rounding_line(
                record=_record(draft),
                wanted=draft.refund.total,
                computed=Decimal(memo["totalAmountIncludingTax"]),
                base=_NOTHING,
                present=Decimal(present["unitPrice"]) if present else _NOTHING,
                figures=f"net {memo['totalAmountExcludingTax']} + tax {memo['totalTaxAmount']}",
                settings=self._settings,
            )
        except Rejected:
            self._discard(memo, draft)
            raise
        if line is None:
            return
        if present is None:
            path = f"salesCreditMemos({memo['id']})/salesCreditMemoLines"
            self._do(Request("POST", path, body=line.payload(), record=_record(draft)))
        else:
            path = f"salesCreditMemoLines({present['id']})"
            body = {"unitPrice": line.unit_price}
            self._do(Request("PATCH", path, body=body, etag=present["@odata.etag"], record=_record(draft)))

    def _discard(self, memo: Any, draft: RefundDraft) -> None:
        self._do(Request("DELETE", f"salesCreditMemos({memo['id']})", etag="*", record=_record(draft)))

    def _do(self, request: Request) -> None:
        answer = self._client.write(request)
        if answer.error is not None:
            raise answer.error

    def _sale(self, draft: RefundDraft) -> _Sale:
        """From the sales order where it is still there, else from its invoices: tax goes back as it was charged."""
        number = draft.order_id
        orders = by_number(self._client, "salesOrders", "number", [number], WITH_LINES)
        expand = f"salesInvoiceLines($select={select(InvoiceLine)})"
        params = {"$select": select(SalesInvoice), "$expand": expand}
        invoices = by_number(self._client, "salesInvoices", "orderNumber", [number], params)
        documents = [*orders, *invoices]
        if not documents:
            raise Rejected(
                "order-gone",
                system=SYSTEM,
                record=_record(draft),
                what=f"Business Central has neither sales order {number} nor an invoice of it.",
                next_step="Credit the customer by hand in Business Central, then discard this job.",
            )
        taxes = {
            (line["lineType"], line["lineObjectNumber"].upper()): (line["taxCode"], Decimal(line["taxPercent"]))
            for document in documents
            for line in document.get("salesOrderLines") or document.get("salesInvoiceLines") or ()
        }
        still_open = [invoice for invoice in invoices if invoice["status"] == "Open"]
        return _Sale(
            documents[0]["customerId"],
            documents[0]["currencyCode"],
            taxes,
            still_open[0] if len(still_open) == 1 else None,
        )

    def _lines(self, draft: RefundDraft, sale: _Sale, *, gross: bool) -> list[Line]:
        refund = draft.refund
        tax_on_top = _tax_on_top(refund, draft)
        items = self._lookups.items(line.sku for line in refund.lines if line.sku)
        made = []
        for line in refund.lines:
            paid = line.amount.amount + (line.tax.amount if tax_on_top else _NOTHING)
            found = items.get(line.sku)
            if line.restocked and line.quantity > 0 and found is not None:
                code, percent = sale.taxes.get(("Item", found.number.upper()), self._untaxed())
                price = _net(paid, percent, gross) / line.quantity
                made.append(
                    Line(
                        kind="Item",
                        number=found.number,
                        quantity=line.quantity,
                        unit_price=_price(price),
                        tax_code=code,
                        variant_id=found.variant_id,
                        location_id=self._lookups.location_id(_record(draft)),
                    )
                )
            elif paid:
                number = found.number.upper() if found else ""
                tax = sale.taxes.get(("Item", number), self._untaxed())
                made.append(self._on_account("adjustment_account", _title(line), paid, tax, draft, gross))
        if refund.shipping.amount:
            account = self._settings.charge("shipping_account")
            tax = sale.taxes.get((account[0], account[1].upper()), self._untaxed()) if account else self._untaxed()
            made.append(self._on_account("shipping_account", "Shipping", refund.shipping.amount, tax, draft, gross))
        if refund.adjustment.amount:
            amount = refund.adjustment.amount
            made.append(self._on_account("adjustment_account", "Adjustment", amount, self._untaxed(), draft, gross))
        return made

    def _on_account(
        self, setting: str, title: str, paid: Decimal, tax: tuple[str, Decimal], draft: RefundDraft, gross: bool
    ) -> Line:
        account = self._settings.charge(setting)
        if account is None:
            money = Money(amount=paid, currency=draft.refund.total.currency)
            raise lines.no_account("a refund without goods", setting, money, _record(draft))
        code, percent = tax
        price = _price(_net(paid, percent, gross))
        return Line(*account, Decimal(1), price, tax_code=code, description=title)

    def _untaxed(self) -> tuple[str, Decimal]:
        return lines.untaxed(self._settings), _NOTHING


def _tax_on_top(refund: Refund, draft: RefundDraft) -> bool:
    """Whether the lines' tax comes on top of their amounts: only one of the two adds up to what the buyer received."""
    rest = refund.shipping + refund.adjustment
    amounts = sum((line.amount.amount for line in refund.lines), _NOTHING) + rest.amount
    tax = sum((line.tax.amount for line in refund.lines), _NOTHING)
    total = refund.total.rounded().amount
    if Money(amount=amounts + tax, currency=refund.total.currency).rounded().amount == total:
        return True
    if Money(amount=amounts, currency=refund.total.currency).rounded().amount == total:
        return False
    raise Rejected(
        "refund-does-not-add-up",
        system=SYSTEM,
        record=_record(draft),
        what=f"Lines, shipping and adjustment come to {amounts}, with tax {amounts + tax}, but the buyer received "
        f"{refund.total}.",
        next_step="Credit the customer by hand in Business Central, then discard this job.",
    )


def _net(paid: Decimal, percent: Decimal, gross: bool) -> Decimal:
    return paid if gross else paid * 100 / (100 + percent)


def _price(amount: Decimal) -> Decimal:
    return amount.quantize(_PRICE_UNIT).normalize()


def _title(line: RefundLine) -> str:
    return f"Refund {line.sku}"[:100]


def _record(draft: RefundDraft) -> str:
    return f"refund {draft.reference}"
