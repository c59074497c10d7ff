"""What BigCommerce's refusals mean.

Sources: https://developer.bigcommerce.com/docs/start/about/status-codes and the scopes in
https://developer.bigcommerce.com/docs/start/authentication/api-accounts#oauth-scopes
"""

import re
from typing import Any

from erpsync.domain.errors import Rejected, SyncError, Transient, Unavailable

SYSTEM = "bigcommerce"
_FIELD = re.compile(r"[A-Za-z0-9_.\[\]-]{1,60}")
_SCOPES = (
    ("/catalog/", "Products"),
    ("/pricelists", "Products"),
    ("/inventory/", "Inventory (Store Inventory) and Products"),
    ("/customers", "Customers"),
    ("/transactions", "Order Transactions"),
    ("/orders", "Orders"),
    ("/store", "Information & Settings"),
)


def of_reply(status: int, body: Any, path: str, *, record: str = "") -> SyncError:
    """The error for a status that `transport` leaves to be read. `body` is what came with it, if it was JSON."""
    if status == 403:
        return permission_missing(path, record)
    if 300 <= status < 400 or status in (402, 421, 423):
        return Unavailable(
            "store-unavailable",
            system=SYSTEM,
            what=f"BigCommerce does not serve the store ({status}).",
            next_step="Check `store_hash` and `base_url`, and whether the store is suspended. Waiting records then go on.",
        )
    if status == 404:
        return Rejected(
            "not-found",
            system=SYSTEM,
            record=record,
            what="BigCommerce knows no such record or store (404).",
            next_step="Check `store_hash` with `erpsync doctor`, and whether the record still exists; then replay.",
        )
    if status in (400, 405, 409, 413, 415, 422):
        # The catalogue has nothing personal: what is wrong with a product is told in BigCommerce's own words.
        said = words_of(body) if path.startswith("/v3/catalog/") else ", ".join(fields_of(body))
        return Rejected(
            "request-refused",
            system=SYSTEM,
            record=record,
            what=f"BigCommerce refused what was sent ({status}{': ' + said if said else ''}).",
            next_step="Look at the record in BigCommerce's control panel, correct what is named, then replay.",
        )
    return Transient("answer-unexpected", system=SYSTEM, record=record, what=f"BigCommerce answered {status}.")


def store_not_found() -> Unavailable:
    return Unavailable(
        "store-not-found",
        system=SYSTEM,
        what="BigCommerce knows no store of this hash (404).",
        next_step="Correct `store_hash`: it is the part after /stores/ in the API path of the API account. Waiting records "
        "then go on.",
    )


def concerns_all(error: SyncError) -> bool:
    """Whether what failed was the way to the store, and not the record at hand: its neighbours would fail alike."""
    return getattr(error, "counts_as_attempt", None) is False or error.code == "permission-missing"


def permission_missing(path: str, record: str = "") -> Rejected:
    scope = next((name for part, name in _SCOPES if part in path), "named in the README")
    return Rejected(
        "permission-missing",
        system=SYSTEM,
        record=record,
        what=f"The API account lacks the scope {scope}.",
        next_step="Scopes of an API account cannot be changed: create a new one with all scopes that the README names, "
        "put its token into the configuration, restart the workers, then replay.",
    )


def fields_of(body: Any) -> list[str]:
    """Names of the fields that an error body complains about: never its texts, which may quote personal data."""
    errors = body.get("errors") if isinstance(body, dict) else None
    names = errors if isinstance(errors, dict) else {}
    if isinstance(body, list):  # v2 answers with a list of complaints
        names = {str(key): 0 for one in body if isinstance(one, dict) for key in (one.get("details") or {})}
    return [name for name in names if _FIELD.fullmatch(str(name))][:5]


def words_of(body: Any) -> str:
    """What an error body of the catalogue says, shortened: its title and what it has against each field."""
    if not isinstance(body, dict):
        return ""
    found, errors = body, body.get("batch_errors") or body.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):  # of a batch the first is told
        found, errors = errors[0], errors[0].get("errors")
    elif isinstance(errors, dict) and isinstance(
        errors.get("errors"), dict
    ):  # as a 207 and the category trees nest them
        found, errors = errors, errors["errors"]
    details = [f"{field}: {text}" for field, text in errors.items()] if isinstance(errors, dict) else []
    said = [str(found.get("title") or "").strip(), *details]
    return " ".join(" ".join(part for part in said if part).split())[:300].rstrip(". ")


def unreadable(record: str, field: str, complaint: str) -> Rejected:
    return Rejected(
        "record-unreadable",
        system=SYSTEM,
        record=record,
        what=f"The field {field} {complaint}.",
        next_step="Look at the record in BigCommerce's control panel; when the field is right, replay.",
    )
