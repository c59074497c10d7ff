"""Business Central's refusals as domain errors.

Its messages may quote a customer's data, so only its error code and correlation id are passed on, and sentences of our
own for the messages that are known. Codes: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/webservices/dynamics-error-codes
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Transient, Unavailable
from erpsync.ports.erp_records import customer_gone
from erpsync.systems.dynamics.business_central.settings import SYSTEM
from erpsync.transport import failures

CHANGED_MEANWHILE = frozenset({409, 412})
"""The record's ETag is no longer the one sent: read it again."""
EXISTS = "Internal_EntityWithSameKeyExists"

_CORRELATION = re.compile(r"CorrelationId:\s*([0-9A-Fa-f-]{36})")
_CODE = re.compile(r"[A-Za-z_]{1,80}")
_RELATED = re.compile(r"field ([\w ./()-]+) of table ([\w ./()-]+) contains a value \(.*\) that cannot be found")
_PASSING = re.compile(r"locked by another user|deadlock|changes to the .* cannot be saved|another user has", re.I)
_PERMISSION = re.compile(r"permission", re.I)
_NO_CUSTOMER = re.compile(r"customer cannot be found|customerid", re.I)
_ROLE = (
    "Give the application on Business Central's Microsoft Entra Applications page the permission sets that the README "
    "lists, for this company. Waiting records then go on by themselves."
)
_KNOWN: tuple[tuple[re.Pattern[str], str, str, str], ...] = tuple(
    (re.compile(pattern, re.I), code, what, step)
    for pattern, code, what, step in (
        (
            r"enter numbers manually|manual nos",
            "manual-numbers-not-allowed",
            "The number series does not allow numbers that are given to it.",
            "Set Manual Nos. on the number series of customers (Sales & Receivables Setup), then replay.",
        ),
        (
            r"status must be equal to 'open'",
            "order-released",
            "The sales order is released, and its lines cannot be changed.",
            "Reopen the sales order in Business Central, then replay.",
        ),
        (
            r"quantity shipped|already been shipped|posted shipment",
            "already-shipped",
            "Goods of the sales order have been shipped, which rules this change out.",
            "Bring the sales order in line by hand in Business Central, then discard this job.",
        ),
        (
            r"quantity invoiced|already been invoiced|posted invoice|prepayment",
            "already-invoiced",
            "The sales order has been invoiced in part, which rules this change out.",
            "Bring the sales order in line by hand in Business Central, then discard this job.",
        ),
        (
            r"allowed posting dates|posting date",
            "posting-date-not-allowed",
            "The posting date lies outside the dates that postings are allowed on.",
            "Extend Allow Posting From/To in General Ledger Setup or the user's setup, then replay.",
        ),
        (
            r"posting setup does not exist|posting group must have a value|posting setup",
            "posting-setup-missing",
            "A posting setup is missing for this customer's and this line's posting groups.",
            "Complete VAT Posting Setup and General Posting Setup for the tax codes of this connection, then replay.",
        ),
        (
            r"is blocked|blocked must be",
            "blocked",
            "The customer, the item or the account is blocked.",
            "Unblock it in Business Central, or correct the order in the store; then replay.",
        ),
        (
            r"length of the string|exceeds the max",
            "text-too-long",
            "A text is longer than its field.",
            "Shorten the text in the store, or in the expression of the field; then replay.",
        ),
        (
            r"e-?mail address",
            "invalid-email",
            "The e-mail address is not one that Business Central takes.",
            "Correct the customer's e-mail address in the store, then replay.",
        ),
        (
            r"item does not exist",
            "unknown-sku",
            "An item of the order does not exist.",
            "Create the item in Business Central, or correct the SKU; then replay.",
        ),
        (
            r"account does not exist",
            "unknown-account",
            "An account that a charge is booked on does not exist.",
            "Run `erpsync doctor`, correct the setting it names, restart the workers, then replay.",
        ),
    )
)


def of_answer(
    status: int,
    headers: Mapping[str, str],
    body: Any,
    *,
    record: str,
    write: bool,
    settle_seconds: float,
    now: datetime,
) -> SyncError:
    """The domain error for an answer that is no success. `record` names what it is about."""
    code, message = error_of(body)
    shared = failures.of_status(status, headers, system=SYSTEM, write=write, settle_seconds=settle_seconds, now=now)
    if shared is not None and not (status == 500 and code):
        return shared
    named = _named(status, code, message)
    if _PASSING.search(message) or status in CHANGED_MEANWHILE:
        what = f"The record was in use by somebody else ({named})."
        return Transient("in-use", system=SYSTEM, record=record, what=what)
    if status == 403 or (code.startswith("Authorization") or _PERMISSION.search(message)):
        return no_permission(named)
    if _NO_CUSTOMER.search(message):
        what = f"The customer of this order is not in this company any more. ({named})"
        return customer_gone(system=SYSTEM, record=record, what=what)
    for pattern, name, what, step in _KNOWN:
        if pattern.search(message):
            return Rejected(name, system=SYSTEM, record=record, what=f"{what} ({named})", next_step=step)
    if found := _RELATED.search(message):
        # Names of a field and a table of the product; the value itself may be a person's.
        what = f"{found[1]} of the {found[2]} holds a value that Business Central does not have ({named})."
        step = f"Make it in Business Central's list for {found[1]}, or correct it in the store; then replay."
        return Rejected("unknown-value", system=SYSTEM, record=record, what=what, next_step=step)
    if status == 500 and write:
        what = f"Business Central failed at it ({named})."
        return OutcomeUnknown("outcome-unknown", system=SYSTEM, record=record, what=what, settle_seconds=settle_seconds)
    if status >= 500:
        return Transient("server-error", system=SYSTEM, record=record, what=f"Business Central failed ({named}).")
    return Rejected(
        "refused",
        system=SYSTEM,
        record=record,
        what=f"Business Central refused it ({named}).",
        next_step="Try the same by hand in Business Central to read the reason, or look the correlation id up in the "
        "environment's telemetry; correct it, then replay.",
    )


def of_connection(status: int, body: Any) -> SyncError:
    """The domain error for a request that failed before any record was looked at."""
    code, message = error_of(body)
    named = _named(status, code, message)
    if status == 403:
        return no_permission(named)
    if status == 404:
        return Unavailable(
            "not-found",
            system=SYSTEM,
            what=f"There is no such environment, company or page ({named}).",
            next_step="Check tenant, environment and company of this connection with `erpsync doctor`; waiting records "
            "then go on by themselves.",
        )
    return Unavailable(
        "refused",
        system=SYSTEM,
        what=f"Business Central refused the request ({named}).",
        next_step="Run `erpsync doctor`; if all is well there, report this with the correlation id.",
    )


def no_permission(named: str) -> Unavailable:
    return Unavailable(
        "permission-missing",
        system=SYSTEM,
        what=f"The application may not do this in Business Central ({named}).",
        next_step=_ROLE,
    )


def error_of(body: Any) -> tuple[str, str]:
    """Code and message of an OData error; empty where the body is none."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return "", ""
    code = str(error.get("code") or "")
    return (code if _CODE.fullmatch(code) else ""), str(error.get("message") or "")


def _named(status: int, code: str, message: str) -> str:
    correlation = _CORRELATION.search(message)
    parts = [code or str(status), f"correlation id {correlation[1]}" if correlation else ""]
    return ", ".join(part for part in parts if part)
