"""What crosses the wire, spelled as SuiteTalk spells it: only the fields that erpsync writes or reads."""

from datetime import datetime
from decimal import Decimal
from typing import TypeAlias, TypedDict

# "$type" is `transport.soap.TYPE_KEY`: the XML type where the schema leaves it open.
Typed = TypedDict("Typed", {"$type": str}, total=False)


class Ref(TypedDict, total=False):
    """RecordRef, where the schema knows that it is one."""

    internalId: str
    externalId: str
    type: str


class OpenRef(Ref, Typed, total=False):
    """RecordRef where the schema says BaseRef."""


class Address(TypedDict, total=False):
    country: str
    attention: str
    addressee: str
    addrPhone: str
    addr1: str
    addr2: str
    city: str
    state: str
    zip: str


class CustomField(Typed, total=False):
    """CustomFieldRef; its XML type decides what `value` is. A select holds {"internalId": ...}."""

    scriptId: str
    value: str | Decimal | bool | datetime | Ref


class CustomFieldList(TypedDict):
    customField: list[CustomField]


class NullFieldList(TypedDict):
    name: list[str]


class SalesOrderItem(TypedDict, total=False):
    item: Ref
    quantity: Decimal
    description: str
    price: Ref
    rate: Decimal
    amount: Decimal
    isTaxable: bool
    isClosed: bool
    line: int
    tax1Amt: Decimal
    taxCode: Ref
    customFieldList: CustomFieldList


class SalesOrderItemList(TypedDict):
    replaceAll: bool
    item: list[SalesOrderItem]


class SalesOrder(Typed, total=False):
    nullFieldList: NullFieldList
    internalId: str
    externalId: str
    customForm: Ref
    entity: Ref
    currency: Ref
    tranDate: datetime
    orderStatus: str
    otherRefNum: str
    memo: str
    billingAddress: Address
    shippingAddress: Address
    shipMethod: Ref
    shippingCost: Decimal
    subsidiary: Ref
    location: Ref
    itemList: SalesOrderItemList
    customFieldList: CustomFieldList


class AddressbookEntry(TypedDict):
    defaultShipping: bool
    defaultBilling: bool
    addressbookAddress: Address


class Addressbook(TypedDict):
    replaceAll: bool
    addressbook: list[AddressbookEntry]


class Customer(Typed, total=False):
    externalId: str
    isPerson: bool
    firstName: str
    lastName: str
    companyName: str
    phone: str
    email: str
    subsidiary: Ref
    currency: Ref
    category: Ref
    addressbookList: Addressbook
    customFieldList: CustomFieldList


class Credit(Typed, total=False):
    """CreditMemo or ReturnAuthorization."""

    externalId: str
    currency: Ref
    entity: Ref
    tranDate: datetime
    location: Ref
    subsidiary: Ref
    otherRefNum: str
    memo: str
    itemList: SalesOrderItemList


class CustomerDeposit(Typed, total=False):
    externalId: str
    customer: Ref
    salesOrder: Ref
    payment: Decimal
    currency: Ref
    tranDate: datetime
    paymentMethod: Ref
    account: Ref
    undepFunds: bool


Written: TypeAlias = SalesOrder | Customer | Credit | CustomerDeposit


class StatusDetail(TypedDict):
    code: str | None
    message: str | None
    type: str | None


class Status(TypedDict):
    isSuccess: bool | None
    statusDetail: list[StatusDetail]


class WriteResponse(TypedDict):
    status: Status
    baseRef: Ref | None


class NamedRef(TypedDict):
    """RecordRef that was read."""

    internalId: str | None
    name: str | None


class ReadLine(TypedDict, total=False):
    """A line of a sales order, or of an item fulfilment, that was read."""

    item: NamedRef | None
    line: int | None
    quantity: Decimal | None
    isClosed: bool | None
    quantityFulfilled: Decimal | None
    quantityBilled: Decimal | None
    location: NamedRef | None


class ReadLineList(TypedDict):
    item: list[ReadLine] | None


class ReadPrice(TypedDict):
    value: Decimal | None
    quantity: Decimal | None


class PriceList(TypedDict):
    price: list[ReadPrice] | None


class Pricing(TypedDict):
    currency: NamedRef | None
    priceLevel: NamedRef | None
    priceList: PriceList | None


class PricingMatrix(TypedDict):
    pricing: list[Pricing] | None


class MatrixOption(TypedDict):
    scriptId: str | None
    internalId: str | None
    value: NamedRef | None


class MatrixOptionList(TypedDict):
    matrixOption: list[MatrixOption] | None


class Member(TypedDict):
    """A component of a kit."""

    item: NamedRef | None
    quantity: Decimal | None


class MemberList(TypedDict):
    itemMember: list[Member] | None


class ReadRecord(TypedDict, total=False):
    """A record that was read; which fields there are depends on its type, and what is empty is None."""

    internalId: str
    externalId: str | None
    lastModifiedDate: datetime | None
    isInactive: bool | None
    # customers
    entityId: str | None
    firstName: str | None
    lastName: str | None
    companyName: str | None
    email: str | None
    phone: str | None
    category: NamedRef | None
    # items
    itemId: str | None
    displayName: str | None
    salesDescription: str | None
    description: str | None
    storeDescription: str | None
    upcCode: str | None
    parent: NamedRef | None
    matrixType: str | None
    matrixOptionList: MatrixOptionList | None
    weight: Decimal | None
    weightUnit: str | NamedRef | None
    memberList: MemberList | None
    pricesIncludeTax: bool | None
    pricingMatrix: PricingMatrix | None
    # transactions
    tranId: str | None
    tranDate: datetime | None
    shippedDate: datetime | None
    createdFrom: NamedRef | None
    entity: NamedRef | None
    currency: NamedRef | None
    orderStatus: str | None
    shipStatus: str | None
    shipMethod: NamedRef | None
    location: NamedRef | None
    total: Decimal | None
    itemList: ReadLineList | None
    packageList: dict[str, list[dict[str, str | None]] | None] | None
    packageUpsList: dict[str, list[dict[str, str | None]] | None] | None
    packageUspsList: dict[str, list[dict[str, str | None]] | None] | None
    packageFedExList: dict[str, list[dict[str, str | None]] | None] | None


class Availability(TypedDict):
    """What a location holds of an item."""

    item: NamedRef
    locationId: NamedRef | None
    quantityOnHand: Decimal | None
    quantityCommitted: Decimal | None


class DeletedRef(NamedRef):
    externalId: str | None
    type: str | None


class DeletedRecord(TypedDict):
    deletedDate: datetime | None
    record: DeletedRef | None


class ReadResponse(TypedDict):
    status: Status
    record: ReadRecord | None


def id_of(ref: NamedRef | None) -> str:
    """The internal id that a reference holds, empty for none."""
    return (ref and ref["internalId"]) or ""


def name_of(ref: NamedRef | None) -> str:
    """The name that comes with a reference, empty for none."""
    return (ref and ref["name"]) or ""
