"""The entities of API v2.0 and their fields, as its pages have them: type, length, and whether one may write them.

Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/ and the pages' source.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
NO_ID = str(uuid.UUID(int=0))


@dataclass(frozen=True)
class Field:
    kind: str
    length: int = 0
    editable: bool = True

    @property
    def default(self) -> Any:
        return {"decimal": Decimal(0), "int": 0, "bool": False, "guid": NO_ID}.get(self.kind, "")


class Refusal(Exception):
    """What Business Central answers instead of doing it."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        super().__init__(code)


def _fields(text: str) -> dict[str, Field]:
    """`name:kind` with the length behind the kind, and a minus before what cannot be written."""
    found = {}
    for word in text.split():
        name, _, kind = word.removeprefix("-").partition(":")
        letters = kind.rstrip("0123456789")
        found[name] = Field(letters, int(kind[len(letters) :] or 0), not word.startswith("-"))
    return found


_MODIFIED = " -lastModifiedDateTime:datetime"
_CODED = "-id:guid code:code10 displayName:text100" + _MODIFIED
_ADDRESSES = " ".join(
    f"{who}AddressLine1:text100 {who}AddressLine2:text50 {who}City:text30 {who}Country:code10 {who}State:text30"
    f" {who}PostCode:code20"
    for who in ("sellTo", "shipTo")
)
_HEADER = (
    "-id:guid -number:code20 externalDocumentNumber:code35 postingDate:date customerId:guid customerNumber:code20"
    " -customerName:text100 billToCustomerId:guid billToCustomerNumber:code20 -billToName:text100"
    " shortcutDimension1Code:code20 shortcutDimension2Code:code20 currencyId:guid currencyCode:code10"
    " paymentTermsId:guid shipmentMethodId:guid salesperson:code20 phoneNumber:text30 email:text80"
    " discountAmount:decimal -discountAppliedBeforeTax:bool"
    " -totalAmountExcludingTax:decimal -totalTaxAmount:decimal -totalAmountIncludingTax:decimal"
    f" -status:text20 {_ADDRESSES}{_MODIFIED} "
)
_LINE = (
    "-id:guid documentId:guid sequence:int itemId:guid accountId:guid lineType:text20 lineObjectNumber:code20"
    " description:text100 unitOfMeasureId:guid unitOfMeasureCode:code10 quantity:decimal unitPrice:decimal"
    " discountAmount:decimal discountPercent:decimal -discountAppliedBeforeTax:bool -amountExcludingTax:decimal"
    " taxCode:code20 -taxPercent:decimal -totalTaxAmount:decimal -amountIncludingTax:decimal"
    " -invoiceDiscountAllocation:decimal -netAmount:decimal -netTaxAmount:decimal -netAmountIncludingTax:decimal"
    " shipmentDate:date itemVariantId:guid locationId:guid "
)

