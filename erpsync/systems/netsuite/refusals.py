"""NetSuite's refusals as domain errors: faults, which concern the whole call, and status codes, one record's.

Only NetSuite's codes are passed on. Its messages may quote a customer's data; they can be read in the account, under
Setup > Integration > SOAP Web Services Usage Log.
Codes: https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3539420.html (faults) and
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3539978.html (status codes).
"""

import re

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Transient, Unavailable
from erpsync.ports.erp_records import customer_gone
from erpsync.systems.netsuite.lines import SYSTEM
from erpsync.systems.netsuite.remedies import BUYER, next_step, too_many_requests
from erpsync.systems.netsuite.wire import Status, StatusDetail
from erpsync.transport.soap import SoapFault

ABSENT = frozenset(
    {"RCRD_DSNT_EXIST", "RCRD_NOT_FOUND", "NONEXISTENT_EXTERNAL_ID", "INVALID_KEY_OR_REF", "INVALID_TRANS_TYP"}
)
"""What a look-up of a record that does not exist answers, or of a transaction of another type. The look-up's own key is the
only reference in it."""
NO_PERMISSION = frozenset({"INSUFFICIENT_PERMISSION", "PERMISSION_VIOLATION", "NOT_ENOUGH_PERMISSIONS"})
PERMISSION_MISSING = "permission-missing"
"""The code of our error where a role lacks a right."""
SEARCH_EXPIRED = "INVALID_JOB_ID"
"""A search id dies when it is not used for 15 minutes:
https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_N3523074.html"""

_USAGE_LOG = "Read the message in NetSuite under Setup > Integration > SOAP Web Services Usage Log"
_ROLE = (
    "Give the role of the connection's token these permissions: Sales Order, Customers, Credit Memo, Return "
    "Authorization and Customer Deposit (Full), Find Transaction, Item Fulfillment, Invoice, Items, Currency, "
    "Subsidiaries, Locations and Tax Records (View), Deleted Records and Custom Fields (View), SOAP Web Services (Full), "
    "Log in using Access Tokens (Full). "
    "Waiting records then go on by themselves."
)
_BUSY = frozenset(
    {
        "WS_REQUEST_BLOCKED",
        "WS_CONCUR_SESSION_DISALLWD",
        "CONCURRENCY_LIMIT_EXCEEDED",
        "EXCEEDED_MAX_CONCUR_RQST",
        "SSS_REQUEST_LIMIT_EXCEEDED",
    }
)
_BUSY_FAULTS = frozenset(
    {"exceededConcurrentRequestLimitFault", "exceededRequestLimitFault", "exceededUsageLimitFault"}
)
_TOO_MUCH_FAULTS = frozenset({"exceededRecordCountFault", "exceededRequestSizeFault"})
_LOGIN = frozenset({"INVALID_LOGIN_CREDENTIALS", "INVALID_ROLE", "ROLE_REQUIRED", "LOGIN_DISABLED", "WS_LOG_IN_REQD"})
_VERSION = frozenset({"INVALID_WS_VERSION", "UNSUPPORTED_WS_VERSION"})
_FEATURE = frozenset({"WS_FEATURE_REQD", "OI_FEATURE_REQD"})
_PASSING = frozenset(
    {
        "RCRD_HAS_BEEN_CHANGED",
        "RCRD_EDITED_SINCE_RETRIEVED",
        "CANT_UPDATE_RECRD_HAS_CHANGED",
        # The loser of two upserts of one new external id; the next attempt finds the winner's record.
        "DUP_RCRD",
        "IDEMPOTENCY_ERROR",
        "SESSION_TIMED_OUT",
        "SSS_APP_SERVER_RESTART",
        "SSS_CONNECTION_TIME_OUT",
        "SSS_REQUEST_TIME_EXCEEDED",
        "SSS_TIME_LIMIT_EXCEEDED",
        "EXCEEDED_MAX_TIME",
        "RCRD_LOCKED_BY_WF",
    }
)
_UNCLEAR = frozenset({"UNEXPECTED_ERROR", "UNEXPECTED_FAILURE", "TRANS_NOT_COMPLETED"})
_REFERENCE = re.compile(r"Invalid (\w+) reference key ([\w.-]+)")


def of_fault(fault: SoapFault, *, write: bool) -> SyncError:
    """The domain error for a fault. None of them dead-letters a record for what is wrong with the connection."""
    if fault.element in _BUSY_FAULTS or fault.code in _BUSY:
        return too_many_requests(fault.code)
    if fault.element in _TOO_MUCH_FAULTS:
        return Rejected(
            "request-too-large",
            system=SYSTEM,
            what=f"The request exceeds a limit of NetSuite ({fault.code}).",
            next_step="Report this: erpsync keeps its requests below the limits that NetSuite documents.",
        )
    refused = _of_connection(fault)
    if refused is not None:
        return refused
    if write:
        return OutcomeUnknown(
            "outcome-unknown", system=SYSTEM, what=f"NetSuite answered a write with a fault ({_name(fault)})."
        )
    return Transient("fault", system=SYSTEM, what=f"NetSuite answered with a fault ({_name(fault)}).")


