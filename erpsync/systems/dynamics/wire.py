"""What is sent to Dynamics, spelled as Dynamics spells it. What is read arrives as `Row`: OData rows of chosen columns."""

from decimal import Decimal
from typing import Any, NotRequired, TypeAlias, TypedDict

Row: TypeAlias = dict[str, Any]


class SalesLine(TypedDict):
    """A line of Business Central's sales order or sales credit memo; it has an `itemId` or an `accountId`."""

    lineType: str
    itemId: NotRequired[str]
    accountId: NotRequired[str]
    description: NotRequired[str]
    quantity: Decimal
    unitPrice: Decimal
    discountAmount: Decimal
    taxCode: str


class ShipTo(TypedDict, total=False):
    """Where Business Central ships to. Its addresses are flat fields in API v2.0:
    https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/api-reference/v2.0/resources/dynamics_salesorder
    """

    shipToName: str
    shipToContact: str
    shipToAddressLine1: str
    shipToAddressLine2: str
    shipToCity: str
    shipToState: str
    shipToPostCode: str
    shipToCountry: str


class SalesOrder(ShipTo, total=False):
    externalDocumentNumber: str
    orderDate: str
    customerId: str
    currencyCode: str
    shipmentMethodId: str
    phoneNumber: str
    email: str
    salesOrderLines: list[SalesLine]


class SalesCreditMemo(TypedDict):
    externalDocumentNumber: str
    creditMemoDate: str
    customerId: str
    currencyCode: str
    salesCreditMemoLines: list[SalesLine]


class Customer(TypedDict, total=False):
    number: str
    displayName: str
    type: str
    addressLine1: str
    addressLine2: str
    city: str
    state: str
    postalCode: str
    country: str
    phoneNumber: str
    email: str
    currencyCode: str


class CustomerPayment(TypedDict):
    customerId: str
    postingDate: str
    documentNumber: str
    externalDocumentNumber: str
    amount: Decimal
    description: str


class HeaderV2(TypedDict, total=False):
    """SalesOrderHeadersV2 of Finance & Operations."""

    dataAreaId: str
    SalesOrderNumber: str
    OrderingCustomerAccountNumber: str
    InvoiceCustomerAccountNumber: str
    CurrencyCode: str
    CustomersOrderReference: str
    ArePricesIncludingSalesTax: str
    SalesTaxGroupCode: str
    SalesOrderOriginCode: str
    DeliveryModeCode: str
    DefaultShippingSiteId: str
    DefaultShippingWarehouseId: str
    RequestedShippingDate: str
    SkipCreateAutoCharges: str
    IsDeliveryAddressOrderSpecific: str
    DeliveryAddressName: str
    DeliveryAddressStreet: str
    DeliveryAddressCity: str
    DeliveryAddressZipCode: str
    DeliveryAddressStateId: str
    DeliveryAddressCountryRegionISOCode: str


class LineV2(TypedDict, total=False):
    """SalesOrderLines of Finance & Operations."""

    dataAreaId: str
    SalesOrderNumber: str
    ItemNumber: str
    LineDescription: str
    OrderedSalesQuantity: Decimal
    SalesPrice: Decimal
    LineDiscountAmount: Decimal
    LineAmount: Decimal
    SalesTaxGroupCode: str
    SalesTaxItemGroupCode: str
    ShippingSiteId: str
    ShippingWarehouseId: str
    RequestedShippingDate: str
    SkipCreateAutoCharges: str
    OrderLineReference: str


class CustomerV3(TypedDict, total=False):
    """CustomersV3 of Finance & Operations."""

    dataAreaId: str
    CustomerAccount: str
    PartyType: str
    OrganizationName: str
    PersonFirstName: str
    PersonLastName: str
    NameAlias: str
    CustomerGroupId: str
    SalesCurrencyCode: str
    PrimaryContactEmail: str
    PrimaryContactPhone: str
    AddressStreet: str
    AddressCity: str
    AddressZipCode: str
    AddressState: str
    AddressCountryRegionISOCode: str
