"""The part of SuiteTalk's schema that the simulator offers, as facts: names, types, order, how often.

One table serves the WSDL it publishes, the requests it checks and the replies it writes.
"""

from dataclasses import dataclass
from functools import cache

from erpsync.systems.netsuite.simulator_list_types import LIST_TYPES
from erpsync.systems.netsuite.simulator_transaction_types import TRANSACTION_TYPES
from erpsync.systems.netsuite.simulator_types import TYPES

XSD = "http://www.w3.org/2001/XMLSchema"
OPERATIONS = (
    "getServerTime",
    "getAccountGovernanceInfo",
    "getDataCenterUrls",
    "getList",
    "search",
    "searchMoreWithId",
    "getItemAvailability",
    "getDeleted",
    "getCustomizationId",
    "addList",
    "upsertList",
    "updateList",
)
FAULTS = (
    "InsufficientPermissionFault",
    "InvalidCredentialsFault",
    "InvalidSessionFault",
    "InvalidVersionFault",
    "ExceededConcurrentRequestLimitFault",
    "ExceededRequestLimitFault",
    "ExceededRecordCountFault",
    "UnexpectedErrorFault",
)

_NAMESPACES = {
    "platform": "platform_{v}",
    "messages": "messages_{v}.platform",
    "core": "core_{v}.platform",
    "types.core": "types.core_{v}.platform",
    "faults": "faults_{v}.platform",
    "types.faults": "types.faults_{v}.platform",
    "common": "common_{v}.platform",
    "types.common": "types.common_{v}.platform",
    "relationships": "relationships_{v}.lists",
    "accounting": "accounting_{v}.lists",
    "types.accounting": "types.accounting_{v}.lists",
    "sales": "sales_{v}.transactions",
    "types.sales": "types.sales_{v}.transactions",
    "customers": "customers_{v}.transactions",
}

_SIMPLE = (
    "types.core:RecordType",
    "types.core:SearchStringFieldOperator",
    "types.core:SearchMultiSelectFieldOperator",
    "types.core:SearchEnumMultiSelectFieldOperator",
    "types.core:SearchLongFieldOperator",
    "types.core:SearchDateFieldOperator",
    "types.core:GetCustomizationType",
    "types.faults:StatusDetailCodeType",
    "types.faults:StatusDetailType",
    "types.faults:FaultCodeType",
    "types.common:Country",
    "types.accounting:ItemMatrixType",
    "types.accounting:ItemWeightUnit",
    "types.sales:SalesOrderOrderStatus",
    "types.sales:ItemFulfillmentShipStatus",
)

_RESULTS = (
    "getServerTimeResult",
    "getAccountGovernanceInfoResult",
    "getDataCenterUrlsResult",
    "getItemAvailabilityResult",
    "getDeletedResult",
    "getCustomizationIdResult",
)


@dataclass(frozen=True)
class Field:
    """A child element. `many`: any number of it. `reference`: a global element, named by its own namespace."""

    name: str
    namespace: str
    type: str
    required: bool
    many: bool
    reference: bool


@dataclass(frozen=True)
class Type:
    """A complex type. `fields` and `attributes` are its own, without those of `base`. Types are named "prefix:Name"."""

    name: str
    base: str
    abstract: bool
    text: str
    fields: tuple[Field, ...]
    attributes: tuple[tuple[str, str], ...]


def namespace(prefix: str, version: str) -> str:
    """The namespace of an endpoint version, as "2025_2"."""
    return f"urn:{_NAMESPACES[prefix].format(v=version)}.webservices.netsuite.com"


def prefixes() -> list[str]:
    return [prefix for prefix in _NAMESPACES if prefix != "platform"]


@cache
def elements() -> dict[str, str]:
    """The type of each global element."""
    found = {
        "core:status": "core:Status",
        "core:recordList": "core:RecordList",
        "core:searchResult": "core:SearchResult",
        "core:deletedRecordList": "core:DeletedRecordList",
        "core:customizationRefList": "core:CustomizationRefList",
        "messages:tokenPassport": "core:TokenPassport",
        "messages:preferences": "messages:Preferences",
        "messages:searchPreferences": "messages:SearchPreferences",
        "messages:documentInfo": "messages:DocumentInfo",
        "messages:writeResponseList": "messages:WriteResponseList",
        "messages:readResponseList": "messages:ReadResponseList",
    }
    for name in _RESULTS:
        found[f"core:{name}"] = f"core:{name[0].upper()}{name[1:]}"
    for operation in OPERATIONS:
        capital = operation[0].upper() + operation[1:]
        found[f"messages:{operation}"] = f"messages:{capital}Request"
        found[f"messages:{operation}Response"] = f"messages:{capital}Response"
    for fault in FAULTS:
        found[f"faults:{fault[0].lower()}{fault[1:]}"] = f"faults:{fault}"
    return found


@cache
def types() -> dict[str, Type]:
    """All complex types by name."""
    parsed: dict[str, Type] = {}
    head: list[str] = []
    body: list[list[str]] = []
    for line in [*f"{TYPES}{LIST_TYPES}{TRANSACTION_TYPES}".split("\n"), "end:end"]:
        if not line:
            continue
        if line.startswith(" "):
            body.append(line.split())
            continue
        if head:
            parsed[head[0]] = _type(head, body)
        head, body = line.split(), []
    for fault in FAULTS:
        parsed[f"faults:{fault}"] = Type(f"faults:{fault}", "faults:SoapFault", False, "", (), ())
    return parsed


@cache
def simple_types() -> frozenset[str]:
    return frozenset(_SIMPLE)


def all_fields(name: str) -> list[Field]:
    """The fields of a type in order, those of its bases first."""
    found = types()[name]
    return [*(all_fields(found.base) if found.base else ()), *found.fields]


def all_attributes(name: str) -> dict[str, str]:
    found = types()[name]
    return {**(all_attributes(found.base) if found.base else {}), **dict(found.attributes)}


def extends(name: str, base: str) -> bool:
    """Whether a value of type `name` may stand where `base` is asked for."""
    return name == base or bool(types()[name].base and extends(types()[name].base, base))


def _type(head: list[str], body: list[list[str]]) -> Type:
    base = head[head.index("<") + 1] if "<" in head else ""
    own = head[0].partition(":")[0]
    attributes = tuple((words[0][1:], words[1]) for words in body if words[0].startswith("."))
    text = next((words[1] for words in body if words[0] == "="), "")
    fields = tuple(_field(words, own) for words in body if words[0][0] not in ".=")
    return Type(head[0], base, "abstract" in head, text, fields, attributes)


def _field(words: list[str], own: str) -> Field:
    count = words[-1] if words[-1] in ("?", "*", "+") else ""
    required, many = count in ("", "+"), count in ("*", "+")
    if words[0].startswith("@"):
        element = words[0][1:]
        prefix, _, name = element.partition(":")
        return Field(name, prefix, elements()[element], required, many, True)
    return Field(words[0], own, words[1], required, many, False)
