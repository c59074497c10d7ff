"""Refusals of SuiteTalk REST as domain errors.

Errors: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_156570709583.html. Only NetSuite's codes,
field names and ids are passed on: its messages may quote a customer.
"""

import re
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.erp_records import customer_gone
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.remedies import BUYER, next_step, too_many_requests
from erpsync.transport.http import Reply

NO_PERMISSION = frozenset({"INSUFFICIENT_PERMISSION", "PERMISSION_VIOLATION", "USER_NOT_PERMITTED"})
NO_PERMISSION_CODES = frozenset(code.lower().replace("_", "-") for code in NO_PERMISSION)
"""The same, as the codes of our errors."""
ABSENT = frozenset({"NONEXISTENT_ID", "RCRD_DSNT_EXIST", "RCRD_NOT_FOUND", "NOT_FOUND"})

_BUSY = frozenset({"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "USER_REQUEST_LIMIT_EXCEEDED"})
_PASSING = frozenset({"RCRD_HAS_BEEN_CHANGED", "RCRD_EDITED_SINCE_RETRIEVED", "DUP_RCRD", "RCRD_LOCKED_BY_WF"})
_UNCLEAR = frozenset({"UNEXPECTED_ERROR", "UNEXPECTED_FAILURE"})
_ROLE = (
    "Give the role of the OAuth 2.0 mapping these permissions: REST Web Services (Full), Log in using OAuth 2.0 Access "
    "Tokens (Full), SuiteAnalytics Workbook (Edit), Sales Order (Full), Find Transaction, Item Fulfillment and Invoice "
    "(View), Credit Memo and Customer Deposit (Full), Customers (Full), Items, Locations and Currency (View). "
    "Waiting records then go on by themselves."
)
_EXECUTION_LOG = "Read the message in NetSuite under Setup > Integration > Integration Management > REST Web Services"
_VALUE = re.compile(r"Invalid Field Value (-?\d{1,12}) for the following field: (\w{1,60})")
_REFERENCE = re.compile(r"Invalid (\w{1,40}) reference key ([\w.-]{1,60})")
_PATH = re.compile(r"[\w.\[\]]{1,120}")
_TABLE = re.compile(r"Record\W+(\w{1,60})\W+was not found", re.IGNORECASE)


def of_read(reply: Reply) -> SyncError:
    """The domain error for a read that was refused. No record is to blame: none was asked to change."""
    code, detail = told(reply)
    table = _TABLE.search(detail)
    if code in _BUSY:
        return too_many_requests(code)
    if code in NO_PERMISSION or reply.status == 403 or table:
        return no_permission(code, table[1] if table else "")
    return Transient("read-refused", system=SYSTEM, what=f"NetSuite refused to read ({reply.status} {code}).")


def of_write(reply: Reply, *, record: str) -> SyncError:
    """The domain error for a record that NetSuite did not take."""
    code, detail = told(reply)
    name = code.lower().replace("_", "-")
    what = f"NetSuite refused the record with {code}{_where(reply, detail)}."
    if code in _BUSY:
        return too_many_requests(code, record)
    if code in _UNCLEAR or reply.status >= 500:
        return OutcomeUnknown("outcome-unknown", system=SYSTEM, record=record, what=what)
    if code in _PASSING:
        return Transient(name, system=SYSTEM, record=record, what=what)
    if code in NO_PERMISSION or reply.status == 403:
        return Rejected(name, system=SYSTEM, record=record, what=what, next_step=f"{_ROLE} Replay this one.")
    if BUYER in what:
        return customer_gone(system=SYSTEM, record=record, what=what)
    return Rejected(name, system=SYSTEM, record=record, what=what, next_step=next_step(code, _EXECUTION_LOG))


def no_permission(code: str, table: str = "") -> Unavailable:
    """For a call of which every part was refused so: the role is at fault, not the records."""
    about = f" to read {table}" if table else ""
    return Unavailable(
        "permission-missing",
        system=SYSTEM,
        what=f"The role of the connection may not do this{about} ({code.upper().replace('-', '_')}).",
        next_step=_ROLE,
    )


def busy(reply: Reply) -> Throttled:
    """For an answer of 429."""
    return too_many_requests(told(reply)[0])


def told(reply: Reply) -> tuple[str, str]:
    """The first error's code and message. The message stays inside this package: it may hold personal data."""
    first = _first(reply)
    return str(first.get("o:errorCode") or f"HTTP_{reply.status}"), str(first.get("detail") or "")


def _where(reply: Reply, detail: str) -> str:
    """Which field is wrong and which id it had."""
    path = str(_first(reply).get("o:errorPath") or "")
    about = f" at {path}" if _PATH.fullmatch(path) else ""
    value = _VALUE.search(detail)
    reference = _REFERENCE.search(detail)
    if value:
        return f"{about}: {value[2]} {value[1]}"
    return f"{about}: {reference[1]} {reference[2]}" if reference else about


def _first(reply: Reply) -> dict[str, Any]:
    try:
        body = reply.json()
    except Transient:
        return {}
    details = body.get("o:errorDetails") if isinstance(body, dict) else None
    return details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
