"""The entity types of the services, as far as the simulator knows them, and their metadata document.

Written from SAP's service metadata: names, types, lengths, and what may be set. Of a property, `!` says that it is a key,
`-` neither creatable nor updatable, `@` the ETag, `~` not filterable; s10 is a text of ten characters, d16.3 a decimal, D a
date, O an instant, T a time, B a boolean. `> name Set *` is a navigation to many, `?` to one.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from xml.sax.saxutils import quoteattr

_KINDS = {
    "s": "Edm.String",
    "d": "Edm.Decimal",
    "D": "Edm.DateTime",
    "O": "Edm.DateTimeOffset",
    "T": "Edm.Time",
    "B": "Edm.Boolean",
}
_PROPERTY = re.compile(r"(\w+)([!\-@~]*):([sdDOTB])([\d.]*)")

_CONDITION = """
 PricingProcedureStep!:s3 PricingProcedureCounter!:s3 ConditionType:s4 ConditionRateValue:d24.9 ConditionCurrency:s5
 ConditionQuantity:d5.0 ConditionQuantityUnit:s3 ConditionAmount-:d16.3 TransactionCurrency:s5 ConditionClass-:s1
 ConditionCalculationType-:s3 ConditionInactiveReason-:s1 ConditionIsForStatistics-:B ConditionIsManuallyChanged-:B
"""

DEFINITIONS = {
    "API_SALES_ORDER_SRV": f"""
A_SalesOrder
 SalesOrder!:s10 SalesOrderType:s4 SalesOrganization:s4 DistributionChannel:s2 OrganizationDivision:s2 SoldToParty:s10
 CreationDate-:D CreatedByUser-:s12 LastChangeDate-:D LastChangeDateTime-@:O PurchaseOrderByCustomer:s35
 CustomerPurchaseOrderType:s4 CustomerPurchaseOrderDate:D SalesOrderDate:D TotalNetAmount-:d16.3
 OverallDeliveryStatus-:s1 OverallOrdReltdBillgStatus-:s1 TransactionCurrency:s5 SDDocumentReason:s3 PricingDate:D
 RequestedDeliveryDate:D ShippingCondition:s2 HeaderBillingBlockReason:s2 DeliveryBlockReason:s2 CustomerPaymentTerms:s4
 PaymentMethod:s1 AssignmentReference:s18 CustomerGroup:s2 CustomerTaxClassification1:s1 OverallSDProcessStatus-:s1
 OverallSDDocumentRejectionSts-:s1
 > to_Item A_SalesOrderItem * > to_Partner A_SalesOrderHeaderPartner * > to_PricingElement A_SalesOrderHeaderPrElement *
 > to_Text A_SalesOrderText *
A_SalesOrderItem
 SalesOrder!-:s10 SalesOrderItem!:s6 HigherLevelItem:s6 SalesOrderItemCategory:s4 SalesOrderItemText:s40
 PurchaseOrderByCustomer:s35 PurchaseOrderByShipToParty:s35 UnderlyingPurchaseOrderItem:s6 Material:s40
 RequestedQuantity:d15.3 RequestedQuantityUnit:s3 TransactionCurrency-:s5 NetAmount-:d16.3 TaxAmount:d14.3
 ProductionPlant:s4 StorageLocation:s4 ProductTaxClassification1:s1 SalesDocumentRjcnReason:s2 SDProcessStatus-:s1
 DeliveryStatus-:s1 OrderRelatedBillingStatus-:s1
 > to_PricingElement A_SalesOrderItemPrElement * > to_ScheduleLine A_SalesOrderScheduleLine * > to_SalesOrder A_SalesOrder ?
A_SalesOrderItemPrElement
 SalesOrder!-:s10 SalesOrderItem!-:s6 {_CONDITION}
A_SalesOrderHeaderPrElement
 SalesOrder!-:s10 {_CONDITION}
A_SalesOrderHeaderPartner
 SalesOrder!-:s10 PartnerFunction!:s2 Customer:s10 Supplier:s10 AddressID:s10
 > to_Address A_SalesOrderPartnerAddress *
