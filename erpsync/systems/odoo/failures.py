"""What Odoo's exceptions mean for a sync, whichever protocol carried them.

A call is one transaction, so an exception that Odoo itself words means that nothing was written. Of its words only the
exception's class is passed on, and a field's name: messages name customers, and tracebacks hold the call's arguments.

Source: odoo/exceptions.py and `retrying` in odoo/service/model.py; seen on a real Odoo 19 and 14.
"""

import re

from erpsync.domain.errors import Rejected, SyncError, Throttled, Transient, Unavailable
from erpsync.systems.odoo.settings import SYSTEM

# What PostgreSQL says when two calls meet. Odoo reports it as text, whatever the call.
CONFLICTS = ("could not serialize", "deadlock detected")
_CONFLICT_KINDS = (
    "SerializationFailure",
    "TransactionRollbackError",
    "DeadlockDetected",
    "LockNotAvailable",
    "LockError",
)
# The database's own troubles, which pass.
_DATABASE_KINDS = ("OperationalError", "InterfaceError", "AdminShutdown", "CrashShutdown", "TooManyConnections")
_REFUSALS = ("UserError", "ValidationError", "RedirectWarning", "Warning")
_UNKNOWN = ("NotFound", "UnprocessableEntity", "BadRequest", "UnsupportedMediaType")
_NO_SUCH_METHOD = re.compile(r"The method '.*' does not exist|^Object \S+ doesn't exist")
_WRONG_COMPANY = "unauthorized or invalid companies"
_FIELD = re.compile(r"Invalid field (?:name )?['\"]?([\w./]+)")


def of_exception(kind: str, message: str, operation: str) -> SyncError:
    """The domain error for an exception of class `kind`, raised by `operation` ("sale.order/load")."""
    kind = kind.rpartition(".")[2]
    if kind in _CONFLICT_KINDS or is_conflict(message):
        return conflict()
    if kind == "PoolError" or "connection pool is full" in message.lower():
        return Throttled("busy", system=SYSTEM, what="All of Odoo's database connections are in use.")
    if kind in _DATABASE_KINDS:
        return database_unknown() if "does not exist" in message else _database_down(kind)
    if kind == "AccessError":
        return access_refused(message, operation)
    if kind == "AccessDenied":
        return credentials_refused()
    if kind == "MissingError":
        return Rejected(
            "record-gone",
            system=SYSTEM,
            what=f"{operation} met a record that no longer exists in Odoo.",
            next_step="Look whether it was deleted or merged there, then replay.",
        )
    if field := _FIELD.search(message):
        return configuration(f"This Odoo does not know the field {field[1]} that {operation} asks for.")
    if kind in _UNKNOWN or _NO_SUCH_METHOD.search(message):
        return configuration(f"This Odoo does not know {operation} as erpsync calls it ({kind}).")
    if kind in _REFUSALS:
        return refused(f"Odoo refused {operation} ({kind}).")
    return Transient(
        "odoo-failed",
        system=SYSTEM,
        what=f"Odoo itself failed at {operation} ({kind or 'no reason given'}); nothing was written.",
        next_step="If it stays so, look in Odoo's log at that time; correct that, then replay.",
    )


def is_conflict(message: str) -> bool:
    return any(words in message for words in CONFLICTS)


def conflict(record: str = "") -> Transient:
    return Transient("write-conflict", system=SYSTEM, record=record, what="Another call changed the same records.")


def refused(what: str) -> Rejected:
    return Rejected(
        "refused",
        system=SYSTEM,
        what=what,
        next_step="Do the same by hand in Odoo to read why, or look in its log; correct that, then replay.",
    )


def permission_missing(operation: str, record: str = "") -> Rejected:
    return Rejected(
        "permission-missing",
        system=SYSTEM,
        record=record,
        what=f"The API key's user has no right to {operation}.",
        next_step="Give the user the rights listed in the README of the Odoo connection; `erpsync doctor` checks each.",
    )


def access_refused(message: str, operation: str) -> SyncError:
    """A missing right; or a company that the user is not allowed, or that is none."""
    if _WRONG_COMPANY not in message:
        return permission_missing(f"call {operation}")
    return Unavailable(
        "company-refused",
        system=SYSTEM,
        what="The API key's user may not work in the company that `company` names, or there is none with that id.",
        next_step="Correct `company` of the connection, or add the company to the user's Allowed Companies in Odoo "
        "(Settings > Users); waiting records then go on by themselves.",
    )


def configuration(what: str) -> Rejected:
    return Rejected(
        "configuration",
        system=SYSTEM,
        what=what,
        next_step="Run `erpsync doctor`, correct the connection or install the app in Odoo, then replay.",
    )


def credentials_refused() -> Unavailable:
    return Unavailable(
        "credentials-refused",
        system=SYSTEM,
        what="Odoo refused the user or the key.",
        next_step="Renew the credentials of this connection, restart the workers and run `erpsync doctor`; "
        "waiting records then go on by themselves.",
    )


def database_unknown() -> Unavailable:
    return Unavailable(
        "database-unknown",
        system=SYSTEM,
        what="No Odoo database of that name answers at this address.",
        next_step="Check `url` and `database` of the connection; waiting records then go on by themselves.",
    )


def redirected(status: int) -> Rejected:
    return configuration(f"The address redirects elsewhere ({status}).")


def unreadable() -> Transient:
    return Transient(
        "reply-unreadable",
        system=SYSTEM,
        what="The answer is not what Odoo documents.",
        next_step="If it stays so, check the address, the protocol and Odoo's version.",
    )


def _database_down(kind: str) -> Transient:
    return Transient("odoo-failed", system=SYSTEM, what=f"Odoo's database did not answer it ({kind}).")
