"""What goes over the wire, as API v2.0 and the published pages spell it. `$select` asks for these fields and no others.

Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/api-reference/v2.0/ and, for what may be
written, the API pages themselves: https://github.com/microsoft/ALAppExtensions/tree/main/Apps/W1/APIV2/app/src/pages
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias, TypedDict

Payload: TypeAlias = dict[str, Any]
NO_ID = "00000000-0000-0000-0000-000000000000"


class Company(TypedDict):
    id: str
    name: str
    displayName: str


class Coded(TypedDict):
    id: str
    code: str


class Category(TypedDict):
    id: str
    code: str
    displayName: str


class Ledger(TypedDict):
    id: str
    localCurrencyCode: str


class LedgerEntry(TypedDict):
    documentNumber: str


class ItemEntry(TypedDict):
    entryNumber: int
    itemNumber: str


class ItemVariant(TypedDict):
    id: str
    code: str
    description: str


class Item(TypedDict):
    id: str
    number: str
    displayName: str
    type: str
    itemCategoryCode: str
    blocked: bool
    gtin: str
    unitPrice: Decimal
    priceIncludesTax: bool
    baseUnitOfMeasureCode: str
    lastModifiedDateTime: str


class Customer(TypedDict):
    id: str
    number: str
    displayName: str
    type: str
    phoneNumber: str
    email: str
    blocked: str
    lastModifiedDateTime: str


class OrderLine(TypedDict):
    id: str
    sequence: int
    itemId: str
    lineType: str
    lineObjectNumber: str
    description: str
    quantity: Decimal
    unitPrice: Decimal
    discountAmount: Decimal
    taxCode: str
    taxPercent: Decimal
    amountIncludingTax: Decimal
    shippedQuantity: Decimal
    invoicedQuantity: Decimal
    itemVariantId: str


class SalesOrder(TypedDict):
    id: str
    number: str
    externalDocumentNumber: str
    customerId: str
    currencyCode: str
    pricesIncludeTax: bool
    totalAmountExcludingTax: Decimal
    totalTaxAmount: Decimal
    totalAmountIncludingTax: Decimal
    lastModifiedDateTime: str


class ShipmentLine(TypedDict):
    sequence: int
    lineType: str
    lineObjectNumber: str
    quantity: Decimal


class SalesShipment(TypedDict):
    id: str
    number: str
    externalDocumentNumber: str
    orderNumber: str
    postingDate: str
    lastModifiedDateTime: str


class InvoiceLine(TypedDict):
    lineType: str
    lineObjectNumber: str
    taxCode: str
    taxPercent: Decimal
    itemVariantId: str


class SalesInvoice(TypedDict):
    id: str
    number: str
    externalDocumentNumber: str
    orderNumber: str
    customerId: str
    invoiceDate: str
    currencyCode: str
    remainingAmount: Decimal
    totalAmountIncludingTax: Decimal
    status: str
    lastModifiedDateTime: str


class CreditMemoLine(TypedDict):
    id: str
    lineType: str
    lineObjectNumber: str
    description: str
    unitPrice: Decimal


class CreditMemo(TypedDict):
    id: str
    number: str
    externalDocumentNumber: str
    pricesIncludeTax: bool
    totalAmountExcludingTax: Decimal
    totalTaxAmount: Decimal
    totalAmountIncludingTax: Decimal
    status: str


class CustomerPayment(TypedDict):
    id: str
    documentNumber: str
    externalDocumentNumber: str


class WebhookSubscription(TypedDict):
    subscriptionId: str
    notificationUrl: str
    resource: str
    clientState: str
    expirationDateTime: str


# Pages published as web services: field names are the captions of the page's controls, underscored.
# https://learn.microsoft.com/dynamics365/business-central/across-how-publish-web-service
class StockRow(TypedDict):
    Entry_No: int
    Item_No: str
    Variant_Code: str
    Location_Code: str
    Remaining_Quantity: Decimal


class ShippedEntry(TypedDict):
    """An entry of page 38 that a shipment made."""

    Document_No: str
    Document_Line_No: int
    Item_No: str
    Variant_Code: str


class PromisedRow(TypedDict):
    No: str
    Variant_Code: str
    Location_Code: str
    Outstanding_Quantity: Decimal


class TrackingRow(TypedDict):
    No: str
    Shipping_Agent_Code: str
    Package_Tracking_No: str


ORDER_FIELDS = frozenset(
    {
        "orderDate",
        "postingDate",
        "billToCustomerNumber",
        "shipToName",
        "shipToContact",
        "sellToAddressLine1",
        "sellToAddressLine2",
        "sellToCity",
        "sellToCountry",
        "sellToState",
        "sellToPostCode",
        "shipToAddressLine1",
        "shipToAddressLine2",
        "shipToCity",
        "shipToCountry",
        "shipToState",
        "shipToPostCode",
        "shortcutDimension1Code",
        "shortcutDimension2Code",
        "salesperson",
        "partialShipping",
        "requestedDeliveryDate",
        "phoneNumber",
        "email",
    }
)
"""What `order_fields` may set: what the page lets one write, but for what erpsync finds orders by."""

CUSTOMER_FIELDS = frozenset(
    {
        "displayName",
        "type",
        "addressLine1",
        "addressLine2",
        "city",
        "state",
        "country",
        "postalCode",
        "phoneNumber",
        "email",
        "website",
        "taxLiable",
        "taxRegistrationNumber",
        "currencyCode",
        "blocked",
    }
)

_ADDRESS_LENGTHS = {"AddressLine1": 100, "AddressLine2": 50, "City": 30, "State": 30, "Country": 10, "PostCode": 20}
LENGTHS: Mapping[str, int] = {
    "displayName": 100,
    "addressLine1": 100,
    "addressLine2": 50,
    "city": 30,
    "state": 30,
    "country": 10,
    "postalCode": 20,
    "phoneNumber": 30,
    "email": 80,
    "shipToName": 100,
    "shipToContact": 100,
    "description": 100,
    **{f"{who}{part}": length for who in ("sellTo", "shipTo") for part, length in _ADDRESS_LENGTHS.items()},
}
"""How long texts may be: the lengths of the table fields behind the page."""


def select(shape: type) -> str:
    """The fields of a record, as `$select` names them."""
    return ",".join(shape.__annotations__)
