"""The data entities of F&O that are used, spelled as F&O spells them: what is read of each, and by what it is found.

Names and fields: the OData metadata of 10.0.4x; Microsoft documents some of them, as in
https://learn.microsoft.com/dynamics365/fin-ops-core/dev-itpro/data-entities/entity-sales-order-headers-v2-salesorderheaderv2
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeAlias, TypedDict, TypeVar, get_type_hints

RowT = TypeVar("RowT")
Row: TypeAlias = dict[str, Any]

# F&O has no empty date; it sends the first day it knows instead.
NO_DATE = "1900-01-01"


@dataclass(frozen=True)
class Entity(Generic[RowT]):
    """An entity set, with the fields that are read of its rows. `key` without the company; a `shared` one has none.
    `blanks` are what stands for null in the fields of its row type."""

    name: str
    fields: tuple[str, ...]
    key: tuple[str, ...]
    shared: bool = False
    blanks: tuple[tuple[str, str | Decimal | int], ...] = ()

    def clean(self, row: Row) -> Row:
        """The row as its type has it: nulls filled, and numbers Decimal even where the JSON has no fraction."""
        for name, blank in self.blanks:
            value = row.get(name, blank)
            row[name] = blank if value is None else Decimal(value) if isinstance(blank, Decimal) else value
        return row


HeaderRow = TypedDict(
    "HeaderRow",
    {
        "@odata.etag": str,
        "SalesOrderNumber": str,
        "CustomersOrderReference": str,
        "OrderingCustomerAccountNumber": str,
        "CurrencyCode": str,
        "SalesOrderStatus": str,
        "IsSalesProcessingStopped": str,
        "ArePricesIncludingSalesTax": str,
        "SalesTaxGroupCode": str,
    },
)
LineRow = TypedDict(
    "LineRow",
    {
        "@odata.etag": str,
        "InventoryLotId": str,
        "SalesOrderNumber": str,
        "LineNumber": Decimal,
        "ItemNumber": str,
        "ProductConfigurationId": str,
        "ProductSizeId": str,
        "ProductColorId": str,
        "ProductStyleId": str,
        "ProductVersionId": str,
        "OrderedSalesQuantity": Decimal,
        "SalesPrice": Decimal,
        "LineDiscountAmount": Decimal,
        "LineAmount": Decimal,
        "SalesTaxItemGroupCode": str,
        "SalesOrderLineStatus": str,
    },
)


class CustomerRow(TypedDict):
    CustomerAccount: str
    PartyType: str
    OrganizationName: str
    PersonFirstName: str
    PersonLastName: str
    PrimaryContactEmail: str
    PrimaryContactPhone: str
    CustomerGroupId: str
    OnHoldStatus: str


class ReleasedRow(TypedDict):
    ItemNumber: str
    ProductNumber: str
    ProductSubType: str
    SearchName: str
    SalesPrice: Decimal
    SalesPriceQuantity: Decimal
    SalesUnitSymbol: str
    InventoryUnitSymbol: str
    NetProductWeight: Decimal
    ProductLifecycleStateId: str
    SellEndDate: str


class VariantRow(TypedDict):
    ItemNumber: str
    ProductVariantNumber: str
    ProductName: str
    ProductConfigurationId: str
    ProductSizeId: str
    ProductColorId: str
    ProductStyleId: str
    ProductVersionId: str
    ProductLifecycleStateId: str


class ProductRow(TypedDict):
    ProductNumber: str
    ProductName: str
    ProductDescription: str


class AgreementRow(TypedDict):
    """A trade agreement on a sales price. The misspelt unit and the small c are F&O's own."""

    RecordId: int
    ItemNumber: str
    ProductconfigurationId: str
    ProductSizeId: str
    ProductColorId: str
    ProductStyleId: str
    ProductVersionId: str
    Price: Decimal
    PriceCurrencyCode: str
    SalesPriceQuantity: Decimal
    QuantityUnitySymbol: str
    FromQuantity: Decimal
    PriceCustomerGroupCode: str
    CustomerAccountNumber: str
    PriceSiteId: str
    PriceWarehouseId: str
    PriceApplicableFromDate: str
    PriceApplicableToDate: str


