"""SAP's faults and messages as domain errors.

A message is a class and a number (V1 382) with four variables. Those of sales, materials and pricing hold codes and
numbers and are quoted; those of other classes may hold a name or a street, and only their number is told.
"""

from collections.abc import Mapping, Sequence

from erpsync.domain.errors import (
    OutcomeUnknown,
    Rejected,
    SyncError,
    Transient,
    Unavailable,
)
from erpsync.domain.money import Money
from erpsync.ports.erp_records import customer_gone
from erpsync.systems.sap.soap.rows import shown
from erpsync.systems.sap.soap.settings import SYSTEM
from erpsync.systems.sap.soap.wire import ReadRow
from erpsync.transport.soap import SoapFault

GONE = "sap-zerpsync-006"
"""The code of a refusal because the sales order does not exist."""
OURS = "ZERPSYNC"
"""The wrapper's own message class, as `abap/zerpsync_dictionary.abap` lists it."""
_BUSY = "001"
_LOCKED = "002"
_UPDATE_ENDED = "004"
NO_RIGHT = "007"
_NO_CUSTOMER = ("VP", "199")  # or not in the sales area
_STEPS = {
    "003": "Extend the material to this sales area (MM01, sales views) or correct the SKU in the store, then replay.",
    "005": "Make a return or reject what is left of it in SAP by hand (VA02), then discard this job.",
    "006": "The sales order was deleted in SAP. Book this there by hand if it still matters, then discard this job.",
    "008": "Correct order_fields or customer_fields of this connection, restart the workers, then replay.",
    "009": "Correct the sales area or model_customer of this connection, then replay.",
    "010": "Correct the order in SAP by hand, or set its lines right in the store, then replay.",
}
_QUOTED = frozenset(
    {OURS, "V0", "V1", "V2", "V3", "V4", "VK", "VL", "VF", "VP", "VA", "VT", "VE", "M3", "MM", "F5", "F2", "FS", "BD"}
)
_ITEM_TABLES = frozenset({"IT_ITEM", "ORDER_ITEMS_IN", "ORDER_ITEM_IN", "SALES_ITEMS_IN"})
_MOST = 3
_LOOK_UP = "Look the message up in SAP (SE91 or the long text in VA01)"
_AUTHORISATION = "Complete the role of the connection's user as the README lists it (look in SU53 or STAUTHTRACE)."


def of_fault(fault: SoapFault, *, write: bool, settle_seconds: float) -> SyncError:
    """The domain error for a fault: the web service runtime ended the call. What was committed before stays."""
    told = fault.message.lower()
    if "authoriz" in told or "no authority" in told:
        return no_right("SAP refused the call for a missing authorisation")
    name = " ".join(part for part in (fault.element, fault.code) if part) or "unnamed"
    if write:
        return OutcomeUnknown(
            "outcome-unknown",
            system=SYSTEM,
            what=f"SAP answered a write with a fault ({name}).",
            settle_seconds=settle_seconds,
        )
    return Transient(
        "fault",
        system=SYSTEM,
        what=f"SAP answered with a fault ({name}).",
        next_step="Nothing: it is tried again by itself. If it stays so, look in SRT_UTIL (error log) and ST22.",
    )


def of_endpoint(error: SyncError) -> SyncError:
    """SAP answers 403 or 404 without SOAP where the service is off; what that means is known here."""
    if error.code not in ("not-a-soap-endpoint", "wsdl-not-found"):
        return error
    return Unavailable(
        error.code,
        system=SYSTEM,
        what=f"{error.problem.what} The web service is not active, or its path or client is another.",
        next_step="Check path, client and wsdl_url of this connection in SOAMANAGER, that the service is active in SICF, "
        "and that the user has S_SERVICE for it. Waiting records go on by themselves.",
    )


def no_right(what: str) -> Unavailable:
    return Unavailable("permission-missing", system=SYSTEM, what=f"{what}.", next_step=_AUTHORISATION)