A_SalesOrderPartnerAddress
 SalesOrder!:s10 PartnerFunction!:s2 AddressRepresentationCode!:s1 OrganizationName1:s40 OrganizationName2:s40
 CityName:s40 PostalCode:s10 StreetName:s60 StreetSuffixName1:s40 StreetSuffixName2:s40 HouseNumber:s10 Country:s3
 Region:s3 EmailAddress:s241 PhoneNumber:s30
A_SalesOrderText
 SalesOrder!-:s10 Language!:s2 LongTextID!:s4 LongText~:s0
A_SalesOrderScheduleLine
 SalesOrder!-:s10 SalesOrderItem!-:s6 ScheduleLine!:s4 OrderQuantityUnit:s3 ScheduleLineOrderQuantity:d13.3
 ConfdOrderQtyByMatlAvailCheck:d13.3 DeliveredQtyInOrderQtyUnit:d13.3 OpenConfdDelivQtyInOrdQtyUnit:d13.3
""",
    "API_BUSINESS_PARTNER": """
A_BusinessPartner
 BusinessPartner!:s10 Customer-:s10 BusinessPartnerCategory:s1 BusinessPartnerFullName-:s81 BusinessPartnerGrouping:s4
 CorrespondenceLanguage:s2 CreationDate-:D CreationTime-:T FirstName:s40 LastChangeDate-:D LastChangeTime-:T LastName:s40
 OrganizationBPName1:s40 OrganizationBPName2:s40 SearchTerm1:s20 BusinessPartnerIsBlocked:B IsMarkedForArchiving:B
 BusinessPartnerIDByExtSystem:s20
 > to_BusinessPartnerRole A_BusinessPartnerRole * > to_BusinessPartnerAddress A_BusinessPartnerAddress *
 > to_Customer A_Customer ?
A_BusinessPartnerRole
 BusinessPartner!:s10 BusinessPartnerRole!:s6
A_BusinessPartnerAddress
 BusinessPartner!:s10 AddressID!:s10 CareOfName:s40 CityName:s40 Country:s3 HouseNumber:s10 Language:s2 PostalCode:s10
 Region:s3 StreetName:s60 StreetSuffixName:s40 AdditionalStreetSuffixName:s40
 > to_EmailAddress A_AddressEmailAddress * > to_PhoneNumber A_AddressPhoneNumber * > to_AddressUsage A_BuPaAddressUsage *
A_BuPaAddressUsage
 BusinessPartner!:s10 ValidityEndDate!:O AddressUsage!:s10 AddressID!:s10
A_AddressEmailAddress
 AddressID!:s10 Person!:s10 OrdinalNumber!:s3 IsDefaultEmailAddress:B EmailAddress:s241 SearchEmailAddress:s20
A_AddressPhoneNumber
 AddressID!:s10 Person!:s10 OrdinalNumber!:s3 IsDefaultPhoneNumber:B PhoneNumber:s30 PhoneNumberType:s1
A_Customer
 Customer!:s10 CustomerName-:s80 DeletionIndicator:B
 > to_CustomerSalesArea A_CustomerSalesArea * > to_CustomerCompany A_CustomerCompany *
A_CustomerCompany
 Customer!:s10 CompanyCode!:s4 ReconciliationAccount:s10
A_CustomerSalesArea
 Customer!:s10 SalesOrganization!:s4 DistributionChannel!:s2 Division!:s2 Currency:s5 CustomerGroup:s2
 CustomerPaymentTerms:s4 ShippingCondition:s2 CustomerAccountAssignmentGroup:s2
 > to_SalesAreaTax A_CustomerSalesAreaTax *
A_CustomerSalesAreaTax
 Customer!:s10 SalesOrganization!:s4 DistributionChannel!:s2 Division!:s2 DepartureCountry!:s3 CustomerTaxCategory!:s4
 CustomerTaxClassification:s1
""",
    "API_PRODUCT_SRV": """
A_Product
 Product!:s40 ProductType:s4 CrossPlantStatus:s2 CreationDate-:D LastChangeDate-:D LastChangeDateTime-:O
 IsMarkedForDeletion:B GrossWeight:d13.3 WeightUnit:s3 NetWeight:d13.3 ProductGroup:s9 BaseUnit:s3 ProductStandardID:s18
 > to_Description A_ProductDescription * > to_SalesDelivery A_ProductSalesDelivery *