class OnHandRow(TypedDict):
    """Reserved is what has been reserved of what is there; on order is what orders still have to get without a reservation
    (https://learn.microsoft.com/previous-versions/dynamics/ax-2012/application-classes/dn668548(v=ax.60))."""

    ItemNumber: str
    ProductConfigurationId: str
    ProductSizeId: str
    ProductColorId: str
    ProductStyleId: str
    ProductVersionId: str
    InventoryWarehouseId: str
    OnHandQuantity: Decimal
    ReservedOnHandQuantity: Decimal
    OnOrderQuantity: Decimal


class SlipRow(TypedDict):
    SourceDocumentHeader: int
    SalesId: str
    PackingSlipId: str
    DeliveryDate: str
    ShipCarrierId: str
    DlvMode: str


class SlipLineRow(TypedDict):
    SalesId: str
    PackingSlipId: str
    InventTransId: str
    ItemId: str
    Qty: Decimal


class TrackingRow(TypedDict):
    SalesOrderNumber: str
    PackingSlipNumber: str
    TrackingNumber: str
    TrackingURL: str


class InvoiceRow(TypedDict):
    InvoiceNumber: str
    InvoiceDate: str
    SalesOrderNumber: str
    CurrencyCode: str
    TotalInvoiceAmount: Decimal


class JournalRow(TypedDict):
    JournalBatchNumber: str


class PaymentRow(TypedDict):
    JournalBatchNumber: str
    LineNumber: Decimal
    PaymentReference: str
    TransactionText: str


class CodeRow(TypedDict):
    """A row of which only the key matters."""


def _entity(name: str, row: type[RowT], key: str, *, shared: bool = False, fields: str = "") -> Entity[RowT]:
    kinds = {field: kind for field, kind in get_type_hints(row).items() if not field.startswith("@")}
    blanks = tuple((field, kind()) for field, kind in kinds.items())
    return Entity(name, tuple(kinds) or tuple(fields.split()), tuple(key.split()), shared, blanks)


HEADERS = _entity("SalesOrderHeadersV2", HeaderRow, "SalesOrderNumber")
# The collection of the entity "Sales order lines V2" has no V2 in its name.
LINES = _entity("SalesOrderLines", LineRow, "InventoryLotId")
CUSTOMERS = _entity("CustomersV3", CustomerRow, "CustomerAccount")
RELEASED = _entity("ReleasedProductsV2", ReleasedRow, "ItemNumber")
VARIANTS = _entity("ReleasedProductVariantsV2", VariantRow, "ProductMasterNumber")
PRODUCTS = _entity("ProductsV2", ProductRow, "ProductNumber", shared=True)
AGREEMENTS = _entity("SalesPriceAgreements", AgreementRow, "RecordId")
ON_HAND = _entity("WarehousesOnHandV2", OnHandRow, "ItemNumber")
SLIPS = _entity("CustPackingSlipJourBiEntities", SlipRow, "SourceDocumentHeader")
SLIP_LINES = _entity("CustPackingSlipTransBiEntities", SlipLineRow, "SourceDocumentLine")
TRACKING = _entity("PackingSlipTrackingInformation", TrackingRow, "TrackingNumber")
INVOICES = _entity("SalesInvoiceHeadersV2", InvoiceRow, "InvoiceNumber")
JOURNALS = _entity("CustomerPaymentJournalHeaders", JournalRow, "JournalBatchNumber")
PAYMENTS = _entity("CustomerPaymentJournalLines", PaymentRow, "JournalBatchNumber LineNumber")

COMPANIES = _entity("LegalEntities", CodeRow, "LegalEntityId", shared=True, fields="LegalEntityId")
CURRENCIES = _entity("Currencies", CodeRow, "CurrencyCode", shared=True, fields="CurrencyCode")
WAREHOUSES = _entity("Warehouses", CodeRow, "WarehouseId", fields="WarehouseId")
TAX_GROUPS = _entity("TaxGroups", CodeRow, "TaxGroupCode", fields="TaxGroupCode")
ITEM_TAX_GROUPS = _entity("TaxItemGroupHeadings", CodeRow, "TaxItemGroup", fields="TaxItemGroup")
CUSTOMER_GROUPS = _entity("CustomerGroups", CodeRow, "CustomerGroupId", fields="CustomerGroupId")
PAYMENT_METHODS = _entity("CustomerPaymentMethods", CodeRow, "Name", fields="Name")
DELIVERY_MODES = _entity("DeliveryModesV2", CodeRow, "ModeCode", fields="ModeCode")
JOURNAL_NAMES = _entity("JournalNames", CodeRow, "Name", fields="Name")
