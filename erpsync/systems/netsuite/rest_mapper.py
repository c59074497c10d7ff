"""SuiteTalk records as REST spells them. Pure.

Both transports send the same record: `mapper` makes it, with SOAP's names, and here it is only spelled anew. References
become {"id": ...}, lists {"items": [...]}, custom fields properties of their own. What REST has no words for is the tax
on a line of accounts with legacy tax: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/chapter_1558962745.html
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from erpsync.domain.errors import Rejected
from erpsync.systems.netsuite.countries import countries
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.rest_wire import Json
from erpsync.systems.netsuite.settings import NetSuiteSettings

SUITE_TAX = "taxDetailsOverride"
"""The field by which an account shows that it has SuiteTax."""

# The letters by which NetSuite knows the status of a sales order; only these two can be set.
_STATUS = {"_pendingApproval": "A", "_pendingFulfillment": "B"}
_SKIPPED = frozenset({"$type", "internalId", "externalId", "replaceAll"})
_REFERENCE = frozenset({"$type", "internalId", "externalId", "type", "name"})
_LEGACY_TAX = ("taxCode", "tax1Amt", "isTaxable")
# https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_1545141947.html spells these in small letters.
_NAMES = {"addressbookAddress": "addressbookaddress"}


def spelled(record: Mapping[str, Any]) -> Json:
    """The record as REST has it, without its ids, which stand in the address."""
    result: Json = {}
    for name, value in record.items():
        if name in _SKIPPED:
            continue
        if name == "nullFieldList":
            result |= dict.fromkeys(value["name"])
        elif name == "customFieldList":
            result |= {field["scriptId"]: _value("", field["value"]) for field in value["customField"]}
        elif name.endswith("List") and isinstance(value, Mapping):
            [lines] = [inner for inner in value.values() if isinstance(inner, list)]
            result[name.removesuffix("List")] = {"items": [spelled(line) for line in lines]}
        else:
            result[_NAMES.get(name, name)] = _value(name, value)
    return result


def replaced(record: Mapping[str, Any]) -> str:
    """The sublists of which the record brings all lines, as the parameter `replace` wants them."""
    lists = ((name, value) for name, value in record.items() if isinstance(value, Mapping))
    return ",".join(name.removesuffix("List") for name, value in lists if value.get("replaceAll") is True)


def with_tax(
    record: Json, *, suite_tax: bool, tax_types: Mapping[str, str], settings: NetSuiteSettings, name: str
) -> Json:
    """The record with the store's tax as SuiteTax takes it: what its lines say is overridden, none is computed.

    `tax_types` are the tax types of the configured tax codes. Raises Rejected where lines have tax and the account has
    no SuiteTax.
    """
    lines = record.get("item", {}).get("items", [])
    details = []
    for number, line in enumerate(lines, start=1):
        code, tax, _ = (line.pop(field, None) for field in _LEGACY_TAX)
        if tax and not suite_tax:
            raise _needs_suite_tax(name)
        if code and tax is not None and settings.tax_handling == "lines":
            line["taxDetailsReference"] = str(number)
            details.append(_detail(str(number), code["id"], line["amount"], tax, tax_types, settings))
    if not suite_tax:
        return record
    return {**record, SUITE_TAX: True, "taxDetails": {"items": details}}


def plain(value: Any) -> Any:
    """A record as plain JSON values, amounts as text."""
    if isinstance(value, Mapping):
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    return f"{value:f}" if isinstance(value, Decimal) else value


def _detail(
    reference: str,
    code: str,
    basis: Decimal,
    tax: Decimal,
    tax_types: Mapping[str, str],
    settings: NetSuiteSettings,
) -> Json:
    rates = {tax_code: Decimal(rate) for rate, tax_code in settings.tax_codes.items()}
    rate = rates.get(code, (tax / basis * 100).quantize(Decimal("0.0001")) if basis else Decimal(0))
    return {
        "taxDetailsReference": reference,
        "taxType": {"id": tax_types.get(code, "")},
        "taxCode": {"id": code},
        "taxBasis": basis,
        "taxRate": rate,
        "taxAmount": tax,
    }


def _value(name: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        if value.keys() <= _REFERENCE:
            return {"id": value["internalId"]} if value.get("internalId") else {"externalId": value["externalId"]}
        return spelled(value)
    if isinstance(value, datetime):
        return _date(value)
    if name == "country":
        return {"id": _iso_codes()[value]}
    if name == "orderStatus":
        return {"id": _STATUS[value]}
    return [_value("", inner) for inner in value] if isinstance(value, list) else value


def _date(value: datetime) -> str:
    """A day where there is no time of day. Sales orders keep only the day, which is not converted between time zones:
    https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_157305090645.html"""
    return value.astimezone(UTC).date().isoformat()


@cache
def _iso_codes() -> dict[str, str]:
    return {name: code for code, name in countries().items()}


def _needs_suite_tax(name: str) -> Rejected:
    return Rejected(
        "tax-needs-suite-tax",
        system=SYSTEM,
        record=name,
        what="Its lines have tax, and NetSuite's REST web services take tax on lines only in accounts with SuiteTax.",
        next_step="Set tax_handling = item, or transport = soap, on this connection; then replay.",
    )
