"""Records as the REST face has them, between JSON and what the books keep. It is an account with SuiteTax: of tax it
knows what SuiteTax has, and refuses the fields of legacy tax.

Lists and subrecords: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545141947.html
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from erpsync.systems.netsuite.simulator_records import CUSTOM_FIELDS, Customer, Deposit, Line, Transaction, Values
from erpsync.systems.netsuite.simulator_rest_tables import STATUS

TAX_TYPES = {"5": "11", "6": "11", "7": "12"}
"""The tax type of each tax code."""
ENGINE_RATE = Decimal("0.19")
"""What the account's own tax engine charges where its result is not overridden."""


def _words(*texts: str) -> frozenset[str]:
    return frozenset(word for text in texts for word in text.split())


_BODY = (
    "externalId entity tranDate otherRefNum memo currency subsidiary location customForm department class salesRep message "
    "email taxDetailsOverride taxDetails item"
)
FIELDS: Mapping[str, frozenset[str]] = {
    "salesOrder": _words(
        _BODY,
        "orderStatus shipMethod shippingCost billingAddress shippingAddress shipDate startDate endDate "
        "shipComplete toBeEmailed toBePrinted excludeCommission leadSource partner terms",
    ),
    "creditMemo": _words(_BODY, "createdFrom apply shippingCost shipMethod"),
    "returnAuthorization": _words(_BODY, "createdFrom orderStatus"),
    "customerDeposit": _words(
        "externalId customer salesOrder tranDate payment currency subsidiary location paymentMethod account "
        "undepFunds memo checkNum"
    ),
    "customer": _words(
        "externalId isPerson firstName lastName companyName email phone altPhone fax url comments subsidiary currency "
        "category isInactive addressbook customForm priceLevel terms salesRep creditLimit"
    ),
}
_LINE = _words("item quantity rate amount price description line isClosed taxDetailsReference orderLine location")
_ADDRESS = _words("country attention addressee addrPhone addr1 addr2 city state zip")
_ENTRY = _words("defaultShipping defaultBilling addressbookaddress label")
_DETAIL = _words("taxDetailsReference taxType taxCode taxBasis taxRate taxAmount")
_DATES = frozenset({"tranDate", "shipDate", "startDate", "endDate"})
_SCRIPT = re.compile("cust(body|col|entity)")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CUSTOM = {
    "salesOrder": "transactionBodyCustomField",
    "creditMemo": "transactionBodyCustomField",
    "returnAuthorization": "transactionBodyCustomField",
    "customerDeposit": "transactionBodyCustomField",
    "customer": "entityCustomField",
}
_NAMES_OF_STATUS = {letter: name for name, letter in STATUS.items()}


class BadContent(Exception):
    """The body does not fit. `path` says where."""

    def __init__(self, message: str, path: str) -> None:
        self.message = message
        self.path = path
        super().__init__(message)


def fields_of(kind: str) -> list[str]:
    """What the metadata catalogue tells of a kind of record."""
    return sorted({*FIELDS[kind], *CUSTOM_FIELDS[_CUSTOM[kind]]})


def values_of(kind: str, body: Mapping[str, Any], replace: frozenset[str]) -> Values:
    """What the books are to keep. Raises BadContent."""
    values: Values = {}
    _known(body, FIELDS[kind] | set(CUSTOM_FIELDS[_CUSTOM[kind]]), "")
    for name, value in body.items():
        if name in ("item", "taxDetails", "taxDetailsOverride") or (_SCRIPT.match(name) and value is not None):
            continue
        if value is None:
            values.setdefault("nullFieldList", {"name": []})["name"].append(name)
        elif name == "addressbook":
            entries = [_entry(entry, number) for number, entry in enumerate(value["items"])]
            values["addressbookList"] = {"replaceAll": "addressbook" in replace, "addressbook": entries}
        elif name == "apply":
            values["applyList"] = {"apply": [dict(one) for one in value["items"]]}
        elif name == "orderStatus":
            values[name] = _NAMES_OF_STATUS[value["id"]]
        elif name.endswith("Address"):
            values[name] = _address(value, name)
        else:
            values[name] = _value(name, value)
    custom = _custom(body)
    if custom:
        values["customFieldList"] = custom
    if "item" in body:
        lines = _taxed([_line(line, number) for number, line in enumerate(body["item"]["items"])], body)
        values["itemList"] = {"replaceAll": "item" in replace, "item": lines}
    return values


