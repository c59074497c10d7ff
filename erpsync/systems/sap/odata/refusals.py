"""SAP's refusals as domain errors. Only codes are passed on: SAP's messages may quote a customer.

Bodies: {"error": {"code", "message": {"lang", "value"}, "innererror": {"transactionid", "errordetails": [...]}}}, as in
https://help.sap.com/doc/saphelp_nw75/7.5.5/en-US/94/a126519eff236ee10000000a445394/content.htm and its neighbours.
"""

import re
from collections.abc import Mapping
from datetime import datetime

import simplejson

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.erp_records import customer_gone
from erpsync.systems.sap.odata.settings import SYSTEM
from erpsync.transport.batch import Response
from erpsync.transport.failures import of_status

_CODE = re.compile(r"[A-Za-z0-9_/.\-]{1,60}")
_LOG = "Read the message in SAP's transaction /IWFND/ERROR_LOG"
# Message classes and numbers of SAP's sales, as transaction SE91 shows them.
_LOCKED = frozenset({"V1/042", "V1/043", "MC/601", "SLS_LORD/025", "R1/414", "VL/045"})
_NO_CUSTOMER = "VP/199"
_NEXT_STEPS = {
    "V1/382": "Extend the material to the connection's sales area (transaction MM01), then replay.",
    "V4/248": "Extend the material to the connection's sales area (transaction MM01), then replay.",
    "V1/384": "Take the sales status off the material, or the item off the order, then replay.",
    "VP/112": "Check the customer's sales area data against sales_organization, distribution_channel and division; replay.",
    "V4/090": "Check sales_organization, distribution_channel and division of this connection, then replay.",
    "V1/555": "Complete the sales document in SAP (VA02, incompletion log), then replay.",
    "V1/780": "Check the rejection reason; an item that was delivered is not rejected.",
    "V1/499": "A rate or a condition type is missing in the pricing procedure: check the connection's condition types.",
    "VE/005": "Check the connection's condition types against the pricing procedure, then replay.",
    "V1/805": "Maintain the condition that pricing requires in SAP (transaction VK11), then replay.",
    "SY/530": "A value is longer than SAP's field: shorten it in the store, then replay.",
}


class Refusal(Exception):
    """An answer whose meaning depends on the request: it was not done. Turned into a domain error by its caller."""

    def __init__(self, status: int, codes: tuple[str, ...]) -> None:
        self.status = status
        self.codes = codes
        super().__init__(f"{status} {', '.join(codes)}")


def codes_of(body: bytes) -> tuple[str, ...]:
    """The error's code and those of its details, each once."""
    try:
        error = simplejson.loads(body)["error"]
        details = (error.get("innererror") or {}).get("errordetails") or []
        found = [error.get("code"), *(detail.get("code") for detail in details)]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ()
    # /IWBEP/CX_MGW_BUSI_EXCEPTION only says that there are details.
    codes = [str(code) for code in found if code and _CODE.fullmatch(str(code)) and "CX_MGW_BUSI" not in str(code)]
    return tuple(dict.fromkeys(codes))


def warnings_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """ "severity code" of each message in the sap-message header, which comes with what was done all the same."""
    try:
        message = simplejson.loads(headers.get("sap-message", "null"))
    except ValueError:
        return ()
    if not isinstance(message, dict):
        return ()
    found = [message, *(message.get("details") or [])]
    return tuple(
        f"{one.get('severity')} {one.get('code')}"
        for one in found
        if isinstance(one, dict) and _CODE.fullmatch(str(one.get("code")))
    )


def of_part(part: Response, *, write: bool, settle_seconds: float, now: datetime) -> SyncError | Refusal | None:
    """What an answer within a batch means; None where it was done. A Refusal was surely not done."""
    if part.status < 300:
        return None
    known = of_status(part.status, part.headers, system=SYSTEM, write=write, settle_seconds=settle_seconds, now=now)
    if known is not None:
        return known
    return Refusal(part.status, codes_of(part.body))


def of_refusal(refusal: Refusal, *, record: str) -> SyncError:
    """The domain error for one record that SAP refuses."""
    codes = refusal.codes
    if refusal.status == 403:
        return not_permitted(record)
    if any(code in _LOCKED for code in codes):
        return Transient("record-locked", system=SYSTEM, record=record, what="Somebody is editing it in SAP just now.")
    if refusal.status in (412, 428):
        return Transient("changed-meanwhile", system=SYSTEM, record=record, what="It was changed in SAP meanwhile.")
    if _NO_CUSTOMER in codes:
        return customer_gone(
            system=SYSTEM,
            record=record,
            what=f"SAP does not have the customer, or not in the connection's sales area ({_NO_CUSTOMER}).",
        )
    shown = ", ".join(codes[:5]) or f"status {refusal.status}"
    step = next((_NEXT_STEPS[code] for code in codes if code in _NEXT_STEPS), "")
    return Rejected(
        "refused",
        system=SYSTEM,
        record=record,
        what=f"SAP refuses it ({shown}).",
        next_step=step or f"{_LOG} or, by class and number, in SE91; correct the record or the settings, then replay.",
    )


def credentials() -> Unavailable:
    return Unavailable(
        "credentials-refused",
        system=SYSTEM,
        what="SAP refused the log-on (401).",
        next_step="Check the connection's user and password (or OAuth client), whether the user is locked or its password "
        "initial, and sap_client; restart the workers and run `erpsync doctor`. Waiting records then go on by themselves.",
    )


def not_permitted(record: str = "") -> Unavailable:
    return Unavailable(
        "not-permitted",
        system=SYSTEM,
        record=record,
        what="The connection's user may not do this (403).",
        next_step="Give it the rights that the README lists for this system (communication arrangements, or roles with "
        "S_SERVICE and the sales objects); waiting records then go on by themselves. Transaction SU53 tells what lacks.",
    )


def no_service(path: str, status: int) -> Unavailable:
    return Unavailable(
        "service-not-active",
        system=SYSTEM,
        what=f"The service {path} does not answer ({status}).",
        next_step="Activate it in transaction /IWFND/MAINT_SERVICE, or by its communication arrangement; or correct `url` "
        "and `services` of this connection. Waiting records then go on by themselves.",
    )


def unreadable(what: str, *, write: bool, settle_seconds: float) -> SyncError:
    if write:
        return OutcomeUnknown("reply-unreadable", system=SYSTEM, what=what, settle_seconds=settle_seconds)
    return Transient(
        "reply-unreadable",
        system=SYSTEM,
        what=what,
        next_step="If it stays so, check the connection's address: a proxy or a login page may be answering.",
    )


def is_for_all(error: SyncError) -> bool:
    """Whether an error concerns the connection rather than a record."""
    return isinstance(error, (Throttled, Unavailable))