def of_status(status: Status, *, record: str) -> SyncError:
    """The domain error for a record that NetSuite refused."""
    detail = _error(status)
    code = (detail and detail["code"]) or "UNKNOWN"
    name = code.lower().replace("_", "-")
    what = f"NetSuite refused the record with {code}{_reference(detail)}."
    if code in _BUSY:
        return too_many_requests(code, record)
    if code == "ACCT_TEMP_UNAVAILABLE":
        return Unavailable("unavailable", system=SYSTEM, record=record, what=what)
    if code in _UNCLEAR:
        return OutcomeUnknown("outcome-unknown", system=SYSTEM, record=record, what=what)
    if code in _PASSING:
        return Transient(name, system=SYSTEM, record=record, what=what)
    if code in NO_PERMISSION:
        return Rejected(name, system=SYSTEM, record=record, what=what, next_step=f"{_ROLE} Replay this one.")
    if BUYER in what:
        return customer_gone(system=SYSTEM, record=record, what=what)
    return Rejected(name, system=SYSTEM, record=record, what=what, next_step=next_step(code, _USAGE_LOG))


def no_permission(code: str) -> Unavailable:
    """For a call of which every record was refused so: the role is at fault, not the records."""
    return Unavailable(
        PERMISSION_MISSING,
        system=SYSTEM,
        what=f"The role of the connection's token may not do this ({code}).",
        next_step=_ROLE,
    )


def no_id(record: str) -> OutcomeUnknown:
    """For a record that NetSuite says it took, without saying as what."""
    return OutcomeUnknown(
        "reply-incomplete", system=SYSTEM, record=record, what="NetSuite did not tell the record's id."
    )


def code_of(status: Status) -> str:
    """The first error's code, empty where the record was accepted."""
    if status["isSuccess"]:
        return ""
    detail = _error(status)
    return (detail and detail["code"]) or "UNKNOWN"


def _of_connection(fault: SoapFault) -> SyncError | None:
    # NetSuite says USER_ERROR for a login that fails, with this fixed sentence.
    login = fault.code == "USER_ERROR" and fault.message.startswith("Invalid login attempt")
    if fault.element == "invalidCredentialsFault" or fault.code in _LOGIN or login:
        return Unavailable(
            "credentials-refused",
            system=SYSTEM,
            what=f"NetSuite refused the token ({fault.code}).",
            next_step="Look in NetSuite's Login Audit Trail (Setup > Users/Roles > User Management) for the reason: "
            "revoked token, blocked integration, or this machine's clock; nothing there: the token is of another account "
            "than `account`. Then run `erpsync doctor`; waiting records go on by themselves.",
        )
    if fault.element == "insufficientPermissionFault" or fault.code in {*NO_PERMISSION, "WS_PERMISSION_REQD"}:
        return no_permission(fault.code)
    if fault.element == "invalidVersionFault" or fault.code in _VERSION:
        return Unavailable(
            "endpoint-not-supported",
            system=SYSTEM,
            what=f"NetSuite does not support this SuiteTalk endpoint ({fault.code}).",
            next_step="Set `endpoint_version` of this connection to 2025_2, the last one.",
        )
    if fault.element == "invalidAccountFault" or fault.code in {"INVALID_ACCT", *_FEATURE}:
        return Unavailable(
            "account-refused",
            system=SYSTEM,
            what=f"The account does not offer web services by this address ({fault.code}).",
            next_step="Check `account` of this connection, and that SOAP Web Services and Token-based Authentication "
            "are on under Setup > Company > Enable Features > SuiteCloud.",
        )
    if fault.code == "ACCT_TEMP_UNAVAILABLE":
        return Unavailable("unavailable", system=SYSTEM, what="The account is not available for the moment.")
    if fault.element == "invalidSessionFault" or fault.code == "SESSION_TIMED_OUT":
        return Transient("session-ended", system=SYSTEM, what=f"NetSuite ended the session ({fault.code}).")
    return None


def _error(status: Status) -> StatusDetail | None:
    details = status["statusDetail"] or []
    return next((detail for detail in details if detail["type"] in (None, "ERROR")), None)


def _reference(detail: StatusDetail | None) -> str:
    """Which reference is invalid: a field's name and a key, and so no personal data."""
    found = _REFERENCE.search((detail and detail["message"]) or "")
    return f": {found[1]} {found[2]}" if found else ""


def _name(fault: SoapFault) -> str:
    return " ".join(part for part in (fault.element, fault.code) if part) or "unnamed"