A_ProductDescription
 Product!:s40 Language!:s2 ProductDescription:s40
A_ProductSalesDelivery
 Product!:s40 ProductSalesOrg!:s4 ProductDistributionChnl!:s2 SupplyingPlant:s4 ProductSalesStatus:s2 SalesMeasureUnit:s3
 IsMarkedForDeletion:B BaseUnit:s3
A_ProductSalesTax
 Product!:s40 Country!:s3 TaxCategory!:s4 TaxClassification!:s1
A_ProductPlant
 Product!:s40 Plant!:s4 BaseUnit:s3
A_ProductStorageLocation
 Product!:s40 Plant!:s4 StorageLocation!:s4
A_ProductUnitsOfMeasure
 Product!:s40 AlternativeUnit!:s3 QuantityNumerator:d5.0 QuantityDenominator:d5.0 BaseUnit:s3
""",
    "API_MATERIAL_STOCK_SRV": """
A_MatlStkInAcctMod
 Material!:s40 Plant!:s4 StorageLocation!:s4 Batch!:s10 Supplier!:s10 Customer!:s10 WBSElementInternalID!:s8 SDDocument!:s10
 SDDocumentItem!:s6 InventorySpecialStockType!:s1 InventoryStockType!:s2 MaterialBaseUnit:s3
 MatlWrhsStkQtyInMatlBaseUnit:d31.14
""",
    "API_SLSPRICINGCONDITIONRECORD_SRV": """
A_SlsPrcgConditionRecord
 ConditionRecord!:s10 ConditionTable:s3 ConditionType:s4 ConditionValidityEndDate:D ConditionValidityStartDate:D
 PricingScaleType:s1 ConditionCalculationType:s1 ConditionRateValue:d12.3 ConditionRateValueUnit:s5
 ConditionRateAmount:d24.9 ConditionCurrency:s5 ConditionQuantity:d5.0 ConditionQuantityUnit:s3 ConditionIsDeleted:B
 LastChangeDateTime:O ETag@:s40
 > to_SlsPrcgCndnRecdValidity A_SlsPrcgCndnRecdValidity * > to_SlsPrcgCndnRecordScale A_SlsPrcgCndnRecordScale *
A_SlsPrcgCndnRecdValidity
 ConditionRecord!:s10 ConditionValidityEndDate!:D ConditionValidityStartDate:D ConditionType:s4 SalesOrganization:s4
 DistributionChannel:s2 Material:s40 PriceListType:s2 Customer:s10 TransactionCurrency:s5 ETag@:s40
A_SlsPrcgCndnRecordScale
 ConditionRecord!:s10 ConditionSequentialNumber!:s2 ConditionScaleLine!:s4 ConditionScaleQuantity:d15.3
 ConditionScaleQuantityUnit:s3 ConditionRateValue:d12.3 ConditionRateValueUnit:s5 ConditionRateAmount:d24.9
 ConditionCurrency:s5 ETag@:s40
""",
    "API_OUTBOUND_DELIVERY_SRV": """
A_OutbDeliveryHeader
 DeliveryDocument!:s10 SalesOrganization-:s4 ShippingPoint:s4 BillOfLading:s35 CreationDate-:D CreationTime-:T
 LastChangeDate-:D ActualGoodsMovementDate:D ActualGoodsMovementTime-:T OverallGoodsMovementStatus-:s1 ShipToParty-:s10
 SoldToParty-:s10
 > to_DeliveryDocumentItem A_OutbDeliveryItem * > to_DeliveryDocumentPartner A_OutbDeliveryPartner *
A_OutbDeliveryItem
 DeliveryDocument!:s10 DeliveryDocumentItem!:s6 Material-:s40 Plant-:s4 StorageLocation:s4 ActualDeliveryQuantity:d13.3
 DeliveryQuantityUnit:s3 ActualDeliveredQtyInBaseUnit:d13.3 BaseUnit-:s3 GoodsMovementStatus-:s1 ReferenceSDDocument:s10
 ReferenceSDDocumentItem:s6 ReferenceSDDocumentCategory-:s4