def told(kind: str, found: Customer | Transaction | Deposit, *, expanded: bool) -> dict[str, Any]:
    """A record as it is read."""
    record: dict[str, Any] = {"id": found.internal_id, "lastModifiedDate": f"{found.modified_at:%Y-%m-%dT%H:%M:%SZ}"}
    if found.external_id:
        record["externalId"] = found.external_id
    if isinstance(found, Customer):
        record |= {name: found.values[name] for name in ("entityId", "email") if found.values.get(name)}
    else:
        record["tranId"] = found.number
    if kind == "salesOrder" and isinstance(found, Transaction):
        record["orderStatus"] = {"id": STATUS[found.status]}
        record["item"] = {"items": [_told_line(line) for line in found.lines]} if expanded else {"links": []}
    return record


def _told_line(line: Line) -> dict[str, Any]:
    return {
        "line": line.line,
        "item": {"id": line.item.internal_id, "refName": line.item.sku},
        "quantity": line.quantity,
        "amount": line.amount,
        "isClosed": line.closed,
        "quantityFulfilled": line.fulfilled,
        "quantityBilled": line.billed,
    }


def _line(line: Mapping[str, Any], number: int) -> Values:
    path = f"item.items[{number}]"
    _known(line, _LINE | set(CUSTOM_FIELDS["transactionColumnCustomField"]), path)
    values = {name: _value(name, value) for name, value in line.items() if not _SCRIPT.match(name)}
    if "line" in values:
        values["line"] = int(values["line"])
    custom = _custom(line)
    return {**values, "customFieldList": custom} if custom else values


def _taxed(lines: list[Values], body: Mapping[str, Any]) -> list[Values]:
    """The lines with the tax that is overridden, else with what the account's own engine makes of them."""
    priced = [line for line in lines if "amount" in line]
    if not body.get("taxDetailsOverride"):
        for line in priced:
            line["tax1Amt"] = (line["amount"] * ENGINE_RATE).quantize(Decimal("0.01"))
        return lines
    details = {}
    for number, detail in enumerate(body.get("taxDetails", {}).get("items", [])):
        path = f"taxDetails.items[{number}]"
        _known(detail, _DETAIL, path)
        if TAX_TYPES.get(detail["taxCode"]["id"]) != detail["taxType"]["id"]:
            raise BadContent("Invalid Field Value for the following field: taxType", f"{path}.taxType")
        details[detail["taxDetailsReference"]] = detail
    for line in priced:
        found = details.pop(line.pop("taxDetailsReference", ""), None)
        line["tax1Amt"] = Decimal(0) if found is None else found["taxAmount"]
        if found is not None:
            line["taxCode"] = {"internalId": found["taxCode"]["id"]}
    if details:
        raise BadContent("A tax detail refers to no line.", "taxDetails.items[0].taxDetailsReference")
    return lines


def _entry(entry: Mapping[str, Any], number: int) -> Values:
    path = f"addressbook.items[{number}]"
    _known(entry, _ENTRY, path)
    address = _address(entry["addressbookaddress"], f"{path}.addressbookaddress")
    return {**{name: entry[name] for name in entry if name != "addressbookaddress"}, "addressbookAddress": address}


def _address(address: Mapping[str, Any], path: str) -> Values:
    _known(address, _ADDRESS, path)
    country = address.get("country")
    if country is not None and not re.fullmatch("[A-Z]{2}", country.get("id", "")):
        raise BadContent("Invalid Field Value for the following field: country", f"{path}.country")
    return {name: value["id"] if name == "country" else value for name, value in address.items()}


def _custom(body: Mapping[str, Any]) -> Values:
    found = [{"scriptId": name, "value": _value("", value)} for name, value in body.items() if _is_set(name, value)]
    return {"customField": found} if found else {}


def _is_set(name: str, value: object) -> bool:
    return _SCRIPT.match(name) is not None and value is not None


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.keys() <= {"id", "externalId", "refName"}:
            return {"internalId": str(value["id"])} if "id" in value else {"externalId": value["externalId"]}
        raise BadContent(f"Invalid Field Value for the following field: {name}", name)
    if name in _DATES:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise BadContent(f"Invalid Field Value for the following field: {name}", name)
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    return value


def _known(given: Mapping[str, Any], known: frozenset[str] | set[str], path: str) -> None:
    for name in given:
        if name not in known:
            place = f"{path}.{name}" if path else name
            raise BadContent(f"Error while accessing resource: Unknown property name '{name}'.", place)
