"""Which data entities the simulated environment publishes, with keys, fields and their kinds.

A field is written `Name:kind`: a number is the length of a text, `dec` a number, `int`, `date`, else an enumeration's name;
an exclamation mark makes it read-only. From the entities' documents and the OData metadata of F&O 10.0.4x.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]

# What F&O sends for a date that is not set.
NO_DATE = "1900-01-01T12:00:00Z"

ENUMERATIONS = {
    "NoYes": ("No", "Yes"),
    "SalesStatus": ("None", "Backorder", "Delivered", "Invoiced", "Canceled"),
    "CustVendorBlocked": ("No", "Invoice", "All", "Payment", "Requisition", "Never"),
    "EcoResProductSubtype": ("Product", "ProductMaster", "ProductVariant"),
    "LedgerJournalAcType": ("Ledger", "Cust", "Vend", "Project", "FixedAssets", "Bank"),
}


@dataclass(frozen=True)
class Field:
    kind: str
    length: int = 0
    read_only: bool = False

    def blank(self) -> Any:
        if self.kind == "text":
            return ""
        if self.kind == "date":
            return NO_DATE
        if self.kind in ("dec", "int"):
            return Decimal(0) if self.kind == "dec" else 0
        return ENUMERATIONS[self.kind][0]


@dataclass(frozen=True)
class Entity:
    """`label` is what error messages call it; `shared` entities belong to no company."""

    name: str
    type: str
    label: str
    key: tuple[str, ...]
    fields: dict[str, Field]
    shared: bool = False

    @property
    def writable(self) -> bool:
        return self.name in _WRITABLE


_ADDRESS = "Street:250 City:60 ZipCode:10 CountryRegionISOCode:2 {state}:10"
_DELIVERY = " ".join(f"DeliveryAddress{one}" for one in _ADDRESS.format(state="StateId").split())
_HOME = " ".join(f"Address{one}" for one in _ADDRESS.format(state="State").split())
_DIMENSIONS = "ProductConfigurationId:50 ProductSizeId:10 ProductColorId:10 ProductStyleId:10 ProductVersionId:10"
_WRITABLE = frozenset(
    {
        "SalesOrderHeadersV2",
        "SalesOrderLines",
        "CustomersV3",
        "CustomerPaymentJournalHeaders",
        "CustomerPaymentJournalLines",
    }
)
_TEXT = (
    (
        "SalesOrderHeadersV2 SalesOrderHeaderV2 Sales_orders SalesOrderNumber",
        "SalesOrderNumber:20 CustomersOrderReference:60 CustomerRequisitionNumber:20 OrderingCustomerAccountNumber:20 "
        "InvoiceCustomerAccountNumber:20 CurrencyCode:3 ArePricesIncludingSalesTax:NoYes SalesTaxGroupCode:10 "
        "OverrideSalesTax:NoYes SkipCreateAutoCharges:NoYes DeliveryModeCode:10 CustomerPaymentMethodName:10 Email:255 "
        "SalesOrderOriginCode:10 DefaultShippingSiteId:10 DefaultShippingWarehouseId:10 DeliveryAddressName:60 "
        "IsDeliveryAddressOrderSpecific:NoYes IsSalesProcessingStopped:NoYes SalesOrderName:60 SalesOrderPoolId:10 "
        f"{_DELIVERY} SalesOrderStatus:SalesStatus! OrderCreationDateTime:date! RequestedShippingDate:date "
        "AreTotalsCalculated:NoYes! OrderTotalAmount:dec! OrderTotalTaxAmount:dec! OrderTotalChargesAmount:dec!",
    ),
    (
        "SalesOrderLines SalesOrderLine Order_lines InventoryLotId",
        f"InventoryLotId:20 SalesOrderNumber:20 LineNumber:dec ItemNumber:20 {_DIMENSIONS} OrderedSalesQuantity:dec "
        "SalesPrice:dec LineDiscountAmount:dec LineDiscountPercentage:dec LineAmount:dec SalesTaxGroupCode:10 "
        "SalesTaxItemGroupCode:10 OverrideSalesTax:NoYes SkipCreateAutoCharges:NoYes LineDescription:1000 "
        "SalesUnitSymbol:10 ShippingSiteId:10 ShippingWarehouseId:10 SalesOrderLineStatus:SalesStatus!",
    ),
    (
        "CustomersV3 CustomerV3 Customers CustomerAccount",
        "CustomerAccount:20 PartyType:20 OrganizationName:100 PersonFirstName:25 PersonLastName:25 "
        "PrimaryContactEmail:255 PrimaryContactPhone:255 CustomerGroupId:10 SalesCurrencyCode:3 SalesTaxGroup:10 "
        f"IdentificationNumber:50 OnHoldStatus:CustVendorBlocked {_HOME} SalesMemo:1000 LanguageId:7",
    ),
    (
        "ReleasedProductsV2 ReleasedProductV2 Items ItemNumber",
        "ItemNumber:20 ProductNumber:70 ProductSubType:EcoResProductSubtype SearchName:20 SalesPrice:dec "
        "SalesPriceQuantity:dec SalesUnitSymbol:10 InventoryUnitSymbol:10 NetProductWeight:dec "
        "ProductLifecycleStateId:20 SellEndDate:date SalesSalesTaxItemGroupCode:10",
    ),
    (
        "ReleasedProductVariantsV2 ReleasedProductVariantV2 Variants ProductMasterNumber "
        "ProductConfigurationId ProductSizeId ProductColorId ProductStyleId ProductVersionId",
        f"ProductMasterNumber:70 {_DIMENSIONS} ItemNumber:20 ProductVariantNumber:70 ProductName:60 "
        "ProductDescription:1000 ProductLifecycleStateId:20",
    ),
    (
        "ProductsV2 ProductV2 Products ProductNumber shared",
        "ProductNumber:70 ProductName:60 ProductDescription:1000 ProductSearchName:20",
    ),
    (
        "SalesPriceAgreements SalesPriceAgreement Trade_agreements RecordId",
        f"RecordId:int ItemNumber:20 {_DIMENSIONS.replace('ProductConfigurationId', 'ProductconfigurationId')} Price:dec "
        "PriceCurrencyCode:3 SalesPriceQuantity:dec QuantityUnitySymbol:10 FromQuantity:dec ToQuantity:dec "
        "PriceCustomerGroupCode:10 CustomerAccountNumber:20 PriceSiteId:10 PriceWarehouseId:10 "
        "PriceApplicableFromDate:date PriceApplicableToDate:date",
    ),
    (
        "WarehousesOnHandV2 WarehouseOnHandV2 On_hand ItemNumber ProductColorId ProductConfigurationId ProductSizeId "
        "ProductStyleId ProductVersionId InventorySiteId InventoryWarehouseId",
        f"ItemNumber:20 {_DIMENSIONS} InventorySiteId:10 InventoryWarehouseId:10 OnHandQuantity:dec "
        "ReservedOnHandQuantity:dec AvailableOnHandQuantity:dec OnOrderQuantity:dec",
    ),
    (
        "CustPackingSlipJourBiEntities CustPackingSlipJourBiEntity Packing_slips SourceDocumentHeader",
        "SourceDocumentHeader:int SalesId:20 PackingSlipId:20 DeliveryDate:date ShipCarrierId:10 DlvMode:10 "
        "CustomerRef:60 CreatedOn:date",
    ),
    (
        "CustPackingSlipTransBiEntities CustPackingSlipTransBiEntity Packing_slip_lines SourceDocumentLine",
        "SourceDocumentLine:int SalesId:20 PackingSlipId:20 InventTransId:20 ItemId:20 Qty:dec DeliveryDate:date "
        "CreatedOn:date",
    ),
    (
        "PackingSlipTrackingInformation PackingSlipTrackingInformation Tracking SalesOrderNumber PackingSlipNumber "
        "DeliveryDate TrackingNumber",
        "SalesOrderNumber:20 PackingSlipNumber:20 DeliveryDate:date TrackingNumber:50 TrackingURL:255",
    ),
    (
        "SalesInvoiceHeadersV2 SalesInvoiceHeaderV2 Invoices InvoiceNumber InvoiceDate LedgerVoucher",
        "InvoiceNumber:20 InvoiceDate:date LedgerVoucher:20 SalesOrderNumber:20 CustomersOrderReference:60 "
        "CurrencyCode:3 TotalInvoiceAmount:dec TotalTaxAmount:dec",
    ),
    (
        "CustomerPaymentJournalHeaders CustomerPaymentJournalHeader Journals JournalBatchNumber",
        "JournalBatchNumber:20 JournalName:10 Description:60 IsPosted:NoYes!",
    ),
    (
        "CustomerPaymentJournalLines CustomerPaymentJournalLine Journal_lines JournalBatchNumber LineNumber",
        "JournalBatchNumber:20 LineNumber:dec AccountType:LedgerJournalAcType AccountDisplayValue:50 CurrencyCode:3 "
        "CreditAmount:dec DebitAmount:dec TransactionDate:date PaymentMethodName:10 PaymentReference:20 "
        "TransactionText:60",
    ),
    ("LegalEntities LegalEntity Legal_entities LegalEntityId shared", "LegalEntityId:4 Name:60"),
    ("Currencies Currency Currencies CurrencyCode shared", "CurrencyCode:3 Name:60"),
    ("Warehouses Warehouse Warehouses WarehouseId", "WarehouseId:10 WarehouseName:60 OperationalSiteId:10"),
    ("TaxGroups TaxGroup Sales_tax_groups TaxGroupCode", "TaxGroupCode:10 Description:60"),
    ("TaxItemGroupHeadings TaxItemGroupHeading Item_sales_tax_groups TaxItemGroup", "TaxItemGroup:10 Name:60"),
    ("CustomerGroups CustomerGroup Customer_groups CustomerGroupId", "CustomerGroupId:10 Description:60"),
    ("CustomerPaymentMethods CustomerPaymentMethod Methods_of_payment Name", "Name:10 Description:60"),
    ("DeliveryModesV2 DeliveryModeV2 Modes_of_delivery ModeCode", "ModeCode:10 Description:60"),
    ("JournalNames JournalName Journal_names Name", "Name:10 Description:60"),
)


def _field(text: str) -> tuple[str, Field]:
    name, _, kind = text.partition(":")
    read_only = kind.endswith("!")
    kind = kind.rstrip("!")
    return name, Field("text", int(kind)) if kind.isdigit() else Field(kind, 0, read_only)


def _entity(head: str, fields: str) -> Entity:
    name, kind, label, *key = head.split()
    shared = "shared" in key
    own = tuple(one for one in key if one != "shared")
    company = {} if shared else {"dataAreaId": Field("text", 4)}
    return Entity(
        name,
        kind,
        label.replace("_", " "),
        own if shared else ("dataAreaId", *own),
        {**company, **dict(_field(one) for one in fields.split())},
        shared,
    )


ENTITIES = {entity.name: entity for entity in (_entity(head, fields) for head, fields in _TEXT)}