A_OutbDeliveryPartner
 SDDocument!:s10 PartnerFunction!:s2 Customer:s10 Supplier:s10
""",
    "API_BILLING_DOCUMENT_SRV": """
A_BillingDocument
 BillingDocument!-:s10 SDDocumentCategory-:s4 BillingDocumentType-:s4 SalesOrganization-:s4 CreationDate-:D
 LastChangeDate-:D LastChangeDateTime-:O BillingDocumentDate-:D BillingDocumentIsCancelled-:B CancelledBillingDocument-:s10
 TotalNetAmount-:d16.3 TaxAmount-:d14.3 TotalGrossAmount-:d17.3 TransactionCurrency-:s5 DocumentReferenceID-:s16
 > to_Item A_BillingDocumentItem *
A_BillingDocumentItem
 BillingDocument!-:s10 BillingDocumentItem!-:s6 Material-:s40 BillingQuantity-:d13.3 NetAmount-:d16.3 TaxAmount-:d14.3
 GrossAmount-:d16.3 SalesDocument-:s10 SalesDocumentItem-:s6
""",
    "API_CREDIT_MEMO_REQUEST_SRV": f"""
A_CreditMemoRequest
 CreditMemoRequest!:s10 CreditMemoRequestType:s4 SalesOrganization:s4 DistributionChannel:s2 OrganizationDivision:s2
 SoldToParty:s10 CreationDate-:D LastChangeDateTime-@:O PurchaseOrderByCustomer:s35 CustomerPurchaseOrderDate:D
 TotalNetAmount-:d16.3 TransactionCurrency:s5 SDDocumentReason:s3 HeaderBillingBlockReason:s2
 > to_Item A_CreditMemoRequestItem *
A_CreditMemoRequestItem
 CreditMemoRequest!-:s10 CreditMemoRequestItem!:s6 CreditMemoRequestItemText:s40 PurchaseOrderByCustomer:s35 Material:s40
 RequestedQuantity:d15.3 RequestedQuantityUnit:s3 NetAmount-:d16.3 ProductTaxClassification1:s1 SalesDocumentRjcnReason:s2
 > to_PricingElement A_CreditMemoReqItemPrcgElmnt *
A_CreditMemoReqItemPrcgElmnt
 CreditMemoRequest!-:s10 CreditMemoRequestItem!-:s6 {_CONDITION}
""",
}
JOINS = {
    ("A_OutbDeliveryHeader", "A_OutbDeliveryPartner"): {"DeliveryDocument": "SDDocument"},
    ("A_BusinessPartner", "A_Customer"): {"Customer": "Customer"},
    ("A_BusinessPartnerAddress", "A_AddressEmailAddress"): {"AddressID": "AddressID"},
    ("A_BusinessPartnerAddress", "A_AddressPhoneNumber"): {"AddressID": "AddressID"},
}
"""How rows of two sets belong together, where it is not by all of the parent's keys."""

NOT_CREATABLE = frozenset({"A_SalesOrderPartnerAddress", "A_Customer"})
"""Sets whose entities come into being only within another one."""


@dataclass(frozen=True)
class Property:
    name: str
    kind: str
    length: int = 0
    scale: int = 0
    key: bool = False
    settable: bool = True
    etag: bool = False
    filterable: bool = True


@dataclass(frozen=True)
class Navigation:
    name: str
    target: str
    many: bool


@dataclass(frozen=True)
class EntitySet:
    name: str
    service: str
    properties: dict[str, Property] = field(default_factory=dict)
    navigations: dict[str, Navigation] = field(default_factory=dict)

    @property
    def keys(self) -> list[str]:
        return [one.name for one in self.properties.values() if one.key]

    @property
    def etag(self) -> str:
        return next((one.name for one in self.properties.values() if one.etag), "")


@cache
def entity_sets() -> dict[str, EntitySet]:
    """All sets of all services, by name; no two services share one."""
    found: dict[str, EntitySet] = {}
    for service, definition in DEFINITIONS.items():
        current: EntitySet | None = None
        for line in definition.splitlines():
            if line and not line.startswith(" "):
                current = found[line.strip()] = EntitySet(line.strip(), service)
            elif line.strip() and current is not None:
                _add(current, line)
    return found