TABLES: Mapping[str, Mapping[str, Field]] = {
    name: _fields(text)
    for name, text in {
        "companies": "-id:guid -systemVersion:text20 -name:text30 -displayName:text250 -businessProfileId:text250",
        "customers": "-id:guid number:code20 displayName:text100 type:text20 addressLine1:text100 addressLine2:text50"
        " city:text30 state:text30 country:code10 postalCode:code20 phoneNumber:text30 email:text80 website:text80"
        " taxLiable:bool taxAreaId:guid -taxAreaDisplayName:text100 taxRegistrationNumber:text20 currencyId:guid"
        " currencyCode:code10 paymentTermsId:guid shipmentMethodId:guid paymentMethodId:guid blocked:text20"
        + _MODIFIED,
        "items": "-id:guid number:code20 displayName:text100 type:text20 itemCategoryId:guid itemCategoryCode:code20"
        " blocked:bool gtin:code14 -inventory:decimal unitPrice:decimal priceIncludesTax:bool unitCost:decimal"
        " taxGroupId:guid taxGroupCode:code20 baseUnitOfMeasureId:guid baseUnitOfMeasureCode:code10" + _MODIFIED,
        "itemVariants": "-id:guid itemId:guid itemNumber:code20 code:code10 description:text100",
        "itemCategories": _CODED.replace("code10", "code20"),
        "locations": _CODED,
        "currencies": _CODED,
        "paymentTerms": _CODED,
        "shipmentMethods": _CODED,
        "taxGroups": _CODED.replace("code10", "code20") + " taxType:text20",
        "accounts": "-id:guid -number:code20 -displayName:text100 -blocked:bool" + _MODIFIED,
        "generalLedgerSetup": "-id:guid -localCurrencyCode:code10" + _MODIFIED,
        "generalLedgerEntries": "-id:guid -entryNumber:int -postingDate:date -documentNumber:code20 -documentType:text20"
        " -description:text100 -debitAmount:decimal -creditAmount:decimal" + _MODIFIED,
        "customerPaymentJournals": "-id:guid code:code10 displayName:text100 balancingAccountNumber:code20" + _MODIFIED,
        "customerPayments": "-id:guid journalId:guid journalDisplayName:text10 lineNumber:int customerId:guid"
        " customerNumber:code20 postingDate:date documentNumber:code20 externalDocumentNumber:code35 amount:decimal"
        " appliesToInvoiceId:guid appliesToInvoiceNumber:code20 description:text100 comment:text250" + _MODIFIED,
        "itemLedgerEntries": "-id:guid -entryNumber:int -itemNumber:code20 -postingDate:date -entryType:text30"
        " -documentNumber:code20 -documentType:text30 -description:text100 -quantity:decimal" + _MODIFIED,
        "salesOrders": _HEADER + "orderDate:date pricesIncludeTax:bool shipToName:text100 shipToContact:text100"
        " partialShipping:bool requestedDeliveryDate:date fullyShipped:bool",
        "salesOrderLines": _LINE + "shippedQuantity:decimal invoicedQuantity:decimal invoiceQuantity:decimal"
        " shipQuantity:decimal",
        # pricesIncludeTax of a credit memo is Editable = false.
        "salesCreditMemos": _HEADER + "creditMemoDate:date dueDate:date -pricesIncludeTax:bool invoiceId:guid"
        " invoiceNumber:code20",
        "salesCreditMemoLines": _LINE,
        "salesInvoices": _HEADER + "invoiceDate:date dueDate:date -orderId:guid -orderNumber:code20"
        " -pricesIncludeTax:bool -remainingAmount:decimal shipToName:text100",
        "salesInvoiceLines": _LINE,
        "salesShipments": "-id:guid -number:code20 -externalDocumentNumber:code35 -invoiceDate:date -postingDate:date"
        " -customerId:guid -customerNumber:code20 -orderNumber:code20 -shipmentMethodCode:code10"
        " -pricesIncludeTax:bool" + _MODIFIED,
        "salesShipmentLines": "-id:guid -documentId:guid -documentNo:code20 -sequence:int -lineType:text20"
        " -lineObjectNumber:code20 -description:text100 -quantity:decimal -unitPrice:decimal",
        # Pages 38, 516 and 142, published as web services.
        "page 38": "-Entry_No:int -Item_No:code20 -Variant_Code:code10 -Location_Code:code10 -Quantity:decimal"
        " -Remaining_Quantity:decimal -Open:bool -Posting_Date:date -Document_No:code20 -Document_Line_No:int",
        "page 516": "-Document_Type:text20 -Document_No:code20 -Line_No:int -Type:text20 -No:code20 -Variant_Code:code10"
        " -Location_Code:code10 -Quantity:decimal -Outstanding_Quantity:decimal",
        "page 142": "-No:code20 -Sell_to_Customer_No:code20 -Shipping_Agent_Code:code10 -Package_Tracking_No:text50"
        " -Posting_Date:date",
    }.items()
}
CHILDREN: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "items": {"itemVariants": ("itemVariants", "itemId")},
    "salesOrders": {"salesOrderLines": ("salesOrderLines", "documentId")},
    "salesCreditMemos": {"salesCreditMemoLines": ("salesCreditMemoLines", "documentId")},
    "salesInvoices": {"salesInvoiceLines": ("salesInvoiceLines", "documentId")},
    "salesShipments": {"salesShipmentLines": ("salesShipmentLines", "documentId")},
    "customerPaymentJournals": {"customerPayments": ("customerPayments", "journalId")},
}
"""What can be expanded, the table it is in, and the field that holds the parent's id."""


def blank(table: str) -> Row:
    return {name: field.default for name, field in TABLES[table].items()}


def checked(table: str, name: str, value: Any) -> Any:
    """The value as the field keeps it. Raises Refusal as the page does."""
    field = TABLES[table].get(name)
    if field is None:
        raise Refusal(400, "BadRequest", f"The property '{name}' does not exist on type 'Microsoft.NAV.{table}'.")
    if not field.editable:
        raise Refusal(400, "Application_FieldValidationException", f"Control '{name}' is read-only.")
    if field.kind in ("text", "code"):
        return _text(name, value, field)
    if field.kind in ("decimal", "int"):
        if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
            raise Refusal(400, "BadRequest", f"Cannot convert the literal to the expected type of '{name}'.")
        return Decimal(value) if field.kind == "decimal" else int(value)
    if field.kind == "bool":
        if not isinstance(value, bool):
            raise Refusal(400, "BadRequest", f"Cannot convert the literal to the expected type of '{name}'.")
        return value
    try:
        return date.fromisoformat(value).isoformat() if field.kind == "date" else str(uuid.UUID(value))
    except (TypeError, ValueError, AttributeError):
        raise Refusal(400, "BadRequest", f"Cannot convert the literal to the expected type of '{name}'.") from None


def _text(name: str, value: Any, field: Field) -> str:
    if not isinstance(value, str):
        raise Refusal(400, "BadRequest", f"Cannot convert the literal to the expected type of '{name}'.")
    if len(value) > field.length:
        raise Refusal(
            400,
            "Application_StringExceededLength",
            f"The length of the string is {len(value)}, but it must be less than or equal to {field.length} characters."
            f" Value: {value}",
        )
    # Code fields are kept in capitals, without spaces at either end.
    return value.strip().upper() if field.kind == "code" else value.rstrip()
