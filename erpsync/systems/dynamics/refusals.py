"""What Dynamics refuses, in the words of `erpsync.domain.errors`.

Error texts of Dynamics quote field values, so they may hold personal data: only the code is passed on.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.systems.dynamics.names import SYSTEM

Row = TypeVar("Row")
# Requests are ended after 8 minutes (408) or, by the gateway, after 10 (504); none is at work for longer:
# https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/administration/operational-limits-online
# https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/api-reference/v2.0/dynamics-rate-limits
SETTLE_SECONDS = 600.0
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,80}")
_CHANGED = frozenset({"Request_EntityChanged", "Internal_RecordChanged"})
_EXISTS = frozenset({"Internal_EntityWithSameKeyExists", "Request_EntityWithSameKeyExists"})


def code_of(body: Mapping[str, Any] | None) -> str:
    """The code of an OData error body; empty where there is none that is safe to show."""
    error = (body or {}).get("error")
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def of_answer(status: int, body: Mapping[str, Any] | None, *, record: str, write: bool) -> SyncError:
    """The error for a record that was answered with `status`. `write` as in `HttpClient.call`."""
    code = code_of(body)
    if status in (401, 403):
        return no_permission(record, code)
    if status == 429:
        return Throttled("throttled", system=SYSTEM, record=record, what="Dynamics asks for fewer requests.")
    if status == 503:
        return Unavailable("unavailable", system=SYSTEM, record=record, what="Dynamics is not available (503).")
    if status >= 500 or status == 408:
        if write:
            return OutcomeUnknown(
                "outcome-unknown",
                system=SYSTEM,
                record=record,
                what=f"Dynamics answered {status} to a write.",
                settle_seconds=SETTLE_SECONDS,
            )
        return Transient("server-error", system=SYSTEM, record=record, what=f"Dynamics answered {status}.")
    if status in (409, 412) or code in _CHANGED:
        return Transient(
            "changed-meanwhile", system=SYSTEM, record=record, what="The record was changed by someone else meanwhile."
        )
    if code in _EXISTS:
        return Transient("exists-meanwhile", system=SYSTEM, record=record, what="The record was made meanwhile.")
    return Rejected(
        "refused",
        system=SYSTEM,
        record=record,
        what=f"Dynamics refused the record ({status} {code or 'without a code'}).",
        next_step="Enter the record by hand in Dynamics to see the reason (a blocked item or customer, a closed period, "
        "a missing posting group), mend it, then replay.",
    )


def no_permission(record: str, code: str = "") -> Rejected:
    return Rejected(
        "no-permission",
        system=SYSTEM,
        record=record,
        what=f"Dynamics does not permit this ({code or '403'}).",
        next_step="Give the application its permission sets or roles as the system's README lists them, then replay.",
    )


def not_supported(what: str) -> Rejected:
    return Rejected("not-supported", system=SYSTEM, what=what, next_step="Do it by hand in Dynamics.")


def missing_entry(table: str, key: str, record: str) -> Rejected:
    return Rejected(
        "missing-lookup",
        system=SYSTEM,
        record=record,
        what=f'The setting {table} has no entry for "{key}", which this order needs.',
        next_step=f"Add it to {table} of this connection, restart the workers, then replay.",
    )


def missing_charge(name: str, record: str) -> Rejected:
    return Rejected(
        "missing-charge",
        system=SYSTEM,
        record=record,
        what=f"The setting {name} is empty, but there is an amount to be posted to it.",
        next_step=f"Set {name} of this connection, restart the workers, then replay.",
    )


def readable(
    rows: Iterable[Mapping[str, Any]], read: Callable[[Any], Row | None], what: str
) -> tuple[tuple[Row, ...], tuple[SyncError, ...]]:
    """Each row read by `read` (None: not wanted), and an error for each that could not be."""
    records: list[Row] = []
    errors: list[SyncError] = []
    for row in rows:
        try:
            record = read(row)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            name = next((str(row[key]) for key in ("number", "entryNumber", "id") if row.get(key)), "without a number")
            errors.append(
                Rejected(
                    "row-unreadable",
                    system=SYSTEM,
                    record=f"{what} {name}",
                    what=f"The row could not be understood ({type(error).__name__}).",
                    next_step="Look at the record in Dynamics for an empty or unusual field; report it if it is sound.",
                )
            )
            continue
        if record is not None:
            records.append(record)
    return tuple(records), tuple(errors)
