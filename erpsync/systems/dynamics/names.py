"""What things are called in Dynamics: our references in its short fields, and text in its filters and addresses."""

import base64
import hashlib
from collections.abc import Sequence
from urllib.parse import quote

SYSTEM = "dynamics"
# Code[35] on Business Central's sales documents; CustomersOrderReference is longer in Finance & Operations.
DOCUMENT_REFERENCE_LENGTH = 35
# Code[20] of customers and journal documents; SalesOrderNumber and CustomerAccount are 20 characters as well.
NUMBER_LENGTH = 20
# 13 characters of base 32 are 65 bits: among a million references, one chance in 70 million of any two alike.
_DIGEST_LENGTH = 13
_MARK = "~"


def stored_reference(reference: str, length: int = DOCUMENT_REFERENCE_LENGTH) -> str:
    """`reference` as Dynamics keeps it in a field of `length`; writing and looking up both use this.

    Such fields hold capitals only (AL type Code:
    https://learn.microsoft.com/en-us/dynamics365/business-central/dev-itpro/developer/methods-auto/code/code-data-type).
    A reference without capitals, blanks at its ends and `~` that fits is kept as it is, in capitals: no two such become
    one. Any other is cut, and followed by `~` and a digest of the whole, so that two that differ only in case or in what
    was cut off stay apart.
    """
    plain = reference == reference.lower() == reference.strip() and _MARK not in reference
    if plain and reference.isascii() and len(reference) <= length:
        return reference.upper()
    digest = base64.b32encode(hashlib.sha256(reference.encode()).digest()).decode()[:_DIGEST_LENGTH]
    kept = "".join(char if char.isascii() and char.isprintable() else "-" for char in reference.replace(_MARK, "-"))
    return f"{kept.strip().upper()[: length - _DIGEST_LENGTH - 1]}{_MARK}{digest}"


def literal(text: str) -> str:
    """`text` as a string of an OData expression."""
    return "'" + text.replace("'", "''") + "'"


def any_of(field: str, values: Sequence[str]) -> str:
    """An OData condition: `field` is one of `values`."""
    return " or ".join(f"{field} eq {literal(value)}" for value in values)


def query(path: str, **options: str) -> str:
    """`path` with OData options: `query("items", filter="number eq 'A'")` is `items?$filter=number%20eq%20%27A%27`."""
    pairs = [f"${name}={quote(value, safe='(),;$=')}" for name, value in options.items() if value]
    return f"{path}?{'&'.join(pairs)}" if pairs else path
