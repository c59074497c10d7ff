"""Numbers for F&O made from our references: equal for equal references, different for different ones."""

import base64
import hashlib
import re

# Sales order numbers and customer accounts are 20 characters long:
# https://learn.microsoft.com/previous-versions/dynamics/ax-2012/reference/jj803968(v=ax.60) and gg905452(v=ax.60).
MAX_LENGTH = 20
_HASHED = 16
# Characters that mean nothing in a URL or as a wildcard of a filter.
_PLAIN = re.compile(r"[A-Za-z0-9._-]+")


def number_for(reference: str) -> str:
    """The reference itself where it fits, so that people know it again; else "E-" and 80 bits of its SHA-256."""
    if len(reference) <= MAX_LENGTH and _PLAIN.fullmatch(reference):
        return reference
    digest = base64.b32encode(hashlib.sha256(reference.encode()).digest()).decode()
    return f"E-{digest[:_HASHED]}"
