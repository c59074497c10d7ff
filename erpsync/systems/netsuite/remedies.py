"""NetSuite's codes that mean the same by either transport: what a person can do about them, how long to wait."""

from erpsync.domain.errors import Throttled
from erpsync.systems.netsuite.lines import SYSTEM

BUSY_SECONDS = 5.0
"""How long to leave an account alone that has too many requests under way: it does not say, and most are over by then."""

BUYER = ": entity "
"""In what we tell of an invalid reference: it is the one to the customer, by the name of its field."""

_DELETED = "The record was deleted in NetSuite. Create it there by hand, or discard this job."
_NUMBERS = "Turn on Auto-Generated Numbers for customers, or rename the other customer; then replay."
_PERIOD = "Open the accounting period, or set the date that orders are booked at; then replay."
_NEXT_STEPS = {
    "INVALID_KEY_OR_REF": "Check that the internal ids in this connection's settings, the item and the customer still "
    "exist and belong to the order's subsidiary; then replay.",
    "RCRD_DSNT_EXIST": _DELETED,
    "NONEXISTENT_ID": _DELETED,
    "UNIQUE_CUST_ID_REQD": _NUMBERS,
    "DUP_ENTITY": _NUMBERS,
    "CANT_DELETE_LINE": "The sales order has been fulfilled or billed in part. Bring it in line by hand, then discard.",
    "SALES_ORDER_EDIT_NOT_ALLOWED": "The sales order is locked. Bring it in line by hand, then discard this job.",
    "TRAN_PERIOD_CLOSED": _PERIOD,
    "TRAN_PRD_CLOSED": _PERIOD,
    "EXCEEDED_MAX_FIELD_LENGTH": "Shorten the text in the store (a name, an address line or the note), then replay.",
    "INVALID_EMAIL": "Correct the customer's e-mail address in the store, then replay.",
}


def next_step(code: str, log: str) -> str:
    """What to do about a record that was refused with this code. `log` says where its message can be read."""
    if code == "USER_ERROR":
        return f"{log}: mostly a field that the form requires. Correct the form or the record, then replay."
    return _NEXT_STEPS.get(code, f"{log}; correct what it names, then replay.")


def too_many_requests(code: str, record: str = "") -> Throttled:
    """For a request, or a record of one, for which the account had no room."""
    return Throttled(
        "throttled",
        system=SYSTEM,
        record=record,
        what=f"Too many requests at once for the account ({code}).",
        retry_after_seconds=BUSY_SECONDS,
    )