def is_error(message: ReadRow) -> bool:
    """E refused, A ended; W, I and S are told beside a success."""
    return message["TYPE"] in ("E", "A")


def lacks_right(message: ReadRow) -> bool:
    return bool(message["ID"] == OURS and message["NUMBER"] == NO_RIGHT)


def warnings(messages: Sequence[ReadRow], materials: Mapping[int, str]) -> list[str]:
    """What SAP warned of beside a success, without personal data."""
    return list(dict.fromkeys(_told(message, materials) for message in messages if message["TYPE"] == "W"))


def of_messages(messages: Sequence[ReadRow], record: str, materials: Mapping[int, str]) -> SyncError:
    """The domain error for one record's messages, of which at least one is an error."""
    errors = [message for message in messages if is_error(message)]
    own = {message["NUMBER"] for message in errors if message["ID"] == OURS}
    told = "; ".join(dict.fromkeys(_told(message, materials) for message in errors[:_MOST]))
    if own & {_BUSY, _LOCKED}:
        return Transient(
            "locked",
            system=SYSTEM,
            record=record,
            what=f"SAP is at work on it already: {told}.",
            retry_after_seconds=10,
        )
    if _UPDATE_ENDED in own:
        return Transient(
            "update-ended",
            system=SYSTEM,
            record=record,
            what=f"SAP's update was ended and undone: {told}.",
            next_step="Nothing: it is tried again by itself. If it stays so, look in SM13; do not repeat the update there.",
        )
    numbers = [(message["ID"], message["NUMBER"]) for message in errors]
    step = next((_STEPS[number] for id_, number in numbers if id_ == OURS and number in _STEPS), "")
    if _NO_CUSTOMER in numbers:
        return customer_gone(system=SYSTEM, record=record, what=f"SAP refused it: {told}.")
    first = f"{numbers[0][0]}-{numbers[0][1]}".lower() if numbers else "no-answer"
    return Rejected(
        f"sap-{first}",
        system=SYSTEM,
        record=record,
        what=f"SAP refused it: {told or 'it told no reason'}.",
        next_step=step or f"{_LOOK_UP}, correct what it names, then replay.",
    )


def total_differs(
    *, wanted: Money, net: Money, tax: Money, document: str, blocked: bool, record: str, kind: str
) -> Rejected:
    """A document that SAP made with another total than the store's."""
    came = net + tax
    state = "blocked for further processing" if blocked else "NOT blocked: block it at once"
    return Rejected(
        "total-differs",
        system=SYSTEM,
        record=record,
        what=f"{kind} {shown(document)} comes to {came} in SAP (net {net} + tax {tax}), the store says {wanted} "
        f"(difference {wanted - came}); it is {state}.",
        next_step="Look at its conditions in VA03 (a condition that SAP added by itself, or the tax); correct the pricing "
        "or the settings, set the document right in VA02, lift the block, then replay.",
    )


def no_answer(record: str, settle_seconds: float) -> OutcomeUnknown:
    return OutcomeUnknown(
        "reply-incomplete",
        system=SYSTEM,
        record=record,
        what="SAP's reply says nothing of this record.",
        settle_seconds=settle_seconds,
    )


def _told(message: ReadRow, materials: Mapping[int, str]) -> str:
    code = f"{message['ID']} {message['NUMBER']}"
    text = " ".join(str(message["MESSAGE"] or "").split()).rstrip(".") if message["ID"] in _QUOTED else ""
    item = _item(message, materials)
    about = f" (item {item}, SKU {materials[item]})" if item in materials else ""
    return f"{code}{about} {text}".rstrip()


def _item(message: ReadRow, materials: Mapping[int, str]) -> int:
    """BAPIs tell the row of the table that they blame; ours are numbered in tens. 0: none of them."""
    item = 10 * int(message["ROW"] or 0)
    return item if message["PARAMETER"] in _ITEM_TABLES and item in materials else 0
