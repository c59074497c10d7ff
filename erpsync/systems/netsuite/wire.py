"""What crosses the wire, spelled as SuiteTalk spells it: only the fields that erpsync writes or reads."""

from datetime import datetime
from decimal import Decimal
from typing import TypedDict

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


class StringCustomField(Typed, total=False):
    scriptId: str
    value: str


class CustomFieldList(TypedDict):
    customField: list[StringCustomField]


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
    addressbookList: Addressbook


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


class ReadItem(TypedDict):
    """A line of a sales order that was read."""

    line: int | None
    isClosed: bool | None
    quantityFulfilled: Decimal | None
    quantityBilled: Decimal | None


class ReadItemList(TypedDict):
    item: list[ReadItem]


class ReadRecord(TypedDict):
    """A record that was read; which fields there are depends on its type."""

    internalId: str
    externalId: str | None
    tranId: str | None
    entityId: str | None
    itemId: str | None
    email: str | None
    orderStatus: str | None
    itemList: ReadItemList | None


class ReadResponse(TypedDict):
    status: Status
    record: ReadRecord | None