def join(parent: EntitySet, child: EntitySet) -> dict[str, str]:
    """The parent's properties that a child's must equal."""
    named = JOINS.get((parent.name, child.name))
    if named is not None:
        return named
    shared = parent.keys if all(key in child.properties for key in parent.keys) else child.keys
    return {key: key for key in shared}


def metadata(service: str) -> str:
    """The service's EDMX."""
    sets = [one for one in entity_sets().values() if one.service == service]
    types = "".join(_type(one) for one in sets)
    associations = "".join(_association(one, nav) for one in sets for nav in one.navigations.values())
    entity_sets_ = "".join(_set(one) for one in sets)
    association_sets = "".join(_association_set(one, nav) for one in sets for nav in one.navigations.values())
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" '
        'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata" '
        'xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices m:DataServiceVersion="2.0">'
        f'<Schema Namespace="{service}" xml:lang="en" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">'
        f'{types}{associations}<EntityContainer Name="{service}_Entities" m:IsDefaultEntityContainer="true">'
        f"{entity_sets_}{association_sets}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )


def _add(current: EntitySet, line: str) -> None:
    head, *navigations = line.split("> ")
    for name, flags, kind, size in _PROPERTY.findall(head):
        length, _, scale = size.partition(".")
        current.properties[name] = Property(
            name,
            kind,
            int(length or 0),
            int(scale or 0),
            key="!" in flags,
            settable="-" not in flags,
            etag="@" in flags,
            filterable="~" not in flags,
        )
    for navigation in navigations:
        name, target, many = navigation.split()
        current.navigations[name] = Navigation(name, target, many == "*")


def _type(one: EntitySet) -> str:
    keys = "".join(f"<PropertyRef Name={quoteattr(key)}/>" for key in one.keys)
    properties = "".join(_property(prop) for prop in one.properties.values())
    navigations = "".join(
        f'<NavigationProperty Name="{nav.name}" Relationship="{one.service}.{_relation(one, nav)}" '
        f'FromRole="From" ToRole="To"/>'
        for nav in one.navigations.values()
    )
    return f'<EntityType Name="{one.name}Type"><Key>{keys}</Key>{properties}{navigations}</EntityType>'


def _property(prop: Property) -> str:
    facets = [f'Name="{prop.name}" Type="{_KINDS[prop.kind]}"']
    if prop.key:
        facets.append('Nullable="false"')
    if prop.kind == "s" and prop.length:
        facets.append(f'MaxLength="{prop.length}"')
    if prop.kind == "d":
        facets.append(f'Precision="{prop.length}" Scale="{prop.scale}"')
    if prop.kind in "DT":
        facets.append('Precision="0"')
    if prop.etag:
        facets.append('ConcurrencyMode="Fixed"')
    if not prop.settable:
        facets.append('sap:creatable="false" sap:updatable="false"')
    if not prop.filterable:
        facets.append('sap:filterable="false"')
    return f"<Property {' '.join(facets)}/>"


def _relation(one: EntitySet, nav: Navigation) -> str:
    return f"assoc_{one.name}_{nav.name}"


def _association(one: EntitySet, nav: Navigation) -> str:
    many = "*" if nav.many else "0..1"
    return (
        f'<Association Name="{_relation(one, nav)}"><End Type="{one.service}.{one.name}Type" Multiplicity="1" Role="From"/>'
        f'<End Type="{one.service}.{nav.target}Type" Multiplicity="{many}" Role="To"/></Association>'
    )


def _set(one: EntitySet) -> str:
    creatable = ' sap:creatable="false"' if one.name in NOT_CREATABLE else ""
    return f'<EntitySet Name="{one.name}" EntityType="{one.service}.{one.name}Type"{creatable}/>'


def _association_set(one: EntitySet, nav: Navigation) -> str:
    return (
        f'<AssociationSet Name="{_relation(one, nav)}_set" Association="{one.service}.{_relation(one, nav)}">'
        f'<End EntitySet="{one.name}" Role="From"/><End EntitySet="{nav.target}" Role="To"/></AssociationSet>'
    )
