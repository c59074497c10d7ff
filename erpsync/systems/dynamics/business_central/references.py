"""Our references as Business Central keeps them: External Document No. is Code[35], a customer's and a payment's number
Code[20]. Code is stored in capitals, so references that differ in capitals alone would be one.

Source: https://learn.microsoft.com/dynamics365/business-central/dev-itpro/developer/methods-auto/code/code-data-type
"""

import base64
import hashlib
import re

DOCUMENT_LENGTH = 35
NUMBER_LENGTH = 20

# Without capitals, and without what filters or journals could read as more than a character.
_PLAIN = re.compile(r"[a-z0-9._#:/-]+")
_DIGEST = {DOCUMENT_LENGTH: 20, NUMBER_LENGTH: 13}


def code_of(reference: str, length: int = DOCUMENT_LENGTH) -> str:
    """The code for a reference: the same in capitals where that is unmistakable and fits, else its beginning and a digest
    of all of it (100 bits, in a number 65), so that two references never share one."""
    if len(reference) <= length and _PLAIN.fullmatch(reference):
        return reference.upper()
    digest = base64.b32encode(hashlib.sha256(reference.encode()).digest()).decode()[: _DIGEST[length]]
    head = re.sub(r"[^A-Z0-9-]", "", reference.upper())[: length - len(digest) - 1]
    return f"{head}-{digest}"


def reference_of(code: str) -> str:
    """Our reference for a code that was not shortened; for others a text that is no reference of ours."""
    return code.lower()
