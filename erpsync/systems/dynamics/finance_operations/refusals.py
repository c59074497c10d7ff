"""What F&O refuses, in words that name the record and the next step."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import simplejson

from erpsync.domain.errors import OutcomeUnknown, Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.ports.erp_records import customer_gone
from erpsync.systems.dynamics.finance_operations.settings import SYSTEM

_PREFIX = re.compile(r"^(?:Info|Warning|Error):\s*", re.IGNORECASE)
_NOISE = re.compile(r"^(?:validate\w+ failed on data source|Update has been canceled)", re.IGNORECASE)
_CONFLICT = re.compile(
    r"update conflict|record has (?:never|been) (?:been )?(?:selected|changed)|deadlock", re.IGNORECASE
)
# F&O names a field by its label in the language of its user; in others the reason is told all the same, as any other is.
_NO_CUSTOMER = re.compile(r"field 'Customer account' is not found in the related table", re.IGNORECASE)
_WRITE_FAILED = "AxODataWriteException"
_MAX_WORDS = 300
AMOUNTS_DIFFER = "line-amount-differs"
# Fields whose values are a person's: they are cut out of what F&O says before anybody reads it.
_PERSONAL = re.compile(r"Name|Email|Phone|Address|Street|City|ZipCode|Text|Description|County|State")


def of_answer(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    *,
    payloads: Sequence[Mapping[str, Any]] = (),
    record: str = "",
) -> SyncError:
    """The error for an answer other than success, of a request or of one in a batch: nothing was done."""
    words = _words(body, payloads)
    if status in (429, 503):
        wait = headers.get("Retry-After", "")
        return Throttled(
            "throttled",
            system=SYSTEM,
            record=record,
            what="F&O asks for fewer requests.",
            retry_after_seconds=float(wait) if wait.isdigit() else None,
        )
    if status in (401, 403):
        return permission_missing(record)
    if status == 412 or _CONFLICT.search(words):
        return Transient(
            "write-conflict", system=SYSTEM, record=record, what="Somebody else changed the record at the same time."
        )
    if status >= 500 and _WRITE_FAILED.encode() not in body:
        return Transient("server-error", system=SYSTEM, record=record, what=f"F&O answered {status}.")
    if status == 404 and not words:
        return _rejected(
            "record-gone",
            record,
            "F&O has no such record or no such data entity.",
            "Look whether it was deleted there; else run `erpsync doctor`. Then replay.",
        )
    if _NO_CUSTOMER.search(words):
        return customer_gone(system=SYSTEM, record=record, what=f"F&O refused it ({status}): {words}")
    return _rejected(
        "refused",
        record,
        f"F&O refused it ({status}){': ' if words else ''}{words or '.'}",
        "Correct that in F&O or in the settings of this connection; do the same by hand there if it is not clear why. "
        "Then replay.",
    )


def about(error: SyncError, record: str) -> SyncError:
    """The error, naming from now on the record that it is about."""
    error.problem = replace(error.problem, record=record)
    error.args = (str(error.problem),)
    return error


def permission_missing(record: str = "") -> Unavailable:
    """What one record is refused for want of a right, all are: no record is to blame."""
    return Unavailable(
        "permission-missing",
        system=SYSTEM,
        record=record,
        what="The application's user in F&O has no right to this.",
        next_step="Give it the roles listed in the README of the F&O connection; `erpsync doctor` checks each entity. "
        "Waiting records then go on by themselves.",
    )


def unanswered(settle_seconds: float) -> OutcomeUnknown:
    return OutcomeUnknown(
        "reply-incomplete",
        system=SYSTEM,
        what="The answer to a batch ends before this record.",
        settle_seconds=settle_seconds,
    )


def not_ours(status: int) -> Unavailable:
    return Unavailable(
        "not-f-and-o",
        system=SYSTEM,
        what=f"Something other than F&O's OData service answers at this address ({status}).",
        next_step="Check `url` of the connection; waiting records then go on by themselves.",
    )


def currency_unknown(record: str, currency: str) -> Rejected:
    return _rejected(
        "currency-unknown",
        record,
        f"{currency} is not among the currencies of this connection.",
        "Add it to `currencies`, set it up in F&O, restart the workers, then replay.",
    )


def sku_unknown(record: str, skus: Iterable[str], company: str) -> Rejected:
    listed = ", ".join(sorted(skus))
    return _rejected(
        "sku-unknown",
        record,
        f"No product is released to company {company} under the item or variant number {listed}.",
        "Release the product there, or correct the SKU in the store; then replay.",
    )


def setting_missing(record: str, setting: str, what: str) -> Rejected:
    return _rejected(
        "setting-missing",
        record,
        what,
        f"Set `{setting}` of this connection to the code that it has in F&O, restart the workers, then replay.",
    )


def reference_too_long(record: str, limit: int) -> Rejected:
    return _rejected(
        "reference-too-long",
        record,
        f"The store's reference has more than the {limit} characters that F&O keeps.",
        "Give the store's connection a shorter name.",
    )


def rate_unknown(record: str, sku: str) -> Rejected:
    return _rejected(
        "tax-rate-unknown",
        record,
        f"The store tells no rate for the tax on {sku}, and no rate of `tax_codes` gives that amount.",
        "Look at the tax of this order in the store; add the rate to `tax_codes` of this connection. Then replay.",
    )


def totals_differ(record: str, arithmetic: str) -> Rejected:
    return _rejected(
        "total-differs",
        record,
        f"F&O would come to another total: {arithmetic}.",
        "Compare the rates in `tax_codes` and `tax_calculation` with the store's taxes; differences of cents go to "
        "`rounding_charge`, up to `rounding_limit`. Then replay.",
    )


def amounts_differ(record: str, number: str, arithmetic: str) -> Rejected:
    return _rejected(
        AMOUNTS_DIFFER,
        record,
        f"F&O has sales order {number} with other amounts than it was given: {arithmetic}.",
        "Look for trade agreements or a price policy that overrule entered prices. Correct the order in F&O and discard "
        "this job; or delete it there and replay.",
    )


def number_taken(record: str, number: str) -> Rejected:
    return _rejected(
        "number-taken",
        record,
        f"Number {number} belongs to another record in F&O.",
        "Rename the store's connection, or change that record in F&O, then replay.",
    )


def order_gone(number: str) -> Rejected:
    return _rejected(
        "order-gone",
        f"sales order {number}",
        "F&O has no such sales order any more.",
        "Look who deleted it there; then remove its link in erpsync and replay, or discard.",
    )


def order_begun(number: str) -> Rejected:
    return _rejected(
        "order-shipped",
        f"sales order {number}",
        "Goods of it have been delivered or invoiced, so it is not cancelled.",
        "Make a return order for what comes back and cancel the delivery remainder in F&O, then discard this job.",
    )


def order_closed(number: str, status: str) -> Rejected:
    return _rejected(
        "order-closed",
        f"sales order {number}",
        f"It is {status.lower()} in F&O, and the store has a newer version of the order.",
        "Book the difference in F&O by hand (a credit note or a new order), then discard this job.",
    )


def already_delivered(number: str, item: str) -> Rejected:
    return _rejected(
        "already-delivered",
        f"sales order {number}",
        f"More of {item} has been delivered than the store's order asks for now, or it was delivered at another price.",
        "Make a return order for the difference in F&O, then replay.",
    )


def customer_group_missing(record: str) -> Rejected:
    return setting_missing(record, "default_customer_group", "F&O makes no customer without a customer group.")


def _words(body: bytes, payloads: Sequence[Mapping[str, Any]]) -> str:
    """F&O's own sentences, without noise and without what is a person's; empty where it says nothing.

    Errors are {error: {code, message, innererror: {message, type, stacktrace}}}, the reason behind "Infolog:".
    """
    try:
        error = simplejson.loads(body)["error"]
        told = str((error.get("innererror") or {}).get("message") or error.get("message") or "")
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
    sentences = [_PREFIX.sub("", part.strip()) for part in told.rpartition("Infolog:")[2].split(";")]
    words = " ".join(f"{one.rstrip('.')}." for one in sentences if one and not _NOISE.match(one))
    for private in _private(payloads):
        words = re.sub(re.escape(private), "(...)", words, flags=re.IGNORECASE)
    return words[:_MAX_WORDS]


def _private(payloads: Sequence[Mapping[str, Any]]) -> list[str]:
    values = {
        value
        for payload in payloads
        for field, value in payload.items()
        if _PERSONAL.search(field) and isinstance(value, str) and len(value) > 1
    }
    return sorted(values, key=len, reverse=True)


def _rejected(code: str, record: str, what: str, next_step: str) -> Rejected:
    return Rejected(code, system=SYSTEM, record=record, what=what, next_step=next_step)
